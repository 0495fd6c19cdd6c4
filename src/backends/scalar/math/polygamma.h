// The derivatives of digamma, for host and device: loops and branches, since nothing here vectorises.
#pragma once

#include "zeta.h"

namespace tenon::scalar {
namespace detail {

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

// psi^(n)(x) = (-1)^(n+1) n! zeta(n + 1, x) (DLMF 5.15.1, 25.11.12), from n = 2 on.
TENON_SHARED double higher_polygamma(double n, double x) {
  if (!(n >= 0) || scalar::floor(n) != n) return __builtin_nan("");
  const double sign = scalar::fmod(n, 2.0) == 0 ? -1 : 1;
  if (x > 0) return sign * zeta_times_factorial(n, x);
  if (x == 0) return sign < 0 && !__builtin_signbit(x) ? -__builtin_inf() : __builtin_inf();
  if (sign < 0 && scalar::rint(x) == x) return __builtin_nan("");
  return sign * zeta_left_of_zero(sign, x, [n](double a) { return zeta_times_factorial(n, a); });
}

}  // namespace detail

TENON_INLINE double polygamma(double n, double x) {
  return n == 0 ? scalar::digamma(x) : n == 1 ? scalar::trigamma(x) : detail::higher_polygamma(n, x);
}
TENON_INLINE float polygamma(float n, float x) {
  return static_cast<float>(scalar::polygamma(static_cast<double>(n), static_cast<double>(x)));
}

}  // namespace tenon::scalar
