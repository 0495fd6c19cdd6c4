// The driver's interface without a device: memory is the host's, a stream is a thread that is late at random (those of
// the simulated device), an event is a mark.
#include "backends/cuda/host/runtime.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "backends/cuda/context.h"
#include "backends/cuda/host/order.h"
#include "backends/cuda/runtime.h"
#include "backends/sim/stream.h"
#include "tenon/macros.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace tenon::cuda {
namespace {

constexpr int kDevices = 2;
constexpr std::int64_t kCapacity = std::int64_t{4} << 30;  // of each device
constexpr std::int64_t kOverwriteMost = std::int64_t{1} << 20;
constexpr int kFresh = 0xC7, kFreed = 0xDB;

std::int64_t environment(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

thread_local int t_device = 0;

struct Driver {
  std::mutex mutex;
  std::vector<std::unique_ptr<sim::Queue>> queues;  // all devices'
  std::map<int, sim::Queue*> defaults;              // by device
  std::map<const sim::Queue*, int> device_of;
  std::map<void*, std::int64_t> blocks;
  std::int64_t used[kDevices] = {};
  std::map<void*, int> home;
  std::atomic<int> refused{0};  // so many of the next allocations find no memory
  std::atomic<int> faulty[kDevices] = {};  // so many of the next kernels break their device when they run
  std::atomic<bool> lost[kDevices] = {};
  pid_t process = getpid();

  sim::Queue* add(int device) {
    queues.push_back(
        std::make_unique<sim::Queue>(static_cast<std::uint64_t>(environment("TENON_SIM_SEED", 1)) + queues.size(),
                                     static_cast<int>(environment("TENON_SIM_DELAY", 200))));
    device_of[queues.back().get()] = device;
    return queues.back().get();
  }
};

// Never destroyed: tensors may outlive static objects. Its threads end with the process.
Driver& driver() {
  static Driver* d = [] {
    static auto* made = new Driver;
    std::atexit([] {
      if (getpid() != made->process) return;
      for (auto& q : made->queues) q->hurry();
      for (auto& q : made->queues) q->stop();
    });
    return made;
  }();
  return *d;
}

// 1 is the default stream of the thread's device.
sim::Queue* queue_of(void* stream) {
  if (reinterpret_cast<std::uintptr_t>(stream) > 2) return static_cast<sim::Queue*>(stream);
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  sim::Queue*& q = d.defaults[t_device];
  if (!q) q = d.add(t_device);
  return q;
}

int device_of(void* stream) {
  if (reinterpret_cast<std::uintptr_t>(stream) <= 2) return t_device;
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  return d.device_of[static_cast<sim::Queue*>(stream)];
}
// As a driver's: nothing works on a device whose kernels broke it.
runtime::Result state(int device) {
  if (!driver().lost[device]) return {};
  return {700, false, "an illegal memory access was encountered", true};
}
runtime::Result state_of(void* stream) { return state(device_of(stream)); }
bool take(std::atomic<int>& left) {
  for (int n = left; n > 0;)
    if (left.compare_exchange_weak(n, n - 1)) return true;
  return false;
}

// A code beside those of the driver that are looked at.
runtime::Result told(const char* why) { return why ? runtime::Result{900, false, why} : runtime::Result{}; }

struct Graph {
  std::shared_ptr<sim::Recording> recording;
  std::shared_ptr<sim::Mark> launches = std::make_shared<sim::Mark>();  // one begins when the one before has ended
};

}  // namespace

void host::give(void* stream, std::function<void()> work) {
  const int device = device_of(stream);
  check(state(device));
  const bool captured = queue_of(stream)->recording() != nullptr;  // it runs with each replay
  const bool breaks = !captured && take(driver().faulty[device]);
  queue_of(stream)->push([work = std::move(work), device, captured, breaks] {
    if (breaks || (captured && take(driver().faulty[device]))) driver().lost[device] = true;
    if (!driver().lost[device]) work();
  });
}
bool host::runs_backwards() { return order() != Order::forward; }

namespace runtime {

const bool kWithLibraries = false;

int device_count() noexcept { return kDevices; }
int current_device() noexcept { return t_device; }
Result use_device(int device) {
  t_device = device;
  return {};
}
Result properties(int, DeviceProperties* out) {
  *out = {};
  std::strncpy(out->name, "tenon's CUDA kernels on the host", sizeof out->name - 1);
  out->total_memory = kCapacity;
  out->multiprocessors = 1;
  return {};
}
Result memory_info(int device, MemoryInfo* out) {
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  *out = {kCapacity - d.used[device], kCapacity};
  return {};
}
Result device_wait(int device) {
  queue_of(reinterpret_cast<void*>(1));
  std::vector<sim::Queue*> all;
  {
    Driver& d = driver();
    const std::lock_guard lock(d.mutex);
    for (const auto& q : d.queues)
      if (d.device_of[q.get()] == device) all.push_back(q.get());
  }
  for (sim::Queue* q : all) q->wait();
  return state(device);
}

Result stream_create(void** stream) {
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  *stream = d.add(t_device);
  return {};
}
Result stream_query(void* stream, bool* done) {
  *done = queue_of(stream)->idle();
  return state_of(stream);
}
Result stream_wait(void* stream) {
  queue_of(stream)->wait();
  return state_of(stream);
}
Result stream_callback(void* stream, void (*f)(void*), void* context) {
  queue_of(stream)->push([f, context] { f(context); });
  return {};
}
bool stream_exists(std::uintptr_t handle) {
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  return d.device_of.contains(reinterpret_cast<const sim::Queue*>(handle));
}

Result event_create(bool timing, void** event) {
  auto* e = new sim::Event;
  e->timing = timing;
  *event = e;
  return {};
}
void event_destroy(void* event) { delete static_cast<sim::Event*>(event); }
Result event_record(void* event, void* stream) {
  return told(static_cast<sim::Event*>(event)->record(*queue_of(stream)));
}
Result event_wait(void* event, void* stream) {
  const bool capturable = reinterpret_cast<std::uintptr_t>(stream) > 2;
  return told(static_cast<sim::Event*>(event)->wait(*queue_of(stream), capturable));
}
Result event_query(void* event, bool* done) {
  *done = static_cast<sim::Event*>(event)->mark->reached();
  return told(static_cast<sim::Event*>(event)->ask());
}
Result event_synchronize(void* event) {
  if (const char* why = static_cast<sim::Event*>(event)->ask()) return told(why);
  auto& mark = static_cast<sim::Event*>(event)->mark;
  mark->wait(mark->recorded());
  return state(t_device);
}
Result event_elapsed(void* from, void* to, float* milliseconds) {
  const auto *a = static_cast<sim::Event*>(from), *b = static_cast<sim::Event*>(to);
  for (const sim::Event* e : {a, b})
    if (const char* why = e->ask()) return told(why);
  if (!a->timing || !b->timing) return {1, false, "the events were made without timing"};
  *milliseconds = static_cast<float>(b->mark->nanoseconds() - a->mark->nanoseconds()) * 1e-6f;
  return {};
}

Result allocate(std::int64_t bytes, void** out) {
  constexpr Result kNone{2, true, "out of memory"};
  Driver& d = driver();
  if (take(d.refused)) return kNone;
  if (const Result r = state(t_device); r.code != 0) return r;
  const std::lock_guard lock(d.mutex);
  if (bytes > kCapacity - d.used[t_device]) return kNone;
  *out = std::aligned_alloc(512, static_cast<std::size_t>((bytes + 511) / 512 * 512));
  if (!*out) return kNone;
  d.blocks[*out] = bytes;
  d.home[*out] = t_device;
  d.used[t_device] += bytes;
  return {};
}
// As cudaFree does, it waits for the device first.
Result release(void* data) {
  Driver& d = driver();
  int device;
  {
    const std::lock_guard lock(d.mutex);
    device = d.home[data];
  }
  (void)device_wait(device);
  const std::lock_guard lock(d.mutex);
  d.used[d.home[data]] -= d.blocks[data];
  d.blocks.erase(data);
  d.home.erase(data);
  std::free(data);
  return {};
}
Result allocate_shared(std::size_t bytes, void** out) {
  *out = std::calloc(1, bytes);
  return *out ? Result{} : Result{2, true, "out of memory"};
}
Result copy(void* stream, const CopyCall& c) {
  if (const Result r = state_of(stream); r.code != 0) return r;
  queue_of(stream)->push(
      [dst = c.dst, src = c.src, n = static_cast<std::size_t>(c.bytes)] { std::memmove(dst, src, n); });
  return {};
}
Result fill_zero(void* stream, void* data, std::int64_t bytes) {
  queue_of(stream)->push([data, n = static_cast<std::size_t>(bytes)] { std::memset(data, 0, n); });
  return {};
}
Result read_back(void* stream, void* host, const void* device, std::int64_t bytes) {
  queue_of(stream)->wait();
  if (const Result r = state_of(stream); r.code != 0) return r;
  std::memcpy(host, device, static_cast<std::size_t>(bytes));
  return {};
}
Result pin(void*, std::int64_t) { return {}; }
Result unpin(void*) { return {}; }
Result device_at(const void* data, int* device) {
  Driver& d = driver();
  const std::lock_guard lock(d.mutex);
  auto block = d.blocks.upper_bound(const_cast<void*>(data));
  *device = -1;
  if (block == d.blocks.begin()) return {};
  --block;
  if (static_cast<const char*>(data) < static_cast<const char*>(block->first) + block->second)
    *device = d.home[block->first];
  return {};
}

// All memory is the host's.
Result unified_memory(int, UnifiedMemory* out) {
  *out = {};
  out->way = UnifiedWay::system;
  out->reads_host = true;
  std::strncpy(out->why, "kernels on the host read its memory", sizeof out->why - 1);
  return {};
}
Result allocate_unified(std::int64_t bytes, void** out) { return allocate(bytes, out); }
Result release_unified(void* data) { return release(data); }
Result prefetch(void* stream, void*, std::int64_t, int, bool) {
  queue_of(stream)->push([] {});
  return state_of(stream);
}

// Fresh memory holds garbage, and what is not given out cannot be touched where a sanitizer watches.
void begin_use(void* stream, void* data, std::int64_t bytes) {
  const auto begin = [data, n = static_cast<std::size_t>(bytes)] {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(data, n);
#endif
    std::memset(data, kFresh, std::min(n, static_cast<std::size_t>(kOverwriteMost)));
  };
  // A captured stream's memory is its graph's alone, and a replay does not begin with garbage.
  if (queue_of(stream)->recording()) begin();
  else queue_of(stream)->push(begin);
}
void end_use(void* stream, void* data, std::int64_t bytes) {
  queue_of(stream)->push_past([data, n = static_cast<std::size_t>(bytes)] {
#if defined(__SANITIZE_ADDRESS__)
    __asan_poison_memory_region(data, n);
#else
    std::memset(data, kFreed, std::min(n, static_cast<std::size_t>(kOverwriteMost)));
#endif
  });
}

Result capture_begin(void* stream) {
  sim::Queue* q = queue_of(stream);
  q->record_into(std::make_shared<sim::Recording>(static_cast<std::uint64_t>(environment("TENON_SIM_SEED", 1))), {});
  return {};
}
Result capture_id(void* stream, std::uint64_t* id) {
  *id = 0;
  if (reinterpret_cast<std::uintptr_t>(stream) > 2)
    *id = reinterpret_cast<std::uintptr_t>(queue_of(stream)->recording().get());
  return {};
}
Result capture_end(void* stream, void** graph) {
  *graph = nullptr;
  sim::Queue* q = queue_of(stream);
  const auto recording = q->recording();
  if (const char* why = recording->end(*q)) return told(why);
  *graph = new Graph{recording};
  return state_of(stream);
}
Result graph_launch(void* graph, void* stream) {
  if (const Result r = state_of(stream); r.code != 0) return r;
  const auto& g = *static_cast<Graph*>(graph);
  queue_of(stream)->push([recording = g.recording, mark = g.launches, generation = g.launches->record()] {
    mark->wait(generation - 1);
    recording->run();
    mark->reach(generation);
  });
  return {};
}
void graph_destroy(void* graph) { delete static_cast<Graph*>(graph); }

Result launch(void*, const void*, unsigned, unsigned, std::size_t, void**) {
  return {1, false, "the host way starts kernels itself"};
}

}  // namespace runtime
}  // namespace tenon::cuda

extern "C" {

// So many of the next allocations of the driver find no memory.
TENON_API void tenon_cudahost_refuse_allocations(int count) { tenon::cuda::driver().refused = count; }
// So many of the next kernels break the device when they run.
TENON_API void tenon_cudahost_break(int device, int count) { tenon::cuda::driver().faulty[device] = count; }
// For stand-ins of libraries: f(a copy of the bytes) in the stream's turn, and in each replay where it is captured.
TENON_API void tenon_cudahost_give(void* stream, void (*f)(void*), const void* bytes, std::size_t n) {
  const auto* from = static_cast<const char*>(bytes);
  tenon::cuda::host::give(stream, [f, copy = std::vector<char>(from, from + n)] {
    std::vector<char> own = copy;
    f(own.data());
  });
}
// While they are held, the streams that there are begin nothing new.
TENON_API void tenon_cudahost_hold(bool on) {
  auto& d = tenon::cuda::driver();
  const std::lock_guard lock(d.mutex);
  for (const auto& q : d.queues) q->hold(on);
}
// The thread's device, as another library of the process sees it.
TENON_API int tenon_cudahost_current_device() { return tenon::cuda::t_device; }
TENON_API void tenon_cudahost_use_device(int device) { tenon::cuda::t_device = device; }

}  // extern "C"
