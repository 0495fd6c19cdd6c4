// Python's operators on tensors: straight to the elementwise primitives.
#include "autocast.h"
#include "convert.h"
#include "ingest.h"
#include "numpy_api.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"
#include "tensor_slots.h"

namespace tenon::py {

Tensor compute(Op op, std::span<const Operand> in, const Tensor* out) {
  std::int64_t n = 0;
  for (const Operand& o : in) n = std::max(n, work(o));
  // What broadcasts makes a result larger than its operands: at most 2**14 elements of two of 2**7.
  if (n > 128 && n <= kReleaseGilAbove && in.size() == 2 && in[0].is_tensor() && in[1].is_tensor() &&
      in[0].tensor().shape() != in[1].tensor().shape())
    n = work(in[0]) * work(in[1]);
  if (n <= kReleaseGilAbove) return elementwise(op, in, out);
  InUse held[4];
  for (std::size_t i = 0; i < in.size(); ++i) held[i] = hold(in[i]);
  if (out) held[in.size()] = hold(*out);
  const ReleasedGil released;
  return elementwise(op, in, out);
}

Tensor pow_any(const Operand& a, const Operand& b);

namespace {

// An operand of an operator: false for what other types should handle.
struct OperatorArg {
  Tensor tensor;
  Scalar scalar;
  bool ok = true;

  explicit OperatorArg(PyObject* o, const char* op) {
    if (is_tensor(o)) {
      tensor = unwrap(o);
    } else if (as_scalar(o, scalar)) {
    } else if (is_ndarray(o) ? !overrides_ufuncs(o) : is_operand(o)) {
      tensor = to_tensor(o, {op, "other"});
    } else {
      ok = false;
    }
  }
  Operand get() const { return tensor.defined() ? Operand(tensor) : Operand(scalar); }

 private:
  // What T.add() takes, unless the operation is the other's to answer: by NumPy's rule, that of a higher
  // __array_priority__ where there is no __array_ufunc__.
  static bool is_operand(PyObject* o) {
    if (!is_array_like(o) || overrides_ufuncs(o)) return false;
    const Object priority = Object::maybe(PyObject_GetAttrString(o, "__array_priority__"));
    const double theirs = priority ? PyFloat_AsDouble(priority.get()) : 0;
    PyErr_Clear();
    return theirs <= 1000;
  }
};

template <Op op>
PyObject* binary_op(PyObject* a, PyObject* b) {
  return guarded_as(info(op).name, [&]() -> PyObject* {
    if (is_tensor(a) && is_tensor(b)) {
      const Operand in[] = {unwrap(a), unwrap(b)};
      return wrap(compute(op, in));
    }
    const char* name = info(op).name.data();
    const OperatorArg x(a, name), y(b, name);
    if (!x.ok || !y.ok) return Py_NewRef(Py_NotImplemented);
    const Operand in[] = {x.get(), y.get()};
    return wrap(compute(op, in));
  });
}

template <Op op>
PyObject* unary_op(PyObject* a) {
  return guarded_as(info(op).name, [&] {
    const Operand in(unwrap(a));
    return wrap(compute(op, {&in, 1}));
  });
}

template <Op op>
PyObject* inplace_op(PyObject* a, PyObject* b) {
  return guarded_as(info(op).name, [&]() -> PyObject* {
    const OperatorArg other(b, info(op).name.data());  // NOLINT(bugprone-suspicious-stringview-*): a literal
    if (!other.ok) return Py_NewRef(Py_NotImplemented);
    const Operand operand = other.get();
    Tensor self = unwrap(a);
    without_gil(self.numel(), [&] { elementwise_(op, self, {&operand, 1}); }, self, operand);
    return Py_NewRef(a);
  });
}

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return guarded_as("pow", [&]() -> PyObject* {
    const OperatorArg x(a, "pow"), y(b, "pow");
    if (!x.ok || !y.ok) return Py_NewRef(Py_NotImplemented);
    const Operand base = x.get(), exponent = y.get();
    const auto run = [&] { return pow_any(base, exponent); };
    return wrap(without_gil(std::max(work(base), work(exponent)), run, base, exponent));
  });
}
PyObject* inplace_power(PyObject* a, PyObject* b, PyObject*) { return inplace_op<Op::pow>(a, b); }

PyObject* matmul_op(PyObject* a, PyObject* b) {
  return guarded_as("matmul", [&]() -> PyObject* {
    OperatorArg x(a, "matmul"), y(b, "matmul");
    if (!x.ok || !y.ok) return Py_NewRef(Py_NotImplemented);
    if (!x.tensor.defined() || !y.tensor.defined())
      throw ValueError("matmul: a number has no dimensions to multiply over; use * instead");
    if (autocasting) [[unlikely]] {
      x.tensor = autocast(Autocast::lower, x.tensor);
      y.tensor = autocast(Autocast::lower, y.tensor);
    }
    const std::int64_t n = 5 * (x.tensor.numel() + y.tensor.numel());  // an element takes part in many products
    return wrap(without_gil(n, [&] { return matmul(x.tensor, y.tensor); }, x.tensor, y.tensor));
  });
}
PyObject* inplace_matmul(PyObject* a, PyObject* b) {
  return guarded_as("matmul", [&]() -> PyObject* {
    const OperatorArg y(b, "matmul");
    if (!y.ok || !y.tensor.defined()) return Py_NewRef(Py_NotImplemented);
    Tensor self = unwrap(a);
    const std::int64_t n = 5 * (self.numel() + y.tensor.numel());
    const Tensor r = without_gil(n, [&] { return matmul(self, y.tensor); }, self, y.tensor);
    if (r.shape() != self.shape())
      throw ShapeError("matmul: the result " + r.shape().str() + " does not fit in place into " + self.shape().str());
    copy_(self, r);
    return Py_NewRef(a);
  });
}

PyObject* divmod(PyObject* a, PyObject* b) {
  Object q = Object::maybe(binary_op<Op::floor_divide>(a, b));
  if (!q) return nullptr;
  if (q.get() == Py_NotImplemented) return q.release();
  Object r = Object::maybe(binary_op<Op::remainder>(a, b));
  return r ? PyTuple_Pack(2, q.get(), r.get()) : nullptr;
}

// A list is compared element by element, as NumPy does; one that holds no numbers equals no tensor. (In arithmetic lists
// stay out, as in PyTorch: list += t adds the rows of t to the list.)
template <Op op>
PyObject* compare_list(PyObject* t, PyObject* list) {
  return guarded_as(info(op).name, [&]() -> PyObject* {
    const Tensor& x = unwrap(t);
    Tensor y;
    try {
      const char* name = info(op).name.data();  // NOLINT(bugprone-suspicious-stringview-*): a literal
      y = to_tensor_beside(list, x, {name, "other"});
    } catch (const PythonError&) {
      if ((op != Op::eq && op != Op::ne) || !PyErr_ExceptionMatches(PyExc_TypeError)) throw;
      PyErr_Clear();
      return Py_NewRef(Py_NotImplemented);
    }
    const Operand in[] = {x, y};
    return wrap(compute(op, in));
  });
}

template <Op op>
PyObject* comparison(PyObject* a, PyObject* b) {
  return is_list(b) ? compare_list<op>(a, b) : binary_op<op>(a, b);
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
  switch (op) {
    case Py_EQ: return comparison<Op::eq>(a, b);
    case Py_NE: return comparison<Op::ne>(a, b);
    case Py_LT: return comparison<Op::lt>(a, b);
    case Py_LE: return comparison<Op::le>(a, b);
    case Py_GT: return comparison<Op::gt>(a, b);
    default: return comparison<Op::ge>(a, b);
  }
}

int truth(PyObject* self) {
  return guarded_int([&] {
    const Tensor& t = unwrap(self);
    if (t.numel() != 1)
      throw ValueError("bool: the truth of a tensor with " + std::to_string(t.numel()) +
                       " elements is ambiguous; use .any() or .all()");
    return static_cast<int>(t.item().to<bool>());
  });
}

Scalar number(PyObject* self, const char* op) {
  const Tensor& t = unwrap(self);
  if (t.numel() != 1)
    throw TypeError(std::string(op) + ": only a tensor of one element is a number; got shape " + t.shape().str());
  return t.item();
}
PyObject* as_int(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Scalar s = number(self, "int");
    if (s.is_complex()) throw TypeError("int: a complex number cannot become an int; take .real first");
    if (!s.is_floating()) return PyNumber_Long(Object::steal(from_scalar(s)).get());
    return PyLong_FromDouble(s.to<double>());
  });
}
PyObject* as_float(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Scalar s = number(self, "float");
    if (s.is_complex()) throw TypeError("float: a complex number cannot become a float; take .real first");
    return PyFloat_FromDouble(s.to<double>());
  });
}
PyObject* as_index(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.numel() != 1 || !(is_integral(t.dtype()) || is_bool(t.dtype())))
      throw TypeError("index: only an integer tensor of one element is an index; got dtype " +
                      std::string(name(t.dtype())) + " and shape " + t.shape().str());
    return PyNumber_Long(Object::steal(from_scalar(t.item())).get());
  });
}

Py_hash_t hash(PyObject* self) { return _Py_HashPointer(self); }

}  // namespace

Tensor pow_any(const Operand& a, const Operand& b) {
  if (!b.is_tensor() && b.scalar().is_integral() && b.scalar().fits(DType::int64) && a.is_tensor()) {
    if (b.scalar().to<std::int64_t>() == 2) return square(a);
  }
  return pow(a, b);
}

PyType_Slot operator_slots[] = {{Py_nb_add, reinterpret_cast<void*>(binary_op<Op::add>)},
                                {Py_nb_subtract, reinterpret_cast<void*>(binary_op<Op::sub>)},
                                {Py_nb_multiply, reinterpret_cast<void*>(binary_op<Op::mul>)},
                                {Py_nb_true_divide, reinterpret_cast<void*>(binary_op<Op::div>)},
                                {Py_nb_floor_divide, reinterpret_cast<void*>(binary_op<Op::floor_divide>)},
                                {Py_nb_remainder, reinterpret_cast<void*>(binary_op<Op::remainder>)},
                                {Py_nb_divmod, reinterpret_cast<void*>(divmod)},
                                {Py_nb_power, reinterpret_cast<void*>(power)},
                                {Py_nb_matrix_multiply, reinterpret_cast<void*>(matmul_op)},
                                {Py_nb_and, reinterpret_cast<void*>(binary_op<Op::bitwise_and>)},
                                {Py_nb_or, reinterpret_cast<void*>(binary_op<Op::bitwise_or>)},
                                {Py_nb_xor, reinterpret_cast<void*>(binary_op<Op::bitwise_xor>)},
                                {Py_nb_lshift, reinterpret_cast<void*>(binary_op<Op::left_shift>)},
                                {Py_nb_rshift, reinterpret_cast<void*>(binary_op<Op::right_shift>)},
                                {Py_nb_inplace_add, reinterpret_cast<void*>(inplace_op<Op::add>)},
                                {Py_nb_inplace_subtract, reinterpret_cast<void*>(inplace_op<Op::sub>)},
                                {Py_nb_inplace_multiply, reinterpret_cast<void*>(inplace_op<Op::mul>)},
                                {Py_nb_inplace_true_divide, reinterpret_cast<void*>(inplace_op<Op::div>)},
                                {Py_nb_inplace_floor_divide, reinterpret_cast<void*>(inplace_op<Op::floor_divide>)},
                                {Py_nb_inplace_remainder, reinterpret_cast<void*>(inplace_op<Op::remainder>)},
                                {Py_nb_inplace_power, reinterpret_cast<void*>(inplace_power)},
                                {Py_nb_inplace_matrix_multiply, reinterpret_cast<void*>(inplace_matmul)},
                                {Py_nb_inplace_and, reinterpret_cast<void*>(inplace_op<Op::bitwise_and>)},
                                {Py_nb_inplace_or, reinterpret_cast<void*>(inplace_op<Op::bitwise_or>)},
                                {Py_nb_inplace_xor, reinterpret_cast<void*>(inplace_op<Op::bitwise_xor>)},
                                {Py_nb_inplace_lshift, reinterpret_cast<void*>(inplace_op<Op::left_shift>)},
                                {Py_nb_inplace_rshift, reinterpret_cast<void*>(inplace_op<Op::right_shift>)},
                                {Py_nb_negative, reinterpret_cast<void*>(unary_op<Op::neg>)},
                                {Py_nb_positive, reinterpret_cast<void*>(unary_op<Op::positive>)},
                                {Py_nb_absolute, reinterpret_cast<void*>(unary_op<Op::abs>)},
                                {Py_nb_invert, reinterpret_cast<void*>(unary_op<Op::bitwise_not>)},
                                {Py_nb_bool, reinterpret_cast<void*>(truth)},
                                {Py_nb_int, reinterpret_cast<void*>(as_int)},
                                {Py_nb_float, reinterpret_cast<void*>(as_float)},
                                {Py_nb_index, reinterpret_cast<void*>(as_index)},
                                {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                                {Py_tp_hash, reinterpret_cast<void*>(hash)},
                                {0, nullptr}};

}  // namespace tenon::py
