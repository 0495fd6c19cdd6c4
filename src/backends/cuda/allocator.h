// The memory of one device: segments from the driver, cut into blocks, which belong to the stream that they were
// allocated for. A freed block serves that stream again at once, since its work is done in order; with record_use(),
// once the other streams have passed as well.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "backends/cuda/runtime.h"
#include "tenon/memory_statistics.h"

namespace tenon::cuda {

class Allocator {
 public:
  // Where segments come from and go to.
  using Take = runtime::Result (*)(std::int64_t bytes, void** out);
  using Give = runtime::Result (*)(void* data);
  explicit Allocator(int device, Take take = &runtime::allocate, Give give = &runtime::release)
      : device_(device), take_(take), give_(give) {}

  // Throws Error{out_of_memory} where the driver has none, or the limit forbids it, after waiting for the device, giving
  // back what is unused and asking once more.
  void* allocate(void* stream, std::int64_t bytes);
  void free(void* data);
  // Graphs (by the driver's number of their capture): what is allocated for streams that are being captured comes from
  // segments of the graph's own, and blocks that it holds serve nobody else until end_graph().
  void begin_capture() { ++captures_; }
  void end_capture() { --captures_; }
  bool any_capture() const { return captures_ > 0; }
  // The block at the address, if there is one.
  void hold(std::uint64_t graph, const void* data);
  void end_graph(std::uint64_t graph);
  // Another stream than its own works with the block. False: it is none of these.
  bool record_use(void* data, void* stream);
  // Gives whole unused segments back to the driver. Waits for the device.
  void trim();
  MemoryStatistics statistics() const;
  void reset_peaks();
  // The most bytes of segments; 0: no limit.
  void limit(std::int64_t bytes);
  // Unused bytes of segments.
  std::int64_t cached() const;

 private:
  struct Block {
    char* data;
    std::int64_t size;  // rounded up
    std::int64_t requested;  // 0: it is free
    void* stream;
    MemoryPool pool;  // its segment's
    std::uint64_t graph;  // that has the segment; 0: none
    Block *before, *after;  // its neighbours in the segment
    std::vector<void*> used_by;
    std::vector<void*> events;  // of each of these, since it was freed
    int holders = 0;  // graphs
    bool parked = false;  // it was freed while they held it
  };
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const {
      return a->size != b->size ? a->size < b->size : a->data < b->data;
    }
  };
  using Pool = std::set<Block*, Smaller>;
  struct PoolKey {
    void* stream;
    MemoryPool pool;
    std::uint64_t graph;
    auto operator<=>(const PoolKey&) const = default;
  };

  // That of the capture which the stream belongs to; 0: none.
  std::uint64_t graph_of(void* stream) const;
  Block* block_at(const void* data);
  // Into its pool, and out of it.
  void offer(Block* b);
  void withdraw(Block* b);
  void count(MemoryCount blocks, MemoryCount bytes, const Block& b, int sign);
  Block* take(void* stream, std::int64_t size, std::uint64_t graph);
  Block* add_segment(void* stream, std::int64_t size, std::uint64_t graph);
  void put_back(Block* b);
  void join(Block* a, Block* b);
  // Frees what other streams have passed. wait: all have.
  void collect(bool wait);
  // Waits until the block that was freed first is free.
  void collect_first();
  void give_back();

  int device_;
  Take take_;
  Give give_;
  mutable std::mutex mutex_;
  std::map<PoolKey, Pool> free_;
  std::map<void*, std::unique_ptr<Block>> blocks_;  // all, by address
  std::list<Block*> pending_;  // freed, and still used by other streams
  std::map<std::uint64_t, std::set<Block*>> held_;  // by graph
  std::atomic<int> captures_{0};  // under way
  MemoryStatistics statistics_{};
};

}  // namespace tenon::cuda
