// What convolutions and pools say of windows: names of operations, options of each dimension, unbatched input.
#pragma once

#include <string>

#include "core/errors.h"
#include "tenon/calls_nn.h"
#include "tenon/ops/view.h"

namespace tenon::nn {

// "conv2d" for "conv", 2. A literal, as nodes and messages need it.
using Names = const char* const (&)[3];
inline const char* name_of(Names names, int dims) { return names[dims - 1]; }

// One number for all dimensions, or one each, in the last `dims` of three.
inline WindowSizes sizes_of(const char* op, const char* what, const Dims& given, int dims, std::int64_t least) {
  if (given.size() != 1 && given.size() != dims)
    errors::fail(op, what, " takes one int", dims > 1 ? errors::text(", or ", dims, " of them") : std::string(),
                 "; got ", given);
  WindowSizes s{{least, least, least}};
  for (int i = 0; i < dims; ++i) {
    const std::int64_t v = given[given.size() == 1 ? 0 : i];
    if (v < least) errors::fail(op, what, least > 0 ? " must be positive" : " must not be negative", "; got ", given);
    s[kWindowDims - dims + i] = v;
  }
  return s;
}
// The last `dims` of three as a shape.
inline Dims as_dims(const WindowSizes& s, int dims) {
  Dims d;
  for (int i = kWindowDims - dims; i < kWindowDims; ++i) d.push_back(s[i]);
  return d;
}
// The sizes of t's last `dims` dimensions.
inline WindowSizes last_sizes(const Tensor& t, int dims) {
  WindowSizes s;
  for (int i = 0; i < dims; ++i) s[kWindowDims - dims + i] = t.size(t.ndim() - dims + i);
  return s;
}
inline Dims with_last(Dims shape, const WindowSizes& s, int dims) {
  for (int i = 0; i < dims; ++i) shape[shape.size() - dims + i] = s[kWindowDims - dims + i];
  return shape;
}

// Elements that a kernel spans.
inline std::int64_t span_of(const Windows& w, int i) { return (w.kernel[i] - 1) * w.dilation[i] + 1; }

// Throws ShapeError unless t is (N, C, ...) or (C, ...).
inline void need_image(const char* op, const Tensor& t, int dims) {
  static constexpr const char* shapes[] = {"(N, C, L) or (C, L)", "(N, C, H, W) or (C, H, W)",
                                           "(N, C, D, H, W) or (C, D, H, W)"};
  if (t.ndim() != dims + 1 && t.ndim() != dims + 2)
    errors::fail<ShapeError>(op, "the input must be ", shapes[dims - 1], "; got shape ", t.shape());
}
inline bool is_batched(const Tensor& t, int dims) { return t.ndim() == dims + 2; }

}  // namespace tenon::nn
