#include "core/unified.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>

#include "core/fork.h"
#include "core/keep.h"
#include "core/launch.h"

namespace tenon {
namespace unified {

std::atomic<int> g_storages{0};

namespace {

// Storages by their first byte. Owned ones do not overlap; those over adopted memory may, and are few.
struct Roll : std::mutex {
  std::map<const char*, Storage*> owned;
  std::vector<Storage*> adopted;
};

Roll& roll() { return held_over_forks<Roll, ForkLevel::memory>(); }

const char* begin_of(const Storage& s) { return static_cast<const char*>(s.data()); }
bool holds(const Storage& s, const void* p) { return p >= begin_of(s) && p < begin_of(s) + s.bytes(); }

}  // namespace

void enroll(Storage* s) {
  Roll& r = roll();
  const std::lock_guard lock(r);
  if (s->kind() == Storage::Kind::owned) r.owned[begin_of(*s)] = s;
  else r.adopted.push_back(s);
  ++g_storages;
}

void strike(Storage* s) {
  Roll& r = roll();
  const std::lock_guard lock(r);
  if (s->kind() == Storage::Kind::owned) r.owned.erase(begin_of(*s));
  else std::erase(r.adopted, s);
  --g_storages;
}

void* allocate(Stream stream, std::int64_t bytes) {
  const Device device{DeviceType::unified, stream.device.index};
  const Backend& b = backend(device);
  if (!b.allocate_unified) errors::no_unified("allocate", device, "its backend has none");
  void* data = nullptr;
  const Status status = b.allocate_unified(stream, std::max<std::int64_t>(bytes, 1), &data);
  if (status == Status::ok) return data;
  if (status == Status::out_of_memory) no_memory_left("allocate", device, bytes);
  if (status == Status::unavailable) errors::no_unified("allocate", device, tenon::unified_memory(device).why);
  launch_failed(status, "allocate", device);
}

void require_adoption(const char* op, Device device) {
  const UnifiedMemory u = tenon::unified_memory(device);
  if (!u.reads_host)
    errors::fail<DeviceError>(op, "copy=False, but ", device, " cannot read memory of the host where it is (", u.why,
                              "); use copy=None, which copies the values into memory that both can read");
}

void Work::touch(const void* p) {
  const auto use = [&](Storage& s) {
    s.note_work(stream_);
    storages_.push_back(&s);
  };
  Roll& r = roll();
  const std::lock_guard lock(r);
  const auto next = r.owned.upper_bound(static_cast<const char*>(p));
  if (next != r.owned.begin() && holds(*std::prev(next)->second, p)) use(*std::prev(next)->second);
  for (Storage* s : r.adopted)
    if (holds(*s, p)) use(*s);
}

bool Work::is_viewed() const {
  return std::any_of(storages_.begin(), storages_.end(), [](const Storage* s) { return s->has_host_view(); });
}

}  // namespace unified

namespace {

// Pages of less move by themselves as fast.
constexpr std::int64_t kWorthMoving = std::int64_t{1} << 20;

constexpr int kMarks = 32;  // the last one stands for all streams from there on

}  // namespace

// Adopted memory is its owner's again: nothing of the device's may be under way in it. What fails is left for the next wait.
void unified::strike_adopted(Storage* s) noexcept {
  unified::strike(s);
  const Device device = s->device();
  const std::uint32_t streams = s->streams();
  const Backend& b = backend(device);
  if (streams >> (kMarks - 1)) return check_later(b.synchronize(device.index), device);
  for (int i = 0; i < kMarks; ++i)
    if (streams >> i & 1) check_later(b.stream_synchronize({device, i}), device);
}

UnifiedMemory unified_memory(Device device) {
  const Backend& b = backend(device);
  UnifiedMemory u{};
  if (b.unified_memory) {
    check(b.unified_memory(device.index, &u), "unified_memory", device);
    return u;
  }
  const std::string_view why = "its backend has none";
  why.copy(u.why, sizeof u.why - 1);
  return u;
}

void Storage::note_work(Stream stream) {
  const int bit = std::min(stream.index, kMarks - 1);
  streams_.fetch_or(std::uint32_t{1} << bit);
  if (bytes_ < kWorthMoving || has_host_view() || !on_host_.exchange(false)) return;
  // It only saves page faults: what goes wrong here shows in the call.
  if (const auto prefetch = backend(device_).prefetch) (void)prefetch(stream, data_, bytes_, false);
}

void Storage::wait_for_device() {
  if (!device_.is_unified()) return;
  const std::uint32_t streams = streams_.load();
  if (streams >> (kMarks - 1)) {
    synchronize(device_);
  } else {
    for (int i = 0; i < kMarks; ++i)
      if (streams >> i & 1) synchronize(Stream{device_, i});
  }
  if (streams && bytes_ >= kWorthMoving && !on_host_.exchange(true))
    if (const auto prefetch = backend(device_).prefetch)
      if (prefetch({device_, stream_}, data_, bytes_, true) == Status::ok) synchronize(Stream{device_, stream_});
  // What backward keeps of these bytes may be written by the host from now on.
  if (saved_.load() && has_host_view()) fingerprint_saved();
}

}  // namespace tenon
