// Rounding, remainders, roots and the bits of a number: all exact or correctly rounded.
#pragma once

#include <cstdint>

#include "core.h"

namespace tenon::scalar {

TENON_INLINE float rint(float x) { return __builtin_rintf(x); }  // half to even
TENON_INLINE double rint(double x) { return __builtin_rint(x); }
TENON_INLINE float trunc(float x) { return __builtin_truncf(x); }
TENON_INLINE double trunc(double x) { return __builtin_trunc(x); }
TENON_INLINE float floor(float x) { return __builtin_floorf(x); }
TENON_INLINE double floor(double x) { return __builtin_floor(x); }
TENON_INLINE float ceil(float x) { return __builtin_ceilf(x); }
TENON_INLINE double ceil(double x) { return __builtin_ceil(x); }
TENON_INLINE float copysign(float x, float sign) { return __builtin_copysignf(x, sign); }
TENON_INLINE double copysign(double x, double sign) { return __builtin_copysign(x, sign); }

TENON_INLINE float sqrt(float x) { return __builtin_sqrtf(x); }
TENON_INLINE double sqrt(double x) { return __builtin_sqrt(x); }
TENON_INLINE float fmod(float x, float y) { return __builtin_fmodf(x, y); }  // the libm's: exact by a loop
TENON_INLINE double fmod(double x, double y) { return __builtin_fmod(x, y); }

namespace detail {
template <class T, class Bits> TENON_INLINE T nextafter(T x, T y) {
  const Bits u = bit_cast<Bits>(x);
  const bool away = (x < y) == (x > 0);  // from zero
  const T step = bit_cast<T>(Bits(away ? u + 1 : u - 1));
  const T from_zero =
      sizeof(T) == 4 ? T(__builtin_copysignf(0x1p-149f, float(y))) : T(__builtin_copysign(0x1p-1074, double(y)));
  const T moved = x == 0 ? from_zero : step;
  const T unequal = x != y ? moved : y;
  return (x != x) | (y != y) ? x + y : unequal;
}
}  // namespace detail

TENON_INLINE float nextafter(float x, float y) { return detail::nextafter<float, std::uint32_t>(x, y); }
TENON_INLINE double nextafter(double x, double y) { return detail::nextafter<double, std::uint64_t>(x, y); }

}  // namespace tenon::scalar
