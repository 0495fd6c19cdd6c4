// Products of matrices and vectors, in the promoted dtype.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// (..., m, k) @ (..., k, n) is (..., m, n), with the dimensions before broadcast; a vector is a row on the left, a
// column on the right, and its dimension of size 1 goes. Integers wrap around, bools are joined by and, or. Throws
// ShapeError, also for tensors without dimensions.
TENON_API Tensor matmul(const Tensor& a, const Tensor& b);
// matmul of (n,) and (n,), nothing conjugated: shape (). Throws ShapeError for other shapes, as do the next two.
TENON_API Tensor dot(const Tensor& a, const Tensor& b);
TENON_API Tensor mv(const Tensor& a, const Tensor& b);     // matmul of (m, n) and (n,): shape (m,)
TENON_API Tensor outer(const Tensor& a, const Tensor& b);  // a[i] * b[j] of (m,) and (n,): shape (m, n)

}  // namespace tenon
