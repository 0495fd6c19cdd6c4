// Numbers as signed integers in the same order, which sorting compares instead: NaNs are above all numbers and -0 is
// below 0.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tenon/bit_cast.h"
#include "tenon/dtype.h"

namespace tenon::cpu {

template <class T>
constexpr bool has_order_key = !requires(T v) { v.im; };

template <class T>
using BitsOf = std::conditional_t<
    sizeof(T) == 1, std::int8_t,
    std::conditional_t<sizeof(T) == 2, std::int16_t, std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>;

template <class T>
using KeyOf = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

template <class T>
inline constexpr bool is_float = false;
template <>
inline constexpr bool is_float<float> = true;
template <>
inline constexpr bool is_float<double> = true;
template <class B, int E, int M, bool I>
inline constexpr bool is_float<small_float<B, E, M, I>> = true;

// The bits of the least NaN and of the one that stands for all.
template <class T>
struct NanBits {
  static constexpr BitsOf<T> least = T::special + (T::quiet_nan != T::special), quiet = T::quiet_nan;
};
template <>
struct NanBits<float> {
  static constexpr std::int32_t least = 0x7f800001, quiet = 0x7fc00000;
};
template <>
struct NanBits<double> {
  static constexpr std::int64_t least = 0x7ff0000000000001, quiet = 0x7ff8000000000000;
};

// The key lies in the range of a signed integer as wide as T.
template <class T>
KeyOf<T> to_key(T v) {
  using B = BitsOf<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return v ? 1 : 0;
  } else {
    constexpr B sign = static_cast<B>(std::make_unsigned_t<B>{1} << (8 * sizeof(B) - 1)), rest = static_cast<B>(~sign);
    const B bits = bit_cast<B>(v);
    if constexpr (is_float<T>) {
      const B magnitude = bits & rest;
      const B b = magnitude >= NanBits<T>::least ? NanBits<T>::quiet : bits;
      return static_cast<B>(b ^ ((b >> (8 * sizeof(B) - 1)) & rest));
    } else {
      return std::is_signed_v<T> ? bits : static_cast<B>(bits ^ sign);
    }
  }
}

template <class T>
T from_key(KeyOf<T> key) {
  using B = BitsOf<T>;
  if constexpr (std::is_same_v<T, bool>) {
    return key != 0;
  } else {
    constexpr B sign = static_cast<B>(std::make_unsigned_t<B>{1} << (8 * sizeof(B) - 1)), rest = static_cast<B>(~sign);
    const B b = static_cast<B>(key);
    if constexpr (is_float<T>) return bit_cast<T>(static_cast<B>(b ^ ((b >> (8 * sizeof(B) - 1)) & rest)));
    else return bit_cast<T>(std::is_signed_v<T> ? b : static_cast<B>(b ^ sign));
  }
}

// The key where -0 and 0 are equal.
template <class T>
KeyOf<T> to_rank(T v) {
  const KeyOf<T> key = to_key(v);
  return is_float<T> && key == -1 ? 0 : key;  // the key of -0 is -1
}

}  // namespace tenon::cpu
