// What a device's memory is used for, in PyTorch's terms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "tenon/named_enum.h"

namespace tenon {

// Blocks that tensors have; segments that the driver gave; blocks that cannot serve anew yet, be it that a tensor has them or
// that another stream still works with them; unused pieces of segments that are in use otherwise. The same in bytes. Requested:
// what was asked for, before it was rounded up.
#define TENON_MEMORY_COUNTS(X) \
  X(allocation)                \
  X(segment)                   \
  X(active)                    \
  X(inactive_split) X(allocated_bytes) X(reserved_bytes) X(active_bytes) X(inactive_split_bytes) X(requested_bytes)
TENON_NAMED_ENUM(MemoryCount, TENON_MEMORY_COUNTS)

// Small blocks share segments.
#define TENON_MEMORY_POOLS(X) X(all) X(small_pool) X(large_pool)
TENON_NAMED_ENUM(MemoryPool, TENON_MEMORY_POOLS)

struct MemoryTally {
  std::int64_t current, peak;  // now, and the most since the peaks were reset
  std::int64_t allocated, freed;  // in total
};

struct MemoryStatistics {
  MemoryTally tallies[std::size(kMemoryCountNames)][std::size(kMemoryPoolNames)];
  std::int64_t retries;  // times that there was none at first, and everything was waited for
  std::int64_t out_of_memory;  // times that there was none then, either
  std::int64_t driver_calls;  // to allocate
  std::int64_t driver_frees;
  std::int64_t limit;  // the most bytes that may be reserved; 0: no limit

  MemoryTally& at(MemoryCount count, MemoryPool pool = MemoryPool::all) {
    return tallies[static_cast<int>(count)][static_cast<int>(pool)];
  }
  const MemoryTally& at(MemoryCount count, MemoryPool pool = MemoryPool::all) const {
    return tallies[static_cast<int>(count)][static_cast<int>(pool)];
  }
  // For backends. Counts in the pool and in `all`.
  void change(MemoryCount count, MemoryPool pool, std::int64_t by) {
    for (const MemoryPool p : {MemoryPool::all, pool}) {
      MemoryTally& t = at(count, p);
      t.current += by;
      t.peak = std::max(t.peak, t.current);
      (by > 0 ? t.allocated : t.freed) += by > 0 ? by : -by;
    }
  }
  void reset_peaks() {
    for (auto& of_count : tallies)
      for (MemoryTally& t : of_count) t.peak = t.current;
  }
};

}  // namespace tenon
