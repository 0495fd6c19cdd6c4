// The order in which elements lie in memory, or are read: NumPy's order=.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tenon/tensor.h"

namespace tenon {

enum class Layout : std::uint8_t {
  c,  // row-major: the last dimension runs fastest
  f,  // column-major: the first one does
  a,  // f for a tensor that lies so and not row-major, otherwise c
  k,  // as the tensor's own dimensions lie
  channels_last  // the second dimension runs fastest, the others are row-major: N, C, H, W as N, H, W, C
};
// Of "C", "F", "A" and "K", and of these letters in lower case. Throws ValueError for another name, as from op.
TENON_API Layout layout(const std::string& name, std::string_view op);
// Whether the elements lie in this order without gaps; a: in c or f, k: always.
TENON_API bool lies_in(const Tensor& t, Layout order);
// Whether the elements lie column-major without gaps.
TENON_API bool is_fortran(const Tensor& t);

// A new tensor, of which nobody has a view and whose elements are all equal or not set, in this order; a and k are
// those of `like`. k of another number of dimensions is c.
TENON_API Tensor laid_out(const Tensor& fresh, Layout order, const Tensor& like = {});
// t itself where it lies in this order, otherwise a copy.
TENON_API Tensor in_layout(const Tensor& t, Layout order);
// t's values in new memory of this order.
TENON_API Tensor clone(const Tensor& t, Layout order);
// The elements, read and placed in this order (ValueError for k and channels_last), in another shape: a view where the strides allow it,
// otherwise a copy. One size may be -1. Throws as reshape().
TENON_API Tensor reshape(const Tensor& t, const Dims& shape, Layout order);
// The same as a copy always (copy is true), or as a view or ValueError (false).
TENON_API Tensor reshape(const Tensor& t, const Dims& shape, Layout order, std::optional<bool> copy);
// All elements, read in this order, in one dimension: a view where the strides allow it, otherwise a copy.
TENON_API Tensor ravel(const Tensor& t, Layout order = Layout::c);

}  // namespace tenon
