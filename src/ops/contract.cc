// Products over chosen dimensions of two tensors: each brings them into the place where matmul or mul takes them.
#include "autograd/derivatives.h"
#include "core/errors.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using derive::cj;

void need_ndim(const char* op, const Tensor& t, int least) {
  if (t.ndim() < least) errors::wrong_ndim(op, t.ndim(), least == 1 ? "at least 1 dimension" : "at least 2 dimensions");
}

// The dimensions of t in this order as (rows, columns).
Tensor as_matrix(const Tensor& t, const Dims& order, std::int64_t rows, std::int64_t columns) {
  return reshape(permute(t, order), {rows, columns});
}

Tensor contract(const char* op, const Tensor& a, const Tensor& b, const Dims& a_axes, const Dims& b_axes) {
  if (a_axes.size() != b_axes.size())
    errors::fail<ShapeError>(op, "as many dimensions of both are summed over; got ", a_axes, " and ", b_axes);
  const auto normalized = [&](const Dims& axes, const Tensor& t) {
    return axes.empty() ? Dims() : normalize_axes(op, axes, t.ndim());
  };
  const Dims first = normalized(a_axes, a), second = normalized(b_axes, b);
  Dims left, right, shape;
  std::int64_t inside = 1;
  for (int i = 0; i < first.size(); ++i) {
    const std::int64_t n = a.shape()[static_cast<int>(first[i])];
    if (n != b.shape()[static_cast<int>(second[i])]) errors::matmul_mismatch(op, a.shape(), b.shape());
    inside *= n;
  }
  for (int d = 0; d < a.ndim(); ++d)
    if (!first.contains(d)) left.push_back(d);
  std::int64_t rows = 1, columns = 1;
  for (const std::int64_t d : left) {
    shape.push_back(a.shape()[static_cast<int>(d)]);
    rows *= shape.back();
  }
  for (const std::int64_t d : first) left.push_back(d);
  right = second;
  for (int d = 0; d < b.ndim(); ++d) {
    if (second.contains(d)) continue;
    right.push_back(d);
    shape.push_back(b.shape()[d]);
    columns *= b.shape()[d];
  }
  return reshape(matmul(as_matrix(a, left, rows, inside), as_matrix(b, right, inside, columns)), shape);
}

}  // namespace

Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& a_axes, const Dims& b_axes) {
  return contract("tensordot", a, b, a_axes, b_axes);
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t axes) {
  if (axes < 0) errors::fail("tensordot", "the number of dimensions must not be negative; got ", axes);
  if (axes > a.ndim() || axes > b.ndim())
    errors::fail<IndexError>("tensordot", axes, " dimensions are more than shapes ", a.shape(), " and ", b.shape(),
                             " have");
  Dims last, first;
  for (std::int64_t d = 0; d < axes; ++d) {
    last.push_back(a.ndim() - axes + d);
    first.push_back(d);
  }
  return contract("tensordot", a, b, last, first);
}

Tensor inner(const Tensor& a, const Tensor& b) {
  if (a.ndim() == 0 || b.ndim() == 0) return mul(a, b);
  return contract("inner", a, b, {-1}, {-1});
}

Tensor numpy_dot(const Tensor& a, const Tensor& b) {
  if (a.ndim() == 0 || b.ndim() == 0) return mul(a, b);
  return contract("dot", a, b, {-1}, {b.ndim() == 1 ? -1 : -2});
}

Tensor vdot(const Tensor& a, const Tensor& b) {
  if (a.numel() != b.numel()) errors::matmul_mismatch("vdot", a.shape(), b.shape());
  return matmul(cj(reshape(a, {-1})), reshape(b, {-1}));
}

Tensor vecdot(const Tensor& a, const Tensor& b, std::int64_t dim) {
  need_ndim("vecdot", a, 1);
  need_ndim("vecdot", b, 1);
  const int i = normalize_axis("vecdot", dim, a.ndim()), k = normalize_axis("vecdot", dim, b.ndim());
  if (a.shape()[i] != b.shape()[k]) errors::matmul_mismatch("vecdot", a.shape(), b.shape());
  const Tensor x = unsqueeze(movedim(cj(a), {i}, {-1}), {-2}), y = unsqueeze(movedim(b, {k}, {-1}), {-1});
  return squeeze(matmul(x, y), Dims{-1, -2});
}

Tensor matvec(const Tensor& a, const Tensor& x) {
  need_ndim("matvec", a, 2);
  need_ndim("matvec", x, 1);
  if (a.shape().back() != x.shape().back()) errors::matmul_mismatch("matvec", a.shape(), x.shape());
  return squeeze(matmul(a, unsqueeze(x, {-1})), Dims{-1});
}

Tensor vecmat(const Tensor& x, const Tensor& a) {
  need_ndim("vecmat", x, 1);
  need_ndim("vecmat", a, 2);
  if (x.shape().back() != a.size(-2)) errors::matmul_mismatch("vecmat", x.shape(), a.shape());
  return squeeze(matmul(unsqueeze(cj(x), {-2}), a), Dims{-2});
}

Tensor kron(const Tensor& a, const Tensor& b) {
  const int n = std::max(a.ndim(), b.ndim());
  Dims left, right, shape;
  for (int d = 0; d < n; ++d) {
    const int i = d - (n - a.ndim()), k = d - (n - b.ndim());
    const std::int64_t rows = i < 0 ? 1 : a.shape()[i], columns = k < 0 ? 1 : b.shape()[k];
    left.push_back(rows);
    left.push_back(1);
    right.push_back(1);
    right.push_back(columns);
    shape.push_back(rows * columns);
  }
  if (2 * n > kMaxDims) errors::too_many_dims("kron", 2 * n);
  return reshape(mul(reshape(a, left), reshape(b, right)), shape);
}

Tensor outer_flat(const Tensor& a, const Tensor& b) { return mul(reshape(a, {-1, 1}), reshape(b, {1, -1})); }

Tensor cross(const Tensor& a, const Tensor& b, std::int64_t dim) {
  const int i = normalize_axis("cross", dim, a.ndim()) - a.ndim(),
            k = normalize_axis("cross", dim, b.ndim()) - b.ndim();
  if (a.ndim() == 0 || b.ndim() == 0 || a.size(i) != 3 || b.size(k) != 3)
    errors::fail<ShapeError>("cross", "vectors of 3 elements are needed along dimension ", dim, "; got shapes ",
                             a.shape(), " and ", b.shape());
  const Tensor x = widened(movedim(a, {i}, {0})), y = widened(movedim(b, {k}, {0}));
  std::vector<Tensor> parts;
  for (int p = 0; p < 3; ++p) {
    const int q = (p + 1) % 3, r = (p + 2) % 3;
    parts.push_back(sub(mul(select(x, 0, q), select(y, 0, r)), mul(select(x, 0, r), select(y, 0, q))));
  }
  return to(stack(parts, dim), promote(a.dtype(), b.dtype()));
}

Tensor trace(const Tensor& t, std::int64_t offset, std::int64_t dim1, std::int64_t dim2, std::optional<DType> dtype) {
  if (t.ndim() < 2) errors::wrong_ndim("trace", t.ndim(), "at least 2 dimensions");
  return sum(diagonal(t, offset, dim1, dim2), Dims{-1}, false, dtype);
}

}  // namespace tenon
