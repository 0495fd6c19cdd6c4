// Products of matrices and vectors.
#include "autograd/derivatives.h"
#include "core/launch.h"
#include "plan/matmul.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

void check_ndim(const char* op, const Tensor& t, int wanted, std::string_view text) {
  if (t.ndim() != wanted) errors::wrong_ndim(op, t.ndim(), text);
}

// Both tensors have the same dtype, one that the kernels take.
Tensor product(const Tensor& a, const Tensor& b) {
  const DType d = a.dtype();
  const MatmulPlan plan(a, b);
  const Device device = together(a.device(), b.device());
  Tensor out;
  if (plan.inner() == 0) {
    out = full(plan.shape(), 0, d, device);
  } else {
    out = empty(plan.shape(), d, device);
    if (out.numel() > 0) launch("matmul", device, d, &Backend::matmul, plan.call(out));
  }
  if (autograd::needs_grad(a, b)) {
    const Tensor inputs[] = {a, b};
    autograd::attach(out, "matmul", inputs, derive::matmul(a, b));
  }
  return out;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.device() != b.device()) errors::device_mismatch("matmul", a.device(), b.device());
  if (a.ndim() == 0 || b.ndim() == 0)
    errors::wrong_ndim("matmul", 0, "tensors of at least 1 dimension (use mul for numbers)");
  const DType d = promote(a.dtype(), b.dtype());
  if (is_float8(d)) errors::dtype_not_supported("matmul", d, "all numbers");
  if (a.dtype() != d || b.dtype() != d) return matmul(to(a, d), to(b, d));
  // The kernels join bytes that are 0 or 1; bools that were borrowed may be any.
  if (is_bool(d)) return product(logical_or(a, a), logical_or(b, b));
  return product(a, b);
}
Tensor dot(const Tensor& a, const Tensor& b) {
  check_ndim("dot", a, 1, "1-D tensors (use matmul for matrices)");
  check_ndim("dot", b, 1, "1-D tensors (use matmul for matrices)");
  if (a.shape() != b.shape()) errors::matmul_mismatch("dot", a.shape(), b.shape());
  return matmul(a, b);
}

Tensor mv(const Tensor& a, const Tensor& b) {
  check_ndim("mv", a, 2, "a 2-D tensor on the left (use matmul for stacks)");
  check_ndim("mv", b, 1, "a 1-D tensor on the right (use matmul for matrices)");
  if (a.shape()[1] != b.shape()[0]) errors::matmul_mismatch("mv", a.shape(), b.shape());
  return matmul(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_ndim("outer", a, 1, "1-D tensors (use flatten)");
  check_ndim("outer", b, 1, "1-D tensors (use flatten)");
  return mul(unsqueeze(a, {1}), unsqueeze(b, {0}));
}

}  // namespace tenon
