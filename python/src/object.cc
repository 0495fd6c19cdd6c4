#include "object.h"

#include <cxxabi.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <new>

#include "core/interrupt.h"
#include "graph.h"
#include "once.h"
#include "tensor_slots.h"
#include "tenon/anomaly.h"
#include "tenon/linalg.h"
#include "unguarded.h"

namespace tenon::py {

PyTypeObject* tensor_type = nullptr;

namespace {

// Freed objects, linked through the place of their tensor. Guarded by the GIL.
constexpr int kFreeMax = kHasGil ? 256 : 0;
PyTensor* g_free = nullptr;
int g_free_count = 0;

// NumPy's class where NumPy is in use, see tenon/linalg.py.
Object linalg_error() {
  const Object module = Object::maybe(PyImport_ImportModule("tenon.linalg"));
  Object type = Object::maybe(module ? PyObject_GetAttrString(module.get(), "LinAlgError") : nullptr);
  if (!type) PyErr_Clear();
  return type ? type : Object::borrow(PyExc_ValueError);
}

PyObject* out_of_memory_error = PyExc_RuntimeError;

PyObject* error_type(const Error& e) {
  if (dynamic_cast<const OutOfMemoryError*>(&e)) return out_of_memory_error;
  if (dynamic_cast<const ValueError*>(&e)) return PyExc_ValueError;
  if (dynamic_cast<const TypeError*>(&e)) return PyExc_TypeError;
  if (dynamic_cast<const IndexError*>(&e)) return PyExc_IndexError;
  if (dynamic_cast<const BufferError*>(&e)) return PyExc_BufferError;
  if (dynamic_cast<const OverflowError*>(&e)) return PyExc_OverflowError;
  if (dynamic_cast<const NotImplemented*>(&e)) return PyExc_NotImplementedError;
  return PyExc_RuntimeError;
}

// Messages quote what the user gave, which need not be UTF-8.
Object readable(const std::string& text) {
  return Object::maybe(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
}

// "<inner>: what is wrong" as "<op>: what is wrong".
std::string renamed(const std::string& message, std::string_view op) {
  const auto colon = message.find(": ");
  if (op.empty() || colon == std::string::npos || message.find(' ') < colon) return message;
  return std::string(op) + message.substr(colon);
}

// OSError(errno, message, filename) is FileNotFoundError, IsADirectoryError or PermissionError by itself.
void set_os_error(const FileError& e) {
  Object path =
      Object::maybe(PyUnicode_DecodeFSDefaultAndSize(e.path().data(), static_cast<Py_ssize_t>(e.path().size())));
  Object values =
      Object::maybe(e.code() && path ? Py_BuildValue("(iOO)", e.code(), readable(e.reason()).get(), path.get())
                                     : Py_BuildValue("(O)", readable(e.what()).get()));
  if (values) PyErr_SetObject(PyExc_OSError, values.get());
}

// PyGILState_Check(), which is always true once there has been a subinterpreter.
bool holds_gil() {
#if PY_VERSION_HEX >= 0x030d0000
  const PyThreadState* current = PyThreadState_GetUnchecked();
#else
  const PyThreadState* current = _PyThreadState_UncheckedGet();
#endif
  return current && current == PyGILState_GetThisThreadState();
}

// Whether a handler of a signal has raised. They run in the main thread alone. A call that has kept the GIL is short, or
// changes what no other thread may see half done: handlers, which may let others run, wait for its end.
bool handlers_raised() {
  static thread_local const bool is_main = gettid() == getpid();
  if (!is_main || !Py_IsInitialized() || holds_gil()) return false;
  PyThreadState* state = PyGILState_GetThisThreadState();
  if (!state) return false;
  take_gil_back(state);
  const bool raised = PyErr_CheckSignals() != 0;
  PyEval_SaveThread();
  return raised;
}

}  // namespace

void init_errors(PyObject* module) {
  set_interrupt_check(&handlers_raised);
  // PyTorch's is a RuntimeError; who knows NumPy catches MemoryError.
  const Object bases = Object::steal(PyTuple_Pack(2, PyExc_RuntimeError, PyExc_MemoryError));
  out_of_memory_error = PyErr_NewExceptionWithDoc("tenon.OutOfMemoryError",
                                                  "A device has no memory left. (The CPU's own is a MemoryError.)\n\n"
                                                  ">>> issubclass(tenon.OutOfMemoryError, MemoryError)\n"
                                                  "True",
                                                  bases.get(), nullptr);
  if (!out_of_memory_error || PyModule_AddObjectRef(module, "OutOfMemoryError", out_of_memory_error) < 0)
    throw PythonError{};
}

PyObject* wrap(Tensor t) {
  TensorImpl* impl = t.impl();
  // A dying object of a subclass may still be asked for by what it takes with it.
  if (PyObject* known = living(impl->wrapper)) return known;
  PyTensor* o = g_free;
  if (o) {
    std::memcpy(&g_free, static_cast<void*>(&o->value), sizeof(PyTensor*));
    --g_free_count;
    PyObject_Init(reinterpret_cast<PyObject*>(o), tensor_type);
  } else {
    o = PyObject_GC_New(PyTensor, tensor_type);
    if (!o) throw PythonError{};
  }
  new (&o->value) Tensor(std::move(t));
  o->weakrefs = nullptr;
  // Other tensors lead to no Python object, and the collector need not know them.
  if (impl->meta()) PyObject_GC_Track(o);
  return put_in_place(impl->wrapper, reinterpret_cast<PyObject*>(o));
}

PyObject* new_tensor(PyTypeObject* type, Tensor t) {
  if (type == tensor_type) return wrap(std::move(t));
  TensorImpl* impl = t.impl();
  auto* o = reinterpret_cast<PyTensor*>(type->tp_alloc(type, 0));
  if (!o) throw PythonError{};
  new (&o->value) Tensor(std::move(t));
  o->weakrefs = nullptr;
  return put_in_place(impl->wrapper, reinterpret_cast<PyObject*>(o));
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return visit_graph(unwrap(self), visit, arg);
}

int tensor_clear(PyObject* self) {
  clear_graph(unwrap(self));
  return 0;
}

std::string utf8(PyObject* str) {
  if (!str) return "";
  Py_ssize_t size;
  if (const char* text = PyUnicode_AsUTF8AndSize(str, &size)) return {text, static_cast<std::size_t>(size)};
  PyErr_Clear();
  const Object bytes = Object::steal(PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace"));
  return {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))};
}

PyObject* wrap_or_none(Tensor t) { return t.defined() ? wrap(std::move(t)) : Py_NewRef(Py_None); }

void tensor_dealloc(PyObject* self) {
  auto* o = reinterpret_cast<PyTensor*>(self);
  PyTypeObject* type = Py_TYPE(self);
  TensorImpl* impl = o->value.impl();
  if (type != tensor_type || impl->meta()) PyObject_GC_UnTrack(self);
  // First, so that nobody finds the dying object: a weak reference's callback may ask for this tensor again.
  if (impl) take_out(impl->wrapper, self);
  if (o->weakrefs) PyObject_ClearWeakRefs(self);
  o->value.~Tensor();
  if (type == tensor_type && g_free_count < kFreeMax) {
    std::memcpy(static_cast<void*>(&o->value), &g_free, sizeof(PyTensor*));  // the next one
    g_free = o;
    ++g_free_count;
  } else {
    type->tp_free(self);
  }
  Py_DECREF(type);
  if (!kHasGil) drop_left_references();  // what a collection has left
}

PyObject* set_error(std::string_view op) {
  try {
    throw;
  } catch (const PythonError&) {  // it is set
  } catch (const Interrupted&) {  // by the handler
  } catch (const FileError& e) { set_os_error(e); } catch (const linalg::LinAlgError& e) {
    PyErr_SetObject(linalg_error().get(), readable(renamed(e.what(), op)).get());
  } catch (const Error& e) {
    PyErr_SetObject(error_type(e), readable(renamed(e.what(), op)).get());
  } catch (const std::bad_alloc&) {
    PyErr_SetString(PyExc_MemoryError, "tenon: out of memory; tenon.memory.release() returns cached blocks");
  } catch (const std::exception& e) { PyErr_SetString(PyExc_RuntimeError, e.what()); }
  if (autograd::anomaly_mode()) note_failure();
  return nullptr;
}

// Before 3.14 CPython ends a daemon thread that comes back after finalisation by pthread_exit, which would
// unwind our frames: no destructor may run then, for the objects that it would release belong to nobody any
// more.
void take_gil_back(PyThreadState* state) {
#ifdef __GLIBCXX__
  try {
    PyEval_RestoreThread(state);
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
#else
  PyEval_RestoreThread(state);
#endif
}

// ---- references that are dropped from anywhere ----

namespace {

struct Left {
  PyObject* object;
  Left* next;
};
std::atomic<Left*> g_left{nullptr};
// LaterDrops that live. initial-exec: found by an offset instead of a call; it is small.
[[gnu::tls_model("initial-exec")]] constinit thread_local int t_later = 0;
std::atomic<bool> g_scheduled{false};  // the interpreter will call drop_pending

int drop_pending(void*) {
  g_scheduled = false;
  drop_left_references();
  return 0;
}

bool finalizing() {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing();
#else
  return _Py_IsFinalizing();
#endif
}

}  // namespace

LaterDrops::LaterDrops() { ++t_later; }
LaterDrops::~LaterDrops() { --t_later; }

void drop_left_references() {
  if (!g_left.load(std::memory_order_relaxed)) return;
  Left* list = g_left.exchange(nullptr, std::memory_order_acquire);
  while (list) {
    Py_DECREF(list->object);
    delete std::exchange(list, list->next);
  }
}

void drop_reference(void* object) {
  // After the interpreter is gone there is nobody to give the reference back to.
  if (!Py_IsInitialized() || finalizing()) return;
  if (t_later == 0 && holds_gil()) {
    Py_DECREF(static_cast<PyObject*>(object));
    return;
  }
  // Once it is in the list another thread may empty the list: left is not ours any more.
  Left* next = g_left.load(std::memory_order_relaxed);
  auto* left = new Left{static_cast<PyObject*>(object), next};
  while (!g_left.compare_exchange_weak(next, left, std::memory_order_release)) left->next = next;
  // While the others are stopped, one of them may have the lock of pending calls. Whoever stopped them drops what is left.
  if (!kHasGil && t_later > 0) return;
  if (!g_scheduled.exchange(true) && Py_AddPendingCall(&drop_pending, nullptr) != 0) g_scheduled = false;  // full
}

}  // namespace tenon::py
