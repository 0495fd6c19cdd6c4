// Which conversions between dtypes are allowed: NumPy's casting= by name.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon {

// safe: where promotion leads.
enum class Casting : std::uint8_t { no, equiv, safe, same_kind, unsafe };
TENON_API bool can_cast(DType from, DType to, Casting casting);

}  // namespace tenon
