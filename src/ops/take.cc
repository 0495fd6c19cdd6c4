// Elements by their places, under NumPy's rules.
#include "tenon/ops/take.h"

#include "core/errors.h"
#include "ops/copy.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// Integer indices within [0, n).
Tensor bounded(const char* op, const Tensor& indices, std::int64_t n, Bounds bounds) {
  if (!is_integral(indices.dtype())) errors::indices_not_integers(op, indices.dtype());
  Tensor at = to(indices, DType::int64);
  if (bounds == Bounds::strict || at.numel() == 0) return at;
  if (n == 0) errors::fail<IndexError>(op, "there is no element to take");
  return bounds == Bounds::wrap ? remainder(at, n) : clip(at, 0, n - 1);
}

// The mask of self's elements that any array of its size means.
Tensor mask_of(const char* op, const Tensor& mask, const Tensor& self) {
  if (mask.numel() != self.numel()) errors::wrong_shape(op, mask.shape(), self.shape());
  return reshape(is_bool(mask.dtype()) ? mask : ne(mask, 0), self.shape());
}
void check_safe(const char* op, const Tensor& values, const Tensor& self) {
  if (!can_cast(values.dtype(), self.dtype(), Casting::safe))
    errors::fail<DtypeError>(op, "values of ", values.dtype(), " are not safe to write into ", self.dtype(),
                             "; convert them first");
}

}  // namespace

Bounds bounds(const std::string& name) {
  if (name == "raise") return Bounds::strict;
  if (name == "wrap") return Bounds::wrap;
  if (name != "clip") errors::fail("take", "mode is 'raise', 'wrap' or 'clip'; got '", name, "'");
  return Bounds::clip;
}

Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim, Bounds bounds) {
  if (bounds == Bounds::strict) return take(t, indices, dim);
  const std::int64_t n = !dim || t.ndim() == 0 ? t.numel() : t.shape()[normalize_axis("take", *dim, t.ndim())];
  return take(t, bounded("take", indices, n, bounds), dim);
}

std::vector<Tensor> unravel_index(const Tensor& indices, const Dims& shape) {
  constexpr const char* op = "unravel_index";
  if (!is_integral(indices.dtype())) errors::indices_not_integers(op, indices.dtype());
  for (const std::int64_t n : shape)
    if (n < 0) errors::negative_size(op, shape);
  const std::int64_t n = shape.product();
  Tensor rest = to(indices, DType::int64);
  if (rest.numel() > 0) {
    const std::int64_t low = amin(rest).item<std::int64_t>(), high = amax(rest).item<std::int64_t>();
    if (low < -n || high >= n)
      errors::fail<IndexError>(op, "index ", low < -n ? low : high, " is out of range for ", n, " elements");
    if (low < 0) rest = remainder(rest, n);
  }
  std::vector<Tensor> out(static_cast<std::size_t>(shape.size()));
  for (int d = shape.size() - 1; d >= 0; --d) {
    out[static_cast<std::size_t>(d)] = remainder(rest, std::max<std::int64_t>(shape[d], 1));
    rest = floor_divide(rest, std::max<std::int64_t>(shape[d], 1));
  }
  return out;
}

Tensor& put_values_(Tensor& self, const Tensor& indices, const Tensor& values, Bounds bounds) {
  const Tensor at = reshape(bounded("put", indices, self.numel(), bounds), {-1});
  if (at.numel() > 0 && self.numel() == 0) errors::fail<IndexError>("put", "there is no element to replace");
  if (at.numel() == 0 || values.numel() == 0) return self;
  const Tensor written = repeated(values, at.numel());
  if (self.ndim() == 0) {
    unravel_index(at, {1});  // checks that they are there
    Tensor line = reshape(self, {1});
    const Index where[] = {at};
    index_put_(line, where, written);
    return self;
  }
  std::vector<Index> where;
  for (const Tensor& t : unravel_index(at, self.shape())) where.emplace_back(t);
  index_put_(self, where, written);
  return self;
}

Tensor take_along_dim(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim) {
  constexpr const char* op = "take_along_dim";
  if (!dim) return gather(flatten(t), 0, flatten(indices));
  const int d = normalize_axis(op, *dim, t.ndim());
  if (indices.ndim() != t.ndim() || t.ndim() == 0) return gather(t, d, indices);  // which says what is wrong
  Dims from = t.shape(), at = indices.shape();
  from[d] = at[d] = 1;
  if (from == at) return gather(t, d, indices);
  from = at = broadcast_shapes(op, from, at);
  from[d] = t.shape()[d];
  at[d] = indices.shape()[d];
  return gather(expand(t, from), d, expand(indices, at));
}

Tensor& put_along_dim_(Tensor& self, const Tensor& indices, const Tensor& values, std::optional<std::int64_t> dim) {
  constexpr const char* op = "put_along_dim_";
  if (!dim) return put_values_(self, indices, values);
  const int d = normalize_axis(op, *dim, self.ndim());
  if (!is_integral(indices.dtype())) errors::indices_not_integers(op, indices.dtype());
  if (indices.ndim() != self.ndim())
    errors::wrong_ndim(op, indices.ndim(), errors::text("indices of ", self.ndim(), " dimensions"));
  index_put_(self, along(indices, self.shape(), d), values);
  return self;
}

Tensor& place_(Tensor& self, const Tensor& mask, const Tensor& values) {
  constexpr const char* op = "place_";
  const Tensor where = mask_of(op, mask, self);
  const std::int64_t n = count_nonzero(where).item<std::int64_t>();
  if (n == 0) return self;
  if (values.numel() == 0) errors::fail(op, "there are no values to write; got shape ", values.shape());
  check_safe(op, values, self);
  if (self.ndim() == 0) return copy_(self, reshape(repeated(values, 1), {}));
  const Index at[] = {where};
  index_put_(self, at, repeated(values, n));
  return self;
}

Tensor& putmask_(Tensor& self, const Tensor& mask, const Tensor& values) {
  constexpr const char* op = "putmask_";
  const Tensor at = mask_of(op, mask, self);
  if (values.numel() == 0 || self.numel() == 0) return self;
  check_safe(op, values, self);
  const Tensor each = to(reshape(repeated(values, self.numel()), self.shape()), self.dtype());
  return copy_(self, where(at, each, self));
}

Tensor& copyto_(Tensor& self, const Operand& source, const Tensor& mask, Casting casting) {
  constexpr const char* op = "copyto_";
  const bool number = !source.is_tensor();
  const DType own = number ? source.scalar().promote_with(self.dtype()) : source.tensor().dtype();
  if (!can_cast(own, self.dtype(), casting)) errors::result_does_not_fit(op, own, self.dtype());
  const Tensor value = to(number ? full({}, source.scalar(), own, self.device()) : source.tensor(), self.dtype());
  return copy_(self, without_leading_ones(mask.defined() ? where(mask, value, self) : value, self.ndim()));
}

Tensor compress(const Tensor& t, const Tensor& condition, std::optional<std::int64_t> dim) {
  if (condition.ndim() != 1) errors::wrong_ndim("compress", condition.ndim(), "a condition of 1 dimension");
  const Tensor at = reshape(nonzero(condition), {-1});
  return take(t, at, dim);
}

Tensor choose(const Tensor& indices, std::span<const Tensor> choices, Bounds bounds) {
  if (choices.empty()) errors::fail("choose", "at least one choice is needed");
  const auto n = static_cast<std::int64_t>(choices.size());
  Tensor at = bounded("choose", indices, n, bounds);
  // As NumPy's: a negative index does not count from the end.
  if (at.numel() > 0 && bounds == Bounds::strict) {
    const std::int64_t low = amin(at).item<std::int64_t>(), high = amax(at).item<std::int64_t>();
    if (low < 0 || high >= n)
      errors::fail("choose", "index ", low < 0 ? low : high, " is out of range for ", n, " choices");
  }
  Dims shape = at.shape();
  for (const Tensor& c : choices) shape = broadcast_shapes("choose", shape, c.shape());
  std::vector<Tensor> all;
  for (const Tensor& c : choices) all.push_back(expand(c, shape));
  at = expand(at, shape);
  return squeeze(gather(stack(all, 0), 0, unsqueeze(at, {0})), Dims{0});
}

}  // namespace tenon
