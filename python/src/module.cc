// The extension module tenon._C.
#include <nanobind/nanobind.h>

#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "graph.h"
#include "object.h"
#include "op.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace nb = nanobind;

namespace tenon::py {

void bind_system(nb::module_& m);
void bind_streams(nb::module_& m);
PyObject* from_numpy(PyObject*, PyObject* array);
void init_named_tuples(PyObject* module);

namespace {

PyMemberDef tensor_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr},
                                {nullptr}};

PyMethodDef functions[] = {
    {"from_numpy", from_numpy, METH_O,
     "from_numpy(array, /)\n--\n\n"
     "A tensor over an ndarray's memory, without a copy: writes on either side show on the other.\n\n"
     "Any strides are kept (negative and zero ones too); a read-only array gives a read-only tensor; the\n"
     "array lives as long as the tensor or a view of it.\n\n"
     "Parameters\n"
     "----------\n"
     "array : numpy.ndarray\n"
     "    An array of any shape and strides.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    A tensor over the same memory.\n\n"
     "Raises\n"
     "------\n"
     "TypeError\n"
     "    For what is no ndarray and for dtypes without a tensor dtype.\n"
     "ValueError\n"
     "    With the fix, for swapped bytes, misaligned data and strides that are no multiple of the item\n"
     "    size.\n\n"
     "Examples\n"
     "--------\n"
     ">>> a = np.zeros(2)\n"
     ">>> t = tenon.from_numpy(a)\n"
     ">>> t[0] = 7\n"
     ">>> a\n"
     "array([7., 0.])"},
    {nullptr}};

// Subclass(data, requires_grad=False): an object over data's memory. What an __init__ of the subclass takes beside data
// is its own.
PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  return guarded([&]() -> PyObject* {
    if (type == tensor_type) return PyObject_Call(python_function("tenon._tensor_types", "tensor").get(), args, kwargs);
    const bool own_init = type->tp_init != PyBaseObject_Type.tp_init;
    PyObject *data = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : nullptr, *flag = nullptr;
    if (kwargs && !data) data = PyDict_GetItemString(kwargs, "data");  // kwargs are the call's own
    if (kwargs && !own_init) flag = PyDict_GetItemString(kwargs, "requires_grad");
    const Py_ssize_t known = (PyTuple_GET_SIZE(args) > 0 || !data ? 0 : 1) + (flag ? 1 : 0);
    if (!data || (!own_init && (PyTuple_GET_SIZE(args) > 1 || (kwargs && PyDict_Size(kwargs) != known))))
      errors::fail<TypeError>(type->tp_name, "it is made of data, and requires_grad=False");
    const Tensor t = to_tensor(data, {type->tp_name, "data"});
    Tensor made = t.detach();
    if (flag && to_bool(flag, {type->tp_name, "requires_grad"})) made.set_requires_grad(true);
    return new_tensor(type, std::move(made));
  });
}

void make_tensor_type(PyObject* module) {
  std::vector<PyType_Slot> slots = {
      {Py_tp_dealloc, reinterpret_cast<void*>(tensor_dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(tensor_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(tensor_clear)},
      {Py_tp_repr, reinterpret_cast<void*>(tensor_repr)},
      {Py_tp_new, reinterpret_cast<void*>(tensor_new)},
      {Py_tp_getset, tensor_getset},
      {Py_tp_methods, tensor_methods},
      {Py_tp_members, tensor_members},
      {Py_tp_doc, const_cast<char*>("An n-dimensional array that shares memory with NumPy and records gradients.\n\n"
                                    "Made by tenon.tensor, from_numpy, zeros and the other creation functions.\n\n"
                                    ">>> tenon.tensor([1, 2]) * 10\n"
                                    "tensor([10, 20])")}};
  for (const PyType_Slot* list : {operator_slots, indexing_slots, buffer_slots})
    for (const PyType_Slot* s = list; s->slot; ++s) slots.push_back(*s);
  slots.push_back({0, nullptr});
  static PyType_Spec spec = {"tenon.Tensor", sizeof(PyTensor), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, nullptr};
  spec.slots = slots.data();
  tensor_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&spec)).release());
  if (PyModule_AddObjectRef(module, "Tensor", reinterpret_cast<PyObject*>(tensor_type)) < 0) throw PythonError{};
}

}  // namespace

// Plain functions belong to tenon, where they are used from and pickled by name.
void show_as_tenon(PyObject* module) {
  Object name = Object::steal(PyUnicode_FromString("tenon"));
  PyObject *key, *value;
  Py_ssize_t at = 0;
  while (PyDict_Next(PyModule_GetDict(module), &at, &key, &value))
    if (PyCFunction_Check(value) && PyObject_SetAttrString(value, "__module__", name.get()) < 0) throw PythonError{};
}

PyObject* from_numpy(PyObject*, PyObject* array) {
  return guarded([&] {
    if (!is_ndarray(array)) {
      require_numpy("from_numpy");
      PyErr_Format(PyExc_TypeError, "from_numpy: expected np.ndarray (got %.200s); tenon.asarray takes any array-like",
                   Py_TYPE(array)->tp_name);
      throw PythonError{};
    }
    return wrap(tensor_from_ndarray(array, "from_numpy"));
  });
}

}  // namespace tenon::py

NB_MODULE(_C, m) {
  using namespace tenon::py;
  try {
    PyObject* module = m.ptr();
    init_errors(module);
    init_numpy(module);
    init_dtype(module);
    init_op(module);
    make_tensor_type(module);
    init_anomaly();
    init_graph(module);
    init_size();
    static Ops ops;
#define TENON_DEFINE(topic) def_##topic(ops);
    TENON_TOPICS(TENON_DEFINE)
#undef TENON_DEFINE
    init_named_tuples(module);
    install_ops(ops, module);
    if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
    init_border(module);
    m.attr("__version__") = TENON_VERSION;
    bind_system(m);
    bind_streams(m);
    show_as_tenon(module);
  } catch (const PythonError&) { throw nb::python_error(); }
}
