#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_1_25_API_VERSION
#include "numpy_api.h"

#include <numpy/arrayobject.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "convert.h"
#include "core/errors.h"
#include "dtype.h"
#include "once.h"
#include "tensor_slots.h"
#include "tenon/error.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

std::atomic<bool> g_loaded{false};

bool load() {
  if (_import_array() < 0) {
    PyErr_Clear();
    return false;
  }
  return g_loaded = true;
}

// NumPy's type numbers; int64 is NPY_LONG on the platforms where long has 8 bytes.
constexpr int kTypeNumbers[] = {NPY_BOOL,   NPY_INT8,   NPY_INT16,   NPY_INT32, NPY_INT64, NPY_UINT8,
                                NPY_UINT16, NPY_UINT32, NPY_UINT64,  NPY_HALF,  -1,        NPY_FLOAT,
                                NPY_DOUBLE, NPY_CFLOAT, NPY_CDOUBLE, -1,        -1};

// ml_dtypes registers its types with NumPy as they are imported; their numbers are known from then on.
struct ExtensionType {
  DType dtype;
  const char* name;
  std::atomic<int> number{-1};
};
ExtensionType g_extensions[] = {
    {DType::bfloat16, "bfloat16"}, {DType::float8_e4m3fn, "float8_e4m3fn"}, {DType::float8_e5m2, "float8_e5m2"}};

bool dtype_of_number(PyArray_Descr* descr, DType& out) {
  switch (descr->type_num) {
    case NPY_BOOL: out = DType::bool_; return true;
    case NPY_BYTE: out = DType::int8; return true;
    case NPY_SHORT: out = DType::int16; return true;
    case NPY_INT: out = DType::int32; return true;
    case NPY_LONG: out = sizeof(long) == 8 ? DType::int64 : DType::int32; return true;
    case NPY_LONGLONG: out = DType::int64; return true;
    case NPY_UBYTE: out = DType::uint8; return true;
    case NPY_USHORT: out = DType::uint16; return true;
    case NPY_UINT: out = DType::uint32; return true;
    case NPY_ULONG: out = sizeof(long) == 8 ? DType::uint64 : DType::uint32; return true;
    case NPY_ULONGLONG: out = DType::uint64; return true;
    case NPY_HALF: out = DType::float16; return true;
    case NPY_FLOAT: out = DType::float32; return true;
    case NPY_DOUBLE: out = DType::float64; return true;
    case NPY_CFLOAT: out = DType::complex64; return true;
    case NPY_CDOUBLE: out = DType::complex128; return true;
    default: break;
  }
  if (descr->type_num < NPY_USERDEF) return false;
  for (ExtensionType& e : g_extensions) {
    if (e.number < 0) {
      const char* dot = std::strrchr(descr->typeobj->tp_name, '.');
      if (std::strcmp(dot ? dot + 1 : descr->typeobj->tp_name, e.name) != 0) continue;
      e.number = descr->type_num;
    }
    if (e.number == descr->type_num) {
      out = e.dtype;
      return true;
    }
  }
  return false;
}

// ---- the base of exported arrays ----

struct Export {
  PyObject_HEAD Storage* storage;
};
PyTypeObject* export_type = nullptr;
constexpr int kFreeMax = kHasGil ? 256 : 0;
Export* g_free = nullptr;
int g_free_count = 0;

void export_dealloc(PyObject* self) {
  auto* e = reinterpret_cast<Export*>(self);
  PyTypeObject* type = Py_TYPE(self);
  e->storage->drop_export();
  e->storage->release();
  if (g_free_count < kFreeMax) {
    e->storage = reinterpret_cast<Storage*>(g_free);
    g_free = e;
    ++g_free_count;
  } else {
    PyObject_Free(self);
  }
  Py_DECREF(type);
}

std::string dtype_text(PyArrayObject* a) {
  Object s = Object::maybe(PyObject_Str(reinterpret_cast<PyObject*>(PyArray_DESCR(a))));
  return s ? utf8(s.get()) : "?";
}

// The first element of an object array that is no number, for the error message.
std::string first_offender(PyArrayObject* a) {
  Object flat = Object::maybe(PyObject_GetAttrString(reinterpret_cast<PyObject*>(a), "flat"));
  if (!flat) {
    PyErr_Clear();
    return "";
  }
  Object it = Object::maybe(PyObject_GetIter(flat.get()));
  Py_ssize_t i = 0;
  while (it) {
    Object item = Object::maybe(PyIter_Next(it.get()));
    if (!item) break;
    if (!PyNumber_Check(item.get()) || PyArray_Check(item.get()) || PyUnicode_Check(item.get())) {
      Object repr = Object::maybe(PyObject_Repr(item.get()));
      std::string text = repr ? utf8(repr.get()) : "?";
      if (text.size() > 60) text = text.substr(0, 57) + "...";
      const bool nested = PySequence_Check(item.get()) && !PyUnicode_Check(item.get()) && !PyBytes_Check(item.get());
      return "; element " + std::to_string(i) + " is " + text + " (" + Py_TYPE(item.get())->tp_name +
             (nested ? "): rows of one length make an array, np.stack(list(array))"
                     : "): drop or encode what is no number, then array.astype(float)");
    }
    ++i;
  }
  PyErr_Clear();
  return "; all elements are numbers, so .astype(float) makes it numeric";
}

[[noreturn]] void refuse_dtype(PyArrayObject* a, const char* op) {
  const int number = PyArray_DESCR(a)->type_num;
  std::string message = std::string(op) + ": an array of dtype " + dtype_text(a) + " has no tensor dtype";
  if (number == NPY_OBJECT) {
    message += first_offender(a);
  } else if (number == NPY_VOID && PyDataType_HASFIELDS(PyArray_DESCR(a))) {
    message += "; take one field, array['name'], which is shared without a copy, or tenon.from_struct(array) for all";
  } else if (number == NPY_DATETIME || number == NPY_TIMEDELTA) {
    message += "; share its integers with array.view('int64'), or copy them with .astype('int64')";
  } else if (number == NPY_STRING || number == NPY_UNICODE) {
    message += "; convert text with array.astype(float), or drop the column";
  } else if (number == NPY_VOID &&
             (PyDataType_ELSIZE(PyArray_DESCR(a)) == 2 || PyDataType_ELSIZE(PyArray_DESCR(a)) == 1)) {
    message +=
        PyDataType_ELSIZE(PyArray_DESCR(a)) == 2
            ? "; bytes that np.load has read of a bfloat16 file are numbers by array.view(ml_dtypes.bfloat16), or "
              "tenon.load reads the file"
            : "; bytes that np.load has read of a float8 file are numbers by array.view(ml_dtypes.float8_e4m3fn) or "
              "float8_e5m2";
  } else if (number == NPY_VSTRING) {
    message += "; convert text with array.astype(float), or drop the column";
  } else if (number == NPY_LONGDOUBLE || number == NPY_CLONGDOUBLE) {
    message += "; convert with array.astype('float64') or array.astype('complex128')";
  } else {
    message +=
        "; the supported dtypes are bool, int8 to int64, uint8 to uint64, float16 to float64, complex64, complex128, "
        "and ml_dtypes' bfloat16, float8_e4m3fn and float8_e5m2";
  }
  throw DtypeError(message);
}

// Why the memory cannot be shared as it lies; null if it can.
const char* layout_problem(PyArrayObject* a, std::int64_t size) {
  if (!PyArray_ISNOTSWAPPED(a))
    return "the bytes of its elements are swapped; use tenon.asarray(array), which swaps them while copying, or "
           "array.astype(array.dtype.newbyteorder('='))";
  if (!PyArray_ISALIGNED(a))
    return "its data is not aligned to the element size; use tenon.asarray(array) or array.copy()";
  if (PyArray_SIZE(a) > 0)
    for (int d = 0; d < PyArray_NDIM(a); ++d)
      if ((PyArray_STRIDE(a, d) & (size - 1)) != 0 && PyArray_DIM(a, d) != 1)  // sizes are powers of two
        return "its strides are no multiple of the element size; use tenon.asarray(array) or array.copy()";
  return nullptr;
}

}  // namespace

bool numpy_loaded() {
  if (g_loaded) return true;
  static constinit Interned name("numpy");
  PyObject* modules = PyImport_GetModuleDict();
  return modules && dict_item(modules, name.get()) && load();
}

void require_numpy(const char* op) {
  if (g_loaded) return;
  Object m = Object::maybe(PyImport_ImportModule("numpy"));
  if (!m && !PyErr_ExceptionMatches(PyExc_ModuleNotFoundError)) throw PythonError{};  // it is there, but broken
  if (!m || !load()) {
    PyErr_Clear();
    PyErr_Format(PyExc_ImportError, "%s: NumPy is not installed; pip install numpy", op);
    throw PythonError{};
  }
}

bool is_ndarray(PyObject* o) { return numpy_loaded() && PyArray_Check(o); }
bool is_ndarray_type(PyTypeObject* type) { return numpy_loaded() && type == &PyArray_Type; }
bool is_plain_ndarray(PyObject* o) { return numpy_loaded() && PyArray_CheckExact(o); }

bool overrides_ufuncs(PyObject* o) {
  if (is_tensor(o) || is_plain_ndarray(o) || PyFloat_Check(o) || PyLong_Check(o) || PyComplex_Check(o)) return false;
  static constinit Interned name("__array_ufunc__");
  Object own = Object::maybe(PyObject_GetAttr(reinterpret_cast<PyObject*>(Py_TYPE(o)), name.get()));
  PyErr_Clear();
  if (!own || !numpy_loaded()) return static_cast<bool>(own);
  // Inherited by ndarray's subclasses and by NumPy's scalars.
  for (PyTypeObject* base : {&PyArray_Type, &PyGenericArrType_Type}) {
    Object theirs = Object::maybe(PyObject_GetAttr(reinterpret_cast<PyObject*>(base), name.get()));
    PyErr_Clear();
    if (theirs && theirs.get() == own.get()) return false;
  }
  return true;
}

bool is_numpy_scalar(PyObject* o) { return numpy_loaded() && PyArray_CheckScalar(o) && !PyArray_Check(o); }

Object numpy_dtype(DType d) {
  require_numpy("numpy");
  const int number = kTypeNumbers[static_cast<int>(d)];
  if (number >= 0) return Object::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(number)));
  Object module = Object::maybe(PyImport_ImportModule("ml_dtypes"));
  if (!module) {
    PyErr_Clear();
    const std::string n(name(d));
    PyErr_Format(PyExc_TypeError, "numpy: NumPy has no dtype %s; pip install ml_dtypes, or convert with .float() first",
                 n.c_str());
    throw PythonError{};
  }
  for (ExtensionType& e : g_extensions) {
    if (e.dtype != d) continue;
    Object type = Object::steal(PyObject_GetAttrString(module.get(), e.name));
    PyArray_Descr* descr = nullptr;
    if (PyArray_DescrConverter(type.get(), &descr) != NPY_SUCCEED) throw PythonError{};
    e.number = descr->type_num;
    return Object::steal(reinterpret_cast<PyObject*>(descr));
  }
  throw DtypeError("numpy: no dtype");
}

bool is_numpy_dtype(PyObject* o) {
  if (!numpy_loaded()) return false;
  return PyArray_DescrCheck(o) ||
         (PyType_Check(o) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(o), &PyGenericArrType_Type));
}

bool dtype_from_numpy(PyObject* o, DType& out) {
  if (!numpy_loaded() || o == Py_None) return false;
  PyArray_Descr* descr = nullptr;
  if (PyArray_DescrCheck(o)) {
    descr = reinterpret_cast<PyArray_Descr*>(Py_NewRef(o));
  } else if (PyArray_DescrConverter(o, &descr) != NPY_SUCCEED) {
    PyErr_Clear();
    return false;
  }
  Object hold = Object::maybe(reinterpret_cast<PyObject*>(descr));
  return dtype_of_number(descr, out);
}

Tensor tensor_from_ndarray(PyObject* o, const char* op) {
  auto* a = reinterpret_cast<PyArrayObject*>(o);
  DType dtype;
  if (!dtype_of_number(PyArray_DESCR(a), dtype)) refuse_dtype(a, op);
  if (!PyArray_CheckExact(o)) refuse_subclass(o, op);
  const auto size = static_cast<std::int64_t>(itemsize(dtype));
  const int shift = std::countr_zero(static_cast<std::uint64_t>(size));
  if (const char* problem = layout_problem(a, size))
    throw ValueError(std::string(op) + ": the array cannot be shared: " + problem);
  const int ndim = PyArray_NDIM(a);
  Dims shape, strides;
  shape.resize(ndim);
  strides.resize(ndim);
  for (int d = 0; d < ndim; ++d) {
    shape[d] = PyArray_DIM(a, d);
    const std::int64_t s = PyArray_STRIDE(a, d);
    strides[d] = (s & (size - 1)) == 0 ? s >> shift : shape[d] == 1 ? 1 : 0;
  }
  tame_strides(shape, strides);
  // NumPy has found already that most arrays fill their bytes.
  const std::int64_t bytes = PyArray_IS_C_CONTIGUOUS(a) ? PyArray_NBYTES(a) : 0;
  const auto range = bytes > 0 ? ByteRange{0, bytes} : byte_range(shape, strides, dtype);
  if (!range) errors::too_large(op, shape, dtype);
  const auto [low, high] = *range;
  drop_left_references();
  // The storage is the range of bytes that the array reaches, and owns a reference to it.
  Ref<Storage> storage =
      Storage::borrow(static_cast<char*>(PyArray_DATA(a)) + low, high - low, kCpu, &drop_reference, o);
  Py_INCREF(o);
  return tensor_at(std::move(storage), -low, std::move(shape), std::move(strides), dtype, !PyArray_ISWRITEABLE(a));
}

bool stack_small_ndarrays(PyObject* const* arrays, Py_ssize_t n, Tensor& out) {
  if (!is_plain_ndarray(arrays[0])) return false;
  auto* first = reinterpret_cast<PyArrayObject*>(arrays[0]);
  const int ndim = PyArray_NDIM(first);
  const npy_intp bytes = PyArray_NBYTES(first);
  DType dtype;
  if (bytes > 1 << 16 || ndim >= kMaxDims || !dtype_of_number(PyArray_DESCR(first), dtype)) return false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    auto* a = reinterpret_cast<PyArrayObject*>(arrays[i]);
    if (!is_plain_ndarray(arrays[i]) || PyArray_TYPE(a) != PyArray_TYPE(first) || !PyArray_ISCARRAY_RO(a) ||
        PyArray_NDIM(a) != ndim || !std::equal(PyArray_DIMS(a), PyArray_DIMS(a) + ndim, PyArray_DIMS(first)))
      return false;
  }
  Dims shape = {n};
  for (int d = 0; d < ndim; ++d) shape.push_back(PyArray_DIM(first, d));
  out = empty(shape, dtype);
  std::vector<Object> held;  // a list may change while the GIL is away
  if (out.numel() > kReleaseGilAbove)
    for (Py_ssize_t i = 0; i < n; ++i) held.push_back(Object::borrow(arrays[i]));
  const auto copy = [&] {
    char* to = out.data();
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i, to += bytes)
      std::memcpy(to, PyArray_DATA(reinterpret_cast<PyArrayObject*>(held.empty() ? arrays[i] : held[i].get())),
                  static_cast<std::size_t>(bytes));
  };
  without_gil(out.numel(), copy);
  return true;
}

const char* why_not_shared(PyObject* o) {
  auto* a = reinterpret_cast<PyArrayObject*>(o);
  DType dtype;
  if (!dtype_of_number(PyArray_DESCR(a), dtype)) return "its dtype has no tensor dtype";
  return layout_problem(a, static_cast<std::int64_t>(itemsize(dtype)));
}

PyObject* new_export(Storage& storage) {
  Export* e = g_free;
  if (e) {
    g_free = reinterpret_cast<Export*>(e->storage);
    --g_free_count;
    PyObject_Init(reinterpret_cast<PyObject*>(e), export_type);
  } else {
    e = PyObject_New(Export, export_type);
    if (!e) throw PythonError{};
  }
  e->storage = &storage;
  e->storage->retain();
  return reinterpret_cast<PyObject*>(e);
}

Object ndarray_from_tensor(const Tensor& t) {
  if (!g_loaded) require_numpy("numpy");
  HostView lent(t);
  const int number = kTypeNumbers[static_cast<int>(t.dtype())];
  PyArray_Descr* descr =
      number >= 0 ? PyArray_DescrFromType(number) : reinterpret_cast<PyArray_Descr*>(numpy_dtype(t.dtype()).release());
  const int ndim = t.ndim();
  if (ndim > NPY_MAXDIMS_LEGACY_ITERS && PyArray_RUNTIME_VERSION < 0x12) {
    Py_DECREF(descr);
    throw ShapeError("numpy: this NumPy takes at most 32 dimensions; upgrade to NumPy 2");
  }
  npy_intp shape[kMaxDims], strides[kMaxDims];
  const std::int64_t size = t.itemsize();
  for (int d = 0; d < ndim; ++d) {
    shape[d] = t.shape()[d];
    strides[d] = t.strides()[d] * size;
  }
  static char nothing[16];
  void* data = t.data() ? t.data() : nothing;
  Object array =
      Object::steal(PyArray_NewFromDescr(&PyArray_Type, descr, ndim, shape, strides, data,
                                         NPY_ARRAY_ALIGNED | (t.read_only() ? 0 : NPY_ARRAY_WRITEABLE), nullptr));
  PyObject* base = new_export(t.storage());
  lent.release();
  if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(array.get()), base) < 0) throw PythonError{};
  return array;
}

Object native_copy(PyObject* o, const char* op) {
  auto* a = reinterpret_cast<PyArrayObject*>(o);
  DType dtype;
  if (!dtype_of_number(PyArray_DESCR(a), dtype)) refuse_dtype(a, op);
  if (!PyArray_CheckExact(o)) refuse_subclass(o, op);
  Object descr = numpy_dtype(dtype);
  return Object::steal(
      PyArray_FromArray(a, reinterpret_cast<PyArray_Descr*>(descr.release()),
                        NPY_ARRAY_ENSURECOPY | NPY_ARRAY_ALIGNED | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ENSUREARRAY));
}

bool scalar_from_numpy(PyObject* o, Scalar& value, DType& dtype) {
  if (!is_numpy_scalar(o)) return false;
  PyArray_Descr* descr = PyArray_DescrFromScalar(o);
  Object hold = Object::maybe(reinterpret_cast<PyObject*>(descr));
  if (!descr || !dtype_of_number(descr, dtype)) {
    PyErr_Clear();
    return false;
  }
  if (PyTypeNum_ISUSERDEF(descr->type_num)) {  // of which PyArray_ScalarAsCtype stores a pointer
    const Object array = Object::steal(PyArray_FromScalar(o, nullptr));
    value = Scalar::load(dtype, PyArray_DATA(reinterpret_cast<PyArrayObject*>(array.get())));
    return true;
  }
  alignas(16) unsigned char bytes[16];
  PyArray_ScalarAsCtype(o, bytes);
  value = Scalar::load(dtype, bytes);
  return true;
}

void refuse_numpy_scalar(PyObject* o, const char* op) {
  const Object array = Object::steal(PyArray_FromScalar(o, nullptr));
  refuse_dtype(reinterpret_cast<PyArrayObject*>(array.get()), op);
}

void init_numpy(PyObject*) {
  static PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(export_dealloc)},
      {Py_tp_doc, const_cast<char*>("Keeps a tensor's memory alive for an array that views it.")},
      {0, nullptr}};
  static PyType_Spec spec = {"tenon._Export", sizeof(Export), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};
  export_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&spec)).release());
}

}  // namespace tenon::py
