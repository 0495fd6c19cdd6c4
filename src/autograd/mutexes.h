// Mutexes for objects that are too many to have their own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/fork.h"

namespace tenon {

#ifdef __SANITIZE_THREAD__  // which can follow 64 mutexes of a thread; a fork takes all
inline constexpr std::size_t kMutexesOfAPurpose = 4;
#else
inline constexpr std::size_t kMutexesOfAPurpose = 16;
#endif

// The mutex of an object: a few serve all objects of a purpose, by address. Forks wait for them.
template <class Purpose, ForkLevel Level = ForkLevel::history>
std::mutex& mutex_of(const void* object) {
  using Mutexes = std::array<std::mutex, kMutexesOfAPurpose>;
  static Mutexes* mutexes = [] {
    static Mutexes* m = new Mutexes;
    static constexpr auto unlock = [] {
      for (std::mutex& mutex : *m) mutex.unlock();
    };
    static constexpr auto lock = [] {
      for (std::mutex& mutex : *m) mutex.lock();
    };
    hold_over_fork(Level, lock, unlock);
    return m;
  }();
  return (*mutexes)[reinterpret_cast<std::uintptr_t>(object) / 64 % mutexes->size()];
}

}  // namespace tenon
