// Reinterprets the bytes of a value: std::bit_cast without <bit>, usable in device code.
#pragma once

#include "tenon/macros.h"

namespace tenon {

template <class To, class From>
TENON_INLINE constexpr To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

}  // namespace tenon
