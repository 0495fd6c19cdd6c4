// Reductions: which elements make one result, in which dtype, and whether neighbouring results are formed together.
// Exported for the tests; no part of the public API.
#pragma once

#include <optional>
#include <string_view>

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

struct ReduceShape {
  Dims axes;           // reduced, normalised
  Dims kept;           // the result's shape without the reduced axes
  Dims kept_ones;      // with them as 1
  Dims reduced;        // the sizes of the reduced axes
  std::int64_t count;  // elements that make one result
};

// No axes means all of them. Throws IndexError for one that is out of range, ValueError for a repetition.
TENON_API ReduceShape reduce_shape(std::string_view op, const Dims& shape, const std::optional<Dims>& axes);

// out: contiguous, of the shape `kept` or `kept_ones`.
TENON_API ReduceCall plan_reduce(Reduction op, const Tensor& in, const ReduceShape& s, const Tensor& out,
                                 double correction = 0);

}  // namespace tenon
