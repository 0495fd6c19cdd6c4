// Matrix times matrix: register tiles over packed panels, and directly over the operands where they are
// small.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/gemm.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstdlib>

#include "backends/cpu/panels-inl.h"
#include "backends/cpu/scratch.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class S>
void packed_gemm(const MatrixProduct& g) {
  using T = Compute<S>;
  constexpr int P = kParts<S>;
  const S *a = static_cast<const S*>(g.a), *b = static_cast<const S*>(g.b);
  S* c = static_cast<S*>(g.c);
  // The sums are formed where they end up if those bytes are of the type that they are formed in.
  constexpr bool same = std::is_same_v<S, T> || P == 2 || std::is_same_v<S, bool>;
  const bool direct = same && g.c_strides[1] == 1;
  const Size n_block = Blocks<T>::n / P, k_block = Blocks<T>::k / P;
  const Size m_outer = direct ? g.m : std::min<Size>(g.m, Blocks<T>::m * 4);
  const Size n_most = std::min(n_block, round_up(g.n, Tile<T>::columns / P)), k_most = std::min(k_block, g.k) * P;
  const Size m_most = std::min(Blocks<T>::m, round_up(g.m, Tile<T>::rows));
  T* packed_a = static_cast<T*>(scratch(0, sizeof(T) * static_cast<std::size_t>(m_most * k_most) + kVectorBytes));
  T* packed_b = static_cast<T*>(scratch(1, sizeof(T) * static_cast<std::size_t>(n_most * P * k_most)));
  T* sums = direct ? nullptr : static_cast<T*>(scratch(2, sizeof(T) * static_cast<std::size_t>(m_outer * n_most * P)));
  Pace pace;
  for (Size j = 0; j < g.n; j += n_block) {
    const Size n = std::min(n_block, g.n - j);
    for (Size i0 = 0; i0 < g.m; i0 += m_outer) {
      const Size m_end = std::min(g.m, i0 + m_outer);
      T* to = direct ? reinterpret_cast<T*>(c + i0 * g.c_strides[0] + j) : sums;
      const Size ldc = direct ? g.c_strides[0] * P : n * P;
      for (Size p = 0; p < g.k; p += k_block) {
        const Size k = std::min(k_block, g.k - p);
        pack_b<S>(b + p * g.b_strides[0] + j * g.b_strides[1], g.b_strides[0], g.b_strides[1], k, n, packed_b);
        for (Size i = i0; i < m_end; i += Blocks<T>::m) {
          const Size m = std::min(Blocks<T>::m, m_end - i);
          pace.did(m * n * k);
          pack_a<S>(a + i * g.a_strides[0] + p * g.a_strides[1], g.a_strides[0], g.a_strides[1], m, k, packed_a);
          block(packed_a, packed_b, m, n * P, k * P, to + (i - i0) * ldc, ldc, p > 0);
        }
      }
      if (direct) continue;
      for (Size i = i0; i < m_end; ++i) {
        S* row = c + i * g.c_strides[0] + j * g.c_strides[1];
        const T* s = sums + (i - i0) * ldc;
        for (Size q = 0; q < n; ++q) {
          if constexpr (P == 2) row[q * g.c_strides[1]] = S(s[2 * q], s[2 * q + 1]);
          else row[q * g.c_strides[1]] = narrow<S>(s[q]);
        }
      }
    }
  }
}

// One panel of columns for all rows, a read where it lies. c has whole vectors or `columns` of them are
// copied.
template <class T, int Vectors>
void small_panel(const MatrixProduct& g, const T* b, Size ldb, T* c, Size columns) {
  constexpr int C = Vectors * kLanes<T>;
  const T* a = static_cast<const T*>(g.a);
  const bool direct = g.c_strides[1] == 1 && columns == C;
  alignas(64) T edge[8 * C];
  auto rows = [&]<int Rows>(Size i, std::integral_constant<int, Rows>) {
    const T* from = a + i * g.a_strides[0];
    T* to = c + i * g.c_strides[0];
    if (direct) {
      tile<T, Rows, Vectors, false>(from, g.a_strides[0], g.a_strides[1], b, ldb, g.k, to, g.c_strides[0], false);
      return;
    }
    tile<T, Rows, Vectors, false>(from, g.a_strides[0], g.a_strides[1], b, ldb, g.k, edge, C, false);
    for (int r = 0; r < Rows; ++r) {
      if (g.c_strides[1] == 1) {
        T* HWY_RESTRICT row = to + r * g.c_strides[0];
        for (Size q = 0; q < columns; ++q) row[q] = edge[r * C + q];
      } else {
        for (Size q = 0; q < columns; ++q) to[r * g.c_strides[0] + q * g.c_strides[1]] = edge[r * C + q];
      }
    }
  };
  constexpr int kMost = Tile<T>::many_registers ? 8 : 4;
  Size i = 0;
  for (; i + kMost <= g.m; i += kMost) rows(i, std::integral_constant<int, kMost>{});
  for (; i + 2 <= g.m; i += 2) rows(i, std::integral_constant<int, 2>{});
  if (i < g.m) rows(i, std::integral_constant<int, 1>{});
}

constexpr Size kSmallBytes = 16384;  // of a panel of b on the stack

template <class T>
void small_gemm(const MatrixProduct& g) {
  constexpr int L = kLanes<T>;
  const T* b = static_cast<const T*>(g.b);
  T* c = static_cast<T*>(g.c);
  alignas(64) unsigned char stack[kSmallBytes];
  T* packed = reinterpret_cast<T*>(stack);
  const bool rows = g.b_strides[1] == 1;
  for (Size j = 0; j < g.n;) {
    const Size left = g.n - j;
    const T* from = b + j * g.b_strides[1];
    T* to = c + j * g.c_strides[1];
    if (left > L) {
      const Size columns = std::min<Size>(left, 2 * L);
      const bool in_place = rows && columns == 2 * L;
      if (!in_place) pack_b<T, 2 * L>(from, g.b_strides[0], g.b_strides[1], g.k, columns, packed);
      small_panel<T, 2>(g, in_place ? from : packed, in_place ? g.b_strides[0] : 2 * L, to, columns);
      j += columns;
    } else {
      const bool in_place = rows && left == L;
      if (!in_place) pack_b<T, L>(from, g.b_strides[0], g.b_strides[1], g.k, left, packed);
      small_panel<T, 1>(g, in_place ? from : packed, in_place ? g.b_strides[0] : L, to, left);
      j += left;
    }
  }
}

// Few rows times a matrix whose columns lie in memory one after the other, as a layer's weight does. To pack that would
// take a quarter of the time that the product takes: the rows are packed instead, and the matrix is read where it lies.
template <class T>
bool is_thin(const MatrixProduct& g) {
  return Tile<T>::wide && g.m >= 8 && g.m <= 64 && g.b_strides[0] == 1 && g.b_strides[1] != 1 && g.n * g.k >= 64 * 1024;
}
template <class T>
void thin_gemm(const MatrixProduct& g) {
  constexpr int V = Tile<T>::vectors, C = Tile<T>::columns, R = 8;
  const Size m = round_up(g.m, C), ldb = g.b_strides[1];
  T* packed = static_cast<T*>(scratch(0, sizeof(T) * static_cast<std::size_t>(m * g.k)));
  for (Size p = 0; p < g.k; p += Blocks<T>::k)
    pack_b<T>(static_cast<const T*>(g.a) + p * g.a_strides[1], g.a_strides[1], g.a_strides[0],
              std::min(Blocks<T>::k, g.k - p), g.m, packed + p * m);
  const T* b = static_cast<const T*>(g.b);
  T* c = static_cast<T*>(g.c);
  Pace pace;
  // Columns of b are the tile's rows.
  const auto columns = [&]<int Rows>(Size j, std::integral_constant<int, Rows>) {
    alignas(64) T sums[Rows * C];
    for (Size i = 0; i < g.m; i += C) {
      for (Size p = 0; p < g.k; p += Blocks<T>::k) {
        const Size k = std::min(Blocks<T>::k, g.k - p);
        tile<T, Rows, V, false>(b + j * ldb + p, ldb, 1, packed + p * m + i * k, C, k, sums, C, p > 0);
      }
      T* to = c + i * g.c_strides[0] + j * g.c_strides[1];
      const Size rows = std::min<Size>(C, g.m - i);
      for (Size q = 0; q < rows; ++q)
        for (int r = 0; r < Rows; ++r) to[q * g.c_strides[0] + r * g.c_strides[1]] = sums[r * C + q];
    }
    pace.did(g.m * g.k * Rows);
  };
  Size j = 0;
  for (; j + R <= g.n; j += R) columns(j, std::integral_constant<int, R>{});
  for (; j + 2 <= g.n; j += 2) columns(j, std::integral_constant<int, 2>{});
  if (j < g.n) columns(j, std::integral_constant<int, 1>{});
}

// Rows times a matrix of which a block at a time stays in the L2 cache once it is packed. To pack the rows, too, would take
// up to a third of the time that the product takes: they are read where they lie. The sums are the packed product's, bit
// by bit.
template <class T>
bool reads_rows(const MatrixProduct& g) {
  if (!Tile<T>::wide || g.m < 32 || g.n <= kLanes<T> || g.c_strides[1] != 1) return false;
  // Columns of a matrix are read in strips, that must not leave the cache between two of them.
  return g.a_strides[1] == 1 ||
         (g.a_strides[0] == 1 && 4 * g.k * std::abs(g.a_strides[1]) * static_cast<Size>(sizeof(T)) <= l2_bytes());
}

// Some rows of a times a packed block of b, added to what is in c or not. a and c: of the first row.
template <class T, int Rows>
void multiply_rows(const MatrixProduct& g, const T* a, const T* packed, Size k, Size n, T* c, bool add) {
  constexpr int V = Tile<T>::vectors, C = Tile<T>::columns;
  const Size lda = g.a_strides[0], step = g.a_strides[1], ldc = g.c_strides[0];
  alignas(64) T edge[Rows * C];
  for (Size j = 0; j < n; j += C) {
    const Size columns = std::min<Size>(C, n - j);
    if (columns == C) {
      tile<T, Rows, V, false>(a, lda, step, packed + j * k, C, k, c + j, ldc, add);
      continue;
    }
    tile<T, Rows, V, false>(a, lda, step, packed + j * k, C, k, edge, C, false);
    for (int r = 0; r < Rows; ++r)
      for (Size q = 0; q < columns; ++q) {
        T& to = c[r * ldc + j + q];
        to = add ? to + edge[r * C + q] : edge[r * C + q];
      }
  }
}

template <class T>
void rows_gemm(const MatrixProduct& g) {
  constexpr int C = Tile<T>::columns, R = 8;
  const Size k_most = std::min(g.k, Blocks<T>::k);
  const Size n_block = std::max<Size>(l2_bytes() / 2 / static_cast<Size>(sizeof(T)) / k_most / C * C, C);
  T* packed = static_cast<T*>(
      scratch(1, sizeof(T) * static_cast<std::size_t>(round_up(std::min(g.n, n_block), C) * k_most) + kVectorBytes));
  Pace pace;
  for (Size j = 0; j < g.n; j += n_block)
    for (Size p = 0; p < g.k; p += k_most) {
      const Size k = std::min(k_most, g.k - p), n = std::min(n_block, g.n - j);
      pack_b<T>(static_cast<const T*>(g.b) + p * g.b_strides[0] + j * g.b_strides[1], g.b_strides[0], g.b_strides[1], k,
                n, packed);
      const auto rows = [&]<int Rows>(Size i, std::integral_constant<int, Rows>) {
        multiply_rows<T, Rows>(g, static_cast<const T*>(g.a) + i * g.a_strides[0] + p * g.a_strides[1], packed, k, n,
                               static_cast<T*>(g.c) + i * g.c_strides[0] + j, p > 0);
        pace.did(n * k * Rows);
      };
      Size i = 0;
      for (; i + R <= g.m; i += R) rows(i, std::integral_constant<int, R>{});
      for (; i + 2 <= g.m; i += 2) rows(i, std::integral_constant<int, 2>{});
      if (i < g.m) rows(i, std::integral_constant<int, 1>{});
    }
}

template <class S>
struct GemmOf {
  static void run(const MatrixProduct& g) {
    if constexpr (std::is_same_v<S, Compute<S>>) {
      const Size panel = g.k * kVectorBytes * (g.n > kLanes<S> ? 2 : 1);
      if (panel <= kSmallBytes && g.m * g.n * g.k <= 64 * 64 * 64) return small_gemm<S>(g);
      if constexpr (std::is_floating_point_v<S>) {
        if (is_thin<S>(g)) return thin_gemm<S>(g);
        if (reads_rows<S>(g)) return rows_gemm<S>(g);
      }
    }
    packed_gemm<S>(g);
  }
};

void add_gemm(ProductTable& t) {
  add_products<GemmOf>(t.gemm);
  t.wide = Tile<float>::wide;
  if (t.wide) {
    t.rows = Tile<float>::rows;
    t.columns = Tile<float>::columns;
  }
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_gemm);
void add_gemm_products(ProductTable& t) { HWY_DYNAMIC_DISPATCH(add_gemm)(t); }
}  // namespace tenon::cpu
#endif
