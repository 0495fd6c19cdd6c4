// NumPy's indexing rules, element by element, as its documentation states them.
#pragma once

#include <algorithm>
#include <numeric>

#include "numeric.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon::testing {

using Indices = std::vector<Index>;

struct Naive {
  Dims shape;
  std::vector<std::int64_t> flat;  // the row-major position in t of each element of the result
};

// NumPy's rules, element by element.
inline Naive naive_index(const Dims& t, const Indices& indices) {
  struct Axis {
    bool advanced = false;
    int dim = -1;                  // of t; -1: a new axis (or a truth value)
    Dims shape;                    // advanced: of the index
    std::vector<std::int64_t> at;  // the positions along dim
  };
  bool any = false;
  int consumed = 0;
  for (const Index& i : indices) {
    const Tensor* x = std::get_if<Tensor>(&i);
    any = any || x;
    if (x) consumed += x->dtype() == DType::bool_ ? x->ndim() : 1;
    else consumed += std::holds_alternative<std::int64_t>(i) || std::holds_alternative<Slice>(i);
  }
  std::vector<Axis> axes;
  std::vector<int> kinds;  // in order: 1 advanced, 0 not; to tell whether they are adjacent
  int dim = 0;
  auto all = [&](std::int64_t n) {
    std::vector<std::int64_t> v(static_cast<std::size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
  };
  auto wrap = [](std::int64_t i, std::int64_t n) { return i < 0 ? i + n : i; };
  for (const Index& i : indices) {
    if (const auto* k = std::get_if<std::int64_t>(&i)) {
      axes.push_back({any, dim, {}, {wrap(*k, t[dim])}});
      if (!any) axes.back().shape = {-1};  // dropped
      kinds.push_back(any);
      ++dim;
    } else if (const auto* s = std::get_if<Slice>(&i)) {
      const std::int64_t n = t[dim];
      std::vector<std::int64_t> at;
      auto clip = [&](std::int64_t v, std::int64_t low, std::int64_t high) {
        return std::clamp(wrap(v, n), low, high);
      };
      if (s->step > 0) {
        for (std::int64_t v = s->start ? clip(*s->start, 0, n) : 0, e = s->stop ? clip(*s->stop, 0, n) : n; v < e;
             v += s->step)
          at.push_back(v);
      } else {
        for (std::int64_t v = s->start ? clip(*s->start, -1, n - 1) : n - 1,
                          e = s->stop ? clip(*s->stop, -1, n - 1) : -1;
             v > e; v += s->step)
          at.push_back(v);
      }
      axes.push_back({false, dim++, {}, at});
      kinds.push_back(0);
    } else if (std::holds_alternative<Ellipsis>(i)) {
      kinds.push_back(0);
      for (int k = t.size() - consumed; k > 0; --k, ++dim) axes.push_back({false, dim, {}, all(t[dim])});
    } else if (std::holds_alternative<NewAxis>(i)) {
      axes.push_back({false, -1, {}, {0}});
      kinds.push_back(0);
    } else {
      const Tensor& x = std::get<Tensor>(i);
      const auto v = values(x);
      if (x.dtype() != DType::bool_) {
        Axis a{true, dim, x.shape(), {}};
        for (double e : v) a.at.push_back(wrap(static_cast<std::int64_t>(e), t[dim]));
        axes.push_back(a);
        ++dim;
      } else {
        std::vector<Axis> parts(static_cast<std::size_t>(std::max(x.ndim(), 1)));
        for (int d = 0; d < x.ndim(); ++d) parts[static_cast<std::size_t>(d)].dim = dim + d;
        for (std::size_t f = 0; f < v.size(); ++f) {
          if (v[f] == 0) continue;
          auto rest = static_cast<std::int64_t>(f);
          if (x.ndim() == 0) parts[0].at.push_back(0);
          for (int d = x.ndim() - 1; d >= 0; --d) {
            parts[static_cast<std::size_t>(d)].at.push_back(rest % x.shape()[d]);
            rest /= x.shape()[d];
          }
        }
        for (Axis& p : parts) {
          p.advanced = true;
          p.shape = {static_cast<std::int64_t>(p.at.size())};
          axes.push_back(p);
        }
        dim += x.ndim();
      }
      kinds.push_back(1);
    }
  }
  for (; dim < t.size(); ++dim) axes.push_back({false, dim, {}, all(t[dim])});

  bool separated = false;
  for (std::size_t a = 0; a < kinds.size(); ++a)
    for (std::size_t b = a + 1; b < kinds.size(); ++b)
      for (std::size_t c = b + 1; c < kinds.size(); ++c) separated = separated || (kinds[a] && !kinds[b] && kinds[c]);
  Dims common;
  for (const Axis& a : axes) {
    if (!a.advanced) continue;
    Dims s = a.shape;
    while (s.size() < common.size()) s.insert(0, 1);
    while (common.size() < s.size()) common.insert(0, 1);
    for (int d = 0; d < s.size(); ++d)
      if (s[d] != 1) common[d] = s[d];
  }
  Naive out;
  std::vector<const Axis*> owner;  // of each dimension of the result; null: of the common ones
  auto add_common = [&] {
    for (auto n : common) {
      out.shape.push_back(n);
      owner.push_back(nullptr);
    }
  };
  bool placed = !any;
  if (any && separated) add_common(), placed = true;
  for (const Axis& a : axes) {
    if (a.advanced) {
      if (!placed) add_common(), placed = true;
    } else if (a.shape != Dims{-1}) {
      out.shape.push_back(static_cast<std::int64_t>(a.at.size()));
      owner.push_back(&a);
    }
  }
  Dims stride(t.size(), 1);
  for (int d = t.size() - 2; d >= 0; --d) stride[d] = stride[d + 1] * t[d + 1];
  for (std::int64_t r = 0; r < out.shape.product(); ++r) {
    Dims at(out.shape.size(), 0);
    std::int64_t rest = r;
    for (int d = out.shape.size() - 1; d >= 0; --d) {
      at[d] = rest % out.shape[d];
      rest /= out.shape[d];
    }
    Dims in_common;
    for (int d = 0; d < at.size(); ++d)
      if (!owner[static_cast<std::size_t>(d)]) in_common.push_back(at[d]);
    std::int64_t flat = 0;
    for (const Axis& a : axes) {
      std::int64_t k = 0;
      if (a.advanced) {
        for (int d = 0; d < a.shape.size(); ++d)
          k = k * a.shape[d] + (a.shape[d] == 1 ? 0 : in_common[in_common.size() - a.shape.size() + d]);
      } else {
        for (int d = 0; d < at.size(); ++d)
          if (owner[static_cast<std::size_t>(d)] == &a) k = at[d];
      }
      if (a.dim >= 0) flat += a.at[static_cast<std::size_t>(k)] * stride[a.dim];
    }
    out.flat.push_back(flat);
  }
  return out;
}

}  // namespace tenon::testing
