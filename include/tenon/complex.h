// complex<T>: two numbers side by side, laid out as std::complex<T>, for host and device code.
#pragma once

#include <type_traits>

#include "tenon/macros.h"

namespace tenon {

namespace detail {
#if defined(__CUDA_ARCH__)
template <class T> TENON_INLINE T hypot(T x, T y) { return ::hypot(x, y); }
template <class T> TENON_INLINE T atan2(T y, T x) { return ::atan2(y, x); }
#else
TENON_INLINE float hypot(float x, float y) { return __builtin_hypotf(x, y); }
TENON_INLINE double hypot(double x, double y) { return __builtin_hypot(x, y); }
TENON_INLINE float atan2(float y, float x) { return __builtin_atan2f(y, x); }
TENON_INLINE double atan2(double y, double x) { return __builtin_atan2(y, x); }
#endif

// std::complex<T> and its likes, recognised by their members: <complex> is expensive to include.
template <class C, class T>
concept complex_of = requires(const C& z) {
  requires std::is_same_v<typename C::value_type, T>;
  z.real() + z.imag();
  C(T(), T());
};
}  // namespace detail

template <class T>
struct complex {
  T re, im;

  complex() = default;
  TENON_INLINE constexpr complex(T real, T imag = T(0)) : re(real), im(imag) {}
  template <class U>
    requires(!std::is_same_v<T, U>)
  TENON_INLINE constexpr explicit(sizeof(U) > sizeof(T)) complex(complex<U> z) : re(T(z.re)), im(T(z.im)) {}
  template <detail::complex_of<T> C>
  TENON_INLINE constexpr complex(const C& z) : re(z.real()), im(z.imag()) {}
  template <detail::complex_of<T> C>
  TENON_INLINE constexpr operator C() const {
    return C(re, im);
  }

  TENON_INLINE friend constexpr complex operator-(complex a) { return {-a.re, -a.im}; }
  TENON_INLINE friend constexpr complex operator+(complex a, complex b) { return {a.re + b.re, a.im + b.im}; }
  TENON_INLINE friend constexpr complex operator-(complex a, complex b) { return {a.re - b.re, a.im - b.im}; }
  TENON_INLINE friend constexpr complex operator*(complex a, complex b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }

  // Smith's method, which does not overflow where the quotient does not; selects, so that loops vectorise.
  // As NumPy: x/0 divides both parts by zero, infinities are not mended as C's Annex G would.
  TENON_INLINE friend constexpr complex operator/(complex a, complex b) {
    const T abs_re = b.re < 0 ? -b.re : b.re, abs_im = b.im < 0 ? -b.im : b.im;
    const bool by_re = abs_re >= abs_im, by_zero = abs_re + abs_im == 0;
    const T large = by_re ? b.re : b.im, small = by_re ? b.im : b.re;
    const T ratio = small / large;
    const T scale = 1 / (by_zero ? T(0) : large + small * ratio);
    const T x = by_re ? a.re : a.im, y = by_re ? a.im : a.re;
    const T re = x + y * ratio, im = y - x * ratio;
    return {(by_zero ? a.re : re) * scale, (by_zero ? a.im : by_re ? im : -im) * scale};
  }

  TENON_INLINE friend constexpr bool operator==(complex a, complex b) { return a.re == b.re && a.im == b.im; }

  TENON_INLINE constexpr complex& operator+=(complex b) { return *this = *this + b; }
  TENON_INLINE constexpr complex& operator-=(complex b) { return *this = *this - b; }
  TENON_INLINE constexpr complex& operator*=(complex b) { return *this = *this * b; }
  TENON_INLINE constexpr complex& operator/=(complex b) { return *this = *this / b; }

  // As those of std::complex: norm is the square of abs.
  TENON_INLINE friend constexpr complex conj(complex z) { return {z.re, -z.im}; }
  TENON_INLINE friend constexpr T norm(complex z) { return z.re * z.re + z.im * z.im; }
  TENON_INLINE friend T abs(complex z) { return detail::hypot(z.re, z.im); }
  TENON_INLINE friend T arg(complex z) { return detail::atan2(z.im, z.re); }
};

using complex64 = complex<float>;
using complex128 = complex<double>;

}  // namespace tenon
