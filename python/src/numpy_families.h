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
//   reshaping         (a, /, shape, order, *, newshape, copy)             reshape
//   transposing       (a, axes)                                           transpose, permute_dims
//   swapping          (a, axis1, axis2)                                   swapaxes
//   moving            (a, source, destination)                            moveaxis
//   expanding         (a, axis)                                           expand_dims
//   squeezing         (a, axis)                                           squeeze
//   broadcasting      (array, shape, subok)                               broadcast_to
//   flipping          (m, axis)                                           flip
//   flipping_one      (m)                                                 flipud, fliplr
//   rolling           (a, shift, axis)                                    roll
//   turning           (m, k, axes)                                        rot90
//   diagonals         (a, offset, axis1, axis2)                           diagonal
//   on_diagonal       (v, k)                                              diag, diagflat
//   concatenating     (arrays, /, axis, out, *, dtype, casting)           concatenate, concat
//   stacking          (arrays, axis, out, *, dtype, casting)              stack
//   side_by_side      (tup, *, dtype, casting)                            hstack, vstack
//   side_by_side_as_they_are  (tup)                                       dstack, column_stack
//   tiling            (A, reps)                                           tile
//   repeating         (a, repeats, axis)                                  repeat
//   choosing          (condition, x, y, /)                                where
//   splitting         (ary, indices_or_sections, axis)                    split
//   unstacking        (x, /, *, axis)                                     unstack
//   filling<value>    (shape, dtype, order, *, device, like)              empty, zeros, ones
//   filling_with      (shape, fill_value, dtype, order, *, device, like)  full
//   filling_like<value>  (a, dtype, order, subok, shape, *, device)       empty_like, zeros_like, ones_like
//   filling_like_with (a, fill_value, dtype, order, subok, shape, *, device)          full_like
//   ranging           (start, stop, step, dtype, *, device, like)         arange
//   spacing           (start, stop, num, endpoint, retstep, dtype, axis, *, device)   linspace
//   spacing_by_powers (start, stop, num, endpoint, base, dtype, axis)     logspace
//   on_diagonal_line  (N, M, k, dtype, order, *, device, like)            eye
//   gridding          (*xi, copy, sparse, indexing)                       meshgrid
//   taking            (a, dtype, order, *, device, copy, like)            asarray
//   copying           (a, order, subok)                                   copy
#pragma once

#include "op.h"
#include "tenon/ops/layout.h"

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

// ---- families_shape.cc ----
void reshaping(OpDef& d, std::nullptr_t);
void transposing(OpDef& d, std::nullptr_t);
void transposing(OpDef& d, Tensor (*f)(const Tensor&, const Dims&));
void swapping(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, std::int64_t));
void moving(OpDef& d, Tensor (*f)(const Tensor&, const Dims&, const Dims&));
void expanding(OpDef& d, Tensor (*f)(const Tensor&, const Dims&));
void squeezing(OpDef& d, Tensor (*f)(const Tensor&, const Axes&));
void broadcasting(OpDef& d, Tensor (*f)(const Tensor&, const Dims&));
void flipping(OpDef& d, Tensor (*f)(const Tensor&, const Axes&));
void flipping_one(OpDef& d, Tensor (*f)(const Tensor&));
void rolling(OpDef& d, Tensor (*f)(const Tensor&, const Dims&, const Axes&));
void turning(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, const Axes&));
void diagonals(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, std::int64_t, std::int64_t));
void on_diagonal(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t));

// ---- families_creation.cc ----
using FilledPinned = Tensor (*)(const Dims&, const std::optional<DType>&, Device, bool, bool, MemoryFormat);
using Filled = Tensor (*)(const Dims&, const std::optional<DType>&, Device, bool);
using FilledWith = Tensor (*)(const Dims&, const Number&, const std::optional<DType>&, Device, bool);
using FilledLike = Tensor (*)(const Tensor&, const std::optional<DType>&, const std::optional<Device>&, bool,
                              MemoryFormat);
using FilledLikeWith = Tensor (*)(const Tensor&, const Number&, const std::optional<DType>&,
                                  const std::optional<Device>&, bool, MemoryFormat);
// value: 0 or 1; without one the elements are not set.
void filling(OpDef& d, FilledPinned f);
template <int value>
void filling(OpDef& d, Filled f);
void filling_with(OpDef& d, FilledWith f);
inline constexpr int kUnset = -1;
template <int value>
void filling_like(OpDef& d, FilledLike f);
void filling_like_with(OpDef& d, FilledLikeWith f);

// ---- families_ranges.cc ----
using Ranged = Tensor (*)(const Scalar&, const std::optional<Scalar>&, const Scalar&, const std::optional<DType>&,
                          Device, bool);
using Spaced = Tensor (*)(const Operand&, const Operand&, std::int64_t, bool, const std::optional<DType>&,
                          const std::optional<Device>&, bool);
using SpacedByPowers = Tensor (*)(const Operand&, const Operand&, std::int64_t, double, const std::optional<DType>&,
                                  const std::optional<Device>&, bool);
using Eye = Tensor (*)(std::int64_t, const std::optional<std::int64_t>&, std::int64_t, const std::optional<DType>&,
                       Device, bool);
using Gridded = std::vector<Tensor> (*)(std::span<const Tensor>, const std::string&);
void ranging(OpDef& d, Ranged f);
void spacing(OpDef& d, Spaced f);
void spacing_by_powers(OpDef& d, SpacedByPowers f);
void on_diagonal_line(OpDef& d, Eye f);
void gridding(OpDef& d, Gridded f);

// ---- ops_numpy_creation.cc ----
using Taken = Tensor (*)(Any, const std::optional<DType>&, const std::optional<Device>&, const std::optional<bool>&,
                         const std::optional<bool>&);
void taking(OpDef& d, Taken f);
void copying(OpDef& d, Tensor (*f)(const Tensor&, const std::string&));

// ---- what families of new tensors share ----
// Whether the argument i has its default value.
inline bool is_default(const OpDef& def, PyObject* const* args, int i) {
  return args[i] == def.args[static_cast<std::size_t>(i)].default_value;
}
// The device that device= names; that of the tensor like=; otherwise none.
std::optional<Device> asked_device(const OpDef& def, PyObject* device, PyObject* like);
// order= of a tensor that has none yet: 'C' or 'F'.
Layout new_layout(const OpDef& def, PyObject* const* args, int i);
// order= of a tensor that may keep its own; None does.
Layout kept_layout(const OpDef& def, PyObject* const* args, int i);

// ---- ops_numeric.cc ----
void choosing(OpDef& d, std::nullptr_t);

// ---- families_join.cc ----
void concatenating(OpDef& d, Tensor (*f)(const std::vector<Tensor>&, const std::optional<std::int64_t>&));
void stacking(OpDef& d, Tensor (*f)(std::span<const Tensor>, std::int64_t));
void side_by_side(OpDef& d, Tensor (*f)(std::span<const Tensor>));
void side_by_side_as_they_are(OpDef& d, Tensor (*f)(std::span<const Tensor>));
void tiling(OpDef& d, Tensor (*f)(const Tensor&, const Dims&));
void repeating(OpDef& d, std::nullptr_t);
void splitting(OpDef& d, std::nullptr_t);
void unstacking(OpDef& d, std::vector<Tensor> (*f)(const Tensor&, std::int64_t));

}  // namespace tenon::py
