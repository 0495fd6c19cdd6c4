// Counting elements by value. Every count ends in one accumulating index_put_.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/order.h"
#include "tenon/ops/quantile.h"
#include "tenon/ops/search.h"

namespace tenon {
namespace {

// The sums of weights (or the numbers of elements, without) for indices below `size`; nothing counts where `size` stands.
Tensor counted(const Tensor& indices, const Tensor& weights, std::int64_t size) {
  const Tensor at = reshape(indices, {-1});
  const Device device = at.device();
  if (!weights.defined()) {
    Tensor out = zeros({size + 1}, DType::int64, device);
    const Index where_[] = {at};
    index_put_(out, where_, Tensor::of(1, DType::int64, device), true);
    return narrow(out, 0, 0, size);
  }
  // Sums are formed in float64, those of integers in the widest of their kind.
  const DType own = weights.dtype();
  const DType sums = is_complex(own)                       ? DType::complex128
                     : is_floating(own)                    ? DType::float64
                     : kind(own) == Kind::unsigned_integer ? DType::uint64
                                                           : DType::int64;
  const Tensor w = reshape(to(weights, sums), {-1});
  Tensor out = zeros({size + 1}, w.dtype(), device);
  const Index where_[] = {at};
  index_put_(out, where_, w, true);
  return to(narrow(out, 0, 0, size), is_differentiable(own) ? own : sums);
}

void check_weights(const char* op, const Tensor& t, const Tensor& weights) {
  if (weights.defined() && weights.shape() != t.shape()) errors::wrong_shape(op, weights.shape(), t.shape());
  if (weights.defined() && is_float8(weights.dtype()))
    errors::dtype_not_supported(op, weights.dtype(), "weights of all other numbers");
}

// The elements in what edges are compared in.
DType edge_dtype(const Tensor& t) {
  return !is_floating(t.dtype()) ? DType::float64 : is_half(t.dtype()) ? DType::float32 : t.dtype();
}

struct Range {
  double low, high;
  bool of_elements;
};

Range find_range(const char* op, const Tensor& t, const Bins& bins) {
  Range r{0, 1, false};
  if (bins.range) {
    r = {bins.range->first, bins.range->second, false};
    if (!(r.low <= r.high)) errors::fail(op, "the range must ascend; got ", r.low, " to ", r.high);
    if (!std::isfinite(r.low) || !std::isfinite(r.high))
      errors::fail(op, "the range must be finite; got ", r.low, " to ", r.high);
  } else if (t.numel() > 0) {
    const Tensor x = to(t.detach(), edge_dtype(t));
    r = {amin(x).item<double>(), amax(x).item<double>(), true};
    if (!std::isfinite(r.low) || !std::isfinite(r.high))
      errors::fail(op, "the elements are not all finite: they range from ", r.low, " to ", r.high,
                   "; pass a range, or leave them out");
  }
  if (r.low == r.high) {
    r.low -= 0.5;
    r.high += 0.5;
  }
  return r;
}

// ---- the rules that choose the width of bins (0: one bin), as NumPy's ----
double count_of(const Tensor& x) { return static_cast<double>(x.numel()); }
double extent_of(const Tensor& x) { return ptp(x).item<double>(); }
double sturges(const Tensor& x) { return extent_of(x) / (std::log2(count_of(x)) + 1); }
double square_root(const Tensor& x) { return extent_of(x) / std::sqrt(count_of(x)); }
double rice(const Tensor& x) { return extent_of(x) / (2 * std::cbrt(count_of(x))); }
double deviation(const Tensor& x) { return std(x, {}, 0).item<double>(); }
double scott(const Tensor& x) { return std::cbrt(24 * std::sqrt(std::numbers::pi) / count_of(x)) * deviation(x); }
double doane(const Tensor& x) {
  const double n = count_of(x);
  if (n <= 2) return 0;
  const double spread = std::sqrt(6 * (n - 2) / ((n + 1) * (n + 3))), sigma = deviation(x);
  if (!(sigma > 0)) return 0;
  const Tensor z = div(sub(x, mean(x)), sigma);
  const double skewness = mean(mul(mul(z, z), z)).item<double>();
  return extent_of(x) / (1 + std::log2(n) + std::log2(1 + std::abs(skewness) / spread));
}
double freedman_diaconis(const Tensor& x) {
  const double q[] = {0.75, 0.25};
  const Tensor two = quantile(x, vector_of(q, kCpu));
  return 2 * sub(two[0], two[1]).item<double>() / std::cbrt(count_of(x));
}
// Stone 1984: the number of bins that costs least, by a cross-validated error.
double stone(const Tensor& x, const Range& r) {
  const double n = count_of(x), extent = extent_of(x);
  if (n <= 1 || extent == 0) return 0;
  const std::int64_t most = std::max<std::int64_t>(100, static_cast<std::int64_t>(std::sqrt(n)));
  double best = INFINITY;
  std::int64_t bins = 1;
  for (std::int64_t k = 1; k <= most; ++k) {
    const Tensor c = to(histogram(x, {.count = k, .edges = {}, .rule = {}, .range = std::pair{r.low, r.high}}).counts,
                        DType::float64);
    const Tensor p = div(c, n);
    const double cost = (2 - (n + 1) * sum(mul(p, p)).item<double>()) / (extent / static_cast<double>(k));
    if (cost < best) best = cost, bins = k;
  }
  return extent / static_cast<double>(bins);
}

std::int64_t bins_by_rule(const char* op, const Tensor& t, const std::string& rule, const Range& r) {
  static constexpr const char* kRules[] = {"auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt"};
  if (std::find(std::begin(kRules), std::end(kRules), rule) == std::end(kRules))
    errors::fail(op, "the rule must be auto, fd, doane, scott, stone, rice, sturges or sqrt; got '", rule, "'");
  NoGrad guard;
  Tensor x = reshape(to(t.detach(), DType::float64), {-1});
  x = masked_select(x, logical_and(ge(x, r.low), le(x, r.high)));
  if (x.numel() == 0) return 1;
  double width = 0;
  if (rule == "auto") {
    width = std::min(std::max(freedman_diaconis(x), square_root(x) / 2), sturges(x));
  } else if (rule == "fd") width = freedman_diaconis(x);
  else if (rule == "doane") width = doane(x);
  else if (rule == "scott") width = scott(x);
  else if (rule == "stone") width = stone(x, r);
  else if (rule == "rice") width = rice(x);
  else if (rule == "sturges") width = sturges(x);
  else width = square_root(x);
  if (!is_floating(t.dtype()) && width < 1) width = 1;  // integers do not lie closer
  if (!(width > 0)) return 1;
  return static_cast<std::int64_t>(std::ceil((r.high - r.low) / width));
}

struct Edges {
  Tensor values;  // 1-d, of the dtype that is compared in, without a gradient
  std::optional<Range> even;  // where they are at equal distances
  std::int64_t count() const { return values.numel() - 1; }
};

Edges find_edges(const char* op, const Tensor& t, const Bins& bins) {
  errors::check_real(op, t);
  if (bins.edges.defined()) {
    const Tensor e = bins.edges.detach();
    errors::check_real(op, e);
    if (e.ndim() != 1) errors::wrong_ndim(op, e.ndim(), "edges of 1 dimension");
    if (e.numel() > 1 && any(lt(slice(e, 0, 1, {}), slice(e, 0, {}, -1))).item<bool>())
      errors::fail(op, "the edges must ascend");
    return {e, {}};
  }
  const Range r = find_range(op, t, bins);
  const std::int64_t n = bins.rule.empty() ? bins.count : bins_by_rule(op, t, bins.rule, r);
  if (n < 1) errors::fail(op, "the number of bins must be positive; got ", n);
  const Tensor e = linspace(r.low, r.high, n + 1, true, edge_dtype(t), t.device());
  if (any(ge(slice(e, 0, {}, -1), slice(e, 0, 1, {}))).item<bool>())
    errors::fail(op, n, " bins between ", r.low, " and ", r.high, " have no width in ", e.dtype());
  return {e, r};
}

// Which bin each element is in; the number of bins where it is in none.
Tensor bin_of(const Tensor& t, const Edges& e) {
  NoGrad guard;
  const std::int64_t n = e.count();
  const Tensor x = t.detach();
  if (n < 1) return full(t.shape(), 0, DType::int64, t.device());
  const Tensor first = select(e.values, 0, 0), last = select(e.values, 0, n);
  const Tensor inside = logical_and(ge(beside(x, first), beside(first, x)), le(beside(x, last), beside(last, x)));
  Tensor i;
  if (e.even) {
    // By arithmetic, then mended where rounding has crossed an edge.
    const Tensor v = to(x, e.values.dtype());
    const double width = e.even->high - e.even->low;
    const Tensor place = mul(div(sub(v, e.even->low), width), static_cast<double>(n));
    i = minimum(to(where(inside, place, 0), DType::int64), n - 1);
    i = sub(i, lt(v, take(e.values, i)));
    i = add(i, logical_and(ge(v, take(e.values, add(i, 1))), ne(i, n - 1)));
  } else {
    i = minimum(sub(searchsorted(e.values, x, true), 1), n - 1);
  }
  return where(inside, i, n);
}

// The edges as a result: their slopes are those of the extremes, where the elements determine the range.
Tensor edges_with_gradient(const Tensor& t, const Edges& e, const Bins& bins) {
  if (bins.edges.defined()) return bins.edges;
  Tensor out = is_half(t.dtype()) ? to(e.values, t.dtype()) : e.values;
  if (!e.even || !e.even->of_elements || !autograd::needs_grad(t)) return out;
  const Tensor share = div(arange(0, e.count() + 1, 1, DType::float64, t.device()), static_cast<double>(e.count()));
  const Tensor s = to(share, t.dtype()), low = amin(t), high = amax(t);
  return add(out, add(mul(sub(low, low.detach()), sub(1, s)), mul(sub(high, high.detach()), s)));
}

}  // namespace

Tensor bincount(const Tensor& t, const Tensor& weights, std::int64_t minlength) {
  const char* op = "bincount";
  if (!is_integral(t.dtype()) && !is_bool(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "integers");
  if (t.ndim() != 1) errors::wrong_ndim(op, t.ndim(), "integers of 1 dimension");
  if (minlength < 0) errors::fail(op, "minlength must not be negative; got ", minlength);
  check_weights(op, t, weights);
  std::int64_t size = minlength;
  const Tensor x = to(t, DType::int64);
  if (t.numel() > 0) {
    const std::int64_t low = amin(x).item<std::int64_t>(), high = amax(x).item<std::int64_t>();
    if (low < 0) errors::fail(op, "the elements must not be negative; got ", low);
    size = std::max(size, high + 1);
  }
  const bool whole = weights.defined() && !is_differentiable(weights.dtype());
  return counted(x, whole ? to(weights, DType::float64) : weights, size);
}

Tensor histogram_bin_edges(const Tensor& t, const Bins& bins) {
  return edges_with_gradient(t, find_edges("histogram_bin_edges", t, bins), bins);
}

Histogram histogram(const Tensor& t, const Bins& bins, const Tensor& weights, bool density) {
  check_weights("histogram", t, weights);
  if (weights.defined() && !bins.rule.empty())
    errors::fail<TypeError>("histogram", "the rule '", bins.rule, "' takes no weights; pass the number of bins");
  const Edges e = find_edges("histogram", t, bins);
  Histogram h{counted(bin_of(t, e), weights, e.count()), edges_with_gradient(t, e, bins)};
  if (density) {
    const Tensor width = sub(slice(h.edges, 0, 1, {}), slice(h.edges, 0, {}, -1));
    const Tensor counts = is_differentiable(h.counts.dtype()) ? h.counts : to(h.counts, fractional(width).dtype());
    h.counts = div(div(counts, width), sum(counts));
  }
  return h;
}

Tensor histc(const Tensor& t, std::int64_t bins, double min, double max) {
  const char* op = "histc";
  errors::check_real(op, t);
  if (bins < 1) errors::fail(op, "the number of bins must be positive; got ", bins);
  Bins b{.count = bins, .edges = {}, .rule = {}, .range = {}};
  if (min != 0 || max != 0) b.range = {min, max};
  const Edges e = find_edges(op, t, b);
  return to(counted(bin_of(t, e), {}, bins), fractional(t).dtype());
}

HistogramDD histogramdd(const Tensor& points, std::span<const Bins> bins, const Tensor& weights, bool density) {
  const char* op = "histogramdd";
  if (points.ndim() != 2) errors::wrong_ndim(op, points.ndim(), "points (n, d) of 2 dimensions");
  const std::int64_t n = points.shape()[0], d = points.shape()[1];
  if (static_cast<std::int64_t>(bins.size()) != d)
    errors::fail(op, "bins are needed for each of the ", d, " dimensions; got ",
                 static_cast<std::int64_t>(bins.size()));
  if (weights.defined() && weights.shape() != Dims{n}) errors::wrong_shape(op, weights.shape(), {n});
  HistogramDD h;
  Dims shape;
  Tensor place = zeros({n}, DType::int64, points.device()), outside = full({n}, false, DType::bool_, points.device());
  for (std::int64_t j = 0; j < d; ++j) {
    const Bins& own = bins[static_cast<std::size_t>(j)];
    const Tensor x = select(points, 1, j);
    const Edges e = find_edges(op, x, own);
    const Tensor i = bin_of(x, e);
    outside = logical_or(outside, eq(i, e.count()));
    place = add(mul(place, e.count()), i);
    shape.push_back(e.count());
    h.edges.push_back(edges_with_gradient(x, e, own));
  }
  const std::int64_t size = shape.product();
  Tensor counts = counted(where(outside, size, place), weights, size);
  if (!weights.defined()) counts = to(counts, DType::float64);
  h.counts = reshape(counts, shape);
  if (density) {
    const Tensor total = sum(h.counts);
    for (int j = 0; j < shape.size(); ++j) {
      const Tensor& e = h.edges[static_cast<std::size_t>(j)];
      Dims along(shape.size(), 1);
      along[j] = shape[j];
      h.counts = div(h.counts, reshape(sub(slice(e, 0, 1, {}), slice(e, 0, {}, -1)), along));
    }
    h.counts = div(h.counts, total);
  }
  return h;
}

}  // namespace tenon
