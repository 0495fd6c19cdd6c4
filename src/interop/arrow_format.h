// The letters by which Arrow's C interface names primitive types.
#pragma once

#include <string_view>

#include "tenon/dtype.h"

namespace tenon::arrow {

// 0 where Arrow has no such type.
constexpr char format_of(DType d) {
  constexpr std::string_view signed_letters = "csil", unsigned_letters = "CSIL";
  const int log2_size = __builtin_ctz(static_cast<unsigned>(itemsize(d)));
  switch (kind(d)) {
    case Kind::boolean: return 'b';
    case Kind::signed_integer: return signed_letters[static_cast<std::size_t>(log2_size)];
    case Kind::unsigned_integer: return unsigned_letters[static_cast<std::size_t>(log2_size)];
    case Kind::floating: return d == DType::bfloat16 ? '\0' : "?efg"[log2_size];
    default: return '\0';
  }
}

}  // namespace tenon::arrow
