// From a list of indices to what can be run: a view by the basic ones, and checked int64 tensors for the
// others.
#pragma once

#include <vector>

#include "plan/index.h"
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

// The tensors of a selection, ready to run in either direction.
struct Indexed {
  Tensor base;  // the view without its gradient; masked dimensions merged where they can be
  std::vector<IndexTensor> indices;
  IndexShape shape;
};
// Throws IndexError where an index is out of range (on the CPU) or they do not broadcast.
Indexed resolve(const char* op, const Selection& s);
void run_index(const char* op, Device device, const IndexPlan& plan);

// t as indices of a dimension of this size: int64, contiguous. On the CPU they are checked at once: throws IndexError
// naming axis and size. A device's are checked by the kernel that reads them, so that nothing waits for them.
IndexTensor index_tensor(const char* op, const Tensor& t, std::int64_t size, int dim, int axis);

// The number of true elements of a contiguous bool tensor.
std::int64_t count_true(const char* op, const Tensor& mask);
// The flat row-major positions of the true elements of a bool tensor; int64, shape (n,).
Tensor true_positions(const char* op, const Tensor& mask);

}  // namespace tenon
