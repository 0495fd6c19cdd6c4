// The Python side of a tensor: a raw type, since a crossing costs object creation and nothing else.
#pragma once

#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

#include "tenon/tensor.h"

namespace tenon::py {

struct PyTensor {
  PyObject_HEAD Tensor value;
  PyObject* weakrefs;
};

extern PyTypeObject* tensor_type;  // tenon.Tensor

// A Python exception is set and travels through C++.
struct PythonError {};

// An owned reference.
class Object {
 public:
  Object() = default;
  static Object steal(PyObject* p) {  // throws PythonError if p is null
    if (!p) throw PythonError{};
    return Object(p);
  }
  static Object maybe(PyObject* p) { return Object(p); }  // p may be null
  static Object borrow(PyObject* p) {
    Py_XINCREF(p);
    return Object(p);
  }
  Object(const Object& o) : p_(o.p_) { Py_XINCREF(p_); }
  Object(Object&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Object& operator=(Object o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Object() { Py_XDECREF(p_); }
  PyObject* get() const { return p_; }
  PyObject* release() { return std::exchange(p_, nullptr); }
  explicit operator bool() const { return p_ != nullptr; }

 private:
  explicit Object(PyObject* p) : p_(p) {}
  PyObject* p_ = nullptr;
};

// A class of Python's core or of NumPy, as int and ndarray, is not made at run time and so no subclass of Tensor.
inline bool is_tensor(PyObject* o) {
  PyTypeObject* type = Py_TYPE(o);
  return type == tensor_type || (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && PyType_IsSubtype(type, tensor_type));
}
inline Tensor& unwrap(PyObject* o) { return reinterpret_cast<PyTensor*>(o)->value; }

// A new reference to the object that stands for t: the same one as long as it lives.
PyObject* wrap(Tensor t);
// A new object of a subclass over a tensor that no object stands for yet.
PyObject* new_tensor(PyTypeObject* type, Tensor t);
// As wrap, None for an undefined tensor.
PyObject* wrap_or_none(Tensor t);

// A str's text in UTF-8, with \udcff written out for what has no such form. "" if there is no str.
std::string utf8(PyObject* str);

// Sets the Python exception for the C++ exception in flight; returns null. op: what the user called, which takes the
// place of the operation that the message begins with, one that it is made of.
PyObject* set_error(std::string_view op = {});

template <class F>
PyObject* guarded(F&& f) {
  try {
    return f();
  } catch (...) { return set_error(); }
}
template <class F>
PyObject* guarded_as(std::string_view op, F&& f) {
  try {
    return f();
  } catch (...) { return set_error(op); }
}
template <class F>
int guarded_int(F&& f, std::string_view op = {}) {
  try {
    return f();
  } catch (...) {
    set_error(op);
    return -1;
  }
}

// PyEval_RestoreThread for frames of C++: a daemon thread that outlives the interpreter stops here for good.
void take_gil_back(PyThreadState* state);

// Deleter of storages whose bytes a Python object owns: drops the reference now if this thread holds the GIL,
// otherwise leaves it to the interpreter. Never waits for the GIL.
void drop_reference(void* object);
// While one lives, drop_reference() on this thread leaves references to the interpreter, too.
class LaterDrops {
 public:
  LaterDrops();
  ~LaterDrops();
  LaterDrops(const LaterDrops&) = delete;
};
// Drops what other threads have left.
void drop_left_references();

// ---- created by their files at module initialisation ----
void init_errors(PyObject* module);
void init_op(PyObject* module);
void init_dtype(PyObject* module);
void init_numpy(PyObject* module);

}  // namespace tenon::py
