// Convolutions over one, two or three dimensions.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>

#include "tenon/calls_nn.h"
#include "tenon/tensor.h"

namespace tenon::nn {

// Of each dimension, or one number for all of them.
struct ConvolutionOptions {
  Dims stride{1}, padding{0}, dilation{1}, output_padding{0};
  std::int64_t groups = 1;
  bool same = false;  // instead of padding: as much as keeps the size, the odd element behind
};

// The sums of x's elements under a kernel that moves over `dims` dimensions, times its weights. x is (N, C, ...) or (C,
// ...), w (O, C / groups, kernel...), bias (O), or undefined for none. The dtype is the promoted one of x and w;
// float16 and bfloat16 are summed in float32 and rounded once. Throws ShapeError for shapes that do not fit, ValueError
// for options out of range, DtypeError unless there is a real float among them.
TENON_API Tensor convolution(int dims, const Tensor& x, const Tensor& w, const Tensor& bias,
                             const ConvolutionOptions& o = {});
// What convolution() does to its input's gradient, from x (N, C, ...), w (C, O / groups, kernel...), bias (O). Its
// result is (input - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 long. Throws as
// convolution(), and ValueError for an output_padding that is smaller than neither the stride nor the dilation.
TENON_API Tensor convolution_transpose(int dims, const Tensor& x, const Tensor& w, const Tensor& bias,
                                       const ConvolutionOptions& o = {});

// The three products behind them, which are each other's derivatives. All tensors have one dtype and these shapes.
struct ConvolutionShape {
  const char* op;  // for messages
  Windows windows;
  std::int64_t groups;
  Dims x, w, y;
};
TENON_API Tensor convolution_output(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvolutionShape& s);
TENON_API Tensor convolution_input(const Tensor& y, const Tensor& w, const ConvolutionShape& s);
TENON_API Tensor convolution_weight(const Tensor& y, const Tensor& x, const ConvolutionShape& s);

}  // namespace tenon::nn
