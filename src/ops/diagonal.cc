// Matrices and their diagonals: views that are read or written.
#include <algorithm>

#include "core/errors.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

std::int64_t distance(std::int64_t k) { return k < 0 ? -k : k; }

Tensor indices(const char* op, std::int64_t rows, std::int64_t columns, std::int64_t offset, Device device,
               Tensor (*triangle)(const Tensor&, std::int64_t)) {
  if (rows < 0 || columns < 0) errors::negative_size(op, {rows, columns});
  return T(nonzero(triangle(full({rows, columns}, true, DType::bool_, device), offset)));
}

}  // namespace

Tensor diag_embed(const Tensor& t, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  if (t.ndim() < 1) errors::wrong_ndim("diag_embed", t.ndim(), "at least 1 dimension");
  const int ndim = t.ndim() + 1;
  const int i = normalize_axis("diag_embed", dim1, ndim), k = normalize_axis("diag_embed", dim2, ndim);
  if (i == k) errors::repeated_axis("diag_embed", dim1, {dim1, dim2});
  std::int64_t n;
  if (offset == INT64_MIN || __builtin_add_overflow(t.shape().back(), distance(offset), &n))
    errors::fail("diag_embed", "the offset ", offset, " is too large");
  Dims shape;
  for (int d = 0, from = 0; d < ndim; ++d) shape.push_back(d == i || d == k ? n : t.shape()[from++]);
  const Tensor out = full(shape, 0, t.dtype(), t.device());
  Tensor place = diagonal(out, offset, i, k);
  copy_(place, t);
  return out;
}

Tensor diag(const Tensor& t, std::int64_t k) {
  if (t.ndim() == 2) return clone(diagonal(t, k));
  if (t.ndim() != 1) errors::wrong_ndim("diag", t.ndim(), "a vector or a matrix");
  return diag_embed(t, k);
}

Tensor diagflat(const Tensor& t, std::int64_t k) { return diag_embed(reshape(t, {-1}), k); }

Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Device device) {
  return indices("tril_indices", rows, columns, offset, device, &tril);
}
Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset, Device device) {
  return indices("triu_indices", rows, columns, offset, device, &triu);
}

Tensor& fill_diagonal_(Tensor& self, const Tensor& values, bool wrap) {
  constexpr const char* op = "fill_diagonal_";
  if (self.ndim() < 2) errors::wrong_ndim(op, self.ndim(), "at least 2 dimensions");
  if (values.numel() == 0) errors::fail(op, "there are no values to write");
  const std::int64_t rows = self.shape()[0], columns = self.shape()[1];
  if (self.ndim() > 2) {
    if (std::any_of(self.shape().begin(), self.shape().end(), [&](std::int64_t n) { return n != rows; }))
      errors::fail<ShapeError>(op, "more than two dimensions must have equal sizes; got ", self.shape());
    std::int64_t step = 0;
    for (const std::int64_t s : self.strides()) step += s;
    Tensor place = as_strided(self, {rows}, {step}, 0);
    copy_(place, repeated(values, rows));
    return self;
  }
  if (!wrap || rows <= columns + 1 || columns == 0) {
    Tensor place = diagonal(self);
    copy_(place, repeated(values, place.numel()));
    return self;
  }
  // Every (columns + 1)-th of the elements in row-major order.
  const Tensor at = arange(0, rows * columns, columns + 1, DType::int64, self.device());
  const Index where[] = {floor_divide(at, columns), remainder(at, columns)};
  index_put_(self, where, repeated(values, at.numel()));
  return self;
}

Tensor vander(const Tensor& x, std::optional<std::int64_t> n, bool increasing) {
  if (x.ndim() != 1) errors::wrong_ndim("vander", x.ndim(), "a vector");
  const std::int64_t columns = n.value_or(x.numel());
  if (columns < 0) errors::fail("vander", "the number of columns must not be negative; got ", columns);
  const bool whole = is_bool(x.dtype()) || is_integral(x.dtype());
  const Tensor base = whole && x.dtype() != DType::uint64 ? to(x, DType::int64) : x;
  const DType d = is_integral(base.dtype()) ? base.dtype() : DType::int64;
  const Tensor powers = arange(0, columns, 1, d, x.device());
  return pow(unsqueeze(base, {1}), increasing ? powers : flip(powers));
}

}  // namespace tenon
