// Sorting along one dimension.
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/backend.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

// The backend sorts contiguous rows in place, so the dimension comes last in fresh memory.
Sorted run(const char* op, const Tensor& t, std::int64_t dim, bool descending, bool want_indices) {
  const int d = normalize_axis(op, dim, t.ndim());
  Sorted s;
  const bool moves = t.ndim() > 1 && d != t.ndim() - 1;
  // Bools that were borrowed may be any bytes; those that are true are equal.
  const Tensor source = is_bool(t.dtype()) ? logical_or(t, t) : t.detach();
  s.values = clone(moves ? movedim(source, Dims{d}, Dims{-1}) : source);
  if (want_indices) s.indices = empty(s.values.shape(), DType::int64, t.device());
  SortCall c;
  c.dtype = t.dtype();
  c.descending = descending;
  c.values = s.values.data();
  c.indices = want_indices ? s.indices.data<std::int64_t>() : nullptr;
  c.n = t.ndim() ? t.shape()[d] : 1;
  c.rows = c.n ? t.numel() / c.n : 0;
  if (c.rows > 0) {
    const Backend& b = backend(t.device());
    if (!b.sort || b.sort(t.device().index, c) != kOk) errors::not_available(op, t.device(), t.dtype());
  }
  if (moves) {
    s.values = movedim(s.values, Dims{-1}, Dims{d});
    if (want_indices) s.indices = movedim(s.indices, Dims{-1}, Dims{d});
  }
  return s;
}

}  // namespace

Tensor argsort(const Tensor& t, std::int64_t dim, bool descending) {
  return run("argsort", t, dim, descending, true).indices;
}

Sorted sort_with_indices(const Tensor& t, std::int64_t dim, bool descending) {
  Sorted s = run("sort", t, dim, descending, true);
  // Sorting only moves elements: the gradient goes back to where each came from.
  if (autograd::needs_grad(t)) s.values = t.ndim() ? gather(t, dim, s.indices) : clone(t);
  return s;
}

Tensor sort(const Tensor& t, std::int64_t dim, bool descending) {
  return autograd::needs_grad(t) ? sort_with_indices(t, dim, descending).values
                                 : run("sort", t, dim, descending, false).values;
}

}  // namespace tenon
