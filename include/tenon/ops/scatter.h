// Tensors with elements combined at indices, or with a part of them replaced.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/tensor.h"

namespace tenon {

// How the elements that share an index are combined.
enum class Combine { sum, prod, mean, amax, amin };
// By its name. Throws ValueError for another one.
TENON_API Combine combine(const std::string& name);

// A copy of t with out[indices[i][j]][j] combined of all source[i][j] that share it for dim 0 of 2, and so for others,
// and with include_self of t's own element. Elements that no index names are t's. float16 and bfloat16 are combined in
// float32 and rounded once; means of integers are rounded down. Equal extrema share the gradient. Throws as scatter_add,
// DtypeError for extrema of complex numbers and for means of bools.
TENON_API Tensor scatter_reduce(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source,
                                Combine how, bool include_self = true);
// The same of whole entries along dim: source[i] goes to out[indices[i]]. Throws ShapeError unless indices have one
// dimension and source has t's shape, but for dim the number of indices.
TENON_API Tensor index_reduce(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source,
                              Combine how, bool include_self = true);
// t, broadcast with the mask, with elements of source in row-major order where the mask is true. Throws DtypeError unless
// the mask is bool and source of t's dtype, ValueError where source has fewer elements than that.
TENON_API Tensor masked_scatter(const Tensor& t, const Tensor& mask, const Tensor& source);

// Copies of t in which what select(), slice(), diagonal() and as_strided() see is source: of the view's shape (ShapeError)
// and converted to t's dtype.
TENON_API Tensor select_scatter(const Tensor& t, const Tensor& source, std::int64_t dim, std::int64_t index);
TENON_API Tensor slice_scatter(const Tensor& t, const Tensor& source, std::int64_t dim = 0,
                               std::optional<std::int64_t> start = {}, std::optional<std::int64_t> stop = {},
                               std::int64_t step = 1);
TENON_API Tensor diagonal_scatter(const Tensor& t, const Tensor& source, std::int64_t offset = 0, std::int64_t dim1 = 0,
                                  std::int64_t dim2 = 1);
TENON_API Tensor as_strided_scatter(const Tensor& t, const Tensor& source, const Dims& shape, const Dims& strides,
                                    std::int64_t element_offset = 0);

}  // namespace tenon
