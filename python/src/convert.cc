#include "convert.h"

#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "dtype.h"
#include "ingest.h"
#include "numpy_api.h"
#include "tenon/autograd.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/join.h"
#include "tenon/ops/view.h"

namespace tenon::py {

void wrong_type(const Where& w, const char* wanted, PyObject* got) {
  PyErr_Format(PyExc_TypeError, "%s: '%s' must be %s; got %.200s", w.op, w.arg, wanted, Py_TYPE(got)->tp_name);
  throw PythonError{};
}

bool to_bool(PyObject* o, const Where& w) {
  if (PyBool_Check(o)) return o == Py_True;
  Scalar s;
  if (as_scalar(o, s)) return s.to<bool>();
  if (is_tensor(o)) return unwrap(o).item().to<bool>();
  wrong_type(w, "a bool", o);
}

Dims byte_strides(const Tensor& t) {
  Dims bytes = t.strides();
  for (auto& s : bytes) s *= t.itemsize();
  return bytes;
}

std::string number_text(PyObject* o) {
  const Object text = Object::maybe(PyObject_Str(o));
  if (text) return utf8(text.get());
  PyErr_Clear();  // Python writes no int of more than 4300 digits
  return "an int of more than 4300 digits";
}

std::int64_t to_int(PyObject* o, const Where& w) {
  if (PyLong_CheckExact(o)) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (!overflow) return v;
  }
  if (PyFloat_Check(o) || !PyIndex_Check(o)) wrong_type(w, "an int", o);
  const Object i = Object::maybe(PyNumber_Index(o));
  if (!i) {  // a tensor or an array that is no number
    PyErr_Clear();
    wrong_type(w, "an int", o);
  }
  const long long v = PyLong_AsLongLong(i.get());
  if (v == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    PyErr_Format(PyExc_OverflowError, "%s: '%s' = %s is out of bounds for a 64-bit integer", w.op, w.arg,
                 number_text(i.get()).c_str());
    throw PythonError{};
  }
  return v;
}

std::uint64_t to_seed(PyObject* o, const Where& w) {
  if (PyFloat_Check(o) || !PyIndex_Check(o)) wrong_type(w, "an int", o);
  const Object i = Object::steal(PyNumber_Index(o));
  int overflow = 0;
  const long long v = PyLong_AsLongLongAndOverflow(i.get(), &overflow);
  if (!overflow) return static_cast<std::uint64_t>(v);
  const unsigned long long u = overflow > 0 ? PyLong_AsUnsignedLongLong(i.get()) : 0;
  if (overflow > 0 && !PyErr_Occurred()) return u;
  PyErr_Clear();
  PyErr_Format(PyExc_OverflowError, "%s: '%s' must lie between -2**63 and 2**64 - 1; got %s", w.op, w.arg,
               number_text(i.get()).c_str());
  throw PythonError{};
}

void refuse_lost_history(const Tensor& t, const Where& w) {
  if (autograd::needs_grad(t))
    errors::fail<GradError>(w.op, "'", w.arg, "' is a constant, but requires grad; use .detach()");
}

double to_double(PyObject* o, const Where& w) {
  if (PyFloat_Check(o)) return PyFloat_AS_DOUBLE(o);
  if (is_tensor(o) && unwrap(o).numel() == 1) {
    refuse_lost_history(unwrap(o), w);
    return unwrap(o).item().to<double>();
  }
  Scalar s;
  if (as_scalar(o, s) && !s.is_complex()) return s.to<double>();
  wrong_type(w, "a real number", o);
}

std::string to_string(PyObject* o, const Where& w) {
  if (!PyUnicode_Check(o)) wrong_type(w, "a string", o);
  Py_ssize_t size;
  if (const char* text = PyUnicode_AsUTF8AndSize(o, &size)) return {text, static_cast<std::size_t>(size)};
  PyErr_Clear();
  PyErr_Format(PyExc_ValueError, "%s: '%s' must be text without lone surrogates; got %R", w.op, w.arg, o);
  throw PythonError{};
}

std::string to_path(PyObject* o, const Where& w) {
  PyObject* bytes = nullptr;
  if (!PyUnicode_FSConverter(o, &bytes)) {
    const bool type = PyErr_ExceptionMatches(PyExc_TypeError);
    PyErr_Clear();
    if (type) wrong_type(w, "a path (str, bytes or os.PathLike)", o);
    PyErr_Format(PyExc_ValueError, "%s: '%s' must be a path without NUL; got %R", w.op, w.arg, o);
    throw PythonError{};
  }
  const Object held = Object::steal(bytes);
  return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

bool as_scalar(PyObject* o, Scalar& out) {
  if (PyFloat_CheckExact(o)) {
    out = Scalar(PyFloat_AS_DOUBLE(o));
    return true;
  }
  if (PyBool_Check(o)) {
    out = Scalar(o == Py_True);
    return true;
  }
  DType d;
  if (PyLong_Check(o)) {
    int overflow = 0;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (!overflow) {
      out = Scalar(v);
      return true;
    }
    const unsigned long long u = PyLong_AsUnsignedLongLong(o);
    if (!PyErr_Occurred()) {
      out = Scalar(static_cast<std::uint64_t>(u));
      return true;
    }
    PyErr_Clear();
    const double nearest = PyLong_AsDouble(o);
    const bool none = nearest == -1 && PyErr_Occurred();  // beyond float64, too
    PyErr_Clear();
    out = Scalar::huge_integer(none ? overflow * HUGE_VAL : nearest);
    return true;
  }
  if (scalar_from_numpy(o, out, d)) {  // before float: np.float64 is a subclass of it
    out = out.with_dtype(d);
    return true;
  }
  if (PyFloat_Check(o)) {
    out = Scalar(PyFloat_AS_DOUBLE(o));
    return true;
  }
  if (PyComplex_Check(o)) {
    out = Scalar(complex128{PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o)});
    return true;
  }
  return false;
}

Scalar to_scalar(PyObject* o, const Where& w) {
  Scalar s;
  if (as_scalar(o, s)) return s;
  if (is_tensor(o) && unwrap(o).numel() == 1) {
    refuse_lost_history(unwrap(o), w);
    return unwrap(o).item().with_dtype(unwrap(o).dtype());
  }
  if (is_ndarray(o)) {
    const Tensor t = to_tensor(o, w);
    if (t.numel() == 1) return t.item().with_dtype(t.dtype());
  }
  wrong_type(w, "a number", o);
}

Tensor number_for(const Tensor& t, const Scalar& s, const char* op) {
  errors::require_number(op, s, t.dtype());
  return Tensor::of(s, t.dtype(), t.device());
}

Tensor number_of_kind(const Tensor& t, const Scalar& s, const char* op) {
  if (!s.keeps_kind(t.dtype())) errors::number_loses_kind(op, s, t.dtype());
  return number_for(t, s, op);
}

From<MemoryFormat>::From(PyObject* o, const Where& w) {
  if (o == Py_None) return;
  const std::string format = to_string(o, w);
  if (format == "contiguous_format") value = {Layout::c};
  else if (format == "channels_last") value = {Layout::channels_last, 4};
  else if (format == "channels_last_3d") value = {Layout::channels_last, 5};
  else if (format != "preserve_format")
    errors::fail(w.op,
                 "memory_format must be contiguous_format, preserve_format, channels_last or channels_last_3d; got '",
                 format, "'");
}

Layout order_of(const MemoryFormat& format, int ndim, const char* op, Layout otherwise) {
  if (format.ndim != 0 && format.ndim != ndim)
    errors::fail(op, "memory_format ", format.ndim == 4 ? "channels_last" : "channels_last_3d", " is for ", format.ndim,
                 " dimensions; got ", ndim);
  return format.order.value_or(otherwise);
}

From<Number>::From(PyObject* o, const Where& w) {
  if (as_scalar(o, value.scalar)) return;
  if (is_tensor(o) && unwrap(o).numel() == 1 && autograd::needs_grad(unwrap(o))) value.tensor = reshape(unwrap(o), {});
  else value.scalar = to_scalar(o, w);
}

Tensor values_for(PyObject* o, const Tensor& t, const Where& w) {
  if (is_tensor(o) || is_ndarray(o)) return to_tensor(o, w);
  if (Scalar s; as_scalar(o, s)) return number_for(t, s, w.op);
  if (is_sequence(o)) return ingest(o, w.op, {.dtype = t.dtype(), .device = t.device(), .copy = {}});
  return to_tensor(o, w);
}

Object item_at(PyObject* sequence, Py_ssize_t i, const char* op) {
  const auto changed = [&] { return ValueError(std::string(op) + ": the sequence changed while it was read"); };
#ifdef Py_GIL_DISABLED
  if (PyList_Check(sequence)) {
    if (PyObject* item = PyList_GetItemRef(sequence, i)) return Object::steal(item);
    PyErr_Clear();
    throw changed();
  }
#endif
  if (i >= PySequence_Fast_GET_SIZE(sequence)) throw changed();
  return Object::borrow(PySequence_Fast_GET_ITEM(sequence, i));
}

Dims to_dims(PyObject* o, const Where& w) {
  if (PyLong_CheckExact(o)) return {to_int(o, w)};
  Dims out;
  if (is_list(o)) {
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    for (Py_ssize_t i = 0; i < n; ++i) {
      const Object item = item_at(o, i, w.op);
      // (shape,) around a single sequence, as NumPy's and PyTorch's users write both f(2, 3) and f((2, 3)).
      if (n == 1 && is_list(item.get())) return to_dims(item.get(), w);
      if (PyBool_Check(item.get())) wrong_type(w, "made of ints", item.get());
      out.push_back(to_int(item.get(), w));
    }
    return out;
  }
  if (PyBool_Check(o)) wrong_type(w, "an int or a sequence of ints", o);
  if (PyIndex_Check(o) && !(is_tensor(o) && unwrap(o).ndim() > 0) && !(is_ndarray(o) && PyObject_Length(o) >= 0)) {
    PyErr_Clear();
    out.push_back(to_int(o, w));
    return out;
  }
  PyErr_Clear();
  Object list = Object::maybe(PySequence_List(o));
  if (!list) {
    PyErr_Clear();
    wrong_type(w, "an int or a sequence of ints", o);
  }
  return to_dims(list.get(), w);
}

Tensor to_tensor(PyObject* o, const Where& w) {
  if (is_tensor(o)) return unwrap(o);
  if (is_ndarray(o) && !why_not_shared(o)) return tensor_from_ndarray(o, w.op);
  if (o == Py_None || PyUnicode_Check(o)) wrong_type(w, "a tensor or array", o);
  return ingest(o, w.op, {});
}

DType dtype_beside(const Scalar& s, DType other) {
  return s.is_floating() && is_integral(other) ? DType::float64 : s.promote_with(other);
}

Tensor to_tensor_beside(PyObject* o, const Tensor& other, const Where& w) {
  if (is_tensor(o) || is_ndarray(o)) return to_tensor(o, w);
  if (Scalar s; as_scalar(o, s)) {
    const DType d = dtype_beside(s, other.dtype());
    return Tensor::of(s, s.fits(d) ? d : s.default_dtype(), other.device());
  }
  const Tensor t = to_tensor(o, w);
  const bool full = other.dtype() == DType::float64 || is_integral(other.dtype());
  const bool more_precise = is_floating(t.dtype()) && full && t.dtype() != DType::float64;
  const bool listed = is_list(o);
  if (more_precise && listed && !t.requires_grad())
    return to(ingest(o, w.op, {.dtype = DType::float64, .device = {}, .copy = {}}), {}, other.device());
  return listed ? to(t, {}, other.device()) : t;
}

std::vector<Tensor> to_tensors(PyObject* o, const Where& w) {
  std::vector<Tensor> out;
  if (is_tensor(o)) return unbind(unwrap(o), 0);
  Object list = Object::maybe(PySequence_Fast(o, ""));
  if (!list) {
    PyErr_Clear();
    wrong_type(w, "a sequence of tensors", o);
  }
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
  out.reserve(static_cast<std::size_t>(n));
  bool lists = false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    const Object item = item_at(list.get(), i, w.op);
    lists = lists || is_list(item.get());
    out.push_back(to_tensor(item.get(), w));
  }
  const auto at = std::ranges::find(out, DType::float64, &Tensor::dtype);
  if (!lists || at == out.end()) return out;
  // Lists beside float64 tensors are read with as many digits.
  const Tensor& precise = *at;
  for (Py_ssize_t i = 0; i < n; ++i) {
    Tensor& t = out[static_cast<std::size_t>(i)];
    if (t.dtype() == DType::float32) t = to_tensor_beside(item_at(list.get(), i, w.op).get(), precise, w);
  }
  return out;
}

PyObject* from_scalar(const Scalar& s) {
  switch (s.tag()) {
    case Scalar::Tag::boolean: return from_element(s.to<bool>());
    case Scalar::Tag::integer: return from_element(s.to<std::int64_t>());
    case Scalar::Tag::huge_integer: return PyLong_FromDouble(s.to<double>());
    case Scalar::Tag::unsigned_integer: return from_element(s.to<std::uint64_t>());
    case Scalar::Tag::floating: return from_element(s.to<double>());
    case Scalar::Tag::complex: return from_element(s.to<complex128>());
  }
  return nullptr;
}

PyObject* from_dims(const Dims& d) {
  PyObject* t = PyTuple_New(d.size());
  if (!t) throw PythonError{};
  for (int i = 0; i < d.size(); ++i) PyTuple_SET_ITEM(t, i, PyLong_FromLongLong(d[i]));
  return t;
}

PyObject* to_python(std::vector<Tensor> ts) {
  Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(ts.size())));
  for (std::size_t i = 0; i < ts.size(); ++i)
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap(std::move(ts[i])));
  return tuple.release();
}

// ---- indices ----

namespace {

Tensor index_array(Tensor t, const Where& w) {
  if (!is_integral(t.dtype()) && !is_bool(t.dtype()))
    errors::fail<IndexError>(w.op, "an array of ", t.dtype(), " is no index; use one of integers or bools");
  return t;
}

}  // namespace

Index to_index(PyObject* o, const Where& w, Device device) {
  if (o == Py_None) return NewAxis{};
  if (o == Py_Ellipsis) return Ellipsis{};
  if (PyLong_CheckExact(o)) return to_int(o, w);
  if (PySlice_Check(o)) {
    auto* s = reinterpret_cast<PySliceObject*>(o);
    auto bound = [&](PyObject* v) -> std::optional<std::int64_t> {
      if (v == Py_None) return std::nullopt;
      Object index;
      if (!PyLong_CheckExact(v)) {
        if (!PyIndex_Check(v)) wrong_type({w.op, "slice"}, "made of ints or None", v);
        index = Object::steal(PyNumber_Index(v));
        v = index.get();
      }
      int overflow;  // slices clip, as Python's do
      const long long x = PyLong_AsLongLongAndOverflow(v, &overflow);
      return overflow > 0 ? INT64_MAX : overflow < 0 ? -INT64_MAX : x;
    };
    return Slice{bound(s->start), bound(s->stop), bound(s->step).value_or(1)};
  }
  if (PyBool_Check(o)) return Tensor::of(o == Py_True, DType::bool_, device);
  if (is_tensor(o)) return index_array(unwrap(o), w);
  if (is_ndarray(o)) return index_array(to_tensor(o, w), w);
  if (PyIndex_Check(o)) return to_int(o, w);
  if (PyFloat_Check(o)) {
    PyErr_Format(PyExc_IndexError,
                 "%s: a float is no index; use an int, a slice, None, ... or an integer or bool array", w.op);
    throw PythonError{};
  }
  if (PyList_Check(o) && PyList_GET_SIZE(o) == 0) return empty({0}, DType::int64, device);
  Tensor t = to_tensor(o, w);
  if (is_sequence(o)) t = to(t, t.numel() ? t.dtype() : DType::int64, device);  // [[]] selects nothing
  return index_array(std::move(t), w);
}

std::vector<Index> to_indices(PyObject* key, const char* op, Device device) {
  std::vector<Index> out;
  const Where w{op, "index"};
  if (!PyTuple_Check(key)) {
    out.push_back(to_index(key, w, device));
    return out;
  }
  const Py_ssize_t n = PyTuple_GET_SIZE(key);
  out.reserve(static_cast<std::size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) out.push_back(to_index(PyTuple_GET_ITEM(key, i), w, device));
  return out;
}

}  // namespace tenon::py
