#include "plan/matmul.h"

#include "core/errors.h"
#include "plan/loop.h"

namespace tenon {
namespace {

// A matrix (or a stack of them) with its two last strides.
struct Matrices {
  std::int64_t rows, columns, row_stride, column_stride;
  Dims batch, batch_strides;
};

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

Dims joined_batch(const Matrices& a, const Matrices& b) {
  return a.batch == b.batch ? a.batch : broadcast_shapes("matmul", a.batch, b.batch);
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

Dims matmul_shape(const Tensor& a, const Tensor& b) {
  const Matrices left = matrices(a, true), right = matrices(b, false);
  if (left.columns != right.rows) errors::matmul_mismatch("matmul", a.shape(), b.shape());
  Dims shape = joined_batch(left, right);
  if (a.ndim() > 1) shape.push_back(left.rows);
  if (b.ndim() > 1) shape.push_back(right.columns);
  return shape;
}

MatmulCall plan_matmul(const Tensor& a, const Tensor& b, const Tensor& out) {
  const Matrices left = matrices(a, true), right = matrices(b, false);
  const Dims batch = joined_batch(left, right);
  MatmulCall c;
  c.dtype = out.dtype();
  c.a = a.data();
  c.b = b.data();
  c.c = out.data();
  c.m = left.rows;
  c.n = right.columns;
  c.k = left.columns;
  c.a_strides[0] = left.row_stride;
  c.a_strides[1] = left.column_stride;
  c.b_strides[0] = right.row_stride;
  c.b_strides[1] = right.column_stride;
  c.c_strides[0] = c.n;
  c.c_strides[1] = 1;
  Dims out_strides = contiguous_strides(batch);
  for (auto& s : out_strides) s *= c.m * c.n;
  const Dims a_strides = broadcast_strides(left.batch, left.batch_strides, batch);
  const Dims b_strides = broadcast_strides(right.batch, right.batch_strides, batch);
  const std::int64_t size = out.itemsize();
  const LoopOperand operands[] = {{&out_strides, size}, {&a_strides, size}, {&b_strides, size}};
  build_loop(c.batch, batch, operands);
  fold_batch(c, size);
  return c;
}

}  // namespace tenon
