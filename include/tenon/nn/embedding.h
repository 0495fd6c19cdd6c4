// Rows of a table by their numbers, and sums, means and maxima of them.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/tensor.h"

namespace tenon::nn {

struct EmbeddingOptions {
  std::optional<std::int64_t> padding_idx = {};  // a row without gradient, which does not count in its bag
  std::optional<double> max_norm = {};  // rows in use with a larger norm are scaled to it, in place
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // a row's gradient is divided by how often it is used
};

// The rows of weight (rows, width) that indices name: (*indices.shape, width). The gradient adds up in the order of the
// indices. Throws ShapeError, DtypeError for indices that are no integers, IndexError for one that is not there, ValueError
// for a padding_idx that is not.
TENON_API Tensor embedding(const Tensor& indices, const Tensor& weight, const EmbeddingOptions& options = {});

enum class BagMode : std::uint8_t { sum, mean, max };

struct BagOptions {
  EmbeddingOptions rows = {};
  BagMode mode = BagMode::mean;
  Tensor factors = {};  // of each row of a sum, in the indices' shape, or undefined
  bool include_last_offset = false;  // offsets end with the number of indices
};

// Of bags of such rows their sum, mean or maximum, (bags, width); 0 of an empty one. A bag is a row of indices (bags,
// length), or begins at offsets (bags) of indices (n). The gradient of a maximum goes to one row. Throws as embedding,
// ValueError for offsets that are not in order and for factors and scale_grad_by_freq that do not go with the mode.
TENON_API Tensor embedding_bag(const Tensor& indices, const Tensor& weight, const Tensor& offsets,
                               const BagOptions& options = {});

}  // namespace tenon::nn
