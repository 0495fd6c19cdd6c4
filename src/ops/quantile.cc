// Quantiles by order statistics. Where NaNs are left out, the number of elements differs from slice to slice, and what
// is a number otherwise is a tensor of one number for each slice.
#include <algorithm>
#include <array>
#include <cmath>

#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops/quantile.h"
#include "tenon/ops/search.h"

namespace tenon {
namespace {

// The place of the q-quantile among n elements in order, counted from 0, is n * q - 1 + shift + slope * q (Hyndman and
// Fan, 1996); what becomes of a place between two elements.
enum class Between : std::uint8_t { mix, lower, higher, halfway, nearest, step_up, step_half, step_even };
struct Method {
  std::string_view name;
  double shift, slope;
  Between between;
};
constexpr std::array<Method, 13> kMethods{{
    {"linear", 1, -1, Between::mix},
    {"lower", 1, -1, Between::lower},
    {"higher", 1, -1, Between::higher},
    {"midpoint", 1, -1, Between::halfway},
    {"nearest", 1, -1, Between::nearest},
    {"inverted_cdf", 0, 0, Between::step_up},
    {"averaged_inverted_cdf", 0, 0, Between::step_half},
    {"closest_observation", -0.5, 0, Between::step_even},
    {"interpolated_inverted_cdf", 0, 0, Between::mix},
    {"hazen", 0.5, 0, Between::mix},
    {"weibull", 0, 1, Between::mix},
    {"median_unbiased", 1. / 3, 1. / 3, Between::mix},
    {"normal_unbiased", 3. / 8, 1. / 4, Between::mix},
}};
// Whether every quantile is an element.
bool gives_elements(const Method& m) {
  return m.between != Between::mix && m.between != Between::halfway && m.between != Between::step_half;
}

const Method& find_method(const char* op, const std::string& name) {
  for (const Method& m : kMethods)
    if (m.name == name) return m;
  std::string all;
  for (const Method& m : kMethods) all += (all.empty() ? "" : ", ") + std::string(m.name);
  errors::fail(op, "the method must be one of ", all, "; got '", name, "'");
}

// ---- formulas over numbers and over tensors of numbers alike ----
double floor_of(double v) { return std::floor(v); }
Tensor floor_of(const Tensor& v) { return floor(v); }
Tensor operator>(const Tensor& a, double b) { return gt(a, b); }
Tensor operator==(const Tensor& a, double b) { return eq(a, b); }
double pick(bool c, double a, double b) { return c ? a : b; }
Tensor pick(const Tensor& c, const Operand& a, const Operand& b) { return to(where(c, a, b), DType::float64); }
double limited(double v, double low, double high) { return std::clamp(v, low, high); }
Tensor limited(const Tensor& v, double low, const Tensor& high) { return minimum(maximum(v, low), high); }

// The quantile is low + (high - low) * weight of the elements with these ranks.
template <class N>
struct Place {
  N low, high, weight;
};
template <class N>
Place<N> place(const Method& m, const N& n, double q) {
  // n * q - q instead of (n - 1) * q would be rounded twice.
  const N at = m.slope == -1 ? (n - 1) * q : n * q + (m.shift - 1 + m.slope * q);
  N low = floor_of(at), weight = at - low;
  switch (m.between) {
    case Between::mix: break;
    case Between::lower: weight = weight * 0.; break;
    case Between::higher:
    case Between::step_up: weight = pick(weight > 0., 1., 0.); break;
    case Between::halfway: weight = pick(weight > 0., 0.5, 0.); break;
    case Between::step_half: weight = pick(weight > 0., 1., 0.5); break;
    // Ties go to the even one, by the rank from 0 and by the rank from 1.
    case Between::nearest:
      weight = pick(weight == 0.5, low - floor_of(low * 0.5) * 2., pick(weight > 0.5, 1., 0.));
      break;
    case Between::step_even: weight = pick(weight > 0., 1., floor_of(low * 0.5) * 2. - low + 1.); break;
  }
  const N last = n - 1;
  N high = limited(low + 1, 0, last);
  return {limited(low, 0, last), high, weight};
}

// a + (b - a) * weight, from the nearer end, as NumPy; equal infinities stay what they are.
Tensor mixed(const Tensor& a, const Tensor& b, const Operand& weight) {
  const Tensor d = sub(b, a);
  Tensor r;
  if (weight.is_tensor()) {
    const Tensor& w = weight.tensor();
    r = where(lt(w, 0.5), add(a, mul(d, w)), sub(b, mul(d, sub(1, w))));
  } else {
    const double w = weight.scalar().to<double>();
    r = w < 0.5 ? add(a, mul(d, w)) : sub(b, mul(d, 1 - w));
  }
  Tensor same = eq(a, b);
  if (autograd::needs_grad(d)) same = logical_and(same, isinf(a));
  return where(same, a, r);
}

// Rows of elements, and what they are asked for.
struct Request {
  const char* op;
  const Method& method;
  Tensor rows;             // (..., n)
  std::vector<double> q;   // flat, from 0 to 1
  Tensor q_grad;           // the same as a tensor that requires grad, or undefined
  DType result;
};

// (..., number of quantiles) of slices that all have n elements; a NaN among them makes NaN of all.
Tensor by_rank(const Request& r) {
  const std::int64_t n = r.rows.shape().back(), count = static_cast<std::int64_t>(r.q.size());
  std::vector<Place<double>> places;
  std::vector<std::int64_t> ranks;
  for (const double q : r.q) {
    Place<double> p = place(r.method, static_cast<double>(n), q);
    if (p.weight == 0 && !r.q_grad.defined()) p.high = p.low;
    if (p.weight == 1 && !r.q_grad.defined()) p.low = p.high;
    places.push_back(p);
    ranks.push_back(static_cast<std::int64_t>(p.low));
    ranks.push_back(static_cast<std::int64_t>(p.high));
  }
  std::sort(ranks.begin(), ranks.end());
  ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
  const Tensor found = order_statistics(r.rows, Dims(ranks));
  const auto column = [&](double rank) {
    return std::lower_bound(ranks.begin(), ranks.end(), static_cast<std::int64_t>(rank)) - ranks.begin();
  };
  if (count == 1 && !r.q_grad.defined()) {  // the commonest case, by views
    const Tensor a = narrow(found, -1, column(places[0].low), 1);
    if (places[0].low == places[0].high) return to(a, r.result);
    const Tensor b = narrow(found, -1, column(places[0].high), 1);
    return to(mixed(precise(a), precise(b), places[0].weight), r.result);
  }
  std::vector<std::int64_t> low, high;
  std::vector<double> weight;
  for (const auto& p : places) {
    low.push_back(column(p.low));
    high.push_back(column(p.high));
    weight.push_back(p.low == p.high ? 0 : p.weight);
  }
  const Device device = r.rows.device();
  const Tensor a = index_select(found, -1, vector_of(low, device));
  if (low == high) return to(a, r.result);
  const Tensor b = index_select(found, -1, vector_of(high, device));
  const Tensor x = precise(a), y = precise(b);
  Tensor w = vector_of(weight, device);
  if (r.q_grad.defined()) {
    // The weight grows with the place; between the lowest and the highest element alone.
    const Tensor inside = ne(vector_of(low, device), vector_of(high, device));
    const double slope = static_cast<double>(n) + r.method.slope;
    w = add(w, where(inside, mul(sub(r.q_grad, r.q_grad.detach()), slope), 0));
  }
  return to(mixed(x, y, to(w, x.dtype())), r.result);
}

// The same for slices that have as many elements as are not NaN.
Tensor by_count(const Request& r) {
  if (r.rows.shape().back() == 0) {
    Dims shape = r.rows.shape();
    shape[shape.size() - 1] = static_cast<std::int64_t>(r.q.size());
    return full(shape, NAN, r.result, r.rows.device());
  }
  // Selecting costs less than sorting, where the slices hold equally many.
  const Tensor valid = logical_not(isnan(r.rows.detach()));
  const std::int64_t total = count_nonzero(valid).item<std::int64_t>();
  if (total == valid.numel() || (r.rows.ndim() == 1 && total > 0)) {
    Request same = r;
    if (total < valid.numel()) same.rows = masked_select(r.rows, valid);
    return by_rank(same);
  }
  const Tensor ordered = sort(r.rows);  // NaNs last
  const Tensor n = maximum(to(count_nonzero(valid, Dims{-1}, true), DType::float64), 1);
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < r.q.size(); ++i) {
    const Place<Tensor> p = place(r.method, n, r.q[i]);
    const Tensor low = to(p.low, DType::int64), high = to(p.high, DType::int64);
    const Tensor a = gather(ordered, -1, low), b = gather(ordered, -1, high);
    if (gives_elements(r.method)) {
      results.push_back(where(gt(p.weight, 0.5), b, a));
      continue;
    }
    Tensor w = where(eq(low, high), 0, p.weight);
    if (r.q_grad.defined()) {
      const Tensor q = narrow(r.q_grad, 0, static_cast<std::int64_t>(i), 1);
      w = add(w, mul(where(eq(low, high), 0, add(n, r.method.slope)), sub(q, q.detach())));
    }
    const Tensor x = precise(a);
    results.push_back(to(mixed(x, precise(b), to(w, x.dtype())), r.result));
  }
  return cat(results, -1);
}

// q, flat and from 0 to 1, and its values on the host.
Tensor levels_of(const char* op, const Tensor& q, double scale, std::vector<double>& values) {
  Tensor levels = reshape(to(q, DType::float64), {-1});
  if (scale != 1) levels = div(levels, scale);
  const Tensor host = to(levels.detach(), DType::float64, kCpu);
  for (std::int64_t i = 0; i < host.numel(); ++i) {
    const double v = host.data<double>()[i * host.strides()[0]];
    if (!(v >= 0 && v <= 1)) errors::fail(op, "q must be from 0 to ", static_cast<int>(scale), "; got ", v * scale);
    values.push_back(v);
  }
  return levels;
}

// (q's shape, rest) of (rest, number of quantiles).
Tensor levels_first(const Tensor& y, const Tensor& q, const Dims& rest) {
  Dims shape = q.shape();
  for (const std::int64_t n : rest) shape.push_back(n);
  return reshape(y.ndim() > 1 && q.numel() > 1 ? movedim(y, {-1}, {0}) : y, shape);
}

Tensor quantile_as(const char* op, const Tensor& t, const Tensor& q, double scale, const Axes& dims, bool keepdim,
                   const std::string& method, bool skip_nan) {
  errors::check_real(op, t);
  errors::check_real(op, q);
  const Method& m = find_method(op, method);
  const Slices s = slices(op, t, dims);
  skip_nan = skip_nan && is_floating(t.dtype());
  if (s.count() == 0 && !skip_nan) errors::empty_reduction(op, t.shape(), "the dimensions of the quantile");
  const DType result = is_floating(t.dtype()) || gives_elements(m) ? t.dtype() : default_float();
  Request r{op, m, s.rows, {}, {}, result};
  const Tensor levels = levels_of(op, q, scale, r.q);
  if (autograd::needs_grad(levels)) {
    if (m.between != Between::mix)
      errors::fail<GradError>(op, "the method '", method,
                              "' has no derivative by q; use .detach() where q is taken as a constant");
    r.q_grad = to(levels, DType::float64, t.device());
  }
  if (r.q.empty()) {
    Dims shape = q.shape();
    for (const std::int64_t n : s.shape(keepdim)) shape.push_back(n);
    return empty(shape, result, t.device());
  }
  return levels_first(skip_nan ? by_count(r) : by_rank(r), q, s.shape(keepdim));
}

// ---- medians ----
Tensor halfway(const Tensor& a, const Tensor& b) {
  Tensor same = eq(a, b);
  if (autograd::needs_grad(a, b)) same = logical_and(same, isinf(a));
  return where(same, a, add(mul(a, 0.5), mul(b, 0.5)));
}

Tensor median_as(const char* op, const Tensor& t, const Axes& dims, bool keepdim, bool skip_nan) {
  errors::check_real(op, t);
  const Slices s = slices(op, t, dims);
  const DType result = is_floating(t.dtype()) ? t.dtype() : default_float();
  const std::int64_t n = s.count();
  if (n == 0) return full(s.shape(keepdim), NAN, result, t.device());
  Tensor y;
  if (skip_nan && is_floating(t.dtype())) {
    const Tensor ordered = sort(s.rows);
    const Tensor last = maximum(sub(count_nonzero(logical_not(isnan(s.rows.detach())), Dims{-1}, true), 1), 0);
    const Tensor low = floor_divide(last, 2);
    const Tensor a = gather(ordered, -1, low), b = gather(ordered, -1, sub(last, low));
    y = halfway(precise(a), precise(b));
  } else if (n % 2) {
    y = order_statistics(s.rows, {n / 2});
  } else {
    const Tensor two = order_statistics(s.rows, {n / 2 - 1, n / 2});
    y = halfway(precise(narrow(two, -1, 0, 1)), precise(narrow(two, -1, 1, 1)));
  }
  return reshape(to(y, result), s.shape(keepdim));
}

// The element at rank (n - 1) / 2, where it stands.
ValuesIndices lower_median_as(const char* op, const Tensor& t, std::int64_t dim, bool keepdim, bool skip_nan) {
  errors::check_real(op, t);
  const int d = normalize_axis(op, dim, t.ndim());
  const std::int64_t n = t.ndim() ? t.shape()[d] : 1;
  if (n == 0) errors::empty_reduction(op, t.shape(), errors::text("dimension ", d));
  const Tensor order = argsort(t.detach(), d);
  Tensor at = t.ndim() ? narrow(order, d, (n - 1) / 2, 1) : order;
  if (is_floating(t.dtype()) && t.ndim() > 0) {
    const Tensor valid = count_nonzero(logical_not(isnan(t.detach())), Dims{d}, true);
    // NaNs are last in order.
    at = skip_nan ? gather(order, d, floor_divide(maximum(sub(valid, 1), 0), 2))
                  : where(eq(valid, n), at, gather(order, d, minimum(valid, n - 1)));
  }
  ValuesIndices r{gather(t, d, at), at};
  if (keepdim || t.ndim() == 0) return r;
  return {squeeze(r.values, Dims{d}), squeeze(r.indices, Dims{d})};
}

Tensor lower_median_of_all(const char* op, const Tensor& t, bool skip_nan) {
  errors::check_real(op, t);
  Tensor x = reshape(t, {-1});
  if (skip_nan && is_floating(t.dtype())) x = masked_select(x, logical_not(isnan(x.detach())));
  if (x.numel() > 0) return reshape(order_statistics(x, {(x.numel() - 1) / 2}), {});
  if (!is_floating(t.dtype())) errors::empty_reduction(op, t.shape(), "all dimensions");
  return full({}, NAN, t.dtype(), t.device());
}

}  // namespace

Tensor quantile(const Tensor& t, const Tensor& q, const Axes& dims, bool keepdim, const std::string& method) {
  return quantile_as("quantile", t, q, 1, dims, keepdim, method, false);
}
Tensor percentile(const Tensor& t, const Tensor& q, const Axes& dims, bool keepdim, const std::string& method) {
  return quantile_as("percentile", t, q, 100, dims, keepdim, method, false);
}
Tensor nanquantile(const Tensor& t, const Tensor& q, const Axes& dims, bool keepdim, const std::string& method) {
  return quantile_as("nanquantile", t, q, 1, dims, keepdim, method, true);
}
Tensor nanpercentile(const Tensor& t, const Tensor& q, const Axes& dims, bool keepdim, const std::string& method) {
  return quantile_as("nanpercentile", t, q, 100, dims, keepdim, method, true);
}
Tensor weighted_quantile(const Tensor& t, const Tensor& q, const Tensor& weights, const Axes& dims, bool keepdim,
                         bool skip_nan) {
  const char* op = "quantile";
  errors::check_real(op, t);
  errors::check_real(op, weights);
  if (autograd::needs_grad(weights, q))
    errors::fail<GradError>(op, "there is no derivative by weights, or by q with them; use .detach()");
  Tensor w = weights;
  if (w.shape() != t.shape()) {
    const Dims axes = normalize_axes(op, dims, t.ndim());
    if (axes.size() != 1 || w.shape() != Dims{t.shape()[static_cast<int>(axes[0])]})
      errors::fail<ShapeError>(op, "weights have the shape of the elements, ", t.shape(),
                               ", or one dimension along the one that is reduced; got ", w.shape());
    Dims along(t.ndim(), 1);
    along[static_cast<int>(axes[0])] = w.numel();
    w = expand(reshape(w, along), t.shape());
  }
  const Slices s = slices(op, t, dims);
  if (s.count() == 0) errors::empty_reduction(op, t.shape(), "the dimensions of the quantile");
  std::vector<double> values;
  const Tensor levels = to(levels_of(op, q, 1, values), DType::float64, t.device());
  w = to(slices(op, w, dims).rows, DType::float64);
  if (any(lt(w, 0)).item<bool>()) errors::fail(op, "weights must not be negative");
  const Tensor nans = is_floating(t.dtype()) ? isnan(s.rows.detach()) : Tensor();
  if (nans.defined() && skip_nan) w = where(nans, 0, w);
  const Tensor order = argsort(s.rows.detach());
  const Tensor sums = cumsum(gather(w, -1, order), -1), total = narrow(sums, -1, s.count() - 1, 1);
  Dims rows = total.shape();
  rows[rows.size() - 1] = levels.numel();
  // What weighs nothing at the front is not the 0-quantile.
  const Tensor at = searchsorted(where(eq(sums, 0), -1, sums), expand(mul(total, levels), rows));
  Tensor y = gather(gather(s.rows, -1, order), -1, minimum(at, s.count() - 1));
  if (nans.defined()) {
    const Tensor lost = skip_nan ? all(nans, Dims{-1}, true) : any(nans, Dims{-1}, true);
    y = where(lost, NAN, y);
  }
  return levels_first(y, q, s.shape(keepdim));
}
Tensor median(const Tensor& t, const Axes& dims, bool keepdim) { return median_as("median", t, dims, keepdim, false); }
Tensor nanmedian(const Tensor& t, const Axes& dims, bool keepdim) {
  return median_as("nanmedian", t, dims, keepdim, true);
}
ValuesIndices lower_median(const Tensor& t, std::int64_t dim, bool keepdim) {
  return lower_median_as("median", t, dim, keepdim, false);
}
ValuesIndices nan_lower_median(const Tensor& t, std::int64_t dim, bool keepdim) {
  return lower_median_as("nanmedian", t, dim, keepdim, true);
}

Tensor lower_median(const Tensor& t) { return lower_median_of_all("median", t, false); }
Tensor nan_lower_median(const Tensor& t) { return lower_median_of_all("nanmedian", t, true); }

}  // namespace tenon
