// Products of matrices, vectors and stacks of them. Exported for the tests; no part of the public API.
#pragma once

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

// The result's shape. A vector is a row on the left and a column on the right, which the result then lacks. Throws
// ShapeError where the tensors, of at least one dimension, do not fit.
TENON_API Dims matmul_shape(const Tensor& a, const Tensor& b);
// out: contiguous, of that shape. All have one dtype, and no size is 0.
TENON_API MatmulCall plan_matmul(const Tensor& a, const Tensor& b, const Tensor& out);

}  // namespace tenon
