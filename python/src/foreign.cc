// Memory of other libraries: Arrow's C data interface both ways, the buffer protocol, and addresses with a shape.
#include <algorithm>
#include <cstring>

#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "dtype.h"
#include "ingest.h"
#include "tensor_slots.h"
#include "tenon/arrow.h"
#include "tenon/autograd.h"
#include "tenon/ops/copy.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

// ---- Arrow ----

constexpr const char *kSchema = "arrow_schema", *kArray = "arrow_array", *kStream = "arrow_array_stream";

// The structs live in the capsule; whoever takes their contents sets release to null.
template <class T>
void drop(PyObject* capsule, const char* name) {
  auto* p = static_cast<T*>(PyCapsule_GetPointer(capsule, name));
  if (!p) {
    PyErr_Clear();
    return;
  }
  if (p->release) p->release(p);
  delete p;
}
void drop_schema(PyObject* c) { drop<arrow::ArrowSchema>(c, kSchema); }
void drop_array(PyObject* c) { drop<arrow::ArrowArray>(c, kArray); }

struct Exported {
  arrow::ArrowSchema* schema = new arrow::ArrowSchema{};
  arrow::ArrowArray* array = new arrow::ArrowArray{};
  ~Exported() {
    clear(schema);
    clear(array);
  }
  template <class T>
  static void clear(T* p) {
    if (!p) return;
    if (p->release) p->release(p);
    delete p;
  }
  Object schema_capsule() {
    Object c = Object::steal(PyCapsule_New(schema, kSchema, &drop_schema));
    schema = nullptr;
    return c;
  }
  Object array_capsule() {
    Object c = Object::steal(PyCapsule_New(array, kArray, &drop_array));
    array = nullptr;
    return c;
  }
};

PyObject* arrow_c_array(PyObject* self, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"requested_schema", nullptr};
  PyObject* requested = Py_None;  // the consumer converts: tenon lends what it has
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:__arrow_c_array__", const_cast<char**>(keywords), &requested))
    return nullptr;
  return guarded([&] {
    Exported e;
    const Tensor& self_ = unwrap(self);
    const Tensor lent = exportable(self_, "__arrow_c_array__");
    const Tensor t = without_gil(lent.device().is_unified() ? kLongWork : 0, [&] { return on_host(lent); }, lent);
    arrow::export_array(t, e.schema, e.array, true);
    if (lent.device() != self_.device()) note_copy("__arrow_c_array__", "device", t.nbytes());
    else if (is_bool(t.dtype())) note_copy("__arrow_c_array__", "Arrow packs bools into bits", t.nbytes());
    else if (!t.is_contiguous()) note_copy("__arrow_c_array__", "Arrow arrays are contiguous", t.nbytes());
    Object schema = e.schema_capsule();
    Object array = e.array_capsule();
    return PyTuple_Pack(2, schema.get(), array.get());
  });
}

PyObject* arrow_c_schema(PyObject* self, PyObject*) {
  return guarded([&] {
    // A tensor without rows is enough: the type tells only the dtype and the sizes of the other dimensions.
    const Tensor t = unwrap(self).detach();
    Dims shape = t.shape();
    if (t.ndim() > 0) shape[0] = 0;
    Exported e;
    arrow::export_array(empty(shape, t.dtype()), e.schema, e.array, true);
    return e.schema_capsule().release();
  });
}

template <class T>
T* pointer(PyObject* capsule, const char* name) {
  auto* p = static_cast<T*>(PyCapsule_GetPointer(capsule, name));
  if (!p) throw PythonError{};
  return p;
}

// from_arrow(obj, allow_copy): an object with __arrow_c_array__ or __arrow_c_stream__.
PyObject* from_arrow(PyObject*, PyObject* args) {
  PyObject* o;
  int allow_copy;
  if (!PyArg_ParseTuple(args, "Op:_from_arrow", &o, &allow_copy)) return nullptr;
  return guarded([&]() -> PyObject* {
    if (PyObject_HasAttrString(o, "__arrow_c_array__")) {
      Object pair = Object::steal(PyObject_CallMethod(o, "__arrow_c_array__", nullptr));
      if (!PyTuple_Check(pair.get()) || PyTuple_GET_SIZE(pair.get()) != 2)
        wrong_type({"from_arrow", "__arrow_c_array__()"}, "a pair of capsules", pair.get());
      const Section section(PyTuple_GET_ITEM(pair.get(), 1));  // one thread takes it
      auto* schema = pointer<arrow::ArrowSchema>(PyTuple_GET_ITEM(pair.get(), 0), kSchema);
      auto* array = pointer<arrow::ArrowArray>(PyTuple_GET_ITEM(pair.get(), 1), kArray);
      return wrap(arrow::import_array(*schema, array, allow_copy));
    }
    Object capsule = Object::steal(PyObject_CallMethod(o, "__arrow_c_stream__", nullptr));
    const Section section(capsule.get());
    return wrap(arrow::import_stream(pointer<arrow::ArrowArrayStream>(capsule.get(), kStream), allow_copy));
  });
}

// ---- the buffer protocol ----

// The dtype of a struct-module format; false for formats of several fields.
bool dtype_of_format(const char* f, Py_ssize_t size, DType& out, bool& swapped) {
  if (!f) f = "B";
  swapped = (*f == '>' || *f == '!') && size > 1;  // tenon runs on little-endian machines
  if (std::strchr("@=<>!", *f) && *f) ++f;
  const std::string_view code(f);
  if (size != 1 && (code == "b" || code == "B" || code == "c")) return false;  // a union's: its fields are not told
  if (code == "?") out = DType::bool_;
  else if (code == "e") out = DType::float16;
  else if (code == "f") out = DType::float32;
  else if (code == "d") out = DType::float64;
  else if (code == "Zf") out = DType::complex64;
  else if (code == "Zd") out = DType::complex128;
  else if (code.size() == 1 && std::strchr("bhilqnN", code[0])) {
    const bool is_unsigned = code[0] == 'N';
    switch (size) {
      case 1: out = DType::int8; break;
      case 2: out = DType::int16; break;
      case 4: out = is_unsigned ? DType::uint32 : DType::int32; break;
      case 8: out = is_unsigned ? DType::uint64 : DType::int64; break;
      default: return false;
    }
  } else if (code.size() == 1 && std::strchr("cBHILQ", code[0])) {
    switch (size) {
      case 1: out = DType::uint8; break;
      case 2: out = DType::uint16; break;
      case 4: out = DType::uint32; break;
      case 8: out = DType::uint64; break;
      default: return false;
    }
  } else {
    return false;
  }
  return static_cast<Py_ssize_t>(itemsize(out)) == size;
}

Object view_of(PyObject* o, const char* op) {
  Object view = Object::maybe(PyMemoryView_FromObject(o));
  if (view) return view;
  if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
  PyErr_Clear();
  PyErr_Format(PyExc_ValueError, "%s: object does not implement the buffer protocol; got %.200s", op,
               Py_TYPE(o)->tp_name);
  throw PythonError{};
}

// from_buffer(obj, op): any layout, the dtype by the buffer's own format. Returns the tensor and whether its bytes are
// swapped.
PyObject* from_buffer(PyObject*, PyObject* args) {
  PyObject* o;
  const char* op;
  if (!PyArg_ParseTuple(args, "Os:_from_buffer", &o, &op)) return nullptr;
  return guarded([&] {
    Object view = view_of(o, op);
    const Py_buffer& b = *PyMemoryView_GET_BUFFER(view.get());
    DType dtype;
    bool swapped;
    if (!dtype_of_format(b.format, b.itemsize, dtype, swapped))
      errors::fail<TypeError>(op, "the buffer's format '", std::string(b.format ? b.format : "B"),
                              "' has no tensor dtype; pass memoryview(obj).cast('B') for its bytes");
    for (int d = 0; b.suboffsets && d < b.ndim; ++d)
      if (b.suboffsets[d] >= 0)
        errors::fail<ValueError>(op,
                                 "the buffer's rows are pointers (suboffsets), which tensors have not; use bytes(obj)");
    const std::int64_t size = b.itemsize;
    Dims shape, strides;
    for (int d = 0; d < b.ndim; ++d) {
      const std::int64_t s = b.strides[d];
      shape.push_back(b.shape[d]);
      if (s % size != 0 && b.shape[d] > 1)
        errors::fail(op, "the buffer's strides are no multiple of its item size; copy it first");
      strides.push_back(s / size);
    }
    tame_strides(shape, strides);
    const auto range = byte_range(shape, strides, dtype);
    if (!range) errors::too_large(op, shape, dtype);
    const auto [low, high] = *range;
    if (reinterpret_cast<std::uintptr_t>(b.buf) % itemsize(real_dtype(dtype)) != 0)
      errors::fail(op, "the buffer is not aligned for ", dtype, "; copy it first");
    Ref<Storage> storage =
        Storage::borrow(static_cast<char*>(b.buf) + low, high - low, kCpu, &drop_reference, view.get());
    const bool read_only = b.readonly;
    view.release();
    Object t = Object::steal(wrap(make_tensor(std::move(storage), -low, shape, strides, dtype, read_only)));
    return PyTuple_Pack(2, t.get(), swapped ? Py_True : Py_False);
  });
}

// swap_bytes(tensor): a copy whose elements (of complex dtypes: their parts) have their bytes in the other order.
PyObject* swap_bytes(PyObject*, PyObject* o) {
  return guarded([&] {
    Tensor t = clone(unwrap(o)).contiguous();
    const auto size = static_cast<std::int64_t>(itemsize(real_dtype(t.dtype())));
    char* p = t.data();
    for (std::int64_t i = 0; i < t.nbytes(); i += size) std::reverse(p + i, p + i + size);
    return wrap(std::move(t));
  });
}

// from_address(address, shape, strides in bytes or None, dtype, read_only, device, owner, op, bytes before, after)
PyObject* from_address(PyObject*, PyObject* args) {
  unsigned long long address;
  PyObject *shape_arg, *strides_arg, *dtype_arg, *device_arg, *owner;
  int read_only;
  const char* op;
  long long before = INT64_MAX, after = INT64_MAX;  // bytes that may be reached on both sides of the address
  if (!PyArg_ParseTuple(args, "KOOOpOOs|LL:_from_address", &address, &shape_arg, &strides_arg, &dtype_arg, &read_only,
                        &device_arg, &owner, &op, &before, &after))
    return nullptr;
  return guarded([&] {
    const Dims shape = to_dims(shape_arg, {op, "shape"});
    const DType dtype = to_dtype(dtype_arg, {op, "typestr"});
    const Device device = to_device(device_arg, {op, "device"});
    const auto size = static_cast<std::int64_t>(itemsize(dtype));
    Dims strides = contiguous_strides(shape);
    if (strides_arg != Py_None) {
      const Dims bytes = to_dims(strides_arg, {op, "strides"});
      if (bytes.size() != shape.size())
        errors::fail(op, "the interface gives ", bytes.size(), " strides for the shape ", shape);
      for (int d = 0; d < shape.size(); ++d) {
        if (bytes[d] % size != 0 && shape[d] > 1)
          errors::fail(op, "its strides are no multiple of the item size; copy it first");
        strides[d] = bytes[d] / size;
      }
    }
    for (auto n : shape)
      if (n < 0) errors::negative_size(op, shape);
    tame_strides(shape, strides);
    const auto range = byte_range(shape, strides, dtype);
    if (!range) errors::too_large(op, shape, dtype);
    const auto [low, high] = *range;
    if (high && !address) errors::fail(op, "its address is null, but its shape ", shape, " has elements");
    // What the owner says about the size of its memory.
    if (-low > before || high > after)
      errors::fail(op, "shape ", shape, " and strides of ", dtype, " reach ", high - low,
                   " bytes, beyond the buffer's ", static_cast<std::int64_t>(before + after));
    auto* data = reinterpret_cast<char*>(static_cast<std::uintptr_t>(address));
    if (high && address % itemsize(real_dtype(dtype)) != 0)
      errors::fail(op, "its data is not aligned for ", dtype, "; copy it first");
    Ref<Storage> storage = Storage::borrow(data + low, high - low, device, &drop_reference, owner);
    Py_INCREF(owner);
    return wrap(make_tensor(std::move(storage), -low, shape, strides, dtype, read_only));
  });
}

PyMethodDef methods[] = {
    {"__arrow_c_array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(arrow_c_array)),
     METH_VARARGS | METH_KEYWORDS,
     "__arrow_c_array__($self, /, requested_schema=None)\n--\n\n"
     "Arrow's C data interface: a vector as a primitive array, more dimensions as fixed-size lists, over the same memory\n"
     "(bools and other layouts than row-major are copied, which no_copies() refuses). polars.DataFrame wants columns of its\n"
     "own here: give it tensor.numpy()."},
    {"__arrow_c_schema__", arrow_c_schema, METH_NOARGS,
     "__arrow_c_schema__($self, /)\n--\n\nArrow's description of the elements."},
    {nullptr}};
PyMethodDef functions[] = {{"_from_arrow", from_arrow, METH_VARARGS, nullptr},
                           {"_from_buffer", from_buffer, METH_VARARGS, nullptr},
                           {"_from_address", from_address, METH_VARARGS, nullptr},
                           {"_swap_bytes", swap_bytes, METH_O, nullptr},
                           {nullptr}};

}  // namespace

void init_foreign(PyObject* module) {
  add_methods(methods);
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
