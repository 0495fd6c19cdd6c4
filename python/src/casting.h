// casting=: NumPy's rules for what may be converted to what, by name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "convert.h"
#include "tenon/casting.h"

namespace tenon::py {

inline constexpr const char* kCastings[] = {"no", "equiv", "safe", "same_kind", "unsafe"};
// Throws ValueError for a name that is no rule.
Casting casting_named(const char* op, const std::string& name);
inline Casting to_casting(PyObject* o, const Where& w) { return casting_named(w.op, to_string(o, w)); }

// Throws TypeError unless casting allows the conversion.
void check_cast(std::string_view op, DType from, DType to, Casting casting);
// The same for operands that are promoted to a dtype of their own.
void check_promotion(std::string_view op, std::span<const Tensor> ts, Casting casting);

}  // namespace tenon::py
