#include "ingest.h"

#include <cstring>
#include <unordered_map>

#include "core/errors.h"
#include "numpy_api.h"
#include "tenon/autograd.h"
#include "unguarded.h"
#include "tenon/ops.h"

namespace tenon::py {

std::atomic<bool> copies_watched{false};

void note_copy(const char* op, const char* reason, std::int64_t bytes) {
  if (!copies_watched.load(std::memory_order_relaxed)) return;
  Object module = Object::steal(PyImport_ImportModule("tenon._border"));
  Object r =
      Object::steal(PyObject_CallMethod(module.get(), "_note_copy", "ssL", op, reason, static_cast<long long>(bytes)));
}

bool is_array_like(PyObject* o) {
  if (PyLong_Check(o) || PyFloat_Check(o) || PyComplex_Check(o) || PyUnicode_Check(o) || PyBytes_Check(o) ||
      PyList_Check(o) || PyTuple_Check(o) || PyDict_Check(o) || PyType_Check(o) || o == Py_None || is_numpy_scalar(o))
    return false;
  if (PyObject_CheckBuffer(o)) return true;
  auto* type = reinterpret_cast<PyObject*>(Py_TYPE(o));
  for (const char* name : {"__array__", "__dlpack__", "__array_interface__", "__cuda_array_interface__",
                           "__arrow_c_array__", "__arrow_c_stream__"})
    if (PyObject_HasAttrString(type, name)) return true;
  return false;
}

namespace {

// ---- sequences ----

// What stands for arrays in a sequence, by the object; held, since each is converted once.
struct Elements {
  std::unordered_map<PyObject*, std::pair<Object, Tensor>> found;

  // False for what is no array.
  bool get(PyObject* o, Tensor& out, const char* op);
};

// What the elements of a nested sequence have in common, found in a first pass.
struct Scan {
  Dims shape;
  DType dtype = DType::bool_;
  bool any = false;       // an element was seen
  bool all_weak = true;   // only Python numbers
  bool any_weak = false;  // Python numbers: of the default dtypes
  Scalar::Tag weakest = Scalar::Tag::boolean;
  bool history = false;   // a gradient is to flow to an element
};

[[noreturn]] void ragged(const char* op, std::int64_t depth, std::int64_t wanted, std::int64_t got) {
  PyErr_Format(
      PyExc_ValueError,
      "%s: expected sequences of length %lld at dimension %lld; got one of length %lld (a ragged list has no shape)",
      op, static_cast<long long>(wanted), static_cast<long long>(depth), static_cast<long long>(got));
  throw PythonError{};
}
// Element i at the dimension is a number among sequences, or a sequence (of that length) among numbers.
[[noreturn]] void mixed(const char* op, std::int64_t dim, std::int64_t i, PyObject* o, std::int64_t length = -1) {
  const auto d = static_cast<long long>(dim), at = static_cast<long long>(i);
  if (length < 0)
    PyErr_Format(
        PyExc_TypeError,
        "%s: the elements at dimension %lld are sequences, but element %lld is %R (a ragged list has no shape)", op, d,
        at, o);
  else
    PyErr_Format(PyExc_ValueError,
                 "%s: the elements at dimension %lld are numbers, but element %lld is a sequence of length %lld (a "
                 "ragged list has no shape)",
                 op, d, at, static_cast<long long>(length));
  throw PythonError{};
}
[[noreturn]] void not_a_number(const char* op, PyObject* o) {
  PyErr_Format(PyExc_TypeError, "%s: a sequence may hold numbers, tensors, arrays and sequences of them; got %.200s %R",
               op, Py_TYPE(o)->tp_name, o);
  throw PythonError{};
}

void see_scalar(Scan& s, const Scalar& v, bool weak) {
  if (weak) {
    s.weakest = std::max(s.weakest, v.tag());
    s.any_weak = true;
  } else {
    s.dtype = s.any && !s.all_weak ? promote(s.dtype, v.default_dtype()) : v.default_dtype();
    s.all_weak = false;
  }
  s.any = true;
}

bool Elements::get(PyObject* o, Tensor& out, const char* op) {
  if (PyLong_CheckExact(o) || PyFloat_CheckExact(o) || PyList_CheckExact(o)) return false;  // most of what there is
  if (is_tensor(o)) {
    out = unwrap(o);
    return true;
  }
  const bool array = is_ndarray(o);
  if (array && !why_not_shared(o)) {
    out = tensor_from_ndarray(o, op);
    return true;
  }
  if (!array && !is_array_like(o)) return false;
  auto it = found.find(o);
  if (it == found.end()) {
    // copy: a sequence is copied by its nature, so that nothing is to be noted here.
    Tensor t = ingest(o, op, {std::nullopt, std::nullopt, true});
    it = found.emplace(o, std::pair(Object::borrow(o), std::move(t))).first;
  }
  out = it->second.second;
  return true;
}

// at: where o stands among its neighbours.
void scan(PyObject* o, int depth, Scan& s, Elements& arrays, const char* op, bool first, std::int64_t at = 0) {
  Tensor t;
  if (arrays.get(o, t, op)) {
    for (int d = 0; d < t.ndim(); ++d) {
      if (first) s.shape.push_back(t.shape()[d]);
      else if (depth + d >= s.shape.size()) mixed(op, depth + d - 1, at, o, t.shape()[d]);
      else if (s.shape[depth + d] != t.shape()[d]) ragged(op, depth + d, s.shape[depth + d], t.shape()[d]);
    }
    if (!first && depth + t.ndim() != s.shape.size()) not_a_number(op, o);
    s.dtype = s.any && !s.all_weak ? promote(s.dtype, t.dtype()) : t.dtype();
    s.all_weak = false;
    s.any = true;
    s.history |= autograd::needs_grad(t);
    return;
  }
  if (is_sequence(o)) {
    Object fast = Object::steal(PySequence_Fast(o, "sequence"));
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
    if (first) s.shape.push_back(n);
    else if (depth >= s.shape.size()) mixed(op, depth - 1, at, o, n);
    else if (s.shape[depth] != n) ragged(op, depth, s.shape[depth], n);
    if (depth >= kMaxDims - 1) throw ValueError(std::string(op) + ": the sequences are nested too deeply");
    for (Py_ssize_t i = 0; i < n; ++i) {
      const Object item = item_at(fast.get(), i, op);
      // Exact Python floats and ints are most of what lists hold.
      if (PyFloat_CheckExact(item.get())) {
        if (depth + 1 != s.shape.size()) mixed(op, depth, i, item.get());
        s.weakest = std::max(s.weakest, Scalar::Tag::floating);
        s.any = s.any_weak = true;
      } else {
        scan(item.get(), depth + 1, s, arrays, op, first && i == 0, i);
      }
    }
    return;
  }
  Scalar v;
  const bool number = as_scalar(o, v);
  if (!first && depth != s.shape.size()) mixed(op, depth - 1, at, o);
  if (!number && is_numpy_scalar(o) && !PyUnicode_Check(o) && !PyBytes_Check(o)) refuse_numpy_scalar(o, op);
  if (!number) not_a_number(op, o);
  see_scalar(s, v, !is_numpy_scalar(o));
}

DType result_dtype(const Scan& s) {
  Scalar weak;
  switch (s.weakest) {
    case Scalar::Tag::boolean: weak = Scalar(false); break;
    case Scalar::Tag::integer:
    case Scalar::Tag::huge_integer: weak = Scalar(0); break;  // a huge one fits nowhere: the conversion says so
    case Scalar::Tag::unsigned_integer: weak = Scalar(UINT64_MAX); break;
    case Scalar::Tag::floating: weak = Scalar(0.0); break;
    case Scalar::Tag::complex: weak = Scalar(complex128{0, 0}); break;
  }
  if (!s.any) return default_float();
  if (s.all_weak) return weak.default_dtype();
  if (!s.any_weak) return s.dtype;
  // float8 and uint64 have no dtype in common with these.
  const bool alone = is_float8(s.dtype) || (s.dtype == DType::uint64 && weak.is_integral());
  return alone ? weak.promote_with(s.dtype) : promote(s.dtype, weak.default_dtype());
}

// As errors::require_number, with all of a Python integer's digits.
void require_number(const char* op, PyObject* o, const Scalar& v, DType d) {
  if (v.is_integral() && !v.fits(d)) errors::fail<OverflowError>(op, number_text(o), " is out of bounds for ", d);
  errors::require_number(op, v, d);
}

template <class T>
struct Filler {
  const char* op;
  Elements& arrays;
  DType dtype;
  T* out;
  const Dims& shape;

  void number(PyObject* o) {
    if constexpr (std::is_floating_point_v<T>) {
      if (PyFloat_CheckExact(o)) {
        *out++ = static_cast<T>(PyFloat_AS_DOUBLE(o));
        return;
      }
    }
    Scalar v;
    if (!as_scalar(o, v)) not_a_number(op, o);
    if (!v.fits(dtype)) require_number(op, o, v, dtype);
    *out++ = v.to<T>();
  }

  void fill(PyObject* o, int depth) {
    Tensor t;
    if (depth > 0 && arrays.get(o, t, op)) {
      Dims tail(std::span<const std::int64_t>(shape).subspan(static_cast<std::size_t>(depth)));
      Tensor target = from_blob(out, tail, dtype);
      without_gil(t.numel(), [&] { copy_(target, t.detach()); }, t);
      out += tail.product();
    } else if (is_sequence(o)) {
      Object fast = Object::steal(PySequence_Fast(o, "sequence"));
      const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
      // A list may change while its elements run Python code; the sizes of the first pass bind.
      if (depth >= shape.size() || n != shape[depth])
        throw ValueError(std::string(op) + ": the sequence changed while it was read");
      const bool innermost = depth + 1 == shape.size();
      for (Py_ssize_t i = 0; i < n; ++i) {
        const Object item = item_at(fast.get(), i, op);
        innermost ? element(item.get()) : fill(item.get(), depth + 1);
      }
    } else {
      element(o);
    }
  }
  void element(PyObject* o) {
    if constexpr (std::is_floating_point_v<T>) {
      if (PyFloat_CheckExact(o)) {
        *out++ = static_cast<T>(PyFloat_AS_DOUBLE(o));
        return;
      }
    }
    if (PyLong_CheckExact(o)) return number(o);
    Tensor t;
    if (arrays.get(o, t, op)) {
      Tensor target = from_blob(out, {}, dtype);
      copy_(target, reshape(t.detach(), {}));
      ++out;
      return;
    }
    number(o);
  }
};

// t in what was asked for: integers wrap around, as by NumPy's astype.
Tensor converted(const char* op, const Tensor& t, std::optional<DType> dtype, std::optional<Device> device = {}) {
  if (dtype && is_complex(t.dtype()) && !is_complex(*dtype)) errors::complex_to_real(op, *dtype);
  return without_gil(t.numel(), [&] { return to(t, dtype, device); }, t);
}

// A sequence with tensors that require grad, stacked level by level, so that the gradient flows to them.
Tensor recorded(PyObject* o, int depth, const Dims& shape, Elements& arrays, const char* op, DType dtype) {
  Tensor t;
  if (arrays.get(o, t, op)) return to(converted(op, t, dtype), {}, kCpu);
  if (!is_sequence(o)) {
    Scalar v;
    if (!as_scalar(o, v)) not_a_number(op, o);
    require_number(op, o, v, dtype);
    return Tensor::of(v, dtype);
  }
  const Object fast = Object::steal(PySequence_Fast(o, "sequence"));
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
  if (depth >= shape.size() || n != shape[depth])
    throw ValueError(std::string(op) + ": the sequence changed while it was read");
  if (n == 0) return empty(Dims(std::span<const std::int64_t>(shape).subspan(static_cast<std::size_t>(depth))), dtype);
  std::vector<Tensor> parts;
  parts.reserve(static_cast<std::size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i)
    parts.push_back(recorded(item_at(fast.get(), i, op).get(), depth + 1, shape, arrays, op, dtype));
  return stack(parts, 0);
}

// A list of arrays or tensors of one shape: one pass of block copies.
bool stack_of_arrays(PyObject* o, Elements& arrays, const char* op, std::optional<DType> dtype, Tensor& out) {
  Object fast = Object::steal(PySequence_Fast(o, "sequence"));
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.get());
  if (n == 0) return false;
  const Object first = item_at(fast.get(), 0, op);
  if (!is_tensor(first.get()) && !is_ndarray(first.get()) && !is_array_like(first.get())) return false;
  const Object fixed = is_ndarray(first.get()) ? Object::steal(fixed_sequence(o)) : Object();
  if (fixed && PySequence_Fast_GET_SIZE(fixed.get()) > 0 &&  // which runs no Python code
      stack_small_ndarrays(PySequence_Fast_ITEMS(fixed.get()), PySequence_Fast_GET_SIZE(fixed.get()), out)) {
    if (dtype) out = converted(op, out, dtype);
    return true;
  }
  std::vector<Tensor> parts;
  parts.reserve(static_cast<std::size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    Tensor t;
    if (!arrays.get(item_at(fast.get(), i, op).get(), t, op)) return false;
    if (!parts.empty() && t.shape() != parts[0].shape()) return false;
    parts.push_back(std::move(t));
  }
  out = without_gil(work(parts), [&] { return stack(parts, 0); }, parts);
  if (dtype) out = converted(op, out, dtype);
  return true;
}

// A list of Python's floats and nothing else, in one pass.
bool list_of_floats(PyObject* o, std::optional<DType> dtype, Tensor& out) {
  if (!PyList_CheckExact(o)) return false;
  const Section section(o);
  if (PyList_GET_SIZE(o) == 0 || !PyFloat_CheckExact(PyList_GET_ITEM(o, 0))) return false;
  const DType d = dtype.value_or(default_float());
  const Py_ssize_t n = PyList_GET_SIZE(o);
  PyObject** items = reinterpret_cast<PyListObject*>(o)->ob_item;
  const auto read = [&]<class T>(T* to) {
    for (Py_ssize_t i = 0; i < n; ++i) {
      if (!PyFloat_CheckExact(items[i])) return false;
      to[i] = static_cast<T>(PyFloat_AS_DOUBLE(items[i]));
    }
    return true;
  };
  if (d != DType::float32 && d != DType::float64) return false;
  Tensor t = empty({n}, d);
  if (!(d == DType::float32 ? read(t.data<float>()) : read(t.data<double>()))) return false;
  out = std::move(t);
  return true;
}

}  // namespace

Tensor from_sequence(PyObject* o, const char* op, std::optional<DType> dtype) {
  Tensor out;
  if (list_of_floats(o, dtype, out)) return out;
  Elements arrays;
  if (!PyRange_Check(o) && is_sequence(o) && stack_of_arrays(o, arrays, op, dtype, out)) return out;
  Scan s;
  scan(o, 0, s, arrays, op, true);
  const DType found = result_dtype(s);
  const DType d = dtype.value_or(found);
  if (is_complex(found) && !is_complex(d)) errors::complex_to_real(op, d);
  if (s.history) return recorded(o, 0, s.shape, arrays, op, d);
  out = empty(s.shape, d);
  dispatch(d, [&]<class T>() {
    Filler<T> f{op, arrays, d, out.data<T>(), s.shape};
    f.fill(o, 0);
  });
  return out;
}

namespace {

// Converts what has been shared, or says why it cannot be.
Tensor finish(Tensor t, const char* op, const IngestOptions& options, bool fresh) {
  const bool other_dtype = options.dtype && *options.dtype != t.dtype();
  const bool other_device = options.device && !same_memory(*options.device, t.device());
  if (options.copy == false && other_device && !other_dtype && !fresh) {
    if (options.device->is_unified() && t.device().is_cpu()) return adopt(op, t, *options.device);
    if (options.device->is_cpu() && t.device().is_unified())
      return without_gil(kLongWork, [&] { return on_host(t); }, t);
  }
  if (options.copy == false && (other_dtype || other_device || fresh)) {
    std::string why = fresh         ? "the object's memory cannot be shared (tenon.explain(obj) says why)"
                      : other_dtype ? "from dtype " + std::string(name(t.dtype())) + " into dtype " +
                                          std::string(name(*options.dtype))
                                    : "from device " + t.device().str() + " to " + options.device->str();
    throw ValueError(std::string(op) + ": copy=False, but a copy is needed: " + why + "; use copy=None");
  }
  if (other_dtype || other_device) {
    if (!fresh && !options.copy) note_copy(op, other_dtype ? "dtype" : "device", t.nbytes());
    return converted(op, t, options.dtype, options.device);
  }
  // Fresh bytes that Python lends read-only (Pillow's) are no copy that can be written.
  if (options.copy == true && (!fresh || t.read_only()))
    return without_gil(t.numel(), [&] { return clone(t, options.order); }, t);
  return t;
}

// The object's own array, from __array__() or a protocol that NumPy knows.
Tensor through_numpy(PyObject* o, const char* op, const IngestOptions& options) {
  require_numpy(op);
  Object numpy = Object::steal(PyImport_ImportModule("numpy"));
  Object array = Object::steal(PyObject_CallMethod(numpy.get(), "asarray", "O", o));
  return ingest(array.get(), op, options);
}

// A pair (array, tensor or list in fresh memory; why it had to be copied).
Tensor copied_foreign(PyObject* pair, const char* op, const IngestOptions& options) {
  PyObject* value = PyTuple_GET_ITEM(pair, 0);
  const std::string reason = to_string(PyTuple_GET_ITEM(pair, 1), {op, "reason"});
  if (options.copy == false)
    throw ValueError(std::string(op) + ": copy=False, but a copy is needed: " + reason + "; use copy=None");
  Tensor t = is_sequence(value) ? from_sequence(value, op, options.dtype) : ingest(value, op, {});
  if (!options.copy) note_copy(op, reason.c_str(), t.nbytes());
  return finish(std::move(t), op, options, true);
}

}  // namespace

Tensor ingest(PyObject* o, const char* op, const IngestOptions& options) {
  if (is_tensor(o)) return finish(unwrap(o), op, options, false);
  if (is_ndarray(o)) {
    const char* problem = why_not_shared(o);
    if (!problem || std::strstr(problem, "has no tensor dtype"))
      return finish(tensor_from_ndarray(o, op), op, options, false);
    if (options.copy == false) throw ValueError(std::string(op) + ": copy=False, but a copy is needed: " + problem);
    Object copy = native_copy(o, op);
    Tensor t = tensor_from_ndarray(copy.get(), op);
    if (!options.copy) note_copy(op, problem, t.nbytes());
    return finish(std::move(t), op, {options.dtype, options.device, std::nullopt, options.order}, true);
  }
  Scalar s;
  if (as_scalar(o, s)) {
    if (options.copy == false)
      throw ValueError(std::string(op) + ": copy=False, but a number has no memory to share; use copy=None");
    const DType d = options.dtype.value_or(s.default_dtype());
    require_number(op, o, s, d);
    return Tensor::of(s, d, options.device.value_or(kCpu));
  }
  if (is_sequence(o)) {
    if (options.copy == false)
      throw ValueError(std::string(op) +
                       ": copy=False, but a sequence can't alias: its numbers are separate objects; use copy=None");
    Tensor t = from_sequence(o, op, options.dtype);
    return options.device && !options.device->is_cpu() ? to(t, {}, options.device) : t;
  }
  if (is_numpy_scalar(o) && !PyUnicode_Check(o) && !PyBytes_Check(o)) refuse_numpy_scalar(o, op);
  if (PyUnicode_Check(o) || o == Py_None) wrong_type({op, "data"}, "an array, a number or a sequence of numbers", o);
  // Everything else: one Python function knows the protocols, in their order.
  Object border = Object::steal(PyImport_ImportModule("tenon._ingest"));
  Object r = Object::steal(PyObject_CallMethod(border.get(), "foreign", "Os", o, op));
  if (PyTuple_Check(r.get()) && PyTuple_GET_SIZE(r.get()) == 2) return copied_foreign(r.get(), op, options);
  if (is_tensor(r.get())) return finish(unwrap(r.get()), op, options, false);
  if (is_ndarray(r.get())) return ingest(r.get(), op, options);
  return through_numpy(o, op, options);
}

}  // namespace tenon::py
