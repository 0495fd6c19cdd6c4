// The 64-bit type that elements of a dtype are reduced in.
#pragma once

#include "tenon/dtype.h"

namespace tenon::cuda {

// Calls f.operator()<T>(); false for float8.
template <class F>
bool by_wide(DType d, F&& f) {
  if (is_float8(d)) return false;
  if (is_complex(d)) f.template operator()<complex128>();
  else if (is_floating(d)) f.template operator()<double>();
  else if (kind(d) == Kind::unsigned_integer) f.template operator()<std::uint64_t>();
  else f.template operator()<std::int64_t>();
  return true;
}
// The same for what has an order.
template <class F>
bool by_wide_real(DType d, F&& f) {
  if (is_float8(d) || is_complex(d)) return false;
  if (is_floating(d)) f.template operator()<double>();
  else if (kind(d) == Kind::unsigned_integer) f.template operator()<std::uint64_t>();
  else f.template operator()<std::int64_t>();
  return true;
}

}  // namespace tenon::cuda
