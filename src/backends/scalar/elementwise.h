// THE definition of each elementwise primitive, for host and device: one line per row of elementwise.def.
// T is the compute dtype: float, double, complex, a fixed-width integer or bool (never half or bfloat16).
#pragma once

#include <limits>
#include <type_traits>

#include "backends/scalar/complex_math.h"
#include "backends/scalar/math.h"
#include "tenon/bit_cast.h"
#include "tenon/complex.h"
#include "tenon/macros.h"

namespace tenon::scalar {

template <class T>
inline constexpr bool is_complex_v = requires(T t) { t.im; };
template <class T>
inline constexpr bool is_integer_v = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <class T>
inline constexpr bool is_signed_v = std::is_signed_v<T>;

// ---- the few definitions that do not fit on a line ----
template <class T>
TENON_INLINE T floor_div(T a, T b) {
  if constexpr (is_integer_v<T>) {
    // One select keeps the hardware from trapping on x / 0 and INT_MIN / -1.
    const T d = b == 0 ? T(1) : b;
    if constexpr (is_signed_v<T>) {
      if (d == T(-1)) return b == 0 ? T(0) : T(0) - a;
      const T q = a / d, r = a % d;
      return b == 0 ? T(0) : T(q - ((r != 0) & ((r < 0) != (d < 0))));
    } else {
      return b == 0 ? T(0) : T(a / d);
    }
  } else {
    // CPython's float_divmod: exact remainder first, so that floor(a / b) does not round up.
    const T r = fmod(a, b);
    T q = (a - r) / b;
    q = (r != 0) & ((r < 0) != (b < 0)) ? q - 1 : q;
    T f = floor(q);
    f = q - f > T(0.5) ? f + 1 : f;
    const T zero = copysign(T(0), a / b);
    return b == 0 ? a / b : q == 0 ? zero : f;
  }
}
template <class T>
TENON_INLINE T floor_mod(T a, T b) {
  if constexpr (is_integer_v<T>) {
    const T d = b == 0 ? T(1) : b;
    if constexpr (is_signed_v<T>) {
      if (d == T(-1)) return 0;
      const T r = a % d;
      return b == 0 ? T(0) : T((r != 0) & ((r < 0) != (d < 0)) ? r + d : r);
    } else {
      return b == 0 ? T(0) : T(a % d);
    }
  } else {
    const T r = fmod(a, b);
    const T shifted = (r < 0) != (b < 0) ? r + b : r;
    return r == 0 ? copysign(T(0), b) : r != r ? r : shifted;
  }
}
template <class T>
TENON_INLINE T trunc_mod(T a, T b) {
  if constexpr (is_integer_v<T>) {
    const T d = b == 0 ? T(1) : b;
    if constexpr (is_signed_v<T>)
      if (d == T(-1)) return 0;
    return b == 0 ? T(0) : T(a % d);
  } else {
    return fmod(a, b);
  }
}
template <class T>
TENON_INLINE T power(T a, T b) {
  if constexpr (is_integer_v<T>) {
    if constexpr (is_signed_v<T>)
      if (b < 0) return a == 1 ? T(1) : a == T(-1) ? T(b & 1 ? -1 : 1) : T(0);
    using U = std::make_unsigned_t<T>;
    U base = static_cast<U>(a), e = static_cast<U>(b), r = 1;
    for (; e; e = static_cast<U>(e >> 1)) {
      if (e & 1) r = static_cast<U>(r * base);
      base = static_cast<U>(base * base);
    }
    return static_cast<T>(r);
  } else {
    return pow(a, b);
  }
}
template <class T>
TENON_INLINE T sign_of(T a) {
  if constexpr (is_complex_v<T>) return sign(a);
  else if constexpr (std::is_unsigned_v<T>) return T(a > 0);
  else if constexpr (is_integer_v<T>) return T((a > 0) - (a < 0));
  else return a != a ? a : T(a > 0) - T(a < 0);
}
template <class T>
TENON_INLINE auto magnitude(T a) {
  if constexpr (is_complex_v<T>) return abs(a);
  else if constexpr (std::is_unsigned_v<T>) return a;
  else if constexpr (is_integer_v<T>) return T(a < 0 ? T(0) - a : a);
  else return copysign(a, T(1));
}
// -0.0 for 0.0; unsigned and the smallest integers wrap around.
template <class T>
TENON_INLINE T negated(T a) {
  if constexpr (is_integer_v<T>) return static_cast<T>(T(0) - a);
  else return -a;
}
template <class T>
TENON_INLINE T greatest_divisor(T a, T b) {
  using U = std::make_unsigned_t<T>;
  U x = a < 0 ? U(0) - static_cast<U>(a) : static_cast<U>(a), y = b < 0 ? U(0) - static_cast<U>(b) : static_cast<U>(b);
  while (y) {
    const U t = static_cast<U>(x % y);
    x = y;
    y = t;
  }
  return static_cast<T>(x);
}
template <class T>
TENON_INLINE T least_multiple(T a, T b) {
  const T g = greatest_divisor(a, b);
  return g == 0 ? T(0) : magnitude(T(a / g * b));
}
template <class T>
TENON_INLINE T shift_left(T a, T b) {
  using U = std::make_unsigned_t<T>;
  const bool inside = static_cast<U>(b) < sizeof(T) * 8;
  return inside ? static_cast<T>(static_cast<U>(a) << (static_cast<U>(b) & (sizeof(T) * 8 - 1))) : T(0);
}
template <class T>
TENON_INLINE T shift_right(T a, T b) {
  using U = std::make_unsigned_t<T>;
  const bool inside = static_cast<U>(b) < sizeof(T) * 8;
  return static_cast<T>(a >> (inside ? static_cast<U>(b) : static_cast<U>(sizeof(T) * 8 - 1))) *
         T(inside || is_signed_v<T>);
}
template <class T>
inline constexpr T kInf = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T kPi = T(3.14159265358979323846);

// NaN-propagating; ties of zeros are not ordered.
template <class T>
TENON_INLINE T larger(T a, T b) {
  return (a > b) | (a != a) ? a : b;
}
template <class T>
TENON_INLINE T smaller(T a, T b) {
  return (a < b) | (a != a) ? a : b;
}

template <class T>
TENON_INLINE T limit(T x, T low, T high) {
  T r = x > low ? x : low;  // by single comparisons: GCC vectorises no chain of larger() and smaller()
  r = r < high ? r : high;
  r = low != low ? low : r;
  return x != x ? x : r;
}

inline constexpr double kLog2E = 1.44269504088896340736;

// 2^n for a whole number -1022 <= n <= 1023, which the addition leaves in the low bits.
TENON_INLINE double power_of_two(double n) {
  return bit_cast<double>((bit_cast<std::uint64_t>(n + 0x1.8p52) + 1023) << 52);
}
// a * 2^b. A double is scaled in steps, none of which rounds before the last: up by 2^1023, down by 2^-969, so that
// what remains below the smallest normal number loses its bits at once. Floats have room in a double.
template <class T>
TENON_INLINE T times_power_of_two(T a, T b) {
  constexpr double most = sizeof(T) == 8 ? 2200 : 300;
  double n = scalar::rint(static_cast<double>(b));
  const T rest = static_cast<T>(static_cast<double>(b) - n);
  double y = static_cast<double>(rest == 0 ? a : a * scalar::exp2(rest));
  n = n > most ? most : n < -most ? -most : n;
  if constexpr (sizeof(T) == 8) {
    for (int step = 0; step < 2; ++step) {
      const double factor = n > 1023 ? 0x1p1023 : n < -1022 ? 0x1p-969 : 1;
      y *= factor;
      n = n > 1023 ? n - 1023 : n < -1022 ? n + 969 : n;
    }
  }
  const T scaled = static_cast<T>(y * power_of_two(n));
  return b - b == 0 ? scaled : a * scalar::exp2(b);
}

// Rounding functions leave integers alone.
#define TENON_ROUND(name, f)                         \
  struct name {                                      \
    template <class T>                               \
    TENON_INLINE auto operator()(T x) const {        \
      if constexpr (std::is_integral_v<T>) return x; \
      else return f;                                 \
    }                                                \
  };
#define TENON_DEF1(name, expression)          \
  struct name {                               \
    template <class T>                        \
    TENON_INLINE auto operator()(T x) const { \
      return expression;                      \
    }                                         \
  };
// A function of math.h that vectorises by scalar::map only.
#define TENON_MAPPED(name, function)          \
  struct name {                               \
    using mapped = scalar::function;          \
    template <class T>                        \
    TENON_INLINE auto operator()(T x) const { \
      return scalar::name(x);                 \
    }                                         \
  };
#define TENON_DEF2(name, expression)               \
  struct name {                                    \
    template <class T>                             \
    TENON_INLINE auto operator()(T a, T b) const { \
      return expression;                           \
    }                                              \
  };
#define TENON_DEF3(name, expression)                    \
  struct name {                                         \
    template <class A, class T>                         \
    TENON_INLINE auto operator()(A a, T b, T c) const { \
      return expression;                                \
    }                                                   \
  };

namespace ops {
// clang-format off
TENON_DEF1(neg, negated(x))
TENON_DEF1(positive, x)
TENON_DEF1(abs, magnitude(x))
TENON_DEF1(sign, sign_of(x))
TENON_DEF1(square, T(x * x))
TENON_DEF1(reciprocal, T(1) / x)
TENON_DEF2(add, T(a + b))
TENON_DEF2(sub, T(a - b))
TENON_DEF2(mul, T(a * b))
TENON_DEF2(div, a / b)
TENON_DEF2(floor_divide, floor_div(a, b))
TENON_DEF2(remainder, floor_mod(a, b))
TENON_DEF2(fmod, trunc_mod(a, b))
TENON_DEF2(pow, power(a, b))
TENON_DEF2(maximum, larger(a, b))
TENON_DEF2(minimum, smaller(a, b))
TENON_DEF2(fmax, (a >= b) | (b != b) ? a : b)
TENON_DEF2(fmin, (a <= b) | (b != b) ? a : b)
TENON_DEF2(hypot, scalar::hypot(a, b))
TENON_DEF2(copysign, scalar::copysign(a, b))
TENON_DEF2(nextafter, scalar::nextafter(a, b))
TENON_DEF2(heaviside, a != a ? a : a == T(0) ? b : T(a > T(0)))
TENON_DEF2(gcd, greatest_divisor(a, b))
TENON_DEF2(lcm, least_multiple(a, b))
TENON_DEF3(clip, limit(a, b, c))
TENON_DEF3(lerp, T(a + c * (b - a)))
TENON_DEF3(muladd, T(a * b + c))
TENON_DEF3(where, a ? b : c)

TENON_DEF2(eq, a == b)
TENON_DEF2(ne, !(a == b))
TENON_DEF2(lt, a < b)
TENON_DEF2(le, a <= b)
TENON_DEF2(gt, a > b)
TENON_DEF2(ge, a >= b)
TENON_DEF1(logical_not, !x)
TENON_DEF2(logical_and, bool(a & b))
TENON_DEF2(logical_or, bool(a | b))
TENON_DEF2(logical_xor, a != b)
TENON_DEF2(bitwise_and, T(a & b))
TENON_DEF2(bitwise_or, T(a | b))
TENON_DEF2(bitwise_xor, T(a ^ b))
TENON_DEF2(left_shift, shift_left(a, b))
TENON_DEF2(right_shift, shift_right(a, b))
TENON_DEF1(isposinf, x == kInf<T>)
TENON_DEF1(isneginf, x == -kInf<T>)
TENON_DEF1(signbit, __builtin_signbit(x) != 0)

TENON_ROUND(floor, scalar::floor(x))
TENON_ROUND(ceil, scalar::ceil(x))
TENON_ROUND(trunc, scalar::trunc(x))
TENON_ROUND(frac, x - scalar::trunc(x))

TENON_MAPPED(exp, Exp)
TENON_DEF1(exp2, scalar::exp2(x))
TENON_DEF1(expm1, scalar::expm1(x))
TENON_DEF1(log, scalar::log(x))
TENON_DEF1(log2, scalar::log2(x))
TENON_DEF1(log10, scalar::log10(x))
TENON_DEF1(log1p, scalar::log1p(x))
TENON_DEF1(sqrt, scalar::sqrt(x))
TENON_DEF1(rsqrt, T(1) / scalar::sqrt(x))
TENON_DEF1(cbrt, scalar::cbrt(x))
TENON_DEF2(logaddexp, scalar::logaddexp(a, b))
TENON_DEF2(logaddexp2, a == b ? a + T(1) : larger(a, b) + scalar::log1p(scalar::exp2(-magnitude(a - b))) * T(kLog2E))
TENON_DEF2(ldexp, times_power_of_two(a, b))
TENON_DEF2(xlogy, b != b ? b : a == T(0) ? T(0) : a * scalar::log(b))

TENON_MAPPED(sin, Sin)
TENON_MAPPED(cos, Cos)
TENON_MAPPED(tan, Tan)
TENON_DEF1(asin, scalar::asin(x))
TENON_DEF1(acos, scalar::acos(x))
TENON_DEF1(atan, scalar::atan(x))
TENON_DEF2(atan2, scalar::atan2(a, b))
TENON_DEF1(sinh, scalar::sinh(x))
TENON_DEF1(cosh, scalar::cosh(x))
TENON_DEF1(tanh, scalar::tanh(x))
TENON_DEF1(asinh, scalar::asinh(x))
TENON_DEF1(acosh, scalar::acosh(x))
TENON_DEF1(atanh, scalar::atanh(x))
TENON_DEF1(sinc, scalar::sinc(x))
TENON_DEF1(deg2rad, x * (kPi<T> / T(180)))
TENON_DEF1(rad2deg, x * (T(180) / kPi<T>))

TENON_DEF1(erf, scalar::erf(x))
TENON_DEF1(erfc, scalar::erfc(x))
TENON_DEF1(erfinv, scalar::erfinv(x))
TENON_DEF1(lgamma, scalar::lgamma(x))
TENON_DEF1(digamma, scalar::digamma(x))
TENON_DEF1(trigamma, scalar::trigamma(x))
TENON_DEF2(polygamma, scalar::polygamma(a, b))
TENON_DEF2(igamma, scalar::igamma(a, b))
TENON_DEF2(igammac, scalar::igammac(a, b))
TENON_DEF2(zeta, scalar::zeta(a, b))
TENON_DEF1(i0, scalar::i0(x))
TENON_DEF1(i0e, scalar::i0e(x))
TENON_DEF1(i1, scalar::i1(x))
TENON_DEF1(i1e, scalar::i1e(x))
TENON_DEF1(bessel_j0, scalar::bessel_j0(x))
TENON_DEF1(bessel_j1, scalar::bessel_j1(x))
TENON_DEF1(bessel_y0, scalar::bessel_y0(x))
TENON_DEF1(bessel_y1, scalar::bessel_y1(x))
TENON_DEF1(modified_bessel_k0, scalar::modified_bessel_k0(x))
TENON_DEF1(modified_bessel_k1, scalar::modified_bessel_k1(x))
TENON_DEF1(scaled_modified_bessel_k0, scalar::scaled_modified_bessel_k0(x))
TENON_DEF1(scaled_modified_bessel_k1, scalar::scaled_modified_bessel_k1(x))
TENON_DEF1(airy_ai, scalar::airy_ai(x))
TENON_DEF1(airy_ai_slope, scalar::airy_ai_slope(x))
TENON_DEF1(sigmoid, scalar::sigmoid(x))
TENON_DEF1(relu, x > T(0) || x != x ? x : T(0))
TENON_DEF1(silu, scalar::silu(x))
TENON_MAPPED(gelu, Gelu)
TENON_MAPPED(gelu_slope, GeluSlope)
TENON_MAPPED(gelu_tanh, GeluTanh)
TENON_MAPPED(gelu_tanh_slope, GeluTanhSlope)
TENON_DEF1(softplus, scalar::softplus(x))
TENON_DEF1(log_sigmoid, -scalar::softplus(-x))
TENON_DEF1(logit, scalar::logit(x))
TENON_DEF2(leaky_relu, a > T(0) ? a : a * b)
TENON_DEF2(elu, a > T(0) ? a : b * scalar::expm1(a))
TENON_DEF1(copy, x)
// clang-format on

// Complex and real values differ in these.
struct conj {
  template <class T>
  TENON_INLINE T operator()(T x) const {
    if constexpr (is_complex_v<T>) return {x.re, -x.im};
    else return x;
  }
};
struct angle {
  template <class T>
  TENON_INLINE auto operator()(T x) const {
    if constexpr (is_complex_v<T>) return arg(x);
    else return x != x ? x : __builtin_signbit(x) ? kPi<T> : T(0);
  }
};
struct rint {
  template <class T>
  TENON_INLINE T operator()(T x) const {
    if constexpr (std::is_integral_v<T>) return x;
    else if constexpr (is_complex_v<T>) return {scalar::rint(x.re), scalar::rint(x.im)};
    else return scalar::rint(x);
  }
};
struct bitwise_not {
  template <class T>
  TENON_INLINE T operator()(T x) const {
    if constexpr (std::is_same_v<T, bool>) return !x;
    else return static_cast<T>(~x);
  }
};
struct isnan {
  template <class T>
  TENON_INLINE bool operator()(T x) const {
    return !(x == x);
  }
};
struct isfinite {
  template <class T>
  TENON_INLINE bool operator()(T x) const {
    if constexpr (is_complex_v<T>) return (x.re - x.re == 0) & (x.im - x.im == 0);
    else return x - x == 0;
  }
};
struct isinf {
  template <class T>
  TENON_INLINE bool operator()(T x) const {
    if constexpr (is_complex_v<T>) return isinf{}(x.re) | isinf{}(x.im);
    else return (x == kInf<T>) | (x == -kInf<T>);
  }
};
}  // namespace ops

#undef TENON_ROUND
#undef TENON_DEF1
#undef TENON_MAPPED
#undef TENON_DEF2
#undef TENON_DEF3

}  // namespace tenon::scalar
