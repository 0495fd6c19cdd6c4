// The regularised incomplete gamma functions P and Q = 1 - P, for host and device: loops and branches.
#pragma once

#include "tenon/macros.h"

namespace tenon::scalar {
namespace detail {

// log(1 + u) - u, without the cancellation near 0.
TENON_INLINE double log1p_less(double u) {
  if (u > 0.5 || u < -0.4) return scalar::log1p(u) - u;
  // By v = u / (2 + u): log(1 + u) = 2 (v + v³/3 + v⁵/5 + ...), and u = 2v + u v.
  const double v = u / (2 + u), z = v * v;
  double sum = 0;
  for (int k = 35; k >= 3; k -= 2) sum = sum * z + 1.0 / k;
  return v * (2 * z * sum - u);
}

// x^a e^-x / gamma(a + 1). From a = 10 on by Stirling's series, so that large terms do not cancel.
TENON_INLINE double gamma_density(double a, double x) {
  if (a < 10) return scalar::exp(a * scalar::log(x) - x - scalar::lgamma(a + 1));
  const double w = 1 / a, z = w * w;
  const double correction =
      w *
      (1.0 / 12 + z * (-1.0 / 360 + z * (1.0 / 1260 + z * (-1.0 / 1680 + z * (1.0 / 1188 - z * (691.0 / 360360))))));
  const double ratio = x / a;
  const double exponent = ratio < 0.6 ? scalar::log(ratio) - (ratio - 1) : log1p_less((x - a) / a);
  return scalar::exp(a * exponent - correction) / scalar::sqrt(6.283185307179586 * a);
}

// P by its power series (DLMF 8.11.4), whose terms are positive.
TENON_INLINE double gamma_series(double a, double x) {
  double term = 1, sum = 1;
  for (double n = a + 1; term > sum * 1e-17; ++n) {
    term *= x / n;
    sum += term;
  }
  return sum * gamma_density(a, x);
}

// Q by the continued fraction of DLMF 8.9.2, evaluated by Lentz's method; x > a + 1.
TENON_INLINE double gamma_fraction(double a, double x) {
  constexpr double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (double i = 1; i < 1e6; ++i) {
    const double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (d < tiny && d > -tiny) d = tiny;
    c = b + an / c;
    if (c < tiny && c > -tiny) c = tiny;
    d = 1 / d;
    const double factor = d * c;
    h *= factor;
    if (factor - 1 < 1e-16 && factor - 1 > -1e-16) break;
  }
  return h * a * gamma_density(a, x);
}

// Q for a < 1 and x <= 1.1, where P is near 1 (DLMF 8.7.1).
TENON_INLINE double gamma_small(double a, double x) {
  double log_gamma = scalar::lgamma(1 + a);
  if (a < 0.01)  // its series at 1
    log_gamma = a * (-0.5772156649015329 +
                     a * (0.8224670334241132 +
                          a * (-0.40068563438653143 +
                               a * (0.27058080842778454 + a * (-0.20738555102867398 + a * 0.1695571769974082)))));
  const double exponent = a * scalar::log(x) - log_gamma;
  double term = 1, sum = 0;
  for (int n = 1; n < 40; ++n) {
    term *= -x / n;
    sum += a * term / (a + n);
  }
  return -scalar::expm1(exponent) - scalar::exp(exponent) * sum;
}

// Q for large a, by the first two terms of Temme's uniform expansion (DLMF 8.12.4).
TENON_INLINE double gamma_uniform(double a, double x, bool upper) {
  const double mu = (x - a) / a, half = -log1p_less(mu), eta = (mu < 0 ? -1 : 1) * scalar::sqrt(2 * half);
  const double main = 0.5 * scalar::erfc((upper ? eta : -eta) * scalar::sqrt(0.5 * a));
  if (half * a > 745) return main;
  const double c0 =
      mu < 1e-3 && mu > -1e-3 ? -1.0 / 3 + eta * (1.0 / 12 + eta * (-2.0 / 135 + eta / 864)) : 1 / mu - 1 / eta;
  const double c1 = -1.0 / 540 + eta * (-1.0 / 288 + eta / 378);
  const double rest = scalar::exp(-half * a) / scalar::sqrt(6.283185307179586 * a) * (c0 + c1 / a);
  return upper ? main + rest : main - rest;
}

TENON_INLINE double incomplete_gamma(double a, double x, bool upper) {
  if (!(a >= 0) || !(x >= 0)) return __builtin_nan("");
  if (a == 0) return x == 0 ? __builtin_nan("") : upper ? 0 : 1;
  if (x == 0) return upper ? 1 : 0;
  if (a > 1e300) return x > 1e300 ? __builtin_nan("") : upper ? 1 : 0;
  if (x > 1e300) return upper ? 0 : 1;
  if (a > 1e5) return gamma_uniform(a, x, upper);
  if (a < 1 && x <= 1.1 && upper) return gamma_small(a, x);
  if (x <= a + 1) return upper ? 1 - gamma_series(a, x) : gamma_series(a, x);
  return upper ? gamma_fraction(a, x) : 1 - gamma_fraction(a, x);
}

}  // namespace detail

TENON_INLINE double igamma(double a, double x) { return detail::incomplete_gamma(a, x, false); }
TENON_INLINE double igammac(double a, double x) { return detail::incomplete_gamma(a, x, true); }
TENON_INLINE float igamma(float a, float x) {
  return static_cast<float>(detail::incomplete_gamma(static_cast<double>(a), static_cast<double>(x), false));
}
TENON_INLINE float igammac(float a, float x) {
  return static_cast<float>(detail::incomplete_gamma(static_cast<double>(a), static_cast<double>(x), true));
}

}  // namespace tenon::scalar
