// Rows: shapes for which PyTorch has no function, or one of the same signature.
#include "border.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/shape.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

// Whether o is a list or tuple that begins with a tensor.
bool of_tensors(PyObject* o) {
  return is_list(o) && PySequence_Fast_GET_SIZE(o) > 0 && is_tensor(item_at(o, 0, "at_least").get());
}

template <int n, bool under_numpy>
PyObject* at_least_any(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), def.args[0].name};
  std::vector<Tensor> made;
  const auto add = [&](PyObject* o) { made.push_back(at_least(to_tensor(o, w), n)); };
  // tenon's takes a sequence of tensors for several, as PyTorch's; NumPy's for one array.
  if (PyObject* only = PyTuple_GET_SIZE(args[0]) == 1 ? PyTuple_GET_ITEM(args[0], 0) : nullptr;
      only && !under_numpy && of_tensors(only)) {
    const Object held = Object::steal(PySequence_Tuple(only));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(held.get()); ++i) add(PyTuple_GET_ITEM(held.get(), i));
    return to_python(made);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[0]); ++i) add(PyTuple_GET_ITEM(args[0], i));
  return made.size() == 1 ? to_python(made[0]) : to_python(made);
}

template <int n>
void at_least_of_numpy(OpDef& d, std::nullptr_t) {
  d.arguments(rest("arys"_a));
  d.invoke = &at_least_any<n, true>;
  d.doc +=
      "New dimensions of size 1 stand in front; for three a matrix gets it behind, and a vector becomes (1, size, 1). The\n"
      "tensor itself or a view; a tuple for several arrays. arys: arrays. TypeError for what is no tensor or array,\n"
      "ValueError for a ragged list.";
}

PyObject* broadcast_shapes_any(const OpDef& def, PyObject* const* args) {
  std::vector<Dims> shapes;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[0]); ++i)
    shapes.push_back(to_dims(PyTuple_GET_ITEM(args[0], i), {def.name.c_str(), def.args[0].name}));
  return to_python(broadcast_shapes(std::span<const Dims>(shapes)));
}

// o as a tensor; an undefined one for text, None and other objects that hold no numbers.
Tensor numbers(PyObject* o, const Where& w) {
  try {
    return to_tensor(o, w);
  } catch (const TypeError&) { return {}; } catch (const PythonError&) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw;
    PyErr_Clear();
    return {};
  }
}

// What holds no numbers is broadcast as an ndarray of objects, as NumPy does it.
PyObject* broadcast_arrays_any(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), def.args[0].name};
  const Py_ssize_t n = PyTuple_GET_SIZE(args[0]);
  std::vector<Tensor> tensors;
  std::vector<Object> others(static_cast<std::size_t>(n));
  std::vector<Dims> shapes;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = PyTuple_GET_ITEM(args[0], i);
    tensors.push_back(numbers(o, w));
    if (tensors.back().defined()) {
      shapes.push_back(tensors.back().shape());
      continue;
    }
    require_numpy(w.op);
    Object& array = others[static_cast<std::size_t>(i)];
    array = Object::steal(PyObject_CallOneArg(python_function("numpy", "asarray").get(), o));
    shapes.push_back(to_dims(Object::steal(PyObject_GetAttrString(array.get(), "shape")).get(), w));
  }
  const Dims common = broadcast_shapes(std::span<const Dims>(shapes));
  const Object shape = Object::steal(from_dims(common));
  Object result = Object::steal(PyTuple_New(n));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    PyObject* item = nullptr;
    if (tensors[i].defined()) {
      item = to_python(expand(tensors[i], common));
    } else {
      PyObject* const both[] = {others[i].get(), shape.get()};
      item = Object::steal(PyObject_Vectorcall(python_function("numpy", "broadcast_to").get(), both, 2, nullptr))
                 .release();
    }
    PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i), item);
  }
  return result.release();
}

void def_broadcasts(Ops& ops) {
  ops.raw("broadcast_shapes", &broadcast_shapes_any,
          "The shape that operands of these shapes are repeated to.\n\n"
          "shapes: tuples, or ints for one dimension. A tuple. ValueError for shapes that do not broadcast.\n\n"
          ">>> tenon.broadcast_shapes((3, 1), 4)\n"
          "(3, 4)",
          rest("shapes"_a))
      .function_only()
      .returns("tuple[_int, ...]")
      .numpy("broadcast_shapes")
      .array_api("broadcast_shapes");
  ops.def(
         "broadcast_tensors", +[](std::span<const Tensor> ts) { return broadcast_tensors(ts); },
         "Views of the tensors in one common shape.\n\n"
         "A tuple of views. ValueError for shapes that do not broadcast. Writing to repeated elements is a\n"
         "RuntimeError.\n\n"
         ">>> [t.shape for t in tenon.broadcast_tensors(tenon.zeros(3, 1), tenon.zeros(4))]\n"
         "[(3, 4), (3, 4)]",
         variadic("tensors"_a))
      .function_only();
  ops.raw("broadcast_arrays", &broadcast_arrays_any,
          "Views of arrays in one common shape.\n\n"
          "A tuple of views, of a new tensor for a number or a list; of what holds no numbers (None, text) an\n"
          "ndarray, as NumPy makes it. ValueError for shapes that do not broadcast.\n\n"
          ">>> [t.shape for t in tenon.numpy.broadcast_arrays(tenon.zeros(3, 1), 2.0)]\n"
          "[(3, 1), (3, 1)]",
          rest("args"_a), "subok"_a = false)
      .numpy_only("broadcast_arrays")
      .returns("tuple[Any, ...]")
      .array_api("broadcast_arrays");
}

void def_at_least(Ops& ops) {
  static constexpr const char* kDoc =
      " at least: each tensor itself, or a view.\n\n"
      "New ones of size 1 stand in front; for three dimensions a matrix gets it behind, and a vector becomes\n"
      "(1, size, 1). The tensor itself or a view; a tuple for several arrays, also in a list that begins with a tensor.\n"
      "TypeError for what is no tensor or array.\n\n"
      ">>> tenon.atleast_";
  const auto doc = [](const char* n, const char* example) { return std::string("With ") + n + kDoc + example; };
  ops.raw("atleast_1d", &at_least_any<1, false>, doc("one dimension", "1d(3).shape\n(1,)").c_str(), rest("tensors"_a))
      .function_only()
      .numpy("atleast_1d", at_least_of_numpy<1>);
  ops.raw("atleast_2d", &at_least_any<2, false>, doc("two dimensions", "2d(tenon.zeros(3)).shape\n(1, 3)").c_str(),
          rest("tensors"_a))
      .function_only()
      .numpy("atleast_2d", at_least_of_numpy<2>);
  ops.raw("atleast_3d", &at_least_any<3, false>, doc("three dimensions", "3d(tenon.zeros(3)).shape\n(1, 3, 1)").c_str(),
          rest("tensors"_a))
      .function_only()
      .numpy("atleast_3d", at_least_of_numpy<3>);
}

void def_questions(Ops& ops) {
  ops.def(
         "shape", +[](const Tensor& t) { return t.shape(); },
         "The sizes of the dimensions: a tuple.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.numpy.shape([[1, 2, 3]])\n"
         "(1, 3)",
         "a"_a)
      .numpy_only("shape");
  ops.def(
         "ndim", +[](const Tensor& t) { return std::int64_t{t.ndim()}; },
         "The number of dimensions.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.numpy.ndim([[1, 2, 3]])\n"
         "2",
         "a"_a)
      .numpy_only("ndim");
  ops.def(
         "size", &size_along,
         "The number of elements, or the product of the sizes of some axes.\n\n"
         "axis: an int or a tuple. IndexError for an axis that is not there, ValueError for a repeated one, TypeError\n"
         "for what is no tensor or array.\n\n"
         ">>> tenon.numpy.size(tenon.zeros(2, 3), 1)\n"
         "3",
         "a"_a, "axis"_a = none)
      .numpy_only("size");
}

}  // namespace

void def_numpy_shape(Ops& ops) {
  def_broadcasts(ops);
  def_at_least(ops);
  def_questions(ops);
  ops.def("matrix_transpose", &mT,
          "A view with the last two dimensions swapped.\n\n"
          "ValueError for fewer than two dimensions.\n\n"
          ">>> tenon.numpy.matrix_transpose(tenon.zeros(2, 3, 4)).shape\n"
          "(2, 4, 3)",
          "x"_a, pos_only)
      .no_out()
      .numpy_only("matrix_transpose")
      .numpy("matrix_transpose", "linalg.matrix_transpose")
      .array_api("matrix_transpose");
  ops.def(
         "rollaxis", &rollaxis,
         "A view with one axis moved before another.\n\n"
         "start: the place before which it comes to stand, from -ndim to ndim. IndexError for an axis or a place that\n"
         "is not there.\n\n"
         ">>> tenon.numpy.rollaxis(tenon.zeros(2, 3, 4), 2).shape\n"
         "(4, 2, 3)",
         "a"_a, "axis"_a, "start"_a = 0)
      .no_out()
      .numpy_only("rollaxis");
  ops.def(
         "sliding_window_view",
         +[](const Tensor& t, const Dims& window, const Axes& axis, bool, bool) {
           return sliding_window_view(t, window, axis);
         },
         "A view of all windows along axes, with the windows' dimensions last.\n\n"
         "window_shape, axis: ints, or tuples of one length; all axes by default. Windows share elements, so writing to\n"
         "them is a RuntimeError. subok and writeable are accepted for NumPy's sake. IndexError for an axis that is not\n"
         "there, ValueError for another number of sizes than of axes and for a size that is negative or too large.\n\n"
         ">>> tenon.numpy.sliding_window_view(tenon.arange(4), 3)\n"
         "tensor([[0, 1, 2],\n"
         "        [1, 2, 3]])",
         "x"_a, "window_shape"_a, "axis"_a = none, kw_only, "subok"_a = false, "writeable"_a = false)
      .no_out()
      .numpy_only("sliding_window_view");
}

}  // namespace tenon::py
