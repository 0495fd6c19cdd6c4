// Rows: reductions and scans without NaNs.
#include <cmath>

#include "numpy_families.h"
#include "ufunc.h"
#include "tenon/elementwise.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/nan.h"
#include "tenon/ops/ufunc.h"
#include "tenon/ops/view.h"

namespace tenon::py {

// where= of NumPy's reductions: undefined for True.
struct Mask {
  Tensor values;
};
inline InUse hold(const Mask& m) { return hold(m.values); }
template <>
struct From<Mask> {
  Mask held;
  From(PyObject* o, const Where& w) : held{to_mask(o, w.op)} {}
  const Mask& get() const { return held; }
};

namespace {

// Elements that take no part are NaN, or an integer that changes nothing.
Tensor masked(const Tensor& t, const Mask& mask, int instead) {
  if (!mask.values.defined()) return t;
  const bool integers = !is_differentiable(t.dtype());
  return integers ? where(mask.values, t, instead) : where(mask.values, t, NAN);
}
Tensor masked_in_float(const Tensor& t, const Mask& mask, const std::optional<DType>& dtype) {
  Tensor x = dtype ? to(t, dtype) : t;
  if (!mask.values.defined()) return x;
  return masked(is_differentiable(x.dtype()) ? x : to(x, default_float()), mask, 0);
}
Tensor joined(Op op, const Tensor& y, const std::optional<Scalar>& initial) {
  if (!initial) return y;
  const Operand both[] = {y, *initial};
  return elementwise(op, both);
}

// ---- NumPy's signatures ----
using MaybeScalar = std::optional<Scalar>;
using MaybeDType = std::optional<DType>;
template <Op op, Tensor (*F)(const Tensor&, const Axes&, bool, std::optional<DType>)>
Tensor numpy_sum(const Tensor& t, const Axes& axes, const MaybeDType& d, bool keepdim, const MaybeScalar& initial,
                 const Mask& mask) {
  return joined(op, F(masked(t, mask, op == Op::mul), axes, keepdim, d), initial);
}
Tensor numpy_nanmean(const Tensor& t, const Axes& axes, const MaybeDType& d, bool keepdim, const Mask& mask) {
  return nanmean(masked_in_float(t, mask, d), axes, keepdim, d);
}
template <Tensor (*F)(const Tensor&, const Axes&, double, bool)>
Tensor numpy_spread(const Tensor& t, const Axes& axes, const MaybeDType& d, double ddof, bool keepdim, const Mask& mask,
                    Any, const std::optional<double>& correction) {
  return F(masked_in_float(t, mask, d), axes, correction.value_or(ddof), keepdim);
}
// fmax and fmin: a NaN counts as missing.
template <Op op, Tensor (*F)(const Tensor&, const Axes&, bool)>
Tensor numpy_extremum(const Tensor& t, const Axes& axes, bool keepdim, const MaybeScalar& initial, const Mask& mask) {
  if (mask.values.defined() && !initial)
    throw ValueError("where= needs initial=, the result where no element takes part");
  if (t.numel() == 0 && initial) return ufunc::reduce(op, t, axes, keepdim, {}, {}, *initial);
  if (!mask.values.defined()) return joined(op, F(t, axes, keepdim), initial);
  return joined(op, F(where(mask.values, t, Tensor::of(*initial, t.dtype(), t.device())), axes, keepdim), initial);
}
Tensor numpy_nan_to_num(Tensor& t, bool copy, const Scalar& nan, const MaybeScalar& posinf, const MaybeScalar& neginf) {
  return copy ? nan_to_num(t, nan, posinf, neginf) : nan_to_num_(t, nan, posinf, neginf);
}

constexpr const char* kReduced =
    "\nA new tensor, or out. axis: an int, a tuple, or None for all; keepdims keeps them with size 1. where: a bool\n"
    "tensor of the elements that take part; initial: what else does. IndexError for an axis that is not there,\n"
    "ValueError for a repeated one, TypeError for float8.";

std::string doc(const char* first, const char* more, const char* example) {
  return std::string(first) +
         "\n\nA new tensor. dim: an int, a tuple, or None for all dimensions; keepdim keeps them with size 1.\n" +
         more +
         "\nIndexError for a dimension that is not there, ValueError for a repeated one, TypeError for float8.\n\n" +
         example;
}

using Cumulate = Tensor (*)(const Tensor&, std::int64_t, std::optional<DType>);
template <Cumulate F>
Tensor along(const Tensor& t, const std::optional<std::int64_t>& dim, const std::optional<DType>& d) {
  return dim ? F(t, *dim, d) : F(flatten(t), 0, d);
}

Tensor nan_to_num_row(const Tensor& t, const Scalar& nan, const std::optional<Scalar>& posinf,
                      const std::optional<Scalar>& neginf) {
  return nan_to_num(t, nan, posinf, neginf);
}
Tensor& nan_to_num_inplace(Tensor& t, const Scalar& nan, const std::optional<Scalar>& posinf,
                           const std::optional<Scalar>& neginf) {
  return nan_to_num_(t, nan, posinf, neginf);
}

void def_nan_reductions(Ops& ops) {
  ops.def("nansum", &nansum,
          doc("The sum of the elements that are no NaN; 0 of none.",
              "Integers and bools in int64 (uint64); dtype converts first.",
              ">>> tenon.nansum(tenon.tensor([1., float('nan'), 2.]))\ntensor(3.)")
              .c_str(),
          "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "dtype"_a = none)
      .numpy("nansum", &numpy_sum<Op::add, &nansum>, kReduced, "a"_a, "axis"_a = none, "dtype"_a = none, "out"_a,
             "keepdims"_a = false, "initial"_a = none, "where"_a = true);
  ops.def("nanprod", &nanprod,
          doc("The product of the elements that are no NaN; 1 of none.",
              "Integers and bools in int64 (uint64); dtype converts first.",
              ">>> tenon.nanprod(tenon.tensor([3., float('nan'), 2.]))\ntensor(6.)")
              .c_str(),
          "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "dtype"_a = none)
      .numpy("nanprod", &numpy_sum<Op::mul, &nanprod>, kReduced, "a"_a, "axis"_a = none, "dtype"_a = none, "out"_a,
             "keepdims"_a = false, "initial"_a = none, "where"_a = true);
  ops.def("nanmean", &nanmean,
          doc("The mean of the elements that are no NaN; NaN of none.",
              "Of integers and bools in the default float; dtype converts first, TypeError for one without fractions.",
              ">>> tenon.nanmean(tenon.tensor([1., float('nan'), 2.]))\ntensor(1.5000)")
              .c_str(),
          "input"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "dtype"_a = none)
      .numpy("nanmean", &numpy_nanmean, kReduced, "a"_a, "axis"_a = none, "dtype"_a = none, "out"_a,
             "keepdims"_a = false, kw_only, "where"_a = true);
  ops.def("nanvar", &nanvar,
          doc("The variance of the elements that are no NaN.",
              "It divides by their number less correction; NaN where that is not positive. Of integers and bools in\n"
              "the default float, of complex numbers a real one.",
              ">>> tenon.nanvar(tenon.tensor([1., float('nan'), 3.]), correction=0)\ntensor(1.)")
              .c_str(),
          "input"_a, "dim"_a = none, "correction"_a = 1, "keepdim"_a = false)
      .function_only()
      .numpy("nanvar", &numpy_spread<&nanvar>, kReduced, "a"_a, "axis"_a = none, "dtype"_a = none, "out"_a,
             "ddof"_a = 0, "keepdims"_a = false, kw_only, "where"_a = true, "mean"_a = none, "correction"_a = none);
  ops.def("nanstd", &nanstd,
          doc("The standard deviation of the elements that are no NaN: the root of nanvar.",
              "NaN where their number less correction is not positive.",
              ">>> tenon.nanstd(tenon.tensor([1., float('nan'), 3.]), correction=0)\ntensor(1.)")
              .c_str(),
          "input"_a, "dim"_a = none, "correction"_a = 1, "keepdim"_a = false)
      .function_only()
      .numpy("nanstd", &numpy_spread<&nanstd>, kReduced, "a"_a, "axis"_a = none, "dtype"_a = none, "out"_a,
             "ddof"_a = 0, "keepdims"_a = false, kw_only, "where"_a = true, "mean"_a = none, "correction"_a = none);
  ops.def("nanmin", &nanmin,
          doc("The smallest of the elements that are no NaN; NaN where there are no others.",
              "ValueError for no elements, TypeError for complex numbers.",
              ">>> tenon.nanmin(tenon.tensor([2., float('nan'), 1.]))\ntensor(1.)")
              .c_str(),
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .function_only()
      .numpy("nanmin", &numpy_extremum<Op::fmin, &nanmin>, kReduced, "a"_a, "axis"_a = none, "out"_a,
             "keepdims"_a = false, "initial"_a = none, "where"_a = true);
  ops.def("nanmax", &nanmax,
          doc("The largest of the elements that are no NaN; NaN where there are no others.",
              "ValueError for no elements, TypeError for complex numbers.",
              ">>> tenon.nanmax(tenon.tensor([2., float('nan'), 1.]))\ntensor(2.)")
              .c_str(),
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .function_only()
      .numpy("nanmax", &numpy_extremum<Op::fmax, &nanmax>, kReduced, "a"_a, "axis"_a = none, "out"_a,
             "keepdims"_a = false, "initial"_a = none, "where"_a = true);
  ops.def(
         "nanargmin", &nanargmin,
         "The index of the smallest element that is no NaN (the first of equal ones): a new int64 tensor.\n\n"
         "dim: an int, or None for the flat tensor; keepdim keeps it with size 1. ValueError for no elements and\n"
         "where all are NaN, IndexError for a dimension that is not there, TypeError for complex numbers and float8.\n\n"
         ">>> tenon.nanargmin(tenon.tensor([2., float('nan'), 1.]))\n"
         "tensor(2)",
         "input"_a, "dim"_a = none, "keepdim"_a = false)
      .function_only()
      .numpy("nanargmin", position);
  ops.def(
         "nanargmax", &nanargmax,
         "The index of the largest element that is no NaN (the first of equal ones): a new int64 tensor.\n\n"
         "dim: an int, or None for the flat tensor; keepdim keeps it with size 1. ValueError for no elements and\n"
         "where all are NaN, IndexError for a dimension that is not there, TypeError for complex numbers and float8.\n\n"
         ">>> tenon.nanargmax(tenon.tensor([2., float('nan'), 1.]))\n"
         "tensor(0)",
         "input"_a, "dim"_a = none, "keepdim"_a = false)
      .function_only()
      .numpy("nanargmax", position);
}

}  // namespace

void def_nan(Ops& ops) {
  def_nan_reductions(ops);
  ops.def("nancumsum", &along<&nancumsum>,
          "The sums of the elements up to each one along dim, where NaNs count as 0: a new tensor.\n\n"
          "Of the flat tensor without dim. Integers and bools in int64 (uint64); dtype converts first. IndexError for\n"
          "a dimension that is not there, TypeError for float8.\n\n"
          ">>> tenon.nancumsum(tenon.tensor([1., float('nan'), 2.]))\n"
          "tensor([1., 1., 3.])",
          "input"_a, "dim"_a = none, "dtype"_a = none)
      .function_only()
      .numpy("nancumsum", scan);
  ops.def("nancumprod", &along<&nancumprod>,
          "The products of the elements up to each one along dim, where NaNs count as 1: a new tensor.\n\n"
          "Of the flat tensor without dim. Integers and bools in int64 (uint64); dtype converts first. IndexError for\n"
          "a dimension that is not there, TypeError for float8.\n\n"
          ">>> tenon.nancumprod(tenon.tensor([2., float('nan'), 3.]))\n"
          "tensor([2., 2., 6.])",
          "input"_a, "dim"_a = none, "dtype"_a = none)
      .function_only()
      .numpy("nancumprod", scan);
  ops.def("nan_to_num", &nan_to_num_row,
          "The elements with NaN and infinities replaced by numbers: a new tensor of input's dtype.\n\n"
          "posinf, neginf: the dtype's largest and smallest numbers unless given. The parts of complex numbers are\n"
          "mended one by one; integers and bools stay as they are. TypeError for float8.\n\n"
          ">>> tenon.nan_to_num(tenon.tensor([1., float('nan')]))\n"
          "tensor([1., 0.])",
          "input"_a, "nan"_a = 0.0, "posinf"_a = none, "neginf"_a = none)
      .numpy(
          "nan_to_num", &numpy_nan_to_num,
          "\nA new tensor; for copy=False x itself, changed in place. posinf, neginf: the dtype's largest and smallest\n"
          "numbers unless given. The parts of complex numbers are mended one by one. TypeError for float8; in place\n"
          "ValueError for read-only memory and RuntimeError for a leaf that requires grad.",
          "x"_a, "copy"_a = true, "nan"_a = 0.0, "posinf"_a = none, "neginf"_a = none);
  ops.def("nan_to_num_", &nan_to_num_inplace,
          "Replaces NaN and infinities by numbers, as nan_to_num, in place; returns the tensor.\n\n"
          "TypeError for float8, ValueError for read-only memory, RuntimeError for a leaf that requires grad.\n\n"
          ">>> tenon.tensor([1., float('nan')]).nan_to_num_(7)\n"
          "tensor([1., 7.])",
          "input"_a, "nan"_a = 0.0, "posinf"_a = none, "neginf"_a = none);
}

}  // namespace tenon::py
