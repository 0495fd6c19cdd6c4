// Activation functions and other short formulas over elements, each one pass over memory, also backwards.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// In the promoted dtype; they broadcast. addcdiv divides truly, as div.
TENON_API Tensor addcmul(const Tensor& t, const Operand& a, const Operand& b,
                         const Scalar& value = 1);  // t + value * a * b
TENON_API Tensor addcdiv(const Tensor& t, const Operand& a, const Operand& b,
                         const Scalar& value = 1);  // t + value * a / b
// The same into self. Throws DtypeError if self is of a lower kind than the result, ShapeError unless it has its shape.
TENON_API Tensor& addcmul_(Tensor& self, const Operand& a, const Operand& b, const Scalar& value = 1);
TENON_API Tensor& addcdiv_(Tensor& self, const Operand& a, const Operand& b, const Scalar& value = 1);

// Real numbers; NaN stays NaN. Integers become the default float where a result has fractions.
// log(1 + exp(beta * x)) / beta, and x where beta * x is above the threshold.
TENON_API Tensor scaled_softplus(const Tensor& x, double beta, double threshold);
TENON_API Tensor hardtanh(const Tensor& x, const Scalar& low = -1, const Scalar& high = 1);  // x limited to [low, high]
TENON_API Tensor relu6(const Tensor& x);  // x limited to [0, 6]
TENON_API Tensor hardsigmoid(const Tensor& x);  // x/6 + 1/2 limited to [0, 1]
TENON_API Tensor hardswish(const Tensor& x);  // x * hardsigmoid(x)
TENON_API Tensor mish(const Tensor& x);  // x * tanh(softplus(x))
TENON_API Tensor selu(const Tensor& x);  // 1.0507 * (x where it is positive, 1.67326 * (exp(x) - 1) elsewhere)
TENON_API Tensor celu(const Tensor& x,
                      double alpha = 1);  // x where it is positive, alpha * (exp(x / alpha) - 1) elsewhere
TENON_API Tensor softsign(const Tensor& x);  // x / (1 + |x|)
TENON_API Tensor tanhshrink(const Tensor& x);  // x - tanh(x)
TENON_API Tensor softshrink(const Tensor& x, double lambd = 0.5);  // x pulled towards 0 by lambd; 0 within
TENON_API Tensor hardshrink(const Tensor& x, double lambd = 0.5);  // x where |x| > lambd, 0 elsewhere
TENON_API Tensor threshold(const Tensor& x, const Scalar& limit,
                           const Scalar& value);  // x where x > limit, value elsewhere

}  // namespace tenon
