// Indexing, gathering, masks.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
struct Ellipsis {};
struct NewAxis {};
// An int, a slice, `...`, None, or an integer or bool tensor.
using Index = std::variant<std::int64_t, Slice, Ellipsis, NewAxis, Tensor>;
// Index tensors are integers (in index and index_put_ bools, too) on t's device; negative ones count from the end.
// TypeError for another dtype, IndexError out of range.
//
// t[indices] as NumPy's: a view for ints, slices, `...` and None, a copy where there is a tensor. Index tensors
// broadcast together; the result has their dimensions where they stood, or first where something stood between. A bool
// tensor, of t's sizes, selects where it is true. Too many indices and shapes that do not fit are IndexErrors, too.
TENON_API Tensor index(const Tensor& t, std::span<const Index> indices);
// t[indices] = values, or += with accumulate, where equal indices add up. Values broadcast to the selection, less
// leading sizes of 1, and are converted to t's dtype. Throws as index and copy_; DtypeError if added to a lower kind.
TENON_API void index_put_(Tensor& t, std::span<const Index> indices, const Tensor& values, bool accumulate = false);
// Elements along dim, which the indices' dimensions replace; without dim of the flattened tensor, in their shape.
TENON_API Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim = {});
// Elements along dim, which gets the number of indices as its size. ShapeError for indices of more than 1 dimension.
TENON_API Tensor index_select(const Tensor& t, std::int64_t dim, const Tensor& indices);
// out[i][j] = t[indices[i][j]][j] for dim 0 of 2, in the indices' shape. Throws ShapeError unless the indices have t's
// number of dimensions and, but for dim, at most its sizes.
TENON_API Tensor gather(const Tensor& t, std::int64_t dim, const Tensor& indices);
// A copy of t with out[indices[i][j]][j] = source[i][j] for dim 0 of 2, or += where equal indices add up. source,
// converted to t's dtype, has the indices' shape, a larger one, or no dimensions. Throws ShapeError as gather,
// DtypeError for complex into real, and in scatter_add for a source of a higher kind than t.
TENON_API Tensor scatter(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
TENON_API Tensor scatter_add(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source);
// t, broadcast with the mask, with a number or 0-d tensor where it is true. Throws DtypeError if the mask is not bool
// or the value's kind is above t's, OverflowError for an integer out of bounds, ShapeError unless it is 0-d.
TENON_API Tensor masked_fill(const Tensor& t, const Tensor& mask, const Operand& value);
// The elements of t, broadcast with the mask, where it is true: 1-d, in row-major order. DtypeError if it is not bool.
TENON_API Tensor masked_select(const Tensor& t, const Tensor& mask);
// The indices of the elements that are not zero, in row-major order: int64, shape (their number, ndim).
TENON_API Tensor nonzero(const Tensor& t);

}  // namespace tenon
