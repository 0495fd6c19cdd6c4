// Binary search, all values at once: each step halves what is left for every one of them.
#include "ops/composing.h"
#include "ops/exact_compare.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/search.h"

namespace tenon {
namespace {

// Both in the dtypes that they are compared in.
std::pair<Tensor, Tensor> comparable(const char* op, const Tensor& a, const Tensor& b) {
  if (a.device() != b.device() && b.ndim() > 0) errors::device_mismatch(op, a.device(), b.device());
  const DType common = promote(a.dtype(), b.dtype());
  if (is_complex(common) || is_float8(common)) errors::dtype_not_supported(op, common, "real numbers");
  const DTypes d = compared_dtypes(a.dtype(), b.dtype());
  return {to(a.detach(), d.first), to(b.detach(), d.second, a.device())};
}

// Whether a goes before v: NaNs are above all numbers.
Tensor precedes(const Tensor& a, const Tensor& v, const Tensor& v_is_nan, bool right) {
  if (!v_is_nan.defined()) return right ? le(a, v) : lt(a, v);
  // Every number precedes a NaN; so does another NaN, if the place is behind equal ones.
  return right ? logical_or(le(a, v), v_is_nan) : logical_or(lt(a, v), logical_and(v_is_nan, eq(a, a)));
}

}  // namespace

Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right, const Tensor& sorter) {
  const char* op = "searchsorted";
  if (sorted.ndim() == 0) errors::wrong_ndim(op, 0, "sorted numbers of at least 1 dimension");
  NoGrad guard;
  auto [a, v] = comparable(op, sorted, values);
  if (sorter.defined()) {
    if (sorter.shape() != sorted.shape()) errors::wrong_shape(op, sorter.shape(), sorted.shape());
    if (!is_integral(sorter.dtype())) errors::indices_not_integers(op, sorter.dtype());
    a = gather(a, -1, sorter);
  }
  const std::int64_t n = a.shape().back();
  const bool rows = a.ndim() > 1;
  if (rows) {
    bool fits = a.ndim() == v.ndim();
    for (int d = 0; fits && d + 1 < a.ndim(); ++d) fits = a.shape()[d] == v.shape()[d];
    if (!fits)
      errors::fail<ShapeError>(op, "sorted numbers of shape ", sorted.shape(), " and values of shape ", values.shape(),
                               " differ in more than the last dimension");
  }
  Tensor low = zeros(v.shape(), DType::int64, v.device());
  if (n == 0 || v.numel() == 0) return low;
  const Tensor nan = is_floating(v.dtype()) ? isnan(v) : Tensor();
  const auto at = [&](const Tensor& i) { return rows ? gather(a, -1, i) : take(a, i); };
  // Before each step the place is one of low, ..., low + left.
  for (std::int64_t left = n; left > 0;) {
    const std::int64_t step = left / 2;
    const Tensor middle = add(low, step);
    const Tensor behind = precedes(at(middle), v, nan, right);
    if (left == 1) return add(low, behind);
    low = where(behind, middle, low);
    left -= step;
  }
  return low;
}

Tensor digitize(const Tensor& values, const Tensor& bins, bool right) {
  const char* op = "digitize";
  errors::check_real(op, values);
  errors::check_real(op, bins);
  if (bins.ndim() != 1) errors::wrong_ndim(op, bins.ndim(), "bins of 1 dimension");
  NoGrad guard;
  const Tensor b = bins.detach(), next = slice(b, 0, 1, {}), before = slice(b, 0, {}, -1);
  // NaNs are above all numbers.
  const auto ascends = [](const Tensor& x, const Tensor& y) {
    const Tensor below = le(x, y);
    return all(is_floating(y.dtype()) ? logical_or(below, isnan(y)) : below).item<bool>();
  };
  if (ascends(before, next)) return searchsorted(b, values, !right);
  if (!ascends(next, before)) errors::fail(op, "the bins must ascend or descend");
  return sub(b.numel(), searchsorted(flip(b), values, !right));
}

}  // namespace tenon
