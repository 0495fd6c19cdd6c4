// Mutexes that a fork waits for, so that the child finds whole what they guard.
#pragma once

#include <cstdint>

#include "tenon/macros.h"

namespace tenon {

// How deep a mutex lies: who holds one may take those of the levels after it. A fork takes them in this order, too:
// by when they were first used it would meet a thread that holds an outer one and waits for an inner one.
enum class ForkLevel : std::uint8_t { history, gradient, transfer, memory };

// From now on each fork calls lock before, and after it unlock in the parent and unlock_in_child in the child.
TENON_API void hold_over_fork(ForkLevel level, void (*lock)(), void (*unlock)(), void (*unlock_in_child)());
inline void hold_over_fork(ForkLevel level, void (*lock)(), void (*unlock)()) {
  hold_over_fork(level, lock, unlock, unlock);
}

}  // namespace tenon
