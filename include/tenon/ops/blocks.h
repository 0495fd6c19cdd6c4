// Matrices of blocks, and all pairs.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/tensor.h"

namespace tenon {

// The matrices along the diagonal of a matrix of zeros, in the promoted dtype; 1-d tensors count as rows, 0-d ones as
// (1, 1). Throws ShapeError for more dimensions.
TENON_API Tensor block_diag(std::span<const Tensor> ts);
// All rows of one element of each tensor, the last changing fastest: (n, number of tensors); a copy of a single tensor.
// Throws ShapeError unless they are 1-d, ValueError for none.
TENON_API Tensor cartesian_prod(std::span<const Tensor> ts);
// All ways to choose r elements of a 1-d tensor, in its order: (n, r), empty for r = 0. Throws ShapeError, ValueError for
// r < 0.
TENON_API Tensor combinations(const Tensor& t, std::int64_t r = 2, bool with_replacement = false);

}  // namespace tenon
