// Sorting along one dimension.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>

#include "tenon/tensor.h"

namespace tenon {

// Along one dimension, NaNs above all numbers, complex numbers by their real parts first; equal elements keep their
// order, in both directions. argsort and the indices are int64: positions along the dimension.
TENON_API Tensor sort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
TENON_API Tensor argsort(const Tensor& t, std::int64_t dim = -1, bool descending = false);
// Elements, and where each stands along the dimension: int64.
struct ValuesIndices {
  Tensor values, indices;
};
TENON_API ValuesIndices sort_with_indices(const Tensor& t, std::int64_t dim = -1, bool descending = false);
// What sorting the last dimension would put at these ranks, in its place; NaNs if there is one. Throws IndexError
// unless the ranks ascend strictly within the dimension.
TENON_API Tensor order_statistics(const Tensor& t, const Dims& ranks);

}  // namespace tenon
