// What the GIL would guard: on a free-threaded interpreter by other means, with the GIL at no cost.
//
// A thread that is attached to the interpreter stands for one that holds the GIL: alone() runs while no other thread is
// attached, so what changes there may be read without a lock by whoever is attached and calls no Python code.
#pragma once

#include <Python.h>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "object.h"
#include "once.h"

namespace tenon::py {

// A str that is made at its first use and kept. A static variable of a function would not do: see Once.
class Interned {
 public:
  constexpr explicit Interned(const char* text) : text_(text) {}
  PyObject* get() {
    return once_.get([this] { return Object::steal(PyUnicode_InternFromString(text_)); });
  }

 private:
  const char* text_;
  OnceObject once_;
};

// Keeps other threads from a list or dict while it is read, as long as no Python code runs.
class Section {
 public:
  Section(const Section&) = delete;
#ifdef Py_GIL_DISABLED
  explicit Section(PyObject* o) { PyCriticalSection_Begin(&section_, o); }
  ~Section() { PyCriticalSection_End(&section_); }

 private:
  PyCriticalSection section_;
#else
  explicit Section(PyObject*) {}
#endif
};

// PySequence_Fast() of what no other thread changes: a list becomes a tuple where there is no GIL. null with an
// exception for what cannot be iterated over.
PyObject* fixed_sequence(PyObject* o);
// A dict's item; null, without an exception, where it has none. Throws PythonError for keys that do not compare.
Object dict_item(PyObject* dict, PyObject* key);
Object dict_item(PyObject* dict, const char* key);

// Shows an object to the garbage collector, unless it has been.
void track(PyObject* o);

// ---- the object that stands for something of the core ----
// place: the core's pointer to it. New objects are put there when they are complete; a dying one is taken out first.

// A new reference to the object; null where there is none, or where it is dying.
PyObject* living(void* const& place);
// Puts a new object in its place and returns it, or drops it for the one that another thread has put there.
PyObject* put_in_place(void*& place, PyObject* made);
void take_out(void*& place, PyObject* dying);

#ifndef Py_GIL_DISABLED
inline PyObject* living(void* const& place) {
  auto* o = static_cast<PyObject*>(place);
  return o && Py_REFCNT(o) > 0 ? Py_NewRef(o) : nullptr;
}
inline PyObject* put_in_place(void*& place, PyObject* made) {
  place = made;
  return made;
}
inline void take_out(void*& place, PyObject* dying) {
  if (place == dying) place = nullptr;
}
#endif

// ---- what no other thread may see half done ----

#ifdef Py_GIL_DISABLED
// Calls f(context) while no other thread is attached. f calls nothing of Python and throws nothing.
void stop_others(void (*f)(void* context), void* context);
#endif

// The result of f while no other thread runs Python code or tenon's short calls. f calls no Python code; references that
// it lets go of are dropped later.
template <class F>
auto alone(F&& f) -> decltype(f()) {
#ifdef Py_GIL_DISABLED
  using Result = decltype(f());
  struct Call {
    F& f;
    std::exception_ptr error;
    std::optional<std::conditional_t<std::is_void_v<Result>, bool, std::decay_t<Result>>> result;
  } call{f, nullptr, {}};
  stop_others(
      [](void* context) {
        auto& c = *static_cast<Call*>(context);
        try {
          if constexpr (std::is_void_v<Result>) c.f();
          else c.result.emplace(c.f());
        } catch (...) { c.error = std::current_exception(); }
      },
      &call);
  drop_left_references();
  if (call.error) std::rethrow_exception(call.error);
  if constexpr (!std::is_void_v<Result>) return *std::move(call.result);
#else
  return f();
#endif
}

}  // namespace tenon::py
