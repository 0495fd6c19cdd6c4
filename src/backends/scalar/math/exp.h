// exp, exp2, expm1 and what is made of them: sinh, cosh, tanh, sigmoid, silu.
#pragma once

#include "core.h"

namespace tenon::scalar {
namespace detail {

inline constexpr double log2_e = 0x1.71547652b82fep+0;

// 2^t = scale · (1 + fraction), to 32 bits, for |t| < 1000: what the float functions need.
struct Power {
  double scale, fraction;
  TENON_INLINE double value() const { return scale + scale * fraction; }
  TENON_INLINE double minus_one() const { return scale * fraction + (scale - 1); }  // accurate near 0, where scale = 1
};
TENON_INLINE Power power_float(double t) {
  const double n = t + shifter, r = t - (n - shifter);
  return {pow2(n), r * poly(r, 0.6931471805610837, 0.24022650923593417, 0.05550410873103701, 0.009618056400714916,
                            0.0013333516684792982, 0.00015461555609766315, 1.5292774464930773e-05)};
}

// e^x for float arguments, as a double: neither overflows nor underflows before the conversion to float does.
TENON_INLINE Power exp_float(float x) { return power_float(at_most(120.0f, at_least(-120.0f, x)) * log2_e); }

// e^x = 2^n · (1 + fraction).
template <class T>
struct Exponential {
  static constexpr int digits = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
  T n_shifted, fraction;

  // y · e^x in two steps: 2^n alone can overflow or lose bits of a subnormal result.
  TENON_INLINE T times(T y) const {
    const auto n = (bits(n_shifted) + 2 * bias) & (4 * bias + 3), half = n >> 1;
    return (y + y * fraction) * from_bits(half << digits) * from_bits((n - half) << digits);
  }
  TENON_INLINE T value() const { return times(1); }
  TENON_INLINE T normal_value() const {  // in one step, where 2^n is a normal number
    const T scale = pow2(n_shifted);
    return scale + scale * fraction;
  }
  TENON_INLINE T quarter_minus_quarter() const {  // (e^x - 1) / 4, which does not overflow before sinh does
    const T quarter = from_bits((bits(n_shifted) + (bias - 2)) << digits);
    return quarter * fraction + (quarter - T(0.25));
  }
};
// With full accuracy, for -746 <= x <= 746.
TENON_INLINE Exponential<double> exponential(double x) {
  constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;  // n · ln2_high is exact
  const double shifted = x * log2_e + shifter, n = shifted - shifter;
  const double high = x - n * ln2_high, low = n * ln2_low;
  const double r = high - low, rest = (high - r) - low;
  const double p = poly(r, 0.5, 0.1666666666666667, 0.041666666666666664, 0.008333333333326113, 0.0013888888888886647,
                        0.00019841269874898358, 2.4801587317848234e-05, 2.7557255301710712e-06, 2.755728186557974e-07,
                        2.510525795609613e-08, 2.0911650766160735e-09);
  return {shifted, r + (r * r * p + (rest + rest * r))};
}

// To about 2^-24, for -200 <= x <= 200. rest: what x lacks, far smaller than it.
TENON_INLINE Exponential<float> exponential(float x, float rest = 0) {
  constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;  // n · ln2_high is exact
  const float shifted = x * static_cast<float>(log2_e) + float_shifter, n = shifted - float_shifter;
  const float r = (x - n * ln2_high) - n * ln2_low + rest;
  return {shifted, r + r * r *
                           poly(r, 0.49999999984436966, 0.16666576854048384, 0.04166656997949779, 0.008363201616613946,
                                0.0013924489432453335)};
}

// 2^t to about 2^-23, for a number t (no NaN) whose power is a normal number.
TENON_INLINE float normal_exp2(float t) {
  const float shifted = t + float_shifter, r = t - (shifted - float_shifter);
  const float y = 1 + r * poly(r, 0.6931471880690889, 0.24022650706982562, 0.055503569088442437, 0.009618093866756034,
                               0.001339097269442836, 0.0001544867196407263);
  return from_bits(bits(y) + (bits(shifted) << 23));
}

}  // namespace detail

// Short where the result is a normal number, for map().
struct Exp {
  static constexpr bool anywhere_vectorises = true;
  TENON_INLINE static bool covers(float x) { return detail::abs(x) < 87; }
  TENON_INLINE static float in_range(float x) { return detail::exponential(x).normal_value(); }
  TENON_INLINE static float anywhere(float x) {
    return detail::exponential(detail::at_most(89.0f, detail::at_least(-104.0f, x))).value();
  }
};
TENON_INLINE float exp(float x) { return Exp::anywhere(x); }
TENON_INLINE double exp(double x) {
  return detail::exponential(detail::at_most(710.0, detail::at_least(-746.0, x))).value();
}

TENON_INLINE float exp2(float x) {
  return static_cast<float>(detail::power_float(detail::at_most(200.0f, detail::at_least(-200.0f, x))).value());
}
TENON_INLINE double exp2(double x) {
  const double t = detail::at_most(1025.0, detail::at_least(-1076.0, x));
  const double n = t + detail::shifter, r = t - (n - detail::shifter);
  return detail::Exponential<double>{
      n,
      r * detail::poly(r, 0.6931471805599453, 0.24022650695910072, 0.055504108664821625, 0.00961812910762848,
                       0.001333355814640647, 0.00015403530393370734, 1.5252733841556773e-05, 1.3215486808705563e-06,
                       1.0178057087733941e-07, 7.0548973041554995e-09, 4.4558179083360645e-10, 2.5729324177362305e-11)}
      .value();
}

TENON_INLINE float expm1(float x) {
  const auto y = static_cast<float>(detail::exp_float(x).minus_one());
  return x == 0 ? x : y;
}
TENON_INLINE double expm1(double x) {
  const double y = 4 * detail::exponential(detail::at_most(710.7, detail::at_least(-40.0, x))).quarter_minus_quarter();
  return detail::abs(x) < 0x1p-54 ? x : y;
}

TENON_INLINE float sinh(float x) {
  const double u = detail::exp_float(detail::abs(x)).minus_one();
  return static_cast<float>(detail::copysign(0.5 * (u + u / (u + 1)), x));
}
TENON_INLINE double sinh(double x) {
  const double u = detail::exponential(detail::at_most(710.7, detail::abs(x))).quarter_minus_quarter();
  const double y = detail::copysign(2 * (u + u / (4 * u + 1)), x);
  return detail::abs(x) < 0x1p-28 ? x : y;
}

TENON_INLINE float cosh(float x) {
  const double e = detail::exp_float(detail::abs(x)).value();
  return static_cast<float>(0.5 * (e + 1 / e));
}
TENON_INLINE double cosh(double x) {
  const double half = detail::exponential(detail::at_most(711.0, detail::abs(x))).times(0.5);
  return half + 0.25 / half;
}

TENON_INLINE float tanh(float x) {
  const float a = detail::abs(x), z = a * a;
  const float near = a + a * z *
                             detail::poly(z, -0.33333328944134255, 0.13332769736976327, -0.05385090957851358,
                                          0.020997178999074752, -0.006096714165908197);
  const float far =
      1 - 2 / (detail::normal_exp2(detail::at_most(30.0f, a * static_cast<float>(2 * detail::log2_e))) + 1);
  return detail::copysign(a >= 0.625f ? far : near, x);  // near keeps NaN
}
TENON_INLINE double tanh(double x) {
  const double u = detail::exponential(2 * detail::at_most(20.0, detail::abs(x))).quarter_minus_quarter();
  const double d = u + 0.5, lost = (0.5 - d) + u, q = u / d;
  const double y = detail::copysign(q - q * (lost / d), x);
  return detail::abs(x) < 0x1p-28 ? x : y;
}

// 1 / (1 + e^-x)
TENON_INLINE float sigmoid(float x) {
  const auto e = detail::exponential(detail::at_least(-104.0f, -detail::abs(x)));
  const float y = 1 / (1 + e.value()), z = e.times(y);
  return x < 0 ? z : y;
}
TENON_INLINE double sigmoid(double x) {
  const auto e = detail::exponential(detail::at_least(-746.0, -detail::abs(x)));
  const double y = 1 / (1 + e.value()), z = e.times(y);
  return x < 0 ? z : y;
}

// x · sigmoid(x), with its limit -0 at -inf
TENON_INLINE float silu(float x) {
  const auto e = detail::exponential(detail::at_least(-110.0f, -detail::abs(x)));
  const float y = detail::at_least(-110.0f, x) / (1 + e.value()), z = e.times(y);
  return x < 0 ? z : y;
}
TENON_INLINE double silu(double x) {
  const auto e = detail::exponential(detail::at_least(-760.0, -detail::abs(x)));
  const double y = detail::at_least(-760.0, x) / (1 + e.value()), z = e.times(y);
  return x < 0 ? z : y;
}

}  // namespace tenon::scalar
