// Runs a function over arrays, also one whose vectorisable form does not hold for every argument.
#pragma once

#include <concepts>
#include <cstdint>

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

// y[i] = F(x[i]) for F as Sin in trig.h, or as Gelu in gelu.h, whose anywhere() is cheap enough for whole blocks. An element's
// value does not depend on its neighbours. x and y may be the same array.
template <class F, class T>
  requires PartlyVectorised<F, T>
TENON_INLINE void map(const T* x, T* y, std::int64_t n) {
  constexpr std::int64_t block = 256;
  T kept[block];
  for (std::int64_t start = 0; start < n; start += block) {
    const T* from = x + start;
    T* to = y + start;
    const int count = static_cast<int>(n - start < block ? n - start : block);
    int uncovered = 0;
    for (int i = 0; i < count; i++) uncovered |= F::covers(from[i]) ? 0 : 1;
    if (uncovered) {
      for (int i = 0; i < count; i++) kept[i] = from[i];
      from = kept;
    }
    for (int i = 0; i < count; i++) to[i] = F::in_range(from[i]);
    if (!uncovered) continue;
    if constexpr (requires { requires F::anywhere_vectorises; }) {
      for (int i = 0; i < count; i++) {
        const T y = F::anywhere(from[i]);
        to[i] = F::covers(from[i]) ? to[i] : y;
      }
    } else {
      for (int i = 0; i < count; i++)
        if (!F::covers(from[i])) to[i] = F::anywhere(from[i]);
    }
  }
}

}  // namespace tenon::scalar
