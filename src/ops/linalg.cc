// Products of matrices and vectors.
#include "autograd/derivatives.h"
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/backend.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// A matrix (or a stack of them) with its two last strides; a vector is a row on the left, a column on the
// right.
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

// A stack of left matrices times one right matrix is a single product, where the stack's rows are evenly
// spaced.
void fold_batch(MatmulCall& c, std::int64_t itemsize) {
  Loop& b = c.batch;
  if (b.ndim != 1 || b.strides[2][0] != 0 || b.strides[1][0] != c.m * c.a_strides[0] * itemsize ||
      b.strides[0][0] != c.m * c.c_strides[0] * itemsize)
    return;
  c.m *= b.shape[0];
  b.ndim = 0;
  b.numel = 1;
}

void run(DType d, const Tensor& a, const Tensor& b, const Matrices& left, const Matrices& right, const Dims& batch,
         const Tensor& out) {
  MatmulCall c;
  c.dtype = d;
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
  const Backend& table = backend(out.device());
  if (!table.matmul || table.matmul(out.device().index, c) != kOk) errors::not_available("matmul", out.device(), d);
}

void check_ndim(const char* op, const Tensor& t, int wanted, std::string_view text) {
  if (t.ndim() != wanted) errors::wrong_ndim(op, t.ndim(), text);
}

// Of two tensors of one dtype that the kernels take.
Tensor product(const Tensor& a, const Tensor& b) {
  const DType d = a.dtype();
  const Matrices left = matrices(a, true), right = matrices(b, false);
  if (left.columns != right.rows) errors::matmul_mismatch("matmul", a.shape(), b.shape());
  const Dims batch = left.batch == right.batch ? left.batch : broadcast_shapes("matmul", left.batch, right.batch);
  Dims shape = batch;
  if (a.ndim() > 1) shape.push_back(left.rows);
  if (b.ndim() > 1) shape.push_back(right.columns);
  Tensor out;
  if (left.columns == 0) {
    out = full(shape, 0, d, a.device());
  } else {
    out = empty(shape, d, a.device());
    if (out.numel() > 0) run(d, a, b, left, right, batch, out);
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
