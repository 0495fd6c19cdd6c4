// Comparisons of whole tensors, composed of elementwise primitives: any device, nothing recorded.
#include "core/errors.h"
#include "ops/composing.h"
#include "ops/exact_compare.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon {
namespace {

// float8 has no arithmetic, so its values are compared as float32, which holds them all.
Tensor comparable(const Tensor& t) {
  const Tensor d = t.detach();
  return is_float8(d.dtype()) ? to(d, DType::float32) : d;
}

// numpy.isclose of values that are computed in: |a - b| <= atol + rtol * |b| where b is finite; infinities are close to
// themselves.
const auto near = [](const auto& a, const auto& b, const auto& rtol, const auto& atol) {
  return logical_or(logical_and(le(abs(sub(a, b)), add(mul(abs(b), rtol), atol)), isfinite(b)), eq(a, b));
};

// For floats, in one pass. (Complex numbers have real distances: a program computes in one dtype.)
Tensor close_floats(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  static const Program plain = make_program<4>("isclose", near);
  static const Program with_nan = make_program<4>("isclose", [](auto a, auto b, auto rtol, auto atol) {
    return logical_or(near(a, b, rtol, atol), logical_and(isnan(a), isnan(b)));
  });
  return run_program(equal_nan ? with_nan : plain, {a, b, rtol, atol});
}

}  // namespace

bool equal(const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) errors::device_mismatch("equal", a.device(), b.device());
  if (a.shape() != b.shape()) return false;
  if (a.numel() == 0) return true;
  NoGrad guard;
  return all(eq(comparable(a), comparable(b))).item<bool>();
}

Tensor isclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  if (a.device() != b.device() && a.ndim() > 0 && b.ndim() > 0)
    errors::device_mismatch("isclose", a.device(), b.device());
  if (rtol < 0 || atol < 0) errors::fail("isclose", "rtol and atol must not be negative; got ", rtol, " and ", atol);
  NoGrad guard;
  const bool exact = !is_differentiable(a.dtype()) && !is_differentiable(b.dtype());
  if (!exact && (is_wide(a.dtype()) || is_wide(b.dtype())) && (is_floating(a.dtype()) || is_floating(b.dtype()))) {
    const Tensor x = to(comparable(a), DType::float64), y = to(comparable(b), DType::float64);
    const Tensor same = eq(comparable(a), comparable(b));
    // What float64 alone calls equal is at a distance.
    const Tensor distance = maximum(abs(sub(x, y)), logical_and(eq(x, y), logical_not(same)));
    return logical_or(logical_and(le(distance, add(mul(abs(y), rtol), atol)), isfinite(y)), same);
  }
  if (!exact && !is_complex(a.dtype()) && !is_complex(b.dtype()))
    return close_floats(beside(comparable(a), b), beside(comparable(b), a), rtol, atol, equal_nan);
  const Tensor x = precise(comparable(a)), y = precise(comparable(b));
  if (exact) {
    // Large integers that float64 cannot tell apart are at a distance.
    const Tensor distance = maximum(abs(sub(x, y)), ne(a, b));
    return le(distance, add(mul(abs(y), rtol), atol));
  }
  const Tensor close = near(x, y, rtol, atol);
  return equal_nan ? logical_or(close, logical_and(isnan(x), isnan(y))) : close;
}

bool allclose(const Tensor& a, const Tensor& b, double rtol, double atol, bool equal_nan) {
  const Tensor close = isclose(a, b, rtol, atol, equal_nan);
  return close.numel() == 0 || all(close).item<bool>();
}

}  // namespace tenon
