// The complex functions, with NumPy's branch cuts and special values: std::complex on the host, which is C99's <complex.h>;
// in CUDA translation units the toolkit's cuda::std::complex, which follows C99, too.
#pragma once

#include "tenon/complex.h"

#if defined(__CUDACC__)
#include <cuda/std/cmath>
#include <cuda/std/complex>
#else
#include <cmath>
#include <complex>
#endif

#if defined(__CUDACC__)
#define TENON_STD ::cuda::std
#else
#define TENON_STD ::std
#endif

namespace tenon::scalar {

template <class T> TENON_INLINE complex<T> reciprocal(complex<T> z) { return complex<T>(1) / z; }

// z / |z|, and 0 at 0
template <class T> TENON_INLINE complex<T> sign(complex<T> z) {
  const T r = abs(z);
  return r == 0 ? complex<T>(0) : complex<T>(z.re / r, z.im / r);
}

#define TENON_STD_COMPLEX(f) \
  template <class T> TENON_HD inline complex<T> f(complex<T> z) { return TENON_STD::f(TENON_STD::complex<T>(z)); }
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

template <class T> TENON_HD inline complex<T> exp2(complex<T> z) {
  constexpr T ln2 = T(0.693147180559945309);
  return TENON_STD::exp(TENON_STD::complex<T>(z.re * ln2, z.im * ln2));
}
template <class T> TENON_HD inline complex<T> log2(complex<T> z) {
  const complex<T> y = log(z);
  return {y.re * T(1.44269504088896340736L), y.im * T(1.44269504088896340736L)};
}
template <class T> TENON_HD inline complex<T> log10(complex<T> z) {
  const complex<T> y = log(z);
  return {y.re * T(0.434294481903251827651L), y.im * T(0.434294481903251827651L)};
}

// |1 + z|² - 1 = x (2 + x) + y² keeps the digits of a small z; elsewhere the plain logarithm is as good, and does not overflow.
template <class T> TENON_HD inline complex<T> log1p(complex<T> z) {
  const T x = z.re, y = z.im;
  const bool small = TENON_STD::abs(x) < T(0.5) && TENON_STD::abs(y) < T(0.5);
  return {small ? T(0.5) * TENON_STD::log1p(x * (2 + x) + y * y) : TENON_STD::log(TENON_STD::hypot(1 + x, y)),
          TENON_STD::atan2(y, 1 + x)};
}
// e^x cos y - 1 = expm1(x) cos y - 2 sin²(y/2); where no digits can be lost, exp(z) - 1 has C99's special values and overflow.
template <class T> TENON_HD inline complex<T> expm1(complex<T> z) {
  if (!(TENON_STD::abs(z.re) < 30 && TENON_STD::isfinite(z.im))) return exp(z) - complex<T>(1);
  const T s = TENON_STD::sin(z.im / 2);
  return {TENON_STD::expm1(z.re) * TENON_STD::cos(z.im) - 2 * s * s, TENON_STD::exp(z.re) * TENON_STD::sin(z.im)};
}

// As NumPy: z^0 = 1; 0^w = 0 if Re w > 0, otherwise NaN; small integer powers by multiplication, so that they are exact.
template <class T> TENON_HD inline complex<T> pow(complex<T> z, complex<T> w) {
  if (w == complex<T>(0)) return complex<T>(1);
  if (z == complex<T>(0)) return w.re > 0 ? complex<T>(0) : complex<T>(T(__builtin_nan("")), T(__builtin_nan("")));
  if (w.im == 0 && w.re == TENON_STD::trunc(w.re) && TENON_STD::abs(w.re) < 100) {
    complex<T> power(1), square = z;
    for (int n = static_cast<int>(TENON_STD::abs(w.re)); n; n >>= 1, square *= square)
      if (n & 1) power *= square;
    return w.re < 0 ? reciprocal(power) : power;
  }
  return TENON_STD::pow(TENON_STD::complex<T>(z), TENON_STD::complex<T>(w));
}

#undef TENON_STD

}  // namespace tenon::scalar
