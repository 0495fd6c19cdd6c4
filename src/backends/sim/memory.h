// The memory of one simulated device: one set of pages, mapped twice.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "tenon/memory_statistics.h"

namespace tenon::sim {

class Memory {
 public:
  // Pages exist from their first use on, so the size costs nothing.
  static constexpr std::int64_t kCapacity = std::int64_t{4} << 30;

  Memory();

  // Device addresses, which the host can neither read nor write; of unified memory those of the other mapping. Null if
  // there is no room.
  void* allocate(std::int64_t bytes, bool unified = false);
  // Another stream than the one that it was allocated for uses the block.
  void record_use(void* data, std::int32_t stream);
  // The block may no longer be named in calls; the other streams that use it, or nothing where a graph keeps it...
  std::optional<std::vector<std::int32_t>> retire(void* data);
  // ...and once all have passed it serves again.
  void reuse(void* data);
  // Blocks that a graph keeps: freed, they serve nobody until it lets them go.
  using Held = std::set<std::int64_t>;
  // Adds that of the address, if there is one.
  void hold(Held& held, const void* p);
  void let_go(const Held& held);

  // Whether it is a device address.
  bool contains(const void* p) const;
  // Whether it is one of unified memory, which the host reads, too.
  bool is_unified(const void* p) const { return contains(device_address(p)) && !contains(p); }
  // Whether the bytes [low, high) lie in one live block.
  bool is_live(const char* low, const char* high) const;
  std::int64_t live_bytes() const { return live_bytes_.load(std::memory_order_relaxed); }

  std::int64_t unified_bytes() const { return unified_bytes_.load(std::memory_order_relaxed); }

  // There is no cache: a block is a segment of its own. Unified memory is not among them.
  MemoryStatistics statistics() const;
  void reset_peaks();
  // The most bytes of blocks; 0: no limit.
  void limit(std::int64_t bytes);
  // That nothing was found at first, and after a wait.
  void count_retry();
  void count_none();

  // Where the worker finds a device address. What the host can read is there already.
  template <class T>
  T* translate(T* p) const {
    return contains(p) ? reinterpret_cast<T*>(reinterpret_cast<std::intptr_t>(p) + delta_) : p;
  }

 private:
  struct Block;
  const char* device_address(const void* p) const {
    return contains(p) ? static_cast<const char*>(p)
                       : reinterpret_cast<const char*>(reinterpret_cast<std::intptr_t>(p) - delta_);
  }
  std::int64_t offset_of(const void* data) const { return device_address(data) - device_; }
  void count(const Block& block, int sign, std::initializer_list<MemoryCount> blocks,
             std::initializer_list<MemoryCount> bytes);

  struct Block {
    std::int64_t size;  // rounded up
    std::int64_t used;  // what was asked for
    bool live, unified;
    int holders = 0;  // graphs
    std::vector<std::int32_t> streams;  // that use it beside its own
  };
  mutable std::mutex mutex_;
  std::map<std::int64_t, Block> taken_;  // by offset
  std::map<std::int64_t, std::int64_t> holes_;  // offset, size; neighbours are merged
  std::atomic<std::int64_t> live_bytes_{0}, unified_bytes_{0};
  MemoryStatistics statistics_{};
  char* device_ = nullptr;
  std::intptr_t delta_ = 0;
  int file_ = -1;
};

// Reports what a GPU would answer with a fault, and aborts.
[[noreturn]] void fault(const char* call, const char* what, const void* address, int device);

}  // namespace tenon::sim
