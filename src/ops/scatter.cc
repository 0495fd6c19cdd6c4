// What is combined at indices: sorted by index, equal indices lie side by side, and a scan joins them.
#include "tenon/ops/scatter.h"

#include "autograd/derivatives.h"
#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// Indices of source's shape along a dimension, in order, and the places that put them there.
struct Ordered {
  Tensor indices, places;
  int dim;
};

Ordered in_order(const Tensor& indices, int dim) {
  NoGrad guard;
  const Tensor places = argsort(indices, dim, false);
  return {gather(indices, dim, places), places, dim};
}

// Each value joined with those before it that have the same index: the last of them is joined with all.
template <class F>
Tensor joined(Tensor values, const Ordered& o, F&& join) {
  const std::int64_t n = values.size(o.dim);
  for (std::int64_t step = 1; step < n; step *= 2) {
    const Tensor same = eq(narrow(o.indices, o.dim, step, n - step), narrow(o.indices, o.dim, 0, n - step));
    if (!any(same).item<bool>()) break;
    const Tensor here = narrow(values, o.dim, step, n - step), before = narrow(values, o.dim, 0, n - step);
    const Tensor parts[] = {narrow(values, o.dim, 0, step), where(same, join(before, here), here)};
    values = cat(parts, o.dim);
  }
  return values;
}

Tensor products(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, bool include_self) {
  const Ordered o = in_order(indices, dim);
  const auto join = [](const Tensor& a, const Tensor& b) { return mul(a, b); };
  const Tensor all = joined(gather(source, dim, o.places), o, join);
  if (!include_self) return scatter(t, dim, o.indices, all);
  return mul(t, scatter(full(t.shape(), 1, t.dtype(), t.device()), dim, o.indices, all));
}

// How often each element is named, in t's dtype.
Tensor counts(const Tensor& t, int dim, const Tensor& indices, bool include_self) {
  NoGrad guard;
  return scatter_add(full(t.shape(), include_self ? 1 : 0, t.dtype(), t.device()), dim, indices,
                     full(indices.shape(), 1, t.dtype(), t.device()));
}

Tensor sums(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, bool include_self) {
  const Tensor from = include_self ? t : scatter(t, dim, indices, full(indices.shape(), 0, t.dtype(), t.device()));
  return scatter_add(from, dim, indices, source);
}

Tensor means(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, bool include_self) {
  const Tensor sum = sums(t, dim, indices, source, include_self);
  const Tensor n = maximum(counts(t, dim, indices, include_self), 1);
  return is_differentiable(t.dtype()) ? div(sum, n) : floor_divide(sum, n);
}

// Gradients go to all that equal the extremum, in equal parts; NaNs count as equal.
Backward to_equal(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, const Tensor& y,
                  bool include_self, const char* op) {
  return [t = Saved(t, op), source = Saved(source, op), y = Saved::output(y, op), indices, dim,
          include_self](const Tensor& g) -> Grads {
    const Tensor self = t.get(), values = source.get(), result = y.get(), best = gather(result, dim, indices);
    const auto equal = [&](const Tensor& a, const Tensor& b) {
      return to(logical_or(eq(a, b), logical_and(isnan(a), isnan(b))), g.dtype());
    };
    Tensor of_self = equal(self, result);
    const Tensor of_source = equal(values, best);
    if (!include_self) of_self = scatter(of_self, dim, indices, full(indices.shape(), 0, g.dtype(), g.device()));
    const Tensor shared = div(g, scatter_add(of_self, dim, indices, of_source));
    return {mul(of_self, shared), mul(of_source, gather(shared, dim, indices))};
  };
}

// NaN wins.
Tensor extremum(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, bool include_self,
                bool largest) {
  const char* op = "scatter_reduce";
  const auto better = [&](const Tensor& a, const Tensor& b) { return largest ? maximum(a, b) : minimum(a, b); };
  Tensor y;
  {
    NoGrad guard;
    const Ordered o = in_order(indices, dim);
    y = scatter(t, dim, o.indices, joined(gather(source, dim, o.places), o, better));
    if (include_self) y = better(t, y);
  }
  const Tensor inputs[] = {t, source};
  if (autograd::needs_grad(t) || autograd::needs_grad(source))
    autograd::attach(y, op, inputs, to_equal(t, dim, indices, source, y, include_self, op));
  return y;
}

Tensor combined(const Tensor& t, int dim, const Tensor& indices, const Tensor& source, Combine how, bool with_self) {
  switch (how) {
    case Combine::sum: return sums(t, dim, indices, source, with_self);
    case Combine::prod: return products(t, dim, indices, source, with_self);
    case Combine::mean: return means(t, dim, indices, source, with_self);
    case Combine::amax: return extremum(t, dim, indices, source, with_self, true);
    case Combine::amin: return extremum(t, dim, indices, source, with_self, false);
  }
  return {};
}

// A copy of t whose view, which view_of makes, is source.
template <class F>
Tensor replaced(const char* op, const Tensor& t, const Tensor& source, F&& view_of) {
  Tensor out = clone(t), part = view_of(out);
  if (source.shape() != part.shape()) errors::wrong_shape(op, source.shape(), part.shape());
  copy_(part, source);
  return out;
}

}  // namespace

Combine combine(const std::string& name) {
  if (name == "sum") return Combine::sum;
  if (name == "prod") return Combine::prod;
  if (name == "mean") return Combine::mean;
  if (name == "amax") return Combine::amax;
  if (name == "amin") return Combine::amin;
  errors::fail("scatter_reduce", "reduce is 'sum', 'prod', 'mean', 'amax' or 'amin'; got '", name, "'");
}

Tensor scatter_reduce(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source, Combine how,
                      bool include_self) {
  constexpr const char* op = "scatter_reduce";
  if (how == Combine::amax || how == Combine::amin) errors::check_real(op, t);
  if (how == Combine::mean && is_bool(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "numbers for a mean");
  if (!can_cast_same_kind(source.dtype(), t.dtype())) errors::result_does_not_fit(op, source.dtype(), t.dtype());
  const int d = normalize_axis(op, dim, t.ndim());
  if (t.ndim() == 0) {
    const auto line = [](const Tensor& x) { return x.ndim() ? x : reshape(x, Dims{1}); };
    return reshape(scatter_reduce(line(t), 0, line(indices), line(source), how, include_self), {});
  }
  // Checks the indices and the shapes.
  (void)scatter_add(zeros(t.shape(), t.dtype(), t.device()), d, indices, to(source.detach(), t.dtype()));
  if (indices.numel() == 0) return clone(t);
  const Tensor at = indices.ndim() ? to(indices, DType::int64) : reshape(to(indices, DType::int64), {1});
  Tensor values = to(source.ndim() ? source : expand(source, at.shape()), t.dtype());
  for (int i = 0; i < at.ndim(); ++i) values = narrow(values, i, 0, at.shape()[i]);
  return rounded(combined(widened(t), d, where(lt(at, 0), add(at, t.size(d)), at), widened(values), how, include_self),
                 t.dtype());
}

Tensor index_reduce(const Tensor& t, std::int64_t dim, const Tensor& indices, const Tensor& source, Combine how,
                    bool include_self) {
  constexpr const char* op = "index_reduce";
  const int d = normalize_axis(op, dim, t.ndim());
  if (indices.ndim() > 1) errors::wrong_ndim(op, indices.ndim(), "a 1-D index");
  if (t.ndim() == 0) return scatter_reduce(t, d, indices, source, how, include_self);
  Dims shape = t.shape(), place(t.ndim(), 1);
  shape[d] = place[d] = indices.numel();
  if (source.shape() != shape)
    errors::fail<ShapeError>(op, "source must have an entry for each index, shape ", shape, "; got ", source.shape());
  return scatter_reduce(t, d, expand(reshape(indices, place), shape), source, how, include_self);
}

Tensor masked_scatter(const Tensor& t, const Tensor& mask, const Tensor& source) {
  constexpr const char* op = "masked_scatter";
  if (!is_bool(mask.dtype())) errors::dtype_not_supported(op, mask.dtype(), "a bool tensor as its mask");
  if (source.dtype() != t.dtype())
    errors::fail<DtypeError>(op, "source must have the tensor's dtype, ", t.dtype(), "; got ", source.dtype());
  const Dims shape = broadcast_shapes(op, t.shape(), mask.shape());
  const Tensor places = positions_of(reshape(expand(mask, shape), {-1}));
  if (source.numel() < places.numel())
    errors::fail(op, "source has ", source.numel(), " elements; the mask is true in ", places.numel(), " places");
  Tensor out = reshape(clone(expand(t, shape)), {-1});
  const Index at[] = {places};
  index_put_(out, at, narrow(reshape(source, {-1}), 0, 0, places.numel()));
  return reshape(out, shape);
}

Tensor select_scatter(const Tensor& t, const Tensor& source, std::int64_t dim, std::int64_t index) {
  return replaced("select_scatter", t, source, [&](const Tensor& x) { return select(x, dim, index); });
}
Tensor slice_scatter(const Tensor& t, const Tensor& source, std::int64_t dim, std::optional<std::int64_t> start,
                     std::optional<std::int64_t> stop, std::int64_t step) {
  return replaced("slice_scatter", t, source, [&](const Tensor& x) { return slice(x, dim, start, stop, step); });
}
Tensor diagonal_scatter(const Tensor& t, const Tensor& source, std::int64_t offset, std::int64_t dim1,
                        std::int64_t dim2) {
  return replaced("diagonal_scatter", t, source, [&](const Tensor& x) { return diagonal(x, offset, dim1, dim2); });
}
Tensor as_strided_scatter(const Tensor& t, const Tensor& source, const Dims& shape, const Dims& strides,
                          std::int64_t element_offset) {
  return replaced("as_strided_scatter", t, source,
                  [&](const Tensor& x) { return as_strided(x, shape, strides, element_offset); });
}

}  // namespace tenon
