// Bytes and who owns them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tenon/devices.h"
#include "tenon/intrusive.h"
#include "tenon/macros.h"

namespace tenon {

// Called once when the last tensor over borrowed bytes is gone, on whichever thread that happens. Must not throw.
using Deleter = void (*)(void* context);

struct SavedTensor;

class TENON_API Storage {
 public:
  enum class Kind : std::uint8_t { owned, borrowed, mapped, shared };

  // Uninitialised bytes, 64-byte aligned on the CPU. A device's belong to its current stream: freed, they serve again
  // when that stream has passed. Throws std::bad_alloc, or on a device OutOfMemoryError or DeviceError.
  static Ref<Storage> allocate(std::int64_t bytes, Device device = kCpu);
  // Bytes that belong to somebody else, kept alive until deleter(context), if there is one, is called with the last
  // reference's end. Throws std::bad_alloc, without calling it. On a unified device the owner may look at them at any
  // time, so that the device's work with them never lasts longer than its call.
  static Ref<Storage> borrow(void* data, std::int64_t bytes, Device device, Deleter deleter, void* context);
  // A file mapped privately: pages are read on demand; writes, where allowed, stay in memory.
  // Throws FileError.
  static Ref<Storage> map_file(const char* path, bool writeable);
  // The same of an open descriptor, which stays the caller's; path is for errors.
  static Ref<Storage> map_file(int descriptor, const char* path, bool writeable);

  // Zeroed memory that other processes can map, too, by its file's descriptor; the file's size is sealed. Storages of
  // less than 1 MB share files. Throws std::bad_alloc, FileError where no descriptors are left.
  static Ref<Storage> share(std::int64_t bytes);
  // The whole file behind a descriptor of share(), of another process. Takes the descriptor, unless it throws
  // ValueError: for what share() has not made.
  static Ref<Storage> attach(int descriptor);
  // Another storage over bytes of the file that this shared one lies in. Throws ValueError for what is not in it.
  Ref<Storage> part(std::int64_t offset, std::int64_t bytes) const;
  // The file's of shared memory, which stays the storage's; -1 for other memory. And where it lies in the file.
  int descriptor() const { return kind_ == Kind::shared ? descriptor_ : -1; }
  std::int64_t offset_in_file() const;

  void* data() const { return data_; }
  std::int64_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  Kind kind() const { return kind_; }
  // Whether its pages are there already: it was in use before, was written to, or is somebody else's.
  bool touched() const { return recycled_ || version() > 0 || kind_ != Kind::owned; }
  // What borrow() was given; identifies the owner.
  void* context() const { return context_; }
  Deleter deleter() const { return deleter_; }

  // Tells a device's memory that another stream than its own uses it, too: it serves again when both have passed.
  // Memory that somebody else owns takes no notice.
  void record_use(Stream stream);

  // Views that live outside tenon (ndarrays, buffers, DLPack capsules). While there is one, the storage's
  // bytes are neither moved nor resized. Whoever adds a host's view of unified memory calls wait_for_device() before
  // anybody looks through it.
  enum class View : std::uint8_t { host, device };
  int exports() const { return exports_.load(); }
  void add_export(View by = View::host) {
    exports_.fetch_add(1);
    if (device_.is_unified()) host_views_.fetch_add(by == View::host ? 1 : 0);
    else if (saved_.load()) fingerprint_saved();
  }
  void drop_export(View by = View::host) {
    if (device_.is_unified()) host_views_.fetch_sub(by == View::host ? 1 : 0);
    exports_.fetch_sub(1, std::memory_order_release);
  }

  // ---- unified memory ----
  // The host knows the address and may look at any time from now on: a view that stays.
  void lend_address() {
    if (device_.is_unified() && !address_lent_.exchange(true)) host_views_.fetch_add(1);
  }
  // While the host has a view, a call that gives the device work with these bytes returns when that is done.
  bool has_host_view() const { return host_views_.load() > 0; }
  // Returns when the device has done all that it was given with these bytes, on all streams. Throws DeviceError or
  // IndexError where some of it failed. Nothing for other memory.
  void wait_for_device();
  // A stream is about to be given work with these bytes.
  void note_work(Stream stream);
  // A bit for each stream that has; the last one for all from there on.
  std::uint32_t streams() const { return streams_.load(); }

  // Page-locks the bytes where they are, for fast copies to and from a device, until unpin() or the storage's end.
  // Storages over the same bytes share the lock. Throws DeviceError in the name of op, with nothing done.
  void pin(const char* op);
  void unpin();
  // Whether all bytes of [data, data + bytes) are page-locked, by any storage.
  static bool is_pinned(const void* data, std::int64_t bytes);

  // Counts writes; saved tensors compare it before they are used in backward.
  std::uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  const char* last_writer() const { return last_writer_.load(std::memory_order_relaxed); }
  void bump_version(const char* op) { set_version(version() + 1, op); }  // writes at the same time may count once
  // What was saved of the storage that this one replaces is out of date, too.
  void replaces(const Storage& other, const char* op) { set_version(other.version() + 1, op); }

  // The tape's saved tensors over these bytes that are not fingerprinted (autograd/guard.cc).
  SavedTensor* saved() const { return saved_.load(); }
  void set_saved(SavedTensor* first) { saved_ = first; }
  void fingerprint_saved();

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    // Whoever holds the last reference needs no atomic subtraction.
    if (refs_.load(std::memory_order_acquire) == 1 || refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  int use_count() const { return refs_.load(std::memory_order_relaxed); }

 private:
  Storage() = default;
  ~Storage() = default;
  void destroy();
  void lie_in(void* file, int descriptor, void* data, std::int64_t bytes);
  void set_version(std::uint32_t version, const char* op) {
    version_.store(version, std::memory_order_relaxed);
    last_writer_.store(op, std::memory_order_relaxed);
  }

  void* data_ = nullptr;
  std::int64_t bytes_ = 0;
  std::atomic<int> refs_{1};
  std::atomic<int> exports_{0};
  std::atomic<SavedTensor*> saved_{nullptr};
  std::atomic<std::uint32_t> version_{0};
  Device device_;
  Kind kind_ = Kind::owned;
  bool recycled_ = false;
  bool pinned_ = false;  // it holds a lock of its own on its bytes
  std::uint8_t size_class_ = 0;  // of the block that holds this header, and small storages' bytes
  std::atomic<const char*> last_writer_{nullptr};
  int descriptor_ = -1;  // of the file under shared memory, which context_ points to
  std::int32_t stream_ = 0;  // that it was allocated for
  Deleter deleter_ = nullptr;
  void* context_ = nullptr;
  // Of unified memory:
  std::atomic<int> host_views_{0};  // exports by which the host looks at it
  std::atomic<std::uint32_t> streams_{0};  // that have worked with it, a bit each
  std::atomic<bool> address_lent_{false};
  std::atomic<bool> on_host_{false};  // the host has used its pages last
};

// The cache of freed CPU blocks.
namespace memory {

struct Stats {
  std::int64_t in_use;  // bytes of owned storages that are alive, rounded up to their blocks
  std::int64_t peak;  // its maximum since the start or reset_peak()
  std::int64_t cached;  // bytes held for reuse
  std::int64_t limit;  // the cap on cached
  std::int64_t hits;  // allocations served from the cache
  std::int64_t misses;  // allocations served by the system
};

TENON_API Stats stats();
// The peak becomes what is in use.
TENON_API void reset_peak();
// Returns every cached block to the system; the number of bytes returned.
TENON_API std::int64_t release();
// Caps the cache; 0 turns it off.
TENON_API void set_limit(std::int64_t bytes);

}  // namespace memory
}  // namespace tenon
