// Joining, repeating and splitting under NumPy's signatures.
#include "core/errors.h"
#include "numpy_api.h"
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/join.h"
#include "tenon/ops/view.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

constexpr const char* kCasts =
    "dtype: the promoted one unless given. casting: what may be converted to it ('no', 'equiv', 'safe', 'same_kind' or\n"
    "'unsafe'; TypeError for the rest, ValueError for another word).\n";

// The arrays in dtype=, where casting= allows it; without one, where it allows the promotion.
std::vector<Tensor> converted(const OpDef& def, std::vector<Tensor> ts, PyObject* dtype, Casting casting) {
  if (dtype == Py_None) {
    check_promotion(def.name, ts, casting);
    return ts;
  }
  const DType d = to_dtype(dtype, {def.name.c_str(), "dtype"});
  for (Tensor& t : ts) {
    check_cast(def.name, t.dtype(), d, casting);
    t = to(t, d);
  }
  return ts;
}

Casting casting_of(const OpDef& def, PyObject* const* args, int i) {
  if (args[i] == def.args[static_cast<std::size_t>(i)].default_value) return Casting::same_kind;
  return to_casting(args[i], {def.name.c_str(), "casting"});
}

// (arrays, axis, out, *, dtype, casting): join() makes the result of the tensors and the axis.
template <class F>
PyObject* joined(const OpDef& def, PyObject* const* args, F&& join) {
  const Casting casting = casting_of(def, args, 3);
  PyObject* out = args[4];
  if (out && args[2] != Py_None) errors::fail<TypeError>(def.name, "out= and dtype= do not go together; give one");
  const auto ts = converted(def, argument<std::vector<Tensor>>(def, args, 0), args[2], casting);
  const auto axis = argument<std::optional<std::int64_t>>(def, args, 1);
  Tensor r = without_gil(work(ts), [&] { return join(ts, axis); }, ts);
  return out ? into_out(def.name.c_str(), r, out, casting) : to_python(std::move(r));
}
PyObject* invoke_concatenate(const OpDef& def, PyObject* const* args) {
  return joined(def, args, [&](const std::vector<Tensor>& ts, const std::optional<std::int64_t>& axis) {
    return reinterpret_cast<Tensor (*)(const std::vector<Tensor>&, const std::optional<std::int64_t>&)>(def.fn)(ts,
                                                                                                                axis);
  });
}
PyObject* invoke_stack(const OpDef& def, PyObject* const* args) {
  if (args[1] == Py_None) wrong_type({def.name.c_str(), "axis"}, "an int", Py_None);
  return joined(def, args, [&](std::span<const Tensor> ts, const std::optional<std::int64_t>& axis) {
    return reinterpret_cast<Tensor (*)(std::span<const Tensor>, std::int64_t)>(def.fn)(ts, *axis);
  });
}
// (tup, *, dtype, casting)
PyObject* invoke_side_by_side(const OpDef& def, PyObject* const* args) {
  const auto ts = converted(def, argument<std::vector<Tensor>>(def, args, 0), args[1], casting_of(def, args, 2));
  const auto f = reinterpret_cast<Tensor (*)(std::span<const Tensor>)>(def.fn);
  return computed(work(ts), [&] { return f(ts); }, ts);
}

PyObject* invoke_repeat(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axis = argument<std::optional<std::int64_t>>(def, args, 2);
  if (PyLong_CheckExact(args[1])) {
    const auto n = argument<std::int64_t>(def, args, 1);
    return computed(kLongWork, [&] { return repeat_interleave(t, n, axis); }, t);
  }
  const Tensor given = argument<Tensor>(def, args, 1);
  const Tensor repeats = is_bool(given.dtype()) ? to(given, DType::int64) : given;
  return computed(kLongWork, [&] { return repeat_interleave(t, repeats, axis); }, t, repeats);
}

// ---- splitting ----

// A sequence of places, no number of parts.
bool lists_places(PyObject* o) {
  if (is_tensor(o)) return unwrap(o).ndim() > 0;
  if (is_list(o)) return true;
  if (!is_ndarray(o)) return false;
  const bool sized = PyObject_Length(o) >= 0;
  PyErr_Clear();
  return sized;
}

PyObject* as_list(const std::vector<Tensor>& parts) {
  Object list = Object::steal(PyList_New(static_cast<Py_ssize_t>(parts.size())));
  for (std::size_t i = 0; i < parts.size(); ++i)
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), to_python(parts[i]));
  return list.release();
}

using Split = std::vector<Tensor> (*)(const Tensor&, std::int64_t, std::int64_t);

std::vector<Tensor> parts_along(const OpDef& def, PyObject* const* args, const Tensor& t, std::int64_t axis, Split f) {
  if (lists_places(args[1])) return tensor_split(t, argument<Dims>(def, args, 1), axis);
  return f(t, argument<std::int64_t>(def, args, 1), axis);
}
template <Split f>
PyObject* invoke_split(const OpDef& def, PyObject* const* args) {
  return as_list(parts_along(def, args, argument<Tensor>(def, args, 0), argument<std::int64_t>(def, args, 2), f));
}
// hsplit, vsplit, dsplit: along `axis`, of at least `ndim` dimensions; NumPy's list, or PyTorch's tuple.
template <int axis, int ndim, bool list>
PyObject* invoke_split_along(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (t.ndim() < ndim) errors::wrong_ndim(def.name, t.ndim(), errors::text("at least ", ndim, " dimensions"));
  const std::vector<Tensor> parts = parts_along(def, args, t, axis == 1 && t.ndim() == 1 ? 0 : axis, &split_equally);
  return list ? as_list(parts) : to_python(parts);
}
// PyTorch's: a tuple.
PyObject* invoke_tensor_split(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  return to_python(parts_along(def, args, t, argument<std::int64_t>(def, args, 2), &tensor_split));
}

void finish(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& doc) {
  d.invoke = invoke;
  d.document(doc);
}

constexpr const char* kParts =
    "indices_or_sections: an int, the number of equal parts, or ints, the places to cut at. Views. ValueError for too few\n"
    "dimensions and for parts that are not equal.\n\n";
constexpr const char* kSplit =
    "Views, in a list: a number of equal parts, or the parts between places along the axis, as slices take them.\n";

}  // namespace

void concatenating(OpDef& d, Tensor (*)(const std::vector<Tensor>&, const std::optional<std::int64_t>&)) {
  d.arguments("arrays"_a, pos_only, "axis"_a = 0, "out"_a, kw_only, "dtype"_a = none, "casting"_a = "same_kind");
  d.native_out = true;
  finish(
      d, &invoke_concatenate,
      std::string("A copy, or out. axis: None joins the flat arrays.\n") + kCasts +
          "IndexError for an axis that is not there, ValueError for other sizes that differ, for 0-d arrays and for\n"
          "none, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.numpy.concatenate([tenon.zeros(2), tenon.ones(1)])\n"
          "tensor([0., 0., 1.])");
}
void stacking(OpDef& d, Tensor (*)(std::span<const Tensor>, std::int64_t)) {
  d.arguments("arrays"_a, "axis"_a = 0, "out"_a, kw_only, "dtype"_a = none, "casting"_a = "same_kind");
  d.native_out = true;
  finish(
      d, &invoke_stack,
      std::string("A copy, or out.\n") + kCasts +
          "ValueError for shapes that differ and for no arrays, IndexError for a place that the result does not have,\n"
          "TypeError for float8 with another dtype.\n\n"
          ">>> tenon.numpy.stack([tenon.zeros(2), tenon.ones(2)], axis=1)\n"
          "tensor([[0., 1.],\n"
          "        [0., 1.]])");
}
void side_by_side(OpDef& d, Tensor (*)(std::span<const Tensor>)) {
  d.arguments("tup"_a, kw_only, "dtype"_a = none, "casting"_a = "same_kind");
  finish(d, &invoke_side_by_side,
         std::string("A copy.\n") + kCasts +
             "ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype.");
}
void side_by_side_as_they_are(OpDef& d, Tensor (*f)(std::span<const Tensor>)) {
  Ops::bind(d, f, "tup"_a);
  d.doc +=
      "A copy. ValueError for other sizes that differ and for no arrays, TypeError for float8 with another dtype." +
      d.notes;
}
void tiling(OpDef& d, Tensor (*f)(const Tensor&, const Dims&)) {
  Ops::bind(d, f, "A"_a, "reps"_a);
  d.doc +=
      "reps: an int or a tuple; missing numbers in front count as 1. A copy. ValueError for negative numbers.\n\n"
      ">>> tenon.numpy.tile(tenon.arange(2), 2)\n"
      "tensor([0, 1, 0, 1])" +
      d.notes;
}
void repeating(OpDef& d, std::nullptr_t) {
  d.arguments("a"_a, "repeats"_a, "axis"_a = none);
  finish(
      d, &invoke_repeat,
      "A copy. repeats: an int, or an array with a number for each element. Of the flat array without axis.\n"
      "IndexError for an axis that is not there, ValueError for negative numbers and for another number of them than\n"
      "of elements, TypeError for numbers that are no integers.\n\n"
      ">>> tenon.numpy.repeat(tenon.tensor([1, 2]), [1, 2])\n"
      "tensor([1, 2, 2])");
}
void splitting(OpDef& d, std::nullptr_t) {
  d.arguments("ary"_a, "indices_or_sections"_a, "axis"_a = 0);
  d.returns = "list[Tensor]";
  d.doc = "The parts of an array along an axis.\n\n";
  finish(
      d, &invoke_split<&split_equally>,
      std::string(kSplit) +
          "IndexError for an axis that is not there, ValueError where the parts would not be equal and for none, TypeError\n"
          "for a number of them that is no int.\n\n"
          ">>> tenon.numpy.split(tenon.arange(4), 2)\n"
          "[tensor([0, 1]), tensor([2, 3])]");
}
void unstacking(OpDef& d, std::vector<Tensor> (*f)(const Tensor&, std::int64_t)) {
  Ops::bind(d, f, "x"_a, pos_only, kw_only, "axis"_a = 0);
  d.doc +=
      "IndexError for an axis that is not there, ValueError for a 0-d array.\n\n"
      ">>> tenon.numpy.unstack(tenon.tensor([[1, 2], [3, 4]]))\n"
      "(tensor([1, 2]), tensor([3, 4]))" +
      d.notes;
}

void def_numpy_split(Ops& ops) {
  ops.raw(
         "tensor_split", &invoke_tensor_split,
         "A tuple of views: a number of parts whose sizes differ by one at most, or the parts between places.\n\n"
         "indices_or_sections: an int, or the places along dim, as slices take them. IndexError for a dimension that is\n"
         "not there, ValueError for no parts and a 0-d tensor, TypeError for a number of them that is no int.\n\n"
         ">>> tenon.tensor_split(tenon.arange(3), 2)\n"
         "(tensor([0, 1]), tensor([2]))",
         "input"_a, "indices_or_sections"_a, "dim"_a = 0)
      .returns("tuple[Tensor, ...]");
  const auto doc = [](const char* first, const char* errors, const char* example) {
    return std::string(first) + "\n\n" + kSplit + errors + example;
  };
  ops.raw(
         "array_split", &invoke_split<&tensor_split>,
         doc("The parts of an array along an axis, whose sizes differ by one at most.",
             "IndexError for an axis that is not there, ValueError for no parts, TypeError for a number of them that is no\n"
             "int.",
             "\n\n>>> tenon.numpy.array_split(tenon.arange(3), 2)\n[tensor([0, 1]), tensor([2])]")
             .c_str(),
         "ary"_a, "indices_or_sections"_a, "axis"_a = 0)
      .returns("list[Tensor]")
      .numpy_only("array_split");
  ops.raw("hsplit", &invoke_split_along<1, 1, true>,
          doc("The parts of an array along its second axis, of a vector along its first.",
              "ValueError where the parts would not be equal and for a 0-d array.",
              "\n\n>>> tenon.numpy.hsplit(tenon.arange(4), [1])\n[tensor([0]), tensor([1, 2, 3])]")
              .c_str(),
          "ary"_a, "indices_or_sections"_a)
      .returns("list[Tensor]")
      .numpy_only("hsplit");
  ops.raw("vsplit", &invoke_split_along<0, 2, true>,
          doc("The parts of an array along its first axis.",
              "ValueError where the parts would not be equal and for fewer than two dimensions.",
              "\n\n>>> tenon.numpy.vsplit(tenon.eye(2), 2)\n[tensor([[1., 0.]]), tensor([[0., 1.]])]")
              .c_str(),
          "ary"_a, "indices_or_sections"_a)
      .returns("list[Tensor]")
      .numpy_only("vsplit");
  ops.raw("dsplit", &invoke_split_along<2, 3, true>,
          doc("The parts of an array along its third axis.",
              "ValueError where the parts would not be equal and for fewer than three dimensions.",
              "\n\n>>> [t.shape for t in tenon.numpy.dsplit(tenon.zeros(1, 2, 4), 2)]\n[(1, 2, 2), (1, 2, 2)]")
              .c_str(),
          "ary"_a, "indices_or_sections"_a)
      .returns("list[Tensor]")
      .numpy_only("dsplit");
  const auto parts = [&ops](const char* name, PyObject* (*invoke)(const OpDef&, PyObject* const*), const char* first,
                            const char* example) {
    const std::string text = std::string(first) + "\n\n" + kParts + example;
    ops.raw(name, invoke, text.c_str(), "input"_a, "indices_or_sections"_a).returns("tuple[Tensor, ...]");
  };
  parts("hsplit", &invoke_split_along<1, 1, false>, "The parts along dimension 1, or along 0 of a 1-D tensor.",
        ">>> tenon.hsplit(tenon.arange(4), 2)\n(tensor([0, 1]), tensor([2, 3]))");
  parts("vsplit", &invoke_split_along<0, 2, false>, "The parts along dimension 0.",
        ">>> tenon.vsplit(tenon.arange(4).reshape(2, 2), 2)\n(tensor([[0, 1]]), tensor([[2, 3]]))");
  parts("dsplit", &invoke_split_along<2, 3, false>, "The parts along dimension 2.",
        ">>> tenon.dsplit(tenon.arange(2).reshape(1, 1, 2), [1])\n(tensor([[[0]]]), tensor([[[1]]]))");
}

}  // namespace tenon::py
