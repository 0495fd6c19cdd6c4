#include "backends/sim/runtime.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "backends/sim/check.h"
#include "backends/sim/device.h"
#include "backends/sim/graphs.h"
#include "backends/sim/pins.h"

namespace tenon::sim {
namespace {

std::atomic<std::int64_t> g_copies[std::size(kCopyNames)];
std::atomic<std::int64_t> g_prefetched[2];

// A device and one of its streams, if both are there.
struct Place {
  Sim* device;
  Queue* queue = nullptr;

  Place(const char* op, Stream stream) : device(device_at(op, stream.device.index)) {
    if (!device) return;
    queue = device->queue(stream.index);
    if (!queue) fail(op, Status::failed, "there is no such stream");
  }
  explicit operator bool() const { return queue != nullptr; }
};

Status told(const char* op, const char* why) { return why ? fail(op, Status::failed, why) : Status::ok; }

void refuse_device_pointer(const char* call, const void* host, int device) {
  for (int i = 0; i < kDevices; ++i)
    if (raw_device(i).memory.contains(host)) fault(call, "the host's side is device memory and", host, device);
}

// The bytes, which must lie in live memory of the device.
void check_bytes(const char* call, const char* what, const void* p, std::int64_t bytes, int device) {
  Checker(call, device, raw_device(device).memory).operand(what, p, Reach(DType::uint8, bytes));
}

}  // namespace

Status properties(int device, DeviceProperties* out) noexcept {
  *out = {};
  std::strncpy(out->name, "tenon's simulated device", sizeof out->name - 1);
  out->total_memory = Memory::kCapacity;
  out->multiprocessors = 1;
  out->streams = kStreams;
  return device_at("properties", device) ? Status::ok : Status::failed;
}

Status memory_info(int device, MemoryInfo* out) noexcept {
  Sim* d = device_at("memory_info", device);
  if (!d) return Status::failed;
  *out = {Memory::kCapacity - d->memory.live_bytes(), Memory::kCapacity};
  return Status::ok;
}

Status synchronize(int device) noexcept {
  Sim* d = device_at("synchronize", device);
  if (!d) return Status::failed;
  d->wait();
  return d->injected.lost ? fail("synchronize", Status::failed, "the device was lost") : d->report();
}

// ---- streams ----

// As CUDA's: 1 is the default stream, 2 the thread's default one.
Status stream_handle(Stream stream, std::uintptr_t* out) noexcept {
  const Place p("stream", stream);
  if (!p) return Status::failed;
  *out = stream.index == 0 ? 1 : p.device->handle(stream.index);
  return Status::ok;
}

Status stream_adopt(int device, std::uintptr_t handle, std::int32_t* index) noexcept {
  Sim* d = device_at("stream", device);
  if (!d) return Status::failed;
  *index = handle <= 1 ? 0 : d->index_of(handle);
  return *index < 0 ? fail("stream", Status::failed, "no stream has this handle") : Status::ok;
}

Status stream_query(Stream stream, bool* done) noexcept {
  const Place p("query", stream);
  if (!p) return Status::failed;
  *done = p.queue->idle();
  return *done ? p.device->report() : Status::ok;
}

Status stream_synchronize(Stream stream) noexcept {
  const Place p("synchronize", stream);
  if (!p) return Status::failed;
  p.queue->wait();
  return p.device->report();
}

// Called on a lost device, too: what somebody waits for must come to its end.
Status stream_callback(Stream stream, void (*f)(void*), void* context) noexcept {
  const Place p("callback", stream);
  if (!p) return Status::failed;
  p.queue->push([f, context] { f(context); });
  return Status::ok;
}

// ---- events ----

Status event_create(int device, bool timing, void** event) noexcept {
  if (!device_at("event", device)) return Status::failed;
  auto* e = new (std::nothrow) Event;
  if (!e) return Status::out_of_memory;
  e->timing = timing;
  *event = e;
  return Status::ok;
}

void event_destroy(int, void* event) noexcept { delete static_cast<Event*>(event); }

Status event_record(void* event, Stream stream) noexcept {
  const Place p("record", stream);
  if (!p) return Status::failed;
  return told("record", static_cast<Event*>(event)->record(*p.queue));
}

Status event_wait(void* event, Stream stream) noexcept {
  const Place p("wait", stream);
  if (!p) return Status::failed;
  return told("wait", static_cast<Event*>(event)->wait(*p.queue, stream.index != 0));
}

Status event_query(int device, void* event, bool* done) noexcept {
  Sim* d = device_at("query", device);
  if (!d) return Status::failed;
  if (const char* why = static_cast<Event*>(event)->ask()) return told("query", why);
  *done = static_cast<Event*>(event)->mark->reached();
  return *done ? d->report() : Status::ok;
}

Status event_synchronize(int device, void* event) noexcept {
  Sim* d = device_at("synchronize", device);
  if (!d) return Status::failed;
  if (const char* why = static_cast<Event*>(event)->ask()) return told("synchronize", why);
  auto& mark = static_cast<Event*>(event)->mark;
  mark->wait(mark->recorded());
  return d->report();
}

Status event_elapsed(int device, void* from, void* to, double* milliseconds) noexcept {
  if (!device_at("elapsed", device)) return Status::failed;
  const auto *a = static_cast<Event*>(from), *b = static_cast<Event*>(to);
  for (const Event* e : {a, b})
    if (const char* why = e->ask()) return told("elapsed", why);
  if (!a->timing || !b->timing) return fail("elapsed", Status::failed, "the events were made without timing");
  *milliseconds = static_cast<double>(b->mark->nanoseconds() - a->mark->nanoseconds()) * 1e-6;
  return Status::ok;
}

// ---- memory ----

namespace {

Status allocate_any(Stream stream, std::int64_t bytes, bool unified, void** out) {
  const Place p("allocate", stream);
  if (!p) return Status::failed;
  const auto none = [&] {
    p.device->memory.count_none();
    Failure f{};
    f.status = Status::out_of_memory;
    f.size = bytes;
    return fail(f);
  };
  if (take(p.device->injected.allocations)) return none();
  *out = p.device->memory.allocate(bytes, unified);
  if (*out) hold_for_capture(*p.queue, stream.device.index, *out);
  if (*out) return Status::ok;
  if (p.device->captures > 0) return none();  // nothing can be waited for
  p.device->memory.count_retry();
  p.device->wait();  // blocks whose release is still queued may be what is missing
  *out = p.device->memory.allocate(bytes, unified);
  return *out ? Status::ok : none();
}

}  // namespace

Status allocate(Stream stream, std::int64_t bytes, void** out) noexcept {
  return allocate_any(stream, bytes, false, out);
}

// In the turn of all streams that were given something with this memory: whichever passes last gives it back.
Status free(Stream stream, void* data, std::int64_t) noexcept {
  if (forked()) return Status::ok;  // the memory is the parent's
  Sim& d = raw_device(stream.device.index);
  auto others = d.memory.retire(data);
  if (!others) return Status::ok;
  std::vector<std::int32_t> streams = std::move(*others);
  streams.push_back(stream.index);
  const auto left = std::make_shared<std::atomic<std::size_t>>(streams.size());
  for (const std::int32_t s : streams)
    d.queue(s)->push_past([&memory = d.memory, data, left] {
      if (--*left == 0) memory.reuse(data);
    });
  return Status::ok;
}

Status record_use(Stream stream, void* data) noexcept {
  const Place p("record_stream", stream);
  if (!p) return Status::failed;
  p.device->memory.record_use(data, stream.index);
  return Status::ok;
}

Status copy(Stream stream, const char* op, const CopyCall& c) noexcept {
  const Place p(op, stream);
  if (!p) return Status::failed;
  if (take(p.device->injected.launches)) return fail(op, Status::failed, "the driver refused the copy");
  const bool from_device = c.kind != Copy::to_device, to_device = c.kind != Copy::to_host;
  if (from_device) hold_for_capture(*p.queue, c.src_device, c.src);
  if (to_device) hold_for_capture(*p.queue, c.dst_device, c.dst);
  if (from_device) check_bytes(op, "the copy's source", c.src, c.bytes, c.src_device);
  else refuse_device_pointer(op, c.src, c.dst_device);
  if (to_device) check_bytes(op, "the copy's destination", c.dst, c.bytes, c.dst_device);
  else refuse_device_pointer(op, c.dst, c.src_device);
  if (c.asynchronous && !(from_device && to_device) && !pins().contains(from_device ? c.dst : c.src, c.bytes))
    fault(op, "an asynchronous copy's host side, which is not page-locked and", from_device ? c.dst : c.src,
          stream.device.index);
  ++g_copies[static_cast<int>(c.kind)];
  const void* src = from_device ? raw_device(c.src_device).memory.translate(c.src) : c.src;
  void* dst = to_device ? raw_device(c.dst_device).memory.translate(c.dst) : c.dst;
  p.queue->push([src, dst, n = static_cast<std::size_t>(c.bytes), op, d = p.device] {
    if (d->injected.lost) return;
    if (take(d->injected.late_launches)) d->note_launch(op);
    else std::memcpy(dst, src, n);
  });
  if (c.asynchronous) return Status::ok;
  p.queue->wait();
  return p.device->report();
}

std::int64_t copies(Copy kind) { return g_copies[static_cast<int>(kind)]; }
std::int64_t prefetched(bool to_host) { return g_prefetched[to_host]; }
void reset_copies() {
  for (auto& n : g_copies) n = 0;
}

Status pin(void* data, std::int64_t bytes) noexcept {
  refuse_device_pointer("pin", data, 0);
  return pins().add(data, bytes) ? Status::ok : Status::unavailable;
}

Status unpin(void* data) noexcept {
  if (!forked()) pins().remove(data);  // the locks are the parent's
  return Status::ok;
}

Status memory_statistics(int device, MemoryStatistics* out) noexcept {
  Sim* d = device_at("memory_stats", device);
  if (!d) return Status::failed;
  *out = d->memory.statistics();
  return Status::ok;
}

Status reset_memory_peaks(int device) noexcept {
  Sim* d = device_at("reset_peak_memory_stats", device);
  if (!d) return Status::failed;
  d->memory.reset_peaks();
  return Status::ok;
}

// There is no cache, but blocks whose streams have not passed yet.
Status empty_cache(int device) noexcept {
  Sim* d = device_at("empty_cache", device);
  if (!d) return Status::failed;
  d->wait();
  return d->report();
}

Status limit_memory(int device, std::int64_t bytes) noexcept {
  Sim* d = device_at("set_per_process_memory_fraction", device);
  if (!d) return Status::failed;
  d->memory.limit(bytes);
  return Status::ok;
}

// ---- unified memory: pages of the device's that the host reads, too ----

Status unified_memory(int device, UnifiedMemory* out) noexcept {
  const Sim* d = device_at("unified_memory", device);
  if (!d) return Status::failed;
  *out = {};
  out->way = unified_way();
  out->reads_host = reads_host();
  out->allocated = out->reserved = d->memory.unified_bytes();
  const char* why = out->way == UnifiedWay::none ? "the simulated device was told to have none"
                    : reads_host()               ? "the simulated device reads all memory of the process"
                                                 : "the simulated device reads no other memory of the process";
  std::strncpy(out->why, why, sizeof out->why - 1);
  return Status::ok;
}

Status allocate_unified(Stream stream, std::int64_t bytes, void** out) noexcept {
  return unified_way() == UnifiedWay::none ? Status::unavailable : allocate_any(stream, bytes, true, out);
}

Status prefetch(Stream stream, void* data, std::int64_t bytes, bool to_host) noexcept {
  const Place p("prefetch", stream);
  if (!p) return Status::failed;
  check_bytes("prefetch", "the memory", data, bytes, stream.device.index);
  g_prefetched[to_host] += bytes;
  p.queue->push([] {});
  return Status::ok;
}

Status device_at(const void* data, int* device) noexcept {
  *device = -1;
  for (int i = 0; i < kDevices; ++i)
    if (raw_device(i).memory.contains(data) || raw_device(i).memory.is_unified(data)) *device = i;
  return Status::ok;
}

}  // namespace tenon::sim
