// The gradients of what moves elements: copies, views, joins and indexing.
#include <algorithm>

#include "autograd/derivatives.h"
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/ops.h"

namespace tenon::derive {
namespace {

using In = const Tensor&;

// Indices whose tensors must not change until backward has used them.
class SavedIndices {
 public:
  SavedIndices(std::vector<Index> indices, const char* op) : indices_(std::move(indices)) {
    int masks = 0;
    for (Index& i : indices_) {
      Tensor* t = std::get_if<Tensor>(&i);
      if (!t) continue;
      masks += is_bool(t->dtype());
      saved_.emplace_back(std::exchange(*t, {}), op);
    }
    mask_ = masks == 1 && saved_.size() == 1;
  }
  std::vector<Index> get() const {
    std::vector<Index> all = indices_;
    auto next = saved_.begin();
    for (Index& i : all)
      if (Tensor* t = std::get_if<Tensor>(&i)) *t = (next++)->get();  // throws if it was changed
    return all;
  }
  // One mask: no element is selected twice.
  bool is_mask() const { return mask_; }

 private:
  std::vector<Index> indices_;  // with undefined tensors
  std::vector<Saved> saved_;    // which stand here
  bool mask_ = false;
};

}  // namespace

Backward copy() {
  return [](In g) -> Grads { return {g}; };
}
Backward to_device(Device from) {
  return [=](In g) -> Grads { return {to(g, {}, from)}; };
}

namespace {

// Adds g to the elements of the flat buffer that the geometry shows, as often as it shows them.
void add_strided(Tensor& flat, const Dims& shape, const Dims& strides, std::int64_t offset, const Tensor& g) {
  if (overlaps_itself(shape, strides)) {
    const Tensor places = arange(0, flat.numel(), 1, DType::int64, flat.device());
    const Index at[] = {tenon::as_strided(places, shape, strides, offset)};
    index_put_(flat, at, g, true);
  } else {
    Tensor target = tenon::as_strided(flat, shape, strides, offset);
    copy_(target, g);
  }
}

}  // namespace

// The elements of a view are added into a buffer laid out as the base is.
Backward as_strided(const Tensor& base, const Dims& shape, const Dims& strides, std::int64_t offset) {
  return [from = base.shape(), from_strides = base.strides(), shape, strides, offset](In g) -> Grads {
    // The view may show what lies beside the base in its storage; no gradient flows there.
    const Extent of_base = extent(from, from_strides), of_view = extent(shape, strides);
    const std::int64_t low = std::min(of_base.low, offset + of_view.low);
    const std::int64_t high = std::max(of_base.high, offset + of_view.high);
    Tensor flat = zeros_of({high - low + 1}, g);
    add_strided(flat, shape, strides, offset - low, g);
    const Tensor to_base = tenon::as_strided(flat, from, from_strides, -low);
    if (!overlaps_itself(from, from_strides)) return {to_base};
    // Elements of the base that lie on the same bytes share the gradient of those bytes.
    Tensor times = zeros_of(flat.shape(), g);
    add_strided(times, from, from_strides, -low, full(from, 1, g.dtype(), g.device()));
    return {div(to_base, tenon::as_strided(times, from, from_strides, -low))};
  };
}
Backward permute(const Dims& axes) {
  Dims inverse(axes.size());
  for (int i = 0; i < axes.size(); ++i) inverse[static_cast<int>(axes[i])] = i;
  return [inverse](In g) -> Grads { return {permute(g, inverse)}; };
}
Backward reshape(const Dims& from) {
  return [from](In g) -> Grads { return {reshape(g, from)}; };
}
Backward expand(const Dims&) {
  return [](In g) -> Grads { return {g}; };  // the engine adds up what was repeated
}
Backward slice(const Dims& from, int dim, std::int64_t start, std::int64_t length, std::int64_t step) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Dims shape = z.shape(), strides = z.strides();
    const std::int64_t offset = start * strides[dim];
    shape[dim] = length;
    strides[dim] *= step;
    Tensor target = tenon::as_strided(z, shape, strides, offset);
    copy_(target, g);
    return {z};
  };
}
Backward select(const Dims& from, int dim, std::int64_t index) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Tensor target = tenon::select(z, dim, index);
    copy_(target, g);
    return {z};
  };
}
Backward flip(const Dims& axes) {
  return [axes](In g) -> Grads { return {flip(g, axes)}; };
}
Backward diagonal(const Dims& from, std::int64_t offset, int dim1, int dim2) {
  return [=](In g) -> Grads {
    Tensor z = zeros_of(from, g);
    Tensor target = tenon::diagonal(z, offset, dim1, dim2);
    copy_(target, g);
    return {z};
  };
}
Backward real(bool imaginary) {
  return
      [=](In g) -> Grads { return {imaginary ? mul(g, Scalar(complex128{0, 1})) : to(g, complex_dtype(g.dtype()))}; };
}
Backward view_as_real() {
  return [](In g) -> Grads { return {view_as_complex(contiguous(g))}; };
}
Backward view_as_complex() {
  return [](In g) -> Grads { return {view_as_real(contiguous(g))}; };
}
Backward cat(std::vector<std::int64_t> sizes, int dim) {
  return [sizes = std::move(sizes), dim](In g) -> Grads {
    Grads out;
    std::int64_t at = 0;
    for (auto n : sizes) {
      out.push_back(narrow(g, dim, at, n));
      at += n;
    }
    return out;
  };
}
Backward stack(std::int64_t count, int dim) {
  return [=](In g) -> Grads {
    Grads out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(tenon::select(g, dim, i));
    return out;
  };
}
namespace {

// gs with zeros, which take no memory, in the place of gradients that did not come.
Tensor zeros_in_place_of(const Dims& shape, DType dtype, std::span<const Tensor> gs) {
  const auto some = std::ranges::find_if(gs, [](In g) { return g.defined(); });
  return tenon::expand(full({}, 0, dtype, some->device()), shape);
}

}  // namespace

BackwardOfMany split(const Dims& from, const Dims& sizes, int dim, DType dtype) {
  return [=](std::span<const Tensor> gs) -> Grads {
    Grads parts(gs.begin(), gs.end());
    Dims shape = from;
    for (int i = 0; i < sizes.size(); ++i) {
      shape[dim] = sizes[i];
      Tensor& part = parts[static_cast<std::size_t>(i)];
      if (!part.defined()) part = zeros_in_place_of(shape, dtype, gs);
    }
    return {tenon::cat(parts, dim)};
  };
}
BackwardOfMany unbind(const Dims& part, int dim, DType dtype) {
  return [=](std::span<const Tensor> gs) -> Grads {
    Grads parts(gs.begin(), gs.end());
    for (Tensor& p : parts)
      if (!p.defined()) p = zeros_in_place_of(part, dtype, gs);
    return {tenon::stack(parts, dim)};
  };
}
Backward index(const Dims& from, DType dtype, std::vector<Index> indices) {
  return [=, at = SavedIndices(std::move(indices), "index")](In g) -> Grads {
    // An element that was taken many times adds up many gradients: in more than half precision.
    const bool narrow_float = is_floating(dtype) && itemsize(dtype) < 4;
    Tensor z = full(from, 0, narrow_float ? DType::float32 : dtype, g.device());
    index_put_(z, at.get(), g, !at.is_mask());
    return {z};
  };
}
Backward index_put(std::vector<Index> indices, bool accumulate) {
  return [=, at = SavedIndices(std::move(indices), "index_put_")](In g) -> Grads {
    const std::vector<Index> positions = at.get();
    const Tensor taken = tenon::index(g, positions);
    if (accumulate) return {g, taken};
    Tensor rest = clone(g);
    index_put_(rest, positions, Tensor::of(0, g.dtype(), g.device()), false);
    if (at.is_mask()) return {rest, taken};
    // Where several values went to one element, only the last one has a gradient. To find it, each value writes its
    // number to the element and then looks which number stands there.
    Dims one_each = g.shape();
    int d = 0;
    for (const Index& i : positions) {
      if (std::holds_alternative<Ellipsis>(i)) continue;
      const Tensor* t = std::get_if<Tensor>(&i);
      const int span = t && is_bool(t->dtype()) ? t->ndim() : 1;
      if (!t) one_each[d] = 1;
      d += span;
    }
    for (; d < g.ndim(); ++d) one_each[d] = 1;
    Tensor owner = full(one_each, -1, DType::int64, g.device());
    const Tensor shape_only = tenon::index(owner, positions);
    const Tensor number =
        tenon::reshape(arange(0, shape_only.numel(), 1, DType::int64, g.device()), shape_only.shape());
    index_put_(owner, positions, number, false);
    const Tensor last = eq(tenon::index(owner, positions), number);
    return {rest, where(last, is_float8(g.dtype()) ? to(taken, DType::float32) : taken, 0)};
  };
}

}  // namespace tenon::derive
