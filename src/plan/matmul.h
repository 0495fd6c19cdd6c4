// Products of matrices, vectors and stacks of them. Exported for the tests; no part of the public API.
#pragma once

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

// A matrix or a stack of them. A vector is a row on the left and a column on the right.
struct Matrices {
  std::int64_t rows, columns, row_stride, column_stride;
  Dims batch, batch_strides;
};

class TENON_API MatmulPlan {
 public:
  // Of tensors of at least one dimension. Throws ShapeError where they do not fit.
  MatmulPlan(const Tensor& a, const Tensor& b);

  // The result's; it lacks the dimensions that vectors do.
  const Dims& shape() const { return shape_; }
  // The length of the sums.
  std::int64_t inner() const { return left_.columns; }
  // out: contiguous, of that shape. All have one dtype, and no size is 0.
  MatmulCall call(const Tensor& out) const;

 private:
  Matrices left_, right_;
  const void *a_, *b_;
  Dims batch_, shape_;
};

}  // namespace tenon
