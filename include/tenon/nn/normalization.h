// Normalization: mean 0 and variance 1 over some dimensions, then a weight and a bias.
//
// All take an x of floats and return its shape and dtype; float16 and bfloat16 are computed in float32 and rounded once.
// weight and bias may be undefined, for 1 and 0. eps is added to the variance. They throw ShapeError for sizes that do
// not fit, DtypeError for complex numbers, integers and float8.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon::nn {

// Over the last dimensions of x, whose sizes are `shape`; weight and bias have that shape.
TENON_API Tensor layer_norm(const Tensor& x, const Dims& shape, const Tensor& weight = {}, const Tensor& bias = {},
                            double eps = 1e-5);
// The same divided by the root of the mean of squares, without the mean. Without eps that of x's dtype is added.
TENON_API Tensor rms_norm(const Tensor& x, const Dims& shape, const Tensor& weight = {},
                          std::optional<double> eps = {});
// Over each of so many groups of channels of x (batch, channels, ...); weight and bias have one number for each channel.
// ValueError unless the groups divide the channels, and for a single element in each.
TENON_API Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight = {}, const Tensor& bias = {},
                            double eps = 1e-5);

// The running mean and variance of each channel, or none. Where x's own statistics are used, they become
// (1 - momentum) * old + momentum * x's, in place; of the variance the unbiased one.
struct Running {
  Tensor mean, var;
};
// Over all but the channels of x (batch, channels, ...) in training; by the running statistics otherwise. ValueError for
// one element for each channel in training, and for no running statistics otherwise.
TENON_API Tensor batch_norm(const Tensor& x, Running running, const Tensor& weight = {}, const Tensor& bias = {},
                            bool training = false, double momentum = 0.1, double eps = 1e-5);
// Over each channel of each of the batch, or by the running statistics, which are means over the batch. Throws likewise.
TENON_API Tensor instance_norm(const Tensor& x, Running running, const Tensor& weight = {}, const Tensor& bias = {},
                               bool use_input_stats = true, double momentum = 0.1, double eps = 1e-5);
// x / (k + alpha * the mean of x^2 over `size` neighbouring channels, zeros beyond them)^beta.
TENON_API Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha = 1e-4, double beta = 0.75,
                                     double k = 1);

}  // namespace tenon::nn
