// The floating types that C++20 lacks: half, bfloat16 and the two float8 formats of machine learning.
// They store and convert; arithmetic and comparison happen in float, to which they convert implicitly.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "tenon/bit_cast.h"
#include "tenon/macros.h"

namespace tenon {

// A sign, `Exponent` bits and `Mantissa` bits. Without infinities (the "fn" formats) the one pattern of all ones is NaN
// and overflow gives NaN, as in ml_dtypes. Conversions round to nearest even and are free of branches: loops vectorise.
template <class Bits, int Exponent, int Mantissa, bool HasInfinity = true>
struct small_float {
  Bits bits;

  small_float() = default;
  // Integers go through double.
  template <class T>
    requires std::is_arithmetic_v<T>
  TENON_INLINE explicit small_float(T x) {
    if constexpr (std::is_same_v<T, float>) bits = encode(x);
    else bits = encode(round_to_odd(static_cast<double>(x)));
  }
  TENON_INLINE operator float() const { return decode(bits); }
  TENON_INLINE static constexpr small_float from_bits(Bits bits) {
    small_float x{};
    x.bits = bits;
    return x;
  }

  static constexpr int mantissa_bits = Mantissa, bias = (1 << (Exponent - 1)) - 1;
  static constexpr std::uint32_t sign_bit = 1u << (Exponent + Mantissa);
  static constexpr std::uint32_t special =  // infinity or, without one, NaN
      HasInfinity ? sign_bit - (1u << Mantissa) : sign_bit - 1;
  static constexpr std::uint32_t quiet_nan = HasInfinity ? special | 1u << (Mantissa - 1) : special;

 private:
  static constexpr int shift = 23 - Mantissa;
  static constexpr std::uint32_t rebias = std::uint32_t(127 - bias) << 23;
  static constexpr std::uint32_t float_infinity = 0x7f800000;

  TENON_INLINE static constexpr float power_of_two(int e) { return bit_cast<float>(std::uint32_t(127 + e) << 23); }

  // Once rounded to odd, a value keeps on which side of every tie it lies, so the second rounding is the only one.
  TENON_INLINE static float round_to_odd(double x) {
    const float nearest = static_cast<float>(x);
    const double a = x < 0 ? -x : x, b = x < 0 ? -double(nearest) : double(nearest);
    // As a number rather than a condition, since GCC vectorises no conditions that change their width.
    const float excess = static_cast<float>(b > a ? 1.0 : b == a ? 0.0 : -1.0);
    auto u = bit_cast<std::uint32_t>(nearest);
    u -= excess > 0 ? 1u : 0u;  // towards zero
    return bit_cast<float>(u | (excess != 0 ? 1u : 0u));
  }

  TENON_INLINE static Bits encode(float x) {
    const auto u = bit_cast<std::uint32_t>(x);
    const std::uint32_t sign = u >> 31 << (Exponent + Mantissa), a = u & 0x7fffffff;
    std::uint32_t r = (a - rebias + ((1u << (shift - 1)) - 1) + (a >> shift & 1)) >> shift;
    if constexpr (rebias != 0) {
      // The sum with `magic` has the smallest subnormal as its last place: the hardware rounds.
      const float magic = power_of_two(24 - bias - Mantissa);
      const std::uint32_t subnormal =
          bit_cast<std::uint32_t>(bit_cast<float>(a) + magic) - bit_cast<std::uint32_t>(magic);
      r = a < rebias + (1u << 23) ? subnormal : r;
    }
    r = r < special ? r : special;
    if constexpr (HasInfinity) r = a > float_infinity ? quiet_nan | (a >> shift & (quiet_nan - special - 1)) : r;
    return static_cast<Bits>(sign | r);
  }

  TENON_INLINE static float decode(Bits bits) {
    const std::uint32_t a = bits & (sign_bit - 1), sign = std::uint32_t(bits & sign_bit) << (31 - Exponent - Mantissa);
    std::uint32_t u = (a << shift) + rebias;
    if constexpr (HasInfinity) u += a >= special ? rebias : 0u;
    else u = a == special ? 0x7fc00000 : u;
    if constexpr (rebias != 0) {
      const float subnormal = static_cast<float>(static_cast<std::int32_t>(a)) * power_of_two(1 - bias - Mantissa);
      u = a < 1u << Mantissa ? bit_cast<std::uint32_t>(subnormal) : u;
    }
    return bit_cast<float>(u | sign);
  }
};

using half = small_float<std::uint16_t, 5, 10>;
using bfloat16 = small_float<std::uint16_t, 8, 7>;
using float8_e5m2 = small_float<std::uint8_t, 5, 2>;
using float8_e4m3fn = small_float<std::uint8_t, 4, 3, false>;

}  // namespace tenon

template <class Bits, int Exponent, int Mantissa, bool HasInfinity>
class std::numeric_limits<tenon::small_float<Bits, Exponent, Mantissa, HasInfinity>> {  // NOLINT(bugprone-std-*)
  using F = tenon::small_float<Bits, Exponent, Mantissa, HasInfinity>;
  static constexpr F make(std::uint32_t bits) { return F::from_bits(static_cast<Bits>(bits)); }

 public:
  static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false;
  static constexpr bool has_infinity = HasInfinity, has_quiet_NaN = true, has_signaling_NaN = HasInfinity;
  static constexpr bool is_iec559 = HasInfinity, is_bounded = true, is_modulo = false, traps = false,
                        tinyness_before = false;
  static constexpr float_denorm_style has_denorm = denorm_present;
  static constexpr bool has_denorm_loss = false;
  static constexpr float_round_style round_style = round_to_nearest;
  static constexpr int digits = Mantissa + 1, digits10 = Mantissa * 301 / 1000, max_digits10 = digits * 301 / 1000 + 2;
  static constexpr int radix = 2, min_exponent = 2 - F::bias, max_exponent = F::bias + (HasInfinity ? 1 : 2);
  static constexpr int min_exponent10 = (min_exponent - 1) * 301 / 1000, max_exponent10 = max_exponent * 301 / 1000;

  static constexpr F min() { return make(1u << Mantissa); }
  static constexpr F max() { return make(F::special - 1); }
  static constexpr F lowest() { return make(F::sign_bit | (F::special - 1)); }
  static constexpr F epsilon() {  // subnormal in e5m2 only if bias < mantissa, which no format here has
    return make(std::uint32_t(F::bias - Mantissa) << Mantissa);
  }
  static constexpr F round_error() { return make(std::uint32_t(F::bias - 1) << Mantissa); }
  static constexpr F infinity() { return make(HasInfinity ? F::special : 0); }
  static constexpr F quiet_NaN() { return make(F::quiet_nan); }
  static constexpr F signaling_NaN() { return make(HasInfinity ? F::special | 1 : F::quiet_nan); }
  static constexpr F denorm_min() { return make(1); }
};
