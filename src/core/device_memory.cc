// The memory of devices: statistics, limits, and what an error says when there is none left.
#include "core/launch.h"
#include "tenon/devices.h"

namespace tenon {
namespace {

// The backend, if it has the entry.
template <class F>
const Backend& counting_backend(const char* op, Device device, F Backend::* entry) {
  const Backend& b = backend(device);
  if (!(b.*entry)) errors::fail<DeviceError>(op, "the backend of ", device, " does not count its memory");
  return b;
}

}  // namespace

MemoryStatistics memory_statistics(Device device) {
  MemoryStatistics s{};
  check(counting_backend("memory_stats", device, &Backend::memory_statistics).memory_statistics(device.index, &s),
        "memory_stats", device);
  return s;
}

void reset_memory_peaks(Device device) {
  const char* op = "reset_peak_memory_stats";
  check(counting_backend(op, device, &Backend::reset_memory_peaks).reset_memory_peaks(device.index), op, device);
}

void empty_cache(Device device) {
  refuse_in_capture("empty_cache", device);
  check(counting_backend("empty_cache", device, &Backend::empty_cache).empty_cache(device.index), "empty_cache",
        device);
  check_left(device);
}

void limit_memory(Device device, std::int64_t bytes) {
  const char* op = "set_per_process_memory_fraction";
  check(counting_backend(op, device, &Backend::limit_memory).limit_memory(device.index, bytes), op, device);
}

Device device_at(DeviceType type, const void* data) {
  const Backend& b = backend({type, 0});
  int index = -1;
  if (b.device_at) check(b.device_at(data, &index), "device_at", {type, 0});
  return index < 0 ? kCpu : Device{type, static_cast<std::int8_t>(index)};
}

void no_memory_left(const char* op, Device device, std::int64_t bytes) {
  errors::MemoryLeft left{.asked = bytes};
  const Backend& b = backend(device);
  MemoryInfo info{};
  MemoryStatistics s{};
  // After a fork, or on a lost device, nobody knows.
  if (b.memory_info && b.memory_info(device.index, &info) == Status::ok && b.memory_statistics &&
      b.memory_statistics(device.index, &s) == Status::ok) {
    left.known = true;
    left.used = s.at(MemoryCount::allocated_bytes).current;
    left.cached = s.at(MemoryCount::reserved_bytes).current - left.used;
    left.free = info.free - left.cached;
    left.total = info.total;
    left.limit = s.limit;
  }
  errors::out_of_memory(op, device, left);
}

}  // namespace tenon
