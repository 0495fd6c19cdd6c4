// The memory of one device: segments from the driver, cut into blocks, which belong to the stream that they were
// allocated for. A freed block serves that stream again at once, since its work is done in order; with record_use(),
// once the other streams have passed as well.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace tenon::cuda {

struct MemoryStatistics {
  std::int64_t allocated;       // bytes that tensors have
  std::int64_t allocated_peak;
  std::int64_t reserved;        // bytes that the driver has given
  std::int64_t reserved_peak;
  std::int64_t allocations;     // so far
  std::int64_t segments;
  std::int64_t retries;         // times that the driver had none and everything was waited for
};

class Allocator {
 public:
  explicit Allocator(int device) : device_(device) {}

  // Throws Error{out_of_memory} where the driver has none, after waiting for the device, giving back what is unused and
  // asking once more.
  void* allocate(void* stream, std::int64_t bytes);
  void free(void* data);
  // Another stream than its own works with the block.
  void record_use(void* data, void* stream);
  // Gives whole unused segments back to the driver. Waits for the device.
  void trim();
  MemoryStatistics statistics() const;
  // Unused bytes of segments.
  std::int64_t cached() const;

 private:
  struct Block {
    char* data;
    std::int64_t size;  // rounded up
    std::int64_t requested;  // 0: it is free
    void* stream;
    Block *before, *after;  // its neighbours in the segment
    std::vector<void*> used_by;
    std::vector<void*> events;  // of those streams, since it was freed
  };
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const {
      return a->size != b->size ? a->size < b->size : a->data < b->data;
    }
  };
  using Pool = std::set<Block*, Smaller>;

  Pool& pool(void* stream, bool small) { return free_[{stream, small}]; }
  Block* take(void* stream, std::int64_t size);
  Block* add_segment(void* stream, std::int64_t size);
  void put_back(Block* b);
  void join(Block* a, Block* b);
  void collect(bool wait);
  void give_back();
  [[noreturn]] void nothing_left(std::int64_t bytes) const;

  int device_;
  mutable std::mutex mutex_;
  std::map<std::pair<void*, bool>, Pool> free_;
  std::map<void*, std::unique_ptr<Block>> blocks_;  // all, by address
  std::list<Block*> pending_;  // freed, and still used by other streams
  MemoryStatistics statistics_{};
};

}  // namespace tenon::cuda
