// Borders around tensors.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// NumPy's modes of pad.
enum class PadMode : std::uint8_t {
  constant,     // given values
  edge,         // the outermost element
  reflect,      // mirrored at the outermost element
  symmetric,    // mirrored behind the outermost element
  wrap,         // the elements of the other end
  linear_ramp,  // from the outermost element to an end value, in equal steps
  maximum,      // of the outermost elements, as are
  minimum,
  mean,
  median,
  empty         // unset
};
// Throws ValueError for a name that is none of these.
TENON_API PadMode pad_mode(const std::string& name);

// How many elements, or which values, stand before and after a dimension.
struct PadWidth {
  std::int64_t before = 0, after = 0;
};
struct PadValues {
  Tensor before, after;  // undefined: 0
};

// t in a border of these widths, one for each dimension, dimension by dimension: the corners come from the border
// of the dimensions before. A copy, in t's dtype.
//
// values: for each dimension, of constant (by default 0) and of linear_ramp (the end values); 0-d, or of any shape that
// broadcasts to the border. stat: for each dimension, how many of the elements next to the border count for maximum,
// minimum, mean and median; all of them without it. odd: of reflect and symmetric, 2 * edge - mirrored.
// Gradients flow to t and to the values, but not through integers. Throws ValueError for negative widths, for other
// numbers of widths than dimensions, for an empty dimension where elements are needed, and for stat below 1;
// DtypeError for complex or float8 where the mode orders or computes.
TENON_API Tensor pad(const Tensor& t, std::span<const PadWidth> widths, PadMode mode = PadMode::constant,
                     std::span<const PadValues> values = {}, std::span<const PadWidth> stat = {}, bool odd = false);

}  // namespace tenon
