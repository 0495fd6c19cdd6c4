// NumPy's ufuncs on tensors: np.sin(t), np.add(array, t, out=array), np.add.reduce(t), array += t.
//
// A ufunc that tenon.numpy has an object for ends there, with its methods; all others (a few of NumPy, those of other
// libraries) are in tenon/_ufunc.py.
#include "ufunc.h"

#include <memory>
#include <unordered_map>

#include "border.h"
#include "numpy_api.h"
#include "once.h"
#include "tenon/op.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

PyObject* g_module = nullptr;  // tenon._C, where the objects are

// tenon.numpy's object by the ufunc's identity: NumPy has several names for one ufunc, and another library's may have
// the same name.
using Table = std::unordered_map<PyObject*, PyObject*>;
const Table& table() {
  static constinit Once<const Table> once;
  const auto make = [] {
    auto t = std::make_unique<Table>();
    const Object numpy = Object::steal(PyImport_ImportModule("numpy"));
    const Object modules = Object::steal(PyObject_GetAttrString(g_module, "_numpy_names"));
    PyObject *name, *own;
    Py_ssize_t at = 0;
    const Object names = Object::steal(PyDict_Copy(dict_item(modules.get(), "tenon.numpy").get()));
    while (PyDict_Next(names.get(), &at, &name, &own)) {
      if (Py_TYPE(own) != ufunc_type) continue;
      Object f = Object::maybe(PyObject_GetAttr(numpy.get(), name));
      if (!f) {
        PyErr_Clear();
        continue;
      }
      // np.sinc is a function of NumPy, no ufunc.
      if (!PyObject_HasAttrString(f.get(), "nin") || !PyObject_HasAttrString(f.get(), "reduceat")) continue;
      if (t->emplace(f.get(), own).second) f.release();  // held for good: the table's key
    }
    return t.release();
  };
  return *once.get(make, [](const Table* t) { delete t; });
}

bool is_call(PyObject* method) {
  static constinit Interned call("__call__");
  return method == call.get() || PyUnicode_CompareWithASCIIString(method, "__call__") == 0;
}

// What the operands and out= say about whose the operation is.
bool is_others(PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  for (Py_ssize_t i = 2; i < nargs; ++i)
    if (overrides_ufuncs(args[i])) return true;
  if (!kwnames) return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); ++k) {
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, k), "out") != 0) continue;
    PyObject* out = args[nargs + k];
    if (!PyTuple_Check(out)) return overrides_ufuncs(out);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(out); ++i)
      if (overrides_ufuncs(PyTuple_GET_ITEM(out, i))) return true;
  }
  return false;
}

// A loop that is asked for by its types is NumPy's.
bool asks_for_a_loop(PyObject* kwnames) {
  if (!kwnames) return false;
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); ++k) {
    PyObject* name = PyTuple_GET_ITEM(kwnames, k);
    if (PyUnicode_CompareWithASCIIString(name, "signature") == 0 || PyUnicode_CompareWithASCIIString(name, "sig") == 0)
      return true;
  }
  return false;
}

PyObject* array_ufunc(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&]() -> PyObject* {
    if (nargs >= 3 && PyUnicode_Check(args[1])) {
      if (is_others(args, nargs, kwnames)) return Py_NewRef(Py_NotImplemented);
      const auto found = table().find(args[0]);
      if (found != table().end() && !asks_for_a_loop(kwnames)) {
        PyObject* f = is_call(args[1]) ? found->second : ufunc_method(found->second, utf8(args[1]));
        if (f)
          return Object::steal(PyObject_Vectorcall(f, args + 2, static_cast<std::size_t>(nargs - 2), kwnames))
              .release();
      }
    }
    static constinit OnceObject once;
    PyObject* general = once.get([] { return python_function("tenon._ufunc", "array_ufunc"); });
    return Object::steal(PyObject_Vectorcall(general, args, static_cast<std::size_t>(nargs), kwnames)).release();
  });
}

PyObject* overrides_ufuncs_(PyObject*, PyObject* o) { return PyBool_FromLong(overrides_ufuncs(o)); }

PyMethodDef methods[] = {{"__array_ufunc__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_ufunc)),
                          METH_FASTCALL | METH_KEYWORDS,
                          "__array_ufunc__($self, ufunc, method, /, *inputs, **kwargs)\n--\n\n"
                          "NumPy's ufuncs on tensors: the result is a tensor, on its device and with its gradient."},
                         {nullptr}};
PyMethodDef functions[] = {{"_overrides_ufuncs", overrides_ufuncs_, METH_O, nullptr}, {nullptr}};

}  // namespace

void init_ufunc(PyObject* module) {
  g_module = module;
  add_methods(methods);
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
