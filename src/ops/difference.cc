// Differences and integrals along a dimension: slices, sums and products of them.
#include <cmath>

#include "ops/composing.h"
#include "ops/exact_compare.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/difference.h"
#include "tenon/ops/search.h"

namespace tenon {
namespace {

// What is joined to t along d: a 0-d end counts as one element there.
Tensor end_of(const Tensor& t, int d, const Tensor& end) {
  if (end.ndim() > 0) return end;
  Dims shape = t.shape();
  shape[d] = 1;
  return expand(to(end, end.dtype(), t.device()), shape);
}

Tensor neighbours(const Tensor& t, int d) {
  const Tensor a = slice(t, d, 1, {}), b = slice(t, d, {}, -1);
  return is_bool(t.dtype()) ? ne(a, b) : sub(a, b);
}

// 1-d numbers along dimension d of ndim.
Tensor along(const Tensor& v, int d, int ndim) {
  Dims shape(ndim, 1);
  shape[d] = v.numel();
  return reshape(v, shape);
}

// The slopes along d at distances of h.
Tensor slopes(const Tensor& f, int d, const Operand& h, std::int64_t edge_order) {
  const auto at = [&](std::int64_t i) { return narrow(f, d, i < 0 ? f.shape()[d] + i : i, 1); };
  const Tensor inner = div(sub(slice(f, d, 2, {}), slice(f, d, {}, -2)), mul(Tensor::of(2., f.dtype(), f.device()), h));
  Tensor first, last;
  if (edge_order == 1) {
    first = div(sub(at(1), at(0)), h);
    last = div(sub(at(-1), at(-2)), h);
  } else {
    first = div(add(sub(mul(at(1), 2), mul(at(0), 1.5)), mul(at(2), -0.5)), h);
    last = div(add(sub(mul(at(-1), 1.5), mul(at(-2), 2)), mul(at(-3), 0.5)), h);
  }
  const Tensor parts[] = {first, inner, last};
  return cat(parts, d);
}

// The slopes along d, where the elements stand at x.
Tensor slopes_at(const Tensor& f, int d, const Tensor& x, std::int64_t edge_order) {
  const std::int64_t n = f.shape()[d];
  const Tensor h = neighbours(x, 0);
  const auto step = [&](std::int64_t i) { return along(narrow(h, 0, i < 0 ? n - 1 + i : i, 1), d, f.ndim()); };
  const auto at = [&](std::int64_t i) { return narrow(f, d, i < 0 ? n + i : i, 1); };
  // Parabolas through three neighbours; a and b are the distances between them.
  const Tensor a = along(slice(h, 0, {}, -1), d, f.ndim()), b = along(slice(h, 0, 1, {}), d, f.ndim());
  const Tensor before = div(neg(b), mul(a, add(a, b))), here = div(sub(b, a), mul(a, b)),
               after = div(a, mul(b, add(a, b)));
  const Tensor inner =
      add(add(mul(before, slice(f, d, {}, -2)), mul(here, slice(f, d, 1, -1))), mul(after, slice(f, d, 2, {})));
  Tensor first, last;
  if (edge_order == 1) {
    first = div(sub(at(1), at(0)), step(0));
    last = div(sub(at(-1), at(-2)), step(-1));
  } else {
    const Tensor p = step(0), q = step(1), u = step(-2), v = step(-1);
    first = add(add(mul(div(neg(add(mul(p, 2), q)), mul(p, add(p, q))), at(0)), mul(div(add(p, q), mul(p, q)), at(1))),
                mul(div(neg(p), mul(q, add(p, q))), at(2)));
    last = add(add(mul(div(v, mul(u, add(u, v))), at(-3)), mul(div(neg(add(u, v)), mul(u, v)), at(-2))),
               mul(div(add(mul(v, 2), u), mul(v, add(u, v))), at(-1)));
  }
  const Tensor parts[] = {first, inner, last};
  return cat(parts, d);
}

// The areas between neighbours along d, the step not yet a factor; twice as large.
Tensor doubled_heights(const Tensor& y, int d) { return add(slice(y, d, 1, {}), slice(y, d, {}, -1)); }

// The distances of neighbours, to be multiplied with heights along d.
Tensor distances(const char* op, const Tensor& x, int d, const Tensor& y) {
  if (x.ndim() == 1) {
    if (x.numel() != y.shape()[d] && x.numel() != 1)
      errors::fail<ShapeError>(op, "x has ", x.numel(), " coordinates for ", y.shape()[d], " elements");
    return along(neighbours(x, 0), d, y.ndim());
  }
  if (x.ndim() == 0) errors::wrong_ndim(op, 0, "coordinates of at least 1 dimension");
  const int from_end = y.ndim() - d;
  if (from_end > x.ndim()) errors::no_broadcast(op, y.shape(), x.shape());
  return neighbours(x, x.ndim() - from_end);
}

Tensor areas(const char* op, const Tensor& y, const Tensor& x, int d) {
  return mul(doubled_heights(y, d), distances(op, x, d, y));
}

// f of the doubled areas, which are formed in what is precise and rounded once.
template <class F>
Tensor integral(const char* op, const Tensor& y, const Tensor& x, std::int64_t dim, F&& f) {
  const int d = normalize_axis(op, dim, y.ndim());
  const DType own = fractional(y).dtype();
  const DType result = is_differentiable(x.dtype()) ? promote(own, x.dtype()) : own;
  const Tensor wide = precise(y);
  // Differences of integers are exact; of unsigned and narrow ones they may be out of their dtype's range.
  const Tensor places = to(x, is_differentiable(x.dtype()) ? promote(wide.dtype(), x.dtype()) : DType::int64);
  return to(f(areas(op, wide, places, d)), result);
}
template <class F>
Tensor integral(const char* op, const Tensor& y, const Scalar& dx, std::int64_t dim, F&& f) {
  const Tensor heights = doubled_heights(precise(y), normalize_axis(op, dim, y.ndim()));
  return to(f(mul(heights, dx)), fractional(y).dtype());
}

}  // namespace

Tensor diff(const Tensor& t, std::int64_t n, std::int64_t dim, const Tensor& prepend, const Tensor& append) {
  if (n < 0) errors::fail("diff", "the order must not be negative; got ", n);
  if (t.ndim() == 0) errors::wrong_ndim("diff", 0, "a tensor of at least 1 dimension");
  const int d = normalize_axis("diff", dim, t.ndim());
  if (n == 0) return t;
  std::vector<Tensor> parts;
  if (prepend.defined()) parts.push_back(end_of(t, d, prepend));
  parts.push_back(t);
  if (append.defined()) parts.push_back(end_of(t, d, append));
  Tensor r = parts.size() > 1 ? cat(parts, d) : t;
  for (std::int64_t i = std::min(n, r.shape()[d]); i > 0; --i) r = neighbours(r, d);
  return r;
}

std::vector<Tensor> gradient(const Tensor& t, std::span<const Operand> spacing, const Axes& dims,
                             std::int64_t edge_order) {
  const char* op = "gradient";
  if (is_float8(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "all other numbers");
  if (edge_order != 1 && edge_order != 2) errors::fail(op, "edge_order must be 1 or 2; got ", edge_order);
  const Dims axes = normalize_axes(op, dims, t.ndim());
  const std::size_t count = static_cast<std::size_t>(axes.size());
  if (spacing.size() > 1 && spacing.size() != count)
    errors::fail<TypeError>(op, "one spacing, or one for each of the ", axes.size(), " dimensions is needed; got ",
                            static_cast<std::int64_t>(spacing.size()));
  const Tensor f = fractional(t), wide = precise(t);
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < count; ++i) {
    const int d = static_cast<int>(axes[static_cast<int>(i)]);
    if (f.shape()[d] < edge_order + 1)
      errors::fail(op, "at least ", edge_order + 1, " elements are needed along dimension ", d, "; got ", f.shape()[d]);
    const Operand h = spacing.empty() ? Operand(1.) : spacing[spacing.size() == 1 ? 0 : i];
    Tensor r;
    if (!h.is_tensor()) {
      r = slopes(wide, d, h, edge_order);
    } else if (const Tensor& x = h.tensor(); x.ndim() == 0) {
      r = slopes(wide, d, precise(x), edge_order);
    } else {
      if (x.ndim() != 1) errors::wrong_ndim(op, x.ndim(), "a spacing that is a number or 1-d coordinates");
      if (x.numel() != f.shape()[d])
        errors::fail(op, "dimension ", d, " has ", f.shape()[d], " elements; got ", x.numel(), " coordinates");
      // Integers may differ by more than their dtype holds.
      r = slopes_at(wide, d, precise(x), edge_order);
    }
    results.push_back(to(r, f.dtype()));
  }
  return results;
}

Tensor ediff1d(const Tensor& t, const Tensor& to_begin, const Tensor& to_end) {
  if (is_bool(t.dtype())) errors::dtype_not_supported("ediff1d", t.dtype(), "numbers");
  const auto end = [&](const Tensor& v) {
    if (!can_cast_same_kind(v.dtype(), t.dtype())) errors::result_does_not_fit("ediff1d", v.dtype(), t.dtype());
    return reshape(to(v, t.dtype(), t.device()), {-1});
  };
  const Tensor flat = reshape(t, {-1});
  Tensor inner = flat.numel() ? neighbours(flat, 0) : flat;
  if (!to_begin.defined() && !to_end.defined()) return inner;
  std::vector<Tensor> parts;
  if (to_begin.defined()) parts.push_back(end(to_begin));
  parts.push_back(inner);
  if (to_end.defined()) parts.push_back(end(to_end));
  return cat(parts);
}

namespace {
Tensor half_sum(const Tensor& areas, int d) { return mul(sum(areas, Dims{d}), 0.5); }
Tensor half_sums(const Tensor& areas, int d) { return mul(cumsum(areas, d), 0.5); }
}  // namespace

// Counted from the end, a dimension is the same after x, which may have more of them, was broadcast.
Tensor trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim) {
  const int d = normalize_axis("trapezoid", dim, y.ndim()) - y.ndim();
  return integral("trapezoid", y, x, dim, [&](const Tensor& a) { return half_sum(a, d); });
}
Tensor trapezoid(const Tensor& y, const Scalar& dx, std::int64_t dim) {
  const int d = normalize_axis("trapezoid", dim, y.ndim());
  return integral("trapezoid", y, dx, dim, [&](const Tensor& a) { return half_sum(a, d); });
}
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, std::int64_t dim) {
  const int d = normalize_axis("cumulative_trapezoid", dim, y.ndim()) - y.ndim();
  return integral("cumulative_trapezoid", y, x, dim, [&](const Tensor& a) { return half_sums(a, d); });
}
Tensor cumulative_trapezoid(const Tensor& y, const Scalar& dx, std::int64_t dim) {
  const int d = normalize_axis("cumulative_trapezoid", dim, y.ndim());
  return integral("cumulative_trapezoid", y, dx, dim, [&](const Tensor& a) { return half_sums(a, d); });
}

Tensor interp(const Tensor& x, const Tensor& xp, const Tensor& fp, std::optional<Scalar> left,
              std::optional<Scalar> right, std::optional<double> period) {
  const char* op = "interp";
  errors::check_real(op, x);
  errors::check_real(op, xp);
  if (xp.ndim() != 1) errors::wrong_ndim(op, xp.ndim(), "coordinates xp of 1 dimension");
  if (fp.shape() != xp.shape()) errors::wrong_shape(op, fp.shape(), xp.shape());
  if (xp.numel() == 0) errors::fail(op, "at least one point is needed; got none");
  // Coordinates are compared, and the lines formed, in what holds all three.
  const bool integers = !is_differentiable(x.dtype()) && !is_differentiable(xp.dtype());
  const bool rounds = rounds_in_float32(x.dtype()) || rounds_in_float32(xp.dtype());
  const DType coordinate = integers || rounds ? DType::float64 : promote(fractional(x).dtype(), fractional(xp).dtype());
  const DType result = promote(promote(fractional(x).dtype(), fractional(xp).dtype()), fractional(fp).dtype());
  const DType c = is_half(coordinate) ? DType::float32 : coordinate;
  Tensor at = to(x, c), knots = to(xp, c), heights = widened(fractional(fp));
  if (period) {
    if (*period == 0) errors::fail(op, "the period must not be 0");
    const double p = std::abs(*period);
    at = remainder(at, p);
    knots = remainder(knots, p);
    const Tensor order = argsort(knots.detach());
    knots = take(knots, order);
    heights = take(heights, order);
    const Tensor around[] = {sub(narrow(knots, 0, knots.numel() - 1, 1), p), knots, add(narrow(knots, 0, 0, 1), p)};
    const Tensor values[] = {narrow(heights, 0, heights.numel() - 1, 1), heights, narrow(heights, 0, 0, 1)};
    knots = cat(around);
    heights = cat(values);
  }
  const std::int64_t n = knots.numel();
  const Tensor first = select(heights, 0, 0), last = select(heights, 0, n - 1);
  const Tensor below = lt(at, select(knots, 0, 0)), above = gt(at, select(knots, 0, n - 1));
  Tensor y;
  if (n == 1) {
    y = where(isnan(at), at, first);
  } else {
    const Tensor i = minimum(maximum(sub(searchsorted(knots.detach(), at.detach(), true), 1), 0), n - 2);
    const Tensor x0 = take(knots, i), x1 = take(knots, add(i, 1)), y0 = take(heights, i), y1 = take(heights, add(i, 1));
    const Tensor dx = sub(x1, x0), slope = div(sub(y1, y0), where(eq(dx, 0), 1, dx));
    y = add(mul(slope, sub(at, x0)), y0);
    const Tensor from_right = add(mul(slope, sub(at, x1)), y1), on_left = eq(at, x0), on_right = eq(at, x1);
    y = where(on_right, from_right, y);  // the last point exactly
    // Beside infinite points: a point itself, or from the other end of the line, or along it.
    const Tensor flat = where(logical_and(isnan(from_right), eq(y0, y1)), y0, from_right);
    const Tensor lost = logical_and(isnan(y), logical_not(isnan(at)));
    y = where(lost, where(on_left, y0, where(on_right, y1, flat)), y);
  }
  y = where(below, left ? Tensor::of(*left, y.dtype(), y.device()) : to(first, y.dtype()), y);
  y = where(above, right ? Tensor::of(*right, y.dtype(), y.device()) : to(last, y.dtype()), y);
  return to(y, result);
}

Tensor unwrap(const Tensor& t, std::optional<double> discont, std::int64_t dim, const Scalar& period) {
  const char* op = "unwrap";
  errors::check_real(op, t);
  if (t.ndim() == 0) errors::wrong_ndim(op, 0, "a tensor of at least 1 dimension");
  const int d = normalize_axis(op, dim, t.ndim());
  const bool integers = !is_floating(t.dtype()) && period.is_integral();
  const Tensor x = integers ? (is_bool(t.dtype()) ? to(t, DType::int64) : t) : fractional(t);
  if (x.shape()[d] < 2) return clone(x);
  // The correction is a step function: it has no gradient.
  const Tensor wide = widened(x.detach()), jump = neighbours(wide, d);
  const auto number = [&](double v) { return integers ? Scalar(static_cast<std::int64_t>(v)) : Scalar(v); };
  const double p = period.to<double>(), middle = integers ? std::floor(p / 2) : p / 2;
  Tensor wrapped = sub(remainder(add(jump, number(middle)), number(p)), number(middle));
  if (!integers || period.to<std::int64_t>() % 2 == 0)  // where both ends of the interval are the same: as the jump
    wrapped = where(logical_and(eq(wrapped, number(-middle)), gt(jump, 0)), number(middle), wrapped);
  const double limit = std::max(discont.value_or(0), period.to<double>() / 2);
  const Tensor correction = where(lt(abs(jump), limit), 0, sub(wrapped, jump));
  const Tensor rest = to(add(to(slice(x, d, 1, {}), wide.dtype()), to(cumsum(correction, d), wide.dtype())), x.dtype());
  const Tensor parts[] = {narrow(x, d, 0, 1), rest};
  return cat(parts, d);
}

}  // namespace tenon
