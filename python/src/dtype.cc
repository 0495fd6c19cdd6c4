#include "dtype.h"

#include <atomic>
#include <cstring>

#include "convert.h"
#include "numpy_api.h"

namespace tenon::py {

PyTypeObject *dtype_type = nullptr, *device_type = nullptr;

namespace {

PyObject* g_dtypes[kDTypes];

bool dtype_from_code(std::string_view code, DType& out);

// NumPy's reading of Python's types.
bool dtype_of_python_type(PyObject* o, DType& out) {
  if (o == reinterpret_cast<PyObject*>(&PyBool_Type)) out = DType::bool_;
  else if (o == reinterpret_cast<PyObject*>(&PyLong_Type)) out = DType::int64;
  else if (o == reinterpret_cast<PyObject*>(&PyFloat_Type)) out = DType::float64;
  else if (o == reinterpret_cast<PyObject*>(&PyComplex_Type)) out = DType::complex128;
  else return false;
  return true;
}

DType value_of(PyObject* self) { return reinterpret_cast<PyDType*>(self)->value; }

PyObject* dtype_repr(PyObject* self) {
  return PyUnicode_FromFormat("tenon.%s", std::string(name(value_of(self))).c_str());
}
PyObject* dtype_name(PyObject* self, void*) { return to_python(std::string(name(value_of(self)))); }
PyObject* dtype_itemsize(PyObject* self, void*) { return PyLong_FromSize_t(itemsize(value_of(self))); }
PyObject* dtype_is_floating(PyObject* self, void*) { return PyBool_FromLong(is_floating(value_of(self))); }
PyObject* dtype_is_complex(PyObject* self, void*) { return PyBool_FromLong(is_complex(value_of(self))); }
PyObject* dtype_is_signed(PyObject* self, void*) {
  const Kind k = kind(value_of(self));
  return PyBool_FromLong(k != Kind::boolean && k != Kind::unsigned_integer);
}
PyObject* dtype_numpy(PyObject* self, void*) {
  return guarded([&] { return numpy_dtype(value_of(self)).release(); });
}
// The dtype that a name, a code or a type of Python's means where NumPy's dtypes are compared with it.
bool dtype_of_word(PyObject* o, DType& out) {
  if (PyUnicode_Check(o)) {
    const std::string text = utf8(o);
    const bool swapped = text.starts_with('>') && text != ">b1" && text != ">i1" && text != ">u1";
    return !swapped && (dtype_from_name(text, out) || dtype_from_code(text, out));
  }
  return dtype_of_python_type(o, out);
}
// As NumPy's dtypes compare: with dtypes, scalar types, Python's types, names and codes. (NumPy finds that out by itself
// since 2.4.)
PyObject* dtype_compare(PyObject* a, PyObject* b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  if (a == b || is_dtype(b)) return PyBool_FromLong((a == b) == (op == Py_EQ));
  return guarded([&]() -> PyObject* {
    DType word;
    if (dtype_of_word(b, word)) return PyBool_FromLong((word == value_of(a)) == (op == Py_EQ));
    if (PyUnicode_Check(b)) return PyBool_FromLong(op == Py_NE);
    if (!is_numpy_dtype(b)) return Py_NewRef(Py_NotImplemented);
    const Object own = Object::maybe(dtype_numpy(a, nullptr));
    if (own) return PyObject_RichCompare(own.get(), b, op);
    PyErr_Clear();  // bfloat16 without ml_dtypes is nothing of NumPy's
    return PyBool_FromLong(op == Py_NE);
  });
}
// kind, char, type and the rest of what libraries ask NumPy's dtypes for: NumPy's answer, once NumPy is loaded.
PyObject* dtype_getattr(PyObject* self, PyObject* key) {
  Object own = Object::maybe(PyObject_GenericGetAttr(self, key));
  if (own || !PyErr_ExceptionMatches(PyExc_AttributeError) || PyUnicode_READ_CHAR(key, 0) == '_') return own.release();
  PyErr_Clear();
  if (numpy_loaded()) {
    const Object theirs = Object::maybe(dtype_numpy(self, nullptr));
    Object found = theirs ? Object::maybe(PyObject_GetAttr(theirs.get(), key)) : Object();
    if (found) return found.release();
    PyErr_Clear();
  }
  return PyObject_GenericGetAttr(self, key);  // the error names our type
}
// As the NumPy dtype's, since they compare equal: for it NumPy is imported. Kept, so that it stays what it was.
Py_hash_t dtype_hash(PyObject* self) {
  static std::atomic<Py_hash_t> known[kDTypes];
  std::atomic<Py_hash_t>& kept = known[static_cast<int>(value_of(self))];
  Py_hash_t hash = kept.load(std::memory_order_relaxed);
  if (hash) return hash;
  const Object theirs = Object::maybe(dtype_numpy(self, nullptr));
  PyErr_Clear();  // without NumPy, or without ml_dtypes, there is nothing else that is equal
  const Py_hash_t found = theirs ? PyObject_Hash(theirs.get()) : PyBaseObject_Type.tp_hash(self);
  if (found == -1) return -1;
  return kept.compare_exchange_strong(hash, found) ? found : hash;  // another thread may have been first
}
// What isinstance() asks after the type itself: libraries take dtypes that are no np.dtype for pandas' extension types.
PyObject* dtype_class(PyObject* self, void*) {
  if (numpy_loaded()) {
    const Object theirs = Object::maybe(dtype_numpy(self, nullptr));
    if (theirs) return Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(theirs.get())));
    PyErr_Clear();
  }
  return Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(self)));
}
PyObject* dtype_reduce(PyObject* self, PyObject*) { return to_python(std::string(name(value_of(self)))); }
// dtype(x): the tenon dtype that x means.
PyObject* dtype_new(PyTypeObject*, PyObject* args, PyObject*) {
  PyObject* o;
  if (!PyArg_ParseTuple(args, "O:dtype", &o)) return nullptr;
  return guarded([&] { return from_dtype(to_dtype(o, {"dtype", "dtype"})); });
}

PyGetSetDef dtype_getset[] = {
    {"name", dtype_name, nullptr, "The name, as in NumPy: 'float32'.", nullptr},
    {"itemsize", dtype_itemsize, nullptr, "Bytes of one element.", nullptr},
    {"is_floating_point", dtype_is_floating, nullptr, "Whether it is a real floating dtype.", nullptr},
    {"is_complex", dtype_is_complex, nullptr, "Whether it is a complex dtype.", nullptr},
    {"is_signed", dtype_is_signed, nullptr, "Whether it has negative values.", nullptr},
    {"numpy", dtype_numpy, nullptr, "The NumPy dtype (ml_dtypes' for bfloat16 and float8).", nullptr},
    {"__class__", dtype_class, nullptr, nullptr, nullptr},
    {"__numpy_dtype__", dtype_numpy, nullptr, "The NumPy dtype; lets NumPy 2.4 take it as dtype=.", nullptr},
    {nullptr}};
PyMethodDef dtype_methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, nullptr}, {nullptr}};

Device device_of(PyObject* self) { return reinterpret_cast<PyDevice*>(self)->value; }
const char* type_of(Device d) { return d.is_cpu() ? "cpu" : d.is_unified() ? "unified" : "cuda"; }
PyObject* device_repr(PyObject* self) {
  const Device d = device_of(self);
  return d.is_cpu() ? PyUnicode_FromString("device(type='cpu')")
                    : PyUnicode_FromFormat("device(type='%s', index=%d)", type_of(d), static_cast<int>(d.index));
}
PyObject* device_str(PyObject* self) { return to_python(device_of(self).str()); }
PyObject* device_kind(PyObject* self, void*) { return PyUnicode_FromString(type_of(device_of(self))); }
PyObject* device_index(PyObject* self, void*) {
  return device_of(self).is_cpu() ? Py_NewRef(Py_None) : PyLong_FromLong(device_of(self).index);
}
// Devices are equal to devices and to their names: t.device == "cpu".
PyObject* device_compare(PyObject* a, PyObject* b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  Device other;
  if (is_device(b)) {
    other = device_of(b);
  } else if (PyUnicode_Check(b)) {
    try {
      other = parse_device(utf8(b));
    } catch (const Error&) { return PyBool_FromLong(op == Py_NE); }
  } else {
    Py_RETURN_NOTIMPLEMENTED;
  }
  return PyBool_FromLong(same_memory(device_of(a), other) == (op == Py_EQ));
}
// As the name's, since they compare equal.
Py_hash_t device_hash(PyObject* self) {
  Object s = Object::maybe(device_str(self));
  return s ? PyObject_Hash(s.get()) : -1;
}
PyObject* device_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"type", "index", nullptr};
  PyObject* what;
  PyObject* index = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:device", const_cast<char**>(keywords), &what, &index))
    return nullptr;
  return guarded([&] {
    if (index == Py_None) return from_device(to_device(what, {"device", "type"}));
    const std::string type = PyUnicode_Check(what) ? utf8(what) : to_device(what, {"device", "type"}).str();
    return from_device(parse_device(type + ":" + std::to_string(to_int(index, {"device", "index"}))));
  });
}
PyObject* device_reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("O(s)", device_type, device_of(self).str().c_str());
}
PyGetSetDef device_getset[] = {{"type", device_kind, nullptr, "'cpu', 'cuda' or 'unified'.", nullptr},
                               {"index", device_index, nullptr, "The number of the device; None for the CPU.", nullptr},
                               {nullptr}};
PyMethodDef device_methods[] = {{"__reduce__", device_reduce, METH_NOARGS, nullptr}, {nullptr}};

}  // namespace

PyObject* from_dtype(DType d) { return Py_NewRef(g_dtypes[static_cast<int>(d)]); }

PyObject* from_device(Device d) {
  auto* o = PyObject_New(PyDevice, device_type);
  if (!o) throw PythonError{};
  o->value = d;
  return reinterpret_cast<PyObject*>(o);
}

bool dtype_from_name(std::string_view n, DType& out) {
  for (int i = 0; i < kDTypes; ++i) {
    if (name(static_cast<DType>(i)) == n) {
      out = static_cast<DType>(i);
      return true;
    }
  }
  struct Alias {
    std::string_view name;
    DType dtype;
  };
  // Python's types by their names, as in NumPy; others' as in PyTorch.
  static constexpr Alias kAliases[] = {{"float", DType::float64},      {"int", DType::int64},
                                       {"complex", DType::complex128}, {"half", DType::float16},
                                       {"double", DType::float64},     {"cfloat", DType::complex64},
                                       {"short", DType::int16},        {"cdouble", DType::complex128},
                                       {"long", DType::int64},         {"bool_", DType::bool_}};
  for (const Alias& a : kAliases) {
    if (a.name == n) {
      out = a.dtype;
      return true;
    }
  }
  return false;
}

namespace {

// NumPy's codes, so that they mean the same where NumPy is not installed: "f4", "<i8", "d".
bool dtype_from_code(std::string_view code, DType& out) {
  struct Code {
    std::string_view sized;
    char letter;
    DType dtype;
  };
  static constexpr DType kLong = sizeof(long) == 8 ? DType::int64 : DType::int32;
  static constexpr DType kULong = sizeof(long) == 8 ? DType::uint64 : DType::uint32;
  static constexpr Code kCodes[] = {
      {"b1", '?', DType::bool_},      {"i1", 'b', DType::int8},    {"i2", 'h', DType::int16},
      {"i4", 'i', DType::int32},      {"i8", 'q', DType::int64},   {"", 'l', kLong},
      {"u1", 'B', DType::uint8},      {"u2", 'H', DType::uint16},  {"u4", 'I', DType::uint32},
      {"u8", 'Q', DType::uint64},     {"", 'L', kULong},           {"f2", 'e', DType::float16},
      {"f4", 'f', DType::float32},    {"f8", 'd', DType::float64}, {"c8", 'F', DType::complex64},
      {"c16", 'D', DType::complex128}};
  if (!code.empty() && std::strchr("<>=|", code[0])) code.remove_prefix(1);  // a tensor has this machine's order
  for (const Code& c : kCodes) {
    if (!code.empty() && (code == c.sized || (code.size() == 1 && code[0] == c.letter))) {
      out = c.dtype;
      return true;
    }
  }
  return false;
}

}  // namespace

DType to_dtype(PyObject* o, const Where& w) {
  if (is_dtype(o)) return value_of(o);
  DType d;
  if (PyUnicode_Check(o)) {
    const std::string held = utf8(o);
    std::string_view text = held;
    if (text.starts_with("tenon.") || text.starts_with("torch.")) {
      text.remove_prefix(6);  // torch.float is no float of Python's
      if (text == "float" || text == "int") return text == "float" ? DType::float32 : DType::int32;
    }
    if (dtype_from_name(text, d) || dtype_from_code(text, d)) return d;
  }
  if (dtype_of_python_type(o, d) || dtype_from_numpy(o, d)) return d;
  PyErr_Format(PyExc_TypeError, "%s: '%s' must be a dtype (tenon.float32, a NumPy dtype or a name); got %R", w.op,
               w.arg, o);
  throw PythonError{};
}

Device to_device(PyObject* o, const Where& w) {
  if (is_device(o)) return device_of(o);
  if (PyUnicode_Check(o)) return parse_device(utf8(o));
  PyErr_Format(PyExc_TypeError, "%s: '%s' must be a device or its name ('cpu', 'cuda:0'); got %R", w.op, w.arg, o);
  throw PythonError{};
}

void init_dtype(PyObject* module) {
  static PyType_Slot dtype_slots[] = {
      {Py_tp_repr, reinterpret_cast<void*>(dtype_repr)},
      {Py_tp_richcompare, reinterpret_cast<void*>(dtype_compare)},
      {Py_tp_getattro, reinterpret_cast<void*>(dtype_getattr)},
      {Py_tp_hash, reinterpret_cast<void*>(dtype_hash)},
      {Py_tp_new, reinterpret_cast<void*>(dtype_new)},
      {Py_tp_getset, dtype_getset},
      {Py_tp_methods, dtype_methods},
      {Py_tp_doc, const_cast<char*>("dtype(dtype, /)\n--\n\nAn element type: tenon.float32 and the others.\n\n"
                                    "dtype(x) is the one that x (a NumPy dtype, a Python type or a name) means. "
                                    "TypeError for anything else.\n\n"
                                    ">>> tenon.dtype('int8') is tenon.int8\n"
                                    "True")},
      {0, nullptr}};
  static PyType_Spec dtype_spec = {"tenon.dtype", sizeof(PyDType), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                                   dtype_slots};
  dtype_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&dtype_spec)).release());
  for (int i = 0; i < kDTypes; ++i) {
    auto* o = PyObject_New(PyDType, dtype_type);
    if (!o) throw PythonError{};
    o->value = static_cast<DType>(i);
    g_dtypes[i] = reinterpret_cast<PyObject*>(o);
    if (PyModule_AddObjectRef(module, std::string(name(o->value)).c_str(), g_dtypes[i]) < 0) throw PythonError{};
  }
  static PyType_Slot device_slots[] = {
      {Py_tp_repr, reinterpret_cast<void*>(device_repr)},
      {Py_tp_str, reinterpret_cast<void*>(device_str)},
      {Py_tp_new, reinterpret_cast<void*>(device_new)},
      {Py_tp_richcompare, reinterpret_cast<void*>(device_compare)},
      {Py_tp_hash, reinterpret_cast<void*>(device_hash)},
      {Py_tp_getset, device_getset},
      {Py_tp_methods, device_methods},
      {Py_tp_doc,
       const_cast<char*>(
           "device(type, index=-1)\n--\n\n"
           "Where a tensor lives: device('cpu'), device('cuda:0'), device('cuda', 1).\n\n"
           "It need not be there. ValueError for another name, for an index of the CPU and for two of them,\n"
           "TypeError for what is no name and no int.\n\n"
           ">>> tenon.device('cuda', 1).index\n"
           "1")},
      {0, nullptr}};
  static PyType_Spec device_spec = {"tenon.device", sizeof(PyDevice), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                                    device_slots};
  device_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&device_spec)).release());
  if (PyModule_AddObjectRef(module, "dtype", reinterpret_cast<PyObject*>(dtype_type)) < 0 ||
      PyModule_AddObjectRef(module, "device", reinterpret_cast<PyObject*>(device_type)) < 0)
    throw PythonError{};
}

}  // namespace tenon::py
