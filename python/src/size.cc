// Tensor.size: NumPy's number of elements, t.size, and PyTorch's method, t.size() and t.size(dim). It is a method
// descriptor, so that a call makes no object in between (from 690 ns to the price of a method).
#include "convert.h"
#include "core/errors.h"
#include "tensor_slots.h"
#include "unguarded.h"

#include <structmember.h>  // after Python.h

namespace tenon::py {

PyTypeObject* size_type = nullptr;  // tenon._size.Size, an int that can be called

namespace {

struct SizeObject {
  PyObject_HEAD vectorcallfunc vectorcall;
};

PyObject* call(PyObject*, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t n = PyVectorcall_NARGS(nargsf), named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    if (n < 1 || !is_tensor(args[0])) errors::fail<TypeError>("size", "a method of tensors");
    if (n + named > 2 || (named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "dim") != 0 &&
                          PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "axis") != 0))
      errors::fail<TypeError>("size", "it takes the argument dim only");
    const Tensor& t = unwrap(args[0]);
    if (n + named == 1 || args[1] == Py_None) return from_dims(t.shape());
    const std::int64_t dim = to_int(args[1], {"size", "dim"}), d = dim < 0 ? dim + t.ndim() : dim;
    if (d < 0 || d >= t.ndim()) errors::bad_axis("size", dim, t.ndim());
    return PyLong_FromLongLong(t.shape()[static_cast<int>(d)]);
  });
}

PyObject* get(PyObject* self, PyObject* object, PyObject*) {
  if (!object || object == Py_None) return Py_NewRef(self);
  return guarded([&] {
    static constinit Interned shape("_shape");
    const Tensor& t = unwrap(object);
    const Object numel = Object::steal(PyLong_FromLongLong(t.numel()));
    const Object args = Object::steal(PyTuple_Pack(1, numel.get()));
    Object size = Object::steal(PyLong_Type.tp_new(size_type, args.get(), nullptr));
    const Object dims = Object::steal(from_dims(t.shape()));
    if (PyObject_SetAttr(size.get(), shape.get(), dims.get()) < 0) throw PythonError{};
    return size.release();
  });
}

PyObject* doc(PyObject*, void*) {
  return PyUnicode_FromString(
      "The number of elements; called, the shape or a size: t.size, t.size(), t.size(0).\n\n"
      "Parameters\n----------\n"
      "dim : int, optional\n"
      "    Which dimension's size; None for the whole shape.\n\n"
      "Returns\n-------\nint or tuple of ints\n\n"
      "Raises\n------\n"
      "IndexError\n"
      "    For a dimension that is not there.\n"
      "TypeError\n"
      "    For a dim that is no int.\n\n"
      "Examples\n--------\n"
      ">>> t = tenon.zeros(2, 3)\n"
      ">>> t.size, t.size(), t.size(0)\n"
      "(6, (2, 3), 2)");
}
PyObject* name(PyObject*, void*) { return PyUnicode_FromString("size"); }
PyObject* signature(PyObject*, void*) { return PyUnicode_FromString("($self, dim=None)"); }

PyGetSetDef getset[] = {{"__doc__", doc, nullptr, nullptr, nullptr},
                        {"__name__", name, nullptr, nullptr, nullptr},
                        {"__text_signature__", signature, nullptr, nullptr, nullptr},
                        {nullptr}};
PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(SizeObject, vectorcall), READONLY, nullptr},
                         {nullptr}};

}  // namespace

void init_size() {
  static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                {Py_tp_descr_get, reinterpret_cast<void*>(get)},
                                {Py_tp_getset, getset},
                                {Py_tp_members, members},
                                {0, nullptr}};
  static PyType_Spec spec = {"tenon.size", sizeof(SizeObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                                 Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                             slots};
  const Object type = Object::steal(PyType_FromSpec(&spec));
  auto* o = PyObject_New(SizeObject, reinterpret_cast<PyTypeObject*>(type.get()));
  const Object held = Object::steal(reinterpret_cast<PyObject*>(o));
  o->vectorcall = &call;
  if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(tensor_type), "size", held.get()) < 0) throw PythonError{};
}

}  // namespace tenon::py
