// Hand-written methods of tenon.Tensor; all others are rows (ops_*.cc).
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "dtype.h"
#include "graph.h"
#include "ingest.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

PyObject* detach(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = unwrap(self);
    return wrap(t.detach());
  });
}

// numpy(*, force=False)
PyObject* numpy(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&]() -> PyObject* {
    bool force = false;
    if (nargs > 0 || (kwnames && PyTuple_GET_SIZE(kwnames) > 1))
      throw TypeError("numpy: it takes the keyword argument force only");
    if (kwnames && PyTuple_GET_SIZE(kwnames) == 1) {
      if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "force") != 0)
        throw TypeError("numpy: it takes the keyword argument force only");
      force = to_bool(args[0], {"numpy", "force"});
    }
    const Tensor& t = unwrap(self);
    if (!t.impl()->meta() && !t.impl()->base && t.device().is_cpu()) return ndarray_from_tensor(t).release();
    if (force && !t.device().is_unified()) return ndarray_from_tensor(t.detach().to(kCpu)).release();
    const Tensor lent = force ? t.detach() : exportable(t, "numpy");
    if (lent.device() != t.device()) note_copy("numpy", "device", t.nbytes());
    return ndarray_from_tensor(lent).release();
  });
}

PyTypeObject* subclass(PyObject* cls, const char* op) {
  if (!PyType_Check(cls) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(cls), tensor_type)) {
    PyErr_Format(PyExc_TypeError, "%s: expected a subclass of Tensor; got %R", op, cls);
    throw PythonError{};
  }
  return reinterpret_cast<PyTypeObject*>(cls);
}
PyObject* make_subclass(PyObject*, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"cls", "data", "require_grad", nullptr};
  PyObject *cls, *data;
  int require_grad = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|p:_make_subclass", const_cast<char**>(keywords), &cls, &data,
                                   &require_grad))
    return nullptr;
  return guarded([&] {
    PyTypeObject* type = subclass(cls, "_make_subclass");
    const Tensor t = to_tensor(data, {"_make_subclass", "data"});
    Tensor made = t.detach();
    if (require_grad) made.set_requires_grad(true);
    return new_tensor(type, std::move(made));
  });
}
PyObject* as_subclass(PyObject* self, PyObject* cls) {
  return guarded([&] {
    PyTypeObject* type = subclass(cls, "as_subclass");
    const Tensor& t = unwrap(self);
    return new_tensor(type, view(t, t.shape()));
  });
}

PyObject* data_ptr(PyObject* self, PyObject*) { return PyLong_FromVoidPtr(unwrap(self).data()); }
PyObject* item(PyObject* self, PyObject* args) {
  return guarded_as("item", [&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (PyTuple_GET_SIZE(args) == 0) return from_scalar(t.item());
    // One number counts along the flat tensor, as in NumPy.
    if (PyTuple_GET_SIZE(args) == 1 && PyLong_Check(PyTuple_GET_ITEM(args, 0)) && t.ndim() != 1) {
      std::int64_t i = to_int(PyTuple_GET_ITEM(args, 0), {"item", "index"}), offset = 0;
      const std::int64_t n = t.numel();
      if (i < -n || i >= n) errors::fail<IndexError>("item", "index ", i, " is out of range for ", n, " elements");
      if (i < 0) i += n;
      for (int d = t.ndim() - 1; d >= 0; i /= t.shape()[d--]) offset += i % t.shape()[d] * t.strides()[d];
      return from_scalar(alias(t, offset, {}, {}).item());
    }
    std::vector<Index> at = to_indices(PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : args, "item");
    return from_scalar(index(t, at).item());
  });
}

template <class T>
PyObject* from_bytes(const char* p) {
  if constexpr (std::is_same_v<T, bool>) return from_element(*p != 0);  // any byte
  T v;
  std::memcpy(&v, p, sizeof v);
  return from_element(v);
}
template <class T>
PyObject* nested(const Tensor& t, int dim, const char* p) {
  if (dim == t.ndim()) return from_bytes<T>(p);
  const std::int64_t n = t.shape()[dim], step = t.strides()[dim] * static_cast<std::int64_t>(sizeof(T));
  Object list = Object::steal(PyList_New(n));
  const bool last = dim + 1 == t.ndim();
  for (std::int64_t i = 0; i < n; ++i, p += step) {
    PyObject* item = last ? from_bytes<T>(p) : nested<T>(t, dim + 1, p);
    if (!item) throw PythonError{};
    PyList_SET_ITEM(list.get(), i, item);
  }
  return list.release();
}
PyObject* tolist(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor t = unwrap(self).detach().to(kCpu);
    return dispatch(t.dtype(), [&]<class T>() { return nested<T>(t, 0, t.data()); });
  });
}
PyObject* dim(PyObject* self, PyObject*) { return PyLong_FromLong(unwrap(self).ndim()); }
PyObject* numel(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).numel()); }
PyObject* storage_offset(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).storage_offset()); }
PyObject* element_size(PyObject* self, PyObject*) { return PyLong_FromLongLong(unwrap(self).itemsize()); }
PyObject* complex_(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.numel() != 1)  // a TypeError, as float() and int()
      throw TypeError("complex: only a tensor of one element is a number; got shape " + t.shape().str());
    const complex128 v = t.item().to<complex128>();
    return PyComplex_FromDoubles(v.re, v.im);
  });
}
PyObject* backward(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"gradient", "retain_graph", "create_graph", "inputs", nullptr};
  PyObject *gradient = Py_None, *retain = Py_None, *inputs = Py_None;
  int create = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOpO:backward", const_cast<char**>(keywords), &gradient, &retain,
                                   &create, &inputs))
    return nullptr;
  return guarded([&] {
    const Tensor t = unwrap(self);
    const Tensor g = gradient == Py_None ? Tensor() : to_tensor(gradient, {"backward", "gradient"});
    const bool keep = retain == Py_None ? create : to_bool(retain, {"backward", "retain_graph"});
    std::vector<Tensor> wanted;
    if (is_tensor(inputs)) wanted.push_back(unwrap(inputs));
    else if (inputs != Py_None) wanted = to_tensors(inputs, {"backward", "inputs"});
    const auto run = [&] { autograd::backward({&t, 1}, {&g, 1}, keep, create, inputs == Py_None ? nullptr : &wanted); };
    without_gil(kLongWork, run, t, g, wanted);
    return Py_NewRef(Py_None);
  });
}

// ---- what thin Python modules do, imported on first need ----

PyObject* from_module(const char* module, const char* function, PyObject* self, PyObject* argument) {
  Object m = Object::maybe(PyImport_ImportModule(module));
  if (!m) return nullptr;
  return PyObject_CallMethod(m.get(), function, argument ? "OO" : "O", self, argument);
}
// new(*sizes) or new(data).
PyObject* new_like(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    const Object first = Object::steal(PyTuple_Pack(1, self)),
                 all = Object::steal(PySequence_Concat(first.get(), args));
    return PyObject_Call(python_function("tenon._tensor_types", "new").get(), all.get(), kwargs);
  });
}
PyObject* reduce_ex(PyObject* self, PyObject* protocol) {
  return from_module("tenon._pickle", "reduce", self, protocol);
}
PyObject* copy(PyObject* self, PyObject*) { return from_module("tenon._pickle", "shallow_copy", self, nullptr); }
PyObject* deepcopy(PyObject* self, PyObject* memo) { return from_module("tenon._pickle", "deep_copy", self, memo); }
PyObject* is_shared(PyObject* self, PyObject*) { return from_module("tenon._pickle", "is_shared", self, nullptr); }
PyObject* share_memory(PyObject* self, PyObject*) {
  return from_module("tenon._pickle", "share_memory_", self, nullptr);
}
PyObject* format(PyObject* self, PyObject* spec) { return from_module("tenon._display", "format_tensor", self, spec); }
PyObject* html(PyObject* self, PyObject*) { return from_module("tenon._display", "html", self, nullptr); }

// The Python object whose memory this is, or None.
PyObject* owner(PyObject* self, PyObject*) {
  const Storage& s = unwrap(self).storage();
  return Py_NewRef(s.deleter() == &drop_reference ? static_cast<PyObject*>(s.context()) : Py_None);
}

}  // namespace

PyMethodDef tensor_methods[] = {
    {"detach", detach, METH_NOARGS,
     "detach($self, /)\n--\n\n"
     "A tensor over the same memory that requires no grad.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    A view: it shares its memory.\n\n"
     "Examples\n"
     "--------\n"
     ">>> t = tenon.ones(2, requires_grad=True)\n"
     ">>> t.detach().requires_grad\n"
     "False"},
    {"numpy", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(numpy)), METH_FASTCALL | METH_KEYWORDS,
     "numpy($self, /, *, force=False)\n--\n\n"
     "An ndarray over the same memory, without a copy: writes on either side show on the other.\n\n"
     "It has the tensor's shape, strides and dtype (ml_dtypes' for bfloat16 and float8), and is read-only\n"
     "if the tensor is. It keeps the memory alive. Refused with RuntimeError if the tensor requires grad\n"
     "and with TypeError if it is not on the CPU; force=True does detach().cpu() first (a copy only where\n"
     "the device makes one).\n\n"
     "Parameters\n"
     "----------\n"
     "force : bool, default False\n"
     "    True does detach().cpu() first.\n\n"
     "Returns\n"
     "-------\n"
     "numpy.ndarray\n"
     "    An array over the same memory; with force=True a copy where the device makes one.\n\n"
     "Raises\n"
     "------\n"
     "RuntimeError\n"
     "    Where the tensor requires grad, unless force is True.\n"
     "TypeError\n"
     "    On a device, unless force is True; and for a force that is no bool.\n"
     "ValueError\n"
     "    For a force of several elements.\n\n"
     "Examples\n"
     "--------\n"
     ">>> t = tenon.zeros(2)\n"
     ">>> t.numpy()[0] = 7\n"
     ">>> t\n"
     "tensor([7., 0.])"},
    {"as_subclass", as_subclass, METH_O,
     "as_subclass($self, cls, /)\n--\n\n"
     "A view of this tensor as an object of a subclass of Tensor, with the history. TypeError for another class.\n\n"
     "Parameters\n"
     "----------\n"
     "cls : type\n"
     "    A subclass of Tensor.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    A view with the history.\n\n"
     "Raises\n"
     "------\n"
     "TypeError\n"
     "    For what is no subclass of Tensor.\n\n"
     "Examples\n"
     "--------\n"
     ">>> class Named(tenon.Tensor):\n"
     "...     pass\n"
     ">>> isinstance(tenon.zeros(2).as_subclass(Named), Named)\n"
     "True"},
    {"_make_subclass", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(make_subclass)),
     METH_VARARGS | METH_KEYWORDS | METH_STATIC,
     "_make_subclass(cls, data, require_grad=False)\n--\n\n"
     "A leaf of a subclass of Tensor over the memory of data. TypeError for another class."},
    {"new", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(new_like)), METH_VARARGS | METH_KEYWORDS,
     "new($self, /, *args, device=None)\n--\n\n"
     "A tensor of this one's dtype and device, as Tensor() makes it: new_empty() and new_tensor() say which is meant.\n\n"
     "Parameters\n"
     "----------\n"
     "*args : int, or one sequence, array or tensor\n"
     "    The sizes of a new tensor, whose elements are anything; or its elements, which are copied; or a tensor of\n"
     "    the same dtype and device, whose memory is shared.\n"
     "device : device or str, optional\n"
     "    This tensor's unless given.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    A new tensor, or a view of the one given.\n\n"
     "Raises\n"
     "------\n"
     "TypeError\n"
     "    For a tensor of another dtype or device, and for a tuple of ints, which may be a size or elements.\n"
     "ValueError\n"
     "    For negative sizes.\n\n"
     "Examples\n"
     "--------\n"
     ">>> t = tenon.ones(1, dtype=tenon.int64)\n"
     ">>> t.new([1, 2])\n"
     "tensor([1, 2])\n"
     ">>> t.new(t)\n"
     "tensor([1])"},
    {"data_ptr", data_ptr, METH_NOARGS,
     "data_ptr($self, /)\n--\n\n"
     "The address of the first element, an int.\n\n"
     "Returns\n"
     "-------\n"
     "int\n\n"
     "Examples\n"
     "--------\n"
     ">>> t = tenon.zeros(2)\n"
     ">>> t[1:].data_ptr() - t.data_ptr()\n"
     "4"},
    {"item", item, METH_VARARGS,
     "item($self, *index)\n--\n\n"
     "The value as a Python number: of the only element, or of the one at the index.\n\n"
     "Parameters\n"
     "----------\n"
     "index : int or ints\n"
     "    Which element; none for the only one.\n\n"
     "Returns\n"
     "-------\n"
     "number\n"
     "    A single int counts the flat tensor's elements.\n\n"
     "Raises\n"
     "------\n"
     "ValueError\n"
     "    For several elements.\n"
     "IndexError\n"
     "    For an index that is not there.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.tensor([[1, 2], [3, 4]]).item(1, 0)\n"
     "3"},
    {"tolist", tolist, METH_NOARGS,
     "tolist($self, /)\n--\n\n"
     "Nested lists of Python numbers, a copy; a number for a 0-d tensor.\n\n"
     "Returns\n"
     "-------\n"
     "list or number\n"
     "    A copy.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.tensor([[1, 2], [3, 4]]).tolist()\n"
     "[[1, 2], [3, 4]]"},
    {"dim", dim, METH_NOARGS,
     "dim($self, /)\n--\n\n"
     "The number of dimensions.\n\n"
     "Returns\n"
     "-------\n"
     "int\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.zeros(2, 3).dim()\n"
     "2"},
    {"numel", numel, METH_NOARGS,
     "numel($self, /)\n--\n\n"
     "The number of elements.\n\n"
     "Returns\n"
     "-------\n"
     "int\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.zeros(2, 3).numel()\n"
     "6"},
    {"storage_offset", storage_offset, METH_NOARGS,
     "storage_offset($self, /)\n--\n\n"
     "The first element's position in the storage, in elements.\n\n"
     "Returns\n"
     "-------\n"
     "int\n"
     "    In elements.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.arange(5)[2:].storage_offset()\n"
     "2"},
    {"element_size", element_size, METH_NOARGS,
     "element_size($self, /)\n--\n\n"
     "Bytes of one element.\n\n"
     "Returns\n"
     "-------\n"
     "int\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.zeros(2).element_size()\n"
     "4"},
    {"is_shared", is_shared, METH_NOARGS,
     "is_shared($self, /)\n--\n\n"
     "Whether the memory is shared with other processes: by share_memory_(), or mapped so. True on a device.\n\n"
     "Returns\n"
     "-------\n"
     "bool\n"
     "    Whether the memory is shared with other processes: by share_memory_(), or mapped so. True on a\n"
     "    device.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.zeros(2).is_shared()\n"
     "False"},
    {"share_memory_", share_memory, METH_NOARGS,
     "share_memory_($self, /)\n--\n\n"
     "Moves the memory where other processes can map it, and returns the tensor.\n\n"
     "Sent by multiprocessing it stays shared, and so it does over a fork. Nothing to do for shared memory\n"
     "and on a device.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    The tensor itself.\n\n"
     "Raises\n"
     "------\n"
     "BufferError\n"
     "    While arrays or other tensors view the memory.\n"
     "RuntimeError\n"
     "    If it was borrowed; nothing has changed then.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.zeros(2).share_memory_().is_shared()\n"
     "True"},
    {"__complex__", complex_, METH_NOARGS,
     "__complex__($self, /)\n--\n\nThe only element as a Python complex number; TypeError for several elements."},
    {"__reduce_ex__", reduce_ex, METH_O,
     "__reduce_ex__($self, protocol, /)\n--\n\n"
     "For pickle: the values and whether gradients are recorded, without the history. Memory that tensors share\n"
     "stays shared."},
    {"__copy__", copy, METH_NOARGS,
     "__copy__($self, /)\n--\n\n"
     "For copy.copy: another tensor over the same memory, with the history that this one has."},
    {"__deepcopy__", deepcopy, METH_O,
     "__deepcopy__($self, memo, /)\n--\n\nFor copy.deepcopy: a leaf's copy in fresh memory, and of .grad.\n\n"
     "The copies of tensors that share memory share theirs. RuntimeError for a tensor with a history."},
    {"__format__", format, METH_O,
     "__format__($self, spec, /)\n--\n\nThe only element formatted; without a spec, of several elements, the repr.\n\n"
     "TypeError for a spec and several elements."},
    {"_repr_html_", html, METH_NOARGS, "_repr_html_($self, /)\n--\n\nFor notebooks: a table of a vector or matrix."},
    {"_owner", owner, METH_NOARGS, "_owner($self, /)\n--\n\nThe Python object whose memory this is, or None."},
    {"backward", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(backward)), METH_VARARGS | METH_KEYWORDS,
     "backward($self, gradient=None, retain_graph=None, create_graph=False, inputs=None)\n--\n\n"
     "Adds the gradients of this tensor to .grad of the leaves it was made from.\n\n"
     "gradient (of this tensor's shape) may be left out for a tensor of one element. The graph is freed\n"
     "unless retain_graph; create_graph records the gradients themselves, for second derivatives. With\n"
     "inputs, a tensor or several, only their .grad is added to.\n\n"
     "Parameters\n"
     "----------\n"
     "gradient : array_like or None, optional\n"
     "    The gradient of this tensor, of its shape; None for a tensor of one element.\n"
     "retain_graph : bool or None, optional\n"
     "    True keeps the graph for another call; None for what create_graph says.\n"
     "create_graph : bool, default False\n"
     "    True records the gradients themselves, for second derivatives.\n"
     "inputs : Tensor or Tensors or None, optional\n"
     "    The leaves whose .grad is added to; None for all.\n\n"
     "Returns\n"
     "-------\n"
     "None\n\n"
     "Raises\n"
     "------\n"
     "RuntimeError\n"
     "    For a tensor without a gradient, for several elements or complex numbers without gradient=, and\n"
     "    where the graph is freed.\n"
     "ValueError\n"
     "    For a gradient of another shape.\n"
     "TypeError\n"
     "    For a gradient or inputs that are no tensors, and for flags that are no bools.\n\n"
     "Examples\n"
     "--------\n"
     ">>> x = tenon.tensor([1.0, 3.0], requires_grad=True)\n"
     ">>> (x * x).sum().backward()\n"
     ">>> x.grad\n"
     "tensor([2., 6.])"},
    {nullptr}};

}  // namespace tenon::py
