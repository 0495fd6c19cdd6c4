#include "plan/loop.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "core/errors.h"

namespace tenon {

Dims broadcast_shapes(std::string_view op, const Dims& a, const Dims& b) {
  if (a == b) return a;
  const int n = std::max(a.size(), b.size());
  Dims out;
  out.resize(n);
  for (int d = 0; d < n; ++d) {
    const int i = d - (n - a.size()), j = d - (n - b.size());
    const std::int64_t x = i < 0 ? 1 : a[i], y = j < 0 ? 1 : b[j];
    if (x != y && x != 1 && y != 1) errors::no_broadcast(op, a, b);
    out[d] = x == 1 ? y : x;
  }
  return out;
}

Dims broadcast_strides(const Dims& shape, const Dims& strides, const Dims& to) {
  Dims out(to.size(), 0);
  const int shift = to.size() - shape.size();
  for (int d = 0; d < shape.size(); ++d) out[d + shift] = shape[d] == 1 && to[d + shift] != 1 ? 0 : strides[d];
  return out;
}

namespace {

template <class AnyLoop>
void build(AnyLoop& loop, const Dims& shape, std::span<const LoopOperand> operands, Order order) {
  const int count = static_cast<int>(operands.size());
  int axes[kMaxDims];
  int n = 0;
  loop.numel = 1;
  for (int d = 0; d < shape.size(); ++d) {
    loop.numel *= shape[d];
    if (shape[d] != 1) axes[n++] = d;
  }
  if (order == Order::any && n > 1) {
    // Operand 0 decides; where its strides are equal (broadcast), the next one does. Stable.
    auto before = [&](int a, int b) {
      for (int k = 0; k < count; ++k) {
        const std::int64_t x = std::abs((*operands[k].strides)[a]), y = std::abs((*operands[k].strides)[b]);
        if (x != y && x != 0 && y != 0) return x > y;
      }
      return false;
    };
    // Insertion sort: n is small, and the comparison need not be transitive over zeros.
    for (int i = 1; i < n; ++i) {
      const int axis = axes[i];
      int j = i;
      for (; j > 0 && before(axis, axes[j - 1]); --j) axes[j] = axes[j - 1];
      axes[j] = axis;
    }
  }
  int last = -1;
  for (int i = 0; i < n; ++i) {
    const int d = axes[i];
    bool merge = last >= 0;
    for (int k = 0; k < count && merge; ++k)
      merge = loop.strides[k][last] == (*operands[k].strides)[d] * operands[k].itemsize * shape[d];
    if (merge) {
      loop.shape[last] *= shape[d];
    } else {
      loop.shape[++last] = shape[d];
    }
    for (int k = 0; k < count; ++k) loop.strides[k][last] = (*operands[k].strides)[d] * operands[k].itemsize;
  }
  loop.ndim = last + 1;
}

}  // namespace

void build_loop(Loop& loop, const Dims& shape, std::span<const LoopOperand> operands, Order order) {
  build(loop, shape, operands, order);
}
void build_loop(ProgramLoop& loop, const Dims& shape, std::span<const LoopOperand> operands) {
  build(loop, shape, operands, Order::any);
}

Dims memory_order(const Dims& shape, const Dims& strides) {
  // Dimensions of size 1 keep their places: their strides mean nothing.
  Dims order(shape.size()), moving;
  for (int d = 0; d < shape.size(); ++d) {
    order[d] = d;
    if (shape[d] != 1) moving.push_back(d);
  }
  std::stable_sort(moving.begin(), moving.end(), [&](std::int64_t a, std::int64_t b) {
    return std::abs(strides[static_cast<int>(a)]) > std::abs(strides[static_cast<int>(b)]);
  });
  for (int d = 0, k = 0; d < shape.size(); ++d)
    if (shape[d] != 1) order[d] = moving[k++];
  return order;
}

Dims dense_strides(const Dims& shape, const Dims& order) {
  Dims strides(shape.size());
  std::int64_t s = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    const int d = static_cast<int>(order[i]);
    strides[d] = s;
    s *= std::max<std::int64_t>(shape[d], 1);
  }
  return strides;
}

Extent extent(const Dims& shape, const Dims& strides) {
  Extent e;
  for (int d = 0; d < shape.size(); ++d) {
    const std::int64_t reach = (std::max<std::int64_t>(shape[d], 1) - 1) * strides[d];
    (reach < 0 ? e.low : e.high) += reach;
  }
  return e;
}

namespace {

// Looks for steps d, not all 0, with |d[i]| < shape[i] and sum(d[i] * strides[i]) = 0: two elements at one place.
class Meeting {
 public:
  // Dimensions of more than one element, by falling strides, which are positive.
  Meeting(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides)
      : shape_(shape), strides_(strides), reach_(shape.size() + 1), divisor_(shape.size() + 1) {
    for (std::size_t i = shape.size(); i-- > 0;) {
      reach_[i] = reach_[i + 1] + (shape[i] - 1) * strides[i];
      divisor_[i] = std::gcd(divisor_[i + 1], strides[i]);
    }
  }
  // True also if the search gets too long.
  bool exists() { return search(0, 0, false); }

 private:
  // Whether the dimensions from i on can add up to -sum.
  bool search(std::size_t i, std::int64_t sum, bool moved) {
    if (--budget_ < 0) return true;
    if (i == shape_.size()) return moved && sum == 0;
    if (std::abs(sum) > reach_[i] || sum % divisor_[i] != 0) return false;
    if (moved && sum == 0) return true;
    const std::int64_t s = strides_[i], most = shape_[i] - 1, rest = reach_[i + 1];
    const auto floored = [s](std::int64_t n) { return n / s - (n % s < 0); };
    // |sum + d * s| <= rest; of the first step, the sign does not matter.
    const std::int64_t low = moved ? std::max(-most, -floored(rest + sum)) : 0;
    const std::int64_t high = std::min(most, floored(rest - sum));
    for (std::int64_t d = low; d <= high; ++d)
      if (search(i + 1, sum + d * s, moved || d != 0)) return true;
    return false;
  }

  std::span<const std::int64_t> shape_, strides_;
  std::vector<std::int64_t> reach_, divisor_;
  int budget_ = 100'000;
};

// axes: by falling strides, of which none of a dimension of several elements is 0.
bool meet(const Dims& shape, const Dims& strides, const Dims& axes) {
  Dims n, s;
  for (const auto a : axes) {
    const int d = static_cast<int>(a);
    if (shape[d] == 1) continue;
    n.push_back(shape[d]);
    s.push_back(std::abs(strides[d]));
  }
  return Meeting(n, s).exists();
}

}  // namespace

bool overlaps_itself(const Dims& shape, const Dims& strides) {
  // Sufficient for no overlap: sorted by stride, each dimension steps over the whole extent of the smaller ones.
  const Dims axes = memory_order(shape, strides);
  std::int64_t extent = 1;
  if (shape.product() == 0) return false;
  for (int i = axes.size() - 1; i >= 0; --i) {
    const int d = static_cast<int>(axes[i]);
    if (shape[d] == 1) continue;
    const std::int64_t s = std::abs(strides[d]);
    if (s == 0) return true;
    if (s < extent) return meet(shape, strides, axes);
    extent += (shape[d] - 1) * s;
  }
  return false;
}

bool may_share_memory(const Tensor& a, const Tensor& b) {
  if (a.device() != b.device() || a.numel() == 0 || b.numel() == 0) return false;
  auto range = [](const Tensor& t) {
    const auto first = reinterpret_cast<std::intptr_t>(t.data());
    const Extent e = t.is_contiguous() ? Extent{0, t.numel() - 1} : extent(t.shape(), t.strides());
    return std::pair(first + e.low * t.itemsize(), first + (e.high + 1) * t.itemsize());
  };
  const auto [a_low, a_high] = range(a);
  const auto [b_low, b_high] = range(b);
  return a_low < b_high && b_low < a_high;
}

bool partially_overlap(const Tensor& a, const Tensor& b, const Dims& b_strides) {
  if (!may_share_memory(a, b)) return false;
  if (a.data() != b.data() || a.dtype() != b.dtype()) return true;
  for (int d = 0; d < a.ndim(); ++d)
    if (a.shape()[d] != 1 && a.strides()[d] != b_strides[d]) return true;
  return false;
}

int normalize_axis(std::string_view op, std::int64_t axis, int ndim) {
  const std::int64_t n = std::max(ndim, 1);  // a 0-d tensor takes the axes 0 and -1, as in PyTorch
  if (axis < -n || axis >= n) errors::bad_axis(op, axis, ndim);
  return static_cast<int>(axis < 0 ? axis + n : axis);
}

Dims normalize_axes(std::string_view op, const std::optional<Dims>& axes, int ndim) {
  Dims out;
  if (!axes) {
    for (int d = 0; d < ndim; ++d) out.push_back(d);
    return out;
  }
  for (auto a : *axes) {
    const int d = normalize_axis(op, a, ndim);
    if (out.contains(d)) errors::repeated_axis(op, a, *axes);
    if (ndim > 0) out.push_back(d);
  }
  return out;
}

}  // namespace tenon
