// Fully connected layers: a product, and the bias added where it lies.
#include "tenon/nn/linear.h"

#include "nn/derivatives.h"
#include "nn/support.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

void check_linear(const char* op, const Tensor& x, const Tensor& w, const Tensor& b) {
  if (w.ndim() != 1 && w.ndim() != 2) errors::wrong_ndim(op, w.ndim(), "a weight (out_features, in_features)");
  if (x.ndim() == 0) errors::wrong_ndim(op, 0, "an input (..., in_features)");
  if (x.size(-1) != w.size(-1))
    errors::fail<ShapeError>(op, "the last dimension of input must have the ", w.size(-1),
                             " features that the weight takes; got input ", x.shape(), " and weight ", w.shape());
  if (!b.defined()) return;
  const Dims wanted = w.ndim() == 2 ? Dims{w.size(0)} : Dims();
  if (b.shape() != wanted)
    errors::fail<ShapeError>(op, "the bias must have shape ", wanted, ", one number for each output; got ", b.shape());
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  constexpr const char* op = "linear";
  check_linear(op, x, w, b);
  check_devices(op, x, {&w, &b});
  const DType d = promoted(promote(x.dtype(), w.dtype()), b);
  if (is_float8(d)) errors::dtype_not_supported(op, d, "all other numbers");
  const DType compute = b.defined() ? widened(d) : d;
  if (x.dtype() != compute || w.dtype() != compute || (b.defined() && b.dtype() != compute))
    return to(linear(to(x, compute), to(w, compute), as(b, compute)), d);
  const Tensor inputs[] = {x, w, b};
  const bool flows = any_needs_grad(inputs);
  Tensor y;
  {
    const NoGrad guard;
    y = matmul(x, w.ndim() == 2 ? mT(w) : w);
    const Operand sum[] = {y, b};
    if (b.defined()) elementwise(Op::add, sum, &y);
  }
  if (flows) autograd::attach(y, op, inputs, derive::linear(x, w, b));
  return y;
}

Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& w, const Tensor& b) {
  constexpr const char* op = "bilinear";
  if (w.ndim() != 3) errors::wrong_ndim(op, w.ndim(), "a weight (out_features, in1_features, in2_features)");
  if (x1.ndim() == 0 || x2.ndim() == 0) errors::wrong_ndim(op, 0, "inputs (..., features)");
  if (x1.size(-1) != w.size(1) || x2.size(-1) != w.size(2))
    errors::fail<ShapeError>(op, "the weight ", w.shape(), " takes ", w.size(1), " and ", w.size(2),
                             " features; got inputs ", x1.shape(), " and ", x2.shape());
  Dims before = x1.shape(), other = x2.shape();
  before[before.size() - 1] = other[other.size() - 1] = 1;
  if (before != other)
    errors::fail<ShapeError>(op, "the inputs must agree but in their last dimension; got ", x1.shape(), " and ",
                             x2.shape());
  if (b.defined() && b.shape() != Dims{w.size(0)})
    errors::fail<ShapeError>(op, "the bias must have shape ", Dims{w.size(0)}, "; got ", b.shape());
  check_devices(op, x1, {&x2, &w, &b});
  const DType d = promoted(promote(promote(x1.dtype(), x2.dtype()), w.dtype()), b), compute = widened(d);
  if (is_float8(d)) errors::dtype_not_supported(op, d, "all other numbers");
  const std::int64_t n = before.product(), outputs = w.size(0), in1 = w.size(1), in2 = w.size(2);
  // Of each row one matrix (outputs, in2), which meets the second input.
  const Tensor first = reshape(to(x1, compute), {n, in1}), second = reshape(to(x2, compute), {n, in2, 1});
  const Tensor turned = reshape(permute(to(w, compute), {1, 0, 2}), {in1, outputs * in2});
  Tensor y = squeeze(matmul(reshape(matmul(first, turned), {n, outputs, in2}), second), Dims{-1});
  if (b.defined()) y = add(y, to(b, compute));
  before[before.size() - 1] = outputs;
  return to(reshape(y, before), d);
}

}  // namespace tenon::nn
