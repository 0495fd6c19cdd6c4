#include "plan/index.h"

#include <algorithm>
#include <iterator>

#include "core/errors.h"
#include "plan/loop.h"

namespace tenon {
namespace {

bool selects_from(std::span<const IndexTensor> indices, int dim) {
  return std::any_of(indices.begin(), indices.end(), [&](const IndexTensor& x) { return x.dim == dim; });
}

}  // namespace

IndexShape index_shape(std::string_view op, const Dims& base, std::span<const IndexTensor> indices, bool front) {
  IndexShape s;
  for (const IndexTensor& x : indices) {
    if (&x == indices.data()) {
      s.common = x.index.shape();
      continue;
    }
    try {
      s.common = broadcast_shapes(op, s.common, x.index.shape());
    } catch (const ShapeError&) { errors::indices_do_not_broadcast(op, s.common, x.index.shape()); }
  }
  s.position = front ? 0 : indices[0].dim;
  Dims kept;
  for (int d = 0; d < base.size(); ++d)
    if (!selects_from(indices, d)) kept.push_back(base[d]);
  if (kept.size() + s.common.size() > kMaxDims) errors::too_many_dims(op, kept.size() + s.common.size());
  for (int d = 0; d < s.position; ++d) s.result.push_back(kept[d]);
  for (const auto n : s.common) s.result.push_back(n);
  for (int d = s.position; d < kept.size(); ++d) s.result.push_back(kept[d]);
  return s;
}

IndexPlan::IndexPlan(IndexMode mode, const Tensor& base, std::span<const IndexTensor> indices, const IndexShape& s,
                     const Tensor& values) {
  const int ndim = s.result.size(), count = static_cast<int>(indices.size());
  std::int64_t* shape = few_;
  IndexOperand* operands = few_indices_;
  if (const std::size_t wanted = static_cast<std::size_t>(ndim) * (3 + indices.size()); wanted > std::size(few_)) {
    many_.resize(wanted);
    shape = many_.data();
  }
  if (indices.size() > std::size(few_indices_)) {
    many_indices_.resize(indices.size());
    operands = many_indices_.data();
  }
  std::int64_t *value_strides = shape + ndim, *base_strides = value_strides + ndim,
               *index_strides = base_strides + ndim;
  for (int i = 0; i < count; ++i) {
    const IndexTensor& x = indices[static_cast<std::size_t>(i)];
    operands[i] = {x.index.data<std::int64_t>(),
                   index_strides + i * ndim,
                   base.strides()[x.dim] * base.itemsize(),
                   base.shape()[x.dim],
                   x.axis,
                   x.checked,
                   x.from_end};
  }
  // Row-major, neighbours merged where all strides allow it.
  int used = 0, next = 0;  // next: dimension of base
  for (int d = 0; d < ndim; ++d) {
    const int k = d - s.position;
    const bool indexed = k >= 0 && k < s.common.size();
    std::int64_t base_stride = 0;
    if (!indexed) {
      while (selects_from(indices, next)) ++next;
      base_stride = base.strides()[next++] * base.itemsize();
    }
    const std::int64_t n = s.result[d];
    if (n == 1) continue;
    const std::int64_t value_stride = values.strides()[d] * values.itemsize();
    // An index tensor's step along this dimension, in bytes; 0 where it is repeated.
    const auto index_stride = [&](int i) -> std::int64_t {
      const Tensor& x = indices[static_cast<std::size_t>(i)].index;
      const int own = k - (s.common.size() - x.ndim());
      return indexed && own >= 0 && x.shape()[own] != 1 ? x.strides()[own] * 8 : 0;
    };
    const int last = used - 1;
    bool merge = last >= 0 && value_strides[last] == value_stride * n && base_strides[last] == base_stride * n;
    for (int i = 0; i < count && merge; ++i) merge = index_strides[i * ndim + last] == index_stride(i) * n;
    const int to = merge ? last : used++;
    shape[to] = merge ? shape[to] * n : n;
    value_strides[to] = value_stride;
    base_strides[to] = base_stride;
    for (int i = 0; i < count; ++i) index_strides[i * ndim + to] = index_stride(i);
  }
  call_ = {mode,  base.dtype(),  values.data(), base.data(), used,    values.numel(),
           shape, value_strides, base_strides,  count,       operands};
}

}  // namespace tenon
