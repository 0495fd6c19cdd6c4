// The simulated devices: memory, streams, and what went wrong on them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/sim/memory.h"
#include "backends/sim/stream.h"
#include "tenon/backend.h"

namespace tenon::sim {

inline constexpr int kDevices = 2;
inline constexpr int kStreams = 3;  // the default one, and two that users are given in turns

// What tests make go wrong; see failures.cc.
struct Injected {
  std::atomic<int> allocations{0};     // so many of the next ones find no memory
  std::atomic<int> launches{0};        // so many of the next ones are refused
  std::atomic<int> late_launches{0};   // so many of the next ones fail when they run
  std::atomic<bool> lost{false};       // the device does nothing any more
};

class Sim {
 public:
  explicit Sim(int index);

  Memory memory;
  Injected injected;
  std::atomic<int> captures{0};  // under way

  // Null: there is no such stream.
  Queue* queue(std::int32_t stream);
  std::int32_t streams();
  std::uintptr_t handle(std::int32_t stream);
  // -1: no stream has this handle. 2 is the thread's default one, which is made when it is asked for.
  std::int32_t index_of(std::uintptr_t handle);
  // One that another library might have made.
  std::int32_t add_stream();

  // Waits for all streams.
  void wait();
  void hurry();
  void stop();

  // What failed on a stream: the first failure is kept until report() tells of it.
  void note(const Failure& failure);
  void note_launch(const char* op);
  Status report();

 private:
  int index_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::int32_t per_thread_ = -1;
  Failure noted_{};
};

// Starts the devices.
void start();
bool forked();
// Null where nothing can be done, which the thread's failure then says: not in a forked child, not on a lost device.
Sim* device_at(const char* op, int device);
// The devices as they are, for what must work all the same.
Sim& raw_device(int device);

// What TENON_SIM_UNIFIED says of memory that the host reads, too.
UnifiedWay unified_way();
// Whether the devices read all memory of the host.
bool reads_host();
// Whether it is an address of one of the devices, unified or not.
bool is_device_memory(const void* p);

// This thread's failure, which last_error() gives.
Status fail(const char* op, Status status, const char* what, bool late = false);
Status fail(const Failure& failure);
void last_error(Failure* out);

// Whether there was one of them left.
bool take(std::atomic<int>& left);

std::int64_t environment(const char* name, std::int64_t otherwise);

}  // namespace tenon::sim
