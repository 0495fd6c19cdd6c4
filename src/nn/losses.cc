// Losses element by element. Each is a formula and its slopes, one for each tensor: programs of one pass, or single
// operations where the gradient is recorded itself.
#include "tenon/nn/losses.h"

#include <tuple>
#include <vector>

#include "nn/support.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon::nn {
namespace {

Tensor reduced(const Tensor& losses, Reduce reduce) {
  if (reduce == Reduce::none) return losses;
  return reduce == Reduce::sum ? sum(losses) : mean(losses);
}

auto keep(const char* op, const Tensor& t) { return Saved(t, op); }
double keep(const char*, double number) { return number; }
Tensor kept(const Saved& s) { return s.get(); }
double kept(double number) { return number; }

// f of tensors and then numbers, reduced. slopes: for each tensor the function of g and f's arguments that is its
// gradient.
template <class F, class... S, class... In>
Tensor loss(const char* op, Reduce reduce, F f, std::tuple<S...> slopes, const In&... in) {
  Tensor y;
  std::int64_t n;
  {
    const NoGrad guard;
    const Tensor losses = fused(op, f, in...);
    n = losses.numel();
    y = reduced(losses, reduce);
  }
  std::vector<Tensor> inputs;
  const auto collect = [&](const auto& v) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(v)>, Tensor>) inputs.push_back(v);
  };
  (collect(in), ...);
  if (!any_needs_grad(inputs)) return y;
  std::vector<bool> needed;
  for (const Tensor& t : inputs) needed.push_back(needs_grad(t));
  autograd::attach(y, op, inputs,
                   [op, slopes, n, reduce, needed, saved = std::make_tuple(keep(op, in)...)](const Tensor& g) -> Grads {
                     const Tensor each = reduce == Reduce::mean ? div(g, static_cast<double>(n)) : g;
                     const auto values =
                         std::apply([](const auto&... s) { return std::make_tuple(kept(s)...); }, saved);
                     Grads out(needed.size());
                     std::size_t i = 0;
                     const auto one = [&](const auto& slope) {
                       if (needed[i])
                         out[i] = std::apply([&](const auto&... v) { return fused(op, slope, each, v...); }, values);
                       ++i;
                     };
                     std::apply([&](const auto&... slope) { (one(slope), ...); }, slopes);
                     return out;
                   });
  return y;
}

// Two tensors of floats, in the dtype that the loss is formed in.
struct Pair {
  DType dtype;  // of the result
  Tensor x, target;

  // (n, 1) beside (n) is n * n differences, most often by mistake: one of the two must have the losses' shape.
  Pair(const char* op, const Tensor& a, const Tensor& b) : dtype(common_float(op, {&a, &b})) {
    check_devices(op, a, {&b});
    if (a.shape() != b.shape()) {
      const Dims both = broadcast_shapes(op, a.shape(), b.shape());
      if (both != a.shape() && both != b.shape())
        errors::fail<ShapeError>(op, "input has the shape ", a.shape(), " and target ", b.shape(),
                                 "; they must be the same, use .reshape() or .unsqueeze() on one of them");
    }
    x = to(a, widened(dtype));
    target = to(b, widened(dtype));
  }
};

void check_weight(const char* op, const Tensor& x, const Tensor& weight) {
  if (weight.defined() && weight.shape() != x.shape())
    errors::fail<ShapeError>(op, "weight has input's shape ", x.shape(), "; got ", weight.shape());
}
void check_broadcast(const char* op, const char* what, const Tensor& x, const Tensor& t) {
  if (t.defined() && broadcast_shapes(op, x.shape(), t.shape()) != x.shape())
    errors::fail<ShapeError>(op, what, " must broadcast to input's shape ", x.shape(), "; got ", t.shape());
}

// losses(Reduce), weighted where there are weights: their mean is divided by the weights' sum, or the elements' number.
template <class Losses>
Tensor weighted(const char* op, const Pair& in, Reduce reduce, const Tensor& weight, bool by_weights, Losses&& losses) {
  if (!weight.defined()) return to(losses(reduce), in.dtype);
  check_devices(op, in.x, {&weight});
  const Tensor each = losses(Reduce::none);
  const Tensor w = to(weight, each.dtype()), y = mul(each, w);
  if (reduce == Reduce::mean && by_weights) return to(div(sum(y), sum(w)), in.dtype);
  return to(reduced(y, reduce), in.dtype);
}

// Slopes of what depends on the distance of x and target alone.
template <class D>
auto of_distance(D) {
  return std::make_tuple(
      [](const auto& g, const auto& x, const auto& t, const auto&... n) { return D{}(g, sub(x, t), n...); },
      [](const auto& g, const auto& x, const auto& t, const auto&... n) { return neg(D{}(g, sub(x, t), n...)); });
}

}  // namespace

Reduce reduce_by(const char* op, const std::string& name) {
  if (name == "none") return Reduce::none;
  if (name == "sum") return Reduce::sum;
  if (name != "mean") errors::fail(op, "reduction is 'none', 'mean' or 'sum'; got '", name, "'");
  return Reduce::mean;
}

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduce reduce, const Tensor& weight) {
  const Pair in("mse_loss", x, target);
  check_weight("mse_loss", x, weight);
  return weighted("mse_loss", in, reduce, weight, true, [&](Reduce r) {
    return loss(
        "mse_loss", r, [](const auto& x, const auto& t) { return square(sub(x, t)); },
        of_distance([](const auto& g, const auto& d) { return mul(mul(g, 2), d); }), in.x, in.target);
  });
}

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduce reduce, const Tensor& weight) {
  const Pair in("l1_loss", x, target);
  check_weight("l1_loss", x, weight);
  return weighted("l1_loss", in, reduce, weight, true, [&](Reduce r) {
    return loss(
        "l1_loss", r, [](const auto& x, const auto& t) { return abs(sub(x, t)); },
        of_distance([](const auto& g, const auto& d) { return mul(g, sign(d)); }), in.x, in.target);
  });
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Reduce reduce, double beta) {
  if (!(beta >= 0)) errors::fail("smooth_l1_loss", "beta must not be negative; got ", beta);
  if (beta == 0) return l1_loss(x, target, reduce);
  const Pair in("smooth_l1_loss", x, target);
  const auto f = [](const auto& x, const auto& t, const auto& beta) {
    const auto d = abs(sub(x, t));
    return where(lt(d, beta), mul(0.5, div(square(d), beta)), sub(d, mul(0.5, beta)));
  };
  const auto slopes =
      of_distance([](const auto& g, const auto& d, const auto& beta) { return mul(g, clip(div(d, beta), -1, 1)); });
  return to(loss("smooth_l1_loss", reduce, f, slopes, in.x, in.target, beta), in.dtype);
}

Tensor huber_loss(const Tensor& x, const Tensor& target, Reduce reduce, double delta, const Tensor& weight) {
  if (!(delta > 0)) errors::fail("huber_loss", "delta must be positive; got ", delta);
  const Pair in("huber_loss", x, target);
  check_weight("huber_loss", x, weight);
  const auto f = [](const auto& x, const auto& t, const auto& delta) {
    const auto d = abs(sub(x, t));
    return where(le(d, delta), mul(0.5, square(d)), mul(delta, sub(d, mul(0.5, delta))));
  };
  const auto slopes = of_distance(
      [](const auto& g, const auto& d, const auto& delta) { return mul(g, mul(clip(div(d, delta), -1, 1), delta)); });
  return weighted("huber_loss", in, reduce, weight, false,
                  [&](Reduce r) { return loss("huber_loss", r, f, slopes, in.x, in.target, delta); });
}

Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight, Reduce reduce) {
  constexpr const char* op = "binary_cross_entropy";
  if (x.shape() != target.shape())
    errors::fail<ShapeError>(op, "target must have input's shape ", x.shape(), "; got ", target.shape());
  check_broadcast(op, "weight", x, weight);
  const Pair in(op, x, target);
  if (x.device().is_cpu() && x.numel() > 0) {
    const double low = amin(in.x.detach()).item<double>(), high = amax(in.x.detach()).item<double>();
    if (!(low >= 0 && high <= 1))
      errors::fail(op, "input must be probabilities in [0, 1]; got ", low >= 0 ? high : low,
                   " (for logits use binary_cross_entropy_with_logits)");
  }
  const auto f = [](const auto& x, const auto& t) {
    return sub(mul(sub(t, 1), maximum(log1p(neg(x)), -100)), mul(t, maximum(log(x), -100)));
  };
  const auto of_x = [](const auto& g, const auto& x, const auto& t) {
    return mul(g, div(sub(x, t), maximum(mul(sub(1, x), x), 1e-12)));
  };
  const auto of_target = [](const auto& g, const auto& x, const auto&) {
    return mul(g, sub(maximum(log1p(neg(x)), -100), maximum(log(x), -100)));
  };
  return weighted(op, in, reduce, weight, false,
                  [&](Reduce r) { return loss(op, r, f, std::make_tuple(of_x, of_target), in.x, in.target); });
}

Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, const Tensor& weight, Reduce reduce,
                                        const Tensor& pos_weight) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  if (x.shape() != target.shape())
    errors::fail<ShapeError>(op, "target must have input's shape ", x.shape(), "; got ", target.shape());
  check_broadcast(op, "weight", x, weight);
  const Pair in(op, x, target);
  if (!pos_weight.defined()) {
    const auto f = [](const auto& x, const auto& t) {
      return add(sub(maximum(x, 0), mul(x, t)), softplus(neg(abs(x))));
    };
    const auto of_x = [](const auto& g, const auto& x, const auto& t) { return mul(g, sub(sigmoid(x), t)); };
    const auto of_target = [](const auto& g, const auto& x, const auto&) { return neg(mul(g, x)); };
    return weighted(op, in, reduce, weight, false,
                    [&](Reduce r) { return loss(op, r, f, std::make_tuple(of_x, of_target), in.x, in.target); });
  }
  check_devices(op, x, {&pos_weight});
  check_broadcast(op, "pos_weight", x, pos_weight);
  // A target of 1 counts p times: (1 - t) x + (1 + (p - 1) t) softplus(-x).
  const auto f = [](const auto& x, const auto& t, const auto& p) {
    return add(mul(sub(1, t), x), mul(add(1, mul(sub(p, 1), t)), softplus(neg(x))));
  };
  const auto of_x = [](const auto& g, const auto& x, const auto& t, const auto& p) {
    return mul(g, sub(sub(1, t), mul(add(1, mul(sub(p, 1), t)), sigmoid(neg(x)))));
  };
  const auto of_target = [](const auto& g, const auto& x, const auto&, const auto& p) {
    return mul(g, sub(mul(sub(p, 1), softplus(neg(x))), x));
  };
  const auto of_pos = [](const auto& g, const auto& x, const auto& t, const auto&) {
    return mul(g, mul(t, softplus(neg(x))));
  };
  const Tensor p = to(pos_weight, in.x.dtype());
  return weighted(op, in, reduce, weight, false, [&](Reduce r) {
    return loss(op, r, f, std::make_tuple(of_x, of_target, of_pos), in.x, in.target, p);
  });
}

}  // namespace tenon::nn
