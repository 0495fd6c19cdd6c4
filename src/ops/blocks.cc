// Matrices of blocks, and all pairs.
#include "tenon/ops/blocks.h"

#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {

Tensor block_diag(std::span<const Tensor> ts) {
  constexpr const char* op = "block_diag";
  if (ts.empty()) return zeros({1, 0}, default_float());
  std::vector<Tensor> blocks;
  std::int64_t rows = 0, columns = 0;
  DType dtype = ts[0].dtype();
  for (const Tensor& t : ts) {
    if (t.ndim() > 2) errors::wrong_ndim(op, t.ndim(), "at most 2 dimensions");
    blocks.push_back(t.ndim() == 2 ? t : reshape(t, {1, -1}));
    rows += blocks.back().size(0);
    columns += blocks.back().size(1);
    dtype = promote(dtype, t.dtype());
  }
  Tensor out = zeros({rows, columns}, dtype, blocks[0].device());
  rows = columns = 0;
  for (const Tensor& b : blocks) {
    Tensor place = narrow(narrow(out, 0, rows, b.size(0)), 1, columns, b.size(1));
    copy_(place, b);
    rows += b.size(0);
    columns += b.size(1);
  }
  return out;
}

Tensor cartesian_prod(std::span<const Tensor> ts) {
  constexpr const char* op = "cartesian_prod";
  if (ts.empty()) errors::fail(op, "at least one tensor is needed");
  Dims shape;
  for (const Tensor& t : ts) {
    if (t.ndim() != 1) errors::wrong_ndim(op, t.ndim(), "1-D tensors");
    shape.push_back(t.numel());
  }
  if (ts.size() == 1) return clone(ts[0]);
  std::vector<Tensor> columns;
  for (int i = 0; i < shape.size(); ++i) {
    Dims line(shape.size(), 1);
    line[i] = shape[i];
    columns.push_back(reshape(expand(reshape(ts[static_cast<std::size_t>(i)], line), shape), {-1}));
  }
  return stack(columns, 1);
}

Tensor combinations(const Tensor& t, std::int64_t r, bool with_replacement) {
  constexpr const char* op = "combinations";
  if (t.ndim() != 1) errors::wrong_ndim(op, t.ndim(), "a 1-D tensor");
  if (r < 0) errors::fail(op, "r must not be negative; got ", r);
  if (r == 0) return empty({0}, t.dtype(), t.device());
  // All r-tuples of places, of which those in order remain.
  const std::vector<Tensor> places(static_cast<std::size_t>(r), iota(op, t.numel(), 0, 1, DType::int64, t.device()));
  const Tensor all = r == 1 ? unsqueeze(places[0], {1}) : cartesian_prod(places);
  if (r == 1) return reshape(take(t, all), {-1, 1});
  const Tensor before = narrow(all, 1, 0, r - 1), after = narrow(all, 1, 1, r - 1);
  const Tensor ordered = tenon::all(with_replacement ? le(before, after) : lt(before, after), Dims{1});
  return take(t, index_select(all, 0, positions_of(ordered)));
}

}  // namespace tenon
