#include "backends/cuda/allocator.h"

#include <algorithm>
#include <iterator>

#include "backends/cuda/context.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

constexpr std::int64_t kUnit = 512;                            // sizes are multiples of it
constexpr std::int64_t kSmall = std::int64_t{1} << 20;         // up to this, blocks share segments...
constexpr std::int64_t kSmallSegment = std::int64_t{2} << 20;  // ...of this size
constexpr std::int64_t kLargeUnit = std::int64_t{2} << 20;     // segments of large ones are multiples of it
// So many freed blocks may wait for other streams. Then the host waits for them: else a host that runs ahead would ask the
// driver for more and more memory, and each allocation would look at them all.
constexpr std::size_t kMostPending = 1024;

std::int64_t rounded(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }
MemoryPool pool_for(std::int64_t size) { return size <= kSmall ? MemoryPool::small_pool : MemoryPool::large_pool; }

}  // namespace

void* Allocator::allocate(void* stream, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto nothing_left = [&] {
    ++statistics_.out_of_memory;
    throw Error{Status::out_of_memory, {}, bytes};
  };
  if (bytes > (std::int64_t{1} << 62)) nothing_left();
  const std::int64_t size = rounded(std::max<std::int64_t>(bytes, 1), kUnit);
  collect(false);
  const std::uint64_t graph = graph_of(stream);
  Block* b = take(stream, size, graph);
  if (!b) b = add_segment(stream, size, graph);
  if (!b && any_capture()) nothing_left();  // the device cannot be waited for
  if (!b) {
    ++statistics_.retries;
    check(runtime::device_wait(device_));
    collect(true);
    b = take(stream, size, graph);
    if (!b) {
      give_back();
      b = add_segment(stream, size, graph);
    }
    if (!b) nothing_left();
  }
  b->requested = std::max<std::int64_t>(bytes, 1);
  count(MemoryCount::allocation, MemoryCount::allocated_bytes, *b, 1);
  count(MemoryCount::active, MemoryCount::active_bytes, *b, 1);
  statistics_.change(MemoryCount::requested_bytes, b->pool, b->requested);
  runtime::begin_use(stream, b->data, b->requested);
  return b->data;
}

void Allocator::count(MemoryCount blocks, MemoryCount bytes, const Block& b, int sign) {
  statistics_.change(blocks, b.pool, sign);
  statistics_.change(bytes, b.pool, sign * b.size);
}

void Allocator::offer(Block* b) {
  free_[{b->stream, b->pool, b->graph}].insert(b);
  if (b->before || b->after) count(MemoryCount::inactive_split, MemoryCount::inactive_split_bytes, *b, 1);
}

void Allocator::withdraw(Block* b) {
  free_[{b->stream, b->pool, b->graph}].erase(b);
  if (b->before || b->after) count(MemoryCount::inactive_split, MemoryCount::inactive_split_bytes, *b, -1);
}

// The smallest free block that is large enough; what is left of it stays free.
Allocator::Block* Allocator::take(void* stream, std::int64_t size, std::uint64_t graph) {
  const MemoryPool kind = pool_for(size);
  Pool& p = free_[{stream, kind, graph}];
  Block wanted{};
  wanted.size = size;
  const auto found = p.lower_bound(&wanted);
  if (found == p.end()) return nullptr;
  Block* b = *found;
  withdraw(b);
  // A large block is not cut for the last of its bytes, nor taken whole for a fraction of them.
  const std::int64_t rest = b->size - size;
  if (rest >= (kind == MemoryPool::small_pool ? kUnit : kSmall)) {
    auto other = std::make_unique<Block>(Block{b->data + size, rest, 0, stream, kind, graph, b, b->after, {}, {}});
    if (b->after) b->after->before = other.get();
    b->after = other.get();
    b->size = size;
    offer(other.get());
    blocks_[other->data] = std::move(other);
  }
  return b;
}

// Null: the driver has no memory, or the limit forbids it.
Allocator::Block* Allocator::add_segment(void* stream, std::int64_t size, std::uint64_t graph) {
  const MemoryPool kind = pool_for(size);
  const std::int64_t whole = kind == MemoryPool::small_pool ? kSmallSegment : rounded(size, kLargeUnit);
  const std::int64_t reserved = statistics_.at(MemoryCount::reserved_bytes).current;
  if (statistics_.limit && whole > statistics_.limit - reserved) return nullptr;
  void* data = nullptr;
  const runtime::Result r = take_(whole, &data);
  if (r.out_of_memory) return nullptr;
  check(r);
  ++statistics_.driver_calls;
  auto block =
      std::make_unique<Block>(Block{static_cast<char*>(data), whole, 0, stream, kind, graph, nullptr, nullptr, {}, {}});
  count(MemoryCount::segment, MemoryCount::reserved_bytes, *block, 1);
  if (graph == 0) runtime::end_use(stream, data, whole);
  offer(block.get());
  blocks_[data] = std::move(block);
  return take(stream, size, graph);
}

void Allocator::free(void* data) {
  const std::lock_guard lock(mutex_);
  Block* b = blocks_.at(data).get();
  count(MemoryCount::allocation, MemoryCount::allocated_bytes, *b, -1);
  statistics_.change(MemoryCount::requested_bytes, b->pool, -b->requested);
  // What a captured stream works with it is done by the replays; its graph keeps the block until its end.
  for (void* stream : b->used_by)
    if (const std::uint64_t graph = graph_of(stream); graph && held_[graph].insert(b).second) ++b->holders;
  b->parked = b->holders > 0;
  if (b->parked) return;
  for (void* stream : b->used_by) {
    void* event = nullptr;
    check(runtime::event_create(false, &event));
    check(runtime::event_record(event, stream));
    b->events.push_back(event);
  }
  if (b->events.empty()) return put_back(b);
  pending_.push_back(b);
  if (pending_.size() > kMostPending) collect_first();
}

bool Allocator::record_use(void* data, void* stream) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(data);
  if (found == blocks_.end()) return false;
  Block* b = found->second.get();
  if (stream != b->stream && std::find(b->used_by.begin(), b->used_by.end(), stream) == b->used_by.end())
    b->used_by.push_back(stream);
  return true;
}

// Makes it free, as one with its free neighbours.
void Allocator::put_back(Block* b) {
  if (b->graph == 0) runtime::end_use(b->stream, b->data, b->requested);
  count(MemoryCount::active, MemoryCount::active_bytes, *b, -1);
  b->requested = 0;
  const auto is_free = [](const Block* other) { return other && other->requested == 0; };
  if (is_free(b->after)) {
    withdraw(b->after);
    join(b, b->after);
  }
  if (is_free(b->before)) {
    Block* a = b->before;
    withdraw(a);
    join(a, b);
    b = a;
  }
  offer(b);
}

void Allocator::join(Block* a, Block* b) {
  a->size += b->size;
  a->after = b->after;
  if (b->after) b->after->before = a;
  blocks_.erase(b->data);
}

void Allocator::collect(bool wait) {
  std::vector<void*> behind;  // streams that have not passed an earlier block, and so no later one
  for (auto it = pending_.begin(); it != pending_.end();) {
    Block* b = *it;
    bool passed = true;
    for (std::size_t i = 0; i < b->events.size() && passed && !wait; ++i) {
      passed = std::find(behind.begin(), behind.end(), b->used_by[i]) == behind.end();
      if (!passed) continue;
      check(runtime::event_query(b->events[i], &passed));
      if (!passed) behind.push_back(b->used_by[i]);
    }
    if (!passed) {
      ++it;
      continue;
    }
    for (void* event : b->events) runtime::event_destroy(event);
    b->events.clear();
    b->used_by.clear();
    it = pending_.erase(it);
    put_back(b);
  }
}

void Allocator::collect_first() {
  Block* b = pending_.front();
  for (void* event : b->events) check(runtime::event_synchronize(event));
  collect(false);
}

void Allocator::give_back() {
  for (auto& [key, free] : free_) {
    if (key.graph != 0) continue;
    for (auto it = free.begin(); it != free.end();) {
      Block* b = *it++;
      if (b->before || b->after) continue;
      withdraw(b);
      count(MemoryCount::segment, MemoryCount::reserved_bytes, *b, -1);
      ++statistics_.driver_frees;
      check(give_(b->data));
      blocks_.erase(b->data);
    }
  }
}

std::uint64_t Allocator::graph_of(void* stream) const {
  std::uint64_t graph = 0;
  if (any_capture()) check(runtime::capture_id(stream, &graph));
  return graph;
}

Allocator::Block* Allocator::block_at(const void* data) {
  auto found = blocks_.upper_bound(const_cast<void*>(data));
  if (found == blocks_.begin()) return nullptr;
  Block* b = std::prev(found)->second.get();
  return static_cast<const char*>(data) < b->data + b->size ? b : nullptr;
}

// A segment's own blocks come back with it.
void Allocator::hold(std::uint64_t graph, const void* data) {
  const std::lock_guard lock(mutex_);
  Block* b = block_at(data);
  if (b && b->graph != graph && held_[graph].insert(b).second) ++b->holders;
}

void Allocator::end_graph(std::uint64_t graph) {
  const std::lock_guard lock(mutex_);
  std::vector<Block*> parked;
  for (Block* b : held_[graph])
    if (--b->holders == 0 && b->parked) parked.push_back(b);
  held_.erase(graph);
  // What is free of its segments serves their stream from now on.
  for (const auto& [data, b] : blocks_) {
    if (b->graph != graph) continue;
    const bool is_free = b->requested == 0;
    if (is_free) withdraw(b.get());
    b->graph = 0;
    if (!is_free) continue;
    offer(b.get());
    runtime::end_use(b->stream, b->data, b->size);
  }
  std::erase_if(free_, [graph](const auto& pool) { return pool.first.graph == graph; });
  for (Block* b : parked) {
    b->parked = false;
    put_back(b);
  }
}

void Allocator::trim() {
  const std::lock_guard lock(mutex_);
  check(runtime::device_wait(device_));
  collect(true);
  give_back();
}

MemoryStatistics Allocator::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void Allocator::reset_peaks() {
  const std::lock_guard lock(mutex_);
  statistics_.reset_peaks();
}

void Allocator::limit(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  statistics_.limit = bytes;
}

std::int64_t Allocator::cached() const {
  const std::lock_guard lock(mutex_);
  std::int64_t bytes =
      statistics_.at(MemoryCount::reserved_bytes).current - statistics_.at(MemoryCount::allocated_bytes).current;
  for (const auto& [data, b] : blocks_)
    if (b->parked || (b->graph != 0 && b->requested == 0)) bytes -= b->size;  // graphs have them
  return bytes;
}

}  // namespace tenon::cuda
