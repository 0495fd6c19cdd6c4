// Runs a function over arrays, also one whose vectorisable form does not hold for every argument.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "tenon/macros.h"

namespace tenon::scalar {

template <class F, class T>
concept PartlyVectorised = requires(T x) {
  { F::covers(x) } -> std::same_as<bool>;
  { F::in_range(x) } -> std::same_as<T>;
  { F::anywhere(x) } -> std::same_as<T>;
};

template <class F, class T>
TENON_INLINE T one(T x) {
  return F::covers(x) ? F::in_range(x) : F::anywhere(x);
}

// y[i] = last(F(x[i]), i) for F as Sin in trig.h, or as Gelu in gelu.h, whose anywhere() is cheap enough for whole blocks. An
// element's value does not depend on its neighbours. x and y may be the same array; what last reads is another one.
// Elements beyond what F covers are noticed while the block is computed, and mended: to look for them before would read
// the block twice, and a processor would wait for it in between.
template <class F, class T, class Last>
  requires PartlyVectorised<F, T>
TENON_INLINE void map(const T* x, T* y, std::int64_t n, Last last) {
  using Flag = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  constexpr std::int64_t block = 256;
  T kept[block];
  for (std::int64_t start = 0; start < n; start += block) {
    const T* from = x + start;
    T* to = y + start;
    const int count = static_cast<int>(n - start < block ? n - start : block);
    if (from == to) {
      for (int i = 0; i < count; i++) kept[i] = from[i];
      from = kept;
    }
    Flag uncovered = 0;
#pragma GCC ivdep
    for (int i = 0; i < count; i++) {
      uncovered |= F::covers(from[i]) ? 0 : 1;
      to[i] = last(F::in_range(from[i]), start + i);
    }
    if (!uncovered) continue;
    if constexpr (requires { requires F::anywhere_vectorises; }) {
#pragma GCC ivdep
      for (int i = 0; i < count; i++) {
        const T mended = last(F::anywhere(from[i]), start + i);
        to[i] = F::covers(from[i]) ? to[i] : mended;
      }
    } else {
      for (int i = 0; i < count; i++)
        if (!F::covers(from[i])) to[i] = last(F::anywhere(from[i]), start + i);
    }
  }
}
template <class F, class T>
  requires PartlyVectorised<F, T>
TENON_INLINE void map(const T* x, T* y, std::int64_t n) {
  map<F>(x, y, n, [](T value, std::int64_t) { return value; });
}

}  // namespace tenon::scalar
