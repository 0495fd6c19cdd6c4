// Kinds of dtypes by the Array API standard's names.
#pragma once

#include <span>
#include <string_view>

#include "tenon/dtype.h"

namespace tenon {

// "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric".
TENON_API std::span<const std::string_view> dtype_kinds();
// Whether a dtype is of a kind. Throws ValueError for another name.
TENON_API bool isdtype(DType d, std::string_view kind);

}  // namespace tenon
