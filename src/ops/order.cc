// Extrema with their places, selections by rank. They end in sorts, reductions and one scan.
#include "core/launch.h"
#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "plan/lines.h"
#include "tenon/ops/order.h"

namespace tenon {
namespace {

// Elements at one index for each slice along d.
ValuesIndices taken(const Tensor& t, int d, const Tensor& indices, bool keepdim) {
  ValuesIndices r{gather(t, d, indices), indices};
  if (!keepdim && t.ndim() > 0) {
    r.values = squeeze(r.values, Dims{d});
    r.indices = squeeze(r.indices, Dims{d});
  }
  return r;
}

std::int64_t size_of(const Tensor& t, int d) { return t.ndim() ? t.shape()[d] : 1; }

ValuesIndices element_so_far(const char* op, Scan kind, const Tensor& t, std::int64_t dim) {
  errors::check_real(op, t);
  const int d = normalize_axis(op, dim, t.ndim());
  const Tensor indices = empty(t.shape(), DType::int64, t.device());
  if (indices.numel() > 0) launch(op, t.device(), t.dtype(), &Backend::scan, plan_scan(kind, t, d, indices));
  return {gather(t, d, indices), indices};
}

// The first k positions of one long row in order: of the few elements that can be among them.
Tensor first_of_long_row(const Tensor& row, std::int64_t k, bool largest) {
  const std::int64_t n = row.numel();
  const Tensor bound = order_statistics(row, {largest ? n - k : k - 1});
  const Tensor candidates = positions_of(largest ? ge(row, bound) : le(row, bound));
  if (candidates.numel() < k) return argsort(row, 0, largest);  // a NaN, which no number reaches
  return take(candidates, narrow(argsort(take(row, candidates), 0, largest), 0, 0, k));
}

void check_ranks(const char* op, Dims& ranks, std::int64_t n) {
  for (std::int64_t& r : ranks) {
    if (r < -n || r >= n) errors::fail(op, "rank ", r, " is out of range for ", n, " elements");
    if (r < 0) r += n;
  }
}

}  // namespace

ValuesIndices max(const Tensor& t, std::int64_t dim, bool keepdim) {
  return taken(t, normalize_axis("max", dim, t.ndim()), argmax(t, dim, true), keepdim);
}
ValuesIndices min(const Tensor& t, std::int64_t dim, bool keepdim) {
  return taken(t, normalize_axis("min", dim, t.ndim()), argmin(t, dim, true), keepdim);
}

MinMax aminmax(const Tensor& t, const Axes& dims, bool keepdim) {
  return {amin(t, dims, keepdim), amax(t, dims, keepdim)};
}
Tensor ptp(const Tensor& t, const Axes& dims, bool keepdim) {
  if (is_bool(t.dtype())) errors::dtype_not_supported("ptp", t.dtype(), "integers and floats");
  return sub(amax(t, dims, keepdim), amin(t, dims, keepdim));
}

ValuesIndices cummax(const Tensor& t, std::int64_t dim) { return element_so_far("cummax", Scan::argmax, t, dim); }
ValuesIndices cummin(const Tensor& t, std::int64_t dim) { return element_so_far("cummin", Scan::argmin, t, dim); }

ValuesIndices topk(const Tensor& t, std::int64_t k, std::int64_t dim, bool largest) {
  const int d = normalize_axis("topk", dim, t.ndim());
  const std::int64_t n = size_of(t, d);
  if (k < 0 || k > n) errors::fail("topk", "k must be from 0 to the size of the dimension, ", n, "; got ", k);
  if (t.ndim() == 0)
    return k ? taken(t, 0, argsort(t), true)
             : ValuesIndices{narrow(t.reshape({1}), 0, 0, 0), empty({0}, DType::int64, t.device())};
  // Selecting costs a few passes, sorting log n: from some thousand elements on.
  if (t.ndim() == 1 && n >= 4096 && k > 0 && k <= n / 8 && !is_complex(t.dtype()) && !is_float8(t.dtype())) {
    const Tensor at = first_of_long_row(t.detach(), k, largest);
    const Tensor indices = narrow(at, 0, 0, k);
    return {take(t, indices), indices};
  }
  const Tensor indices = contiguous(narrow(argsort(t, d, largest), d, 0, k));
  return {gather(t, d, indices), indices};
}

ValuesIndices kthvalue(const Tensor& t, std::int64_t k, std::int64_t dim, bool keepdim) {
  const int d = normalize_axis("kthvalue", dim, t.ndim());
  const std::int64_t n = size_of(t, d);
  if (k < 1 || k > n) errors::fail("kthvalue", "k must be from 1 to the size of the dimension, ", n, "; got ", k);
  const Tensor order = argsort(t, d);
  return taken(t, d, t.ndim() ? narrow(order, d, k - 1, 1) : order, keepdim);
}

ValuesIndices mode(const Tensor& t, std::int64_t dim, bool keepdim) {
  errors::check_real("mode", t);
  const int d = normalize_axis("mode", dim, t.ndim());
  const std::int64_t n = size_of(t, d);
  if (n == 0) errors::empty_reduction("mode", t.shape(), errors::text("dimension ", d));
  if (t.ndim() == 0) return taken(t, 0, argsort(t), keepdim);
  // Equal elements stand side by side in order; how long a run has been at each of them.
  const ValuesIndices s = sort_with_indices(t.detach(), d);
  Dims along(t.ndim(), 1);
  along[d] = n;
  const Tensor place = reshape(arange(0, n, 1, DType::int64, t.device()), along);
  const Tensor starts = ne(slice(s.values, d, 1, {}), slice(s.values, d, {}, -1));
  const Tensor first = mul(starts, slice(place, d, 1, {}));
  Dims head = t.shape();
  head[d] = 1;
  const Tensor parts[] = {zeros(head, DType::int64, t.device()), first};
  const Tensor length = sub(place, cummax(cat(parts, d), d).values);
  return taken(t, d, gather(s.indices, d, argmax(length, d, true)), keepdim);
}

Tensor partition(const Tensor& t, const Dims& ranks, std::int64_t dim) {
  Dims r = ranks;
  check_ranks("partition", r, size_of(t, normalize_axis("partition", dim, t.ndim())));
  return sort(t, dim);
}
Tensor argpartition(const Tensor& t, const Dims& ranks, std::int64_t dim) {
  Dims r = ranks;
  check_ranks("argpartition", r, size_of(t, normalize_axis("argpartition", dim, t.ndim())));
  return argsort(t, dim);
}

Tensor lexsort(std::span<const Tensor> keys, std::int64_t dim) {
  if (keys.empty()) errors::fail("lexsort", "at least one key is needed; got none");
  for (const Tensor& k : keys)
    if (k.shape() != keys[0].shape()) errors::wrong_shape("lexsort", k.shape(), keys[0].shape());
  const int d = normalize_axis("lexsort", dim, keys[0].ndim());
  // Sorting is stable: the least important key first.
  Tensor order = argsort(keys[0].detach(), d);
  for (std::size_t i = 1; i < keys.size(); ++i)
    order = gather(order, d, argsort(gather(keys[i].detach(), d, order), d));
  return order;
}

}  // namespace tenon
