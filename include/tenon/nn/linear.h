// Fully connected layers.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon::nn {

// x @ w.T + b in the promoted dtype: x (..., in), w (out, in), b (out) or undefined; the result is (..., out). A w of
// one dimension is a single output, whose dimension the result lacks; b has none, too. float16 and bfloat16 are rounded
// once. Throws ShapeError for sizes that do not fit.
TENON_API Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b = {});
// y[..., o] = the sum over i and j of x1[..., i] * w[o, i, j] * x2[..., j], plus b[o]: w (out, in1, in2), b (out) or
// undefined. x1 and x2 agree in the dimensions before the last. Throws ShapeError.
TENON_API Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& w, const Tensor& b = {});

}  // namespace tenon::nn
