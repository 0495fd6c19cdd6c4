// Cross entropy of a linear layer's outputs, of which only some rows exist at a time: with many classes, all of them
// would be the largest tensor of a model.
//
// Each piece is scored, and its part of the gradients follows at once, for a loss whose gradient is 1; backward scales
// them. (With reduction none, that gradient is not known before, so that backward scores the pieces again.)
#include <algorithm>

#include "nn/cross_entropy.h"
#include "nn/recorded.h"
#include "tenon/elementwise.h"
#include "tenon/nn/linear.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

constexpr const char* op = "linear_cross_entropy";

// The layer, as a matrix, and what its outputs are held against.
struct Head {
  Tensor x, w, b;  // (n, features) or (features), (classes * outputs, features), (classes * outputs)
  Dims scores;  // the shape of one row's: (classes, outputs ...)
  CrossEntropyTarget target;
  Reduce reduce;
  DType compute;  // of losses and sums

  Tensor scored(const Tensor& x, const Tensor& w, const Tensor& b) const {
    const Tensor y = to(linear(x, w, b), compute);
    if (scores.size() == 1) return y;
    Dims shape{x.size(0)};
    for (const std::int64_t size : scores) shape.push_back(size);
    return reshape(y, shape);
  }
  // In operations that are recorded, all rows at once.
  Tensor formula(const Tensor& x, const Tensor& w, const Tensor& b) const {
    return cross_entropy_as(op, scored(x, w, b), target.target, target.weight, target.ignore_index, reduce,
                            target.label_smoothing);
  }
};

struct Wanted {
  bool x, w, b;
  bool any() const { return x || w || b; }
};

struct Walked {
  Tensor loss, total;
  Tensor x, w, b;  // gradients; undefined where they are not wanted
};

void add_to(Tensor& sum, const Tensor& part) {
  if (!sum.defined()) {
    sum = part;
    return;
  }
  const Operand both[] = {sum, part};
  elementwise(Op::add, both, &sum);
}

// The sums of all pieces: of the losses, which stand side by side for Reduce::none, and of the gradients from g, one
// number for each loss then, undefined for 1.
Walked walk(const Head& h, std::int64_t rows, const Wanted& wanted, const Tensor& g) {
  const NoGrad guard;
  const bool apart = h.reduce == Reduce::none;
  const Tensor one = full({}, 1, h.compute, h.x.device());
  std::vector<Tensor> losses, x_parts;
  Walked out;
  for (std::int64_t begin = 0, n = h.x.size(0); begin < n; begin += rows) {
    const std::int64_t length = std::min(rows, n - begin);
    const Tensor x = narrow(h.x, 0, begin, length);
    CrossEntropyTarget target = h.target;
    target.target = narrow(target.target, 0, begin, length);
    const Tensor each = !wanted.any() ? Tensor() : apart ? narrow(g, 0, begin, length) : one;
    const LossAndGradient part =
        cross_entropy_part(op, h.scored(x, h.w, h.b), target, apart ? Reduce::none : Reduce::sum, each);
    if (apart) losses.push_back(part.loss);
    else add_to(out.loss, part.loss);
    add_to(out.total, part.total);
    if (!wanted.any()) continue;
    // The products are those of the layer, in its dtype; what is added up over the pieces is wider.
    const Tensor slope = to(reshape(part.gradient, {length, h.w.size(0)}), h.w.dtype());
    if (wanted.x) x_parts.push_back(matmul(slope, h.w));
    if (wanted.w) add_to(out.w, to(matmul(mT(slope), x), h.compute));
    if (wanted.b) add_to(out.b, sum(to(slope, h.compute), Dims{0}));
  }
  if (apart) out.loss = cat(losses, 0);
  if (wanted.x) out.x = cat(x_parts, 0);
  return out;
}

void check_shapes(const Tensor& x, const Tensor& w, const Tensor& target, const Tensor& b) {
  if (x.ndim() != 1 && x.ndim() != 2) errors::wrong_ndim(op, x.ndim(), "an input (in_features) or (n, in_features)");
  if (w.ndim() < 2) errors::wrong_ndim(op, w.ndim(), "a linear_weight (classes, ..., in_features)");
  if (x.size(-1) != w.size(-1))
    errors::fail<ShapeError>(op, "the last dimension of input must have the ", w.size(-1),
                             " features that linear_weight takes; got input ", x.shape(), " and linear_weight ",
                             w.shape());
  if (w.ndim() > 2 && x.ndim() == 1)
    errors::fail<ShapeError>(op, "a linear_weight of shape ", w.shape(),
                             " has several outputs for each class, which take an input (n, ", w.size(-1), "); got ",
                             x.shape(), ", use .unsqueeze(0)");
  Dims outputs, probabilities, classes;
  for (int d = 0; d + 1 < w.ndim(); ++d) outputs.push_back(w.size(d));
  if (b.defined() && b.shape() != outputs)
    errors::fail<ShapeError>(op, "linear_bias must have shape ", outputs, ", linear_weight's ", w.shape(),
                             " without its last dimension; got ", b.shape());
  if (x.ndim() == 2) {
    classes.push_back(x.size(0));
    probabilities.push_back(x.size(0));
  }
  for (int d = 0; d + 1 < w.ndim(); ++d) {
    probabilities.push_back(outputs[d]);
    if (d > 0) classes.push_back(outputs[d]);
  }
  const Dims& wanted = is_integral(target.dtype()) ? classes : probabilities;
  if (target.shape() != wanted)
    errors::fail<ShapeError>(op, "target must hold integers, classes, in shape ", classes,
                             ", or probabilities in shape ", probabilities, "; got ", target.dtype(), " of shape ",
                             target.shape());
}

// So many that products with them are fast: pieces of 256 rows take 9 % longer than one piece (1024 rows, 20,000 classes, 128
// features), of 64 rows 49 %.
std::int64_t rows_at_once(std::int64_t width, std::int64_t asked) {
  constexpr std::int64_t kLeast = 256, kElements = std::int64_t{1} << 22;
  return asked > 0 ? asked : std::max(kLeast, kElements / std::max<std::int64_t>(width, 1));
}

Tensor in_pieces(const Head& h, std::int64_t rows) {
  const Wanted wanted{needs_grad(h.x), needs_grad(h.w), needs_grad(h.b)};
  const bool apart = h.reduce == Reduce::none, mean = h.reduce == Reduce::mean;
  Walked all = walk(h, rows, apart ? Wanted{} : wanted, {});
  const Tensor y = mean ? cross_entropy_mean(all.loss, all.total) : all.loss;
  all.loss = {};  // which its own history must not keep
  if (!wanted.any()) return y;
  Head kept = h;
  kept.x = kept.w = kept.b = kept.target.target = kept.target.weight = {};
  const auto backward = [kept, rows, wanted, apart, mean, all = std::move(all), x = Saved(h.x, op), w = Saved(h.w, op),
                         b = Saved(h.b, op), target = Saved(h.target.target, op),
                         weight = Saved(h.target.weight, op)](const Tensor& g) -> Grads {
    Head h = kept;
    if (apart || grad_enabled()) {
      h.x = x.get(), h.w = w.get(), h.b = b.get(), h.target.target = target.get(), h.target.weight = weight.get();
      const Tensor in[] = {h.x, h.w, h.b};
      if (grad_enabled())
        return recorded([&](auto at) { return std::vector{h.formula(at[0], at[1], at[2])}; }, in, {&g, 1});
      const Walked again = walk(h, rows, wanted, g);
      return {again.x, again.w, again.b};
    }
    const Tensor by = mean ? div(g, divisor(all.total)) : g;
    const auto scaled = [&](const Tensor& t) { return t.defined() ? mul(t, by) : t; };
    return {scaled(all.x), scaled(all.w), scaled(all.b)};
  };
  const Tensor inputs[] = {h.x, h.w, h.b};
  autograd::attach(y, op, inputs, backward);
  return y;
}

}  // namespace

Tensor linear_cross_entropy(const Tensor& input, const Tensor& linear_weight, const Tensor& target,
                            const Tensor& linear_bias, const Tensor& weight, Reduce reduce,
                            std::optional<std::int64_t> ignore_index, double label_smoothing, std::int64_t rows,
                            bool wide) {
  check_shapes(input, linear_weight, target, linear_bias);
  check_smoothing(op, label_smoothing);
  check_class_weight(op, weight, linear_weight.size(0));
  check_devices(op, input, {&linear_weight, &target, &linear_bias, &weight});
  const bool of_classes = is_integral(target.dtype());
  if (!of_classes && ignore_index)
    errors::fail(op, "ignore_index is a class, and target holds probabilities; got ignore_index ", *ignore_index);
  const DType layer = common_float(op, {&input, &linear_weight, &linear_bias});
  const DType scale = promoted(layer, weight), of_loss = of_classes ? scale : promote(scale, target.dtype());
  if (is_complex(of_loss) || is_float8(of_loss)) errors::dtype_not_supported(op, of_loss, "real floats");
  Head h;
  h.compute = widened(of_loss);
  const DType d = wide ? h.compute : of_loss;
  for (int i = 0; i + 1 < linear_weight.ndim(); ++i) h.scores.push_back(linear_weight.size(i));
  const std::int64_t width = h.scores.product();
  h.x = to(input, layer);
  h.w = reshape(to(linear_weight, layer), {width, linear_weight.size(-1)});
  if (linear_bias.defined()) h.b = reshape(to(linear_bias, layer), {width});
  h.target = {of_classes ? target : to(target, h.compute), as(weight, h.compute), ignore_index.value_or(-100),
              label_smoothing};
  h.reduce = reduce;
  const std::int64_t at_once = rows_at_once(width, rows);
  // What a gradient flows to beside the layer has it from the recorded formula.
  const bool whole = h.x.ndim() == 1 || h.x.size(0) <= at_once || width == 0;
  if (whole || needs_grad(h.target.target) || needs_grad(h.target.weight)) return to(h.formula(h.x, h.w, h.b), d);
  return to(in_pieces(h, at_once), d);
}

}  // namespace tenon::nn
