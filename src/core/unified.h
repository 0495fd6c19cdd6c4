// Unified memory: which storages a call works with, and who waits for it (docs/design.md, "One memory").
#pragma once

#include <atomic>
#include <vector>

#include "core/errors.h"
#include "tenon/storage.h"

namespace tenon::unified {

extern std::atomic<int> g_storages;  // how many there are
inline bool any() { return g_storages.load(std::memory_order_relaxed) > 0; }

// For Storage: where one lies, from its start to its end. The same bytes may be those of several.
void enroll(Storage* s);
void strike(Storage* s);
void strike_adopted(Storage* s) noexcept;  // waits

// Memory of the device's current stream. Throws OutOfMemoryError, or DeviceError where there is none that the host reads.
void* allocate(Stream stream, std::int64_t bytes);
// Whether the device can work with memory of the host's where it is. Throws DeviceError, in the name of op, if not.
void require_adoption(const char* op, Device device);

// What a call does to unified storages. Made before it is launched, asked afterwards. Both threads of a race between a
// launch and a new view notice it: the launch notes its stream, then looks for views; the view counts, then looks for
// streams.
class Work {
 public:
  explicit Work(Stream stream) : stream_(stream) {}
  // One of its operands lies here, wherever that is.
  void touch(const void* p);
  bool is_any() const { return !storages_.empty(); }
  // Whether the host looks at one of them.
  bool is_viewed() const;

 private:
  Stream stream_;
  std::vector<const Storage*> storages_;  // which the caller's tensors keep alive
};

}  // namespace tenon::unified

namespace tenon::errors {
// (errors.cc)
[[noreturn]] void unified_in_capture(Str op);
}  // namespace tenon::errors
