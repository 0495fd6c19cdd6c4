#include "plan/reduce.h"

#include <cstdlib>

#include "plan/loop.h"

namespace tenon {
namespace {

// Another dtype than the input's where the result would be formed too narrowly, or where converting costs little and a
// kernel less is compiled.
DType compute_dtype(Reduction op, DType in, DType out) {
  const auto integer = [](DType d) { return is_bool(d) || is_integral(d); };
  if (op == Reduction::prod) {
    if (!integer(out)) return is_complex(out) ? DType::complex128 : DType::float64;
    return kind(in) == Kind::unsigned_integer ? DType::uint64 : DType::int64;
  }
  if (is_half(in) && (op == Reduction::min || op == Reduction::max)) return DType::float32;
  if (op != Reduction::sum || in == out) return in;
  return integer(in) && integer(out) ? in : out;
}

// Whichever finds contiguous memory: neighbouring results side by side, or the elements of one after the other.
int strip_dimension(const Loop& kept, const Loop& reduced, std::int64_t itemsize) {
  if (kept.ndim == 0 || reduced.numel <= 1) return kept.ndim - 1;  // numel <= 1: all columns in one row
  int best = 0;
  for (int d = 1; d < kept.ndim; ++d) {
    const std::int64_t x = std::abs(kept.strides[1][d]), y = std::abs(kept.strides[1][best]);
    if (x != y ? x < y : kept.shape[d] > kept.shape[best]) best = d;
  }
  const std::int64_t step = std::abs(reduced.strides[1][reduced.ndim - 1]);
  if (step == itemsize)
    return reduced.shape[reduced.ndim - 1] < 16 && reduced.numel < 64 && kept.shape[best] >= 32 ? best : -1;
  const bool closer = std::abs(kept.strides[1][best]) < step;
  return kept.shape[best] >= 2 && (closer || reduced.numel < 64) ? best : -1;
}

}  // namespace

ReduceShape reduce_shape(std::string_view op, const Dims& shape, const std::optional<Dims>& axes) {
  ReduceShape s;
  s.axes = normalize_axes(op, axes, shape.size());
  s.kept_ones = shape;
  s.count = 1;
  for (int d = 0; d < shape.size(); ++d) {
    if (s.axes.contains(d)) {
      s.reduced.push_back(shape[d]);
      s.count *= shape[d];
      s.kept_ones[d] = 1;
    } else {
      s.kept.push_back(shape[d]);
    }
  }
  return s;
}

ReduceCall plan_reduce(Reduction op, const Tensor& in, const ReduceShape& s, const Tensor& out, double correction) {
  ReduceCall c;
  c.op = op;
  c.in_dtype = in.dtype();
  c.out_dtype = out.dtype();
  c.compute = compute_dtype(op, c.in_dtype, c.out_dtype);
  c.out = out.data();
  c.in = in.data();
  c.correction = correction;
  if (s.kept.empty() && in.is_contiguous()) {  // one result of one piece of memory: mostly small calls, all overhead
    flat_loop(c.reduced, s.count, {0, in.itemsize()});
    c.strip = -1;
    return c;
  }
  Dims in_kept, in_reduced, none(s.reduced.size(), 0);
  for (int d = 0; d < in.ndim(); ++d) (s.axes.contains(d) ? in_reduced : in_kept).push_back(in.strides()[d]);
  const Dims out_kept = contiguous_strides(s.kept);
  const LoopOperand kept[] = {{&out_kept, out.itemsize()}, {&in_kept, in.itemsize()}};
  build_loop(c.kept, s.kept, kept);
  const LoopOperand reduced[] = {{&none, 0}, {&in_reduced, in.itemsize()}};
  const bool positions = op == Reduction::argmin || op == Reduction::argmax;
  build_loop(c.reduced, s.reduced, reduced, positions ? Order::row_major : Order::any);
  c.strip = strip_dimension(c.kept, c.reduced, in.itemsize());
  return c;
}

}  // namespace tenon
