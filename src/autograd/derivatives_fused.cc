// The gradients of operations that are programs. Each is a formula of its own and one pass; recorded, it is the same
// formula in single operations.
#include <numbers>

#include "autograd/derivatives.h"
#include "tenon/elementwise.h"
#include "tenon/program_steps.h"

namespace tenon::derive {
namespace {

using In = const Tensor&;

Scalar conjugate(const Scalar& s) {
  if (!s.is_complex()) return s;
  const auto z = s.to<complex128>();
  return complex128{z.re, -z.im};
}

// The gradient of a function of x and numbers: f(g, x, numbers...).
template <class F, class... N>
Backward formula(const char* op, F f, In x, const N&... numbers) {
  return
      [op, f, saved = Saved(x, op), numbers...](In g) -> Grads { return {fused(op, f, g, saved.get(), numbers...)}; };
}

}  // namespace

Backward addcmul(const Tensor& a, const Tensor& b, const Scalar& value) {
  // What only the other's gradient needs is not kept.
  const bool of_a = autograd::needs_grad(a), of_b = autograd::needs_grad(b);
  return [a = Saved(of_b ? a : Tensor(), "addcmul"), b = Saved(of_a ? b : Tensor(), "addcmul"), of_a, of_b,
          value = conjugate(value)](In g) -> Grads {
    const auto product = [](const auto& g, const auto& other, const auto& value) {
      return mul(g, mul(cj(other), value));
    };
    return {g, of_a ? fused("addcmul", product, g, b.get(), value) : Tensor(),
            of_b ? fused("addcmul", product, g, a.get(), value) : Tensor()};
  };
}
Backward addcdiv(const Tensor& a, const Tensor& b, const Scalar& value) {
  const bool of_a = autograd::needs_grad(a), of_b = autograd::needs_grad(b);
  return [a = Saved(of_b ? a : Tensor(), "addcdiv"), b = Saved(b, "addcdiv"), of_a, of_b,
          value = conjugate(value)](In g) -> Grads {
    const Tensor divisor = b.get();
    const auto first = [](const auto& g, const auto& b, const auto& value) { return mul(div(g, cj(b)), value); };
    const auto second = [](const auto& g, const auto& a, const auto& b, const auto& value) {
      return neg(mul(mul(g, cj(div(div(a, b), b))), value));
    };
    return {g, of_a ? fused("addcdiv", first, g, divisor, value) : Tensor(),
            of_b ? fused("addcdiv", second, g, a.get(), divisor, value) : Tensor()};
  };
}

Backward scaled_softplus(const Tensor& x, const double& beta, const double& threshold) {
  return formula(
      "softplus",
      [](const auto& g, const auto& x, const auto& beta, const auto& threshold) {
        const auto s = mul(x, beta);
        return where(gt(s, threshold), g, mul(g, sigmoid(s)));
      },
      x, beta, threshold);
}
Backward hardtanh(const Tensor& x, const Scalar& low, const Scalar& high) {
  return formula(
      "hardtanh",
      [](const auto& g, const auto& x, const auto& low, const auto& high) {
        return where(logical_and(gt(x, low), lt(x, high)), g, 0);
      },
      x, low, high);
}
Backward hardsigmoid(const Tensor& x) {
  return formula(
      "hardsigmoid", [](const auto& g, const auto& x) { return where(logical_and(gt(x, -3), lt(x, 3)), div(g, 6), 0); },
      x);
}
Backward hardswish(const Tensor& x) {
  return formula(
      "hardswish",
      [](const auto& g, const auto& x) { return where(gt(x, -3), where(lt(x, 3), mul(g, add(div(x, 3), 0.5)), g), 0); },
      x);
}
Backward mish(const Tensor& x) {
  return formula(
      "mish",
      [](const auto& g, const auto& whole) {
        const auto x = clip(whole, -1000, 1000);  // beyond, the slope is 0 or 1
        const auto t = tanh(softplus(x));
        return mul(g, add(t, mul(mul(x, sigmoid(x)), sub(1, square(t)))));
      },
      x);
}
Backward selu(const Tensor& x) {
  return formula(
      "selu",
      [](const auto& g, const auto& x) {
        const auto slope = mul(exp(where(gt(x, 0), 0, x)), kSeluAlpha);
        return mul(mul(g, kSeluScale), where(gt(x, 0), 1, slope));
      },
      x);
}
Backward celu(const Tensor& x, const double& alpha) {
  return formula(
      "celu",
      [](const auto& g, const auto& x, const auto& alpha) {
        return where(gt(x, 0), g, mul(g, exp(div(where(gt(x, 0), 0, x), alpha))));
      },
      x, alpha);
}
Backward softsign(const Tensor& x) {
  return formula("softsign", [](const auto& g, const auto& x) { return div(g, square(add(abs(x), 1))); }, x);
}
Backward tanhshrink(const Tensor& x) {
  return formula("tanhshrink", [](const auto& g, const auto& x) { return mul(g, square(tanh(x))); }, x);
}
Backward softshrink(const Tensor& x, const double& lambd) {
  return formula(
      "softshrink", [](const auto& g, const auto& x, const auto& lambd) { return where(gt(abs(x), lambd), g, 0); }, x,
      lambd);
}
Backward hardshrink(const Tensor& x, const double& lambd) {
  return formula(
      "hardshrink", [](const auto& g, const auto& x, const auto& lambd) { return where(le(abs(x), lambd), 0, g); }, x,
      lambd);
}
Backward threshold(const Tensor& x, const Scalar& limit, const Scalar&) {
  return formula(
      "threshold", [](const auto& g, const auto& x, const auto& limit) { return where(le(x, limit), 0, g); }, x, limit);
}

}  // namespace tenon::derive
