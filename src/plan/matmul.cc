#include "plan/matmul.h"

#include "core/errors.h"
#include "plan/loop.h"

namespace tenon {
namespace {

Matrices matrices(const Tensor& t, bool left) {
  const Dims &shape = t.shape(), &strides = t.strides();
  const int n = t.ndim();
  if (n == 1 && left) return {1, shape[0], 0, strides[0], {}, {}};
  if (n == 1) return {shape[0], 1, strides[0], 0, {}, {}};
  Matrices m{shape[n - 2], shape[n - 1], strides[n - 2], strides[n - 1], {}, {}};
  for (int d = 0; d < n - 2; ++d) {
    m.batch.push_back(shape[d]);
    m.batch_strides.push_back(strides[d]);
  }
  return m;
}

// A stack of left matrices times one right matrix is a single product, where the stack's rows are evenly spaced.
void fold_batch(MatmulCall& c, std::int64_t itemsize) {
  Loop& b = c.batch;
  if (b.ndim != 1 || b.strides[2][0] != 0 || b.strides[1][0] != c.m * c.a_strides[0] * itemsize ||
      b.strides[0][0] != c.m * c.c_strides[0] * itemsize)
    return;
  c.m *= b.shape[0];
  b.ndim = 0;
  b.numel = 1;
}

}  // namespace

MatmulPlan::MatmulPlan(const Tensor& a, const Tensor& b)
    : left_(matrices(a, true)), right_(matrices(b, false)), a_(a.data()), b_(b.data()) {
  if (left_.columns != right_.rows) errors::matmul_mismatch("matmul", a.shape(), b.shape());
  batch_ = left_.batch == right_.batch ? left_.batch : broadcast_shapes("matmul", left_.batch, right_.batch);
  shape_ = batch_;
  if (a.ndim() > 1) shape_.push_back(left_.rows);
  if (b.ndim() > 1) shape_.push_back(right_.columns);
}

MatmulCall MatmulPlan::call(const Tensor& out) const {
  MatmulCall c;
  c.dtype = out.dtype();
  c.a = a_;
  c.b = b_;
  c.c = out.data();
  c.m = left_.rows;
  c.n = right_.columns;
  c.k = left_.columns;
  c.a_strides[0] = left_.row_stride;
  c.a_strides[1] = left_.column_stride;
  c.b_strides[0] = right_.row_stride;
  c.b_strides[1] = right_.column_stride;
  c.c_strides[0] = c.n;
  c.c_strides[1] = 1;
  if (batch_.empty()) return c;
  Dims out_strides = contiguous_strides(batch_);
  for (auto& s : out_strides) s *= c.m * c.n;
  const Dims a_strides = broadcast_strides(left_.batch, left_.batch_strides, batch_);
  const Dims b_strides = broadcast_strides(right_.batch, right_.batch_strides, batch_);
  const std::int64_t size = out.itemsize();
  const LoopOperand operands[] = {{&out_strides, size}, {&a_strides, size}, {&b_strides, size}};
  build_loop(c.batch, batch_, operands);
  fold_batch(c, size);
  return c;
}

}  // namespace tenon
