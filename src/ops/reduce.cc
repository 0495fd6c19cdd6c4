// Reductions, scans and softmax.
#include <cmath>

#include "autograd/derivatives.h"
#include "core/launch.h"
#include "ops/composing.h"
#include "ops/exact_compare.h"
#include "plan/lines.h"
#include "plan/loop.h"
#include "plan/reduce.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

Tensor run(const char* op, Reduction kind, const Tensor& t, const ReduceShape& s, bool keepdim, DType out_dtype,
           double correction = 0) {
  Tensor out = empty(keepdim ? s.kept_ones : s.kept, out_dtype, t.device());
  if (out.numel() == 0) return out;
  launch(op, t.device(), t.dtype(), &Backend::reduce, plan_reduce(kind, t, s, out, correction));
  return out;
}

ReduceShape split(const char* op, const Tensor& t, const Axes& dims) { return reduce_shape(op, t.shape(), dims); }

// Sums and products of small integers are formed in the widest integer of their kind, as in NumPy.
DType sum_dtype(DType d) {
  if (is_bool(d) || kind(d) == Kind::signed_integer) return DType::int64;
  if (kind(d) == Kind::unsigned_integer) return DType::uint64;
  return d;
}

void refuse_float8(const char* op, const Tensor& t) {
  if (is_float8(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "all other numbers");
}
void refuse_complex(const char* op, const Tensor& t) {
  if (is_complex(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "real numbers");
}
// What a sum or product of dtype d reads: the tensor as it is where the kernel converts while it reads. Not to bool,
// which keeps only whether an element is 0, nor to real numbers, which drop a part and its gradient.
Tensor summands(const char* op, const Tensor& t, std::optional<DType> dtype) {
  if (!dtype) refuse_float8(op, t);
  else if (is_bool(*dtype) || (is_complex(t.dtype()) && !is_complex(*dtype))) return to(t, dtype);
  return t;
}
// A kernel forms its result in float32; a gradient takes several steps. `flows` is asked once in each operation, since
// another thread may change what a leaf requires.
bool has_half_steps(const Tensor& t, bool flows) { return flows && is_half(t.dtype()); }

// As far as its dtype has one.
bool records(const Tensor& t, const Tensor& y) { return autograd::needs_grad(t) && is_differentiable(y.dtype()); }

// x to the power p, for x >= 0, with the slope 0 at 0 where there would be an infinite one or none, as in PyTorch.
Tensor power(const Tensor& x, double p) {
  const bool guard = autograd::needs_grad(x);
  const Tensor is_zero = guard ? eq(x, 0) : Tensor(), t = guard ? where(is_zero, 1, x) : x;
  const Tensor y = p == 0.5 ? sqrt(t) : pow(t, p);
  return guard ? where(is_zero, p < 0 ? INFINITY : 0.0, y) : y;
}

std::string axes_text(const Dims& axes) { return "dimensions " + axes.str(); }

Tensor extremum(const char* op, Reduction kind, const Tensor& t, const Axes& dims, bool keepdim) {
  refuse_float8(op, t);
  refuse_complex(op, t);
  const bool flows = autograd::needs_grad(t);
  if (has_half_steps(t, flows))
    return rounded_once(t, [&](const Tensor& x) { return extremum(op, kind, x, dims, keepdim); });
  const ReduceShape s = split(op, t, dims);
  if (s.count == 0) errors::empty_reduction(op, t.shape(), axes_text(s.axes));
  Tensor y = run(op, kind, t, s, keepdim, t.dtype());
  if (flows) autograd::attach(y, op, {&t, 1}, derive::extremum(t, s.axes, y, op));
  return y;
}

Tensor position(const char* op, Reduction kind, const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  refuse_float8(op, t);
  refuse_complex(op, t);
  const ReduceShape s = split(op, t, dim ? Axes(Dims{*dim}) : Axes());
  if (s.count == 0) errors::empty_reduction(op, t.shape(), axes_text(s.axes));
  return run(op, kind, t, s, keepdim, DType::int64);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  const Tensor t = summands("sum", x, dtype);
  const ReduceShape s = split("sum", t, dims);
  Tensor y = run("sum", Reduction::sum, t, s, keepdim, dtype.value_or(sum_dtype(t.dtype())));
  if (records(t, y)) autograd::attach(y, "sum", {&t, 1}, derive::sum(t.shape(), s.axes));
  return y;
}

Tensor prod(const Tensor& x, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  // The gradient multiplies elements again: of the result's dtype.
  const bool flows = autograd::needs_grad(x);
  const Tensor t = dtype && flows ? to(x, dtype) : summands("prod", x, dtype);
  if (has_half_steps(t, flows)) return rounded_once(t, [&](const Tensor& f) { return prod(f, dims, keepdim); });
  const ReduceShape s = split("prod", t, dims);
  Tensor y = run("prod", Reduction::prod, t, s, keepdim, dtype.value_or(sum_dtype(t.dtype())));
  if (flows) autograd::attach(y, "prod", {&t, 1}, derive::prod(t, s.axes, y));
  return y;
}

Tensor mean(const Tensor& x, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  const DType d = dtype.value_or(is_differentiable(x.dtype()) ? x.dtype() : default_float());
  if (is_float8(d)) errors::dtype_not_supported("mean", d, "all other numbers");
  if (!is_differentiable(d)) errors::dtype_not_supported("mean", d, "a floating or complex dtype=");
  if (is_half(d)) return to(mean(x, dims, keepdim, DType::float32), d);
  const ReduceShape s = split("mean", x, dims);
  // Integers are added up exactly, or as far as float64 goes.
  if (!is_differentiable(x.dtype()) && !dtype)
    return div(sum(x, dims, keepdim, DType::float64), static_cast<double>(s.count)).to(d);
  return div(sum(x, dims, keepdim, d), static_cast<double>(s.count));
}

Tensor var(const Tensor& x, const Axes& dims, double correction, bool keepdim) {
  refuse_float8("var", x);
  if (is_complex(x.dtype()))
    return add(var(real(x), dims, correction, keepdim), var(imag(x), dims, correction, keepdim));
  if (rounds_in_float32(x.dtype()))  // before their differences are formed
    return rounded_once(x, [&](const Tensor& f) { return var(f, dims, correction, keepdim); });
  const Tensor t = is_floating(x.dtype()) ? x : to(x, default_float());
  const bool flows = autograd::needs_grad(t);
  if (has_half_steps(t, flows))
    return rounded_once(t, [&](const Tensor& f) { return var(f, dims, correction, keepdim); });
  const ReduceShape s = split("var", t, dims);
  Tensor y = run("var", Reduction::var, t, s, keepdim, t.dtype(), correction);
  if (flows) autograd::attach(y, "var", {&t, 1}, derive::var(t, s.axes, correction));
  return y;
}

Tensor std(const Tensor& x, const Axes& dims, double correction, bool keepdim) {
  if (rounds_in_float32(x.dtype()) || is_half(x.dtype()))
    return rounded_once(x, [&](const Tensor& f) { return std(f, dims, correction, keepdim); });
  const Tensor t = is_differentiable(x.dtype()) ? x : to(x, default_float());
  return power(var(t, dims, correction, keepdim), 0.5);
}

std::vector<Tensor> var_mean(const Tensor& x, const Axes& dims, double correction, bool keepdim) {
  refuse_float8("var_mean", x);
  if (is_complex(x.dtype())) return {var(x, dims, correction, keepdim), mean(x, dims, keepdim)};
  if (rounds_in_float32(x.dtype()) || is_half(x.dtype()))
    return rounded_once(x, [&](const Tensor& f) { return var_mean(f, dims, correction, keepdim); });
  const Tensor t = is_floating(x.dtype()) ? x : to(x, default_float());
  const ReduceShape s = split("var_mean", t, dims);
  std::vector<Tensor> out(2);
  out[0] = run("var_mean", Reduction::var, t, s, keepdim, t.dtype(), correction);
  {
    const NoGrad guard;
    out[1] = mean(t, dims, keepdim);
  }
  if (autograd::needs_grad(t)) autograd::attach(out, "var_mean", {&t, 1}, derive::var_mean(t, s.axes, correction));
  return out;
}

std::vector<Tensor> std_mean(const Tensor& x, const Axes& dims, double correction, bool keepdim) {
  if (rounds_in_float32(x.dtype()) || is_half(x.dtype()))
    return rounded_once(x, [&](const Tensor& f) { return std_mean(f, dims, correction, keepdim); });
  std::vector<Tensor> out = var_mean(x, dims, correction, keepdim);
  out[0] = power(out[0], 0.5);
  return out;
}

Tensor amin(const Tensor& t, const Axes& dims, bool keepdim) {
  return extremum("amin", Reduction::min, t, dims, keepdim);
}
Tensor amax(const Tensor& t, const Axes& dims, bool keepdim) {
  return extremum("amax", Reduction::max, t, dims, keepdim);
}
Tensor argmin(const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  return position("argmin", Reduction::argmin, t, dim, keepdim);
}
Tensor argmax(const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  return position("argmax", Reduction::argmax, t, dim, keepdim);
}

Tensor any(const Tensor& t, const Axes& dims, bool keepdim) {
  return run("any", Reduction::any, t, split("any", t, dims), keepdim, DType::bool_);
}
Tensor all(const Tensor& t, const Axes& dims, bool keepdim) {
  return run("all", Reduction::all, t, split("all", t, dims), keepdim, DType::bool_);
}
Tensor count_nonzero(const Tensor& t, const Axes& dims, bool keepdim) {
  return run("count_nonzero", Reduction::count_nonzero, t, split("count_nonzero", t, dims), keepdim, DType::int64);
}

Tensor logsumexp(const Tensor& x, const Axes& dims, bool keepdim) {
  const Tensor t = is_differentiable(x.dtype()) ? x : to(x, default_float());
  if (is_half(t.dtype())) return rounded_once(t, [&](const Tensor& f) { return logsumexp(f, dims, keepdim); });
  if (t.numel() == 0) return log(sum(exp(t), dims, keepdim));
  const Tensor highest = amax(real(t.detach()), dims, true);
  const Tensor shift = where(isfinite(highest), highest, 0);  // infinities stay what they are
  const Tensor y = log(sum(exp(sub(t, shift)), dims, keepdim));
  const ReduceShape s = split("logsumexp", t, dims);
  return add(y, keepdim ? shift : reshape(shift, s.kept));
}

Tensor norm(const Tensor& x, double p, const Axes& dims, bool keepdim) {
  refuse_float8("norm", x);
  const Tensor t = is_differentiable(x.dtype()) ? x : to(x, default_float());
  const bool flows = autograd::needs_grad(t);
  if (has_half_steps(t, flows) || (is_half(t.dtype()) && p != 2))
    return rounded_once(t, [&](const Tensor& f) { return norm(f, p, dims, keepdim); });
  if (p == 2 && !is_complex(t.dtype())) {
    const ReduceShape s = split("norm", t, dims);
    Tensor y = run("norm", Reduction::norm2, t, s, keepdim, t.dtype());
    if (flows) autograd::attach(y, "norm", {&t, 1}, derive::norm2(t, s.axes, y));
    return y;
  }
  const Tensor m = abs(t);
  if (p == INFINITY) return m.numel() ? amax(m, dims, keepdim) : sum(m, dims, keepdim);  // 0 of none, as in NumPy
  if (p == -INFINITY) return amin(m, dims, keepdim);
  if (p == 0) {
    const Tensor counted = ne(m, 0).to(m.dtype());
    return sum(autograd::needs_grad(m) ? where(true, counted, m) : counted, dims, keepdim);  // the gradient is 0
  }
  if (p == 1) return sum(m, dims, keepdim);
  return power(sum(p == 2 ? square(m) : power(m, p), dims, keepdim), 1 / p);
}

namespace {

Tensor scan(const char* op, Scan kind, const Tensor& t, int d, DType out_dtype) {
  Tensor out = empty(t.shape(), out_dtype, t.device());
  if (out.numel() == 0) return out;
  if (t.ndim() == 0) return to(t.detach(), out_dtype, {}, true);
  launch(op, t.device(), t.dtype(), &Backend::scan, plan_scan(kind, t, d, out));
  return out;
}

Tensor softmax_(const char* op, bool log, const Tensor& x, std::int64_t dim) {
  refuse_complex(op, x);
  if (rounds_in_float32(x.dtype())) return rounded_once(x, [&](const Tensor& f) { return softmax_(op, log, f, dim); });
  const Tensor t = is_floating(x.dtype()) ? x : to(x, default_float());
  refuse_float8(op, t);
  const bool flows = autograd::needs_grad(t);
  if (has_half_steps(t, flows)) return rounded_once(t, [&](const Tensor& f) { return softmax_(op, log, f, dim); });
  const int d = normalize_axis(op, dim, t.ndim());
  Tensor out = empty(t.shape(), t.dtype(), t.device());
  if (out.numel() > 0) launch(op, t.device(), t.dtype(), &Backend::softmax, plan_softmax(log, t, d, out));
  if (flows) autograd::attach(out, op, {&t, 1}, log ? derive::log_softmax(d, out) : derive::softmax(d, out));
  return out;
}

}  // namespace

Tensor cumsum(const Tensor& x, std::int64_t dim, std::optional<DType> dtype) {
  const Tensor t = summands("cumsum", x, dtype);
  const int d = normalize_axis("cumsum", dim, t.ndim());
  Tensor y = scan("cumsum", Scan::sum, t, d, dtype.value_or(sum_dtype(t.dtype())));
  if (records(t, y)) autograd::attach(y, "cumsum", {&t, 1}, derive::cumsum(d));
  return y;
}

Tensor cumprod(const Tensor& x, std::int64_t dim, std::optional<DType> dtype) {
  const bool flows = autograd::needs_grad(x);
  const Tensor t = dtype && flows ? to(x, dtype) : summands("cumprod", x, dtype);
  if (has_half_steps(t, flows)) return rounded_once(t, [&](const Tensor& f) { return cumprod(f, dim); });
  const int d = normalize_axis("cumprod", dim, t.ndim());
  Tensor y = scan("cumprod", Scan::prod, t, d, dtype.value_or(sum_dtype(t.dtype())));
  if (flows) autograd::attach(y, "cumprod", {&t, 1}, derive::cumprod(t, d, y));
  return y;
}

Tensor softmax(const Tensor& t, std::int64_t dim) { return softmax_("softmax", false, t, dim); }
Tensor log_softmax(const Tensor& t, std::int64_t dim) { return softmax_("log_softmax", true, t, dim); }

}  // namespace tenon
