// The devices: their streams by index, their memory, and what went wrong on them.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "backends/cuda/allocator.h"
#include "backends/cuda/context.h"

namespace tenon::cuda {

inline constexpr int kStreams = 9;  // the default one, and eight that users get in turns

class Device {
 public:
  explicit Device(int index) : memory(index), index_(index) {}

  Allocator memory;

  // The driver's stream; it is made when it is first asked for. Throws Error where there is none of this index.
  void* stream(std::int32_t index);
  // The index of a driver's stream, a new one if need be; -1: there is no such stream.
  std::int32_t adopt(std::uintptr_t handle);
  // Where kernels say what is wrong.
  Fault* fault();
  // Throws what a kernel has found wrong, once. To be called after a wait.
  void report();

 private:
  int index_;
  std::mutex mutex_;
  std::vector<void*> streams_;
  Fault* fault_ = nullptr;
};

// The device, which becomes the thread's. Throws Error in a forked child.
Device& device(int index);
// The same without a check, for what must work all the same.
Device& raw_device(int index);
bool forked();

// A failure that a wait found: of an earlier operation.
struct LateFailure {
  Failure failure;
};

}  // namespace tenon::cuda
