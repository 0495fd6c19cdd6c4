// Comparisons of numbers that have no common dtype, by value: 64-bit integers with float64 and with each other.
#pragma once

#include <cstdint>

#include "backends/scalar/math/core.h"

namespace tenon::scalar {

// whole = high + low, multiples of 2^32 and integers below it: each is exact in float64.
struct Halves {
  double high, low;
};
TENON_INLINE double low_half(std::uint64_t whole) {
  return detail::from_bits((whole & 0xffffffff) | 0x4330000000000000) - 0x1p52;  // put below the bits of 2^52
}
TENON_INLINE Halves halves(std::uint64_t whole) {
  return {detail::from_bits(whole >> 32 | 0x4530000000000000) - 0x1p84, low_half(whole)};
}
TENON_INLINE Halves halves(std::int64_t whole) {
  const auto u = static_cast<std::uint64_t>(whole) ^ std::uint64_t{1} << 63;  // whole + 2^63
  return {detail::from_bits(u >> 32 | 0x4530000000000000) - (0x1p84 + 0x1p63), low_half(u)};
}

// F compares. float64 rounds the integer, which keeps the order; where it calls the two equal, what was rounded away
// decides. (No branch and no conversion of 64 bits, so that the loop vectorises on every target.)
template <class F, class Whole>
TENON_INLINE bool mixed(Whole whole, double real) {
  const Halves h = halves(whole);
  const double rounded = h.high + h.low, rest = h.low - (rounded - h.high);
  const bool tied = rounded == real;
  return F{}(tied ? rest : rounded, tied ? 0.0 : real);
}

// Below zero the signed one is less.
template <class F>
TENON_INLINE bool mixed(std::int64_t a, std::uint64_t b) {
  const bool below = a < 0;
  return F{}(below ? std::uint64_t{0} : static_cast<std::uint64_t>(a), below ? std::uint64_t{1} : b);
}

}  // namespace tenon::scalar
