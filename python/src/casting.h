// NumPy's rules for what may be converted to what: casting=.
#pragma once

#include <string>

#include "core/errors.h"
#include "tenon/dtype.h"

namespace tenon::py {

// Throws ValueError for a name that is no rule.
inline bool castable(DType from, DType to, const std::string& casting, const char* op) {
  if (casting == "unsafe") return true;
  if (casting == "same_kind") return can_cast_same_kind(from, to);
  if (casting == "safe") return promote(from, to) == to;
  if (casting == "no" || casting == "equiv") return from == to;
  errors::fail(op, "casting is 'no', 'equiv', 'safe', 'same_kind' or 'unsafe'; got '", casting, "'");
}

}  // namespace tenon::py
