// Matrix times vector: each element of the matrix is read once, so memory is the limit.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/gemv.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "backends/cpu/products-inl.h"
#include "backends/cpu/scratch.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

using Size = std::int64_t;

template <class T>
using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                   std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

// Halves upon halves.
template <class T, int Half = kLanes<T> / 2>
HWY_INLINE T sum_lanes(Vector<T> v) {
  if constexpr (Half == 0) {
    return v[0];
  } else {
    const Vector<T> other = [v]<int... I>(std::integer_sequence<int, I...>) {
      return __builtin_shufflevector(v, v, (I ^ Half)...);
    }(std::make_integer_sequence<int, kLanes<T>>());
    if constexpr (std::is_same_v<T, std::uint8_t>) return sum_lanes<T, Half / 2>(v | other);
    else return sum_lanes<T, Half / 2>(v + other);
  }
}

// The last n elements before `end` as the last lanes of a vector whose other lanes are 0; a whole vector can be read.
template <class T>
struct LastLanes {
  Vector<Bits<T>> mask;
  explicit LastLanes(Size n) {
    constexpr struct Window {
      unsigned char bytes[2 * kVectorBytes] = {};
      constexpr Window() {
        for (int i = kVectorBytes; i < 2 * kVectorBytes; ++i) bytes[i] = 0xff;
      }
    } window;
    std::memcpy(&mask, window.bytes + n * static_cast<Size>(sizeof(T)), sizeof mask);
  }
  HWY_INLINE Vector<T> before(const T* end) const {
    return reinterpret_cast<Vector<T>>(reinterpret_cast<Vector<Bits<T>>>(load(end - kLanes<T>)) & mask);
  }
};

// Four chains of sums hide the latency of the additions: of one row, or one of each of four rows, which share the loads of y.
template <class T>
T dot(const T* HWY_RESTRICT x, const T* HWY_RESTRICT y, Size n) {
  constexpr int L = kLanes<T>;
  Vector<T> s[4] = {};
  Size i = 0;
  for (; i + 4 * L <= n; i += 4 * L) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) s[j] = multiply_add(s[j], load(x + i + j * L), load(y + i + j * L));
  }
  for (; i + L <= n; i += L) s[0] = multiply_add(s[0], load(x + i), load(y + i));
  for (int j = 1; j < 4; ++j) {
    if constexpr (std::is_same_v<T, std::uint8_t>) s[0] |= s[j];
    else s[0] += s[j];
  }
  T sum = sum_lanes<T>(s[0]);
  for (; i < n; ++i) sum = static_cast<T>(multiply_add<T>(sum, x[i], y[i]));
  return sum;
}
template <class T>
void dot_four(const T* HWY_RESTRICT x, Size row, const T* HWY_RESTRICT y, Size n, T* HWY_RESTRICT sums) {
  constexpr int L = kLanes<T>;
  Vector<T> s[4] = {};
  Size i = 0;
  for (; i + L <= n; i += L) {
    const Vector<T> v = load(y + i);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) s[j] = multiply_add(s[j], load(x + j * row + i), v);
  }
  if (i < n && n >= L) {
    const LastLanes<T> last(n - i);
    const Vector<T> v = last.before(y + n);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) s[j] = multiply_add(s[j], last.before(x + j * row + n), v);
    i = n;
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    T sum = sum_lanes<T>(s[j]);
    for (Size q = i; q < n; ++q) sum = static_cast<T>(multiply_add<T>(sum, x[j * row + q], y[q]));
    sums[j] = combine<T>(sums[j], sum);
  }
}

// y[i] (+)= sum over up to Columns of a[:, j] * x[j].
template <class T, class S, int Columns>
void add_columns(const S* a, Size column, const T* x, T* HWY_RESTRICT y, Size m) {
#pragma GCC ivdep
  for (Size i = 0; i < m; ++i) {
    T s = y[i];
#pragma GCC unroll 8
    for (int j = 0; j < Columns; ++j) s = static_cast<T>(multiply_add<T>(s, x[j], widen<T>(a[i + j * column])));
    y[i] = s;
  }
}

constexpr Size kChunk = 4096;  // of k: a piece of x that stays in the L1 cache

template <class S>
struct GemvOf {
  using T = Compute<S>;
  static constexpr int P = kParts<S>;

  static void run(const MatrixProduct& g) {
    const S *a = static_cast<const S*>(g.a), *b = static_cast<const S*>(g.b);
    S* c = static_cast<S*>(g.c);
    T* y = static_cast<T*>(scratch(0, static_cast<std::size_t>(g.m * P) * sizeof(T)));
    std::memset(y, 0, static_cast<std::size_t>(g.m * P) * sizeof(T));
    // A vector that lies as it is computed with is read where it is: a dot product has no time for a copy.
    const bool as_is = std::is_same_v<S, T> && g.b_strides[0] == 1;
    T* piece = as_is ? nullptr : static_cast<T*>(scratch(1, 4 * kChunk * sizeof(T)));
    Pace pace;
    for (Size p = 0; p < g.k; p += kChunk) {
      const Size k = std::min(kChunk, g.k - p);
      pace.did(g.m * k);
      const S* from = b + p * g.b_strides[0];
      const T* x = as_is ? reinterpret_cast<const T*>(from) : piece;
      for (Size i = 0; i < k && !as_is; ++i) {
        const S v = from[i * g.b_strides[0]];
        if constexpr (P == 2) {  // (re, -im) gives the real parts, (im, re) the imaginary ones
          piece[2 * i] = piece[2 * kChunk + 2 * i + 1] = v.re;
          piece[2 * i + 1] = -v.im;
          piece[2 * kChunk + 2 * i] = v.im;
        } else {
          piece[i] = widen<T>(v);
        }
      }
      const S* chunk = a + p * g.a_strides[1];
      if constexpr (P == 1) {
        if (g.a_strides[0] == 1 && g.a_strides[1] != 1 && g.m > 1) {
          columns(chunk, g.a_strides[1], x, y, g.m, k);
          continue;
        }
      }
      rows(chunk, g, x, y, k);
    }
    for (Size i = 0; i < g.m; ++i) {
      if constexpr (P == 2) c[i * g.c_strides[0]] = S(y[2 * i], y[2 * i + 1]);
      else c[i * g.c_strides[0]] = narrow<S>(y[i]);
    }
  }

  static void rows(const S* a, const MatrixProduct& g, const T* x, T* y, Size k) {
    constexpr bool same = std::is_same_v<S, T> || P == 2;
    const bool in_place = same && g.a_strides[1] == 1;
    T* row = in_place ? nullptr : static_cast<T*>(scratch(2, kChunk * P * sizeof(T)));
    Size i = 0;
    if constexpr (std::is_same_v<S, T>) {
      constexpr Size kShort = 1024;  // longer rows are read one after another, as memory likes it
      if (in_place && k <= kShort)
        for (; i + 4 <= g.m; i += 4) dot_four<T>(a + i * g.a_strides[0], g.a_strides[0], x, k, y + i);
    }
    for (; i < g.m; ++i) {
      const S* from = a + i * g.a_strides[0];
      if (in_place) {
        row = reinterpret_cast<T*>(const_cast<S*>(from));
      } else if (g.a_strides[1] == 1) {
        if constexpr (P == 1)
          for (Size q = 0; q < k; ++q) row[q] = widen<T>(from[q]);
      } else {
        for (Size q = 0; q < k; ++q) {
          if constexpr (P == 2) {
            row[2 * q] = from[q * g.a_strides[1]].re;
            row[2 * q + 1] = from[q * g.a_strides[1]].im;
          } else {
            row[q] = widen<T>(from[q * g.a_strides[1]]);
          }
        }
      }
      y[P * i] = combine<T>(y[P * i], dot<T>(row, x, k * P));
      if constexpr (P == 2) y[2 * i + 1] += dot<T>(row, x + 2 * kChunk, k * P);
    }
  }

  static void columns(const S* a, Size column, const T* x, T* y, Size m, Size k) {
    constexpr Size kRows = 2048;  // of y, kept in the L1 cache
    for (Size i = 0; i < m; i += kRows) {
      const Size n = std::min(kRows, m - i);
      Size p = 0;
      for (; p + 8 <= k; p += 8) add_columns<T, S, 8>(a + i + p * column, column, x + p, y + i, n);
      for (; p < k; ++p) add_columns<T, S, 1>(a + i + p * column, column, x + p, y + i, n);
    }
  }
};

void add_gemv(Product* row) { add_products<GemvOf>(row); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_gemv);
void add_gemv_products(ProductTable& t) { HWY_DYNAMIC_DISPATCH(add_gemv)(t.gemv); }
}  // namespace tenon::cpu
#endif
