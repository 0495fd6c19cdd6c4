#include "backends/cuda/device.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <string>

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
  if (r.code == 0) return;
  Error e{r.out_of_memory ? Status::out_of_memory : Status::failed, {}};
  std::strncpy(e.what, r.text, sizeof e.what - 1);
  e.lost = r.lost;
  throw e;
}

DeviceGuard::DeviceGuard() : before_(g_forked ? -1 : runtime::current_device()) {}
DeviceGuard::~DeviceGuard() {
  if (before_ >= 0 && !g_forked) (void)runtime::use_device(before_);
}

bool forked() { return g_forked; }
Device& raw_device(int index) { return *all()[static_cast<std::size_t>(index)]; }

Device& device(int index) {
  Device& d = raw_device(index);
  if (g_forked)
    fail(Status::failed,
         "it was used before this process was forked; use multiprocessing's 'spawn' start method, or the device in one "
         "of the two processes only");
  if (d.lost()) fail(Status::failed, d.obituary().c_str());
  check(runtime::use_device(index));
  return d;
}

// The lock is held.
Device::Line& Device::line(std::int32_t index) {
  if (streams_.empty()) {
    streams_.resize(kStreams);
    streams_[0].handle = reinterpret_cast<void*>(1);
  }
  if (index < 0 || static_cast<std::size_t>(index) >= streams_.size()) fail(Status::failed, "there is no such stream");
  Line& l = streams_[static_cast<std::size_t>(index)];
  if (!l.handle) check(runtime::stream_create(&l.handle));
  return l;
}

void* Device::stream(std::int32_t index) {
  const std::lock_guard lock(mutex_);
  return line(index).handle;
}

// What is captured does not run, and so breaks nothing.
void* Device::stream_for(std::int32_t index, const char* op) {
  const bool captured = is_captured(index);
  const std::lock_guard lock(mutex_);
  Line& l = line(index);
  if (!captured) l.last[l.given++ % kRemembered] = op;
  return l.handle;
}

bool Device::is_captured(std::int32_t index) {
  if (!memory.any_capture()) return false;
  std::uint64_t id = 0;
  check(runtime::capture_id(stream(index), &id));
  return id != 0;
}

void Device::wait(std::int32_t index) {
  std::uint64_t given;
  void* handle;
  {
    const std::lock_guard lock(mutex_);
    given = line(index).given;
    handle = line(index).handle;
  }
  check(runtime::stream_wait(handle));
  const std::lock_guard lock(mutex_);
  line(index).settled = std::max(line(index).settled, given);
}

void Device::wait() {
  std::vector<std::uint64_t> given;
  {
    const std::lock_guard lock(mutex_);
    for (const Line& l : streams_) given.push_back(l.given);
  }
  check(runtime::device_wait(index_));
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < given.size(); ++i) streams_[i].settled = std::max(streams_[i].settled, given[i]);
}

// The operations that nobody has waited for: "exp", or "one of add, exp".
std::string Device::suspects() const {
  std::vector<const char*> ops;
  bool more = false;
  for (const Line& l : streams_) {
    const std::uint64_t open = std::min(l.given - l.settled, kRemembered);
    more = more || open < l.given - l.settled;
    for (std::uint64_t i = l.given - open; i < l.given; ++i) {
      const char* op = l.last[i % kRemembered];
      const auto same = [op](const char* other) { return std::strcmp(op, other) == 0; };
      if (std::none_of(ops.begin(), ops.end(), same)) ops.push_back(op);
    }
  }
  if (ops.empty()) return "an operation";
  std::string text = ops.size() > 1 || more ? "one of " : "";
  for (std::size_t i = 0; i < ops.size(); ++i) text += (i ? ", " : "") + std::string(ops[i]);
  return more ? text + " or one before" : text;
}

Failure Device::lose(const char* why) {
  const std::lock_guard lock(mutex_);
  const std::string op = suspects();
  if (!lost_) obituary_ = "the device was lost by " + op + " (" + why + "); start a new process to use it";
  lost_ = true;
  Failure f{};
  f.status = Status::failed;
  f.late = true;
  std::strncpy(f.op, op.c_str(), sizeof f.op - 1);
  std::strncpy(f.what, (why + std::string(", and the device is lost to this process")).c_str(), sizeof f.what - 1);
  return f;
}

std::string Device::obituary() {
  const std::lock_guard lock(mutex_);
  return obituary_;
}

std::int32_t Device::adopt(std::uintptr_t handle) {
  if (handle <= 1) return 0;
  const std::lock_guard lock(mutex_);
  line(0);
  void* wanted = reinterpret_cast<void*>(handle);
  for (std::size_t i = 1; i < streams_.size(); ++i)
    if (streams_[i].handle == wanted) return static_cast<std::int32_t>(i);
  if (handle != 2 && !runtime::stream_exists(handle)) return -1;
  streams_.push_back({wanted});
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
