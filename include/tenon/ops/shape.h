// Shapes by NumPy's rules. All results are views.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// The product of the sizes of dims; of all of them the number of elements.
TENON_API std::int64_t size_along(const Tensor& t, const Axes& dims = {});
// Without these dimensions. Throws ShapeError unless each has size 1.
TENON_API Tensor squeeze_exactly(const Tensor& t, const Dims& dims);
// The dimension `axis` moved to stand before `start`, which may be one past the last.
TENON_API Tensor rollaxis(const Tensor& t, std::int64_t axis, std::int64_t start = 0);
// With n dimensions at least, n <= 3: new ones of size 1 in front; a matrix gets its third one behind, a vector becomes
// (1, size, 1). t itself if it has as many.
TENON_API Tensor at_least(const Tensor& t, int n);
// The shape that all are repeated to; () for none. Throws ShapeError.
TENON_API Dims broadcast_shapes(std::span<const Dims> shapes);
// The tensors, each expanded to that shape.
TENON_API std::vector<Tensor> broadcast_tensors(std::span<const Tensor> ts);
// The windows of these sizes along dims, one step apart, as new last dimensions; a dimension may be given twice. Throws
// ShapeError for another number of sizes than of dimensions, ValueError for a size that is negative or too large.
TENON_API Tensor sliding_window_view(const Tensor& t, const Dims& window, const Axes& dims = {});

}  // namespace tenon
