// Rows: differences and integrals along a dimension.
#include <numbers>

#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/difference.h"

namespace tenon::py {
namespace {

const Tensor& or_none(const std::optional<Tensor>& t) {
  static const Tensor none;
  return t ? *t : none;
}

Tensor diff_row(const Tensor& t, std::int64_t n, std::int64_t dim, const std::optional<Tensor>& prepend,
                const std::optional<Tensor>& append) {
  return diff(t, n, dim, or_none(prepend), or_none(append));
}
Tensor ediff1d_row(const Tensor& t, const std::optional<Tensor>& to_end, const std::optional<Tensor>& to_begin) {
  return ediff1d(t, or_none(to_begin), or_none(to_end));
}

// spacing: a number, coordinates, or a sequence of them. NumPy's list is of coordinates; its spacings come as a tuple.
template <bool kNumpy>
PyObject* gradient_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const Axes axes = argument<Axes>(def, args, 2);
  const auto order = argument<std::int64_t>(def, args, 3);
  std::vector<Object> items;  // of a list, which may change
  std::vector<From<Operand>> held;
  const Where w{def.name.c_str(), "spacing"};
  if (PyTuple_Check(args[1]) || (PyList_Check(args[1]) && !kNumpy)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(args[1]); ++i) items.push_back(item_at(args[1], i, w.op));
  } else if (args[1] != Py_None) {
    items.push_back(Object::borrow(args[1]));
  }
  held.reserve(items.size());
  for (Object& item : items) {
    if (is_list(item.get()) && t.dtype() == DType::float64)
      item = Object::steal(wrap(to_tensor_beside(item.get(), t, w)));
    held.emplace_back(item.get(), w);
  }
  std::vector<Operand> spacing;
  for (const auto& h : held) spacing.push_back(h.get());
  const auto slopes = without_gil(4 * t.numel(), [&] { return gradient(t, spacing, axes, order); }, t, spacing);
  return kNumpy && slopes.size() == 1 ? to_python(slopes[0]) : to_python(slopes);
}
void gradient_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc =
      "The slopes along each axis by differences of second order: a new tensor, or a tuple of them for several axes.\n\n"
      "f: the values of the function.\n"
      "varargs: nothing, one distance, or for each axis a distance or the coordinates of the elements (1-D). axis: an\n"
      "int, a tuple, or None for all. edge_order: 1 or 2, the order at the ends. Of integers and bools in the default\n"
      "float. ValueError for too few elements and for coordinates of another number, IndexError for an axis that is not\n"
      "there, TypeError for another number of distances and float8.\n\n"
      ">>> tenon.numpy.gradient(tenon.tensor([1., 4., 9.]))\n"
      "tensor([3., 4., 5.])";
  d.arguments("f"_a, variadic("varargs"_a = none), kw_only, "axis"_a = none, "edge_order"_a = 1);
  d.invoke = &gradient_any<true>;
}

template <Tensor (*By)(const Tensor&, const Scalar&, std::int64_t),
          Tensor (*At)(const Tensor&, const Tensor&, std::int64_t)>
Tensor integrate(const Tensor& y, const std::optional<Tensor>& x, const Scalar& dx, std::int64_t dim) {
  return x ? At(y, *x, dim) : By(y, dx, dim);
}

PyObject* interp_any(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), "x"};
  const bool listed = is_list(args[1]), given = is_tensor(args[0]) || is_ndarray(args[0]);
  const Tensor xp =
      listed && given ? to_tensor_beside(args[1], to_tensor(args[0], w), {w.op, "xp"}) : argument<Tensor>(def, args, 1);
  const Tensor x = to_tensor_beside(args[0], xp, w);
  const Tensor fp =
      xp.dtype() == DType::float64 ? to_tensor_beside(args[2], xp, {w.op, "fp"}) : argument<Tensor>(def, args, 2);
  const auto left = argument<std::optional<Scalar>>(def, args, 3),
             right = argument<std::optional<Scalar>>(def, args, 4);
  const auto period = argument<std::optional<double>>(def, args, 5);
  return computed(kLongWork, [&] { return interp(x, xp, fp, left, right, period); }, x, xp, fp);
}

}  // namespace

void def_difference(Ops& ops) {
  ops.def("diff", &diff_row,
          "The differences of neighbours along dim, formed n times: a new tensor (itself for n = 0).\n\n"
          "Bools differ by !=. prepend, append: what is joined along dim before; a number counts as one element.\n"
          "ValueError for a negative n, no dimensions and shapes that do not fit, IndexError for a dimension that is\n"
          "not there, TypeError for float8.\n\n"
          "n: how often differences are taken.\n\n"
          ">>> tenon.diff(tenon.tensor([1, 4, 9]))\n"
          "tensor([3, 5])",
          "input"_a, "n"_a = 1, "dim"_a = -1, "prepend"_a = none, "append"_a = none)
      .numpy("diff", {"a", "n", "axis"})
      .array_api("diff");
  ops.raw(
         "gradient", &gradient_any<false>,
         "A tuple of new tensors: the slopes along each dim, by differences of second order.\n\n"
         "spacing: a number, the coordinates of the elements (1-D), or a sequence of these for each dim. dim: an int,\n"
         "a tuple, or None for all. edge_order: 1 or 2, the order at the ends. Of integers and bools in the default\n"
         "float. ValueError for too few elements and for coordinates of another number, IndexError for a dimension\n"
         "that is not there, TypeError for another number of spacings and float8.\n\n"
         ">>> tenon.gradient(tenon.tensor([1., 4., 9.]))\n"
         "(tensor([3., 4., 5.]),)",
         "input"_a, kw_only, "spacing"_a = none, "dim"_a = none, "edge_order"_a = 1)
      .function_only()
      .returns("tuple[Tensor, ...]")
      .numpy("gradient", gradient_of_numpy);
  ops.def("ediff1d", &ediff1d_row,
          "The differences of neighbours of the flat tensor, between to_begin and to_end: a new 1-D tensor.\n\n"
          "to_end, to_begin: numbers or arrays, converted to ary's dtype; TypeError where it is of a lower kind, and\n"
          "for bool and float8.\n\n"
          "ary: a tensor, read as a flat one.\n\n"
          ">>> tenon.ediff1d(tenon.tensor([1, 4, 9]), to_begin=0)\n"
          "tensor([0, 3, 5])",
          "ary"_a, "to_end"_a = none, "to_begin"_a = none)
      .function_only()
      .numpy("ediff1d");
  ops.def("trapezoid", &integrate<&trapezoid, &trapezoid>,
          "The integral of y along dim by the trapezoidal rule: a new tensor without dim.\n\n"
          "x: the coordinates, 1-D or broadcast with y; otherwise they are dx apart. Of integers and bools in the\n"
          "default float. IndexError for a dimension that is not there, ValueError for coordinates that do not fit,\n"
          "TypeError for float8.\n\n"
          "y: the values of the function.\n\n"
          ">>> tenon.trapezoid(tenon.tensor([1., 2., 3.]))\n"
          "tensor(4.)",
          "y"_a, "x"_a = none, "dx"_a = 1, "dim"_a = -1)
      .function_only()
      .numpy("trapezoid", {"y", "x", "dx", "axis"})
      .alias("trapz");
  ops.def("cumulative_trapezoid", &integrate<&cumulative_trapezoid, &cumulative_trapezoid>,
          "The integrals of y along dim up to each element but the first, by the trapezoidal rule: a new tensor.\n\n"
          "As trapezoid. IndexError for a dimension that is not there, ValueError for coordinates that do not fit,\n"
          "TypeError for float8.\n\n"
          "y: the values of the function.\n\n"
          "x: the places of the values; None for a distance of dx.\n\n"
          ">>> tenon.cumulative_trapezoid(tenon.tensor([1., 2., 3.]))\n"
          "tensor([1.5000, 4.0000])",
          "y"_a, "x"_a = none, "dx"_a = 1, "dim"_a = -1)
      .function_only();
  ops.raw(
         "interp", &interp_any,
         "The values at x of the lines between the points (xp, fp): a new tensor of a float, in x's shape.\n\n"
         "xp, fp: 1-D, xp ascending; with a period they are taken modulo it, in any order. left, right: the values\n"
         "beside the points, the first and the last of fp unless given. NaN for NaN. The gradient goes to x, xp and\n"
         "fp. ValueError for no points, other shapes and the period 0; TypeError for complex x and float8.\n\n"
         "period: the length after which xp repeats; None for none.\n\n"
         "x: the places at which values are wanted. xp: the places of the known values, ascending. fp: the known values.\n\n"
         ">>> tenon.interp(tenon.tensor([1.5]), tenon.tensor([1., 2.]), tenon.tensor([10., 20.]))\n"
         "tensor([15.])",
         "x"_a, "xp"_a, "fp"_a, "left"_a = none, "right"_a = none, "period"_a = none)
      .with_out()
      .function_only()
      .numpy("interp");
  ops.def(
         "unwrap",
         +[](const Tensor& p, const std::optional<double>& discont, std::int64_t dim, const Scalar& period) {
           return unwrap(p, discont, dim, period);
         },
         "The angles along dim without jumps of more than half a period: a new tensor.\n\n"
         "p: the angles. period: the length after which they repeat.\n"
         "discont: the largest jump that stays, at least half a period. Integers stay integers if the period is one,\n"
         "otherwise they give the default float. IndexError for a dimension that is not there, ValueError for no\n"
         "dimensions, TypeError for complex numbers and float8.\n\n"
         ">>> tenon.unwrap(tenon.tensor([0, 3, 0, 1]), period=4)\n"
         "tensor([ 0, -1,  0,  1])",
         "p"_a, "discont"_a = none, "dim"_a = -1, kw_only, "period"_a = 2 * std::numbers::pi)
      .function_only()
      .numpy("unwrap", {"p", "discont", "axis"});
}

}  // namespace tenon::py
