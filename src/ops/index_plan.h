// From a list of indices to what can be run: a view by the basic ones, and checked int64 tensors for the
// others.
#pragma once

#include <vector>

#include "tenon/backend.h"
#include "tenon/ops/index.h"

namespace tenon {

// A tensor among the indices.
struct Advanced {
  int dim;   // the first dimension of the view that it selects from; a mask stands for mask.ndim() of them
  int axis;  // the same in the tensor that the user indexed
  Tensor index;
};

struct Selection {
  Tensor view;  // ints, slices and new axes applied, gradients recorded; the tensor itself if there are none
  std::vector<Advanced> tensors;
  bool front = false;  // they are not adjacent: their dimensions come first in the result, as in NumPy

  // Indices of the view that mean the same.
  std::vector<Index> indices() const;
  int result_ndim() const;
  // The one mask that covers the whole view; undefined if the indices are something else.
  Tensor full_mask() const;
};

// Applies the basic indices and checks the kinds and shapes of the others. Throws IndexError, TypeError.
Selection select_basic(const char* op, const Tensor& t, std::span<const Index> indices);

// Checked and ready to run, in either direction.
struct IndexPlan {
  Tensor base;                  // the view without its gradient; masked dimensions merged where they can be
  Dims dims;                    // the dimension of base that each index selects from
  std::vector<Tensor> indices;  // int64, contiguous, not negative, broadcast to `common` when run
  Dims common;                  // the shape that they are broadcast to
  int position = 0;             // of its dimensions in the result
  Dims shape;                   // of the result
};
// Throws IndexError where an index is out of range or they do not broadcast.
IndexPlan plan_index(const char* op, const Selection& s);
// values: a tensor of the plan's shape (any strides, 0 too) and of base's dtype.
void run_index(const char* op, const IndexPlan& plan, IndexMode mode, const Tensor& values);

// t as int64, contiguous, negative ones counted from the end. The one place where bounds are checked: reads
// the extrema back from the tensor's device. Throws IndexError naming axis and size.
Tensor checked_indices(const char* op, const Tensor& t, std::int64_t size, int axis);

// The number of true elements of a contiguous bool tensor.
std::int64_t count_true(const char* op, const Tensor& mask);
// The flat row-major positions of the true elements of a bool tensor; int64, shape (n,).
Tensor true_positions(const char* op, const Tensor& mask);

}  // namespace tenon
