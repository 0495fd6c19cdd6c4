// Hurwitz's zeta function, for host and device: loops and branches, since nothing here vectorises.
#pragma once

#include "core.h"

namespace tenon::scalar {
namespace detail {

// (a / (a + k))^s. A power magnifies the rounding of its quotient by s, and the exponential that of the logarithm: each
// where it does little.
TENON_INLINE double zeta_term(double s, double a, double k) {
  return k > a ? scalar::pow(a / (a + k), s) : scalar::exp(-s * scalar::log1p(k / a));
}

// a^(s - 1) times Hurwitz's zeta(s, a), the sum of (a + k)^-s over k >= 0, for a > 0 and s > 1: ten terms, and the
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
  for (int k = 9; k >= 0; --k) sum += zeta_term(s, a, k);  // the smallest first
  const double last = zeta_term(s, a, 10);
  if (!(last > 0)) return sum / a;
  double rising = s / q, tail = 0.5;  // s (s + 1) ... (s + 2j - 2) / q^(2j - 1)
  for (int j = 0; j < 12; ++j) {
    tail += coefficients[j] * rising;
    rising *= (s + 2 * j + 1) / q * ((s + 2 * j + 2) / q);
  }
  return sum / a + last * tail / a + last * (q / a) / (s - 1);
}

// The sum of (x + k)^-s over k >= 0 for x < 0 and a whole s, times some scale, by that of positive arguments: the sum over
// all integers has period 1, and what is left of x is its part that does not belong here. sign: (-1)^s.
template <class Zeta>
TENON_INLINE double zeta_left_of_zero(double sign, double x, Zeta zeta) {
  const double d = x - scalar::rint(x), e = d < 0 ? -d : d;  // the distance to the nearest pole, exactly
  if (e == 0) return infinity;
  const double near = zeta(e), other = zeta(1 - e) - (d < 0 ? sign : 1) * zeta(1 - x);
  return d < 0 ? sign * near + other : near + sign * other;
}

// For s > 1 and a > 0.
TENON_SHARED double zeta_of_positive(double s, double a) {
  if (a == infinity) return 0;
  if (s > 2000) return scalar::pow(a, -s);  // beside which the other terms are nothing
  const double half = scalar::pow(a, -0.5 * s);  // in two parts, since a^-s may leave the range that the sum does not
  return half * (half * (a * scaled_zeta(s, a)));
}

// As SciPy's and PyTorch's: only s >= 1 is defined here, infinite at the poles 0, -1, -2, ... of q, and NaN left of 0
// where s is not whole.
TENON_SHARED double zeta(double s, double q) {
  if (!(s >= 1) || q != q) return not_a_number;
  if (s == 1) return infinity;
  if (q > 0) return zeta_of_positive(s, q);
  if (scalar::floor(q) == q) return infinity;
  if (scalar::floor(s) != s) return not_a_number;
  const double sign = scalar::fmod(s, 2.0) == 1 ? -1 : 1;
  return zeta_left_of_zero(sign, q, [s](double a) { return zeta_of_positive(s, a); });
}

}  // namespace detail

TENON_INLINE double zeta(double s, double q) { return detail::zeta(s, q); }
TENON_INLINE float zeta(float s, float q) {
  return static_cast<float>(detail::zeta(static_cast<double>(s), static_cast<double>(q)));
}

}  // namespace tenon::scalar
