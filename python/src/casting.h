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
// Whether out= takes a result: with the default, same_kind, signed integers go into unsigned ones too, as in PyTorch.
inline bool fits_out(DType from, DType to, Casting casting) {
  return casting == Casting::same_kind ? can_cast_same_kind(from, to) : can_cast(from, to, casting);
}
// The same for an operand and the dtype that it is promoted to, which is safe by definition.
void check_operand(std::string_view op, DType from, DType to, Casting casting);
// The same for all operands of an operation.
void check_promotion(std::string_view op, std::span<const Tensor> ts, Casting casting);

}  // namespace tenon::py
