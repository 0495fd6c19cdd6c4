#pragma once
#include <complex>
#include "tenon/complex.h"
namespace tenon::scalar {
template <class T> inline complex<T> exp(complex<T> z) { return std::exp(std::complex<T>(z)); }
template <class T> inline complex<T> log(complex<T> z) { return std::log(std::complex<T>(z)); }
template <class T> inline complex<T> log10(complex<T> z) { return std::log10(std::complex<T>(z)); }
template <class T> inline complex<T> sqrt(complex<T> z) { return std::sqrt(std::complex<T>(z)); }
template <class T> inline complex<T> sin(complex<T> z) { return std::sin(std::complex<T>(z)); }
template <class T> inline complex<T> cos(complex<T> z) { return std::cos(std::complex<T>(z)); }
template <class T> inline complex<T> tan(complex<T> z) { return std::tan(std::complex<T>(z)); }
template <class T> inline complex<T> asin(complex<T> z) { return std::asin(std::complex<T>(z)); }
template <class T> inline complex<T> acos(complex<T> z) { return std::acos(std::complex<T>(z)); }
template <class T> inline complex<T> atan(complex<T> z) { return std::atan(std::complex<T>(z)); }
template <class T> inline complex<T> sinh(complex<T> z) { return std::sinh(std::complex<T>(z)); }
template <class T> inline complex<T> cosh(complex<T> z) { return std::cosh(std::complex<T>(z)); }
template <class T> inline complex<T> tanh(complex<T> z) { return std::tanh(std::complex<T>(z)); }
template <class T> inline complex<T> asinh(complex<T> z) { return std::asinh(std::complex<T>(z)); }
template <class T> inline complex<T> acosh(complex<T> z) { return std::acosh(std::complex<T>(z)); }
template <class T> inline complex<T> atanh(complex<T> z) { return std::atanh(std::complex<T>(z)); }
template <class T> inline complex<T> exp2(complex<T> z) { return exp(complex<T>(z.re * T(0.693147180559945309), z.im * T(0.693147180559945309))); }
template <class T> inline complex<T> log2(complex<T> z) { auto r = log(z); return {r.re * T(1.44269504088896341), r.im * T(1.44269504088896341)}; }
template <class T> inline complex<T> expm1(complex<T> z) { auto r = exp(z); return {r.re - 1, r.im}; }
template <class T> inline complex<T> log1p(complex<T> z) { return log(complex<T>(1 + z.re, z.im)); }
template <class T> inline complex<T> pow(complex<T> a, complex<T> b) { return std::pow(std::complex<T>(a), std::complex<T>(b)); }
template <class T> inline complex<T> sign(complex<T> z) { T m = abs(z); return m == 0 ? complex<T>(0) : complex<T>(z.re / m, z.im / m); }
}
