// erf, erfc, lgamma, digamma, trigamma.
#pragma once

#include "core.h"
#include "exp.h"
#include "log.h"
#include "trig.h"

extern "C" double lgamma_r(double x, int* sign) noexcept;  // libm's

namespace tenon::scalar {
namespace detail {

// erf(x) / x - 1 by z = x², |x| < 0.95
TENON_INLINE float erf_near_0(float z) {
  return poly(z, 0.12837915472723108, -0.37612528804753687, 0.11282194093299178, -0.02678071912852338,
              0.005014484151150446, -0.0006102687036764049);
}

// x² = high + rest, of which high is exact: the exponential of a square magnifies what rounding takes from it.
struct Square {
  float high, rest;
};
TENON_INLINE Square exact_square(float x) {
  const float head = from_bits(bits(x) & 0xfffff000u);
  return {head * head, (x + head) * (x - head)};
}

// B_2n / (2n (2n - 1)) and B_2n / 2n, the coefficients of Stirling's series and its derivative
TENON_INLINE double stirling(double w) {
  return poly(w, 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156,
              -3617.0 / 122400);
}
TENON_INLINE double stirling_derivative(double w) {
  return poly(w, 1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160);
}

// log|gamma(x)| with an absolute error of 1e-15, enough for a float even beside the zeros
TENON_INLINE double lgamma_float(double x) {
  const double a = abs(x);
  const bool reflect = x < 0, below_1 = a < 1, below_8 = a < 8;
  // gamma(a) · factor = gamma(shifted argument). For 0 < x < 3, where the zeros at 1 and 2 need relative accuracy, a polynomial on
  // [1, 3]; otherwise Stirling's series from 8 on.
  const bool small = (x < 3) & !reflect;
  const double t = (below_1 ? a + 1 : a) - 2;
  const double near =
      t * (t + 1) *
      poly(t, 0.42278433506504504, -0.10031730165840978, 0.032965004891564564, -0.012384194230569828,
           0.004998552300004513, -0.002108088442672437, 0.0009160753652910803, -0.0004060405522927123,
           0.0001798884008053009, -8.182445119199867e-05, 4.358498803212707e-05, -2.0244296438057547e-05,
           2.3377832871042997e-06, -1.0423813294330275e-06, 4.848753396804804e-06, -2.301277182486616e-06);
  const double s = below_8 ? a + 8 : a, w = 1 / s;
  const double far = (s - 0.5) * (log(s) - 1) + (0x1.d67f1c864beb5p-1 - 0.5) + w * stirling(w * w);
  const double shifted = small ? near : far;
  const double v = a * (a + 7), product = below_8 ? v * poly(v, 720, 252, 28, 1) : 1;  // a (a+1) … (a+7), in pairs
  const double factor = small ? (below_1 ? a : 1) : product;
  // gamma(-a) gamma(a) = -pi / (a sin(pi a))
  const double sine = abs(sincospi(a).sin);
  const double logarithm = log(reflect ? a * sine / factor : factor);
  const double y = (0 - logarithm) + (reflect ? 0x1.250d048e7a1bdp+0 - shifted : shifted);  // +0 at 1 and 2
  return a == infinity ? infinity : y;
}

// By recurrence to x >= 8, Stirling's series there, and reflection for negative x.
TENON_INLINE double digamma(double x) {
  const bool reflect = x < 0, pole = reflect & (__builtin_floor(x) == x);
  const double a = reflect ? 1 - x : x;
  const bool below_8 = a < 8;
  // 1/a + 1/(a+1) + … + 1/(a+7), in pairs from both ends whose products are v, v + 6, v + 10 and v + 12
  const double v = a * (a + 7);
  const double sum = (2 * a + 7) * poly(v, 720, 504, 84, 4) / (v * poly(v, 720, 252, 28, 1));
  const double s = below_8 ? a + 8 : a, w = 1 / s, far = log(s) - 0.5 * w - w * w * stirling_derivative(w * w);
  const double right = below_8 ? far - sum : far;
  const auto [sine, cosine] = sincospi(x);
  const double left = right - pi * cosine / sine;
  return pole ? not_a_number : reflect ? left : right;
}

// As digamma: eight terms of 1/(a + k)^2, the asymptotic series at a + 8, and reflection.
TENON_INLINE double trigamma(double x) {
  const bool reflect = x < 0;
  const double a = reflect ? 1 - x : x;
  double sum = 0;
  for (int k = 0; k < 8; k++) sum += 1 / ((a + k) * (a + k));
  const double s = a + 8, w = 1 / s, z = w * w;
  const double far =
      w + z / 2 + z * w * poly(z, 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6);
  const double right = sum + far;
  const double sine = sincospi(x).sin, ratio = pi / sine;
  return reflect ? ratio * ratio - right : right;
}

}  // namespace detail

TENON_INLINE float erf(float x) {
  const float a = detail::at_most(4.0f, detail::abs(x)), near = a + a * detail::erf_near_0(a * a);
  // 1 - erf(a) = e^-y with a smooth y(a)
  const float y = detail::poly(a, -0.00031853966241225597, 1.1302310552231873, 0.6318239181057594, 0.1100871664955004,
                               -0.026427637153529877, 0.004762625832512992, -0.0005975857702302331,
                               4.616385862524457e-05, -1.6430636556906173e-06);
  const float far = 1 - detail::exponential(-y).normal_value();
  return detail::copysign(a < 0.9f ? near : far, x);
}
TENON_INLINE double erf(double x) {
  const double a = detail::at_most(6.0, detail::abs(x)), z = a * a, t = a - 1;
  const double near =
      a + a * detail::poly(z, 0.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792,
                           0.0052239776248180145, -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-05,
                           1.6461000484121368e-06, -1.6350312701054695e-07, 1.4659775274047436e-08,
                           -1.1372848856791674e-09, 5.957176147748911e-11);
  const double y = detail::poly(
      t, 1.8496055099332482, 2.638967514234795, 0.8431072563583275, 0.04156109804938037, -0.010033825462634972,
      0.0019779031986228326, -0.00023732547115646525, -2.6267990577569252e-05, 2.713550927299477e-05,
      -9.567176249351182e-06, 2.0042076999507634e-06, -8.646472354339328e-08, -1.4152970860425964e-07,
      7.846484305037978e-08, -2.7148106745723257e-08, 7.217267174036438e-09, -1.5518802262158816e-09,
      2.733640797285654e-10, -3.930970685424521e-11, 4.550533230853445e-12, -4.139267766144228e-13,
      2.847812684810216e-14, -1.3920849232129402e-15, 4.304840113498005e-17, -6.325520588718493e-19);
  return detail::copysign(a < 1 ? near : 1 - detail::exponential(-y).value(), x);
}

TENON_INLINE float erfc(float x) {
  const float near = 1 - (x + x * detail::erf_near_0(x * x));  // where the other form magnifies what t lacks
  // e^(a²) · erfc(a) · (a + 2.5), smooth in t
  const float a = detail::at_most(10.2f, detail::abs(x)), v = 1 / (a + 2.5f), t = (a - 2.5f) * v;
  const float scaled = detail::poly(t, 1.0540318205762278, -0.8046518623727442, 0.453914130828041, -0.17125055006780177,
                                    0.028360308281307114, 0.00838566689161568, -0.004802528557160529,
                                    -0.00040483260384972927, 0.0006294422035679758);
  const auto [high, rest] = detail::exact_square(a);
  const float y = detail::exponential(-high, -rest).times(scaled * v), far = x < 0 ? 2 - y : y;
  return detail::abs(x) < 0.7f ? near : far;
}
inline double erfc(double x) { return __builtin_erfc(x); }  // libm

TENON_INLINE float lgamma(float x) { return static_cast<float>(detail::lgamma_float(x)); }
inline double lgamma(double x) {  // lgamma_r, since lgamma writes the global signgam
  int sign;
  return ::lgamma_r(x, &sign);
}

TENON_INLINE float digamma(float x) { return static_cast<float>(detail::digamma(x)); }
TENON_INLINE double digamma(double x) { return detail::digamma(x); }
TENON_INLINE float trigamma(float x) { return static_cast<float>(detail::trigamma(x)); }
TENON_INLINE double trigamma(double x) { return detail::trigamma(x); }

}  // namespace tenon::scalar
