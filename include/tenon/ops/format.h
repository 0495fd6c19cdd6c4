// Tensors as text.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "tenon/tensor.h"

namespace tenon {

struct PrintOptions {
  int precision = 4;              // digits after the point
  std::int64_t threshold = 1000;  // more elements are summarised
  std::int64_t edgeitems = 3;     // shown at each end of a summarised dimension
  int linewidth = 80;
  std::optional<bool> sci_mode;   // none: by the range of the values
};
// The process's, to be changed in place.
TENON_API PrintOptions& print_options();
// "tensor([99.,  2.,  3.])": PyTorch's form. Reads the elements that are shown, to the host where need be;
// "tensor(undefined)" for an undefined tensor.
TENON_API std::string str(const Tensor& t);
TENON_API std::ostream& operator<<(std::ostream& out, const Tensor& t);

}  // namespace tenon
