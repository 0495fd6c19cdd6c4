// Normalization: the statistics by reductions, and one pass that subtracts, scales and shifts.
#include "tenon/nn/normalization.h"

#include "core/launch.h"
#include "nn/derivatives.h"
#include "nn/normalization.h"
#include "nn/support.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon::nn {
namespace {

DType dtype_of_input(const char* op, const Tensor& x) {
  if (!is_floating(x.dtype()) || is_float8(x.dtype())) errors::dtype_not_supported(op, x.dtype(), "floats");
  return widened(x.dtype());
}

// The distance from 1 to the next number.
double epsilon(DType d) {
  if (d == DType::float64) return 0x1p-52;
  if (d == DType::float32) return 0x1p-23;
  return d == DType::float16 ? 0x1p-10 : 0x1p-7;
}

// The pass over x. mean is undefined where nothing is subtracted, weight and bias where there are none.
Tensor apply(const char* op, const Tensor& x, const Tensor& mean, const Tensor& rstd, const Tensor& weight,
             const Tensor& bias) {
  if (!mean.defined()) {
    if (!weight.defined()) return fused(op, [](const auto& x, const auto& r) { return mul(x, r); }, x, rstd);
    return fused(op, [](const auto& x, const auto& r, const auto& w) { return mul(mul(x, r), w); }, x, rstd, weight);
  }
  if (weight.defined() && bias.defined())
    return fused(
        op,
        [](const auto& x, const auto& m, const auto& r, const auto& w, const auto& b) {
          return muladd(mul(sub(x, m), r), w, b);
        },
        x, mean, rstd, weight, bias);
  if (weight.defined())
    return fused(
        op, [](const auto& x, const auto& m, const auto& r, const auto& w) { return mul(mul(sub(x, m), r), w); }, x,
        mean, rstd, weight);
  if (bias.defined())
    return fused(
        op, [](const auto& x, const auto& m, const auto& r, const auto& b) { return muladd(sub(x, m), r, b); }, x, mean,
        rstd, bias);
  return fused(op, [](const auto& x, const auto& m, const auto& r) { return mul(sub(x, m), r); }, x, mean, rstd);
}

struct Statistics {
  Tensor mean, var;  // with the normalized dimensions as 1; mean undefined where it is not subtracted
};

// Batch norm's kernel goes along the places of a channel. Where these are few, it would jump more than it computes.
constexpr std::int64_t kLeastRow = 16;

Statistics statistics(const Tensor& x, const Normalization& n) {
  if (n.centred) {
    const std::vector<Tensor> both = var_mean(x, n.axes, 0, true);
    return {both[1], both[0]};
  }
  return {{}, mul(square(norm(x, 2, n.axes, true)), 1 / static_cast<double>(n.count()))};
}

// All of it by the backend's kernel: y, the mean and 1 / deviation. Undefined where it has none.
struct ByKernel {
  Tensor y, mean, rstd;
};
ByKernel by_kernel(const char* op, const Tensor& x, const Normalization& n, const Tensor& weight, const Tensor& bias) {
  if (n.slabs == 0 || x.numel() == 0) return {};
  const Tensor in = contiguous(x), w = weight.defined() ? contiguous(weight) : weight,
               b = bias.defined() ? contiguous(bias) : bias;
  NormalizationCall c = n.call(NormalizationPass::forward, in, w);
  Dims kept = n.shape;
  for (const auto d : n.axes) kept[static_cast<int>(d)] = 1;
  ByKernel out{empty(x.shape(), x.dtype(), x.device()), n.centred ? empty(kept, x.dtype(), x.device()) : Tensor(),
               empty(kept, x.dtype(), x.device())};
  c.bias = b.defined() ? b.data() : nullptr;
  c.out = out.y.data(), c.rstd = out.rstd.data(), c.mean = n.centred ? out.mean.data() : nullptr;
  return try_launch(op, x.device(), &Backend::normalization, c) ? out : ByKernel{};
}

// All tensors are in the dtype that is computed in. found: what the running statistics are to learn of, if not null.
Tensor normalized(const char* op, const Tensor& x, const Normalization& n, const Tensor& weight, const Tensor& bias,
                  Statistics* found = nullptr) {
  const Tensor inputs[] = {x, weight, bias};
  const bool flows = any_needs_grad(inputs);
  Tensor y, rstd;
  Statistics s;
  {
    const NoGrad guard;
    const ByKernel made = by_kernel(op, x, n, weight, bias);
    if (made.y.defined()) {
      y = made.y, s.mean = made.mean, rstd = made.rstd;
      if (found) s.var = maximum(sub(square(div(1, rstd)), n.eps), 0);
    } else {
      const auto seen = [&](const Tensor& t) { return t.defined() ? reshape(t, n.affine) : t; };
      const Tensor view = reshape(x, n.shape);
      s = statistics(view, n);
      rstd = rsqrt(add(s.var, n.eps));
      y = reshape(apply(op, view, s.mean, rstd, seen(weight), seen(bias)), x.shape());
    }
  }
  if (found) *found = s;
  if (flows) autograd::attach(y, op, inputs, derive::normalization(op, x, weight, bias, s.mean, rstd, n));
  return y;
}

void check_affine(const char* op, const Tensor& x, const Dims& wanted, std::initializer_list<const Tensor*> ts,
                  const char* what) {
  check_devices(op, x, ts);
  for (const Tensor* t : ts)
    if (t->defined() && t->shape() != wanted)
      errors::fail<ShapeError>(op, "weight, bias and running statistics must have shape ", wanted, ", ", what, "; got ",
                               t->shape());
}

// The last dimensions of x, flattened.
Normalization over_last(const char* op, const Tensor& x, const Dims& shape, bool centred, double eps) {
  const int first = x.ndim() - shape.size();
  bool fits = shape.size() > 0 && first >= 0;
  for (int d = 0; d < shape.size() && fits; ++d) fits = x.shape()[first + d] == shape[d];
  if (!fits)
    errors::fail<ShapeError>(op, "normalized_shape must be the sizes of input's last dimensions; got ", shape,
                             " for input ", x.shape());
  const std::int64_t columns = shape.product();
  std::int64_t rows = 1;
  for (int d = 0; d < first; ++d) rows *= x.shape()[d];
  return Normalization{{rows, columns}, {1}, {1, columns}, centred, eps}.by_slabs(rows, columns, 1, 1);
}

struct Sizes {
  std::int64_t batch, channels, rest;
};
Sizes sizes_of(const char* op, const Tensor& x, int least) {
  if (x.ndim() < least)
    errors::wrong_ndim(op, x.ndim(),
                       least == 2 ? "an input (batch, channels, ...)" : "an input (batch, channels, ..., sizes)");
  std::int64_t rest = 1;
  for (int d = 2; d < x.ndim(); ++d) rest *= x.shape()[d];
  return {x.shape()[0], x.shape()[1], rest};
}

// Learns from a batch: of each running statistic momentum's part.
void learn(const Running& running, const Tensor& mean, const Tensor& var, double momentum) {
  static const Program program = make_program<3>(
      "running statistics",
      [](const auto& old, const auto& now, const auto& m) { return add(mul(old, sub(1, m)), mul(now, m)); });
  const NoGrad guard;
  for (const auto& [old, now] : {std::pair(running.mean, mean), std::pair(running.var, var)}) {
    if (!old.defined()) continue;
    const Operand in[] = {old, now, momentum};
    const ProgramArguments run{in, {&old, 1}};
    run_program(program, {&run, 1});
  }
}
void check_running(const char* op, const Running& running) {
  for (const Tensor* t : {&running.mean, &running.var})
    if (t->defined()) autograd::check_inplace(*t, op, false);
}

// By statistics that are known: x * scale + shift.
Tensor by_running(const char* op, const Tensor& x, const Running& running, const Tensor& weight, const Tensor& bias,
                  double eps) {
  if (!running.mean.defined() || !running.var.defined())
    errors::fail(op, "running_mean and running_var are needed where the input's own statistics are not used");
  const DType d = x.dtype();
  Dims shape(x.ndim(), 1);
  shape[1] = x.shape()[1];
  Tensor scale = rsqrt(add(to(running.var, d), eps)), shift = neg(to(running.mean, d));
  if (weight.defined()) scale = mul(scale, weight);
  shift = mul(shift, scale);
  if (bias.defined()) shift = add(shift, bias);
  return muladd(x, reshape(scale, shape), reshape(shift, shape));
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Dims& shape, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* op = "layer_norm";
  const DType d = dtype_of_input(op, x);
  const Normalization n = over_last(op, x, shape, true, eps);
  check_affine(op, x, shape, {&weight, &bias}, "normalized_shape");
  return to(normalized(op, to(x, d), n, as(weight, d), as(bias, d)), x.dtype());
}

Tensor rms_norm(const Tensor& x, const Dims& shape, const Tensor& weight, std::optional<double> eps) {
  constexpr const char* op = "rms_norm";
  const DType d = dtype_of_input(op, x);
  const Normalization n = over_last(op, x, shape, false, eps ? *eps : epsilon(x.dtype()));
  check_affine(op, x, shape, {&weight}, "normalized_shape");
  return to(normalized(op, to(x, d), n, as(weight, d), {}), x.dtype());
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  constexpr const char* op = "group_norm";
  const DType d = dtype_of_input(op, x);
  const auto [batch, channels, rest] = sizes_of(op, x, 2);
  if (groups <= 0 || channels % groups != 0)
    errors::fail(op, "num_groups must divide the number of channels; got ", groups, " groups and ", channels,
                 " channels");
  check_affine(op, x, {channels}, {&weight, &bias}, "one number for each channel");
  const std::int64_t each = channels / groups;
  if (each * rest == 1 && x.numel() > 0)
    errors::fail(op, "a group needs more than one element; got input ", x.shape(), " and ", groups, " groups");
  const Normalization n = Normalization{{batch, groups, each, rest}, {2, 3}, {1, groups, each, 1}, true, eps}.by_slabs(
      batch * groups, each, rest, groups);
  return to(normalized(op, to(x, d), n, as(weight, d), as(bias, d)), x.dtype());
}

Tensor batch_norm(const Tensor& x, Running running, const Tensor& weight, const Tensor& bias, bool training,
                  double momentum, double eps) {
  constexpr const char* op = "batch_norm";
  const DType d = dtype_of_input(op, x);
  const auto [batch, channels, rest] = sizes_of(op, x, 2);
  check_affine(op, x, {channels}, {&weight, &bias, &running.mean, &running.var}, "one number for each channel");
  const Tensor input = to(x, d), w = as(weight, d), b = as(bias, d);
  if (!training) return to(by_running(op, input, running, w, b, eps), x.dtype());
  if (batch * rest == 1)
    errors::fail(op, "training needs more than one element for each channel; got input ", x.shape());
  check_running(op, running);
  Statistics found;
  Normalization n{{batch, channels, rest}, {0, 2}, {1, channels, 1}, true, eps};
  if (rest >= kLeastRow) n = std::move(n).by_channels(batch, channels, rest);
  const Tensor y = normalized(op, input, n, w, b, &found);
  const double elements = static_cast<double>(batch * rest);
  if (elements > 0)
    learn(running, reshape(found.mean, {channels}), mul(reshape(found.var, {channels}), elements / (elements - 1)),
          momentum);
  return to(y, x.dtype());
}

Tensor instance_norm(const Tensor& x, Running running, const Tensor& weight, const Tensor& bias, bool use_input_stats,
                     double momentum, double eps) {
  constexpr const char* op = "instance_norm";
  const DType d = dtype_of_input(op, x);
  const auto [batch, channels, rest] = sizes_of(op, x, 3);
  check_affine(op, x, {channels}, {&weight, &bias, &running.mean, &running.var}, "one number for each channel");
  const Tensor input = to(x, d), w = as(weight, d), b = as(bias, d);
  if (!use_input_stats) return to(by_running(op, input, running, w, b, eps), x.dtype());
  if (rest == 1) errors::fail(op, "an instance needs more than one element in each channel; got input ", x.shape());
  check_running(op, running);
  Statistics found;
  const bool learns = x.numel() > 0 && (running.mean.defined() || running.var.defined());
  const Normalization n = Normalization{{batch, channels, rest}, {2}, {1, channels, 1}, true, eps}.by_slabs(
      batch * channels, 1, rest, channels);
  const Tensor y = normalized(op, input, n, w, b, &found);
  const double elements = static_cast<double>(rest);
  if (learns)
    learn(running, mean(found.mean, Dims{0, 2}), mul(mean(found.var, Dims{0, 2}), elements / (elements - 1)), momentum);
  return to(y, x.dtype());
}

Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha, double beta, double k) {
  constexpr const char* op = "local_response_norm";
  const DType d = dtype_of_input(op, x);
  if (x.ndim() < 3) errors::wrong_ndim(op, x.ndim(), "an input (batch, channels, ..., sizes)");
  if (size <= 0) errors::fail(op, "size must be positive; got ", size);
  const Tensor input = to(x, d), squares = square(input);
  // Windows of `size` channels, with zeros beyond the first and the last.
  Dims before = x.shape(), after = x.shape();
  before[1] = size / 2;
  after[1] = (size - 1) / 2;
  const Tensor padded[] = {zeros(before, d, x.device()), squares, zeros(after, d, x.device())};
  const Tensor means = mul(sum(unfold(cat(padded, 1), 1, size, 1), Dims{-1}), 1 / static_cast<double>(size));
  return to(div(input, pow(add(mul(means, alpha), k), beta)), x.dtype());
}

}  // namespace tenon::nn
