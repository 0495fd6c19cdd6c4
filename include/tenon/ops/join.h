// Joining, splitting, repeating.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// cat: end to end along dim; the other sizes agree. stack: side by side along a new dimension; all shapes agree. In
// the promoted dtype. Throw ShapeError (cat also for tensors without dimensions), ValueError for no tensors.
TENON_API Tensor cat(std::span<const Tensor> ts, std::int64_t dim = 0);
TENON_API Tensor stack(std::span<const Tensor> ts, std::int64_t dim = 0);
// As cat: hstack along dimension 1, or 0 for 1-d tensors, 0-d ones counting as 1-d; vstack along dimension 0, where
// 1-d tensors count as rows (1, n).
TENON_API Tensor hstack(std::span<const Tensor> ts);
TENON_API Tensor vstack(std::span<const Tensor> ts);
// dstack along dimension 2 of what at_least(t, 3) makes; column_stack along dimension 1, where vectors are columns (n, 1).
TENON_API Tensor dstack(std::span<const Tensor> ts);
TENON_API Tensor column_stack(std::span<const Tensor> ts);
// Views of consecutive parts along dim: of `size` elements, but for the last (ValueError unless positive); of these
// sizes (ShapeError unless they add up); `chunks` or fewer of equal size, but for the last (ValueError unless
// positive). Throw ShapeError for a tensor without dimensions.
TENON_API std::vector<Tensor> split(const Tensor& t, std::int64_t size, std::int64_t dim = 0);
TENON_API std::vector<Tensor> split(const Tensor& t, const Dims& sizes, std::int64_t dim = 0);
TENON_API std::vector<Tensor> chunk(const Tensor& t, std::int64_t chunks, std::int64_t dim = 0);
// Views along dim: of `parts` whose sizes differ by one at most, the larger ones first (ValueError unless positive); of
// the elements between these places, as slices take them. split_equally: ValueError unless all have one size.
TENON_API std::vector<Tensor> tensor_split(const Tensor& t, std::int64_t parts, std::int64_t dim = 0);
TENON_API std::vector<Tensor> tensor_split(const Tensor& t, const Dims& places, std::int64_t dim = 0);
TENON_API std::vector<Tensor> split_equally(const Tensor& t, std::int64_t parts, std::int64_t dim = 0);
// Views of each element along dim, which goes. Throws ShapeError for a tensor without dimensions.
TENON_API std::vector<Tensor> unbind(const Tensor& t, std::int64_t dim = 0);
// All of t, `repeats` times along each dimension; the shorter of shape and repeats is filled up with 1 at the front.
// Throws ValueError for negative repeats.
TENON_API Tensor tile(const Tensor& t, const Dims& repeats);
// Each element (along dim; of the flattened tensor without one) `repeats` times in a row; a tensor of repeats holds
// integers, one or one for each element. Throws ValueError for negative ones, ShapeError, DtypeError.
TENON_API Tensor repeat_interleave(const Tensor& t, std::int64_t repeats, std::optional<std::int64_t> dim = {});
TENON_API Tensor repeat_interleave(const Tensor& t, const Tensor& repeats, std::optional<std::int64_t> dim = {});
// Each element moved on by a shift along each dim, from the end to the front; without dims in the
// flattened tensor, whose shape stays. One shift serves all dims; shifts of one dim add up. Throws ValueError if the
// lists do not match.
TENON_API Tensor roll(const Tensor& t, const Dims& shifts, const Axes& dims = {});
// A view turned k times by 90 degrees in the plane of two dimensions, from the first towards the second. Throws
// ValueError unless there are two, ShapeError for a tensor of fewer.
TENON_API Tensor rot90(const Tensor& t, std::int64_t k = 1, const Dims& dims = {0, 1});

}  // namespace tenon
