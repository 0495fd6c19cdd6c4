#include "ops/index_plan.h"

#include "core/errors.h"
#include "ops/view.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

bool is_tensor(const Index& i) { return std::holds_alternative<Tensor>(i); }

// Whether something that is no int and no tensor stands between two of them (an ellipsis of no dimensions,
// too).
bool separated(std::span<const Index> indices) {
  enum { before, inside, after } at = before;
  for (const Index& i : indices) {
    const bool advanced = is_tensor(i) || std::holds_alternative<std::int64_t>(i);
    if (advanced && at == after) return true;
    if (advanced) at = inside;
    else if (at == inside) at = after;
  }
  return false;
}

void check_kind(const char* op, const Tensor& x, const Tensor& t) {
  if (!is_bool(x.dtype()) && !is_integral(x.dtype())) errors::bad_index_dtype(op, x.dtype());
  if (x.device() != t.device()) errors::device_mismatch(op, t.device(), x.device());
}

// The coordinates of the masked elements, one tensor for each dimension of the mask.
std::vector<Tensor> coordinates(const Tensor& positions, const Dims& shape) {
  std::vector<Tensor> out(static_cast<std::size_t>(shape.size()));
  Tensor rest = positions;
  for (int d = shape.size() - 1; d > 0; --d) {
    out[static_cast<std::size_t>(d)] = remainder(rest, shape[d]);
    rest = floor_divide(rest, shape[d]);
  }
  out[0] = rest;
  return out;
}

}  // namespace

std::int64_t count_true(const char* op, const Tensor& mask) {
  const auto count = backend(mask.device()).count_true;
  if (!count) errors::not_available(op, mask.device(), DType::bool_);
  return mask.numel() == 0 ? 0 : count(mask.device().index, mask.data<bool>(), mask.numel());
}

std::vector<Index> Selection::indices() const {
  std::vector<Index> out;
  int d = 0;
  for (const Advanced& a : tensors) {
    for (; d < a.dim; ++d) out.push_back(Slice{});
    out.push_back(a.index);
    if (front && &a == &tensors.front()) out.push_back(Ellipsis{});
    d += is_bool(a.index.dtype()) ? a.index.ndim() : 1;
  }
  if (front) {
    for (; d < view.ndim(); ++d) out.push_back(Slice{});
  }
  return out;
}

int Selection::result_ndim() const {
  int ndim = view.ndim(), common = 0;
  for (const Advanced& a : tensors) {
    const bool mask = is_bool(a.index.dtype());
    ndim -= mask ? a.index.ndim() : 1;
    common = std::max(common, mask ? 1 : a.index.ndim());
  }
  return ndim + common;
}

Tensor Selection::full_mask() const {
  if (tensors.size() != 1 || !is_bool(tensors[0].index.dtype())) return Tensor();
  return tensors[0].index.ndim() == view.ndim() && view.ndim() > 0 ? tensors[0].index : Tensor();
}

Selection select_basic(const char* op, const Tensor& t, std::span<const Index> indices) {
  std::int64_t consumed = 0;
  int ellipses = 0;
  bool tensors = false;
  for (const Index& i : indices) {
    if (is_tensor(i)) {
      const Tensor& x = std::get<Tensor>(i);
      check_kind(op, x, t);
      consumed += is_bool(x.dtype()) ? x.ndim() : 1;
      tensors = true;
    } else if (std::holds_alternative<Ellipsis>(i)) {
      ++ellipses;
    } else if (!std::holds_alternative<NewAxis>(i)) {
      ++consumed;
    }
  }
  if (ellipses > 1) errors::fail<IndexError>(op, "an index has one ellipsis (`...`) at most; got ", ellipses);
  if (consumed > t.ndim()) errors::too_many_indices(consumed, t.ndim());

  Selection s{t, {}, tensors && separated(indices)};
  int dim = 0, axis = 0;  // in the view and in t
  for (const Index& i : indices) {
    if (const auto* at = std::get_if<std::int64_t>(&i)) {
      const std::int64_t n = t.shape()[axis];
      if (*at < -n || *at >= n) errors::index_out_of_range(op, *at, axis, n);
      if (s.front) s.tensors.push_back({dim++, axis, Tensor::of(*at, DType::int64, t.device())});
      else s.view = select(s.view, dim, *at);
      ++axis;
    } else if (const auto* range = std::get_if<Slice>(&i)) {
      if (range->start || range->stop || range->step != 1)
        s.view = slice(s.view, dim, range->start, range->stop, range->step);
      ++dim, ++axis;
    } else if (std::holds_alternative<Ellipsis>(i)) {
      const int rest = t.ndim() - static_cast<int>(consumed);
      dim += rest, axis += rest;
    } else if (std::holds_alternative<NewAxis>(i)) {
      s.view = unsqueeze(s.view, {dim++});
    } else {
      const Tensor& x = std::get<Tensor>(i);
      if (is_bool(x.dtype()) && x.ndim() == 0) {
        // A truth value selects all of a new dimension of size 1, or nothing.
        s.view = unsqueeze(s.view, {dim});
        s.tensors.push_back({dim++, axis, full({x.item<bool>() ? 1 : 0}, 0, DType::int64, t.device())});
        continue;
      }
      const int span = is_bool(x.dtype()) ? x.ndim() : 1;
      for (int d = 0; d < span && is_bool(x.dtype()); ++d)
        if (x.shape()[d] != t.shape()[axis + d] && x.shape()[d] != 0)  // size 0 selects nothing of any size
          errors::mask_mismatch(op, x.shape(), t.shape(), axis + d);
      s.tensors.push_back({dim, axis, x});
      dim += span, axis += span;
    }
  }
  return s;
}

Tensor checked_indices(const char* op, const Tensor& t, std::int64_t size, int axis) {
  NoGrad guard;
  Tensor x = contiguous(t.dtype() == DType::int64 ? t.detach() : to(t, DType::int64));
  if (x.numel() == 0) return x;
  std::int64_t range[2];
  const Backend& b = backend(x.device());
  if (b.index_range) {
    b.index_range(x.device().index, x.data<std::int64_t>(), x.numel(), range);
  } else {
    range[0] = amin(x).item<std::int64_t>();
    range[1] = amax(x).item<std::int64_t>();
  }
  // A uint64 above int64's range has become negative.
  const std::int64_t lowest = t.dtype() == DType::uint64 ? 0 : -size;
  if (range[0] < lowest || range[1] >= size)
    errors::index_out_of_range(op, range[1] >= size ? range[1] : range[0], axis, size);
  if (range[0] >= 0) return x;
  return where(lt(x, 0), add(x, size), x);
}

Tensor true_positions(const char* op, const Tensor& mask) {
  const Tensor m = contiguous(mask);
  const Tensor out = empty({count_true(op, m)}, DType::int64, m.device());
  const Backend& b = backend(m.device());
  if (out.numel() > 0 && (!b.true_positions || b.true_positions(m.device().index, m.data<bool>(), m.numel(),
                                                                out.data<std::int64_t>(), out.numel()) != kOk))
    errors::not_available(op, m.device(), DType::bool_);
  return out;
}

IndexPlan plan_index(const char* op, const Selection& s) {
  NoGrad guard;
  IndexPlan p;
  Dims shape = s.view.shape(), strides = s.view.strides();
  int removed = 0;  // dimensions that merging took away so far
  for (const Advanced& a : s.tensors) {
    const int dim = a.dim - removed;
    if (!is_bool(a.index.dtype())) {
      p.dims.push_back(dim);
      p.indices.push_back(checked_indices(op, a.index, shape[dim], a.axis));
      continue;
    }
    const Tensor positions = true_positions(op, a.index);
    const int n = a.index.ndim();
    Dims part, part_strides;
    for (int d = 0; d < n; ++d) {
      part.push_back(shape[dim + d]);
      part_strides.push_back(strides[dim + d]);
    }
    if (const auto merged = view_strides(part, part_strides, {part.product()})) {
      for (int d = 1; d < n; ++d) {
        shape.erase(dim + 1);
        strides.erase(dim + 1);
      }
      shape[dim] = part.product();
      strides[dim] = (*merged)[0];
      removed += n - 1;
      p.dims.push_back(dim);
      p.indices.push_back(positions);
    } else {
      int d = dim;
      for (const Tensor& c : coordinates(positions, part)) {
        p.dims.push_back(d++);
        p.indices.push_back(c);
      }
    }
  }
  p.base = alias(s.view, 0, shape, strides);
  for (const Tensor& x : p.indices) {
    try {
      p.common = broadcast_shapes(op, p.common, x.shape());
    } catch (const ShapeError&) { errors::indices_do_not_broadcast(op, p.common, x.shape()); }
  }
  p.position = s.front ? 0 : static_cast<int>(p.dims[0]);
  Dims kept;
  for (int d = 0; d < shape.size(); ++d)
    if (!p.dims.contains(d)) kept.push_back(shape[d]);
  if (kept.size() + p.common.size() > kMaxDims) errors::too_many_dims(op, kept.size() + p.common.size());
  for (int d = 0; d < p.position; ++d) p.shape.push_back(kept[d]);
  for (auto n : p.common) p.shape.push_back(n);
  for (int d = p.position; d < kept.size(); ++d) p.shape.push_back(kept[d]);
  return p;
}

void run_index(const char* op, const IndexPlan& p, IndexMode mode, const Tensor& values) {
  if (values.numel() == 0) return;
  IndexCall c;
  c.mode = mode;
  c.dtype = p.base.dtype();
  c.values = values.data();
  c.base = p.base.data();
  c.n_indices = static_cast<int>(p.indices.size());
  std::vector<Dims> index_strides;
  for (int i = 0; i < c.n_indices; ++i) {
    const Tensor& x = p.indices[static_cast<std::size_t>(i)];
    c.indices[i] = x.data<std::int64_t>();
    c.base_sizes[i] = p.base.shape()[static_cast<int>(p.dims[i])];
    c.base_strides[i] = p.base.strides()[static_cast<int>(p.dims[i])] * p.base.itemsize();
    index_strides.push_back(broadcast_strides(x.shape(), x.strides(), p.common));
  }
  // The loop runs over the result, row-major (so that of equal indices the last is written last); neighbours
  // are merged where all strides allow it.
  Loop& loop = c.loop;
  loop.numel = values.numel();
  int next = 0;  // dimension of base
  for (int d = 0; d < p.shape.size(); ++d) {
    const int k = d - p.position;
    const bool indexed = k >= 0 && k < p.common.size();
    std::int64_t base_stride = 0;
    if (!indexed) {
      while (p.dims.contains(next)) ++next;
      base_stride = p.base.strides()[next++] * p.base.itemsize();
    }
    const std::int64_t n = p.shape[d];
    if (n == 1) continue;
    const std::int64_t value_stride = values.strides()[d] * values.itemsize();
    auto index_stride = [&](int i) { return indexed ? index_strides[static_cast<std::size_t>(i)][k] * 8 : 0; };
    const int last = loop.ndim - 1;
    bool merge = last >= 0 && loop.strides[0][last] == value_stride * n && loop.strides[1][last] == base_stride * n;
    for (int i = 0; i < c.n_indices && merge; ++i) merge = c.index_loop_strides[i][last] == index_stride(i) * n;
    const int to = merge ? last : loop.ndim++;
    loop.shape[to] = merge ? loop.shape[to] * n : n;
    loop.strides[0][to] = value_stride;
    loop.strides[1][to] = base_stride;
    for (int i = 0; i < c.n_indices; ++i) c.index_loop_strides[i][to] = index_stride(i);
  }
  const Backend& b = backend(p.base.device());
  if (!b.index || b.index(p.base.device().index, c) != kOk) errors::not_available(op, p.base.device(), c.dtype);
}

}  // namespace tenon
