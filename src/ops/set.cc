// Tensors as sets: after sorting, equal elements stand side by side.
#include "ops/composing.h"
#include "ops/exact_compare.h"
#include "tenon/elementwise.h"
#include "tenon/ops/search.h"
#include "tenon/ops/set.h"

namespace tenon {
namespace {

// Whether an element of a 1-d tensor differs from the one before it; the first one does.
Tensor starts_of_runs(const Tensor& t, bool equal_nan) {
  const std::int64_t n = t.numel();
  Tensor out = full({n}, true, DType::bool_, t.device());
  if (n < 2) return out;
  const Tensor x = is_float8(t.dtype()) ? to(t, DType::float32) : t;
  const Tensor a = slice(x, 0, 1, {}), b = slice(x, 0, {}, -1);
  Tensor differs = ne(a, b);
  if (equal_nan && is_differentiable(x.dtype()))
    differs = logical_and(differs, logical_not(logical_and(isnan(a), isnan(b))));
  Tensor rest = narrow(out, 0, 1, n - 1);
  copy_(rest, differs);
  return out;
}

// How long the runs are that start at these positions among n elements.
Tensor lengths_of_runs(const Tensor& starts, std::int64_t n) {
  const Tensor parts[] = {starts, full({1}, n, DType::int64, starts.device())};
  const Tensor ends = cat(parts);
  return sub(slice(ends, 0, 1, {}), slice(ends, 0, {}, -1));
}

// Which run each element belongs to.
Tensor runs_of(const Tensor& starts_mask) { return sub(cumsum(starts_mask, 0), 1); }

// runs, of elements in the order `order`, as of the elements where they stand.
Tensor in_place(const Tensor& runs, const Tensor& order) {
  const Tensor out = empty(runs.shape(), DType::int64, runs.device());
  return scatter(out, 0, order, runs);
}

// The rank of each row of (n, k) among the distinct rows, by its elements in order: the ranks of one column after the
// other join to one integer, which is made small again before it overflows.
Tensor ranks_of_rows(const Tensor& rows, bool equal_nan) {
  const std::int64_t n = rows.shape()[0], k = rows.shape()[1];
  Tensor rank = zeros({n}, DType::int64, rows.device());
  std::int64_t bound = 1;
  const std::int64_t most = std::int64_t{1} << 62;
  for (std::int64_t j = 0; j < k; ++j) {
    const Tensor column = select(rows, 1, j);
    const Unique u = unique(column, {}, {.inverse = true}, equal_nan);
    const std::int64_t distinct = std::max<std::int64_t>(u.values.numel(), 1);
    if (bound > most / distinct) {
      const Unique smaller = unique(rank, {}, {.inverse = true});
      rank = smaller.inverse;
      bound = smaller.values.numel();
    }
    rank = add(mul(rank, distinct), u.inverse);
    bound *= distinct;
  }
  return rank;
}

Unique unique_flat(const Tensor& t, UniqueParts parts, bool equal_nan) {
  const Tensor flat = reshape(t, {-1});
  const std::int64_t n = flat.numel();
  const bool flows = autograd::needs_grad(t);  // asked once: another thread may change what t requires
  const bool needs_order = parts.indices || parts.inverse || flows;
  ValuesIndices s;
  {
    NoGrad guard;
    s = needs_order ? sort_with_indices(flat.detach()) : ValuesIndices{sort(flat.detach()), {}};
  }
  const Tensor mask = starts_of_runs(s.values, equal_nan), starts = positions_of(mask);
  Unique u;
  const Tensor first = needs_order ? take(s.indices, starts) : Tensor();
  u.values = flows ? take(flat, first) : take(s.values, starts);
  if (parts.indices) u.indices = first;
  if (parts.inverse) u.inverse = reshape(in_place(runs_of(mask), s.indices), t.shape());
  if (parts.counts) u.counts = lengths_of_runs(starts, n);
  return u;
}

// The rows that a dimension's slices are.
Tensor rows_of(const char* op, const Tensor& t, int d) {
  if (t.ndim() == 0) errors::wrong_ndim(op, 0, "a tensor of at least 1 dimension");
  const std::int64_t n = t.shape()[d];
  return reshape(movedim(t.detach(), Dims{d}, Dims{0}), {n, n ? t.numel() / n : 0});
}

}  // namespace

Unique unique(const Tensor& t, std::optional<std::int64_t> dim, UniqueParts parts, bool equal_nan) {
  if (!dim) return unique_flat(t, parts, equal_nan);
  const int d = normalize_axis("unique", *dim, t.ndim());
  const Tensor rows = rows_of("unique", t, d);
  Unique u = unique_flat(ranks_of_rows(rows, equal_nan),
                         {.indices = true, .inverse = parts.inverse, .counts = parts.counts}, true);
  u.values = index_select(t, d, u.indices);
  if (!parts.indices) u.indices = {};
  return u;
}

Unique unique_consecutive(const Tensor& t, std::optional<std::int64_t> dim, UniqueParts parts) {
  const char* op = "unique_consecutive";
  Tensor key = reshape(t.detach(), {-1});
  int d = 0;
  if (dim) {
    d = normalize_axis(op, *dim, t.ndim());
    key = ranks_of_rows(rows_of(op, t, d), false);
  }
  const Tensor mask = starts_of_runs(key, false), starts = positions_of(mask);
  Unique u;
  u.values = dim ? index_select(t, d, starts) : take(t, starts);
  if (parts.inverse) u.inverse = dim ? runs_of(mask) : reshape(runs_of(mask), t.shape());
  if (parts.counts) u.counts = lengths_of_runs(starts, key.numel());
  return u;
}

namespace {

// Which elements are integers that a 64-bit dtype holds.
Tensor fits(const Tensor& t, DType wide) {
  const bool is_signed = kind(wide) == Kind::signed_integer;
  if (is_integral(t.dtype())) return is_signed ? le(t, INT64_MAX) : ge(t, 0);
  const Tensor x = to(t, DType::float64);
  return logical_and(eq(x, trunc(x)), logical_and(ge(x, is_signed ? -0x1p63 : 0), lt(x, is_signed ? 0x1p63 : 0x1p64)));
}

// 64-bit integers beside numbers of another kind are matched as integers: float64, where promotion leads, rounds them.
Tensor isin_wide(const Tensor& elements, const Tensor& tests) {
  if (!is_wide(tests.dtype())) {
    const Tensor flat = reshape(tests, {-1});
    return isin(elements, to(masked_select(flat, fits(flat, elements.dtype())), elements.dtype()));
  }
  const Tensor whole = fits(elements, tests.dtype());
  return logical_and(isin(to(where(whole, elements, 0), tests.dtype()), tests), whole);
}

}  // namespace

Tensor isin(const Tensor& elements, const Tensor& test_elements, bool invert) {
  if (elements.device() != test_elements.device() && test_elements.ndim() > 0)
    errors::device_mismatch("isin", elements.device(), test_elements.device());
  const DType own = elements.dtype(), other = test_elements.dtype();
  if (!is_float8(own) && !is_float8(other) && !compared_dtypes(own, other).one()) {
    const Tensor found = isin_wide(elements.detach(), to(test_elements.detach(), other, elements.device()));
    return invert ? logical_not(found) : found;
  }
  const Tensor a = beside(elements.detach(), test_elements), b = beside(test_elements.detach(), elements);
  const DType d = promote(a.dtype(), b.dtype());
  const Tensor x = to(a, d), sorted = sort(reshape(to(b, d, a.device()), {-1}), 0);
  if (sorted.numel() == 0) return full(x.shape(), invert, DType::bool_, x.device());
  if (is_complex(d)) {  // which have no search
    const Tensor flat = reshape(x, {-1}), all[] = {sorted, flat};
    const Tensor ids = unique(cat(all), {}, {.inverse = true}).inverse;
    const std::int64_t n = sorted.numel();
    const Tensor known = reshape(isin(narrow(ids, 0, n, flat.numel()), narrow(ids, 0, 0, n)), x.shape());
    const Tensor found = logical_and(known, logical_not(isnan(x)));
    return invert ? logical_not(found) : found;
  }
  const Tensor nearest = take(sorted, minimum(searchsorted(sorted, x), sorted.numel() - 1));
  return invert ? ne(nearest, x) : eq(nearest, x);
}

Tensor union1d(const Tensor& a, const Tensor& b) {
  const Tensor both[] = {reshape(a, {-1}), reshape(b, {-1})};
  return unique(cat(both)).values;
}

namespace {

// The distinct elements of each, in dtypes of their own: isin() matches them by value.
std::pair<Tensor, Tensor> distinct(const Tensor& a, const Tensor& b, bool assume_unique) {
  const Tensor x = reshape(a, {-1}), y = reshape(b, {-1});
  if (assume_unique) return {x, y};
  return {unique(x).values, unique(y).values};
}

}  // namespace

Tensor intersect1d(const Tensor& a, const Tensor& b, bool assume_unique) {
  const auto [x, y] = distinct(a, b, assume_unique);
  const Tensor common = to(masked_select(x, isin(x, y)), promote(a.dtype(), b.dtype()));
  return assume_unique ? sort(common, 0) : common;
}

Intersection intersect1d_with_indices(const Tensor& a, const Tensor& b) {
  const Unique x = unique(a, {}, {.indices = true}), y = unique(b, {}, {.indices = true});
  const Tensor in_b = isin(x.values, y.values), in_a = isin(y.values, x.values);
  return {to(masked_select(x.values, in_b), promote(a.dtype(), b.dtype())), masked_select(x.indices, in_b),
          masked_select(y.indices, in_a)};
}

Tensor setdiff1d(const Tensor& a, const Tensor& b, bool assume_unique) {
  const Tensor x = assume_unique ? reshape(a, {-1}) : unique(a).values;
  return masked_select(x, isin(x, b, true));
}

Tensor setxor1d(const Tensor& a, const Tensor& b, bool assume_unique) {
  const auto [x, y] = distinct(a, b, assume_unique);
  const DType d = promote(a.dtype(), b.dtype());
  const Tensor alone[] = {to(masked_select(x, isin(x, y, true)), d), to(masked_select(y, isin(y, x, true)), d)};
  return sort(cat(alone), 0);
}

}  // namespace tenon
