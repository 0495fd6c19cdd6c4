// Other geometries over the same bytes. All are views, but for what reshape, flatten and real say.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon {

// Any geometry; strides and the offset count elements, the offset from t's first one (Python's counts from the
// storage's). Throws ValueError if it reaches outside the storage, or if strides and shape differ in length.
TENON_API Tensor as_strided(const Tensor& t, const Dims& shape, const Dims& strides, std::int64_t element_offset);
// The dimensions in this order. Throws ShapeError unless there are as many as t has.
TENON_API Tensor permute(const Tensor& t, const Dims& axes);
// Two dimensions swapped.
TENON_API Tensor transpose(const Tensor& t, std::int64_t a, std::int64_t b);
// The source dimensions at the destinations, the others in their order. ValueError if the lists differ in length.
TENON_API Tensor movedim(const Tensor& t, const Dims& source, const Dims& destination);
TENON_API Tensor T(const Tensor& t);   // all dimensions reversed
TENON_API Tensor mT(const Tensor& t);  // the last two swapped; ShapeError for fewer
// The elements in row-major order in another shape: a view where the strides allow it, otherwise a copy. One size may
// be -1: what remains. Throws ShapeError if the numbers of elements differ.
TENON_API Tensor reshape(const Tensor& t, const Dims& shape);
// The same as a view always; ValueError where that needs a copy.
TENON_API Tensor view(const Tensor& t, const Dims& shape);
// The same bytes as another dtype. Where the sizes of items differ the last dimension grows or shrinks: ValueError if
// it is not contiguous or bytes do not divide, or for misaligned data. GradError where a gradient is recorded.
TENON_API Tensor view(const Tensor& t, DType dtype);
// Dimensions start to end, both included, as one, by reshape: a view or a copy. Shape (1,) for a tensor without
// dimensions. Throws ValueError if start lies after end.
TENON_API Tensor flatten(const Tensor& t, std::int64_t start = 0, std::int64_t end = -1);
// One of t's dimensions as several, whose sizes multiply to its own; one of them may be -1. Throws ShapeError.
TENON_API Tensor unflatten(const Tensor& t, std::int64_t dim, const Dims& sizes);
// Without those of the dimensions that have size 1.
TENON_API Tensor squeeze(const Tensor& t, const Axes& dims = {});
// With new dimensions of size 1, at these places of the result.
TENON_API Tensor unsqueeze(const Tensor& t, const Dims& dims);
// The same with self's own geometry: its history goes on, its bytes stay where they are. Counts as a write for what
// backward has saved; GradError for leaves, as for writes. t_ is T, with ShapeError for more than 2 dimensions.
TENON_API Tensor& transpose_(Tensor& self, std::int64_t a, std::int64_t b);
TENON_API Tensor& t_(Tensor& self);
TENON_API Tensor& squeeze_(Tensor& self, const Axes& dims = {});
TENON_API Tensor& unsqueeze_(Tensor& self, const Dims& dims);
// Dimensions of size 1, and new ones at the front, repeated with stride 0; -1 keeps a size. Throws ShapeError.
TENON_API Tensor expand(const Tensor& t, const Dims& shape);
// [start:stop:step] along dim by Python's rules: bounds are clipped, the step may be negative. Throws ValueError for
// step 0, IndexError for a tensor without dimensions.
TENON_API Tensor slice(const Tensor& t, std::int64_t dim, std::optional<std::int64_t> start,
                       std::optional<std::int64_t> stop, std::int64_t step = 1);
// `length` elements along dim from start, which may count from the end. Throws IndexError unless all of them exist.
TENON_API Tensor narrow(const Tensor& t, std::int64_t dim, std::int64_t start, std::int64_t length);
// One element along dim, which goes; the index may count from the end. Throws IndexError.
TENON_API Tensor select(const Tensor& t, std::int64_t dim, std::int64_t index);
// The elements where index[dim2] - index[dim1] == offset, as the last dimension, in place of the two. May be empty.
// Throws ShapeError for fewer than two dimensions.
TENON_API Tensor diagonal(const Tensor& t, std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1);
// Windows of `size` elements, a step apart: dim counts them, a new last dimension holds them, and they may overlap.
// Throws ValueError if size is negative or more than the dimension's, or step < 1.
TENON_API Tensor unfold(const Tensor& t, std::int64_t dim, std::int64_t size, std::int64_t step);
// The order of the elements reversed, by negative strides.
TENON_API Tensor flip(const Tensor& t, const Axes& dims = {});
// The parts of complex numbers, in the dtype of the components. real(t) is t itself for others, imag DtypeError.
TENON_API Tensor real(const Tensor& t);
TENON_API Tensor imag(const Tensor& t);
// Complex numbers as pairs in a new last dimension of size 2. Throws DtypeError for others.
TENON_API Tensor view_as_real(const Tensor& t);
// Pairs of the last dimension as complex numbers. Throws DtypeError unless float32 or float64, ValueError unless the
// last dimension has size 2 and stride 1 and the other strides are even.
TENON_API Tensor view_as_complex(const Tensor& t);

}  // namespace tenon
