// Panels of matrix products: operands packed for the register tile, and the products of packed ones. Included once per
// SIMD target.
#if defined(TENON_PANELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_PANELS_INL_H_
#undef TENON_PANELS_INL_H_
#else
#define TENON_PANELS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "backends/cpu/gemm-inl.h"
#include "backends/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Elements that the processor's vectors can turn as they are.
template <class S, class T>
inline constexpr bool kTurns = std::is_same_v<S, T> && std::is_floating_point_v<T>;

// out[p * width + i] = s[i * line + p] for `lines` lines, up to `width`, and k steps: what is read along k, and computed
// with across. The rest of a row of out is filled with zeros, or left alone. Up to a vector behind out may be overwritten.
template <class T>
void turn(const T* s, Size line, Size lines, Size k, T* out, Size width) {
  using Lanes = Square<T, kVectorBytes>;
  constexpr Size N = Lanes::N;
  const Size whole = k / N * N;
  for (Size p = 0; p < whole; p += N) {
    for (Size i = (lines - 1) / N * N; i >= 0; i -= N) {  // what reaches into the next rows is overwritten by them
      const Size n = std::min(N, lines - i);
      Vector<T> v[N] = {};
      if (n == N) {
#pragma GCC unroll 16
        for (Size q = 0; q < N; ++q) {
          v[q] = load(s + (i + q) * line + p);
          __builtin_prefetch(s + (i + q) * line + p + 4 * N);
        }
      } else {
        for (Size q = 0; q < n; ++q) v[q] = load(s + (i + q) * line + p);
      }
      Lanes::transpose(v);
#pragma GCC unroll 16
      for (Size q = 0; q < N; ++q) store(out + (p + q) * width + i, v[q]);
    }
  }
  for (Size p = whole; p < k; ++p)
    for (Size i = 0; i < lines; ++i) out[p * width + i] = s[i * line + p];
}

// Rows x k of a, as panels of Tile::rows side by side, padded with zeros. A complex element is two steps. Up to a vector
// behind out may be overwritten.
template <class S, class T = Compute<S>>
void pack_a(const S* a, Size row, Size step, Size m, Size k, T* out) {
  constexpr int R = Tile<T>::rows, P = kParts<S>;
  for (Size i = 0; i < m; i += R) {
    const Size rows = std::min<Size>(R, m - i);
    const S* from = a + i * row;
    if (rows < R) std::memset(out, 0, static_cast<std::size_t>(R * k * P) * sizeof(T));
    if constexpr (kTurns<S, T>) {
      if (step == 1) {
        turn(from, row, rows, k, out, R);
        out += R * k;
        continue;
      }
      if (row == 1 && rows == R) {
        // Several panels at once: they share cache lines, and lines far apart push each other out.
        const Size panels = std::min<Size>((m - i) / R, 8);
        for (Size p = 0; p < k; ++p)
          for (Size q = 0; q < panels; ++q) std::memcpy(out + (q * k + p) * R, from + p * step + q * R, R * sizeof(T));
        out += panels * R * k;
        i += (panels - 1) * R;
        continue;
      }
    }
    for (Size p = 0; p < k; ++p) {
      const S* s = from + p * step;
      if constexpr (P == 2) {
        for (Size r = 0; r < rows; ++r) {
          const S z = s[r * row];
          out[r] = z.re;
          out[R + r] = z.im;
        }
      } else if (rows == R) {
        for (int r = 0; r < R; ++r) out[r] = widen<T>(s[r * row]);
      } else {
        for (Size r = 0; r < rows; ++r) out[r] = widen<T>(s[r * row]);
      }
      out += R * P;
    }
  }
}

// k x columns of b, as panels of Tile::columns. A complex element becomes the 2 x 2 matrix that multiplies
// (re, im) from the right: [re im; -im re].
template <class S, int Columns = Tile<Compute<S>>::columns, class T = Compute<S>>
void pack_b(const S* b, Size step, Size column, Size k, Size n, T* out) {
  constexpr int P = kParts<S>, C = Columns / P;
  for (Size j = 0; j < n; j += C) {
    const Size columns = std::min<Size>(C, n - j);
    if (columns < C) std::memset(out, 0, static_cast<std::size_t>(Columns * k * P) * sizeof(T));
    if constexpr (kTurns<S, T>) {
      if (step == 1 && column != 1) {
        turn(b + j * column, column, columns, k, out, Columns);
        out += Columns * k;
        continue;
      }
    }
    if (P == 1 && step == 1 && column != 1) {
      // Transposed: a cache line of each column at a time, since the columns often fall into the same cache
      // sets.
      for (Size p0 = 0; p0 < k; p0 += 16) {
        const Size steps = std::min<Size>(16, k - p0);
        for (Size q = 0; q < columns; ++q) {
          const S* s = b + (j + q) * column + p0;
          T* to = out + p0 * Columns + q;
          if constexpr (P == 1)
            for (Size p = 0; p < steps; ++p) to[p * Columns] = widen<T>(s[p]);
        }
      }
      out += Columns * k;
      continue;
    }
    for (Size p = 0; p < k; ++p) {
      const S* s = b + j * column + p * step;
      if constexpr (P == 2) {
        for (Size q = 0; q < columns; ++q) {
          const S z = s[q * column];
          out[2 * q] = z.re;
          out[2 * q + 1] = z.im;
          out[Columns + 2 * q] = -z.im;
          out[Columns + 2 * q + 1] = z.re;
        }
      } else if (column == 1 && columns == C) {
        for (int q = 0; q < C; q += 64 / static_cast<int>(sizeof(S))) __builtin_prefetch(s + kRowsAhead * step + q);
        for (int q = 0; q < C; ++q) out[q] = widen<T>(s[q]);
      } else {
        for (Size q = 0; q < columns; ++q) out[q] = widen<T>(s[q * column]);
      }
      out += Columns * P;
    }
  }
}

// How many rows the smallest kernel has that takes so many.
template <class T>
constexpr Size taken(Size rows) {
  return Tile<T>::wide && rows <= 4 ? 4 : Tile<T>::wide && rows <= 8 ? 8 : Tile<T>::rows;
}
// m rows, rounded up to whole kernels.
template <class T>
constexpr Size block_rows(Size m) {
  constexpr Size R = Tile<T>::rows;
  return m / R * R + (m % R ? taken<T>(m % R) : 0);
}

// All panels of one packed block: c (m x n, ldc) (+)= a @ b. n counts elements of T.
template <class T>
void block(const T* a, const T* b, Size m, Size n, Size k, T* c, Size ldc, bool add) {
  constexpr int R = Tile<T>::rows, V = Tile<T>::vectors, C = Tile<T>::columns;
  alignas(64) T edge[R * C];
  const auto run = [&](Size rows, const T* panel, const T* columns, T* to, Size ld, bool add) {
    if constexpr (Tile<T>::wide) {
      if (taken<T>(rows) == 4) return tile<T, 4, V, true, R>(panel, 0, 0, columns, C, k, to, ld, add);
      if (taken<T>(rows) == 8) return tile<T, 8, V, true, R>(panel, 0, 0, columns, C, k, to, ld, add);
    }
    tile<T, R, V, true>(panel, 0, 0, columns, C, k, to, ld, add);
  };
  for (Size j = 0; j < n; j += C) {
    const Size columns = std::min<Size>(C, n - j);
    for (Size i = 0; i < m; i += R) {
      const Size rows = std::min<Size>(R, m - i);
      T* to = c + i * ldc + j;
      if (taken<T>(rows) == rows && columns == C) {
        run(rows, a + i * k, b + j * k, to, ldc, add);
        continue;
      }
      run(rows, a + i * k, b + j * k, edge, C, false);
      for (Size r = 0; r < rows; ++r)
        for (Size q = 0; q < columns; ++q)
          to[r * ldc + q] = add ? combine(to[r * ldc + q], edge[r * C + q]) : edge[r * C + q];
    }
  }
}

// A right operand that many products have in common, packed once, and the rows that meet it. Sums are formed in the order
// of a single product.
template <class T>
struct RightPanels {
  Size k = 0, n = 0;
  const T* data = nullptr;

  static Size size(Size k, Size n) { return k * round_up(n, Tile<T>::columns); }  // of data
  static Size rows_size(Size m, Size k) { return round_up(m, Tile<T>::rows) * k + kLanes<T>; }

  RightPanels() = default;
  // b: its elements are a step apart along k, a column across. to: size() elements, aligned to a vector.
  RightPanels(const T* b, Size step, Size column, Size k, Size n, T* to) : k(k), n(n), data(to) {
    for (Size p = 0; p < k; p += Blocks<T>::k)
      pack_b<T>(b + p * step, step, column, std::min(Blocks<T>::k, k - p), n, to + p * round_up(n, Tile<T>::columns));
  }

  // m rows of k elements side by side, for multiply(). to: rows_size() elements.
  static void pack_rows(const T* a, Size row, Size m, Size k, T* to) {
    for (Size p = 0; p < k; p += Blocks<T>::k)
      pack_a<T>(a + p, row, 1, m, std::min(Blocks<T>::k, k - p), to + p * round_up(m, Tile<T>::rows));
  }

  // c (m x columns, ldc) (+)= the rows @ the columns from j, a multiple of Tile::columns.
  void multiply(const T* rows, Size m, Size j, Size columns, T* c, Size ldc, bool add) const {
    for (Size p = 0; p < k; p += Blocks<T>::k) {
      const Size steps = std::min(Blocks<T>::k, k - p);
      block(rows + p * round_up(m, Tile<T>::rows), data + p * round_up(n, Tile<T>::columns) + j * steps, m, columns,
            steps, c, ldc, add || p > 0);
    }
  }
};

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
