// What devices there are, and how work on them is ordered: streams and events.
//
// Each thread has a current stream for each device, at first the default one (index 0). Operations run on the current
// stream of their tensors' device, after what was given to it before, and independently of other streams. The CPU has
// no streams: an operation is done when it returns.
#pragma once

#include <cstdint>

#include "tenon/device.h"
#include "tenon/memory_statistics.h"
#include "tenon/named_enum.h"

namespace tenon {

// Whether the device type has a backend and at least one device; never throws.
TENON_API bool is_available(DeviceType type);
// 1 for the CPU, 0 where is_available() is false.
TENON_API int device_count(DeviceType type);

struct DeviceProperties {
  char name[128];
  std::int64_t total_memory;  // in bytes
  int multiprocessors;
  int major, minor;  // of the architecture
  int streams;       // in the pool, the default one included
};
// Throws DeviceError if there is no such device.
TENON_API DeviceProperties device_properties(Device device);

struct MemoryInfo {
  std::int64_t free, total;  // in bytes
};
TENON_API MemoryInfo memory_info(Device device);

// The functions on memory throw DeviceError if there is no such device, or if its backend does not count.

// What tensors and the cache have. What is free in the cache serves tensors, but no other program.
TENON_API MemoryStatistics memory_statistics(Device device);
// The peaks become what is there now.
TENON_API void reset_memory_peaks(Device device);
// Gives the cache's unused memory back to the driver. Waits for the device.
TENON_API void empty_cache(Device device);
// The most bytes of the device's memory that this process takes; 0: no limit. What it has already stays.
TENON_API void limit_memory(Device device, std::int64_t bytes);
// The device that memory at this address belongs to; the CPU for what is no device's.
TENON_API Device device_at(DeviceType type, const void* data);

// Where unified memory comes from. pinned: page-locked memory of the host, which the device reads over the bus; managed:
// pages that move to where they are used; system: the process' own memory, which the device reads as the host does.
#define TENON_UNIFIED_WAYS(X) X(none) X(pinned) X(managed) X(system)
TENON_NAMED_ENUM(UnifiedWay, TENON_UNIFIED_WAYS)

struct UnifiedMemory {
  UnifiedWay way;
  bool reads_host;  // the device reads all memory of the process: NumPy's can become a tensor's without a copy
  std::int64_t allocated, reserved;  // in bytes: what tensors have; with the cache
  char why[160];  // why it is this way: a clause
};
TENON_API UnifiedMemory unified_memory(Device device);

// A queue of a device's work, done in order. A value: nothing is created or destroyed.
struct Stream {
  Device device;
  std::int32_t index = 0;

  friend constexpr bool operator==(Stream, Stream) = default;
};
static_assert(sizeof(Stream) == 8);  // fits a register

// The thread's current one.
TENON_API Stream current_stream(Device device);
// Makes it the current one of its device on this thread.
TENON_API void set_current_stream(Stream stream);
// Another one than the default, in turns from the device's pool. Throws DeviceError if there is no such device.
TENON_API Stream next_stream(Device device);
// By the number that the vendor's interface knows it by (CUDA: a cudaStream_t; 1: default, 2: the thread's default).
// Another library's stream gets an index. Throws DeviceError for what is none.
TENON_API Stream stream_of(Device device, std::uintptr_t handle);
TENON_API std::uintptr_t handle_of(Stream stream);

// The functions that wait, here and in Event, throw DeviceError or IndexError where something that they wait for
// failed after its call had returned.

// Whether everything that the stream was given is done.
TENON_API bool is_done(Stream stream);
// Returns when everything that the stream was given is done.
TENON_API void synchronize(Stream stream);
// Returns when the device has done what it was given; at once for the CPU.
TENON_API void synchronize(Device device);
// What is given to `stream` from now on waits for what `other` was given before. The caller does not wait.
TENON_API void wait(Stream stream, Stream other);

// While it lives, a stream is its thread's current one.
class StreamGuard {
 public:
  explicit StreamGuard(Stream stream) : was_(current_stream(stream.device)) { set_current_stream(stream); }
  ~StreamGuard() { set_current_stream(was_); }
  StreamGuard(const StreamGuard&) = delete;

 private:
  Stream was_;
};

// A mark in a stream.
class TENON_API Event {
 public:
  // timing: elapsed() may be asked. The device is that of the first record().
  explicit Event(bool timing = false) : timing_(timing) {}
  ~Event();
  Event(Event&& o) noexcept : event_(o.event_), device_(o.device_), timing_(o.timing_) { o.event_ = nullptr; }
  Event& operator=(Event&&) = delete;

  // Marks what the stream was given so far; the last mark counts. Throws DeviceError for another device's stream.
  void record(Stream stream);
  // What is given to the stream from now on waits for the mark. Nothing where there is none.
  void wait(Stream stream) const;
  // Whether the stream has reached the mark. True where there is none.
  bool is_done() const;
  // Returns when the stream has reached the mark.
  void synchronize() const;
  // Milliseconds between two marks that were reached. Throws RuntimeError without timing, a mark or its being reached.
  double elapsed(const Event& end) const;

  bool recorded() const { return event_ != nullptr; }
  Device device() const { return device_; }

 private:
  void* event_ = nullptr;
  Device device_;
  bool timing_;
};

}  // namespace tenon
