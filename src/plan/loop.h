// From operands with any strides to the n-d loop that a backend runs: aligned, reordered, collapsed.
// Exported for the tests; no part of the public API.
#pragma once

#include <initializer_list>
#include <span>

#include "tenon/loop.h"
#include "tenon/tensor.h"

namespace tenon {

// A result of this size whose pages are there already is written past the cache (1.3 to 2 times faster).
inline constexpr std::int64_t kStreamBytes = std::int64_t{32} << 20;

// The shape that all of them are repeated to. Throws ShapeError naming op and both shapes.
TENON_API Dims broadcast_shapes(std::string_view op, const Dims& a, const Dims& b);

// Strides of a tensor that is repeated to a larger shape: 0 where it is. In elements.
TENON_API Dims broadcast_strides(const Dims& shape, const Dims& strides, const Dims& to);

// One operand's strides over the loop's shape, in elements, and its item size.
struct LoopOperand {
  const Dims* strides;
  std::int64_t itemsize;
};

enum class Order {
  any,       // outermost is the dimension with the output's largest stride
  row_major  // as given
};

// Fills loop: dimensions of size 1 are dropped, neighbours merged where every operand allows it.
TENON_API void build_loop(Loop& loop, const Dims& shape, std::span<const LoopOperand> operands,
                          Order order = Order::any);
TENON_API void build_loop(ProgramLoop& loop, const Dims& shape, std::span<const LoopOperand> operands);

// The same for n elements of operands without gaps; an item size of 0: one element for all.
inline void flat_loop(Loop& loop, std::int64_t n, std::initializer_list<std::int64_t> itemsizes) {
  loop.ndim = 1;
  loop.numel = loop.shape[0] = n;
  int i = 0;
  for (const std::int64_t size : itemsizes) loop.strides[i++][0] = size;
}

// The axes from outermost to innermost in which the tensor's memory runs; identity for row-major ones.
TENON_API Dims memory_order(const Dims& shape, const Dims& strides);

// The strides of a tensor without gaps whose memory runs in this order of the axes.
Dims dense_strides(const Dims& shape, const Dims& order);

// The positions of the lowest and the highest element relative to the first, in elements: low <= 0 <= high.
struct Extent {
  std::int64_t low = 0, high = 0;
};
Extent extent(const Dims& shape, const Dims& strides);

// Whether two elements of the tensor may lie on the same bytes.
TENON_API bool overlaps_itself(const Dims& shape, const Dims& strides);

// Whether the elements of both lie in ranges of memory that intersect, whichever storages they belong to.
TENON_API bool may_share_memory(const Tensor& a, const Tensor& b);

// Whether writing a element by element could change elements of b that are still to be read:
// they may share memory and are not the same elements in the same order.
TENON_API bool partially_overlap(const Tensor& a, const Tensor& b, const Dims& b_strides);

// Non-negative, in range. Throws IndexError.
TENON_API int normalize_axis(std::string_view op, std::int64_t axis, int ndim);
// Each of them normalised; none means all. Throws on repetition.
TENON_API Dims normalize_axes(std::string_view op, const std::optional<Dims>& axes, int ndim);

}  // namespace tenon
