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

template <class Purpose>
struct Mutexes {
  std::array<std::mutex, kMutexesOfAPurpose> all;

  void lock() {
    for (std::mutex& mutex : all) mutex.lock();
  }
  void unlock() {
    for (std::mutex& mutex : all) mutex.unlock();
  }
};

// The mutex of an object: a few serve all objects of a purpose, by address. Forks wait for them. Not for code outside the
// library, which would have mutexes of its own.
template <class Purpose, ForkLevel level>
std::mutex& mutex_of(const void* object) {
  auto& all = held_over_forks<Mutexes<Purpose>, level>().all;
  return all[reinterpret_cast<std::uintptr_t>(object) / 64 % all.size()];
}

}  // namespace tenon
