// Sorting along one dimension.
#include "core/launch.h"
#include "plan/loop.h"
#include "plan/sort.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

enum class Want : std::uint8_t { values, indices, both };

// The backend sorts contiguous rows, so the dimension comes last in memory.
ValuesIndices run(const char* op, const Tensor& t, std::int64_t dim, bool descending, Want want) {
  const int d = normalize_axis(op, dim, t.ndim());
  const bool moves = must_move_last(t, d);
  // Bools that were borrowed may be any bytes; those that are true are equal.
  const Tensor plain = is_bool(t.dtype()) ? logical_or(t, t) : t.detach();
  const Tensor source = contiguous(moves ? movedim(plain, Dims{d}, Dims{-1}) : plain);
  ValuesIndices s;
  if (want != Want::indices) s.values = empty(source.shape(), t.dtype(), t.device());
  if (want != Want::values) s.indices = empty(source.shape(), DType::int64, t.device());
  if (source.numel() > 0)
    launch(op, t.device(), t.dtype(), &Backend::sort, plan_sort(source, descending, s.values, s.indices));
  if (moves) {
    if (want != Want::indices) s.values = movedim(s.values, Dims{-1}, Dims{d});
    if (want != Want::values) s.indices = movedim(s.indices, Dims{-1}, Dims{d});
  }
  return s;
}

}  // namespace

Tensor argsort(const Tensor& t, std::int64_t dim, bool descending) {
  return run("argsort", t, dim, descending, Want::indices).indices;
}

ValuesIndices sort_with_indices(const Tensor& t, std::int64_t dim, bool descending) {
  ValuesIndices s = run("sort", t, dim, descending, Want::both);
  // Sorting only moves elements: the gradient goes back to where each came from.
  if (autograd::needs_grad(t)) s.values = t.ndim() ? gather(t, dim, s.indices) : clone(t);
  return s;
}

Tensor sort(const Tensor& t, std::int64_t dim, bool descending) {
  return autograd::needs_grad(t) ? sort_with_indices(t, dim, descending).values
                                 : run("sort", t, dim, descending, Want::values).values;
}

Tensor order_statistics(const Tensor& t, const Dims& ranks) {
  const Tensor rows = t.ndim() ? t : t.reshape({1});
  const std::int64_t n = rows.shape().back();
  for (int k = 0; k < ranks.size(); ++k)
    if (ranks[k] < 0 || ranks[k] >= n || (k > 0 && ranks[k] <= ranks[k - 1]))
      errors::fail<IndexError>("order_statistics", "ranks must ascend from 0 to ", n - 1, "; got ", ranks);
  if (ranks.empty()) return narrow(rows, -1, 0, 0);
  Dims shape = rows.shape();
  shape[shape.size() - 1] = ranks.size();
  if (ranks.size() <= kMaxRanks && !is_complex(t.dtype()) && !autograd::needs_grad(t)) {
    const Tensor source = contiguous(rows);
    const Tensor out = empty(shape, t.dtype(), t.device());
    if (out.numel() == 0 ||
        try_launch("order_statistics", t.device(), &Backend::select, plan_select(source, ranks, out)))
      return out;
  }
  const Tensor s = sort(rows);
  Tensor at = empty({ranks.size()}, DType::int64);
  std::copy(ranks.begin(), ranks.end(), at.data<std::int64_t>());
  Tensor chosen = index_select(s, -1, to(at, DType::int64, t.device()));
  if (!is_floating(t.dtype()) && !is_complex(t.dtype())) return chosen;
  const Tensor last = narrow(s, -1, n - 1, 1);
  return where(isnan(last), last, chosen);
}

}  // namespace tenon
