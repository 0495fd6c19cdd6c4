// y[i] = a[i] y[i - 1] + b[i] along a dimension: what the gradients of scans with factors are.
//
// The elements are cut into about sqrt(n) blocks, which run side by side: one operation for each place in a block. What
// flows from block to block is a recurrence again, of sqrt(n) elements. So the work and the memory are linear in n.
#include <cmath>

#include "autograd/derivatives.h"
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr std::int64_t kSmall = 16;  // elements that are taken one by one

// What comes before times the product of factors that it goes through. One that has overflowed carries nothing where
// nothing comes.
Tensor carried(const Tensor& before, const Tensor& product) {
  return where(logical_and(eq(before, 0), isinf(product)), 0, mul(before, product));
}

// y[:, i] = a[:, i] y[:, i - 1] + y[:, i] along dimension `dim`. products: a holds products of factors.
void step_by_step(const Tensor& a, Tensor& y, int dim, bool products) {
  for (std::int64_t i = 1; i < y.size(dim); ++i) {
    Tensor here = select(y, dim, i);
    const Tensor before = select(y, dim, i - 1), factor = select(a, dim, i);
    const Tensor flow = products ? carried(before, factor) : mul(before, factor);
    add_(here, flow, 1);
  }
}

// With more rows, of zeros, at the end.
Tensor padded(const Tensor& t, std::int64_t rows) {
  if (t.size(0) == rows) return t;
  Dims shape = t.shape();
  shape[0] = rows - t.size(0);
  const Tensor parts[] = {t, zeros(shape, t.dtype(), t.device())};
  return cat(parts, 0);
}

// Along dimension 0.
Tensor run(const Tensor& a, const Tensor& b, bool products_of_factors = false) {
  const std::int64_t n = b.size(0);
  if (n <= kSmall) {
    Tensor y = clone(b);
    step_by_step(a, y, 0, products_of_factors);
    return y;
  }
  const auto length = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  const std::int64_t blocks = (n + length - 1) / length;
  Dims shape = b.shape();
  shape[0] = length;
  shape.insert(0, blocks);
  const Tensor factors = reshape(padded(a, blocks * length), shape);
  Tensor y = clone(reshape(padded(b, blocks * length), shape));
  step_by_step(factors, y, 1, products_of_factors);
  const Tensor products = cumprod(factors, 1);
  const Tensor ends = run(select(products, 1, -1), select(y, 1, -1), true);
  // Each block but the first gets what came before it.
  const Tensor before = unsqueeze(narrow(ends, 0, 0, blocks - 1), {1}), through = narrow(products, 0, 1, blocks - 1);
  const Tensor flow = carried(before, through);
  Tensor rest = narrow(y, 0, 1, blocks - 1);
  add_(rest, flow, 1);
  shape = b.shape();
  shape[0] = blocks * length;
  return narrow(reshape(y, shape), 0, 0, n);
}

}  // namespace

Tensor linear_recurrence(const Tensor& a, const Tensor& b, std::int64_t dim) {
  const char* op = "linear_recurrence";
  if (a.shape() != b.shape()) errors::wrong_shape(op, b.shape(), a.shape());
  if (!is_differentiable(a.dtype()) || a.dtype() != b.dtype())
    errors::dtype_not_supported(op, is_differentiable(a.dtype()) ? b.dtype() : a.dtype(),
                                "floating or complex numbers of one dtype");
  const int d = normalize_axis(op, dim, b.ndim());
  Tensor y;
  {
    const NoGrad guard;
    if (b.ndim() == 0 || b.numel() == 0) {
      y = clone(b);
    } else {
      const DType wide = is_complex(b.dtype()) ? DType::complex128 : DType::float64;
      y = contiguous(
          to(movedim(run(to(movedim(a, {d}, {0}), wide), to(movedim(b, {d}, {0}), wide)), {0}, {d}), b.dtype()));
    }
  }
  const Tensor inputs[] = {a, b};
  if (autograd::needs_grad(inputs)) autograd::attach(y, op, inputs, derive::linear_recurrence(a, d, y));
  return y;
}

}  // namespace tenon
