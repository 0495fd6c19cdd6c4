// Connectionist temporal classification: the backend's forward and backward variables, and where the gradient is recorded
// itself the forward variables in single operations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/launch.h"
#include "nn/recorded.h"
#include "nn/support.h"
#include "tenon/elementwise.h"
#include "tenon/nn/losses.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

constexpr const char* kOp = "ctc_loss";
using Sizes = std::vector<std::int64_t>;

// All that is no tensor of floats, on the host. The labels of a sample stand in `targets` from `begin` on.
struct Labels {
  std::int64_t steps, batch, classes, blank;
  Sizes input_lengths, target_lengths, begin, targets;

  std::int64_t longest() const {
    return target_lengths.empty() ? 0 : *std::max_element(target_lengths.begin(), target_lengths.end());
  }
  std::int64_t label(std::int64_t n, std::int64_t i) const {
    return targets[static_cast<std::size_t>(begin[static_cast<std::size_t>(n)] + i)];
  }
};

Sizes integers(const char* what, const Tensor& t) {
  if (!is_integral(t.dtype())) errors::fail<DtypeError>(kOp, what, ", which are integers; got ", t.dtype());
  const Tensor host = contiguous(to(t, DType::int64, kCpu));
  return {host.data<std::int64_t>(), host.data<std::int64_t>() + host.numel()};
}

Sizes lengths(const char* name, const Tensor& t, std::int64_t n, std::int64_t most) {
  const Sizes out = integers((std::string(name) + " holds lengths").c_str(), t);
  if (static_cast<std::int64_t>(out.size()) != n)
    errors::fail(kOp, name, " has one length for each of the ", n, " samples; got ",
                 static_cast<std::int64_t>(out.size()));
  if (n == 0) return out;
  const auto [low, high] = std::minmax_element(out.begin(), out.end());
  if (*low < 0 || *high > most)
    errors::fail(kOp, name, " must be from 0 to ", most, "; it is from ", *low, " to ", *high);
  return out;
}

void check_labels(const Labels& l) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = -1;
  bool blank = false;
  for (std::int64_t n = 0; n < l.batch; ++n)
    for (std::int64_t i = 0; i < l.target_lengths[static_cast<std::size_t>(n)]; ++i) {
      const std::int64_t label = l.label(n, i);
      low = std::min(low, label);
      high = std::max(high, label);
      blank |= label == l.blank;
    }
  if (high >= l.classes || low < 0 || blank)
    errors::fail(kOp, "labels are from 0 to ", l.classes - 1, " and not the blank, ", l.blank, "; targets holds from ",
                 low, " to ", high);
}

// x: (steps, batch, classes).
Labels labels_of(const Tensor& x, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths,
                 std::int64_t blank) {
  Labels l{x.size(0), x.size(1), x.size(2), blank, {}, {}, {}, integers("targets holds labels", targets)};
  if (blank < 0 || blank >= l.classes) errors::fail(kOp, "blank is a class from 0 to ", l.classes - 1, "; got ", blank);
  l.input_lengths = lengths("input_lengths", input_lengths, l.batch, l.steps);
  l.target_lengths = lengths("target_lengths", target_lengths, l.batch, targets.size(-1));
  std::int64_t from = 0;
  for (const std::int64_t n : l.target_lengths) {
    l.begin.push_back(from);
    from += targets.ndim() == 2 ? targets.size(1) : n;
  }
  if (targets.ndim() == 2 && targets.size(0) != l.batch)
    errors::fail<ShapeError>(kOp, "targets has one row for each of the ", l.batch, " samples; got shape ",
                             targets.shape());
  if (targets.ndim() == 1 && from != targets.numel())
    errors::fail(kOp, "target_lengths add up to ", from, ", but targets holds ", targets.numel(), " labels");
  check_labels(l);
  return l;
}

CtcCall call_of(const Tensor& x, const Labels& l, const Tensor& losses, const Tensor& gradient) {
  return {x.dtype(),
          l.steps,
          l.batch,
          l.classes,
          l.blank,
          x.data(),
          l.input_lengths.data(),
          l.target_lengths.data(),
          l.begin.data(),
          l.targets.data(),
          static_cast<std::int64_t>(l.targets.size()),
          losses.data(),
          gradient.defined() ? gradient.data() : nullptr};
}

Tensor host_tensor(const Sizes& values, const Dims& shape, Device device) {
  const Tensor t = empty(shape, DType::int64, kCpu);
  std::copy(values.begin(), values.end(), t.data<std::int64_t>());
  return to(t, DType::int64, device);
}

// The losses by forward variables, step by step, for gradients that are recorded.
Tensor formula(const Tensor& x, const Labels& l) {
  constexpr double kNever = -1e30;  // the logarithm of what cannot be: finite, so that gradients are
  const std::int64_t width = 2 * l.longest() + 1, n = l.batch;
  Sizes states(static_cast<std::size_t>(n * width), l.blank), skip(states.size(), 0), last, before_last;
  for (std::int64_t b = 0; b < n; ++b) {
    const std::int64_t count = l.target_lengths[static_cast<std::size_t>(b)];
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(b * width + 2 * i + 1);
      states[at] = l.label(b, i);
      skip[at] = i > 0 && l.label(b, i) != l.label(b, i - 1);
    }
    last.push_back(2 * count);
    before_last.push_back(std::max<std::int64_t>(2 * count - 1, 0));
  }
  const Device device = x.device();
  const Tensor skips = ne(host_tensor(skip, {n, width}, device), 0);
  const Tensor emitted =
      gather(maximum(x, kNever), 2,
             expand(reshape(host_tensor(states, {n, width}, device), {1, n, width}), {l.steps, n, width}));
  const Tensor inputs = host_tensor(l.input_lengths, {n, 1}, device), ends = host_tensor(last, {n, 1}, device);
  const auto shifted = [&](const Tensor& alpha, std::int64_t by) {
    const std::int64_t never = std::min(by, width);
    const Tensor parts[] = {full({n, never}, kNever, x.dtype(), device), narrow(alpha, 1, 0, width - never)};
    return cat(parts, 1);
  };
  Tensor alpha = where(lt(arange(0, width, 1, DType::int64, device), 2), select(emitted, 0, 0), kNever);
  for (std::int64_t t = 1; t < l.steps; ++t) {
    const Tensor ways[] = {alpha, shifted(alpha, 1), where(skips, shifted(alpha, 2), kNever)};
    const Tensor reached = maximum(add(logsumexp(stack(ways, 0), Dims{0}), select(emitted, 0, t)), kNever);
    alpha = where(gt(inputs, t), reached, alpha);
  }
  const Tensor both[] = {gather(alpha, 1, ends),
                         where(gt(ends, 0), gather(alpha, 1, host_tensor(before_last, {n, 1}, device)), kNever)};
  const Tensor loss = neg(logsumexp(cat(both, 1), Dims{1}));
  return where(gt(loss, -kNever / 2), INFINITY, loss);
}

// Of each sample.
Tensor losses_of(const Tensor& x, const Labels& l) {
  const bool flows = needs_grad(x);
  const Tensor losses = empty({l.batch}, x.dtype(), x.device());
  const Tensor gradient = flows ? empty(x.shape(), x.dtype(), x.device()) : Tensor();
  {
    const NoGrad guard;
    launch(kOp, x.device(), x.dtype(), &Backend::ctc, call_of(contiguous(x), l, losses, gradient));
  }
  if (!flows) return losses;
  autograd::attach(losses, kOp, {&x, 1}, [l, gradient, x = Saved(x, kOp)](const Tensor& g) -> Grads {
    if (!grad_enabled()) return {mul(gradient, reshape(g, {1, l.batch, 1}))};
    const Tensor in = x.get();
    return recorded([&](std::span<const Tensor> at) { return std::vector{formula(at[0], l)}; }, {&in, 1}, {&g, 1});
  });
  return losses;
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, std::int64_t blank, Reduce reduce, bool zero_infinity) {
  const DType d = common_float(kOp, {&log_probs});
  const bool batched = log_probs.ndim() == 3;
  if ((!batched && log_probs.ndim() != 2) || (targets.ndim() != 1 && targets.ndim() != 2))
    errors::fail<ShapeError>(
        kOp, "log_probs has shape (T, N, C) or (T, C), targets (N, S) or (sum of target_lengths,); got ",
        log_probs.shape(), " and ", targets.shape());
  Tensor x = to(log_probs, widened(d));
  if (!batched) x = unsqueeze(x, {1});
  const Labels l = labels_of(x, targets, input_lengths, target_lengths, blank);
  Tensor loss = losses_of(x, l);
  if (zero_infinity) loss = where(isinf(loss), 0, loss);
  if (reduce == Reduce::mean) {
    Sizes counts = l.target_lengths;
    for (std::int64_t& n : counts) n = std::max<std::int64_t>(n, 1);
    loss = mean(div(loss, to(host_tensor(counts, {l.batch}, x.device()), x.dtype())));
  } else if (reduce == Reduce::sum) {
    loss = sum(loss);
  } else if (!batched) {
    loss = squeeze(loss, Dims{0});
  }
  return to(loss, d);
}

}  // namespace tenon::nn
