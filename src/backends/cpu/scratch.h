// Memory that kernels of this thread use between their first and last line. It grows and stays until the
// thread ends: fresh pages would cost more than the packing that they hold.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>

namespace tenon::cpu {

// At least `bytes`, aligned to 64. `slot` tells apart what one kernel holds at the same time.
inline void* scratch(int slot, std::size_t bytes) {
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  thread_local std::unique_ptr<void, Free> block[4];
  thread_local std::size_t size[4] = {};
  if (size[slot] < bytes) {
    block[slot].reset();
    size[slot] = 0;
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
    block[slot].reset(std::aligned_alloc(64, rounded));
    if (!block[slot]) throw std::bad_alloc();
    size[slot] = rounded;
  }
  return block[slot].get();
}

}  // namespace tenon::cpu
