// Streams and events: the current ones, and what waits.
#include <atomic>

#include "core/keep.h"
#include "core/launch.h"
#include "tenon/devices.h"

namespace tenon {
namespace {

constexpr int kMostDevices = 128;  // Device::index is an int8

constinit thread_local std::int32_t t_current[kMostDevices] = {};

std::atomic<unsigned> g_next[kMostDevices];

const Backend& backend_with_streams(const char* op, Device device) {
  if (device.is_cpu())
    errors::fail<DeviceError>(op, "the CPU has no streams; its operations are done when they return");
  return backend(device);
}

// What an entry that waits says, and what was left for the next one that does.
void check_wait(Status status, const char* op, Device device) {
  let_go_of_passed();
  check(status, op, device);
  check_left(device);
}

}  // namespace

Stream current_stream(Device device) {
  return {device, device.is_cpu() || device.index < 0 ? 0 : t_current[device.index]};
}

void set_current_stream(Stream stream) {
  if (stream.device.is_cpu()) return;
  backend(stream.device);
  t_current[stream.device.index] = stream.index;
}

Stream next_stream(Device device) {
  backend_with_streams("Stream", device);
  const int others = device_properties(device).streams - 1;
  if (others < 1) return {device, 0};
  return {device, 1 + static_cast<std::int32_t>(g_next[device.index]++ % static_cast<unsigned>(others))};
}

Stream stream_of(Device device, std::uintptr_t handle) {
  Stream s{device, 0};
  check(backend_with_streams("Stream", device).stream_adopt(device.index, handle, &s.index), "Stream", device);
  return s;
}

std::uintptr_t handle_of(Stream stream) {
  std::uintptr_t handle = 0;
  check(backend_with_streams("Stream", stream.device).stream_handle(stream, &handle), "Stream", stream.device);
  return handle;
}

bool is_done(Stream stream) {
  if (stream.device.is_cpu()) return true;
  refuse_in_capture("query", stream);
  bool done = false;
  check_wait(backend(stream.device).stream_query(stream, &done), "query", stream.device);
  return done;
}

void synchronize(Stream stream) {
  if (stream.device.is_cpu()) return;
  refuse_in_capture("synchronize", stream);
  check_wait(backend(stream.device).stream_synchronize(stream), "synchronize", stream.device);
}

void synchronize(Device device) {
  if (device.is_cpu()) return;
  refuse_in_capture("synchronize", device);
  check_wait(backend(device).synchronize(device.index), "synchronize", device);
}

void wait(Stream stream, Stream other) {
  if (stream == other || other.device.is_cpu()) return;
  Event e;
  e.record(other);
  e.wait(stream);
}

DeviceProperties device_properties(Device device) {
  DeviceProperties p{};
  check(backend_with_streams("get_device_properties", device).properties(device.index, &p), "get_device_properties",
        device);
  return p;
}

MemoryInfo memory_info(Device device) {
  MemoryInfo m{};
  check(backend_with_streams("mem_get_info", device).memory_info(device.index, &m), "mem_get_info", device);
  return m;
}

Event::~Event() {
  if (event_) backend(device_).event_destroy(device_.index, event_);
}

void Event::record(Stream stream) {
  const Backend& b = backend_with_streams("record", stream.device);
  if (!event_) {
    check(b.event_create(stream.device.index, timing_, &event_), "record", stream.device);
    device_ = stream.device;
  }
  if (device_ != stream.device)
    errors::fail<DeviceError>("record", "the event is one of ", device_, "; got a stream of ", stream.device,
                              ", use another event");
  check(b.event_record(event_, stream), "record", stream.device);
}

void Event::wait(Stream stream) const {
  if (event_) check(backend_with_streams("wait", stream.device).event_wait(event_, stream), "wait", stream.device);
}

bool Event::is_done() const {
  if (!event_) return true;
  bool done = false;
  check_wait(backend(device_).event_query(device_.index, event_, &done), "query", device_);
  return done;
}

void Event::synchronize() const {
  if (event_) check_wait(backend(device_).event_synchronize(device_.index, event_), "synchronize", device_);
}

double Event::elapsed(const Event& end) const {
  if (!timing_ || !end.timing_)
    errors::fail<RuntimeError>("elapsed_time", "both events must be made with enable_timing=True");
  if (!event_ || !end.event_) errors::fail<RuntimeError>("elapsed_time", "both events must be recorded first");
  if (device_ != end.device_) errors::device_mismatch("elapsed_time", device_, end.device_);
  if (!is_done() || !end.is_done())
    errors::fail<RuntimeError>("elapsed_time", "a stream has not reached its event yet; use synchronize() first");
  double ms = 0;
  check(backend(device_).event_elapsed(device_.index, event_, end.event_, &ms), "elapsed_time", device_);
  return ms;
}

}  // namespace tenon
