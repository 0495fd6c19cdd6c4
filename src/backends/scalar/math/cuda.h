// The functions of math.h in CUDA translation units: CUDA's own where it has them, since it evaluates floats in float.
#pragma once

#include <cmath>
#include <cstdint>

#include "tenon/bit_cast.h"
#include "tenon/macros.h"

namespace tenon::scalar {

// What vectorises by scalar::map on the host; on a device each function is one of those below.
struct Exp;
struct Sin;
struct Cos;
struct Tan;
struct Gelu;
struct GeluSlope;
struct GeluTanh;
struct GeluTanhSlope;

#define TENON_CUDA_UNARY(name, cuda)                        \
  TENON_INLINE float name(float x) { return ::cuda##f(x); } \
  TENON_INLINE double name(double x) { return ::cuda(x); }
#define TENON_CUDA_BINARY(name)                                         \
  TENON_INLINE float name(float x, float y) { return ::name##f(x, y); } \
  TENON_INLINE double name(double x, double y) { return ::name(x, y); }

TENON_CUDA_UNARY(exp, exp)
TENON_CUDA_UNARY(exp2, exp2)
TENON_CUDA_UNARY(expm1, expm1)
TENON_CUDA_UNARY(log, log)
TENON_CUDA_UNARY(log2, log2)
TENON_CUDA_UNARY(log10, log10)
TENON_CUDA_UNARY(log1p, log1p)
TENON_CUDA_UNARY(sin, sin)
TENON_CUDA_UNARY(cos, cos)
TENON_CUDA_UNARY(tan, tan)
TENON_CUDA_UNARY(asin, asin)
TENON_CUDA_UNARY(acos, acos)
TENON_CUDA_UNARY(atan, atan)
TENON_CUDA_UNARY(sinh, sinh)
TENON_CUDA_UNARY(cosh, cosh)
TENON_CUDA_UNARY(tanh, tanh)
TENON_CUDA_UNARY(asinh, asinh)
TENON_CUDA_UNARY(acosh, acosh)
TENON_CUDA_UNARY(atanh, atanh)
TENON_CUDA_UNARY(cbrt, cbrt)
TENON_CUDA_UNARY(erf, erf)
TENON_CUDA_UNARY(erfc, erfc)
TENON_CUDA_UNARY(lgamma, lgamma)
TENON_CUDA_UNARY(rint, rint)
TENON_CUDA_UNARY(trunc, trunc)
TENON_CUDA_UNARY(floor, floor)
TENON_CUDA_UNARY(ceil, ceil)
TENON_CUDA_UNARY(sqrt, sqrt)
TENON_CUDA_BINARY(atan2)
TENON_CUDA_BINARY(pow)
TENON_CUDA_BINARY(hypot)
TENON_CUDA_BINARY(copysign)
TENON_CUDA_BINARY(nextafter)
TENON_CUDA_BINARY(fmod)

#undef TENON_CUDA_UNARY
#undef TENON_CUDA_BINARY

// What CUDA lacks, for T float or double.

template <class T> TENON_INLINE T sigmoid(T x) {
  const T e = exp(x < 0 ? x : -x);
  return (x < 0 ? e : T(1)) / (1 + e);
}
template <class T> TENON_INLINE T silu(T x) { return x < T(-1000) ? T(-0.0) : x * sigmoid(x); }
template <class T> TENON_INLINE T gelu(T x) {
  return x < T(-100) ? T(-0.0) : T(0.5) * x * erfc(-x * T(0.70710678118654752440));
}
template <class T> TENON_INLINE T gelu_slope(T x) {
  const T z = x < T(-40) ? T(-40) : x > T(40) ? T(40) : x;
  return T(0.5) * erfc(-z * T(0.70710678118654752440)) + z * exp(T(-0.5) * z * z) * T(0.39894228040143267794);
}
template <class T> TENON_INLINE T gelu_tanh(T x) {
  const T t = T(1.59576912160573071176) * x * (1 + T(0.044715) * x * x);
  return x < T(-30) ? T(-0.0) : x * sigmoid(t);
}
template <class T> TENON_INLINE T gelu_tanh_slope(T whole) {
  constexpr T b = T(1.59576912160573071176), c = T(0.044715);
  const T x = whole < T(-30) ? T(-30) : whole > T(30) ? T(30) : whole, q = c * x * x, t = b * x * (1 + q);
  return sigmoid(t) + x * b * (1 + 3 * q) * sigmoid(t) * sigmoid(-t);
}
template <class T> TENON_INLINE T softplus(T x) { return (x < 0 ? T(0) : x) + log1p(exp(x < 0 ? x : -x)); }
template <class T> TENON_INLINE T logit(T x) {
  const T d = x - T(0.5);
  return d < T(0.25) && d > T(-0.25) ? 2 * atanh(2 * d) : log(x / (1 - x));
}
template <class T> TENON_INLINE T logaddexp(T a, T b) {
  const T gap = a == b ? T(0) : a > b ? b - a : a - b;
  return gap == gap ? (a > b ? a : b) + log1p(exp(gap)) : a + b;
}

#if defined(__CUDA_ARCH__)
TENON_INLINE double sinpi(double x) { return ::sinpi(x); }
TENON_INLINE double cospi(double x) { return ::cospi(x); }
#else  // never run: the host's kernels are compiled without CUDA
TENON_INLINE double sinpi(double x) { return ::sin(3.14159265358979323846 * x); }
TENON_INLINE double cospi(double x) { return ::cos(3.14159265358979323846 * x); }
#endif

template <class T> TENON_INLINE T sinc(T x) {
  const double y = sinpi(x) / (3.14159265358979323846 * x);
  return x == 0 ? T(1) : T(y) + 0;
}

// As digamma in special.h.
template <class T> TENON_INLINE T digamma(T argument) {
  const double x = argument, a = x < 0 ? 1 - x : x, s = a < 8 ? a + 8 : a, w = 1 / s, z = w * w, v = a * (a + 7);
  const double series =
      1.0 / 12 +
      z * (-1.0 / 120 +
           z * (1.0 / 252 +
                z * (-1.0 / 240 + z * (1.0 / 132 + z * (-691.0 / 32760 + z * (1.0 / 12 + z * (-3617.0 / 8160)))))));
  const double far = ::log(s) - 0.5 * w - z * series;
  const double sum = (2 * a + 7) * (720 + v * (504 + v * (84 + v * 4))) / (v * (720 + v * (252 + v * (28 + v))));
  const double right = a < 8 ? far - sum : far;
  if (!(x < 0)) return T(right);
  return x == ::floor(x) ? T(__builtin_nan("")) : T(right - 3.14159265358979323846 * cospi(x) / sinpi(x));
}

// As trigamma in special.h.
template <class T> TENON_INLINE T trigamma(T argument) {
  const double x = argument, a = x < 0 ? 1 - x : x;
  double sum = 0;
  for (int k = 0; k < 8; k++) sum += 1 / ((a + k) * (a + k));
  const double s = a + 8, w = 1 / s, z = w * w;
  const double series =
      1.0 / 6 +
      z * (-1.0 / 30 + z * (1.0 / 42 + z * (-1.0 / 30 + z * (5.0 / 66 + z * (-691.0 / 2730 + z * (7.0 / 6))))));
  const double right = sum + w + z / 2 + z * w * series, ratio = 3.14159265358979323846 / sinpi(x);
  return T(x < 0 ? ratio * ratio - right : right);
}

}  // namespace tenon::scalar
