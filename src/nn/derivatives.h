// The gradients of neural networks' operations, as autograd/derivatives.h has those of the primitives.
#pragma once

#include "autograd/derivatives.h"
#include "nn/normalization.h"

namespace tenon::nn::derive {

Backward linear(const Tensor& x, const Tensor& w, const Tensor& b);
// Of inputs x, weight and bias, which may be undefined; mean is where nothing was subtracted.
Backward normalization(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& mean,
                       const Tensor& rstd, const Normalization& n);

}  // namespace tenon::nn::derive
