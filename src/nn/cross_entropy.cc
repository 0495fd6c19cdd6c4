// Cross entropy: the logarithms of the probabilities are kept, and one pass over them makes the gradient.
#include "nn/cross_entropy.h"

#include <limits>

#include "nn/recorded.h"
#include "nn/support.h"
#include "ops/fused.h"
#include "tenon/elementwise.h"
#include "tenon/nn/losses.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon::nn {
namespace {

// The classes of a target, checked: where they stand among the probabilities, and what each counts.
struct Classes {
  int dim;  // of the classes in x
  Tensor at;  // int64, with size 1 along dim; 0 where there is none
  Tensor weight;  // of each element, in that shape; undefined where all count 1
  Tensor total;  // the sum of the weights
};

int class_dim(const char* op, const Tensor& x) {
  if (x.ndim() == 0) errors::wrong_ndim(op, 0, "an input (classes) or (batch, classes, ...)");
  return x.ndim() == 1 ? 0 : 1;
}

[[noreturn]] void no_such_class(const char* op, std::int64_t target, std::int64_t classes, std::int64_t ignored) {
  errors::fail<IndexError>(op, "target ", target, " is no class; input has the ", classes, " classes from 0 to ",
                           classes - 1, ", and ignore_index is ", ignored);
}

Classes classes_of(const char* op, const Tensor& x, const Tensor& target, const Tensor& weight, std::int64_t ignored) {
  Classes c;
  c.dim = class_dim(op, x);
  Dims wanted, kept = x.shape();
  for (int d = 0; d < x.ndim(); ++d)
    if (d != c.dim) wanted.push_back(x.shape()[d]);
  if (!is_integral(target.dtype())) errors::dtype_not_supported(op, target.dtype(), "integers, the classes, as target");
  if (target.shape() != wanted)
    errors::fail<ShapeError>(op, "target must have shape ", wanted, ", input's ", x.shape(),
                             " without its classes; got ", target.shape());
  const std::int64_t classes = kept[c.dim];
  kept[c.dim] = 1;
  c.at = reshape(to(target.detach(), DType::int64), kept);
  const bool on_cpu = x.device().is_cpu();
  bool all_count = false;
  if (on_cpu && c.at.numel() > 0) {
    const std::int64_t low = amin(c.at).item<std::int64_t>(), high = amax(c.at).item<std::int64_t>();
    all_count = low >= 0 && high < classes && (ignored < low || ignored > high);
  }
  Tensor counts;
  if (!all_count) {
    counts = ne(c.at, ignored);
    c.at = where(counts, c.at, 0);
    if (on_cpu && c.at.numel() > 0) {
      const std::int64_t low = amin(c.at).item<std::int64_t>(), high = amax(c.at).item<std::int64_t>();
      if (low < 0 || high >= classes) no_such_class(op, low < 0 ? low : high, classes, ignored);
    }
  }
  if (!weight.defined()) {
    if (counts.defined()) c.weight = to(counts, x.dtype());
  } else {
    c.weight = take(weight, c.at, 0);
    if (counts.defined()) c.weight = where(counts, c.weight, 0);
  }
  c.total = c.weight.defined() ? sum(c.weight) : full({}, static_cast<double>(c.at.numel()), x.dtype(), x.device());
  return c;
}

// Along dimension 1, or 0, of what has as many dimensions as x.
Tensor along_classes(const Tensor& weight, const Tensor& x, int dim) {
  Dims shape(x.ndim(), 1);
  shape[dim] = weight.numel();
  return reshape(weight, shape);
}

Tensor without_classes(const Tensor& losses, int dim) { return squeeze(losses, Dims{dim}); }

// Of losses with size 1 along dim.
Tensor reduced(const Tensor& losses, int dim, Reduce reduce, const Tensor& total) {
  if (reduce == Reduce::none) return without_classes(losses, dim);
  const Tensor all = sum(losses);
  if (reduce == Reduce::sum) return all;
  return cross_entropy_mean(all, total);
}

Tensor nll(const Tensor& log_p, const Classes& c, Reduce reduce) {
  const Tensor picked = gather(log_p, c.dim, c.at);
  if (!c.weight.defined() && reduce == Reduce::mean) return neg(mean(picked));
  return reduced(neg(c.weight.defined() ? mul(picked, c.weight) : picked), c.dim, reduce, c.total);
}

// What the loss takes each logarithm by, so that it is their sum: for classes the smoothing alone, in `rest`, and the
// class itself, which is added where it stands.
struct Mix {
  Classes classes;  // without `at` for probabilities
  double kept = 1;  // of the class
  Tensor rest;  // broadcasts to x; undefined without smoothing
  Tensor total;  // what the mean is divided by
};

// A mix for backward: what may be the user's memory is watched.
class SavedMix {
 public:
  SavedMix(const Mix& m, const char* op) : mix_(m), at_(m.classes.at, op), rest_(m.rest, op) {
    mix_.classes.at = mix_.rest = {};
  }
  Mix get() const {
    Mix m = mix_;
    m.classes.at = at_.get();
    m.rest = rest_.get();
    return m;
  }

 private:
  Mix mix_;
  Saved at_, rest_;
};

Mix mix_of(const char* op, const Tensor& x, const Tensor& target, const Tensor& weight, std::int64_t ignored,
           double smoothing) {
  Mix m;
  const int dim = class_dim(op, x);
  const std::int64_t classes = x.size(dim);
  const double share = classes ? smoothing / static_cast<double>(classes) : 0;
  const Tensor each = weight.defined() ? along_classes(weight, x, dim) : Tensor();
  if (is_integral(target.dtype())) {
    m.classes = classes_of(op, x, target, weight, ignored);
    m.kept = 1 - smoothing;
    m.total = m.classes.total;
    if (smoothing > 0) {
      // An element that is ignored counts for no class; a weighted one for all, by their own weights.
      const Tensor counts = ne(reshape(to(target, DType::int64), m.classes.at.shape()), ignored);
      m.rest = mul(to(counts, x.dtype()), share);
      if (each.defined()) m.rest = mul(m.rest, each);
    }
    return m;
  }
  if (target.shape() != x.shape())
    errors::fail<ShapeError>(op, "target must be classes of an integer dtype, or probabilities in input's shape ",
                             x.shape(), "; got ", target.dtype(), " of shape ", target.shape());
  m.classes.dim = dim;
  m.rest = smoothing > 0 ? add(mul(target, 1 - smoothing), share) : target;
  if (each.defined()) m.rest = mul(m.rest, each);
  m.total = full({}, static_cast<double>(classes ? x.numel() / classes : 0), x.dtype(), x.device());
  return m;
}

Tensor loss_of(const Tensor& log_p, const Mix& m, Reduce reduce) {
  const int dim = m.classes.dim;
  Tensor y;
  if (m.classes.at.defined() && m.kept > 0) {
    y = nll(log_p, m.classes, reduce);
    if (m.kept != 1) y = mul(y, m.kept);
  }
  if (!m.rest.defined()) return y.defined() ? y : nll(log_p, m.classes, reduce);
  const Tensor others = reduced(neg(sum(mul(log_p, m.rest), Dims{dim}, true)), dim, reduce, m.total);
  return y.defined() ? add(y, others) : others;
}

// The gradient of x: softmax(x) times the sum of what the logarithms are taken by, less that, all times g.
Tensor gradient(const Tensor& log_p, const Mix& m, Reduce reduce, const Tensor& g) {
  const int dim = m.classes.dim;
  Dims kept = log_p.shape();
  kept[dim] = 1;
  const Tensor each = reduce == Reduce::none ? reshape(g, kept) : reduce == Reduce::sum ? g : div(g, divisor(m.total));
  const auto scaled = [](const auto& log_p, const auto& by) { return mul(exp(log_p), by); };
  const auto less = [](const auto& log_p, const auto& by, const auto& rest, const auto& g) {
    return sub(mul(exp(log_p), by), mul(rest, g));
  };
  Tensor of_class;  // the class's part, in `at`'s shape
  if (m.classes.at.defined()) of_class = mul(m.classes.weight.defined() ? mul(m.classes.weight, each) : each, m.kept);
  Tensor out;
  if (m.rest.defined()) {
    Tensor by = mul(sum(expand(m.rest, log_p.shape()), Dims{dim}, true), each);
    if (of_class.defined()) by = add(by, of_class);
    out = fused("cross_entropy", less, log_p, by, m.rest, each);
  } else {
    out = fused("cross_entropy", scaled, log_p, of_class);
  }
  if (of_class.defined()) index_put_(out, along(m.classes.at, out.shape(), dim), expand(neg(of_class), kept), true);
  return out;
}

}  // namespace

void check_class_weight(const char* op, const Tensor& weight, std::int64_t classes) {
  if (weight.defined() && weight.shape() != Dims{classes})
    errors::fail<ShapeError>(op, "weight must have one number for each of the ", classes, " classes; got shape ",
                             weight.shape());
}

void check_smoothing(const char* op, double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing <= 1))
    errors::fail(op, "label_smoothing must be from 0 to 1; got ", label_smoothing);
}

Tensor divisor(const Tensor& total) { return where(eq(total, 0), 1, total); }

Tensor cross_entropy_mean(const Tensor& all, const Tensor& total) {
  return add(div(all, divisor(total)), where(eq(total, 0), std::numeric_limits<double>::quiet_NaN(), 0));
}

LossAndGradient cross_entropy_part(const char* op, const Tensor& x, const CrossEntropyTarget& t, Reduce reduce,
                                   const Tensor& g) {
  const NoGrad guard;
  const Mix mix = mix_of(op, x, t.target, t.weight, t.ignore_index, t.label_smoothing);
  const Tensor log_p = log_softmax(x, mix.classes.dim);
  LossAndGradient out{loss_of(log_p, mix, reduce), {}, mix.total};
  if (g.defined()) out.gradient = gradient(log_p, mix, reduce, g);
  return out;
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const Tensor& weight, std::int64_t ignore_index, Reduce reduce) {
  constexpr const char* op = "nll_loss";
  const DType d = common_float(op, {&x, &weight});
  check_devices(op, x, {&target, &weight});
  check_class_weight(op, weight, x.size(class_dim(op, x)));
  const Tensor log_p = to(x, widened(d));
  return to(nll(log_p, classes_of(op, log_p, target, as(weight, log_p.dtype()), ignore_index), reduce), d);
}

Tensor cross_entropy_as(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                        std::int64_t ignore_index, Reduce reduce, double label_smoothing) {
  check_smoothing(op, label_smoothing);
  const bool of_classes = is_integral(target.dtype());
  const DType d = of_classes ? common_float(op, {&input, &weight}) : common_float(op, {&input, &target, &weight});
  check_devices(op, input, {&target, &weight});
  check_class_weight(op, weight, input.size(class_dim(op, input)));
  const Tensor x = to(input, widened(d)), t = of_classes ? target : to(target, x.dtype()), w = as(weight, x.dtype());
  const int dim = class_dim(op, x);
  const auto formula = [=](const Tensor& x) {
    return loss_of(log_softmax(x, dim), mix_of(op, x, t, w, ignore_index, label_smoothing), reduce);
  };
  if (needs_grad(t) || needs_grad(w)) return to(formula(x), d);
  Tensor log_p, y;
  Mix mix;
  {
    const NoGrad guard;
    mix = mix_of(op, x, t, w, ignore_index, label_smoothing);
    log_p = log_softmax(x, dim);
    y = loss_of(log_p, mix, reduce);
  }
  if (needs_grad(x)) {
    // x itself is not kept: its logarithms have the same softmax, and take its place where the gradient is recorded.
    const auto backward = [=, history = autograd::edge_of(x), kept = SavedMix(mix, op),
                           log_p = Saved(std::move(log_p), op)](const Tensor& g) -> Grads {
      const Tensor logarithms = log_p.get();
      if (!grad_enabled()) return {gradient(logarithms, kept.get(), reduce, g)};
      const Tensor in = logarithms.detach();
      autograd::set_history(in, history);
      return recorded([&](std::span<const Tensor> at) { return std::vector{formula(at[0])}; }, {&in, 1}, {&g, 1});
    };
    autograd::attach(y, op, {&x, 1}, backward);
  }
  return to(y, d);
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight, std::int64_t ignore_index,
                     Reduce reduce, double label_smoothing) {
  return cross_entropy_as("cross_entropy", input, target, weight, ignore_index, reduce, label_smoothing);
}

}  // namespace tenon::nn
