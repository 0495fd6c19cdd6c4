// The derivatives of digamma, for host and device: loops and branches, since nothing here vectorises.
#pragma once

#include "tenon/macros.h"

namespace tenon::scalar {
namespace detail {

// a^(s - 1) times Hurwitz's zeta(s, a), the sum of (a + k)^-s over k >= 0, for a > 0 and s >= 2: ten terms, and the
// Euler-Maclaurin formula for the others (DLMF 25.11.28; its coefficients are B_2j / (2j)!).
TENON_INLINE double scaled_zeta(double s, double a) {
  constexpr double coefficients[] = {1.0 / 12,
                                     -1.0 / 720,
                                     1.0 / 30240,
                                     -1.0 / 1209600,
                                     1.0 / 47900160,
                                     -691.0 / 1307674368000,
                                     1.0 / 74724249600,
                                     -3617.0 / 10670622842880000,
                                     43867.0 / 5109094217170944000,
                                     -174611.0 / 802857662698291200000.0,
                                     77683.0 / 14101100039391805440000.0,
                                     -236364091.0 / 1693824136731743669452800000.0};
  const double q = a + 10;
  double sum = 0;
  for (int k = 9; k >= 0; --k) sum += scalar::pow(a / (a + k), s);  // the smallest first
  double rising = s / q, tail = 0.5;                                // s (s + 1) ... (s + 2j - 2) / q^(2j - 1)
  for (int j = 0; j < 12; ++j) {
    tail += coefficients[j] * rising;
    rising *= (s + 2 * j + 1) / q * ((s + 2 * j + 2) / q);
  }
  const double last = scalar::pow(a / q, s);
  return sum / a + last * tail / a + last * (q / a) / (s - 1);
}

// n! zeta(n + 1, a) for a > 0. The power is taken in two parts, since it may leave the range that its product with
// the factorial does not.
TENON_INLINE double zeta_times_factorial(double n, double a) {
  if (!(a < 1e300)) return a == a ? 0 : a;
  double scale;
  if (n <= 170) {
    scale = 1;
    for (double i = 2; i <= n; ++i) scale *= i;
    const double half = scalar::floor(n / 2);
    scale = scale * scalar::pow(a, -half) * scalar::pow(a, half - n);
  } else {
    scale = scalar::exp(scalar::lgamma(n + 1) - n * scalar::log(a));
  }
  return scale * scaled_zeta(n + 1, a);
}

// psi^(n)(x) = (-1)^(n+1) n! zeta(n + 1, x) (DLMF 5.15.1, 25.11.12). Left of 0 the sum over k >= 0 is the one over all
// integers, which has period 1, without the part left of x.
TENON_INLINE double polygamma(double n, double x) {
  if (!(n >= 0) || scalar::floor(n) != n) return __builtin_nan("");
  if (n == 0) return scalar::digamma(x);
  if (n == 1) return scalar::trigamma(x);
  const double sign = scalar::fmod(n, 2.0) == 0 ? -1 : 1;
  if (x > 0) return sign * zeta_times_factorial(n, x);
  if (x == 0) return sign < 0 && !__builtin_signbit(x) ? -__builtin_inf() : __builtin_inf();
  const double d = x - scalar::rint(x), e = d < 0 ? -d : d;  // the distance to the nearest pole, exactly
  const double near = e == 0 ? __builtin_inf() : zeta_times_factorial(n, e);
  const double other = zeta_times_factorial(n, 1 - e) - (d < 0 ? sign : 1) * zeta_times_factorial(n, 1 - x);
  if (e == 0) return sign < 0 ? __builtin_nan("") : near;
  return d < 0 ? near + sign * other : sign * near + other;
}

}  // namespace detail

TENON_INLINE double polygamma(double n, double x) { return detail::polygamma(n, x); }
TENON_INLINE float polygamma(float n, float x) {
  return static_cast<float>(detail::polygamma(static_cast<double>(n), static_cast<double>(x)));
}

}  // namespace tenon::scalar
