// NumPy's ufuncs on tensors: np.sin(t), np.add(array, t, out=array), array += t.
//
// The plain call of an elementwise primitive is done here, with and without out=; all other forms (where=,
// dtype=, reduce, accumulate, outer, at, gufuncs, foreign ufuncs) are in tenon/_ufunc.py.
#include <unordered_map>

#include "border.h"
#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/autograd.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"

namespace tenon::py {
namespace {

PyObject* g_module = nullptr;  // tenon._C, where the rows are

// By the ufunc's identity: NumPy has several names for one ufunc, and another library's may have the same name.
using Table = std::unordered_map<PyObject*, Op>;
const Table& table() {
  static const Table* made = [] {
    auto* t = new Table;
    Object numpy = Object::steal(PyImport_ImportModule("numpy"));
    for (int i = 0; i < kOps; ++i) {
      const OpInfo& o = info(static_cast<Op>(i));
      if (o.numpy_name.empty()) continue;
      Object f = Object::maybe(PyObject_GetAttrString(numpy.get(), std::string(o.numpy_name).c_str()));
      if (!f) {
        PyErr_Clear();
        continue;
      }
      // np.copy, np.where and np.sinc are functions of NumPy, not ufuncs.
      if (!PyObject_HasAttrString(f.get(), "nin") || !PyObject_HasAttrString(f.get(), "reduceat")) continue;
      t->emplace(f.get(), static_cast<Op>(i));
      f.release();  // held for good: the table's key
    }
    return t;
  }();
  return *made;
}

// An array on the host may meet a tensor on a device only as a number.
void check_devices(std::span<const Operand> in, PyObject* const* objects, const char* op) {
  Device device;
  for (const Operand& o : in)
    if (o.is_tensor() && !o.tensor().device().is_cpu()) device = o.tensor().device();
  if (device.is_cpu()) return;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (in[i].is_tensor() && !is_tensor(objects[i]) && in[i].tensor().ndim() > 0)
      errors::fail<TypeError>(op, "an ndarray and a tensor on ", device,
                              " do not mix; move one of them: tenon.asarray(array, device='", device,
                              "') or tensor.cpu()");
}

// Computes into an ndarray's own memory.
PyObject* into_ndarray(Op op, std::span<const Operand> in, PyObject* out) {
  const char* name = info(op).name.data();
  if (grad_enabled())
    for (const Operand& o : in)
      if (o.is_tensor() && o.tensor().requires_grad())
        errors::fail<RuntimeError>(
            name,
            "out= is an ndarray, in which the result's gradient would be lost; use tensor.detach(), or compute without out=");
  for (const Operand& o : in)
    if (o.is_tensor() && !o.tensor().device().is_cpu())
      errors::fail<TypeError>(name, "out= is an ndarray, but an operand is on ", o.tensor().device(),
                              "; use tensor.cpu()");
  Tensor target = tensor_from_ndarray(out, name);
  compute(op, in, &target);
  return Py_NewRef(out);
}

// The plain call; null without an exception if it is not one.
PyObject* plain_call(PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  static PyObject* call = PyUnicode_InternFromString("__call__");
  if (nargs < 3 || (args[1] != call && (!PyUnicode_Check(args[1]) || PyUnicode_Compare(args[1], call) != 0)))
    return nullptr;
  const auto found = table().find(args[0]);
  if (found == table().end()) return nullptr;
  const Op op = found->second;
  const int arity = info(op).arity;
  if (nargs != 2 + arity) return nullptr;
  PyObject* out = nullptr;
  if (kwnames && PyTuple_GET_SIZE(kwnames) > 0) {
    static PyObject* out_name = PyUnicode_InternFromString("out");
    if (PyTuple_GET_SIZE(kwnames) != 1 || PyUnicode_Compare(PyTuple_GET_ITEM(kwnames, 0), out_name) != 0)
      return nullptr;
    out = args[nargs];
    if (PyTuple_Check(out) && PyTuple_GET_SIZE(out) == 1) out = PyTuple_GET_ITEM(out, 0);
    if (out == Py_None || out == Py_Ellipsis) out = nullptr;
    else if (!is_tensor(out) && !is_ndarray(out)) return nullptr;
  }
  PyObject* const* inputs = args + 2;
  for (int i = 0; i < arity; ++i)
    if (overrides_ufuncs(inputs[i])) return Py_NewRef(Py_NotImplemented);
  const char* name = info(op).name.data();  // NOLINT(bugprone-suspicious-stringview-*): a literal
  const Operands in(inputs, arity, name, "input");
  if (arity > 1) check_devices(in, inputs, name);
  if (out && !is_tensor(out)) {
    const char* problem = why_not_shared(out);
    return problem ? nullptr : into_ndarray(op, in, out);
  }
  if (!out) return wrap(compute(op, in));
  const Tensor target = unwrap(out);
  compute(op, in, &target);
  return Py_NewRef(out);
}

PyObject* array_ufunc(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&]() -> PyObject* {
    if (PyObject* r = plain_call(args, nargs, kwnames)) return r;
    static PyObject* general = python_function("tenon._ufunc", "array_ufunc").release();
    (void)self;
    return Object::steal(PyObject_Vectorcall(general, args, static_cast<std::size_t>(nargs), kwnames)).release();
  });
}

// The operation behind a ufunc: its row in tenon._C, or None.
PyObject* operation_of(PyObject*, PyObject* ufunc) {
  return guarded([&]() -> PyObject* {
    const auto found = table().find(ufunc);
    if (found == table().end()) return Py_NewRef(Py_None);
    return Object::steal(PyObject_GetAttrString(g_module, std::string(info(found->second).name).c_str())).release();
  });
}
PyObject* overrides_ufuncs_(PyObject*, PyObject* o) { return PyBool_FromLong(overrides_ufuncs(o)); }

PyMethodDef methods[] = {{"__array_ufunc__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_ufunc)),
                          METH_FASTCALL | METH_KEYWORDS,
                          "__array_ufunc__($self, ufunc, method, /, *inputs, **kwargs)\n--\n\n"
                          "NumPy's ufuncs on tensors: the result is a tensor, on its device and with its gradient."},
                         {nullptr}};
PyMethodDef functions[] = {{"_operation_of_ufunc", operation_of, METH_O, nullptr},
                           {"_overrides_ufuncs", overrides_ufuncs_, METH_O, nullptr},
                           {nullptr}};

}  // namespace

void init_ufunc(PyObject* module) {
  g_module = module;
  add_methods(methods);
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
