// Sines and their inverses.
#pragma once

#include <cstdint>

#include "core.h"

namespace tenon::scalar {
namespace detail {

inline constexpr double pi = 0x1.921fb54442d18p+1;

// Up to here a product with a 33-bit part of pi is exact; beyond it sin, cos and tan ask the libm.
template <class T> TENON_INLINE bool reducible(T x) { return !(abs(x) > T(0x1p20)); }  // NaN is

// Two parts of pi, 86 bits, are enough for floats.
inline constexpr double pi_high = 0x1.921fb54400000p+1, pi_low = 0x1.0b4611a626331p-33,
                        one_over_pi = 0x1.45f306dc9c883p-2;

// sin(x - k·pi) for k + phase the multiple of pi nearest to x, to 35 bits
TENON_INLINE double sin_float(double x, double phase) {
  const double shifted = (x * one_over_pi - phase) + shifter, k = (shifted - shifter) + phase;
  const double r = (x - k * pi_high) - k * pi_low;
  const double y = r * poly(r * r, 0.9999999999829191, -0.16666666616815567, 0.008333330974207583,
                            -0.00019840861179319552, 2.752526981229885e-06, -2.3889217773452806e-08);
  return negate_if_odd(y, shifted);
}

// sin and cos of r, |r| <= pi/4
struct SinCos {
  double sin, cos;
};
TENON_INLINE SinCos sincos_float(double r) {
  const double z = r * r;
  return {r * poly(z, 0.9999999999956731, -0.16666666631591165, 0.00833332878245888, -0.000198392022122311,
                   2.7173456841089953e-06),
          poly(z, 0.9999999999999444, -0.49999999999351113, 0.04166666654391119, -0.0013888880393776424,
               2.4798928755323667e-05, -2.717342984102282e-07)};
}
TENON_INLINE SinCos sincos(double r, double rest) {  // of r + rest
  const double z = r * r, cube = z * r;
  const double s = poly(z, -0.16666666666666666, 0.008333333333330936, -0.00019841269836740532, 2.7557316093198404e-06,
                        -2.5051129896450185e-08, 1.5917988979397435e-10);
  const double c = poly(z, 0.041666666666666664, -0.0013888888888887389, 2.48015872987544e-05, -2.755731726587808e-07,
                        2.087614504941318e-09, -1.138254464534925e-11);
  const double half = 0.5 * z, one = 1 - half;
  return {r + (cube * s + (rest - half * rest)), one + (((1 - one) - half) + (z * z * c - r * rest))};
}

// x = k · pi/2 + r + rest, k being the low bits of `shifted`
struct Reduced {
  double r, rest, shifted;
};
TENON_INLINE Reduced reduce(double x) {
  constexpr double p1 = 0x1.921fb54400000p+0, p2 = 0x1.0b4611a600000p-34, p3 = 0x1.3198a2e000000p-69,
                   p4 = 0x1.b839a252049c1p-104;
  const double shifted = x * 0x1.45f306dc9c883p-1 + shifter, k = shifted - shifter;
  const double a = x - k * p1, b = k * p2, c = k * p3;  // exact
  const double r1 = a - b, v1 = r1 - a, e1 = (a - (r1 - v1)) - (b + v1);
  const double r2 = r1 - c, v2 = r2 - r1, e2 = (r1 - (r2 - v2)) - (c + v2);
  const double rest = (e1 + e2) - k * p4, r = r2 + rest;
  return {r, (r2 - r) + rest, shifted};
}
TENON_INLINE double quarter(SinCos y, double shifted) {  // sin(r + k · pi/2)
  return negate_if_odd(is_odd(shifted) ? y.cos : y.sin, from_bits(bits(shifted) >> 1));
}

// sin and cos of pi·x
TENON_INLINE SinCos sincospi(double any) {
  const double x = any - 2 * __builtin_rint(0.5 * any);
  const double shifted = 2 * x + shifter, r = x - 0.5 * (shifted - shifter);
  const double high = from_bits(bits(r) & ~std::uint64_t(0x7ffffff));  // 26 bits, so that the first product is exact
  const double main = high * 0x1.921fb50000000p+1, more = high * 0x1.110b4611a6263p-25 + (r - high) * pi;
  const double angle = main + more;
  const SinCos y = sincos(angle, (main - angle) + more);
  return {quarter(y, shifted), quarter(y, from_bits(bits(shifted) + 1))};
}

// atan(low / high), 0 <= low <= high
TENON_INLINE double atan_float(double low, double high) {
  const double q = low == high ? (low == 0 ? 0.0 : 1.0) : low / high;
  return q * poly(q * q, 0.9999999999293037, -0.3333333129088999, 0.19999901102171555, -0.14283813255743194,
                  0.11091922963683302, -0.08974171958363882, 0.07228278345377252, -0.05395668057137172,
                  0.033826218952786875, -0.015828322749149415, 0.00473248419342192, -0.0006633954571104787);
}

TENON_INLINE double atan_double(double low, double high) {
  const double q = low == high ? (low == 0 ? 0.0 : 1.0) : low / high, z = q * q;
  return q + q * z *
                 poly(z, -0.3333333333333333, 0.1999999999999992, -0.14285714285701234, 0.11111111110268297,
                      -0.0909090906193528, 0.07692307078827029, -0.06666657934573768, 0.05882264416776449,
                      -0.052624922290256754, 0.04758080083637821, -0.043306538430670664, 0.03938687540798632,
                      -0.035271331066871296, 0.030330719265790507, -0.024191345810140718, 0.01718398172211335,
                      -0.010412153260359241, 0.005140912856746939, -0.0019612554271685326, 0.0005376839297396244,
                      -9.371186345052626e-05, 7.767624330289919e-06);
}

// asin(a) for 0 <= a <= 1/2, and (pi/2 - asin(a)) / 2 for larger a
TENON_INLINE double asin_float(double a) {
  const bool large = a > 0.5;
  const double z = large ? 0.5 * (1 - a) : a * a, s = large ? sqrt(z) : a;
  return s * poly(z, 0.9999999999863537, 0.16666667364186447, 0.07499941908754719, 0.04466113930866896,
                  0.03010250689966149, 0.024650862660604088, 0.0074010072390753795, 0.0347484248080839);
}

TENON_INLINE double asin_double(double a) {
  const bool large = a > 0.5;
  const double z = large ? 0.5 * (1 - a) : a * a, s = large ? sqrt(z) : a;
  return s + s * z *
                 poly(z, 0.16666666666666666, 0.07500000000000118, 0.044642857142551895, 0.03038194447553234,
                      0.02237215744350722, 0.017352816540325496, 0.01396378001220357, 0.011566459612121669,
                      0.009621842970100282, 0.009319560794767446, 0.0030448799094556773, 0.019554513336123378,
                      -0.01924167174674304, 0.02961201126495512);
}

inline constexpr double half_pi = 0x1.921fb54442d18p+0, half_pi_rest = 0x1.1a62633145c07p-54;

}  // namespace detail

// A function whose vectorisable form, `in_range`, holds where `covers` says so: on nearly every argument that occurs.
// `map` in map.h runs it over arrays.
struct Sin {
  TENON_INLINE static bool covers(float x) { return detail::reducible(x); }
  TENON_INLINE static bool covers(double x) { return detail::reducible(x); }
  TENON_INLINE static float in_range(float x) { return static_cast<float>(detail::sin_float(x, 0)); }
  TENON_INLINE static double in_range(double x) {
    const auto [r, rest, shifted] = detail::reduce(x);
    const double y = detail::quarter(detail::sincos(r, rest), shifted);
    return x == 0 ? x : y;
  }
  static float anywhere(float x) { return static_cast<float>(__builtin_sin(x)); }
  static double anywhere(double x) { return __builtin_sin(x); }
};

struct Cos {
  TENON_INLINE static bool covers(float x) { return detail::reducible(x); }
  TENON_INLINE static bool covers(double x) { return detail::reducible(x); }
  TENON_INLINE static float in_range(float x) { return static_cast<float>(-detail::sin_float(x, 0.5)); }
  TENON_INLINE static double in_range(double x) {
    const auto [r, rest, shifted] = detail::reduce(x);
    return detail::quarter(detail::sincos(r, rest), detail::from_bits(detail::bits(shifted) + 1));
  }
  static float anywhere(float x) { return static_cast<float>(__builtin_cos(x)); }
  static double anywhere(double x) { return __builtin_cos(x); }
};

struct Tan {
  TENON_INLINE static bool covers(float x) { return detail::reducible(x); }
  TENON_INLINE static bool covers(double x) { return detail::reducible(x); }
  TENON_INLINE static float in_range(float x) {
    const double shifted = x * (2 * detail::one_over_pi) + detail::shifter, k = 0.5 * (shifted - detail::shifter);
    const auto [s, c] = detail::sincos_float((x - k * detail::pi_high) - k * detail::pi_low);
    const bool odd = detail::is_odd(shifted);
    return static_cast<float>((odd ? -c : s) / (odd ? s : c));
  }
  TENON_INLINE static double in_range(double x) {
    const auto [r, rest, shifted] = detail::reduce(x);
    const auto [s, c] = detail::sincos(r, rest);
    const bool odd = detail::is_odd(shifted);
    const double y = (odd ? -c : s) / (odd ? s : c);
    return x == 0 ? x : y;
  }
  static float anywhere(float x) { return static_cast<float>(__builtin_tan(x)); }
  static double anywhere(double x) { return __builtin_tan(x); }
};

TENON_INLINE float sin(float x) { return one<Sin>(x); }
TENON_INLINE double sin(double x) { return one<Sin>(x); }
TENON_INLINE float cos(float x) { return one<Cos>(x); }
TENON_INLINE double cos(double x) { return one<Cos>(x); }
TENON_INLINE float tan(float x) { return one<Tan>(x); }
TENON_INLINE double tan(double x) { return one<Tan>(x); }

TENON_INLINE float asin(float x) {
  const double a = detail::abs(x), part = detail::asin_float(a);
  return static_cast<float>(detail::copysign(a > 0.5 ? detail::pi / 2 - 2 * part : part, x));
}
TENON_INLINE double asin(double x) {
  const double a = detail::abs(x), part = detail::asin_double(a);
  const double large = detail::half_pi - (2 * part - detail::half_pi_rest);
  return detail::copysign(a > 0.5 ? large : part, x);
}

TENON_INLINE float acos(float x) {
  const double a = detail::abs(x), part = detail::asin_float(a);
  const bool large = a > 0.5;
  const double signed_part = detail::copysign(large ? 2 * part : part, x);
  const double from = large ? (x < 0 ? detail::pi : 0.0) : detail::pi / 2;
  return static_cast<float>(large ? from + signed_part : from - signed_part);
}
TENON_INLINE double acos(double x) {
  const double a = detail::abs(x), part = detail::asin_double(a);
  const double small = detail::half_pi - (detail::copysign(part, x) - detail::half_pi_rest);
  const double large = x < 0 ? 2 * (detail::half_pi - (part - detail::half_pi_rest)) : 2 * part;
  return a > 0.5 ? large : small;
}

TENON_INLINE float atan(float x) {
  const double a = detail::abs(x);
  const bool steep = a > 1;
  const double y = detail::atan_float(steep ? 1 : a, steep ? a : 1);
  return static_cast<float>(detail::copysign(steep ? detail::pi / 2 - y : y, x));
}
TENON_INLINE double atan(double x) {
  const double a = detail::abs(x);
  const bool steep = a > 1;
  const double y = detail::atan_double(steep ? 1 : a, steep ? a : 1);
  return detail::copysign(steep ? detail::half_pi - (y - detail::half_pi_rest) : y, x);
}

TENON_INLINE float atan2(float y, float x) {
  const double a = detail::abs(x), b = detail::abs(y);
  const bool steep = a < b;
  const double angle = detail::atan_float(steep ? a : b, steep ? b : a);
  const double right = steep ? detail::pi / 2 - angle : angle;
  const double either = detail::copysign(1.0, x) < 0 ? detail::pi - right : right;
  return static_cast<float>(detail::copysign(either, y));
}
inline double atan2(double y, double x) { return __builtin_atan2(y, x); }  // libm: a quotient of doubles can underflow

// sin(pi x) / (pi x)
TENON_INLINE float sinc(float x) {
  const double n = x + detail::shifter, r = detail::pi * (x - (n - detail::shifter));
  const double s = r * detail::poly(r * r, 0.9999999999829191, -0.16666666616815567, 0.008333330974207583,
                                    -0.00019840861179319552, 2.752526981229885e-06, -2.3889217773452806e-08);
  const auto y = static_cast<float>(detail::negate_if_odd(s, n) / (detail::pi * x));
  return x == 0 ? 1 : y + 0;  // never -0
}
TENON_INLINE double sinc(double x) {
  const double y = detail::sincospi(x).sin / (detail::pi * x);
  return detail::abs(x) < 0x1p-30 ? 1 : y + 0;
}

}  // namespace tenon::scalar
