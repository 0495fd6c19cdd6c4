// Short formulas over elements as programs: one pass. Their gradients stand in autograd/derivatives_fused.cc.
#include "tenon/ops/activations.h"

#include <numbers>

#include "autograd/derivatives.h"
#include "core/errors.h"
#include "ops/fused.h"
#include "ops/operands.h"
#include "tenon/ops/copy.h"
#include "tenon/program_steps.h"

namespace tenon {
namespace {

// f as one pass over x, with the gradient that the function of derivatives_fused.cc gives.
template <class F, class... N>
Tensor activation(const char* op, F f, Backward (*gradient)(const Tensor&, N...), const Tensor& x,
                  const std::type_identity_t<N>&... numbers) {
  if (is_complex(x.dtype())) errors::dtype_not_supported(op, x.dtype(), "real numbers");
  static const Program program = make_program<1 + sizeof...(N)>(op, f);
  Tensor y = run_program(program, {x, numbers...});
  if (autograd::needs_grad(x)) autograd::attach(y, op, {&x, 1}, gradient(x, numbers...));
  return y;
}

// A number's gradient is nobody's: it takes part as a constant.
Tensor constant(const Operand& o, const Tensor& like) {
  return o.is_tensor() ? o.tensor() : Tensor::of(o.scalar(), like.dtype(), like.device());
}

Tensor combine(const Program& p, bool quotient, const Tensor& t, const Operand& a, const Operand& b,
               const Scalar& value) {
  const Operand in[] = {t, a, b, value};
  Tensor y = run_program(p, in);
  if (!any_needs_grad(in)) return y;
  const Tensor inputs[] = {t, constant(a, y), constant(b, y)};
  autograd::attach(
      y, p.name, inputs,
      quotient ? derive::addcdiv(inputs[1], inputs[2], value) : derive::addcmul(inputs[1], inputs[2], value));
  return y;
}

Tensor& combine_into(Tensor& self, const Program& p, bool quotient, const Operand& a, const Operand& b,
                     const Scalar& value) {
  const Operand in[] = {self, a, b, value};
  if (any_needs_grad(in)) return copy_(self, combine(p, quotient, self, a, b, value));
  const ProgramArguments run{in, {&self, 1}};
  run_program(p, {&run, 1});
  return self;
}

}  // namespace

const Program& addcmul_program() {
  static const Program p = make_program<4>("addcmul", [](const auto& t, const auto& a, const auto& b,
                                                         const auto& value) { return muladd(value, mul(a, b), t); });
  return p;
}
const Program& addcdiv_program() {
  static const Program p = make_program<4>("addcdiv", [](const auto& t, const auto& a, const auto& b,
                                                         const auto& value) { return muladd(value, div(a, b), t); });
  return p;
}

Tensor addcmul(const Tensor& t, const Operand& a, const Operand& b, const Scalar& value) {
  return combine(addcmul_program(), false, t, a, b, value);
}
Tensor addcdiv(const Tensor& t, const Operand& a, const Operand& b, const Scalar& value) {
  return combine(addcdiv_program(), true, t, a, b, value);
}
Tensor& addcmul_(Tensor& self, const Operand& a, const Operand& b, const Scalar& value) {
  return combine_into(self, addcmul_program(), false, a, b, value);
}
Tensor& addcdiv_(Tensor& self, const Operand& a, const Operand& b, const Scalar& value) {
  return combine_into(self, addcdiv_program(), true, a, b, value);
}

Tensor scaled_softplus(const Tensor& x, double beta, double threshold) {
  return activation(
      "softplus",
      [](const auto& x, const auto& beta, const auto& threshold) {
        const auto s = mul(x, beta);
        return where(gt(s, threshold), x, div(softplus(s), beta));
      },
      &derive::scaled_softplus, x, beta, threshold);
}
Tensor hardtanh(const Tensor& x, const Scalar& low, const Scalar& high) {
  return activation(
      "hardtanh", [](const auto& x, const auto& low, const auto& high) { return clip(x, low, high); },
      &derive::hardtanh, x, low, high);
}
Tensor relu6(const Tensor& x) {
  return activation(
      "relu6", [](const auto& x, const auto& low, const auto& high) { return clip(x, low, high); }, &derive::hardtanh,
      x, 0, 6);
}
Tensor hardsigmoid(const Tensor& x) {
  return activation(
      "hardsigmoid", [](const auto& x) { return div(clip(add(x, 3), 0, 6), 6); }, &derive::hardsigmoid, x);
}
Tensor hardswish(const Tensor& x) {
  return activation(
      "hardswish", [](const auto& x) { return mul(maximum(x, -3), div(clip(add(x, 3), 0, 6), 6)); }, &derive::hardswish,
      x);
}
Tensor mish(const Tensor& x) {
  return activation("mish", [](const auto& x) { return mul(maximum(x, -1000), tanh(softplus(x))); }, &derive::mish, x);
}
Tensor selu(const Tensor& x) {
  return activation(
      "selu", [](const auto& x) { return mul(elu(x, derive::kSeluAlpha), derive::kSeluScale); }, &derive::selu, x);
}
Tensor celu(const Tensor& x, double alpha) {
  if (alpha == 0) errors::fail("celu", "alpha must not be 0; got ", alpha);
  return activation(
      "celu", [](const auto& x, const auto& alpha) { return where(gt(x, 0), x, mul(expm1(div(x, alpha)), alpha)); },
      &derive::celu, x, alpha);
}
Tensor softsign(const Tensor& x) {
  return activation("softsign", [](const auto& x) { return div(x, add(abs(x), 1)); }, &derive::softsign, x);
}
Tensor tanhshrink(const Tensor& x) {
  return activation("tanhshrink", [](const auto& x) { return sub(x, tanh(x)); }, &derive::tanhshrink, x);
}
Tensor softshrink(const Tensor& x, double lambd) {
  if (!(lambd >= 0)) errors::fail("softshrink", "lambd must not be negative; got ", lambd);
  return activation(
      "softshrink", [](const auto& x, const auto& lambd) { return sub(x, clip(x, neg(lambd), lambd)); },
      &derive::softshrink, x, lambd);
}
Tensor hardshrink(const Tensor& x, double lambd) {
  return activation(
      "hardshrink", [](const auto& x, const auto& lambd) { return where(le(abs(x), lambd), 0, x); },
      &derive::hardshrink, x, lambd);
}
Tensor threshold(const Tensor& x, const Scalar& limit, const Scalar& value) {
  return activation(
      "threshold", [](const auto& x, const auto& limit, const auto& value) { return where(le(x, limit), value, x); },
      &derive::threshold, x, limit, value);
}

}  // namespace tenon
