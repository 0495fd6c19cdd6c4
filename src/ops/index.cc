// Indexing as NumPy does it. Everything here ends in two primitives: index and index_put_.
#include "autograd/derivatives.h"
#include "core/launch.h"
#include "ops/composing.h"
#include "ops/copy.h"
#include "ops/index_plan.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// The elements of t (contiguous) where mask is true.
Tensor compress(const char* op, const Tensor& t, const Tensor& mask) {
  NoGrad guard;
  const Tensor base = contiguous(t.detach()), m = contiguous(mask);
  const std::int64_t n = count_true(op, m);
  const Tensor out = empty({n}, t.dtype(), t.device());
  if (n == 0) return out;
  const MaskedCall c{IndexMode::get, t.dtype(), false, out.data(), base.data(), m.data<bool>(), m.numel(), n};
  launch(op, t.device(), t.dtype(), &Backend::masked, c);
  return out;
}

Tensor select_advanced(const char* op, const Selection& s) {
  if (const Tensor mask = s.full_mask(); mask.defined() && backend(mask.device()).masked)
    return compress(op, s.view, mask);
  const Indexed at = resolve(op, s);
  const Tensor out = empty(at.shape.result, s.view.dtype(), s.view.device());
  run_index(op, out.device(), IndexPlan(IndexMode::get, at.base, at.indices, at.shape, out));
  return out;
}

// t[rows]
Tensor select_rows(const char* op, const Tensor& t, const Tensor& rows) {
  const IndexTensor at[] = {index_tensor(op, rows, t.shape()[0], 0, 0)};
  const IndexShape shape = index_shape(op, t.shape(), at, false);
  Tensor out = empty(shape.result, t.dtype(), t.device());
  run_index(op, t.device(), IndexPlan(IndexMode::get, t, at, shape, out));
  if (autograd::needs_grad(t)) autograd::attach(out, op, {&t, 1}, derive::index(t.shape(), t.dtype(), {rows}));
  return out;
}

Tensor index_as(const char* op, const Tensor& t, std::span<const Index> indices) {
  if (indices.size() == 1 && t.ndim() > 0) {  // the commonest ones, without a detour
    if (const auto* at = std::get_if<std::int64_t>(&indices[0])) return select(t, 0, *at);
    if (const auto* range = std::get_if<Slice>(&indices[0])) return slice(t, 0, range->start, range->stop, range->step);
    if (const auto* rows = std::get_if<Tensor>(&indices[0]);
        rows && is_integral(rows->dtype()) && rows->device() == t.device())
      return select_rows(op, t, *rows);
  }
  const Selection s = select_basic(op, t, indices);
  // t[:] is a tensor of its own, as in NumPy.
  if (s.tensors.empty()) return s.view.is_same(t) ? view(t, t.shape()) : s.view;
  Tensor out = select_advanced(op, s);
  if (autograd::needs_grad(s.view))
    autograd::attach(out, op, {&s.view, 1}, derive::index(s.view.shape(), t.dtype(), s.indices()));
  return out;
}

// Repeats values to a shape, without a gradient.
Tensor repeated(const char* op, const Tensor& values, const Dims& shape) {
  const Tensor v = values.detach();
  bool fits = v.ndim() <= shape.size();
  for (int d = 0; d < v.ndim() && fits; ++d) {
    const std::int64_t n = v.shape()[d];
    fits = n == 1 || n == shape[d + shape.size() - v.ndim()];
  }
  if (!fits) errors::values_do_not_fit(op, values.shape(), shape);
  return alias(v, 0, shape, broadcast_strides(v.shape(), v.strides(), shape));
}

// float8 has no arithmetic; where only bytes move they may be seen as integers.
Tensor as_bytes(const Tensor& t) { return is_float8(t.dtype()) ? view(t, DType::uint8) : t; }

// Writes one value to all masked elements of a tensor with any strides.
void fill_masked(const Tensor& target, const Tensor& mask, const Tensor& value) {
  const Tensor out = as_bytes(target.detach()), v = as_bytes(reshape(value.detach(), {}));
  const Operand operands[] = {mask, v, out};
  elementwise(Op::where, operands, &out);
}

void put_advanced(const char* op, const Selection& s, const Tensor& values, bool accumulate) {
  NoGrad guard;
  const Backend& b = backend(s.view.device());
  if (const Tensor mask = s.full_mask(); mask.defined() && !accumulate) {
    const bool one = values.numel() == 1, direct = b.masked && s.view.is_contiguous();
    if (one && !direct) return fill_masked(s.view, mask, values);
    if (direct) {
      const Tensor m = contiguous(mask);
      const Tensor v = one ? values : contiguous(repeated(op, values, {count_true(op, m)}));
      if (v.numel() == 0 || m.numel() == 0) return;
      const MaskedCall c{IndexMode::put, v.dtype(), one, v.data(), s.view.data(), m.data<bool>(), m.numel(), v.numel()};
      launch(op, v.device(), v.dtype(), &Backend::masked, c);
      return;
    }
  }
  const Indexed at = resolve(op, s);
  const IndexMode mode = accumulate ? IndexMode::accumulate : IndexMode::put;
  run_index(op, at.base.device(),
            IndexPlan(mode, at.base, at.indices, at.shape, repeated(op, values, at.shape.result)));
}

// Adds to a view what broadcasts to it.
void add_basic(Tensor target, const Tensor& values) {
  if (is_float8(target.dtype())) {
    copy_(target, add(to(target, DType::float32), to(values, DType::float32)));
  } else {
    add_(target, values, 1);
  }
}

// Checks what gather and scatter ask of their indices; the dimension. Without dimensions counts as one of size 1, on
// either side.
int check_along(const char* op, const Tensor& t, std::int64_t dim, const Tensor& indices) {
  const int d = normalize_axis(op, dim, t.ndim());
  if (!is_integral(indices.dtype())) errors::indices_not_integers(op, indices.dtype());
  if (indices.numel() == 0) return d;  // as in PyTorch, of whatever shape
  if (indices.ndim() != t.ndim() && (indices.ndim() > 1 || t.ndim() > 1))
    errors::fail<ShapeError>(op, "indices have as many dimensions as the tensor; got shapes ", indices.shape(), " and ",
                             t.shape());
  for (int i = 0; i < t.ndim() && t.ndim() > 1; ++i)
    if (i != d && indices.shape()[i] > t.shape()[i])
      errors::fail<ShapeError>(op, "indices of shape ", indices.shape(), " are larger than the tensor, shape ",
                               t.shape(), ", at dimension ", i);
  return d;
}

Tensor scatter_as(const char* op, const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source,
                  bool accumulate) {
  const int d = check_along(op, t, dim, indices);
  if (indices.numel() == 0) return clone(t);
  Tensor values = source;
  if (source.ndim() > 0 && source.shape() != indices.shape()) {
    bool fits = source.ndim() == indices.ndim();
    for (int i = 0; i < indices.ndim() && fits; ++i) fits = source.shape()[i] >= indices.shape()[i];
    if (!fits)
      errors::fail<ShapeError>(op, "the source of shape ", source.shape(), " is smaller than the indices, shape ",
                               indices.shape());
    for (int i = 0; i < indices.ndim(); ++i) values = narrow(values, i, 0, indices.shape()[i]);
  }
  Tensor out = clone(t);
  if (t.ndim() > 1) {
    index_put_(out, along(indices, indices.shape(), d), values, accumulate);
  } else {
    Tensor flat = view(out, {-1});
    const Index at[] = {indices};
    index_put_(flat, at, values, accumulate);
  }
  return out;
}

// A value for masked_fill, in the tensor's dtype.
Tensor fill_value(const Tensor& t, const Operand& value) {
  if (value.is_tensor()) {
    const Tensor& v = value.tensor();
    if (!can_cast_same_kind(v.dtype(), t.dtype())) errors::result_does_not_fit("masked_fill", v.dtype(), t.dtype());
    return to(v, t.dtype(), v.ndim() == 0 ? t.device() : v.device());
  }
  const Scalar& s = value.scalar();
  if (!s.keeps_kind(t.dtype())) errors::number_loses_kind("masked_fill", s, t.dtype());
  errors::require_number("masked_fill", s, t.dtype());
  return Tensor::of(s, t.dtype(), t.device());
}

}  // namespace

Tensor index(const Tensor& t, std::span<const Index> indices) { return index_as("index", t, indices); }

void index_put_(Tensor& t, std::span<const Index> indices, const Tensor& values, bool accumulate) {
  const char* op = "index_put_";
  Selection s = select_basic(op, t, indices);
  if (is_complex(values.dtype()) && !is_complex(t.dtype())) errors::complex_to_real(op, t.dtype());
  // What is assigned is converted, as by NumPy's assignment; what is added must fit, as by +=.
  if (accumulate && !can_cast_same_kind(values.dtype(), t.dtype()))
    errors::result_does_not_fit(op, values.dtype(), t.dtype());
  const bool flows = autograd::needs_grad(values) && is_differentiable(values.dtype()) && is_differentiable(t.dtype());
  autograd::check_inplace(s.view, op, flows);
  if (s.tensors.empty()) {
    const Tensor v = without_leading_ones(values, s.view.ndim());
    if (accumulate) add_basic(s.view, to(v, t.dtype()));
    else copy_(s.view, v);
    return;
  }
  if (values.device() != t.device() && values.ndim() > 0) errors::device_mismatch(op, t.device(), values.device());
  const Tensor v = without_leading_ones(to(values, t.dtype(), t.device()), s.result_ndim());
  // What is read is not what is written.
  for (Advanced& a : s.tensors)
    if (may_share_memory(a.index, t)) a.index = a.index.clone();
  const Tensor source = may_share_memory(v, t) ? v.detach().clone() : v;
  Ref<Node> node;
  if (flows || (autograd::needs_grad(s.view) && is_differentiable(t.dtype()))) {
    const Tensor result = alias(s.view, 0, s.view.shape(), s.view.strides());
    const Tensor inputs[] = {s.view, v};
    autograd::attach(result, op, inputs, derive::index_put(s.indices(), accumulate));
    node = autograd::node_of(result);
  }
  put_advanced(op, s, source, accumulate);
  autograd::after_inplace(s.view, op, std::move(node));
}

Tensor take(const Tensor& t, const Tensor& indices, std::optional<std::int64_t> dim) {
  if (!is_integral(indices.dtype())) errors::indices_not_integers("take", indices.dtype());
  if (!dim || t.ndim() == 0) {
    if (dim) normalize_axis("take", *dim, 0);
    const Index at[] = {indices};
    return index_as("take", reshape(t, {-1}), at);
  }
  std::vector<Index> at(static_cast<std::size_t>(normalize_axis("take", *dim, t.ndim())), Slice{});
  at.push_back(indices);
  return index_as("take", t, at);
}

Tensor index_select(const Tensor& t, std::int64_t dim, const Tensor& indices) {
  const int d = normalize_axis("index_select", dim, t.ndim());
  if (!is_integral(indices.dtype())) errors::indices_not_integers("index_select", indices.dtype());
  if (indices.ndim() > 1) errors::wrong_ndim("index_select", indices.ndim(), "indices of 1 dimension");
  std::vector<Index> at(static_cast<std::size_t>(d), Slice{});
  at.push_back(indices.ndim() == 1 ? indices : reshape(indices, {1}));
  if (t.ndim() == 0) {
    if (indices.numel() != 1)
      errors::fail("index_select", "a tensor without dimensions takes one index; got ", indices.numel());
    return reshape(index_as("index_select", reshape(t, {1}), at), {});
  }
  return index_as("index_select", t, at);
}

Tensor gather(const Tensor& t, std::int64_t dim, const Tensor& indices) {
  const int d = check_along("gather", t, dim, indices);
  if (indices.numel() == 0) return reshape(narrow(reshape(t, {-1}), 0, 0, 0), indices.shape());
  if (t.ndim() > 1) return index_as("gather", t, along(indices, indices.shape(), d));
  const Index at[] = {indices};
  return index_as("gather", t.ndim() ? t : reshape(t, {1}), at);
}

Tensor scatter(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source) {
  return scatter_as("scatter", t, dim, indices, source, false);
}

Tensor scatter_add(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source) {
  return scatter_as("scatter_add", t, dim, indices, source, true);
}

Tensor masked_fill(const Tensor& t, const Tensor& mask, const Operand& value) {
  if (!is_bool(mask.dtype())) errors::dtype_not_supported("masked_fill", mask.dtype(), "a bool tensor as its mask");
  const Tensor v = fill_value(t, value);
  if (v.ndim() > 0) errors::wrong_ndim("masked_fill", v.ndim(), "a value without dimensions (where() takes tensors)");
  if (!is_float8(t.dtype())) return where(mask, v, t);
  const Dims shape = broadcast_shapes("masked_fill", t.shape(), mask.shape());
  Tensor out = clone(expand(t, shape));
  const Index at[] = {expand(mask, shape)};
  index_put_(out, at, v);
  return out;
}

Tensor masked_select(const Tensor& t, const Tensor& mask) {
  if (!is_bool(mask.dtype())) errors::dtype_not_supported("masked_select", mask.dtype(), "a bool tensor as its mask");
  const Dims shape = broadcast_shapes("masked_select", t.shape(), mask.shape());
  const Index at[] = {mask.shape() == shape ? mask : expand(mask, shape)};
  return index_as("masked_select", t.shape() == shape ? t : expand(t, shape), at);
}

Tensor nonzero(const Tensor& t) {
  NoGrad guard;
  const Tensor positions = true_positions("nonzero", to(t.detach(), DType::bool_));
  const std::int64_t n = positions.numel();
  if (t.ndim() == 1) return reshape(positions, {n, 1});
  Tensor out = empty({n, t.ndim()}, DType::int64, t.device());
  Tensor rest = positions;
  for (int d = t.ndim() - 1; d >= 0 && n > 0; --d) {
    Tensor column = select(out, 1, d);
    copy_(column, d > 0 ? remainder(rest, t.shape()[d]) : rest);
    if (d > 0) rest = floor_divide(rest, t.shape()[d]);
  }
  return out;
}

}  // namespace tenon
