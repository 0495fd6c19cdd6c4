// Gathers and scatters by tensors of indices. Exported for the tests; no part of the public API.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

// One tensor of indices: int64, of any strides.
struct IndexTensor {
  Tensor index;
  int dim;  // of the base, that it selects from
  int axis;  // the same in the tensor that the user indexed
  bool checked = false, from_end = true;  // see IndexOperand
};

// What an index of the base gives.
struct IndexShape {
  Dims common;       // the shape that the indices are broadcast to
  int position = 0;  // of its dimensions in the result
  Dims result;
};
// front: the common dimensions come first; otherwise they stand where the first indexed one was. Throws IndexError
// where the indices do not broadcast.
TENON_API IndexShape index_shape(std::string_view op, const Dims& base, std::span<const IndexTensor> indices,
                                 bool front);

// A call, and what it points to.
class TENON_API IndexPlan {
 public:
  // values: of the result's shape (any strides, 0 too) and of base's dtype.
  IndexPlan(IndexMode mode, const Tensor& base, std::span<const IndexTensor> indices, const IndexShape& s,
            const Tensor& values);
  IndexPlan(const IndexPlan&) = delete;

  const IndexCall& call() const { return call_; }

 private:
  IndexCall call_;
  // The loop's shape, the values' strides, the base's, those of each index tensor; and the index tensors. Most calls need
  // no memory for them (60 ns of 360).
  std::int64_t few_[40];
  IndexOperand few_indices_[4];
  std::vector<std::int64_t> many_;
  std::vector<IndexOperand> many_indices_;
};

}  // namespace tenon
