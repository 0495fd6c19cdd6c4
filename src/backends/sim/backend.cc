// The table of the simulated devices, and what tests ask of them.
#include <cstdlib>

#include "backends/sim/calls.h"
#include "backends/sim/device.h"
#include "backends/sim/graphs.h"
#include "backends/sim/pins.h"
#include "backends/sim/runtime.h"
#include "tenon/backend_abi.h"

extern "C" {

TENON_API const tenon::Backend* tenon_backend() {
  using namespace tenon;
  static const Backend table = [] {
    sim::start();
    Backend t{};
    t.abi = kBackendAbi;
    // Tests may have it say another one.
    const char* version = std::getenv("TENON_SIM_VERSION");
    t.version = version && *version ? version : TENON_VERSION;
    t.name = "cuda";
    t.device_count = []() noexcept { return sim::kDevices; };
    t.last_error = [](int, Failure* out) noexcept { sim::last_error(out); };
    t.properties = &sim::properties;
    t.memory_info = &sim::memory_info;
    t.synchronize = &sim::synchronize;
    t.stream_handle = &sim::stream_handle;
    t.stream_adopt = &sim::stream_adopt;
    t.stream_query = &sim::stream_query;
    t.stream_synchronize = &sim::stream_synchronize;
    t.stream_callback = &sim::stream_callback;
    t.event_create = &sim::event_create;
    t.event_destroy = &sim::event_destroy;
    t.event_record = &sim::event_record;
    t.event_wait = &sim::event_wait;
    t.event_query = &sim::event_query;
    t.event_synchronize = &sim::event_synchronize;
    t.event_elapsed = &sim::event_elapsed;
    t.allocate = &sim::allocate;
    t.free = &sim::free;
    t.record_use = &sim::record_use;
    t.copy = &sim::copy;
    t.pin = &sim::pin;
    t.unpin = &sim::unpin;
    t.memory_statistics = &sim::memory_statistics;
    t.reset_memory_peaks = &sim::reset_memory_peaks;
    t.empty_cache = &sim::empty_cache;
    t.limit_memory = &sim::limit_memory;
    t.device_at = &sim::device_at;
    t.unified_memory = &sim::unified_memory;
    t.allocate_unified = &sim::allocate_unified;
    t.free_unified = &sim::free;
    t.prefetch = &sim::prefetch;
    t.capture_begin = &sim::capture_begin;
    t.capture_end = &sim::capture_end;
    t.capture_of = &sim::capture_of;
    t.graph_replay = &sim::graph_replay;
    t.graph_destroy = &sim::graph_destroy;
    sim::add_operations(t);
    return t;
  }();
  return &table;
}

// 0: to a device, 1: to the host, 2: from one device to the other.
TENON_API std::int64_t tenon_sim_copies(int kind) { return tenon::sim::copies(static_cast<tenon::Copy>(kind)); }
TENON_API void tenon_sim_reset() { tenon::sim::reset_copies(); }
// Bytes that are allocated and not yet freed by the host.
TENON_API std::int64_t tenon_sim_live_bytes(int device) { return tenon::sim::raw_device(device).memory.live_bytes(); }
// Bytes of unified memory that were moved to the host's side (or to the devices') before they were used there.
TENON_API std::int64_t tenon_sim_prefetched(bool to_host) { return tenon::sim::prefetched(to_host); }
// Page-locked bytes of the host.
TENON_API std::int64_t tenon_sim_pinned_bytes() { return tenon::sim::pins().bytes(); }

// So many of the next allocations find no memory.
TENON_API void tenon_sim_fail_allocations(int device, int count) {
  tenon::sim::raw_device(device).injected.allocations = count;
}
// So many of the next launches (and copies) fail: when they are called, or late, when they run.
TENON_API void tenon_sim_fail_launches(int device, int count, bool late) {
  auto& injected = tenon::sim::raw_device(device).injected;
  (late ? injected.late_launches : injected.launches) = count;
}
// The device does nothing any more, until it is given back.
TENON_API void tenon_sim_lose(int device, bool lost) { tenon::sim::raw_device(device).injected.lost = lost; }

// While a stream is held it begins nothing new; it goes on when it is let go.
TENON_API void tenon_sim_hold(int device, int stream, bool hold) {
  tenon::sim::raw_device(device).queue(stream)->hold(hold);
}
// The handle of a stream that another library might have made.
TENON_API std::uintptr_t tenon_sim_foreign_stream(int device) {
  auto& d = tenon::sim::raw_device(device);
  return d.handle(d.add_stream());
}

}  // extern "C"
