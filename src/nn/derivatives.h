// The gradients of neural networks' operations, as autograd/derivatives.h has those of the primitives.
#pragma once

#include "autograd/derivatives.h"
#include "nn/normalization.h"
#include "tenon/nn/convolution.h"
#include "tenon/nn/pooling.h"

namespace tenon::nn::derive {

// A tensor that only another one's gradient needs.
inline Saved kept_for(bool other_needs, const Tensor& t, const char* op) {
  return other_needs ? Saved(t, op) : Saved();
}

Backward linear(const Tensor& x, const Tensor& w, const Tensor& b);
// Of inputs x, weight and bias, which may be undefined; mean is where nothing was subtracted.
Backward normalization(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                       const Tensor& rstd, const Normalization& n);
// The three products of a convolution are each other's derivatives, and so are the sum of a pool and its gradient.
Backward convolution_output(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvolutionShape& s);
Backward convolution_input(const Tensor& y, const Tensor& w, const ConvolutionShape& s);
Backward convolution_weight(const Tensor& y, const Tensor& x, const ConvolutionShape& s);
BackwardOfMany max_pool(const char* op, const Tensor& places, const Dims& from, int dims, DType dtype);
Backward pool_sum(const PoolShape& s);
Backward pool_sum_gradient(const PoolShape& s);

}  // namespace tenon::nn::derive
