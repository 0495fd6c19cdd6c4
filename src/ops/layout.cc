// The order of elements: column-major is row-major with the dimensions turned round.
#include "tenon/ops/layout.h"

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

Layout decided(const Tensor& t, Layout order) {
  if (order != Layout::a) return order;
  return is_fortran(t) && !t.is_contiguous() ? Layout::f : Layout::c;
}

Dims reversed(const Dims& dims) {
  Dims out;
  for (int i = dims.size() - 1; i >= 0; --i) out.push_back(dims[i]);
  return out;
}

// The dimensions from the slowest to the fastest one, for the orders that do not depend on a tensor.
Dims slowest_first(Layout order, int ndim) {
  Dims axes;
  for (int d = 0; d < ndim; ++d) axes.push_back(d);
  if (order == Layout::f) return reversed(axes);
  if (order == Layout::channels_last && ndim > 2) {
    for (int d = 1; d + 1 < ndim; ++d) axes[d] = d + 1;
    axes[ndim - 1] = 1;
  }
  return axes;
}

Dims picked(const Dims& of, const Dims& axes) {
  Dims out;
  for (int d = 0; d < axes.size(); ++d) out.push_back(of[static_cast<int>(axes[d])]);
  return out;
}

}  // namespace

Layout layout(const std::string& name, std::string_view op) {
  if (name == "C" || name == "c") return Layout::c;
  if (name == "F" || name == "f") return Layout::f;
  if (name == "A" || name == "a") return Layout::a;
  if (name != "K" && name != "k") errors::fail(op, "order is 'C', 'F', 'A' or 'K'; got '", name, "'");
  return Layout::k;
}

bool lies_in(const Tensor& t, Layout order) {
  if (order == Layout::k) return true;
  if (order == Layout::c) return t.is_contiguous();
  if (order == Layout::a) return t.is_contiguous() || is_fortran(t);
  const Dims axes = slowest_first(order, t.ndim());
  return alias(t, 0, picked(t.shape(), axes), picked(t.strides(), axes)).is_contiguous();
}

bool is_fortran(const Tensor& t) { return lies_in(t, Layout::f); }

Tensor laid_out(const Tensor& fresh, Layout order, const Tensor& like) {
  if (order == Layout::a) order = like.defined() ? decided(like, order) : Layout::c;
  if (order == Layout::c || fresh.ndim() < 2) return fresh;
  Dims axes;
  if (order == Layout::k) {
    if (!like.defined() || like.ndim() != fresh.ndim() || like.is_contiguous()) return fresh;
    axes = memory_order(like.shape(), like.strides());
  } else {
    axes = slowest_first(order, fresh.ndim());
  }
  return alias(fresh, 0, fresh.shape(), dense_strides(fresh.shape(), axes));
}

Tensor in_layout(const Tensor& t, Layout order) {
  if (lies_in(t, order)) return t;
  return clone(t, order == Layout::a ? Layout::c : order);
}

Tensor clone(const Tensor& t, Layout order) {
  order = decided(t, order);
  if (order == Layout::c || t.ndim() < 2) return clone(t);
  Tensor out = laid_out(empty(t.shape(), t.dtype(), t.device()), order, t);
  return copy_(out, t);
}

Tensor reshape(const Tensor& t, const Dims& shape, Layout order) {
  if (order == Layout::k || order == Layout::channels_last)
    errors::fail("reshape", "order is 'C', 'F' or 'A'; got ", order == Layout::k ? "'K'" : "channels_last");
  if (decided(t, order) == Layout::c) return reshape(t, shape);
  return T(reshape(T(t), reversed(shape)));
}

Tensor reshape(const Tensor& t, const Dims& shape, Layout order, std::optional<bool> copy) {
  Tensor r = reshape(t, shape, order);
  if (!copy) return r;
  const bool shared = t.numel() == 0 || r.shares_storage(t);
  if (!*copy && !shared)
    errors::fail("reshape", "copy=False, but ", t.shape(), " with strides ", t.strides(), " needs a copy to become ",
                 r.shape());
  return *copy && shared ? clone(r) : r;
}

Tensor ravel(const Tensor& t, Layout order) {
  if (order == Layout::k) return reshape(permute(t, memory_order(t.shape(), t.strides())), {-1});
  return reshape(t, {-1}, order);
}

}  // namespace tenon
