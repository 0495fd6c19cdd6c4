// The table.
#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include "backends/cuda/device.h"
#include "backends/cuda/graphs.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"
#include "tenon/backend_abi.h"

namespace tenon::cuda {
namespace {

thread_local Failure t_failure{};

Status failed(const char* op, Status status, const char* what, std::int64_t bytes = 0) {
  Failure& f = t_failure = Failure{};
  f.status = status;
  f.size = bytes;
  std::strncpy(f.op, op, sizeof f.op - 1);
  std::strncpy(f.what, what, sizeof f.what - 1);
  return status;
}

// Nothing is thrown across the table.
template <class F>
Status guarded(const char* op, int device, F&& f) noexcept {
  try {
    const DeviceGuard guard;
    return f();
  } catch (const Error& e) {
    if (!e.lost) return failed(op, e.status, e.what, e.bytes);
    t_failure = raw_device(device).lose(e.what);
    return t_failure.status;
  } catch (const LateFailure& l) {
    t_failure = l.failure;
    return l.failure.status;
  } catch (const std::bad_alloc&) {
    return failed(op, Status::out_of_memory, "the host has no memory left");
  } catch (const std::exception& e) { return failed(op, Status::failed, e.what()); }
}

Context context_of(Stream s, const char* op) {
  Device& d = device(s.device.index);
  return {s.device.index, s, d.stream_for(s.index, op), op, d.fault()};
}

// Where the stream is being captured, its graph keeps the memory of the call.
template <class Call>
void hold_operands(Stream s, const Call& call) {
  if (!device(s.device.index).is_captured(s.index)) return;
  Call own = call;
  own.operands([s](const char*, const void* p, const Reach&) { hold_for_capture(s, s.device.index, p); });
}

template <class Call, Status (*F)(const Context&, const Call&)>
Status run(Stream s, const char* op, const Call& call) noexcept {
  return guarded(op, s.device.index, [&] {
    const Context context = context_of(s, op);
    const Status status = F(context, call);
    if (status == Status::ok) hold_operands(s, call);
    if constexpr (requires { Call::waits; })
      if (status == Status::ok) device(s.device.index).report();
    return status;
  });
}

// ---- devices and streams ----

Status properties(int index, DeviceProperties* out) noexcept {
  return guarded("properties", index, [&] {
    device(index);
    check(runtime::properties(index, out));
    out->streams = kStreams;
    return Status::ok;
  });
}
// What the cache holds is free for tensors.
Status memory_info(int index, MemoryInfo* out) noexcept {
  return guarded("memory_info", index, [&] {
    Device& d = device(index);
    check(runtime::memory_info(index, out));
    out->free += d.memory.cached();
    return Status::ok;
  });
}
Status synchronize(int index) noexcept {
  return guarded("synchronize", index, [&] {
    Device& d = device(index);
    d.wait();
    Graph::collect();
    d.report();
    return Status::ok;
  });
}
Status stream_handle(Stream s, std::uintptr_t* out) noexcept {
  return guarded("stream", s.device.index, [&] {
    *out = reinterpret_cast<std::uintptr_t>(device(s.device.index).stream(s.index));
    return Status::ok;
  });
}
Status stream_adopt(int index, std::uintptr_t handle, std::int32_t* out) noexcept {
  return guarded("stream", index, [&] {
    *out = device(index).adopt(handle);
    if (*out < 0) fail(Status::failed, "no stream has this handle");
    return Status::ok;
  });
}
Status stream_query(Stream s, bool* done) noexcept {
  return guarded("query", s.device.index, [&] {
    Device& d = device(s.device.index);
    check(runtime::stream_query(d.stream(s.index), done));
    if (*done) d.report();
    return Status::ok;
  });
}
Status stream_synchronize(Stream s) noexcept {
  return guarded("synchronize", s.device.index, [&] {
    Device& d = device(s.device.index);
    d.wait(s.index);
    Graph::collect();
    d.report();
    return Status::ok;
  });
}
Status stream_callback(Stream s, void (*f)(void*), void* context) noexcept {
  return guarded("callback", s.device.index, [&] {
    check(runtime::stream_callback(device(s.device.index).stream(s.index), f, context));
    return Status::ok;
  });
}

// ---- events ----

Status event_create(int index, bool timing, void** event) noexcept {
  return guarded("event", index, [&] {
    device(index);
    check(runtime::event_create(timing, event));
    return Status::ok;
  });
}
void event_destroy(int index, void* event) noexcept {
  if (!forked() && !raw_device(index).lost()) runtime::event_destroy(event);
}
Status event_record(void* event, Stream s) noexcept {
  return guarded("record", s.device.index, [&] {
    check(runtime::event_record(event, device(s.device.index).stream(s.index)));
    return Status::ok;
  });
}
Status event_wait(void* event, Stream s) noexcept {
  return guarded("wait", s.device.index, [&] {
    check(runtime::event_wait(event, device(s.device.index).stream(s.index)));
    return Status::ok;
  });
}
Status event_query(int index, void* event, bool* done) noexcept {
  return guarded("query", index, [&] {
    Device& d = device(index);
    check(runtime::event_query(event, done));
    if (*done) d.report();
    return Status::ok;
  });
}
Status event_synchronize(int index, void* event) noexcept {
  return guarded("synchronize", index, [&] {
    Device& d = device(index);
    check(runtime::event_synchronize(event));
    d.report();
    return Status::ok;
  });
}
Status event_elapsed(int index, void* from, void* to, double* milliseconds) noexcept {
  return guarded("elapsed", index, [&] {
    device(index);
    float ms = 0;
    check(runtime::event_elapsed(from, to, &ms));
    *milliseconds = static_cast<double>(ms);
    return Status::ok;
  });
}

// ---- memory ----

Status allocate(Stream s, std::int64_t bytes, void** out) noexcept {
  return guarded("allocate", s.device.index, [&] {
    Device& d = device(s.device.index);
    Graph::collect();
    *out = d.memory.allocate(d.stream(s.index), bytes);
    return Status::ok;
  });
}
Status free(Stream s, void* data, std::int64_t) noexcept {
  // The memory is the parent's, or gone.
  if (forked() || raw_device(s.device.index).lost()) return Status::ok;
  return guarded("free", s.device.index, [&] {
    device(s.device.index).memory.free(data);
    return Status::ok;
  });
}
Status record_use(Stream s, void* data) noexcept {
  return guarded("record_stream", s.device.index, [&] {
    Device& d = device(s.device.index);
    if (!d.memory.record_use(data, d.stream(s.index))) d.unified.record_use(data, d.stream(s.index));
    return Status::ok;
  });
}
Status copy(Stream s, const char* op, const CopyCall& call) noexcept {
  return guarded(op, s.device.index, [&] {
    Device& d = device(s.device.index);
    check(runtime::copy(d.stream_for(s.index, op), call));
    if (call.kind != Copy::to_device) hold_for_capture(s, call.src_device, call.src);
    if (call.kind != Copy::to_host) hold_for_capture(s, call.dst_device, call.dst);
    if (call.asynchronous) return Status::ok;
    d.wait(s.index);
    d.report();
    return Status::ok;
  });
}
Status pin(void* data, std::int64_t bytes) noexcept {
  return runtime::pin(data, bytes).code == 0 ? Status::ok : Status::unavailable;
}
Status unpin(void* data) noexcept {
  if (!forked()) (void)runtime::unpin(data);
  return Status::ok;
}
Status memory_statistics(int index, MemoryStatistics* out) noexcept {
  return guarded("memory_stats", index, [&] {
    *out = device(index).memory.statistics();
    return Status::ok;
  });
}
Status reset_memory_peaks(int index) noexcept {
  return guarded("reset_peak_memory_stats", index, [&] {
    device(index).memory.reset_peaks();
    return Status::ok;
  });
}
Status empty_cache(int index) noexcept {
  return guarded("empty_cache", index, [&] {
    Device& d = device(index);
    d.wait();
    Graph::collect();
    d.memory.trim();
    d.unified.trim();
    d.report();
    return Status::ok;
  });
}
Status limit_memory(int index, std::int64_t bytes) noexcept {
  return guarded("set_per_process_memory_fraction", index, [&] {
    device(index).memory.limit(bytes);
    return Status::ok;
  });
}
Status device_at(const void* data, int* out) noexcept {
  return guarded("device_at", 0, [&] {
    device(0);
    check(runtime::device_at(data, out));
    return Status::ok;
  });
}

// ---- unified memory ----

Status unified_memory(int index, UnifiedMemory* out) noexcept {
  return guarded("unified_memory", index, [&] {
    const Device& d = device(index);
    check(runtime::unified_memory(index, out));
    const MemoryStatistics s = d.unified.statistics();
    out->allocated = s.at(MemoryCount::allocated_bytes).current;
    out->reserved = s.at(MemoryCount::reserved_bytes).current;
    return Status::ok;
  });
}
Status allocate_unified(Stream s, std::int64_t bytes, void** out) noexcept {
  return guarded("allocate", s.device.index, [&] {
    Device& d = device(s.device.index);
    UnifiedMemory u;
    check(runtime::unified_memory(s.device.index, &u));
    if (u.way == UnifiedWay::none) return Status::unavailable;
    *out = d.unified.allocate(d.stream(s.index), bytes);
    return Status::ok;
  });
}
Status free_unified(Stream s, void* data, std::int64_t) noexcept {
  if (forked() || raw_device(s.device.index).lost()) return Status::ok;
  return guarded("free", s.device.index, [&] {
    device(s.device.index).unified.free(data);
    return Status::ok;
  });
}
Status prefetch(Stream s, void* data, std::int64_t bytes, bool to_host) noexcept {
  return guarded("prefetch", s.device.index, [&] {
    Device& d = device(s.device.index);
    check(runtime::prefetch(d.stream_for(s.index, "prefetch"), data, bytes, s.device.index, to_host));
    return Status::ok;
  });
}

// ---- graphs ----

Status capture_begin(Stream s, void** graph) noexcept {
  return guarded("capture_begin", s.device.index, [&] {
    device(s.device.index);
    *graph = new Graph(s);
    return Status::ok;
  });
}
Status capture_end(void* graph) noexcept {
  auto& g = *static_cast<Graph*>(graph);
  return guarded("capture_end", g.device(), [&] {
    device(g.device());
    g.end();
    return Status::ok;
  });
}
Status capture_of(Stream s, void** graph) noexcept {
  return guarded("capture", s.device.index, [&] {
    *graph = Graph::of(s);
    return Status::ok;
  });
}
Status graph_replay(Stream s, void* graph) noexcept {
  return guarded("replay", s.device.index, [&] {
    device(s.device.index);
    static_cast<Graph*>(graph)->replay(s.index);
    return Status::ok;
  });
}
void graph_destroy(void* graph) noexcept {
  auto* g = static_cast<Graph*>(graph);
  if (forked()) return;
  (void)guarded("reset", g->device(), [&] {
    Graph::destroy(g);
    return Status::ok;
  });
}

// What has no kernel yet is null, and so the one error that names the operation.
Backend made() {
  Backend t{};
  t.abi = kBackendAbi;
  t.version = TENON_VERSION;
  t.name = "cuda";
  t.device_count = &runtime::device_count;
  t.last_error = [](int, Failure* out) noexcept { *out = t_failure; };
  t.properties = &properties;
  t.memory_info = &memory_info;
  t.synchronize = &synchronize;
  t.stream_handle = &stream_handle;
  t.stream_adopt = &stream_adopt;
  t.stream_query = &stream_query;
  t.stream_synchronize = &stream_synchronize;
  t.stream_callback = &stream_callback;
  t.event_create = &event_create;
  t.event_destroy = &event_destroy;
  t.event_record = &event_record;
  t.event_wait = &event_wait;
  t.event_query = &event_query;
  t.event_synchronize = &event_synchronize;
  t.event_elapsed = &event_elapsed;
  t.allocate = &allocate;
  t.free = &free;
  t.record_use = &record_use;
  t.copy = &copy;
  t.pin = &pin;
  t.unpin = &unpin;
  t.memory_statistics = &memory_statistics;
  t.reset_memory_peaks = &reset_memory_peaks;
  t.empty_cache = &empty_cache;
  t.limit_memory = &limit_memory;
  t.device_at = &device_at;
  t.unified_memory = &unified_memory;
  t.allocate_unified = &allocate_unified;
  t.free_unified = &free_unified;
  t.prefetch = &prefetch;
  t.capture_begin = &capture_begin;
  t.capture_end = &capture_end;
  t.capture_of = &capture_of;
  t.graph_replay = &graph_replay;
  t.graph_destroy = &graph_destroy;
  t.elementwise = &run<ElementwiseCall, &elementwise>;
  t.program = &run<ProgramCall, &program>;
  t.reduce = &run<ReduceCall, &reduce>;
  t.scan = &run<ScanCall, &scan>;
  t.softmax = &run<SoftmaxCall, &softmax>;
  t.matmul = &run<MatmulCall, &matmul>;
  t.index = &run<IndexCall, &index>;
  t.count_true = &run<CountTrueCall, &count_true>;
  t.true_positions = &run<TruePositionsCall, &true_positions>;
  t.masked = &run<MaskedCall, &masked>;
  t.random = &run<RandomCall, &random>;
  t.iota = &run<IotaCall, &iota>;
  t.sort = &run<SortCall, &sort>;
  t.select = &run<SelectCall, &select>;
  t.convolution = &run<ConvolutionCall, &convolution>;
  t.pool = &run<PoolCall, &pool>;
  t.attention = &run<AttentionCall, &attention>;
  t.normalization = &run<NormalizationCall, &normalization>;
  t.recurrent = &run<RecurrentCall, &recurrent>;
  t.ctc = &run<CtcCall, &ctc>;
  return t;
}

}  // namespace
}  // namespace tenon::cuda

extern "C" {

TENON_API const tenon::Backend* tenon_backend() {
  static const tenon::Backend table = tenon::cuda::made();
  return &table;
}
}  // extern "C"
