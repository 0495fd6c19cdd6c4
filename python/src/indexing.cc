// t[key], t[key] = value, len, iteration and `in`.
#include "convert.h"
#include "ingest.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

PyObject* get_item(PyObject* self, PyObject* key) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (PyLong_CheckExact(key)) {  // the two that dominate
      if (t.ndim() == 0) throw IndexError("index: a tensor without dimensions has no elements to index; use .item()");
      return wrap(select(t, 0, to_int(key, {"index", "index"})));
    }
    if (PySlice_Check(key) && t.ndim() > 0) {
      const Slice s = std::get<Slice>(to_index(key, {"index", "slice"}));
      return wrap(slice(t, 0, s.start, s.stop, s.step));
    }
    if (is_tensor(key) || is_ndarray(key)) {
      const Index rows = to_index(key, {"index", "index"}, t.device());
      return wrap(without_gil(t.numel(), [&] { return index(t, {&rows, 1}); }, t, std::get<Tensor>(rows)));
    }
    const std::vector<Index> indices = to_indices(key, "index", t.device());
    Tensor r = without_gil(t.numel(), [&] { return index(t, indices); }, t, indices);
    return wrap(r.is_same(t) ? view(t, t.shape()) : std::move(r));  // t[...] is a new object
  });
}

// t[i] = number for vectors without a history: what loops over elements do.
bool set_number(const Tensor& t, PyObject* key, PyObject* value) {
  const TensorImpl* p = t.impl();
  Scalar s;
  if (!PyLong_CheckExact(key) || t.ndim() != 1 || !t.device().is_cpu() || p->meta() || (p->base && p->base->meta()) ||
      t.read_only() || is_tensor(value) || !as_scalar(value, s) || !s.fits(t.dtype()) ||
      (s.is_complex() && !is_complex(t.dtype())))
    return false;
  const std::int64_t i = to_int(key, {"setitem", "index"}), n = t.shape()[0];
  if (i < -n || i >= n) return false;
  s.store(t.dtype(), t.data() + (i < 0 ? i + n : i) * t.strides()[0] * t.itemsize());
  t.storage().bump_version("setitem");
  return true;
}

int set_item(PyObject* self, PyObject* key, PyObject* value) {
  return guarded_int(
      [&] {
        if (!value) throw TypeError("delitem: elements of a tensor cannot be deleted; index the ones to keep");
        Tensor t = unwrap(self);
        if (set_number(t, key, value)) return 0;
        const std::vector<Index> indices = to_indices(key, "setitem", t.device());
        const Tensor v = values_for(value, t, {"setitem", "value"});
        without_gil(t.numel(), [&] { index_put_(t, indices, v); }, t, indices, v);
        return 0;
      },
      value ? "setitem" : "delitem");
}

Py_ssize_t length(PyObject* self) {
  const Tensor& t = unwrap(self);
  if (t.ndim() == 0) {
    PyErr_SetString(PyExc_TypeError, "len: a tensor without dimensions has no length");
    return -1;
  }
  return t.shape()[0];
}

PyObject* sequence_item(PyObject* self, Py_ssize_t i) {
  return guarded([&] { return wrap(select(unwrap(self), 0, i)); });
}

// Views of the rows, made once: iterating costs one object per row.
PyObject* iterate(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = unwrap(self);
    if (t.ndim() == 0) throw TypeError("iter: a tensor without dimensions cannot be iterated over");
    return PySeqIter_New(self);
  });
}

int contains(PyObject* self, PyObject* value) {
  return guarded_int(
      [&] {
        Scalar s;
        const Tensor& t = unwrap(self);
        if (as_scalar(value, s)) return static_cast<int>(any(eq(t, s)).item<bool>());
        if (!is_tensor(value) && !is_ndarray(value))
          throw TypeError(std::string("in: expected a number or a tensor; got ") + Py_TYPE(value)->tp_name);
        return static_cast<int>(any(eq(t, to_tensor(value, {"in", "value"}))).item<bool>());
      },
      "in");
}

}  // namespace

PyType_Slot indexing_slots[] = {
    {Py_mp_subscript, reinterpret_cast<void*>(get_item)}, {Py_mp_ass_subscript, reinterpret_cast<void*>(set_item)},
    {Py_mp_length, reinterpret_cast<void*>(length)},      {Py_sq_item, reinterpret_cast<void*>(sequence_item)},
    {Py_sq_length, reinterpret_cast<void*>(length)},      {Py_sq_contains, reinterpret_cast<void*>(contains)},
    {Py_tp_iter, reinterpret_cast<void*>(iterate)},       {0, nullptr}};

}  // namespace tenon::py
