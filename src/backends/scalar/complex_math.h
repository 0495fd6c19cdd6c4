// The complex functions, with NumPy's branch cuts and special values: std::complex on the host, which is C99's <complex.h>.
// On the device only sign and reciprocal: thrust has no half of these functions, and ours are not written yet.
#pragma once

#include "tenon/complex.h"

#if !defined(__CUDACC__)
#include <cmath>
#include <complex>
#endif

namespace tenon::scalar {

template <class T> TENON_INLINE complex<T> reciprocal(complex<T> z) { return complex<T>(1) / z; }

// z / |z|, and 0 at 0
template <class T> TENON_INLINE complex<T> sign(complex<T> z) {
  const T r = abs(z);
  return r == 0 ? complex<T>(0) : complex<T>(z.re / r, z.im / r);
}

#if !defined(__CUDACC__)

#define TENON_STD_COMPLEX(f) \
  template <class T> inline complex<T> f(complex<T> z) { return std::f(std::complex<T>(z)); }
TENON_STD_COMPLEX(exp)
TENON_STD_COMPLEX(log)
TENON_STD_COMPLEX(sqrt)
TENON_STD_COMPLEX(sin)
TENON_STD_COMPLEX(cos)
TENON_STD_COMPLEX(tan)
TENON_STD_COMPLEX(asin)
TENON_STD_COMPLEX(acos)
TENON_STD_COMPLEX(atan)
TENON_STD_COMPLEX(sinh)
TENON_STD_COMPLEX(cosh)
TENON_STD_COMPLEX(tanh)
TENON_STD_COMPLEX(asinh)
TENON_STD_COMPLEX(acosh)
TENON_STD_COMPLEX(atanh)
#undef TENON_STD_COMPLEX

template <class T> inline complex<T> exp2(complex<T> z) {
  constexpr T ln2 = T(0.693147180559945309);
  return std::exp(std::complex<T>(z.re * ln2, z.im * ln2));
}
template <class T> inline complex<T> log2(complex<T> z) {
  const complex<T> y = log(z);
  return {y.re * T(1.44269504088896340736L), y.im * T(1.44269504088896340736L)};
}
template <class T> inline complex<T> log10(complex<T> z) {
  const complex<T> y = log(z);
  return {y.re * T(0.434294481903251827651L), y.im * T(0.434294481903251827651L)};
}

// |1 + z|² - 1 = x (2 + x) + y² keeps the digits of a small z; elsewhere the plain logarithm is as good, and does not overflow.
template <class T> inline complex<T> log1p(complex<T> z) {
  const T x = z.re, y = z.im;
  const bool small = std::abs(x) < T(0.5) && std::abs(y) < T(0.5);
  return {small ? T(0.5) * std::log1p(x * (2 + x) + y * y) : std::log(std::hypot(1 + x, y)), std::atan2(y, 1 + x)};
}
// e^x cos y - 1 = expm1(x) cos y - 2 sin²(y/2); where no digits can be lost, exp(z) - 1 has C99's special values and overflow.
template <class T> inline complex<T> expm1(complex<T> z) {
  if (!(std::abs(z.re) < 30 && std::isfinite(z.im))) return exp(z) - complex<T>(1);
  const T s = std::sin(z.im / 2);
  return {std::expm1(z.re) * std::cos(z.im) - 2 * s * s, std::exp(z.re) * std::sin(z.im)};
}

// As NumPy: z^0 = 1; 0^w = 0 if Re w > 0, otherwise NaN; small integer powers by multiplication, so that they are exact.
template <class T> inline complex<T> pow(complex<T> z, complex<T> w) {
  if (w == complex<T>(0)) return complex<T>(1);
  if (z == complex<T>(0)) return w.re > 0 ? complex<T>(0) : complex<T>(T(NAN), T(NAN));
  if (w.im == 0 && w.re == std::trunc(w.re) && std::abs(w.re) < 100) {
    complex<T> power(1), square = z;
    for (int n = static_cast<int>(std::abs(w.re)); n; n >>= 1, square *= square)
      if (n & 1) power *= square;
    return w.re < 0 ? reciprocal(power) : power;
  }
  return std::pow(std::complex<T>(z), std::complex<T>(w));
}

#endif

}  // namespace tenon::scalar
