// Views: another geometry over the same bytes. Nothing here touches an element.
#include <cstdlib>

#include "autograd/derivatives.h"
#include "core/alias.h"
#include "core/errors.h"
#include "core/in_use.h"
#include "ops/view.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

TensorImpl* root_of(const Tensor& t) { return t.impl()->base ? t.impl()->base : t.impl(); }

// A view of t whose geometry is still to be written, of ndim dimensions; end_alias() follows. The views that scripts take
// in loops are made so: a[3] from 65 ns to 55, since nothing is written before it lies where it stays.
Ref<TensorImpl> begin_view(const Tensor& t, int ndim) {
  Ref<TensorImpl> p = begin_alias(*t.impl(), root_of(t));
  p->shape.resize(ndim);
  p->strides.resize(ndim);
  return p;
}

}  // namespace

void mark_view(const Tensor& t, const Tensor& view) {
  if (view.impl()->base) return;  // begin_alias() has
  TensorImpl* root = root_of(t);
  root->retain();
  view.impl()->base = root;
  // A history that was recorded is up to date; without one there is none. No other thread knows the view yet.
  view.impl()->base_history.store(root->history.load(), std::memory_order_relaxed);
}

Tensor as_strided(const Tensor& t, const Dims& shape, const Dims& strides, std::int64_t offset) {
  std::int64_t bytes;
  if (__builtin_mul_overflow(offset, t.itemsize(), &bytes) ||
      __builtin_add_overflow(bytes, t.data() - static_cast<char*>(t.storage().data()), &bytes))
    errors::fail("as_strided", "offset ", offset, " lies outside the storage");
  Tensor v = make_tensor(Ref<Storage>(&t.storage()), bytes, shape, strides, t.dtype(), t.read_only());
  return finish_view(t, std::move(v), "as_strided", [&] { return derive::as_strided(t, shape, strides, offset); });
}

namespace {

// axis(i): t's axis that comes to place i; each of them once
template <class F>
Tensor permuted(const Tensor& t, F&& axis) {
  const int n = t.ndim();
  Ref<TensorImpl> p = begin_view(t, n);
  for (int i = 0; i < n; ++i) {
    p->shape[i] = t.shape()[axis(i)];
    p->strides[i] = t.strides()[axis(i)];
  }
  return finish_view(t, end_alias(std::move(p)), "permute", [&] {
    Dims order(n);
    for (int i = 0; i < n; ++i) order[i] = axis(i);
    return derive::permute(order);
  });
}

}  // namespace

Tensor permute(const Tensor& t, const Dims& axes) {
  if (axes.size() != t.ndim())
    errors::fail<ShapeError>("permute", "expected ", t.ndim(), " dimensions, one for each of the tensor's; got ", axes);
  const Dims order = normalize_axes("permute", axes, t.ndim());
  return permuted(t, [&](int d) { return static_cast<int>(order[d]); });
}

Tensor transpose(const Tensor& t, std::int64_t a, std::int64_t b) {
  const int i = normalize_axis("transpose", a, t.ndim()), j = normalize_axis("transpose", b, t.ndim());
  return permuted(t, [=](int d) { return d == i ? j : d == j ? i : d; });
}

Tensor movedim(const Tensor& t, const Dims& source, const Dims& destination) {
  if (source.size() != destination.size())
    errors::fail("movedim", "source ", source, " and destination ", destination, " differ in length");
  const Dims from = normalize_axes("movedim", source, t.ndim()), to = normalize_axes("movedim", destination, t.ndim());
  Dims order(t.ndim(), -1);
  for (int i = 0; i < from.size(); ++i) order[static_cast<int>(to[i])] = from[i];
  int next = 0;
  for (int d = 0; d < t.ndim(); ++d) {
    if (from.contains(d)) continue;
    while (order[next] >= 0) ++next;
    order[next] = d;
  }
  return permute(t, order);
}

Tensor T(const Tensor& t) {
  return permuted(t, [last = t.ndim() - 1](int d) { return last - d; });
}

Tensor mT(const Tensor& t) {
  if (t.ndim() < 2) errors::wrong_ndim("mT", t.ndim(), "at least 2 dimensions");
  return transpose(t, -2, -1);
}

std::optional<Dims> view_strides(const Dims& shape, const Dims& strides, const Dims& to) {
  if (shape.product() == 0) return contiguous_strides(to);
  // Groups of old dimensions that lie without gaps, whatever dimensions of size 1 stand between them...
  Dims sizes, steps;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    const int last = sizes.size() - 1;
    if (last >= 0 && steps[last] == strides[d] * shape[d]) {
      sizes[last] *= shape[d];
      steps[last] = strides[d];
    } else {
      sizes.push_back(shape[d]);
      steps.push_back(strides[d]);
    }
  }
  // ... are each cut into new ones.
  Dims out(to.size(), 1);
  int n = to.size() - 1;
  for (int g = sizes.size() - 1; g >= 0; --g) {
    std::int64_t done = 1;
    for (; n >= 0 && (done < sizes[g] || to[n] == 1); --n) {
      out[n] = steps[g] * done;
      done *= to[n];
    }
    if (done != sizes[g]) return std::nullopt;
  }
  return out;
}

namespace {

// The shape with its one -1 replaced, of as many elements as another.
Dims infer(const char* op, const Dims& from, const Dims& shape) {
  const std::int64_t numel = from.product();
  Dims out = shape;
  int unknown = -1;
  std::int64_t known = 1;
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] == -1 && unknown < 0) unknown = d;
    else if (shape[d] < 0)
      errors::fail<ShapeError>(op, "sizes must not be negative, and one at most may be -1; got ", shape);
    else if (__builtin_mul_overflow(known, shape[d], &known)) errors::bad_reshape(op, from, shape);
  }
  if (unknown >= 0) {
    if (known == 0 || numel % known != 0) errors::bad_reshape(op, from, shape);
    out[unknown] = numel / known;
  } else if (known != numel) {
    errors::bad_reshape(op, from, shape);
  }
  return out;
}

std::optional<Dims> strides_of(const Tensor& t, const Dims& to) {
  return t.is_contiguous() ? contiguous_strides(to) : view_strides(t.shape(), t.strides(), to);
}

Tensor view_as(const char* op, const Tensor& t, const Dims& shape, const Dims& strides) {
  if (shape.size() > kMaxDims) errors::too_many_dims(op, shape.size());
  Ref<TensorImpl> p = begin_view(t, shape.size());
  for (int d = 0; d < shape.size(); ++d) {
    p->shape[d] = shape[d];
    p->strides[d] = strides[d];
  }
  return finish_view(t, end_alias(std::move(p)), op, [&] { return derive::reshape(t.shape()); });
}

}  // namespace

Tensor view(const Tensor& t, const Dims& shape) {
  const Dims to = infer("view", t.shape(), shape);
  const auto strides = strides_of(t, to);
  if (!strides) errors::view_needs_copy("view", t.shape(), t.strides(), to);
  return view_as("view", t, to, *strides);
}

Tensor reshape(const Tensor& t, const Dims& shape) {
  const Dims to = infer("reshape", t.shape(), shape);
  const auto strides = strides_of(t, to);
  if (!strides) return view(clone(t), to);
  return view_as("reshape", t, to, *strides);
}

Tensor view(const Tensor& t, DType dtype) {
  const std::int64_t from = t.itemsize(), to = static_cast<std::int64_t>(itemsize(dtype));
  if (autograd::needs_grad(t))
    errors::fail<GradError>("view",
                            "bytes cannot be seen as another dtype where a gradient is recorded; use .detach()");
  Dims shape = t.shape(), strides = t.strides();
  if (from != to) {
    const int last = t.ndim() - 1;
    if (last < 0 || (t.strides()[last] != 1 && shape[last] != 1))
      errors::fail("view", "from ", t.dtype(), " to ", dtype,
                   ": the last dimension must be contiguous; use .contiguous()");
    if (shape[last] * from % to != 0)
      errors::fail("view", "from ", t.dtype(), " to ", dtype, ": the last dimension, ", shape[last] * from,
                   " bytes, is no multiple of ", to);
    for (int d = 0; d < last; ++d) {
      if (shape[d] != 1 && strides[d] * from % to != 0)
        errors::fail("view", "from ", t.dtype(), " to ", dtype, ": strides ", t.strides(),
                     " are no multiple of the new item size; use .contiguous()");
      strides[d] = strides[d] * from / to;
    }
    shape[last] = shape[last] * from / to;
    strides[last] = 1;
  }
  if (reinterpret_cast<std::uintptr_t>(t.data()) % std::min<std::int64_t>(to, 8) != 0)
    errors::fail("view", "the data is not aligned for ", dtype, "; use .clone() first");
  Tensor v = make_tensor(Ref<Storage>(&t.storage()), t.data() - static_cast<char*>(t.storage().data()), shape, strides,
                         dtype, t.read_only());
  mark_view(t, v);
  return v;
}

Tensor flatten(const Tensor& t, std::int64_t start, std::int64_t end) {
  if (t.ndim() == 0) return reshape(t, {1});
  const int a = normalize_axis("flatten", start, t.ndim()), b = normalize_axis("flatten", end, t.ndim());
  if (a > b) errors::fail("flatten", "start_dim ", start, " lies after end_dim ", end);
  Dims shape;
  std::int64_t n = 1;
  for (int d = 0; d < t.ndim(); ++d) {
    if (d >= a && d <= b) {
      n *= t.shape()[d];
      if (d == b) shape.push_back(n);
    } else {
      shape.push_back(t.shape()[d]);
    }
  }
  return reshape(t, shape);
}

Tensor unflatten(const Tensor& t, std::int64_t dim, const Dims& sizes) {
  if (t.ndim() == 0) errors::wrong_ndim("unflatten", 0, "at least 1 dimension");
  const int d = normalize_axis("unflatten", dim, t.ndim());
  const Dims part = infer("unflatten", {t.shape()[d]}, sizes);
  Dims shape;
  for (int i = 0; i < t.ndim(); ++i) {
    if (i != d) shape.push_back(t.shape()[i]);
    else
      for (auto n : part) shape.push_back(n);
  }
  return view(t, shape);
}

Tensor squeeze(const Tensor& t, const Axes& dims) {
  const Dims axes = normalize_axes("squeeze", dims, t.ndim());
  Dims shape, strides;
  for (int d = 0; d < t.ndim(); ++d) {
    if (t.shape()[d] == 1 && axes.contains(d)) continue;
    shape.push_back(t.shape()[d]);
    strides.push_back(t.strides()[d]);
  }
  return finish_view(t, alias(t, 0, shape, strides), "squeeze", [&] { return derive::reshape(t.shape()); });
}

Tensor unsqueeze(const Tensor& t, const Dims& dims) {
  const int ndim = t.ndim() + dims.size();
  if (ndim > kMaxDims) errors::too_many_dims("unsqueeze", ndim);
  const Dims axes = normalize_axes("unsqueeze", dims, ndim);
  Dims shape, strides;
  for (int d = 0, i = 0; d < ndim; ++d) {
    const bool added = axes.contains(d);
    shape.push_back(added ? 1 : t.shape()[i]);
    strides.push_back(added ? (i < t.ndim() ? t.shape()[i] * t.strides()[i] : 1) : t.strides()[i]);
    i += !added;
  }
  return finish_view(t, alias(t, 0, shape, strides), "unsqueeze", [&] { return derive::reshape(t.shape()); });
}

namespace {

// Gives self the geometry and the history of a view of itself. What backward has saved of it is not valid any more,
// as after a write.
template <class F>
Tensor& become(const char* op, Tensor& self, F&& make) {
  autograd::check_leaf(self, op);
  autograd::check_sole(self, op);
  const bool was = grad_enabled();
  set_grad_enabled(was || !self.is_leaf());  // a history without the step would not fit the shape
  Tensor view;
  try {
    view = make();
  } catch (...) {
    set_grad_enabled(was);
    throw;
  }
  set_grad_enabled(was);
  if (view.is_same(self)) return self;
  TensorImpl *p = self.impl(), *v = view.impl();
  // Before the change: a history that another thread has just replaced is looked up in self as it is.
  Edge history = autograd::history_of(view);
  const Changing change(op, self);
  if (history) autograd::set_history(self, std::move(history));
  p->data = v->data;
  p->shape = std::move(v->shape);
  p->strides = std::move(v->strides);
  p->contiguous = v->contiguous;
  if (p->numel > 0) self.storage().bump_version(op);
  return self;
}

}  // namespace

Tensor& transpose_(Tensor& self, std::int64_t a, std::int64_t b) {
  return become("transpose_", self, [&] { return transpose(self, a, b); });
}
Tensor& t_(Tensor& self) {
  if (self.ndim() > 2) errors::wrong_ndim("t_", self.ndim(), "at most two dimensions; use transpose_");
  return become("t_", self, [&] { return T(self); });
}
Tensor& squeeze_(Tensor& self, const Axes& dims) {
  return become("squeeze_", self, [&] { return squeeze(self, dims); });
}
Tensor& unsqueeze_(Tensor& self, const Dims& dims) {
  return become("unsqueeze_", self, [&] { return unsqueeze(self, dims); });
}

Tensor expand(const Tensor& t, const Dims& shape) {
  Dims to = shape;
  const int extra = to.size() - t.ndim();
  if (extra < 0) errors::cannot_expand("expand", t.shape(), shape);
  for (int d = 0; d < to.size(); ++d) {
    const std::int64_t n = d < extra ? 1 : t.shape()[d - extra];
    if (to[d] == -1 && d >= extra) to[d] = n;
    if (to[d] < 0) errors::negative_size("expand", shape);
    if (n != 1 && n != to[d]) errors::cannot_expand("expand", t.shape(), shape);
  }
  std::int64_t numel = t.itemsize();
  for (auto n : to)
    if (__builtin_mul_overflow(numel, std::max<std::int64_t>(n, 1), &numel)) errors::too_large("expand", to, t.dtype());
  return finish_view(t, alias(t, 0, to, broadcast_strides(t.shape(), t.strides(), to)), "expand",
                     [&] { return derive::expand(t.shape()); });
}

Tensor slice(const Tensor& t, std::int64_t dim, std::optional<std::int64_t> start, std::optional<std::int64_t> stop,
             std::int64_t step) {
  if (t.ndim() == 0) errors::fail<IndexError>("slice", "a tensor without dimensions cannot be sliced");
  const int d = normalize_axis("slice", dim, t.ndim());
  if (step == 0) errors::fail("slice", "the step must not be 0");
  // Python's rules (PySlice_AdjustIndices).
  const std::int64_t n = t.shape()[d];
  auto adjust = [&](std::int64_t i) {
    if (i < 0) return i + n < 0 ? std::int64_t{step < 0 ? -1 : 0} : i + n;
    return i >= n ? (step < 0 ? n - 1 : n) : i;
  };
  const std::int64_t a = start ? adjust(*start) : step < 0 ? n - 1 : 0;
  const std::int64_t b = stop ? adjust(*stop) : step < 0 ? -1 : n;
  const std::int64_t length =
      step > 0 ? (b > a ? (b - a - 1) / step + 1 : 0) : (a > b ? (a - b - 1) / (-(step + 1) + 1) + 1 : 0);
  Ref<TensorImpl> p = begin_view(t, t.ndim());
  for (int i = 0; i < t.ndim(); ++i) {
    p->shape[i] = i == d ? length : t.shape()[i];
    p->strides[i] = i == d && length > 1 ? t.strides()[i] * step : t.strides()[i];
  }
  if (length > 0) p->data += a * t.strides()[d] * t.itemsize();
  return finish_view(t, end_alias(std::move(p)), "slice",
                     [&] { return derive::slice(t.shape(), d, length > 0 ? a : 0, length, length > 1 ? step : 1); });
}

Tensor narrow(const Tensor& t, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const int d = normalize_axis("narrow", dim, t.ndim());
  const std::int64_t n = t.ndim() ? t.shape()[d] : 0, a = start < 0 ? start + n : start;
  if (t.ndim() == 0 || a < 0 || length < 0 || length > n - a)
    errors::fail<IndexError>("narrow", "start ", start, " and length ", length, " do not fit dimension ", d,
                             " of size ", n);
  return slice(t, d, a, a + length);
}

Tensor select(const Tensor& t, std::int64_t dim, std::int64_t index) {
  if (t.ndim() == 0) errors::too_many_indices(1, 0);
  const int d = normalize_axis("select", dim, t.ndim());
  const std::int64_t n = t.shape()[d], i = index < 0 ? index + n : index;
  if (i < 0 || i >= n) errors::index_out_of_range("index", index, d, n);
  Ref<TensorImpl> p = begin_view(t, t.ndim() - 1);
  p->data += i * t.strides()[d] * t.itemsize();
  for (int from = 0, to = 0; from < t.ndim(); ++from) {
    if (from == d) continue;
    p->shape[to] = t.shape()[from];
    p->strides[to++] = t.strides()[from];
  }
  return finish_view(t, end_alias(std::move(p)), "select", [&] { return derive::select(t.shape(), d, i); });
}

Tensor diagonal(const Tensor& t, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  if (t.ndim() < 2) errors::wrong_ndim("diagonal", t.ndim(), "at least 2 dimensions");
  const int a = normalize_axis("diagonal", dim1, t.ndim()), b = normalize_axis("diagonal", dim2, t.ndim());
  if (a == b) errors::repeated_axis("diagonal", a, {dim1, dim2});
  const std::int64_t rows = t.shape()[a], columns = t.shape()[b];
  const std::int64_t n =
      std::max<std::int64_t>(offset >= 0 ? std::min(rows, columns - offset) : std::min(rows + offset, columns), 0);
  const std::int64_t first = n == 0 ? 0 : offset >= 0 ? offset * t.strides()[b] : -offset * t.strides()[a];
  Dims shape, strides;
  for (int d = 0; d < t.ndim(); ++d) {
    if (d == a || d == b) continue;
    shape.push_back(t.shape()[d]);
    strides.push_back(t.strides()[d]);
  }
  shape.push_back(n);
  strides.push_back(t.strides()[a] + t.strides()[b]);
  return finish_view(t, alias(t, first, shape, strides), "diagonal",
                     [&] { return derive::diagonal(t.shape(), offset, a, b); });
}

Tensor unfold(const Tensor& t, std::int64_t dim, std::int64_t size, std::int64_t step) {
  const int d = normalize_axis("unfold", dim, t.ndim());
  const std::int64_t n = t.ndim() ? t.shape()[d] : 1;
  if (size < 0 || size > n || step <= 0)
    errors::fail("unfold", "size ", size, " and step ", step, " do not fit dimension ", d, " of size ", n);
  Dims shape = t.shape(), strides = t.strides();
  if (t.ndim() == 0) {
    shape = {size};  // a number is one window at most
    strides = {1};
  } else {
    shape[d] = (n - size) / step + 1;
    shape.push_back(size);
    strides.push_back(strides[d]);
    strides[d] *= step;
  }
  return finish_view(t, alias(t, 0, shape, strides), "unfold",
                     [&] { return derive::as_strided(t, shape, strides, 0); });
}

Tensor flip(const Tensor& t, const Axes& dims) {
  const Dims axes = normalize_axes("flip", dims, t.ndim());
  Dims strides = t.strides();
  std::int64_t offset = 0;
  for (auto a : axes) {
    const int d = static_cast<int>(a);
    if (t.shape()[d] > 1) offset += (t.shape()[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  if (t.numel() == 0) offset = 0;
  return finish_view(t, alias(t, offset, t.shape(), strides), "flip", [&] { return derive::flip(axes); });
}

namespace {

Tensor component(const Tensor& t, bool imaginary) {
  Dims strides = t.strides();
  for (auto& s : strides) s *= 2;
  const DType d = real_dtype(t.dtype());
  const std::int64_t bytes = t.data() - static_cast<char*>(t.storage().data()) + (imaginary ? t.itemsize() / 2 : 0);
  Tensor v = make_tensor(Ref<Storage>(&t.storage()), bytes, t.shape(), strides, d, t.read_only());
  return finish_view(t, std::move(v), imaginary ? "imag" : "real", [&] { return derive::real(imaginary); });
}

}  // namespace

Tensor real(const Tensor& t) { return is_complex(t.dtype()) ? component(t, false) : t; }

Tensor imag(const Tensor& t) {
  if (!is_complex(t.dtype())) errors::dtype_not_supported("imag", t.dtype(), "complex numbers");
  return component(t, true);
}

Tensor view_as_real(const Tensor& t) {
  if (!is_complex(t.dtype())) errors::dtype_not_supported("view_as_real", t.dtype(), "complex numbers");
  Dims shape = t.shape(), strides = t.strides();
  for (auto& s : strides) s *= 2;
  shape.push_back(2);
  strides.push_back(1);
  const std::int64_t bytes = t.data() - static_cast<char*>(t.storage().data());
  Tensor v = make_tensor(Ref<Storage>(&t.storage()), bytes, shape, strides, real_dtype(t.dtype()), t.read_only());
  return finish_view(t, std::move(v), "view_as_real", [] { return derive::view_as_real(); });
}

Tensor view_as_complex(const Tensor& t) {
  const int last = t.ndim() - 1;
  if (t.dtype() != DType::float32 && t.dtype() != DType::float64)
    errors::dtype_not_supported("view_as_complex", t.dtype(), "float32 and float64");
  bool ok = last >= 0 && t.shape()[last] == 2 && t.strides()[last] == 1;
  Dims shape = t.shape(), strides = t.strides();
  for (int d = 0; d < last && ok; ++d) ok = strides[d] % 2 == 0 || shape[d] == 1;
  if (!ok)
    errors::fail("view_as_complex", "the last dimension must hold pairs; got shape ", t.shape(), " with strides ",
                 t.strides());
  shape.erase(last);
  strides.erase(last);
  for (auto& s : strides) s /= 2;
  const std::int64_t bytes = t.data() - static_cast<char*>(t.storage().data());
  Tensor v = make_tensor(Ref<Storage>(&t.storage()), bytes, shape, strides, complex_dtype(t.dtype()), t.read_only());
  return finish_view(t, std::move(v), "view_as_complex", [] { return derive::view_as_complex(); });
}

}  // namespace tenon
