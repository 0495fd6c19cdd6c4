// Embeddings: gathers of rows, and what adds them up in bags. The gradient is a scatter that adds in the order of the
// indices.
#include "tenon/nn/embedding.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "nn/support.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

// zeros (rows, ...) with each entry of x added at its index.
Tensor added_up(std::int64_t rows, const Tensor& index, const Tensor& x) {
  Dims shape = x.shape();
  shape[0] = rows;
  Tensor out = zeros(shape, x.dtype(), x.device());
  const Index at[] = {index};
  index_put_(out, at, x, true);
  return out;
}
// How often each row is named.
Tensor counted(const Tensor& index, std::int64_t rows) { return bincount(index, {}, rows); }

void check_table(const char* op, const Tensor& weight) {
  if (weight.ndim() != 2)
    errors::fail<ShapeError>(op, "weight has shape (num_embeddings, embedding_dim); got ", weight.shape());
}

// From 0; -1 for none.
std::int64_t padding_of(const char* op, const Tensor& weight, const EmbeddingOptions& o) {
  if (!o.padding_idx) return -1;
  const std::int64_t n = weight.size(0), at = *o.padding_idx;
  if (at < -n || at >= n) errors::fail(op, "padding_idx must be within the ", n, " rows of weight; got ", at);
  return at < 0 ? at + n : at;
}

// The indices as one row of int64. Negative ones are not there: on a device, whose kernel finds them, they become one that
// is not either.
Tensor index_of(const char* op, const Tensor& indices, const Tensor& weight) {
  check_devices(op, indices, {&weight});
  if (!is_integral(indices.dtype()))
    errors::fail<DtypeError>(op, "input holds indices, which are integers; got ", indices.dtype());
  const Tensor flat = reshape(to(indices, DType::int64), {indices.numel()});
  const std::int64_t n = weight.size(0);
  if (!flat.device().is_cpu()) return where(lt(flat, 0), n, flat);
  const Tensor index = contiguous(flat);
  const auto* p = index.data<std::int64_t>();
  std::int64_t low = 0, high = -1;
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    low = i == 0 ? p[i] : std::min(low, p[i]);
    high = i == 0 ? p[i] : std::max(high, p[i]);
  }
  if (index.numel() > 0 && (low < 0 || high >= n))
    errors::fail<IndexError>(op, "indices are from 0 to ", n - 1, "; input holds from ", low, " to ", high);
  return index;
}

// Scales the rows in use down to max_norm, in place.
void renormalize(const Tensor& weight, const Tensor& index, double max_norm, double norm_type) {
  const NoGrad guard;
  const Tensor used = unique(index).values, rows = index_select(weight, 0, used);
  const Tensor norms = norm(rows, norm_type, Dims{1}, true);
  const Tensor factor = where(gt(norms, max_norm), div(max_norm, add(norms, 1e-7)), 1);
  Tensor to = weight;
  const Index at[] = {used};
  index_put_(to, at, mul(rows, factor));
}

// The rows that the indices name, with a gradient that knows padding and frequencies.
Tensor rows_of(const char* op, const Tensor& weight, const Tensor& index, std::int64_t padding,
               const EmbeddingOptions& o) {
  if (o.max_norm) renormalize(weight, index, *o.max_norm, o.norm_type);
  if (padding < 0 && !o.scale_grad_by_freq) return index_select(weight, 0, index);
  Tensor y;
  {
    const NoGrad guard;
    y = index_select(weight, 0, index);
  }
  if (!needs_grad(weight)) return y;
  autograd::attach(y, op, {&weight, 1},
                   [rows = weight.size(0), padding, by_frequency = o.scale_grad_by_freq,
                    index = Saved(index, op)](const Tensor& grad) -> Grads {
                     const Tensor at = index.get();
                     Tensor g = grad;
                     if (by_frequency) {
                       const Tensor often = to(index_select(counted(at, rows), 0, at), g.dtype());
                       g = div(g, unsqueeze(often, {1}));
                     }
                     if (padding >= 0) g = where(unsqueeze(eq(at, padding), {1}), 0, g);
                     return {added_up(rows, at, g)};
                   });
  return y;
}

// ---- bags ----

// The number of each index's bag, in order.
struct Bags {
  Tensor of;
  std::int64_t count;
};

std::vector<std::int64_t> starts_of(const Tensor& offsets, std::int64_t n, bool with_last) {
  constexpr const char* op = "embedding_bag";
  if (!is_integral(offsets.dtype())) errors::fail<DtypeError>(op, "offsets are integers; got ", offsets.dtype());
  const Tensor host = contiguous(to(offsets, DType::int64, kCpu));
  std::vector<std::int64_t> starts(host.data<std::int64_t>(), host.data<std::int64_t>() + host.numel());
  if (with_last) {
    if (starts.empty()) errors::fail(op, "include_last_offset=True needs at least one offset");
    if (starts.back() != n) errors::fail(op, "the last offset is the number of indices, ", n, "; got ", starts.back());
    starts.pop_back();
  }
  if (starts.empty()) return starts;
  if (starts[0] != 0) errors::fail(op, "the first offset must be 0; got ", starts[0]);
  for (std::size_t i = 0; i < starts.size(); ++i)
    if (starts[i] > n || (i > 0 && starts[i] < starts[i - 1]))
      errors::fail(op, "offsets must not fall, nor be above the ", n, " indices; got ", starts[i], " at ",
                   static_cast<std::int64_t>(i));
  return starts;
}

Bags bags_of(const Tensor& indices, const Tensor& offsets, bool with_last) {
  constexpr const char* op = "embedding_bag";
  const std::int64_t n = indices.numel();
  if (indices.ndim() == 2) {
    if (offsets.defined()) errors::fail(op, "with input of two dimensions each row is a bag; leave offsets out");
    const Tensor bags = arange(0, indices.size(0), 1, DType::int64, indices.device());
    return {repeat_interleave(bags, indices.size(1)), indices.size(0)};
  }
  if (indices.ndim() != 1 || !offsets.defined() || offsets.ndim() != 1)
    errors::fail<ShapeError>(op, "input has shape (bags, length), or (n,) with offsets of shape (bags,); got ",
                             indices.shape(), offsets.defined() ? " and " : " and no offsets",
                             offsets.defined() ? offsets.shape().str().c_str() : "");
  const std::vector<std::int64_t> starts = starts_of(offsets, n, with_last);
  if (starts.empty() && n > 0) errors::fail(op, "offsets name no bag for the ", n, " indices");
  const Tensor of = empty({n}, DType::int64, kCpu);
  for (std::size_t b = 0; b < starts.size(); ++b) {
    const std::int64_t end = b + 1 < starts.size() ? starts[b + 1] : n;
    std::fill(of.data<std::int64_t>() + starts[b], of.data<std::int64_t>() + end, static_cast<std::int64_t>(b));
  }
  return {to(of, DType::int64, indices.device()), static_cast<std::int64_t>(starts.size())};
}

// The maximum of each bag of rows that count.
Tensor largest(const Tensor& all, const Bags& bags, const Tensor& counts) {
  const Index kept[] = {counts};
  const Tensor of = index(bags.of, kept), rows = index(all, kept);
  const Tensor lengths = counted(of, bags.count);
  const std::int64_t width = bags.count ? amax(lengths).item<std::int64_t>() : 0, columns = rows.size(1);
  if (width == 0) return added_up(bags.count, of, rows);  // zeros, of none
  const Tensor starts = unsqueeze(sub(cumsum(lengths, 0), lengths), {1});
  const Tensor place = unsqueeze(arange(0, width, 1, DType::int64, all.device()), {0});
  const Tensor inside = lt(place, unsqueeze(lengths, {1}));
  const Tensor at = reshape(where(inside, add(starts, place), 0), {bags.count * width});
  const Tensor table =
      where(unsqueeze(inside, {2}), reshape(index_select(rows, 0, at), {bags.count, width, columns}), -INFINITY);
  return where(unsqueeze(gt(lengths, 0), {1}), max(table, 1).values, 0);
}

}  // namespace

Tensor embedding(const Tensor& indices, const Tensor& weight, const EmbeddingOptions& o) {
  constexpr const char* op = "embedding";
  check_table(op, weight);
  const std::int64_t padding = padding_of(op, weight, o);
  const Tensor index = index_of(op, indices, weight);
  Dims shape = indices.shape();
  shape.push_back(weight.size(1));
  return reshape(rows_of(op, weight, index, padding, o), shape);
}

Tensor embedding_bag(const Tensor& indices, const Tensor& weight, const Tensor& offsets, const BagOptions& o) {
  constexpr const char* op = "embedding_bag";
  constexpr const char* modes[] = {"sum", "mean", "max"};
  if (o.factors.defined() && (o.mode != BagMode::sum || o.factors.shape() != indices.shape()))
    errors::fail(op, "per_sample_weights go with mode='sum' and have input's shape, ", indices.shape(), "; got mode='",
                 modes[static_cast<int>(o.mode)], "' and ", o.factors.shape());
  if (o.rows.scale_grad_by_freq && o.mode == BagMode::max)
    errors::fail(op, "scale_grad_by_freq does not go with mode='max'");
  check_table(op, weight);
  check_devices(op, weight, {&o.factors});
  const std::int64_t padding = padding_of(op, weight, o.rows);
  const Tensor index = index_of(op, indices, weight);
  const Bags bags = bags_of(indices, offsets, o.include_last_offset);
  Tensor rows = rows_of(op, weight, index, padding, o.rows);
  const Tensor counts = ne(index, padding);
  if (o.mode == BagMode::max) return largest(rows, bags, counts);
  if (o.factors.defined()) rows = mul(rows, reshape(o.factors, {index.numel(), 1}));
  if (padding >= 0) rows = where(unsqueeze(counts, {1}), rows, 0);
  const Tensor total = added_up(bags.count, bags.of, rows);
  if (o.mode == BagMode::sum) return total;
  const Tensor lengths = added_up(bags.count, bags.of, to(counts, total.dtype()));
  return div(total, unsqueeze(maximum(lengths, 1), {1}));
}

}  // namespace tenon::nn
