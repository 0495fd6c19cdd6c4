// Tensors as sets.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon {

// The number of results is read to the host.

struct Unique {
  Tensor values;   // in order
  Tensor indices;  // where each is first
  Tensor inverse;  // which of the values each element is
  Tensor counts;   // how often each is there
};
// What unique is to find besides the values; the others stay undefined.
struct UniqueParts {
  bool indices = false, inverse = false, counts = false;
};
// The distinct elements of the flattened tensor, in order, or the distinct slices along dim, in the order of their
// elements. indices, inverse and counts are int64; inverse has t's shape, or is 1-d with dim. NaNs are one value with
// equal_nan, otherwise each on its own. The gradient goes to the first of equal elements.
TENON_API Unique unique(const Tensor& t, std::optional<std::int64_t> dim = {}, UniqueParts parts = {},
                        bool equal_nan = true);
// The same of neighbours: equal elements that do not stand side by side are several values. No indices.
TENON_API Unique unique_consecutive(const Tensor& t, std::optional<std::int64_t> dim = {}, UniqueParts parts = {});
// Whether each element is among the test elements (is not, with invert): bool, in the elements' shape. NaN is not.
// Integers and floats meet in float64.
TENON_API Tensor isin(const Tensor& elements, const Tensor& test_elements, bool invert = false);
// The elements of both, of both at once, of a alone, of one alone: distinct, in order, 1-d, in the promoted dtype.
// assume_unique: a and b hold nothing twice, and what is taken of a keeps its order.
TENON_API Tensor union1d(const Tensor& a, const Tensor& b);
TENON_API Tensor intersect1d(const Tensor& a, const Tensor& b, bool assume_unique = false);
TENON_API Tensor setdiff1d(const Tensor& a, const Tensor& b, bool assume_unique = false);
TENON_API Tensor setxor1d(const Tensor& a, const Tensor& b, bool assume_unique = false);
// What intersect1d finds, and where each is first in the flattened a and b.
struct Intersection {
  Tensor values, a_indices, b_indices;
};
TENON_API Intersection intersect1d_with_indices(const Tensor& a, const Tensor& b);

}  // namespace tenon
