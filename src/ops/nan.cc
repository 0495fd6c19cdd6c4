// Reductions and scans without NaNs: what stands in their place changes nothing.
#include <cmath>
#include <limits>

#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops/nan.h"

namespace tenon {
namespace {

bool may_be_nan(const Tensor& t) { return is_differentiable(t.dtype()) && !is_float8(t.dtype()); }

Tensor without_nans(const Tensor& t, double instead) { return may_be_nan(t) ? where(isnan(t), instead, t) : t; }

// The mean of widened t, with the reduced dimensions.
Tensor mean_of(const Tensor& t, const Tensor& mask, const Axes& dims) {
  return div(sum(where(mask, t, 0), dims, true), to(count_nonzero(mask, dims, true), real_dtype(t.dtype())));
}

Tensor without_dims(const Tensor& t, const Axes& dims, bool keepdim) {
  return keepdim ? t : squeeze(t, normalize_axes("squeeze", dims, t.ndim()));
}

Tensor spread(const Tensor& t, const Axes& dims, double correction, bool keepdim) {
  const Tensor mask = logical_not(isnan(t.detach()));
  const Tensor n = sub(to(count_nonzero(mask, dims, true), real_dtype(t.dtype())), correction);
  const Tensor x = centred(t, mask, dims);
  const Tensor squares = is_complex(t.dtype()) ? add(square(real(x)), square(imag(x))) : square(x);
  // Where there are too few elements, nothing is divided by 0 either: the gradient would be NaN.
  const Tensor few = le(n, 0), r = div(sum(squares, dims, true), where(few, 1, n));
  return without_dims(where(few, NAN, r), dims, keepdim);
}

// The root, whose slope at 0 is taken as 0.
Tensor root(const Tensor& v) {
  if (!autograd::needs_grad(v)) return sqrt(v);
  const Tensor zero = eq(v, 0);
  return where(zero, 0, sqrt(where(zero, 1, v)));
}

Tensor extremum(const char* op, bool max, const Tensor& t, const Axes& dims, bool keepdim) {
  const auto reduce = [&](const Tensor& x) { return max ? amax(x, dims, keepdim) : amin(x, dims, keepdim); };
  errors::check_real(op, t);
  if (!may_be_nan(t)) return reduce(t);
  const Tensor nans = isnan(t.detach());
  const Tensor r = reduce(where(nans, max ? -INFINITY : INFINITY, t));
  return where(all(nans, dims, keepdim), NAN, r);
}

Tensor position(const char* op, bool max, const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  const auto find = [&](const Tensor& x) { return max ? argmax(x, dim, keepdim) : argmin(x, dim, keepdim); };
  errors::check_real(op, t);
  if (!may_be_nan(t) || t.numel() == 0) return find(t);
  const Tensor nans = isnan(t.detach());
  const Tensor none = all(nans, dim ? Axes(Dims{*dim}) : Axes());
  if (any(none).item<bool>()) errors::fail(op, "all elements of a slice are NaN; got shape ", t.shape());
  // The first of equal ones: not a NaN before an infinity.
  const Tensor bound = max ? nanmax(t.detach(), dim ? Axes(Dims{*dim}) : Axes(), true)
                           : nanmin(t.detach(), dim ? Axes(Dims{*dim}) : Axes(), true);
  return argmax(eq(t.detach(), bound), dim, keepdim);
}

double largest(DType d) {
  return dispatch(real_dtype(d), []<class T>() -> double {
    if constexpr (is_floating(dtype_of<T>)) return static_cast<double>(std::numeric_limits<T>::max());
    else return 0;
  });
}

}  // namespace

Tensor nansum(const Tensor& t, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  return sum(without_nans(t, 0), dims, keepdim, dtype);
}
Tensor nanprod(const Tensor& t, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  return prod(without_nans(t, 1), dims, keepdim, dtype);
}
Tensor nancumsum(const Tensor& t, std::int64_t dim, std::optional<DType> dtype) {
  return cumsum(without_nans(t, 0), dim, dtype);
}
Tensor nancumprod(const Tensor& t, std::int64_t dim, std::optional<DType> dtype) {
  return cumprod(without_nans(t, 1), dim, dtype);
}
Tensor nanmean(const Tensor& t, const Axes& dims, bool keepdim, std::optional<DType> dtype) {
  if (!may_be_nan(t)) return mean(t, dims, keepdim, dtype);
  const Tensor x = dtype ? to(t, dtype) : t;
  if (!may_be_nan(x)) return mean(x, dims, keepdim, dtype);  // an error
  const Tensor valid = logical_not(isnan(x.detach()));
  return rounded_once(x, [&](const Tensor& f) { return without_dims(mean_of(f, valid, dims), dims, keepdim); });
}
Tensor nanvar(const Tensor& t, const Axes& dims, double correction, bool keepdim) {
  const Tensor x = fractional(t);
  return to(spread(precise(t), dims, correction, keepdim), real_dtype(x.dtype()));
}
Tensor nanstd(const Tensor& t, const Axes& dims, double correction, bool keepdim) {
  const Tensor x = fractional(t);
  return to(root(spread(precise(t), dims, correction, keepdim)), real_dtype(x.dtype()));
}
Tensor nanmin(const Tensor& t, const Axes& dims, bool keepdim) { return extremum("nanmin", false, t, dims, keepdim); }
Tensor nanmax(const Tensor& t, const Axes& dims, bool keepdim) { return extremum("nanmax", true, t, dims, keepdim); }
Tensor nanargmin(const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  return position("nanargmin", false, t, dim, keepdim);
}
Tensor nanargmax(const Tensor& t, std::optional<std::int64_t> dim, bool keepdim) {
  return position("nanargmax", true, t, dim, keepdim);
}

Tensor nan_to_num(const Tensor& t, const Scalar& nan, std::optional<Scalar> posinf, std::optional<Scalar> neginf) {
  if (is_complex(t.dtype())) return view_as_complex(nan_to_num(view_as_real(t), nan, posinf, neginf));
  if (is_float8(t.dtype())) errors::dtype_not_supported("nan_to_num", t.dtype(), "all other numbers");
  if (!is_floating(t.dtype())) return clone(t);
  const double limit = largest(t.dtype());
  const Tensor r = where(isnan(t), nan, where(isposinf(t), posinf.value_or(limit), t));
  return where(isneginf(t), neginf.value_or(-limit), r);
}
Tensor& nan_to_num_(Tensor& self, const Scalar& nan, std::optional<Scalar> posinf, std::optional<Scalar> neginf) {
  return copy_(self, nan_to_num(self, nan, posinf, neginf));
}

}  // namespace tenon
