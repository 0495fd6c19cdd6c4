// pow, hypot, cbrt.
#pragma once

#include <cstdint>

#include "core.h"
#include "exp.h"
#include "log.h"

namespace tenon::scalar {
namespace detail {

// The cube root of 2^e·m by Newton's method for the inverse cube root, which needs no division.
TENON_INLINE double cbrt(double x, bool is_float) {
  const bool subnormal = abs(x) < 0x1p-1022;
  const std::uint64_t u = bits(abs(subnormal ? x * 0x1p54 : x));
  const double e = from_bits(u >> 52 | 0x4330000000000000) - (0x1p52 + 1023);
  const double m = from_bits((u & 0xfffffffffffff) | 0x3ff0000000000000);
  const double third = (e - 1) * (1.0 / 3) + shifter, rest = e - 3 * (third - shifter);  // rest is 0, 1 or 2
  const double guess = poly(m, 1.7776471684890054, -1.5540274077106597, 1.2271496200207155, -0.5865141615889806,
                            0.15224956438221762, -0.016511679091286462);
  const double z0 = guess * (rest == 0 ? 1 : rest == 1 ? 0x1.965fea53d6e3dp-1 : 0x1.428a2f98d728bp-1);
  const double mm = m * (rest == 0 ? 1 : rest == 1 ? 2 : 4);
  const double z1 = z0 + z0 * (1 - mm * z0 * (z0 * z0)) * (1.0 / 3);
  const double z = is_float ? z1 : z1 + z1 * (1 - mm * z1 * (z1 * z1)) * (1.0 / 3);
  const double y = mm * z * z, root = y + (mm - y * y * y) * (z * z) * (1.0 / 3);
  const double scaled = copysign(root * pow2(third), x) * (subnormal ? 0x1p-18 : 1);
  return x != 0 && abs(x) < infinity ? scaled : x;
}

}  // namespace detail

// Powers by C99's Annex F. NaN passes through the logarithm and the exponential.
TENON_INLINE float pow(float x, float y) {
  const double base = x, a = detail::abs(base), exponent = y;
  const double t = exponent * log2(a);
  const double p = detail::power_float(detail::at_most(200.0, detail::at_least(-200.0, t))).value();
  const bool one = (a == 1) | (y == 0);
  const double magnitude = one ? 1 : p;
  const double half = 0.5 * exponent;
  const bool integer = __builtin_rint(exponent) == exponent, odd = integer & (__builtin_rint(half) != half);
  const bool outside = (base < 0) & (a < detail::infinity) & !integer;
  const double y1 = odd ? detail::copysign(magnitude, base) : magnitude;
  const double y2 = outside ? detail::not_a_number : y1;
  return static_cast<float>(y2);
}
inline double pow(double x, double y) { return __builtin_pow(x, y); }  // libm

TENON_INLINE float hypot(float x, float y) {
  const double a = x, b = y, h = detail::sqrt(a * a + b * b);
  const bool infinite = (detail::abs(a) == detail::infinity) | (detail::abs(b) == detail::infinity);
  return static_cast<float>(infinite ? detail::infinity : h);  // even beside NaN
}
TENON_INLINE double hypot(double x, double y) {
  const double a = detail::abs(x), b = detail::abs(y), m = a > b ? a : b;
  const bool large = m > 0x1p500, small = m < 0x1p-400;
  const double down = large ? 0x1p-600 : small ? 0x1p600 : 1, up = large ? 0x1p600 : small ? 0x1p-600 : 1;
  const double h = detail::sqrt((a * down) * (a * down) + (b * down) * (b * down)) * up;
  return (a == detail::infinity) | (b == detail::infinity) ? detail::infinity : h;
}

TENON_INLINE float cbrt(float x) { return static_cast<float>(detail::cbrt(x, true)); }
TENON_INLINE double cbrt(double x) { return detail::cbrt(x, false); }

}  // namespace tenon::scalar
