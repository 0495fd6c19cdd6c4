// What is made once for the process, and whether the GIL protects what is kept for reuse.
#pragma once

#include <Python.h>

#include <atomic>
#include <mutex>
#include <utility>

namespace tenon::py {

// A free-threaded interpreter has per-thread allocators: lists of freed objects of our own are not used there.
#ifdef Py_GIL_DISABLED
inline constexpr bool kHasGil = false;
#else
inline constexpr bool kHasGil = true;
#endif

// Holds a mutex where there is no GIL. Nothing of Python runs while one lives.
class StateLock {
 public:
  explicit StateLock(std::mutex& m) : m_(m) {
    if (!kHasGil) m_.lock();
  }
  ~StateLock() {
    if (!kHasGil) m_.unlock();
  }
  StateLock(const StateLock&) = delete;

 private:
  std::mutex& m_;
};

// Something that is made at its first use, and kept for good. Two threads may make it; the first one's is kept. A static
// variable's guard would not do: making it may let go of the GIL (an import does), and whoever waits for the guard has it.
template <class T>
class Once {
 public:
  // make() returns a pointer that can be given to drop().
  template <class Make, class Drop>
  T* get(Make&& make, Drop&& drop) {
    T* kept = kept_.load(std::memory_order_acquire);
    if (kept) return kept;
    T* made = make();
    if (kept_.compare_exchange_strong(kept, made, std::memory_order_acq_rel)) return made;
    drop(made);
    return kept;
  }

 private:
  std::atomic<T*> kept_{nullptr};
};

// An object, from a function that returns a new reference.
class OnceObject {
 public:
  template <class Make>
  PyObject* get(Make&& make) {
    return once_.get([&] { return make().release(); }, [](PyObject* o) { Py_DECREF(o); });
  }

 private:
  Once<PyObject> once_;
};

}  // namespace tenon::py
