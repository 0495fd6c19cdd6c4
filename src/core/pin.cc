// Page-locked host memory: which ranges are, and by how many storages.
#include <iterator>
#include <map>
#include <mutex>

#include "core/fork.h"
#include "core/launch.h"
#include "tenon/storage.h"

namespace tenon {
namespace {

struct Lock {
  const char* end;
  int holders;
};

// A driver locks no byte twice, so a range inside a locked one counts as a holder of that one.
struct Locks : std::mutex {
  std::map<const char*, Lock> by_begin;  // no two overlap

  // The last lock that begins at or before p, or end().
  std::map<const char*, Lock>::iterator before(const char* p) {
    const auto next = by_begin.upper_bound(p);
    return next == by_begin.begin() ? by_begin.end() : std::prev(next);
  }
  // The lock that holds all of [begin, end), or end().
  std::map<const char*, Lock>::iterator around(const char* begin, const char* end) {
    const auto it = before(begin);
    return it != by_begin.end() && end <= it->second.end ? it : by_begin.end();
  }
  bool overlap(const char* begin, const char* end) {
    const auto it = before(begin), next = by_begin.upper_bound(begin);
    return (it != by_begin.end() && begin < it->second.end) || (next != by_begin.end() && next->first < end);
  }
};

Locks& locks() { return held_over_forks<Locks, ForkLevel::memory>(); }

constexpr Device kGpu{DeviceType::cuda, 0};  // locked pages serve all devices

}  // namespace

void Storage::pin(const char* op) {
  if (!device_.is_cpu())
    errors::fail<DeviceError>(op, "only memory of the CPU can be pinned; got a tensor on ", device_);
  const Backend& gpu = backend(kGpu);
  if (!gpu.pin) errors::fail<DeviceError>(op, "not available on ", kGpu);
  const char *begin = static_cast<const char*>(data_), *end = begin + bytes_;
  std::lock_guard guard(locks());
  if (pinned_ || bytes_ == 0) return;
  if (const auto it = locks().around(begin, end); it != locks().by_begin.end()) {
    ++it->second.holders;
  } else if (locks().overlap(begin, end)) {
    errors::fail<DeviceError>(op, "a part of these ", bytes_,
                              " bytes is pinned by another tensor; unpin_() that first");
  } else {
    const auto [lock, added] = locks().by_begin.insert({begin, {end, 1}});
    if (gpu.pin(data_, bytes_) != Status::ok) {
      locks().by_begin.erase(lock);
      errors::fail<DeviceError>(op, "the driver refused to page-lock ", bytes_,
                                " bytes; work without pinning, or raise the limit of locked memory (ulimit -l)");
    }
  }
  pinned_ = true;
}

void Storage::unpin() {
  std::lock_guard guard(locks());
  if (!pinned_) return;
  pinned_ = false;
  const char* begin = static_cast<const char*>(data_);
  const auto it = locks().around(begin, begin + bytes_);
  if (--it->second.holders > 0) return;
  check_later(backend(kGpu).unpin(const_cast<char*>(it->first)), kGpu);
  locks().by_begin.erase(it);
}

bool Storage::is_pinned(const void* data, std::int64_t bytes) {
  const char* begin = static_cast<const char*>(data);
  std::lock_guard guard(locks());
  return bytes > 0 && locks().around(begin, begin + bytes) != locks().by_begin.end();
}

}  // namespace tenon
