#include "unguarded.h"

#include <array>
#include <cstdint>

#include "autograd/meta.h"

namespace tenon::py {

PyObject* fixed_sequence(PyObject* o) {
  if (kHasGil || PyTuple_Check(o)) return PySequence_Fast(o, "a sequence is needed");
  return PySequence_Tuple(o);
}

Object dict_item(PyObject* dict, PyObject* key) {
#if PY_VERSION_HEX >= 0x030d0000
  PyObject* value = nullptr;
  if (PyDict_GetItemRef(dict, key, &value) < 0) throw PythonError{};
  return Object::maybe(value);
#else
  PyObject* value = PyDict_GetItemWithError(dict, key);
  if (!value && PyErr_Occurred()) throw PythonError{};
  return Object::borrow(value);
#endif
}

Object dict_item(PyObject* dict, const char* key) {
  return dict_item(dict, Object::steal(PyUnicode_FromString(key)).get());
}

void track(PyObject* o) {
  const Section section(o);
  if (!PyObject_GC_IsTracked(o)) PyObject_GC_Track(o);
}

#ifdef Py_GIL_DISABLED

namespace {

// A few locks serve all places, by address. They are held for a few instructions, in which no thread can be stopped.
SpinLock& lock_of(const void* place) {
  static constinit std::array<SpinLock, 64> locks;
  return locks[reinterpret_cast<std::uintptr_t>(place) / 64 % locks.size()];
}

#if PY_VERSION_HEX < 0x030e0000
// PyUnstable_EnableTryIncRef() of a new object, which nobody else has, and PyUnstable_TryIncRef(), for 3.13.
void enable_try_incref(PyObject* o) {
  _Py_atomic_store_ssize_relaxed(&o->ob_ref_shared, o->ob_ref_shared | _Py_REF_MAYBE_WEAKREF);
}
bool try_incref(PyObject* o) {
  const std::uint32_t local = _Py_atomic_load_uint32_relaxed(&o->ob_ref_local);
  if (local == _Py_IMMORTAL_REFCNT_LOCAL) return true;
  if (_Py_IsOwnedByCurrentThread(o)) {
    _Py_atomic_store_uint32_relaxed(&o->ob_ref_local, local + 1);
    return true;
  }
  Py_ssize_t shared = _Py_atomic_load_ssize_relaxed(&o->ob_ref_shared);
  while (shared != 0 && shared != _Py_REF_MERGED)  // then it is dying
    if (_Py_atomic_compare_exchange_ssize(&o->ob_ref_shared, &shared, shared + (1 << _Py_REF_SHARED_SHIFT)))
      return true;
  return false;
}
#else
void enable_try_incref(PyObject* o) { PyUnstable_EnableTryIncRef(o); }
bool try_incref(PyObject* o) { return PyUnstable_TryIncRef(o); }
#endif

struct Stopped {
  void (*f)(void* context);
  void* context;
};

}  // namespace

PyObject* living(void* const& place) {
  const std::lock_guard lock(lock_of(&place));
  auto* o = static_cast<PyObject*>(place);
  return o && try_incref(o) ? o : nullptr;
}

PyObject* put_in_place(void*& place, PyObject* made) {
  enable_try_incref(made);
  PyObject* first;
  {
    const std::lock_guard lock(lock_of(&place));
    first = static_cast<PyObject*>(place);
    if (!first || !try_incref(first)) {
      place = made;
      return made;
    }
  }
  Py_DECREF(made);
  return first;
}

void take_out(void*& place, PyObject* dying) {
  const std::lock_guard lock(lock_of(&place));
  if (place == dying) place = nullptr;
}

// The visit of all objects is CPython's way to stop the other threads that extensions may use; the first object is
// enough. A thread is stopped where it would give the GIL up elsewhere.
void stop_others(void (*f)(void* context), void* context) {
  Stopped stopped{f, context};
  PyUnstable_GC_VisitObjects(
      [](PyObject*, void* argument) {
        const LaterDrops later;  // a reference's end may run Python code
        auto* s = static_cast<Stopped*>(argument);
        s->f(s->context);
        return 0;
      },
      &stopped);
}

#endif

}  // namespace tenon::py
