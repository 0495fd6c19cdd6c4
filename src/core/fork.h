// Mutexes that a fork waits for, so that the child finds whole what they guard.
#pragma once

#include <cstdint>

#include "tenon/macros.h"

namespace tenon {

// How deep a mutex lies: who holds one may take those of the levels after it. A fork takes them in this order, too:
// by when they were first used it would meet a thread that holds an outer one and waits for an inner one.
enum class ForkLevel : std::uint8_t { history, hooks, gradient, saved, transfer, memory };

// From now on each fork calls lock before, and after it unlock in the parent and unlock_in_child in the child.
TENON_API void hold_over_fork(ForkLevel level, void (*lock)(), void (*unlock)(), void (*unlock_in_child)());

// The process' only T, never destroyed, since tensors may outlive static objects. Forks hold its lock() at this level;
// the child calls unlock_in_child() where there is one.
template <class T, ForkLevel level>
T& held_over_forks() {
  static T* t = [] {
    static T* p = new T;
    const auto unlock_in_child = [] {
      if constexpr (requires(T& x) { x.unlock_in_child(); }) p->unlock_in_child();
      else p->unlock();
    };
    hold_over_fork(level, [] { p->lock(); }, [] { p->unlock(); }, unlock_in_child);
    return p;
  }();
  return *t;
}

}  // namespace tenon
