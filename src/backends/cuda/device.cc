#include "backends/cuda/device.h"

#include <pthread.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <new>

#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

std::atomic<bool> g_forked{false};

// Never destroyed, since tensors may outlive static objects.
std::vector<std::unique_ptr<Device>>& all() {
  static auto* devices = [] {
    auto* d = new std::vector<std::unique_ptr<Device>>;
    for (int i = 0; i < runtime::device_count(); ++i) d->push_back(std::make_unique<Device>(i));
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
    return d;
  }();
  return *devices;
}

}  // namespace

void fail(Status status, const char* what) {
  Error e{status, {}};
  std::strncpy(e.what, what, sizeof e.what - 1);
  throw e;
}

void check(const runtime::Result& r) {
  if (r.code != 0) [[unlikely]]
    fail(r.out_of_memory ? Status::out_of_memory : Status::failed, r.text);
}

bool forked() { return g_forked; }
Device& raw_device(int index) { return *all()[static_cast<std::size_t>(index)]; }

Device& device(int index) {
  Device& d = raw_device(index);
  if (g_forked)
    fail(Status::failed,
         "it was used before this process was forked; use multiprocessing's 'spawn' start method, or the device in one "
         "of the two processes only");
  check(runtime::use_device(index));
  return d;
}

void* Device::stream(std::int32_t index) {
  if (index == 0) return reinterpret_cast<void*>(1);
  const std::lock_guard lock(mutex_);
  if (streams_.empty()) streams_.resize(kStreams);
  if (index < 0 || static_cast<std::size_t>(index) >= streams_.size()) fail(Status::failed, "there is no such stream");
  void*& s = streams_[static_cast<std::size_t>(index)];
  if (!s) check(runtime::stream_create(&s));
  return s;
}

std::int32_t Device::adopt(std::uintptr_t handle) {
  if (handle <= 1) return 0;
  const std::lock_guard lock(mutex_);
  if (streams_.empty()) streams_.resize(kStreams);
  void* wanted = reinterpret_cast<void*>(handle);
  for (std::size_t i = 1; i < streams_.size(); ++i)
    if (streams_[i] == wanted) return static_cast<std::int32_t>(i);
  if (handle != 2 && !runtime::stream_exists(handle)) return -1;
  streams_.push_back(wanted);
  return static_cast<std::int32_t>(streams_.size()) - 1;
}

Fault* Device::fault() {
  const std::lock_guard lock(mutex_);
  if (!fault_) {
    void* data = nullptr;
    check(runtime::allocate_shared(sizeof(Fault), &data));
    fault_ = new (data) Fault{};
  }
  return fault_;
}

void Device::report() {
  const std::lock_guard lock(mutex_);
  if (!fault_ || __atomic_load_n(&fault_->state, __ATOMIC_ACQUIRE) != 2) return;
  Failure f{};
  f.status = Status::bad_index;
  f.late = true;
  std::strncpy(f.op, fault_->op, sizeof f.op - 1);
  f.index = fault_->index;
  f.size = fault_->size;
  f.axis = fault_->axis;
  __atomic_store_n(&fault_->state, 0u, __ATOMIC_RELEASE);
  throw LateFailure{f};
}

Scratch::Scratch(const Context& context, std::int64_t bytes)
    : context_(context), data_(raw_device(context.device).memory.allocate(context.stream, bytes)) {}
Scratch::~Scratch() { raw_device(context_.device).memory.free(data_); }

}  // namespace tenon::cuda
