// Moments of the elements that a mask names.
#include "core/errors.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"
#include "tenon/ops/ufunc.h"

namespace tenon {
namespace {

// The mask in t's shape, and t as floats: float32 for half precision and float64 for integers, which are rounded once at
// the end.
struct Masked {
  Tensor t, mask;
  DType result;
};
Masked masked(const char* op, const Tensor& t, const Tensor& mask) {
  if (!is_bool(mask.dtype())) errors::dtype_not_supported(op, mask.dtype(), "a bool where=");
  const Dims shape = broadcast_shapes(op, mask.shape(), t.shape());
  if (shape != t.shape()) errors::cannot_expand(op, mask.shape(), t.shape());
  const DType d = is_differentiable(t.dtype()) ? t.dtype() : default_float();
  return {precise(t), expand(mask, t.shape()), d};
}
Tensor total(const Masked& m, const Tensor& x, const Axes& dims, bool keepdim) {
  return sum(where(m.mask, x, 0), dims, keepdim);
}

Tensor var_of(const char* op, const Masked& m, const Axes& dims, double correction, bool keepdim) {
  const Tensor n = count_nonzero(m.mask, dims, true);
  // As var: of too few elements infinite or NaN, never negative.
  const Tensor degrees = maximum(sub(to(n, real_dtype(m.t.dtype())), correction), 0);
  const Tensor y = div(sum(square(abs(centred(m.t, m.mask, dims))), dims, true), degrees);
  return keepdim ? y : squeeze(y, normalize_axes(op, dims, m.t.ndim()));
}

}  // namespace

Tensor mean_where(const Tensor& t, const Tensor& mask, const Axes& dims, bool keepdim) {
  const Masked m = masked("mean", t, mask);
  return to(div(total(m, m.t, dims, keepdim), count_nonzero(m.mask, dims, keepdim)), m.result);
}

Tensor var_where(const Tensor& t, const Tensor& mask, const Axes& dims, double correction, bool keepdim) {
  const Masked m = masked("var", t, mask);
  return to(var_of("var", m, dims, correction, keepdim), real_dtype(m.result));
}

Tensor std_where(const Tensor& t, const Tensor& mask, const Axes& dims, double correction, bool keepdim) {
  const Masked m = masked("std", t, mask);
  const Tensor v = var_of("std", m, dims, correction, keepdim), none = eq(v, 0);
  // The slope of the root at 0 is infinite; the deviation's is taken as 0.
  return to(where(none, 0, sqrt(where(none, 1, v))), real_dtype(m.result));
}

}  // namespace tenon
