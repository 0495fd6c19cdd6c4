#include "ops/composing.h"

#include "tenon/elementwise/arithmetic.h"

namespace tenon {

// Twice: the mean is rounded, and what is left of it would count in each square.
Tensor centred(const Tensor& t, const Tensor& mask, const Axes& dims) {
  const Tensor n = to(count_nonzero(mask, dims, true), real_dtype(t.dtype()));
  const auto mean = [&](const Tensor& x) { return div(sum(where(mask, x, 0), dims, true), n); };
  const Tensor once = sub(t, mean(t));
  return where(mask, sub(once, mean(once.detach())), 0);
}

Slices slices(const char* op, const Tensor& t, const Axes& dims) {
  Slices s;
  const Dims axes = normalize_axes(op, dims, t.ndim());
  Dims order, flat;
  std::int64_t count = 1;
  s.kept_ones = t.shape();
  for (int d = 0; d < t.ndim(); ++d) {
    if (axes.contains(d)) {
      s.kept_ones[d] = 1;
      count *= t.shape()[d];
    } else {
      s.kept.push_back(t.shape()[d]);
      order.push_back(d);
    }
  }
  for (int d = 0; d < t.ndim(); ++d)
    if (axes.contains(d)) order.push_back(d);
  flat = s.kept;
  flat.push_back(count);
  bool moved = false;
  for (int d = 0; d < order.size(); ++d) moved = moved || order[d] != d;
  s.rows = reshape(moved ? permute(t, order) : t, flat);
  return s;
}

Tensor repeated(const Tensor& values, std::int64_t n) {
  const Tensor flat = reshape(values, {-1});
  if (flat.numel() == 1) return expand(flat, {n});
  return narrow(tile(flat, {(n + flat.numel() - 1) / flat.numel()}), 0, 0, n);
}

std::vector<Index> along(const Tensor& indices, const Dims& shape, int dim) {
  std::vector<Index> out;
  for (int d = 0; d < shape.size(); ++d) {
    if (d == dim) {
      out.emplace_back(indices);
      continue;
    }
    Dims line(shape.size(), 1);
    line[d] = shape[d];
    out.emplace_back(reshape(arange(0, shape[d], 1, DType::int64, indices.device()), line));
  }
  return out;
}

namespace {

template <class T>
Tensor copied(std::span<const T> v, Device device) {
  const Tensor t = empty({static_cast<std::int64_t>(v.size())}, dtype_of<T>);
  std::copy(v.begin(), v.end(), t.data<T>());
  return to(t, dtype_of<T>, device);
}

}  // namespace

Tensor vector_of(std::span<const std::int64_t> v, Device device) { return copied(v, device); }
Tensor vector_of(std::span<const double> v, Device device) { return copied(v, device); }

}  // namespace tenon
