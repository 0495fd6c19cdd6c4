#include "ops/index_plan.h"

#include "core/launch.h"
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
  std::int64_t count = 0;
  const CountTrueCall c{mask.data<bool>(), mask.numel(), &count};
  if (c.n > 0) launch(op, mask.device(), DType::bool_, &Backend::count_true, c);
  return count;
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

IndexTensor index_tensor(const char* op, const Tensor& t, std::int64_t size, int dim, int axis) {
  NoGrad guard;
  Tensor x = t.dtype() == DType::int64 ? t : to(t, DType::int64);
  if (!x.is_contiguous()) x = contiguous(x);
  const bool from_end = t.dtype() != DType::uint64;  // one above int64's range has become negative
  if (x.numel() == 0) return {std::move(x), dim, axis, true, from_end};
  std::int64_t range[2];
  const IndexRangeCall c{x.data<std::int64_t>(), x.numel(), range};
  if (!try_launch(op, x.device(), &Backend::index_range, c)) return {std::move(x), dim, axis, false, from_end};
  if (range[0] < (from_end ? -size : 0) || range[1] >= size)
    errors::index_out_of_range(op, range[1] >= size ? range[1] : range[0], axis, size);
  if (range[0] < 0) x = where(lt(x, 0), add(x, size), x);
  return {std::move(x), dim, axis, true, from_end};
}

Tensor true_positions(const char* op, const Tensor& mask) {
  const Tensor m = contiguous(mask);
  const Tensor out = empty({count_true(op, m)}, DType::int64, m.device());
  const TruePositionsCall c{m.data<bool>(), m.numel(), out.data<std::int64_t>(), out.numel()};
  if (c.count > 0) launch(op, m.device(), DType::bool_, &Backend::true_positions, c);
  return out;
}

Indexed resolve(const char* op, const Selection& s) {
  NoGrad guard;
  Indexed at;
  Dims shape = s.view.shape(), strides = s.view.strides();
  int removed = 0;  // dimensions that merging took away so far
  for (const Advanced& a : s.tensors) {
    const int dim = a.dim - removed;
    if (!is_bool(a.index.dtype())) {
      at.indices.push_back(index_tensor(op, a.index, shape[dim], dim, a.axis));
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
      at.indices.push_back({positions, dim, a.axis, true, false});
    } else {
      int d = 0;
      for (const Tensor& c : coordinates(positions, part)) {
        at.indices.push_back({c, dim + d, a.axis + d, true, false});
        ++d;
      }
    }
  }
  at.base = removed ? alias(s.view, 0, shape, strides) : s.view;
  at.shape = index_shape(op, shape, at.indices, s.front);
  return at;
}

void run_index(const char* op, Device device, const IndexPlan& plan) {
  const IndexCall& c = plan.call();
  if (c.numel > 0) launch(op, device, c.dtype, &Backend::index, c);
}

}  // namespace tenon
