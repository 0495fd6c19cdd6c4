// Weighted means and covariances.
#include <algorithm>

#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops/linalg.h"
#include "tenon/ops/statistics.h"

namespace tenon {
namespace {

// Variables in rows.
Tensor variables(const char* op, const Tensor& t, bool rows) {
  if (t.ndim() > 2) errors::wrong_ndim(op, t.ndim(), "at most 2 dimensions");
  if (is_float8(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "all other numbers");
  if (t.ndim() < 2) return reshape(t, {1, -1});
  return rows || t.shape()[0] == 1 ? t : T(t);
}

// How much each observation weighs, and what the products are divided by.
struct Weights {
  Tensor each;  // undefined: all equally
  Tensor divisor;
};
Weights weigh(const char* op, const CovOptions& o, std::int64_t n, DType d, Device device) {
  const auto check = [&](const Tensor& w) {
    if (w.shape() != Dims{n}) errors::wrong_shape(op, w.shape(), {n});
    NoGrad guard;
    if (any(lt(w.detach(), 0)).item<bool>()) errors::fail(op, "weights must not be negative");
  };
  Weights w;
  if (!o.fweights.defined() && !o.aweights.defined()) {
    w.divisor = Tensor::of(static_cast<double>(n) - o.correction, d, device);
    return w;
  }
  if (o.fweights.defined()) {
    if (!is_integral(o.fweights.dtype())) errors::dtype_not_supported(op, o.fweights.dtype(), "fweights of integers");
    check(o.fweights);
    w.each = to(o.fweights, d);
  }
  if (o.aweights.defined()) {
    errors::check_real(op, o.aweights);
    check(o.aweights);
    const Tensor a = to(o.aweights, d);
    w.each = w.each.defined() ? mul(w.each, a) : a;
  }
  const Tensor total = sum(w.each);
  if (o.correction == 0) w.divisor = total;
  else if (!o.aweights.defined()) w.divisor = sub(total, o.correction);
  else w.divisor = sub(total, mul(div(sum(mul(w.each, to(o.aweights, d))), total), o.correction));
  return w;
}

// In what is precise; the result's dtype.
std::pair<Tensor, DType> covariances(const char* op, const Tensor& t, const CovOptions& o) {
  Tensor x = variables(op, t, o.rows);
  DType result = fractional(t).dtype();
  x = precise(x);
  if (o.y.defined()) {
    const Tensor parts[] = {x, precise(variables(op, o.y, o.rows))};
    if (parts[0].shape()[1] != parts[1].shape()[1])
      errors::fail<ShapeError>(op, "y has ", parts[1].shape()[1], " observations; expected ", parts[0].shape()[1]);
    result = promote(result, fractional(o.y).dtype());
    x = cat(parts);
  }
  const Weights w = weigh(op, o, x.shape()[1], real_dtype(x.dtype()), x.device());
  const Tensor centre =
      w.each.defined() ? div(sum(mul(x, w.each), Dims{1}, true), sum(w.each)) : mean(x, Dims{1}, true);
  const Tensor d = sub(x, centre), other = w.each.defined() ? mul(d, w.each) : d;
  const Tensor products = matmul(d, mT(is_complex(d.dtype()) ? conj(other) : other));
  return {div(products, maximum(w.divisor, 0)), result};
}

// The matrix of one variable is a number.
Tensor without_ones(const Tensor& t) { return t.numel() == 1 ? reshape(t, {}) : t; }

}  // namespace

WeightedMean average(const Tensor& t, const Tensor& weights, const Axes& dims, bool keepdim) {
  const char* op = "average";
  const Dims axes = normalize_axes(op, dims, t.ndim());
  if (!weights.defined()) {
    const Tensor m = mean(fractional(t), dims, keepdim);
    double n = 1;
    for (const std::int64_t d : axes) n *= static_cast<double>(t.shape()[static_cast<int>(d)]);
    return {m, full(m.shape(), n, m.dtype(), m.device())};
  }
  Tensor w = weights;
  if (w.shape() != t.shape()) {
    // Sizes along dims, in their order.
    bool fits = dims && w.ndim() == axes.size();
    for (int i = 0; fits && i < axes.size(); ++i) fits = w.shape()[i] == t.shape()[static_cast<int>(axes[i])];
    if (!fits)
      errors::fail<ShapeError>(op, "weights have the shape of the values, ", t.shape(),
                               ", or their sizes along the dimensions ", axes, "; got ", w.shape());
    Dims order(axes.size()), shape(t.ndim(), 1);
    for (int i = 0; i < axes.size(); ++i) {
      order[i] = i;
      shape[static_cast<int>(axes[i])] = w.shape()[i];
    }
    std::sort(order.begin(), order.end(),
              [&](std::int64_t a, std::int64_t b) { return axes[static_cast<int>(a)] < axes[static_cast<int>(b)]; });
    w = expand(reshape(permute(w, order), shape), t.shape());
  }
  const DType d = promote(fractional(t).dtype(), is_differentiable(w.dtype()) ? w.dtype() : fractional(t).dtype());
  const Tensor x = precise(t), v = to(w, promote(x.dtype(), precise(w).dtype()));
  const Tensor total = sum(v, dims, keepdim);
  return {to(div(sum(mul(x, v), dims, keepdim), total), d), to(total, d)};
}

Tensor cov(const Tensor& t, const CovOptions& options) {
  const auto [c, d] = covariances("cov", t, options);
  return without_ones(to(c, d));
}

Tensor corrcoef(const Tensor& t, const CovOptions& options) {
  const auto [c, d] = covariances("corrcoef", t, options);
  const Tensor deviations = sqrt(real(diagonal(c)));
  const Tensor r = div(div(c, unsqueeze(deviations, {1})), unsqueeze(deviations, {0}));
  // Rounding may lead beyond 1.
  if (!is_complex(r.dtype())) return without_ones(to(clip(r, -1, 1), d));
  return without_ones(to(view_as_complex(clip(view_as_real(r), -1, 1)), d));
}

}  // namespace tenon
