// Which conversions between dtypes are allowed: NumPy's casting= by name.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon {

// As NumPy's of these names: safe keeps all values (but 64-bit integers go into float64), same_kind takes no signed
// integers for unsigned ones. can_cast_same_kind (dtype.h) does: it is what out= and += ask.
enum class Casting : std::uint8_t { no, equiv, safe, same_kind, unsafe };
TENON_API bool can_cast(DType from, DType to, Casting casting);

}  // namespace tenon
