// Shapes by NumPy's rules, made of views.
#include "tenon/ops/shape.h"

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/ops/view.h"

namespace tenon {

std::int64_t size_along(const Tensor& t, const Axes& dims) {
  std::int64_t n = 1;
  for (const std::int64_t d : normalize_axes("size", dims, t.ndim())) n *= t.shape()[static_cast<int>(d)];
  return n;
}

Tensor squeeze_exactly(const Tensor& t, const Dims& dims) {
  const Dims axes = normalize_axes("squeeze", dims, t.ndim());
  for (const std::int64_t d : axes)
    if (t.ndim() && t.shape()[static_cast<int>(d)] != 1)
      errors::fail<ShapeError>("squeeze", "dimension ", d, " has size ", t.shape()[static_cast<int>(d)],
                               ", not 1; the shape is ", t.shape());
  return axes.empty() ? t : squeeze(t, axes);
}

Tensor rollaxis(const Tensor& t, std::int64_t axis, std::int64_t start) {
  const int from = normalize_axis("rollaxis", axis, t.ndim());
  if (start < -t.ndim() || start > t.ndim())
    errors::fail<IndexError>("rollaxis", "start must lie between ", -t.ndim(), " and ", t.ndim(), "; got ", start);
  const std::int64_t before = start < 0 ? start + t.ndim() : start;
  return movedim(t, {from}, {from < before ? before - 1 : before});
}

Tensor at_least(const Tensor& t, int n) {
  if (t.ndim() >= n) return t;
  if (n == 3 && t.ndim() > 0) return unsqueeze(t, t.ndim() == 2 ? Dims{2} : Dims{0, 2});
  Dims added;
  for (int d = 0; d < n - t.ndim(); ++d) added.push_back(d);
  return unsqueeze(t, added);
}

Dims broadcast_shapes(std::span<const Dims> shapes) {
  Dims common;
  for (const Dims& s : shapes) {
    for (const std::int64_t n : s)
      if (n < 0) errors::negative_size("broadcast_shapes", s);
    common = broadcast_shapes("broadcast_shapes", common, s);
  }
  return common;
}

std::vector<Tensor> broadcast_tensors(std::span<const Tensor> ts) {
  Dims common;
  for (const Tensor& t : ts) common = broadcast_shapes("broadcast_tensors", common, t.shape());
  std::vector<Tensor> out;
  for (const Tensor& t : ts) out.push_back(expand(t, common));
  return out;
}

Tensor sliding_window_view(const Tensor& t, const Dims& window, const Axes& dims) {
  const Dims axes = dims.value_or(normalize_axes("sliding_window_view", {}, t.ndim()));
  if (axes.size() != window.size())
    errors::fail<ShapeError>("sliding_window_view", "one size is needed for each of ", axes.size(), " dimensions; got ",
                             window);
  Tensor out = t;
  for (int i = 0; i < axes.size(); ++i) {
    const int d = normalize_axis("sliding_window_view", axes[i], t.ndim());
    if (window[i] < 0 || window[i] > out.shape()[d])
      errors::fail<ShapeError>("sliding_window_view", "a window of ", window[i], " does not fit dimension ", d,
                               " of size ", out.shape()[d]);
    out = unfold(out, d, window[i], 1);
  }
  return out;
}

}  // namespace tenon
