// Pieces shared by the scalar functions.
#pragma once

#include <cstdint>

#include "tenon/bit_cast.h"
#include "tenon/macros.h"

// One body for all SIMD targets: for functions with branches and long tables, which do not vectorise.
#if defined(__CUDACC__)
#define TENON_SHARED TENON_HD inline
#else
#define TENON_SHARED inline __attribute__((noinline))
#endif

namespace tenon::scalar::detail {

inline constexpr double infinity = __builtin_inf(), not_a_number = __builtin_nan("");

// c0 + c1 x + c2 x² + …, in x's type; the coefficients come from script/minimax.py
template <class T> TENON_INLINE T poly(T, double c) { return static_cast<T>(c); }
template <class T, class... C>
TENON_INLINE T poly(T x, double c, C... rest) {
  return static_cast<T>(c) + x * poly(x, rest...);
}

TENON_INLINE float abs(float x) { return __builtin_fabsf(x); }
TENON_INLINE double abs(double x) { return __builtin_fabs(x); }
TENON_INLINE float copysign(float x, float sign) { return __builtin_copysignf(x, sign); }
TENON_INLINE double copysign(double x, double sign) { return __builtin_copysign(x, sign); }
TENON_INLINE double copysign(double x, float sign) { return __builtin_copysign(x, sign); }
TENON_INLINE double sqrt(double x) { return __builtin_sqrt(x); }

// a · b + c, rounded once
#if defined(__CUDACC__)
TENON_INLINE double fma(double a, double b, double c) { return ::fma(a, b, c); }
#else
TENON_INLINE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#endif

// Written so that NaN passes, and compiles to one minps or maxps.
template <class T> TENON_INLINE T at_least(T low, T x) { return x < low ? low : x; }
template <class T> TENON_INLINE T at_most(T high, T x) { return x > high ? high : x; }

TENON_INLINE std::uint64_t bits(double x) { return bit_cast<std::uint64_t>(x); }
TENON_INLINE double from_bits(std::uint64_t u) { return bit_cast<double>(u); }
TENON_INLINE std::uint32_t bits(float x) { return bit_cast<std::uint32_t>(x); }
TENON_INLINE float from_bits(std::uint32_t u) { return bit_cast<float>(u); }

// Adding it leaves an integer in the low bits of the sum: rounding and conversion in one addition, on targets that cannot convert
// 64-bit integers. Right up to 2^51, for floats to 2^22.
inline constexpr double shifter = 0x1.8p52;
inline constexpr float float_shifter = 0x1.8p23f;

// 2^n for -1022 <= n <= 1023, n being the low bits of `shifted`.
TENON_INLINE double pow2(double shifted) { return from_bits((bits(shifted) + 1023) << 52); }
TENON_INLINE float pow2(float shifted) { return from_bits((bits(shifted) + 127) << 23); }

// -y if the integer in the low bits of `shifted` is odd.
TENON_INLINE double negate_if_odd(double y, double shifted) { return from_bits(bits(y) ^ bits(shifted) << 63); }
// By a comparison of doubles, since GCC vectorises no test of a single bit.
TENON_INLINE bool is_odd(double shifted) { return negate_if_odd(1, shifted) < 0; }

// x = 2^exponent · mantissa, sqrt(1/2) <= mantissa < sqrt(2), for normal x > 0.
template <class T>
struct Split {
  T exponent, mantissa;
};
TENON_INLINE Split<float> split_single(float x) {
  constexpr std::uint32_t sqrt_half = 0x3f3504f3, one = 0x3f800000;
  const std::uint32_t u = bits(x) + (one - sqrt_half);
  return {static_cast<float>(static_cast<std::int32_t>(u >> 23) - 127), from_bits((u & 0x7fffff) + sqrt_half)};
}
TENON_INLINE Split<double> split(double x) {
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  const std::uint64_t u = bits(x) + (one - sqrt_half);
  return {from_bits(u >> 52 | 0x4330000000000000) - (0x1p52 + 1023), from_bits((u & 0xfffffffffffff) + sqrt_half)};
}

}  // namespace tenon::scalar::detail
