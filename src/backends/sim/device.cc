#include "backends/sim/device.h"

#include <pthread.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>

namespace tenon::sim {
namespace {

std::array<Sim*, kDevices> g_devices;
std::atomic<bool> g_forked{false};
thread_local Failure t_failure{};

}  // namespace

std::int64_t environment(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

Sim::Sim(int index) : index_(index), queues_(kStreams) {}

Queue* Sim::queue(std::int32_t stream) {
  std::lock_guard lock(mutex_);
  if (stream < 0 || static_cast<std::size_t>(stream) >= queues_.size()) return nullptr;
  auto& q = queues_[static_cast<std::size_t>(stream)];
  if (!q)
    q = std::make_unique<Queue>(static_cast<std::uint64_t>(environment("TENON_SIM_SEED", 1) + 100 * index_ + stream),
                                static_cast<int>(environment("TENON_SIM_DELAY", 200)));
  return q.get();
}

std::int32_t Sim::streams() {
  std::lock_guard lock(mutex_);
  return static_cast<std::int32_t>(queues_.size());
}

std::uintptr_t Sim::handle(std::int32_t stream) { return reinterpret_cast<std::uintptr_t>(queue(stream)); }

std::int32_t Sim::index_of(std::uintptr_t wanted) {
  if (wanted == 2) {
    if (per_thread_ < 0) per_thread_ = add_stream();
    return per_thread_;
  }
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < queues_.size(); ++i)
    if (reinterpret_cast<std::uintptr_t>(queues_[i].get()) == wanted) return static_cast<std::int32_t>(i);
  return -1;
}

std::int32_t Sim::add_stream() {
  std::lock_guard lock(mutex_);
  queues_.emplace_back();
  return static_cast<std::int32_t>(queues_.size()) - 1;
}

void Sim::wait() {
  for (std::int32_t i = 0; i < streams(); ++i) queue(i)->wait();
}

void Sim::hurry() {
  for (auto& q : queues_)
    if (q) q->hurry();
}

void Sim::stop() {
  for (auto& q : queues_)
    if (q) q->stop();
}

void Sim::note(const Failure& failure) {
  std::lock_guard lock(mutex_);
  if (noted_.status != Status::ok) return;
  noted_ = failure;
  noted_.late = true;
}

void Sim::note_launch(const char* op) {
  Failure f{};
  f.status = Status::failed;
  std::strncpy(f.op, op, sizeof f.op - 1);
  std::strncpy(f.what, "the launch failed", sizeof f.what - 1);
  note(f);
}

Status Sim::report() {
  std::unique_lock lock(mutex_);
  if (noted_.status == Status::ok) return Status::ok;
  const Failure f = noted_;
  noted_ = Failure{};
  lock.unlock();
  return fail(f);
}

// Devices are never destroyed, since tensors may outlive static objects; their threads end with the process.
void start() {
  static const bool started = [] {
    for (int i = 0; i < kDevices; ++i) g_devices[static_cast<std::size_t>(i)] = new Sim(i);
    // A worker does not survive a fork, and the locks may have been held.
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
    std::atexit([] {
      if (g_forked) return;
      for (Sim* d : g_devices) d->hurry();
      for (Sim* d : g_devices) d->stop();
    });
    return true;
  }();
  (void)started;
}

bool forked() { return g_forked; }

Sim& raw_device(int device) { return *g_devices[static_cast<std::size_t>(device)]; }

Sim* device_at(const char* op, int device) {
  if (g_forked) {
    fail(op, Status::failed,
         "it was used before this process was forked; use multiprocessing's 'spawn' start method, or the device in one "
         "of the two processes only");
    return nullptr;
  }
  Sim& d = raw_device(device);
  if (!d.injected.lost) return &d;
  fail(op, Status::failed, "the device was lost");
  return nullptr;
}

namespace {

std::string_view unified_setting() {
  const char* text = std::getenv("TENON_SIM_UNIFIED");
  return text && *text ? text : "managed";
}

}  // namespace

UnifiedWay unified_way() {
  for (std::size_t i = 0; i < std::size(kUnifiedWayNames); ++i)
    if (unified_setting() == kUnifiedWayNames[i]) return static_cast<UnifiedWay>(i);
  return UnifiedWay::managed;
}

bool reads_host() { return unified_setting() == "hmm" || unified_setting() == "system"; }

bool is_device_memory(const void* p) {
  for (const Sim* d : g_devices)
    if (d->memory.contains(p) || d->memory.is_unified(p)) return true;
  return false;
}

bool take(std::atomic<int>& left) {
  for (int n = left; n > 0;)
    if (left.compare_exchange_weak(n, n - 1)) return true;
  return false;
}

Status fail(const Failure& failure) {
  t_failure = failure;
  return failure.status;
}

Status fail(const char* op, Status status, const char* what, bool late) {
  Failure f{};
  f.status = status;
  f.late = late;
  std::strncpy(f.op, op, sizeof f.op - 1);
  std::strncpy(f.what, what, sizeof f.what - 1);
  return fail(f);
}

void last_error(Failure* out) { *out = t_failure; }

}  // namespace tenon::sim
