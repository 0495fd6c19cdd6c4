// Kernels along lines (plan/lines.h): scans and softmax.
#pragma once

#include <cstdint>

#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"

namespace tenon::cuda {

// Lines whose beginnings fit a layout.
struct LineSpace {
  char* out;
  const char* in;
  DType out_dtype, in_dtype;
  Layout<2> outer;
  std::int64_t n, out_stride, in_stride;

  TENON_HD void find(std::uint32_t line, char*& to, const char*& from) const {
    std::int64_t at[2];
    outer.offsets(line, at);
    to = out + at[0];
    from = in + at[1];
  }
};

// Calls f(space) for parts of all lines.
template <class F>
void line_spaces(const Lines& l, void* out, DType out_dtype, const void* in, DType in_dtype, F&& f) {
  if (l.n == 0) return;
  pieces<2>(l.outer, 2, [&](const Layout<2>& outer, const std::int64_t* at) {
    f(LineSpace{static_cast<char*>(out) + at[0], static_cast<const char*>(in) + at[1], out_dtype, in_dtype, outer, l.n,
                l.out_stride, l.in_stride});
  });
}

}  // namespace tenon::cuda
