// How NumPy, Pillow, matplotlib and CUDA libraries ask a tensor for its memory, apart from the buffer protocol
// (buffer.cc), ufuncs (ufunc.cc) and DLPack (dlpack.cc).
#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "ingest.h"
#include "numpy_api.h"
#include "once.h"
#include "tensor_slots.h"
#include "tenon/autograd.h"
#include "tenon/devices.h"
#include "tenon/ops.h"

namespace tenon::py {

void add_methods(PyMethodDef* methods) {
  auto* type = reinterpret_cast<PyObject*>(tensor_type);
  for (PyMethodDef* m = methods; m->ml_name; ++m) {
    Object d = Object::steal(PyDescr_NewMethod(tensor_type, m));
    if (PyObject_SetAttrString(type, m->ml_name, d.get()) < 0) throw PythonError{};
  }
}

void add_attributes(PyGetSetDef* attributes) {
  auto* type = reinterpret_cast<PyObject*>(tensor_type);
  for (PyGetSetDef* a = attributes; a->name; ++a) {
    Object d = Object::steal(PyDescr_NewGetSet(tensor_type, a));
    if (PyObject_SetAttrString(type, a->name, d.get()) < 0) throw PythonError{};
  }
}

Object python_function(const char* module, const char* name) {
  Object m = Object::steal(PyImport_ImportModule(module));
  return Object::steal(PyObject_GetAttrString(m.get(), name));
}

namespace {

// ---- __array__ ----

// The ndarray as another dtype and, where `copy`, in fresh memory. NumPy casts: its rules are asked for.
Object convert_array(const Object& array, PyObject* dtype, bool copy) {
  Object astype = Object::steal(PyObject_GetAttrString(array.get(), "astype"));
  Object args = Object::steal(PyTuple_Pack(1, dtype));
  Object kwargs = Object::steal(Py_BuildValue("{sO}", "copy", copy ? Py_True : Py_False));
  return Object::steal(PyObject_Call(astype.get(), args.get(), kwargs.get()));
}

PyObject* array_(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"dtype", "copy", nullptr};
  PyObject *dtype = Py_None, *copy_arg = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:__array__", const_cast<char**>(keywords), &dtype, &copy_arg))
    return nullptr;
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    const bool may_copy = copy_arg != Py_False, must_copy = copy_arg == Py_True || (may_copy && pandas_wants_a_copy());
    const Tensor lent = exportable(t, "__array__");
    const bool moved = lent.device() != t.device();
    if (moved && !may_copy)
      throw ValueError("__array__: copy=False, but the tensor is on " + t.device().str() +
                       " and NumPy needs a copy on the CPU; use copy=None");
    if (moved && !must_copy) note_copy("__array__", "device", t.nbytes());
    Object array = ndarray_from_tensor(lent);
    if (dtype == Py_None) {
      if (!must_copy || moved) return array.release();
      return Object::steal(PyObject_CallMethod(array.get(), "copy", "s", "K")).release();
    }
    Object own = Object::steal(PyObject_GetAttrString(array.get(), "dtype"));
    const int same = PyObject_RichCompareBool(own.get(), dtype, Py_EQ);
    if (same < 0) throw PythonError{};
    if (same) {
      if (!must_copy || moved) return array.release();
    } else {
      if (!may_copy)
        throw ValueError("__array__: copy=False, but the dtype changes from " + std::string(name(t.dtype())) +
                         "; use copy=None");
      if (!must_copy) note_copy("__array__", "dtype", t.nbytes());
    }
    return convert_array(array, dtype, true).release();
  });
}

// A NumPy function's result for code that computes on np.asarray(t) and gives back what it was given. A scalar is a
// tensor of 0 dimensions here.
PyObject* array_wrap(PyObject*, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&] {
    if (nargs < 1 || nargs > 3) throw TypeError("__array_wrap__: it takes array, context and return_scalar");
    return wrap(ingest(args[0], "__array_wrap__", {}));
  });
}

// ---- array interfaces ----

std::string typestr(DType d) {
  char code = 'f';
  switch (kind(d)) {
    case Kind::boolean: return "|b1";
    case Kind::signed_integer: code = 'i'; break;
    case Kind::unsigned_integer: code = 'u'; break;
    case Kind::complex: code = 'c'; break;
    default: break;
  }
  return std::string(itemsize(d) == 1 ? "|" : "<") + code + std::to_string(itemsize(d));
}
bool has_typestr(DType d) { return d != DType::bfloat16 && d != DType::float8_e4m3fn && d != DType::float8_e5m2; }

PyObject* no_attribute(const std::string& why) {
  PyErr_SetString(PyExc_AttributeError, why.c_str());
  return nullptr;
}

// None for row-major memory, as the consumers of both interfaces expect.
Object strides_entry(const Tensor& t) {
  return t.is_contiguous() ? Object::borrow(Py_None) : Object::steal(from_dims(byte_strides(t)));
}

PyObject* get_array_interface(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (pandas_wants_a_copy()) return no_attribute("__array_interface__: pandas copies arrays");
    if (t.requires_grad()) return no_attribute("__array_interface__: the tensor requires grad; use .detach()");
    if (!t.device().host_reads())
      return no_attribute("__array_interface__: the tensor is on " + t.device().str() + "; use .cpu()");
    if (!has_typestr(t.dtype()))
      return no_attribute("__array_interface__: " + std::string(name(t.dtype())) +
                          " has no type code; use .numpy() or .float()");
    if (t.device().is_unified()) {  // nobody will say when the address is used no more
      t.storage().lend_address();
      without_gil(kLongWork, [&] { t.storage().wait_for_device(); }, t);
    }
    Object shape = Object::steal(from_dims(t.shape()));
    return Py_BuildValue("{sOsssOs(NO)si}", "shape", shape.get(), "typestr", typestr(t.dtype()).c_str(), "strides",
                         strides_entry(t).get(), "data", PyLong_FromVoidPtr(t.data()),
                         t.read_only() ? Py_True : Py_False, "version", 3);
  });
}

PyObject* get_cuda_array_interface(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.device().is_cpu()) return no_attribute("__cuda_array_interface__: the tensor is on the CPU; use .cuda()");
    if (t.requires_grad()) return no_attribute("__cuda_array_interface__: the tensor requires grad; use .detach()");
    if (!has_typestr(t.dtype()))
      return no_attribute("__cuda_array_interface__: " + std::string(name(t.dtype())) +
                          " has no type code; use __dlpack__");
    // The consumer's stream waits for this one, which has what was given to the tensor.
    const std::uintptr_t stream = handle_of(current_stream(t.device()));
    Object shape = Object::steal(from_dims(t.shape()));
    return Py_BuildValue("{sOsssOs(NO)sisK}", "shape", shape.get(), "typestr", typestr(t.dtype()).c_str(), "strides",
                         strides_entry(t).get(), "data", PyLong_FromVoidPtr(t.numel() ? t.data() : nullptr),
                         t.read_only() ? Py_True : Py_False, "version", 3, "stream",
                         static_cast<unsigned long long>(stream));
  });
}

// ---- namespaces and functions ----

PyObject* array_namespace(PyObject*, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"api_version", nullptr};
  PyObject* version = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:__array_namespace__", const_cast<char**>(keywords), &version))
    return nullptr;
  return guarded([&] {
    return Object::steal(PyObject_CallOneArg(python_function("tenon._border", "array_namespace").get(), version))
        .release();
  });
}

PyObject* array_function(PyObject* self, PyObject* const* args, Py_ssize_t nargs) {
  return guarded([&]() -> PyObject* {
    if (nargs != 4) throw TypeError("__array_function__: it takes func, types, args and kwargs");
    static constinit OnceObject once;
    PyObject* dispatch = once.get([] { return python_function("tenon._border", "array_function"); });
    PyObject* all[] = {args[0], args[1], args[2], args[3], self};
    return Object::steal(PyObject_Vectorcall(dispatch, all, 5, nullptr)).release();
  });
}

// ---- copies ----

PyObject* to_numpy(PyObject* self, PyObject*) {
  return guarded([&] { return ndarray_from_tensor(unwrap(self).detach().to(kCpu)).release(); });
}

PyObject* tobytes(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"order", nullptr};
  const char* order = "C";
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|z:tobytes", const_cast<char**>(keywords), &order)) return nullptr;
  return guarded([&] {
    Tensor t = unwrap(self).detach();
    if (order && order[0] == 'F') t = T(t);
    else if (order && order[0] != 'C')
      errors::fail("tobytes", "order must be 'C' or 'F'; got '", std::string(order), "'");
    Object bytes = Object::steal(PyBytes_FromStringAndSize(nullptr, t.nbytes()));
    const auto copy = [&] {
      const Tensor rows = contiguous(t.to(kCpu));
      if (rows.numel() > 0)
        std::memcpy(PyBytes_AS_STRING(bytes.get()), rows.data(), static_cast<std::size_t>(rows.nbytes()));
    };
    without_gil(t.numel(), copy, t);
    return bytes.release();
  });
}

PyMethodDef methods[] = {
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_)), METH_VARARGS | METH_KEYWORDS,
     "__array__($self, /, dtype=None, copy=None)\n--\n\n"
     "An ndarray: over the same memory where dtype and copy allow it (copy=False: or ValueError; copy=True: never).\n"
     "Refused as .numpy() is for tensors that require grad or are on a device, unless tenon.numpy_policy allows it."},
    {"__array_wrap__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_wrap)), METH_FASTCALL,
     "__array_wrap__($self, array, context=None, return_scalar=False, /)\n--\n\n"
     "The array as a tensor over its memory; bool stays bool."},
    {"__array_namespace__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_namespace)),
     METH_VARARGS | METH_KEYWORDS,
     "__array_namespace__($self, /, *, api_version=None)\n--\n\nThe Array API namespace: tenon.numpy.\n\n"
     "ValueError for a version of the standard that is not known."},
    {"__array_function__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_function)), METH_FASTCALL,
     "__array_function__($self, func, types, args, kwargs, /)\n--\n\n"
     "NumPy's functions on tensors, by way of tenon.numpy."},
    {"to_numpy", to_numpy, METH_NOARGS,
     "to_numpy($self, /)\n--\n\n"
     "An ndarray of the values, as .detach().cpu().numpy(): over the same memory on the CPU, a copy from a device.\n\n"
     "Returns\n"
     "-------\n"
     "numpy.ndarray\n"
     "    An array over the same memory.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.tensor([1, 2]).to_numpy()\n"
     "array([1, 2])"},
    {"tobytes", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(tobytes)), METH_VARARGS | METH_KEYWORDS,
     "tobytes($self, /, order='C')\n--\n\n"
     "The elements' bytes, row-major ('C') or column-major ('F'): a copy.\n\n"
     "Parameters\n"
     "----------\n"
     "order : str, default 'C'\n"
     "    'C' for row-major, 'F' for column-major.\n\n"
     "Returns\n"
     "-------\n"
     "bytes\n"
     "    A copy.\n\n"
     "Raises\n"
     "------\n"
     "ValueError\n"
     "    For another order.\n"
     "TypeError\n"
     "    For an order that is no string.\n\n"
     "Examples\n"
     "--------\n"
     ">>> tenon.tensor([1, 2], dtype=tenon.uint8).tobytes()\n"
     "b'\\x01\\x02'"},
    {nullptr}};

PyGetSetDef attributes[] = {
    {"__array_interface__", get_array_interface, nullptr,
     "NumPy's array interface, version 3; AttributeError for what it cannot lend (grad, devices, bfloat16, float8).",
     nullptr},
    {"__cuda_array_interface__", get_cuda_array_interface, nullptr,
     "The CUDA array interface, version 3; AttributeError for tensors that are not on a CUDA device.", nullptr},
    {nullptr}};

// ---- policies ----

PyObject* set_policy(PyObject*, PyObject* args) {
  int detach, to_cpu;
  if (!PyArg_ParseTuple(args, "pp:_set_numpy_policy", &detach, &to_cpu)) return nullptr;
  const NumpyPolicy was = numpy_policy;
  numpy_policy = {detach != 0, to_cpu != 0};
  return Py_BuildValue("(OO)", was.detach ? Py_True : Py_False, was.to_cpu ? Py_True : Py_False);
}
PyObject* get_policy(PyObject*, PyObject*) {
  return Py_BuildValue("(OO)", numpy_policy.detach ? Py_True : Py_False, numpy_policy.to_cpu ? Py_True : Py_False);
}
PyObject* watch_copies(PyObject*, PyObject* on) {
  copies_watched = on == Py_True;
  Py_RETURN_NONE;
}
// None if the array would be shared, otherwise why it would not.
PyObject* why_not_shared_(PyObject*, PyObject* array) {
  return guarded([&]() -> PyObject* {
    if (!is_ndarray(array)) wrong_type({"explain", "array"}, "an ndarray", array);
    const char* why = why_not_shared(array);
    return why ? PyUnicode_FromString(why) : Py_NewRef(Py_None);
  });
}
// ingest(obj, op, dtype, device, copy): the rule behind tensor, as_tensor and asarray.
PyObject* ingest_(PyObject*, PyObject* args) {
  PyObject *o, *dtype, *device, *copy;
  const char* op;
  if (!PyArg_ParseTuple(args, "OsOOO:_ingest", &o, &op, &dtype, &device, &copy)) return nullptr;
  return guarded([&] {
    IngestOptions options;
    if (dtype != Py_None) options.dtype = to_dtype(dtype, {op, "dtype"});
    if (device != Py_None) options.device = to_device(device, {op, "device"});
    if (copy != Py_None) options.copy = to_bool(copy, {op, "copy"});
    return wrap(ingest(o, op, options));
  });
}
// Says that something outside has written to the tensor's memory.
PyObject* note_write(PyObject*, PyObject* args) {
  PyObject* o;
  const char* what;
  if (!PyArg_ParseTuple(args, "O!s:_note_write", tensor_type, &o, &what)) return nullptr;
  return guarded([&] {
    Object name = Object::steal(PyUnicode_InternFromString(what));
    unwrap(o).storage().bump_version(PyUnicode_AsUTF8(Object(name).release()));  // interned names are kept
    return Py_NewRef(Py_None);
  });
}

PyObject* pandas_loaded(PyObject*, PyObject* version) {
  return guarded([&] {
    pandas_version = static_cast<int>(to_int(version, {"_pandas_loaded", "version"}));
    return Py_NewRef(Py_None);
  });
}

PyMethodDef functions[] = {
    {"_pandas_loaded", pandas_loaded, METH_O, nullptr},      {"_set_numpy_policy", set_policy, METH_VARARGS, nullptr},
    {"_get_numpy_policy", get_policy, METH_NOARGS, nullptr}, {"_watch_copies", watch_copies, METH_O, nullptr},
    {"_why_not_shared", why_not_shared_, METH_O, nullptr},   {"_ingest", ingest_, METH_VARARGS, nullptr},
    {"_note_write", note_write, METH_VARARGS, nullptr},      {nullptr}};

}  // namespace

void init_protocols(PyObject* module) {
  add_methods(methods);
  add_attributes(attributes);
  Object priority = Object::steal(PyFloat_FromDouble(1000));
  if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(tensor_type), "__array_priority__", priority.get()) < 0)
    throw PythonError{};
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
