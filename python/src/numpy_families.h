// Families of NumPy's signatures. A family gives an object of tenon.numpy its arguments and calls the row's C++ function
// with them; a row names it: .numpy("cumsum", scan). The row's function decides by its type which overload is meant.
//
//   family            NumPy's signature
//   reduction<op>     (a, axis, dtype, out, keepdims, initial, where)     sum, prod
//   extremum<op>      (a, axis, out, keepdims, initial, where)            max, min
//   truth<op>         (a, axis, out, keepdims, *, where)                  any, all
//   average           (a, axis, dtype, out, keepdims, *, where)           mean
//   position          (a, axis, out, *, keepdims)                         argmax, argmin
//   counting          (a, axis, *, keepdims)                              count_nonzero
//   plain_reduction   (a, axis, keepdims)                                 logsumexp
//   scan              (a, axis, dtype, out)                               cumsum, cumprod
//   standard_scan<n>  (x, /, *, axis, dtype, include_initial, out)        cumulative_sum, cumulative_prod
#pragma once

#include "op.h"

namespace tenon::py {

using Reduced = Tensor (*)(const Tensor&, const Axes&, bool);
using ReducedAs = Tensor (*)(const Tensor&, const Axes&, bool, std::optional<DType>);
using Position = Tensor (*)(const Tensor&, std::optional<std::int64_t>, bool);
using Scanned = Tensor (*)(const Tensor&, const std::optional<std::int64_t>&, const std::optional<DType>&);

// op joins the elements where where= or initial= is given.
template <Op op>
void reduction(OpDef& d, ReducedAs f);
template <Op op>
void extremum(OpDef& d, Reduced f);
template <Op op>
void truth(OpDef& d, Reduced f);
void average(OpDef& d, ReducedAs f);
void position(OpDef& d, Position f);
void counting(OpDef& d, Reduced f);
void plain_reduction(OpDef& d, Reduced f);
void scan(OpDef& d, Scanned f);
// first: what include_initial puts in front.
template <int first>
void standard_scan(OpDef& d, Scanned f);

}  // namespace tenon::py
