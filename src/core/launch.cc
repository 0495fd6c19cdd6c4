#include "core/launch.h"

#include "core/fork.h"
#include "core/interrupt.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace tenon {
namespace {

// The first failure of each device that nobody could be told of yet.
struct Left : std::mutex {
  std::map<int, Failure> by_device;
};
Left& left() { return held_over_forks<Left, ForkLevel::transfer>(); }
std::atomic<bool> g_any_left{false};

[[noreturn]] void raise(const Failure& f, const char* op, Device device) {
  const char* failed = f.op[0] ? f.op : op;
  const bool late = f.late && !waits_after_each_call();
  if (f.status == Status::bad_index)
    errors::index_out_of_range(late ? errors::text(failed, " on ", device) : failed, f.index, f.axis, f.size);
  if (f.status == Status::out_of_memory) {
    if (device.is_cpu()) throw std::bad_alloc();
    no_memory_left(failed, device, f.size);
  }
  errors::device_failed(failed, device, f.what, late);
}

}  // namespace

void launch_failed(Status status, const char* op, Device device) {
  if (device.is_cpu() && take_interrupted()) throw Interrupted();
  Failure f{};
  backend(device).last_error(device.index, &f);
  if (f.status != status) f = Failure{};  // it says nothing about this one
  f.status = status;
  raise(f, op, device);
}

void check_later(Status status, Device device) noexcept {
  if (status == Status::ok) return;
  try {
    Failure f{};
    backend(device).last_error(device.index, &f);
    f.status = status;
    f.late = true;
    Left& l = left();
    const std::lock_guard lock(l);
    l.by_device.emplace(device.index, f);
    g_any_left = true;
  } catch (...) {
    return;  // without memory for it there is no telling
  }
}

void check_left(Device device) {
  if (!g_any_left) return;
  Failure f;
  {
    Left& l = left();
    const std::lock_guard lock(l);
    const auto found = l.by_device.find(device.index);
    if (found == l.by_device.end()) return;
    f = found->second;
    l.by_device.erase(found);
    g_any_left = !l.by_device.empty();
  }
  raise(f, "free", device);
}

bool waits_after_each_call() {
  static const bool on = [] {
    const char* text = std::getenv("TENON_SYNC");
    return text && *text && *text != '0';
  }();
  return on;
}

}  // namespace tenon
