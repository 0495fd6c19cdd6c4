// THE conversion between two element types, for host and device. Wraps integers; floats to integers truncate
// (out of range: as the hardware's conversion); NaN to bool is true; complex to real drops the imaginary part.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tenon/complex.h"
#include "tenon/floats.h"
#include "tenon/macros.h"

namespace tenon::scalar {

template <class To, class From>
TENON_INLINE To convert(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (requires { x.im; }) {
    if constexpr (std::is_same_v<To, bool>) return (x.re != 0) | (x.im != 0);
    else if constexpr (requires(To t) { t.im; })
      return To(static_cast<decltype(To{}.re)>(x.re), static_cast<decltype(To{}.re)>(x.im));
    else return convert<To>(x.re);
  } else if constexpr (requires(To t) { t.im; }) {
    return To(convert<decltype(To{}.re)>(x), 0);
  } else if constexpr (!std::is_arithmetic_v<From>) {  // half and its likes
    return convert<To>(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (!std::is_arithmetic_v<To>) {
    if constexpr (std::is_integral_v<From>) return To(static_cast<double>(x));
    else return To(x);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // By way of a signed type that the hardware converts to.
    if constexpr (std::is_same_v<To, std::uint64_t>) {
      constexpr From kTwo63 = From(9223372036854775808.0);
      return x >= kTwo63 ? static_cast<To>(static_cast<std::int64_t>(x - kTwo63)) ^ (To(1) << 63)
                         : static_cast<To>(static_cast<std::int64_t>(x));
    } else if constexpr (sizeof(To) < 4 || std::is_same_v<To, std::int32_t>) {
      return static_cast<To>(static_cast<std::int32_t>(x));
    } else {
      return static_cast<To>(static_cast<std::int64_t>(x));
    }
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace tenon::scalar
