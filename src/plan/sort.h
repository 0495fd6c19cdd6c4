// Rows that are sorted or searched for ranks. Exported for the tests; no part of the public API.
#pragma once

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

// Backends sort contiguous rows: whether dimension d, which is sorted, is to be moved to the end first.
TENON_API bool must_move_last(const Tensor& t, int dim);

// in: contiguous, the sorted dimension last; a tensor without dimensions is one row of one element. values and indices:
// as in, or undefined where they are not wanted.
TENON_API SortCall plan_sort(const Tensor& in, bool descending, const Tensor& values, const Tensor& indices);
// in: as above, of at least one dimension. out: contiguous, its last dimension as many elements as there are ranks,
// which ascend and are at most kMaxRanks.
TENON_API SelectCall plan_select(const Tensor& in, const Dims& ranks, const Tensor& out);

}  // namespace tenon
