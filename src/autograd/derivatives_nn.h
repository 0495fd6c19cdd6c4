// The gradients of neural networks' operations; derivatives.h says what they have in common.
#pragma once

#include "tenon/autograd.h"
#include "tenon/nn/convolution.h"
#include "tenon/nn/pooling.h"

namespace tenon::derive {

Backward convolution_output(const Tensor& x, const Tensor& w, const Tensor& bias, const nn::ConvolutionShape& s);
Backward convolution_input(const Tensor& y, const Tensor& w, const nn::ConvolutionShape& s);
Backward convolution_weight(const Tensor& y, const Tensor& x, const nn::ConvolutionShape& s);
BackwardOfMany max_pool(const char* op, const Tensor& places, const Dims& from, int dims, DType dtype);
Backward pool_sum(const nn::PoolShape& s);
Backward pool_sum_gradient(const nn::PoolShape& s);

}  // namespace tenon::derive
