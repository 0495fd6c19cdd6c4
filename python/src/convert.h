// Python objects to C++ arguments and back, by type: binding rows contain no conversion code.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/in_use.h"
#include "object.h"
#include "tenon/operand.h"
#include "tenon/ops/index.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/random.h"

namespace tenon {
struct ValuesIndices;
struct MinMax;
struct Histogram;
struct Unique;
}  // namespace tenon

namespace tenon::py {

// Where an argument stands, for error messages.
struct Where {
  const char* op;
  const char* arg;
};

[[noreturn]] void wrong_type(const Where& w, const char* wanted, PyObject* got);

// ---- single conversions; each throws TypeError naming op and argument ----
bool to_bool(PyObject* o, const Where& w);
std::int64_t to_int(PyObject* o, const Where& w);
double to_double(PyObject* o, const Where& w);
std::string to_string(PyObject* o, const Where& w);
std::string to_path(PyObject* o, const Where& w);  // str, bytes or os.PathLike, in the file system's encoding
Scalar to_scalar(PyObject* o, const Where& w);
// A Python number, or a NumPy scalar (weak if it is of a Python number's kind); false for anything else.
bool as_scalar(PyObject* o, Scalar& out);
// A number in t's dtype and on its device, to be written into it; throws where it does not fit.
Tensor number_for(const Tensor& t, const Scalar& s, const char* op);
// The same, but of t's kind or a lower one: no fraction is cut.
Tensor number_of_kind(const Tensor& t, const Scalar& s, const char* op);
// What is written into t: arrays as they are, numbers and lists in t's dtype and on its device.
Tensor values_for(PyObject* o, const Tensor& t, const Where& w);
// GradError for a tensor whose history would be lost, since it is taken as a constant.
void refuse_lost_history(const Tensor& t, const Where& w);
Dims to_dims(PyObject* o, const Where& w);
// As NumPy counts them.
Dims byte_strides(const Tensor& t);
// str(o) of a number, for messages.
std::string number_text(PyObject* o);
// The item i of a list or tuple, held, since Python code that runs meanwhile may change a list.
Object item_at(PyObject* sequence, Py_ssize_t i, const char* op);
DType to_dtype(PyObject* o, const Where& w);    // tenon.dtype, numpy dtype or type, str, bool/int/float/complex
Device to_device(PyObject* o, const Where& w);  // tenon.device or str
// Any array-like: zero-copy where it can be, see ingest.h.
Tensor to_tensor(PyObject* o, const Where& w);
std::vector<Tensor> to_tensors(PyObject* o, const Where& w);
// The dtype of a number that meets elements of another dtype: a fraction beside integers keeps its digits.
DType dtype_beside(const Scalar& s, DType other);
// As to_tensor, for what meets other: a number in the dtype of an operation with it, numbers in lists not below its precision.
Tensor to_tensor_beside(PyObject* o, const Tensor& other, const Where& w);
// device: where lists go, which have none of their own.
Index to_index(PyObject* o, const Where& w, Device device = kCpu);
std::vector<Index> to_indices(PyObject* key, const char* op = "index", Device device = kCpu);
Generator* to_generator(PyObject* o, const Where& w);
std::uint64_t to_seed(PyObject* o, const Where& w);  // of 64 bits; negative ones wrap around

PyObject* from_dtype(DType d);  // new reference
PyObject* from_device(Device d);
PyObject* from_scalar(const Scalar& s);
inline bool is_list(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }
// Python's number of an element.
template <class T>
PyObject* from_element(T v) {
  if constexpr (std::is_same_v<T, bool>) return PyBool_FromLong(v);
  else if constexpr (requires { v.im; }) return PyComplex_FromDoubles(v.re, v.im);
  else if constexpr (std::is_unsigned_v<T>) return PyLong_FromUnsignedLongLong(v);
  else if constexpr (std::is_integral_v<T>) return PyLong_FromLongLong(v);
  else return PyFloat_FromDouble(static_cast<double>(v));
}
PyObject* from_dims(const Dims& d);  // a tuple

// ---- From<T>: holds what an argument of type T needs during the call ----
template <class T>
struct From;

template <>
struct From<bool> {
  bool value;
  From(PyObject* o, const Where& w) : value(o == Py_True ? true : o == Py_False ? false : to_bool(o, w)) {}
  bool get() const { return value; }
};
// Any object, as it is. Not together with tensors: large ones give the GIL up.
struct Any {
  PyObject* object;
};
template <>
struct From<Any> {
  Any value;
  From(PyObject* o, const Where&) : value{o} {}
  Any get() const { return value; }
};
template <>
struct From<std::int64_t> {
  std::int64_t value;
  From(PyObject* o, const Where& w) : value(to_int(o, w)) {}
  std::int64_t get() const { return value; }
};
template <>
struct From<double> {
  double value;
  From(PyObject* o, const Where& w) : value(to_double(o, w)) {}
  double get() const { return value; }
};
template <>
struct From<std::string> {
  std::string value;
  From(PyObject* o, const Where& w) : value(to_string(o, w)) {}
  const std::string& get() const { return value; }
};
template <>
struct From<Scalar> {
  Scalar value;
  From(PyObject* o, const Where& w) : value(to_scalar(o, w)) {}
  const Scalar& get() const { return value; }
};
// A number, or the tensor without dimensions that it comes from where its gradient is to flow.
struct Number {
  Scalar scalar;
  Tensor tensor;
};
template <>
struct From<Number> {
  Number value;
  From(PyObject* o, const Where& w);
  const Number& get() const { return value; }
};
// PyTorch's memory_format: contiguous_format, channels_last of 4 dimensions or channels_last_3d of 5. preserve_format
// and none ask for no order.
struct MemoryFormat {
  std::optional<Layout> order;
  int ndim = 0;  // what channels_last asks for; 0 for any
};
// The order that the format asks for, of a tensor with so many dimensions; otherwise what is the rule without one.
// ValueError where the format is for another number.
Layout order_of(const MemoryFormat& format, int ndim, const char* op, Layout otherwise);
template <>
struct From<MemoryFormat> {
  MemoryFormat value;
  From(PyObject* o, const Where& w);
  MemoryFormat get() const { return value; }
};
template <>
struct From<Dims> {
  Dims value;
  From(PyObject* o, const Where& w) : value(to_dims(o, w)) {}
  const Dims& get() const { return value; }
};
template <>
struct From<DType> {
  DType value;
  From(PyObject* o, const Where& w) : value(to_dtype(o, w)) {}
  DType get() const { return value; }
};
template <>
struct From<Device> {
  Device value;
  From(PyObject* o, const Where& w) : value(o == Py_None ? kCpu : to_device(o, w)) {}
  Device get() const { return value; }
};
// A tensor is borrowed from its object, which the caller keeps.
template <>
struct From<Tensor> {
  Tensor* borrowed = nullptr;
  Tensor made;
  From(PyObject* o, const Where& w) {
    if (is_tensor(o)) borrowed = &unwrap(o);
    else made = to_tensor(o, w);
  }
  Tensor& get() { return borrowed ? *borrowed : made; }
};
template <>
struct From<Operand> {
  const Tensor* borrowed = nullptr;
  Tensor made;
  Scalar scalar;
  From(PyObject* o, const Where& w) {
    if (is_tensor(o)) borrowed = &unwrap(o);
    else if (!as_scalar(o, scalar)) made = to_tensor(o, w);
  }
  Operand get() const { return borrowed ? Operand(*borrowed) : made.defined() ? Operand(made) : Operand(scalar); }
};
// The operands of an elementwise operation.
class Operands {
 public:
  // args[0] to args[n - 1], n <= 3; first: the first one's name in errors.
  Operands(PyObject* const* args, int n, const char* op, const char* first) : n_(static_cast<std::size_t>(n)) {
    for (std::size_t i = 0; i < n_; ++i) values_[i] = from_[i].emplace(args[i], Where{op, i ? "other" : first}).get();
  }
  Operand& operator[](int i) { return values_[i]; }
  operator std::span<const Operand>() const { return {values_, n_}; }

 private:
  std::size_t n_;
  std::optional<From<Operand>> from_[3];
  Operand values_[3] = {0, 0, 0};
};
template <>
struct From<std::vector<Tensor>> {
  std::vector<Tensor> value;
  From(PyObject* o, const Where& w) : value(to_tensors(o, w)) {}
  const std::vector<Tensor>& get() const { return value; }
};
template <>
struct From<std::span<const Tensor>> {
  std::vector<Tensor> value;
  From(PyObject* o, const Where& w) : value(to_tensors(o, w)) {}
  std::span<const Tensor> get() const { return value; }
};
template <>
struct From<Generator*> {
  Generator* value;
  From(PyObject* o, const Where& w) : value(o == Py_None ? nullptr : to_generator(o, w)) {}
  Generator* get() const { return value; }
};
template <class T>
struct From<std::optional<T>> {
  std::optional<From<T>> value;  // lives on: an Operand refers to the tensor that was made in it
  std::optional<T> held;
  From(PyObject* o, const Where& w)
      : value(o == Py_None ? std::optional<From<T>>() : std::optional<From<T>>(std::in_place, o, w)) {
    if (value) held = T(value->get());
  }
  const std::optional<T>& get() const { return held; }
};

// ---- to Python ----
inline PyObject* to_python(Tensor t) { return wrap(std::move(t)); }
inline PyObject* to_python(bool v) { return PyBool_FromLong(v); }
inline PyObject* to_python(std::int64_t v) { return PyLong_FromLongLong(v); }
inline PyObject* to_python(double v) { return PyFloat_FromDouble(v); }
inline PyObject* to_python(const std::string& v) {
  return PyUnicode_FromStringAndSize(v.data(), static_cast<Py_ssize_t>(v.size()));
}
inline PyObject* to_python(DType d) { return from_dtype(d); }
inline PyObject* to_python(const Dims& d) { return from_dims(d); }
PyObject* to_python(std::vector<Tensor> ts);  // a tuple
PyObject* to_python(ValuesIndices r);  // named tuples
PyObject* to_python(MinMax r);
PyObject* to_python(Histogram r);
PyObject* to_python(const Unique& r);

// ---- how much work a call is, in elements ----
inline std::int64_t work(const Tensor& t) { return t.defined() ? t.numel() : 0; }
inline std::int64_t work(const Dims& d) { return d.product(); }
inline std::int64_t work(const Operand& o) { return o.is_tensor() ? o.tensor().numel() : 0; }
inline std::int64_t work(std::span<const Tensor> ts) {
  std::int64_t n = 0;
  for (auto& t : ts) n += t.numel();
  return n;
}
inline std::int64_t work(const std::vector<Tensor>& ts) { return work(std::span<const Tensor>(ts)); }
inline std::int64_t work(const std::optional<Tensor>& t) { return t ? work(*t) : 0; }
template <class T>
std::int64_t work(const T&) {
  return 0;
}
inline constexpr std::int64_t kLongWork = INT64_MAX;  // whatever the arguments look like

// ---- work without the GIL ----

// Marks the tensors that an argument consists of as in use: other threads can change neither their geometry nor move
// their memory. There is no hold() for other types by default: what contains tensors must not be forgotten.
inline InUse hold(const Tensor& t) { return InUse(t); }
inline InUse hold(const Operand& o) { return o.is_tensor() ? InUse(o.tensor()) : InUse(); }
inline InUse hold(const Number& n) { return n.tensor.defined() ? InUse(n.tensor) : InUse(); }
inline InUse hold(const Index& i) {
  const Tensor* t = std::get_if<Tensor>(&i);
  return t ? InUse(*t) : InUse();
}
template <class T>
concept NoTensor =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || (std::is_pointer_v<T> && !std::is_same_v<T, const Tensor*>) ||
    std::is_same_v<T, Dims> || std::is_same_v<T, Device> || std::is_same_v<T, Scalar> ||
    std::is_same_v<T, std::string> || std::is_same_v<T, Any> || std::is_same_v<T, MemoryFormat>;
template <NoTensor T>
int hold(const T&) {
  return 0;
}
template <class T>
auto hold(std::span<const T> all) {
  std::vector<decltype(hold(all[0]))> held;
  held.reserve(all.size());
  for (const T& t : all) held.push_back(hold(t));
  return held;
}
template <class T>
auto hold(const std::vector<T>& all) {
  return hold(std::span<const T>(all));
}
template <class T>
auto hold(const std::optional<T>& t) {
  return t ? hold(*t) : decltype(hold(*t)){};
}

class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil() { take_gil_back(state_); }
  ReleasedGil(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

// Work above this many elements gives the GIL up (releasing and retaking it costs about 58 ns).
inline constexpr std::int64_t kReleaseGilAbove = 20000;

// The result of f, which touches no Python object: it runs without the GIL where its work is long. used: all tensors
// that it reads or writes, and what contains some.
template <class F, class... Used>
auto without_gil(std::int64_t work, F&& f, const Used&... used) {
  if (work <= kReleaseGilAbove) return f();
  [[maybe_unused]] const auto held = std::make_tuple(hold(used)...);
  const ReleasedGil released;
  return f();
}

// elementwise() so.
Tensor compute(Op op, std::span<const Operand> in, const Tensor* out = nullptr);

}  // namespace tenon::py
