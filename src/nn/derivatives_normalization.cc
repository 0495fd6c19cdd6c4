// The gradient of normalization: two sums over what was normalized, and one pass.
#include "core/launch.h"
#include "nn/derivatives.h"
#include "nn/recorded.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon::nn::derive {
namespace {

using In = const Tensor&;

// The operation in single steps but for the bias, for gradients that are recorded.
Tensor formula(In x, In weight, const Normalization& n) {
  const Tensor view = reshape(x, n.shape);
  const Tensor centred = n.centred ? sub(view, mean(view, n.axes, true)) : view;
  Tensor y = mul(centred, rsqrt(add(mean(square(centred), n.axes, true), n.eps)));
  if (weight.defined()) y = mul(y, reshape(weight, n.affine));
  return reshape(y, x.shape());
}

Dims without(const Dims& all, const Dims& some) {
  Dims out;
  for (const auto d : all)
    if (!some.contains(d)) out.push_back(d);
  return out;
}
Tensor summed(In t, const Dims& axes) { return axes.empty() ? t : sum(t, axes, true); }

// The sum of t * weight. Of rows it is a product of a matrix and a vector, one pass.
Tensor summed(In t, In weight, const Dims& axes) {
  if (!weight.defined()) return summed(t, axes);
  if (t.ndim() == 2 && axes == Dims{1} && weight.numel() == t.size(1)) return matmul(t, reshape(weight, {-1, 1}));
  return summed(mul(t, weight), axes);
}

// g times x normalized, before the weight.
Tensor times_normalized(const char* op, In g, In x, In mean, In rstd) {
  if (!mean.defined())
    return fused(op, [](const auto& g, const auto& x, const auto& r) { return mul(g, mul(x, r)); }, g, x, rstd);
  return fused(
      op, [](const auto& g, const auto& x, const auto& m, const auto& r) { return mul(g, mul(sub(x, m), r)); }, g, x,
      mean, rstd);
}

// g * weight * rstd - (x - mean) * slope - offset.
Tensor of_input(const char* op, In g, In x, In mean, In rstd, In weight, In slope, In offset) {
  if (!mean.defined()) {
    if (!weight.defined())
      return fused(
          op, [](const auto& g, const auto& x, const auto& r, const auto& s) { return sub(mul(g, r), mul(x, s)); }, g,
          x, rstd, slope);
    return fused(
        op,
        [](const auto& g, const auto& x, const auto& r, const auto& w, const auto& s) {
          return sub(mul(mul(g, w), r), mul(x, s));
        },
        g, x, rstd, weight, slope);
  }
  if (!weight.defined())
    return fused(
        op,
        [](const auto& g, const auto& x, const auto& m, const auto& r, const auto& s, const auto& o) {
          return sub(sub(mul(g, r), mul(sub(x, m), s)), o);
        },
        g, x, mean, rstd, slope, offset);
  return fused(
      op,
      [](const auto& g, const auto& x, const auto& m, const auto& r, const auto& w, const auto& s, const auto& o) {
        return sub(sub(mul(mul(g, w), r), mul(sub(x, m), s)), o);
      },
      g, x, mean, rstd, weight, slope, offset);
}

struct Needed {
  bool x, weight, bias;
};

// By the backend's kernel; empty where it has none.
Grads by_kernel(const char* op, In grad, In input, In weight, In mean, In rstd, const Normalization& n,
                const Needed& needed) {
  if (n.slabs == 0 || input.numel() == 0) return {};
  const Tensor x = contiguous(input), g = contiguous(grad), w = weight.defined() ? contiguous(weight) : weight;
  NormalizationCall c = n.call(NormalizationPass::backward, x, w);
  Grads out(3);
  if (needed.x) out[0] = empty(input.shape(), x.dtype(), x.device());
  if (needed.weight) out[1] = empty(weight.shape(), x.dtype(), x.device());
  if (needed.bias) out[2] = empty({n.affine.product()}, x.dtype(), x.device());
  const auto data = [](In t) { return t.defined() ? t.data() : nullptr; };
  c.g = g.data(), c.mean = data(mean), c.rstd = rstd.data();
  c.dx = data(out[0]), c.dweight = data(out[1]), c.dbias = data(out[2]);
  return try_launch(op, x.device(), &Backend::normalization, c) ? out : Grads();
}

Grads fused_gradient(const char* op, In grad, In input, In weight, In mean, In rstd, const Normalization& n,
                     const Needed& needed) {
  const Tensor g = reshape(grad, n.shape), x = reshape(input, n.shape);
  const Tensor w = weight.defined() ? reshape(weight, n.affine) : Tensor();
  const Dims repeated = n.repeated();
  // What both the normalized dimensions and the repeated ones have is summed once for both.
  Dims both;
  for (const auto d : n.axes)
    if (repeated.contains(d)) both.push_back(d);
  Grads out(3);
  Tensor with_x, alone;
  if (needed.x || needed.weight) with_x = summed(times_normalized(op, g, x, mean, rstd), both);
  if (needed.bias || (needed.x && n.centred)) alone = summed(g, both);
  if (needed.weight) out[1] = reshape(summed(with_x, without(repeated, both)), weight.shape());
  if (needed.bias) out[2] = summed(alone, without(repeated, both));
  if (needed.x) {
    const Dims rest = without(n.axes, both);
    const double share = 1 / static_cast<double>(n.count());
    const Tensor slope = mul(mul(mul(summed(with_x, w, rest), rstd), rstd), share);
    const Tensor offset = n.centred ? mul(mul(summed(alone, w, rest), rstd), share) : Tensor();
    out[0] = reshape(of_input(op, g, x, mean, rstd, w, slope, offset), input.shape());
  }
  return out;
}

}  // namespace

Backward normalization(const char* op, In x, In weight, In bias, In mean, In rstd, const Normalization& n) {
  const Needed needed{needs_grad(x), needs_grad(weight), needs_grad(bias)};
  const Dims bias_shape = bias.defined() ? bias.shape() : Dims();
  return [=, x = Saved(x, op), weight = Saved(weight, op)](In g) -> Grads {
    const Tensor at[] = {x.get(), weight.get()};
    Grads out;
    if (grad_enabled()) {
      out = recorded([&](std::span<const Tensor> in) { return std::vector{formula(in[0], in[1], n)}; }, at, {&g, 1});
      out.push_back(needed.bias ? sum(reshape(g, n.shape), n.repeated(), true) : Tensor());
    } else {
      out = by_kernel(op, g, at[0], at[1], mean, rstd, n, needed);
      if (out.empty()) out = fused_gradient(op, g, at[0], at[1], mean, rstd, n, needed);
    }
    if (needed.bias) out[2] = reshape(out[2], bias_shape);
    return out;
  };
}

}  // namespace tenon::nn::derive
