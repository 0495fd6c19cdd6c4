// Borders around tensors, by cat, index_select and reductions: a dimension is widened after the other.
#include "tenon/ops/pad.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/errors.h"
#include "ops/composing.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr const char* kNames[] = {"constant", "edge",    "reflect", "symmetric", "wrap", "linear_ramp",
                                  "maximum",  "minimum", "mean",    "median",    "empty"};

Dims border_shape(const Tensor& t, int dim, std::int64_t width) {
  Dims shape = t.shape();
  shape[dim] = width;
  return shape;
}

// ---- elements of t at other places: one index_select a dimension ----

// Where the border's element i of a dimension of n elements comes from; i counts from -before on.
std::int64_t source(PadMode mode, std::int64_t i, std::int64_t n) {
  const auto modulo = [](std::int64_t a, std::int64_t b) { return (a % b + b) % b; };
  switch (mode) {
    case PadMode::edge: return std::clamp<std::int64_t>(i, 0, n - 1);
    case PadMode::wrap: return modulo(i, n);
    case PadMode::symmetric: {
      const std::int64_t at = modulo(i, 2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
    default: {  // reflect
      if (n == 1) return 0;
      const std::int64_t at = modulo(i, 2 * (n - 1));
      return at < n ? at : 2 * (n - 1) - at;
    }
  }
}

Tensor by_index(const Tensor& t, int dim, PadWidth w, PadMode mode) {
  const std::int64_t n = t.shape()[dim];
  Tensor at = empty({w.before + n + w.after}, DType::int64);
  for (std::int64_t i = 0; i < at.numel(); ++i) at.data<std::int64_t>()[i] = source(mode, i - w.before, n);
  return index_select(t, dim, at.to(t.device()));
}

// Mirrored about the point of the edge itself: 2 * edge - mirrored, from the widened tensor on again until it is wide
// enough. As NumPy, each pass mirrors a multiple of the dimension's own period.
Tensor by_odd_mirror(const Tensor& given, int dim, PadWidth w, bool symmetric) {
  const std::int64_t original = given.shape()[dim];
  if (original == 1 && !symmetric) return by_index(given, dim, w, PadMode::edge);
  const bool half = is_half(given.dtype());
  Tensor t = half ? to(given, DType::float32) : given;
  const std::int64_t period = symmetric ? original : original - 1;
  while (w.before > 0 || w.after > 0) {
    const std::int64_t length = t.shape()[dim];
    // An edge that is mirrored itself belongs to the chunk.
    const std::int64_t chunk = symmetric ? length / period * period : (length - 1) / period * period;
    const std::int64_t skip = symmetric ? 0 : 1;
    const auto mirrored = [&](std::int64_t edge, std::int64_t from, std::int64_t count) {
      const Tensor part = flip(narrow(t, dim, from, count), Dims{dim});
      return sub(mul(narrow(t, dim, edge, 1), 2), part);
    };
    std::vector<Tensor> parts;
    const std::int64_t before = std::min(chunk, w.before), after = std::min(chunk, w.after);
    if (before > 0) parts.push_back(mirrored(0, skip, before));
    parts.push_back(t);
    if (after > 0) parts.push_back(mirrored(length - 1, length - skip - after, after));
    t = cat(parts, dim);
    w.before -= before;
    w.after -= after;
  }
  return half ? to(t, given.dtype()) : t;
}

// ---- borders that are made ----

Tensor constant(const Tensor& t, int dim, std::int64_t width, const Tensor& value) {
  const Dims shape = border_shape(t, dim, width);
  if (!value.defined()) return full(shape, 0, t.dtype(), t.device());
  if (is_complex(value.dtype()) && !is_complex(t.dtype())) errors::complex_to_real("pad", t.dtype());
  return expand(to(value, t.dtype(), t.device()), shape);
}

// From the end value, which comes first, towards the edge.
Tensor ramp(const Tensor& t, int dim, std::int64_t width, const Tensor& value, bool before) {
  const Tensor edge = precise(narrow(t, dim, before ? 0 : t.shape()[dim] - 1, 1));
  const Tensor end = value.defined() ? to(value, edge.dtype(), t.device()) : full({}, 0, edge.dtype(), t.device());
  const DType real = real_dtype(edge.dtype());
  Tensor steps = div(arange(0, width, 1, real, t.device()), static_cast<double>(width));
  if (!before) steps = flip(steps);
  Dims shape(t.ndim(), 1);
  shape[dim] = width;
  Tensor r = add(end, mul(sub(edge, end), reshape(steps, shape)));
  if (is_integral(t.dtype())) r = floor(r);  // as NumPy's linspace
  return to(r, t.dtype());
}

Tensor median_of(const Tensor& part, int dim) {
  const Tensor last = movedim(part, {dim}, {-1});
  const std::int64_t n = last.shape().back();
  const Tensor middle = order_statistics(contiguous(last), n % 2 ? Dims{n / 2} : Dims{n / 2 - 1, n / 2});
  return movedim(n % 2 ? middle : mean(middle, Dims{-1}, true), {-1}, {dim});
}

Tensor statistic(const Tensor& t, int dim, PadMode mode, std::int64_t from, std::int64_t count, std::int64_t width) {
  const Tensor part = narrow(t, dim, from, count);
  Tensor r;
  if (mode == PadMode::maximum) r = amax(part, Dims{dim}, true);
  else if (mode == PadMode::minimum) r = amin(part, Dims{dim}, true);
  else r = mode == PadMode::mean ? mean(precise(part), Dims{dim}, true) : median_of(precise(part), dim);
  if (is_integral(t.dtype()) && !is_integral(r.dtype())) r = rint(r);
  return expand(to(r, t.dtype()), border_shape(t, dim, width));
}

Tensor border(const Tensor& t, int dim, PadWidth w, PadMode mode, const PadValues& values, const PadWidth& stat,
              bool before) {
  const std::int64_t n = t.shape()[dim], width = before ? w.before : w.after;
  switch (mode) {
    case PadMode::constant: return constant(t, dim, width, before ? values.before : values.after);
    case PadMode::empty: return empty(border_shape(t, dim, width), t.dtype(), t.device());
    case PadMode::linear_ramp: return ramp(t, dim, width, before ? values.before : values.after, before);
    default: {
      const std::int64_t count = std::min(n, before ? stat.before : stat.after);
      return statistic(t, dim, mode, before ? 0 : n - count, count, width);
    }
  }
}

Tensor widen(const Tensor& t, int dim, PadWidth w, PadMode mode, const PadValues& values, const PadWidth& stat,
             bool odd) {
  if (w.before == 0 && w.after == 0) return t;
  if (t.shape()[dim] == 0 && mode != PadMode::constant && mode != PadMode::empty)
    errors::fail<ShapeError>("pad", "dimension ", dim, " is empty, and mode '", kNames[static_cast<int>(mode)],
                             "' needs an element; use 'constant' or 'empty'");
  if (odd && (mode == PadMode::reflect || mode == PadMode::symmetric))
    return by_odd_mirror(t, dim, w, mode == PadMode::symmetric);
  if (mode == PadMode::edge || mode == PadMode::wrap || mode == PadMode::reflect || mode == PadMode::symmetric)
    return by_index(t, dim, w, mode);
  std::vector<Tensor> parts;
  if (w.before > 0) parts.push_back(border(t, dim, w, mode, values, stat, true));
  parts.push_back(t);
  if (w.after > 0) parts.push_back(border(t, dim, w, mode, values, stat, false));
  return cat(parts, dim);
}

// Zeros all around, in one pass.
Tensor in_zeros(const Tensor& t, std::span<const PadWidth> widths) {
  Dims shape = t.shape();
  for (int d = 0; d < t.ndim(); ++d)
    shape[d] += widths[static_cast<std::size_t>(d)].before + widths[static_cast<std::size_t>(d)].after;
  const Tensor out = full(shape, 0, t.dtype(), t.device());
  Tensor inside = out;
  for (int d = 0; d < t.ndim(); ++d)
    inside = narrow(inside, d, widths[static_cast<std::size_t>(d)].before, t.shape()[d]);
  copy_(inside, t);
  return out;
}

void check(const Tensor& t, std::span<const PadWidth> widths, PadMode mode, std::span<const PadValues> values,
           std::span<const PadWidth> stat) {
  const auto n = static_cast<std::size_t>(t.ndim());
  if (widths.size() != n || (!values.empty() && values.size() != n) || (!stat.empty() && stat.size() != n))
    errors::fail<ShapeError>("pad", "a pair is needed for each of ", t.ndim(), " dimensions; got ",
                             static_cast<std::int64_t>(widths.size()));
  for (std::size_t d = 0; d < n; ++d) {
    std::int64_t size = t.shape()[static_cast<int>(d)];
    if (widths[d].before < 0 || widths[d].after < 0)
      errors::fail("pad", "widths must not be negative; got ", widths[d].before, " and ", widths[d].after);
    if (__builtin_add_overflow(size, widths[d].before, &size) || __builtin_add_overflow(size, widths[d].after, &size))
      errors::fail("pad", "widths ", widths[d].before, " and ", widths[d].after, " are too large");
    const bool statistic =
        mode == PadMode::maximum || mode == PadMode::minimum || mode == PadMode::mean || mode == PadMode::median;
    if (statistic && !stat.empty() && (stat[d].before < 1 || stat[d].after < 1))
      errors::fail("pad", "stat_length must be at least 1; got ", stat[d].before, " and ", stat[d].after);
  }
}

}  // namespace

PadMode pad_mode(const std::string& name) {
  std::string known;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<PadMode>(i);
    known += std::string(i ? ", '" : "'") + kNames[i] + "'";
  }
  errors::fail("pad", "mode is one of ", known, "; got '", name, "'");
}

Tensor pad(const Tensor& given, std::span<const PadWidth> widths, PadMode mode, std::span<const PadValues> values,
           std::span<const PadWidth> stat, bool odd) {
  check(given, widths, mode, values, stat);
  const auto set = [](const PadValues& v) { return v.before.defined() || v.after.defined(); };
  const bool none = std::all_of(widths.begin(), widths.end(), [](PadWidth w) { return w.before == 0 && w.after == 0; });
  if (none) return clone(given);
  if (mode == PadMode::constant && std::none_of(values.begin(), values.end(), set)) return in_zeros(given, widths);
  Tensor t = given;
  for (int d = 0; d < t.ndim(); ++d) {
    const auto i = static_cast<std::size_t>(d);
    t = widen(t, d, widths[i], mode, values.empty() ? PadValues() : values[i],
              stat.empty() ? PadWidth{t.shape()[d], t.shape()[d]} : stat[i], odd);
  }
  return t;
}

}  // namespace tenon
