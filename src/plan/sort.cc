#include "plan/sort.h"

#include <algorithm>

namespace tenon {

bool must_move_last(const Tensor& t, int dim) { return t.ndim() > 1 && dim != t.ndim() - 1; }

SortCall plan_sort(const Tensor& in, bool descending, const Tensor& values, const Tensor& indices) {
  SortCall c;
  c.dtype = in.dtype();
  c.descending = descending;
  c.in = in.data();
  c.values = values.defined() ? values.data() : nullptr;
  c.indices = indices.defined() ? indices.data<std::int64_t>() : nullptr;
  c.n = in.ndim() ? in.shape().back() : 1;
  c.rows = c.n ? in.numel() / c.n : 0;
  return c;
}

SelectCall plan_select(const Tensor& in, const Dims& ranks, const Tensor& out) {
  SelectCall c;
  c.dtype = in.dtype();
  c.in = in.data();
  c.out = out.data();
  c.n = in.shape().back();
  c.rows = c.n ? in.numel() / c.n : 0;
  c.count = ranks.size();
  std::copy(ranks.begin(), ranks.end(), c.ranks);
  return c;
}

}  // namespace tenon
