// The devices: their streams by index, their memory, and what went wrong on them.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "backends/cuda/allocator.h"
#include "backends/cuda/context.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {

inline constexpr int kStreams = 9;  // the default one, and eight that users get in turns

class Device {
 public:
  explicit Device(int index)
      : memory(index), unified(index, &runtime::allocate_unified, &runtime::release_unified), index_(index) {}

  Allocator memory, unified;  // unified: what the host reads and writes, too

  // The driver's stream; it is made when it is first asked for. Throws Error where there is none of this index.
  void* stream(std::int32_t index);
  // The same, which is given an operation.
  void* stream_for(std::int32_t index, const char* op);
  // Whether it is being captured.
  bool is_captured(std::int32_t index);
  // Waits for the stream, or for all.
  void wait(std::int32_t index);
  void wait();
  // The index of a driver's stream, a new one if need be; -1: there is no such stream.
  std::int32_t adopt(std::uintptr_t handle);
  // Where kernels say what is wrong.
  Fault* fault();
  // Throws what a kernel has found wrong, once. To be called after a wait.
  void report();
  // What work that ran has broken, and why. The first call says which operations it may have been.
  Failure lose(const char* why);
  bool lost() const { return lost_; }
  // Why nothing can be done; "" unless it is lost.
  std::string obituary();

 private:
  static constexpr std::uint64_t kRemembered = 4;
  struct Line {
    void* handle = nullptr;
    const char* last[kRemembered] = {};  // the operations that it was given last, in turns
    std::uint64_t given = 0, settled = 0;  // how many it was given, and how many of them are known to have gone well
  };

  Line& line(std::int32_t index);
  std::string suspects() const;

  int index_;
  std::mutex mutex_;
  std::vector<Line> streams_;
  Fault* fault_ = nullptr;
  std::atomic<bool> lost_{false};
  std::string obituary_;
};

// While it lives, the thread's device may be another one; other libraries find theirs afterwards.
class DeviceGuard {
 public:
  DeviceGuard();
  ~DeviceGuard();
  DeviceGuard(const DeviceGuard&) = delete;

 private:
  int before_;
};

// The device, which becomes the thread's under a guard. Throws Error in a forked child, and where the device is lost.
Device& device(int index);
// The same without a check, for what must work all the same.
Device& raw_device(int index);
bool forked();

// A failure that a wait found: of an earlier operation.
struct LateFailure {
  Failure failure;
};

}  // namespace tenon::cuda
