#include "backends/cuda/allocator.h"

#include <algorithm>
#include <cstdio>

#include "backends/cuda/context.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

constexpr std::int64_t kUnit = 512;                            // sizes are multiples of it
constexpr std::int64_t kSmall = std::int64_t{1} << 20;         // up to this, blocks share segments...
constexpr std::int64_t kSmallSegment = std::int64_t{2} << 20;  // ...of this size
constexpr std::int64_t kLargeUnit = std::int64_t{2} << 20;     // segments of large ones are multiples of it

std::int64_t rounded(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

void* Allocator::allocate(void* stream, std::int64_t bytes) {
  if (bytes > (std::int64_t{1} << 62)) nothing_left(bytes);
  const std::int64_t size = rounded(std::max<std::int64_t>(bytes, 1), kUnit);
  const std::lock_guard lock(mutex_);
  collect(false);
  Block* b = take(stream, size);
  if (!b) b = add_segment(stream, size);
  if (!b) {
    ++statistics_.retries;
    check(runtime::device_wait(device_));
    collect(true);
    b = take(stream, size);
    if (!b) {
      give_back();
      b = add_segment(stream, size);
    }
    if (!b) nothing_left(bytes);
  }
  b->requested = std::max<std::int64_t>(bytes, 1);
  ++statistics_.allocations;
  statistics_.allocated += b->size;
  statistics_.allocated_peak = std::max(statistics_.allocated_peak, statistics_.allocated);
  runtime::begin_use(stream, b->data, b->requested);
  return b->data;
}

// The smallest free block that is large enough; what is left of it stays free.
Allocator::Block* Allocator::take(void* stream, std::int64_t size) {
  Pool& p = pool(stream, size <= kSmall);
  Block wanted{};
  wanted.size = size;
  const auto found = p.lower_bound(&wanted);
  if (found == p.end()) return nullptr;
  Block* b = *found;
  // A large block is not cut for the last of its bytes, nor taken whole for a fraction of them.
  const std::int64_t rest = b->size - size;
  p.erase(found);
  if (rest >= (size <= kSmall ? kUnit : kSmall)) {
    auto other = std::make_unique<Block>(Block{b->data + size, rest, 0, stream, b, b->after, {}, {}});
    if (b->after) b->after->before = other.get();
    b->after = other.get();
    b->size = size;
    p.insert(other.get());
    blocks_[other->data] = std::move(other);
  }
  return b;
}

// Null: the driver has no memory.
Allocator::Block* Allocator::add_segment(void* stream, std::int64_t size) {
  const std::int64_t whole = size <= kSmall ? kSmallSegment : rounded(size, kLargeUnit);
  void* data = nullptr;
  const runtime::Result r = runtime::allocate(whole, &data);
  if (r.out_of_memory) return nullptr;
  check(r);
  ++statistics_.segments;
  statistics_.reserved += whole;
  statistics_.reserved_peak = std::max(statistics_.reserved_peak, statistics_.reserved);
  auto block = std::make_unique<Block>(Block{static_cast<char*>(data), whole, 0, stream, nullptr, nullptr, {}, {}});
  runtime::end_use(stream, data, whole);
  pool(stream, size <= kSmall).insert(block.get());
  blocks_[data] = std::move(block);
  return take(stream, size);
}

void Allocator::free(void* data) {
  const std::lock_guard lock(mutex_);
  Block* b = blocks_.at(data).get();
  statistics_.allocated -= b->size;
  for (void* stream : b->used_by) {
    void* event = nullptr;
    check(runtime::event_create(false, &event));
    check(runtime::event_record(event, stream));
    b->events.push_back(event);
  }
  b->used_by.clear();
  if (b->events.empty()) put_back(b);
  else pending_.push_back(b);
}

void Allocator::record_use(void* data, void* stream) {
  const std::lock_guard lock(mutex_);
  Block* b = blocks_.at(data).get();
  if (stream != b->stream && std::find(b->used_by.begin(), b->used_by.end(), stream) == b->used_by.end())
    b->used_by.push_back(stream);
}

// Makes it free, as one with its free neighbours.
void Allocator::put_back(Block* b) {
  runtime::end_use(b->stream, b->data, b->requested);
  b->requested = 0;
  // A segment of small blocks has its own pool, by the size that the segment was asked for.
  const auto is_free = [](const Block* other) { return other && other->requested == 0; };
  std::int64_t segment = b->size;
  for (const Block* x = b->before; x; x = x->before) segment += x->size;
  for (const Block* x = b->after; x; x = x->after) segment += x->size;
  Pool& p = pool(b->stream, segment == kSmallSegment);
  if (is_free(b->after)) {
    p.erase(b->after);
    join(b, b->after);
  }
  if (is_free(b->before)) {
    Block* a = b->before;
    p.erase(a);
    join(a, b);
    b = a;
  }
  p.insert(b);
}

void Allocator::join(Block* a, Block* b) {
  a->size += b->size;
  a->after = b->after;
  if (b->after) b->after->before = a;
  blocks_.erase(b->data);
}

// Blocks that the other streams have passed. The wait must have happened where `wait` says that all have.
void Allocator::collect(bool wait) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    Block* b = *it;
    bool passed = true;
    for (void* event : b->events) {
      bool done = wait;
      if (!wait) check(runtime::event_query(event, &done));
      passed = passed && done;
    }
    if (!passed) {
      ++it;
      continue;
    }
    for (void* event : b->events) runtime::event_destroy(event);
    b->events.clear();
    it = pending_.erase(it);
    put_back(b);
  }
}

void Allocator::give_back() {
  for (auto& [key, free] : free_)
    for (auto it = free.begin(); it != free.end();) {
      Block* b = *it;
      if (b->before || b->after) {
        ++it;
        continue;
      }
      it = free.erase(it);
      statistics_.reserved -= b->size;
      --statistics_.segments;
      check(runtime::release(b->data));
      blocks_.erase(b->data);
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

std::int64_t Allocator::cached() const {
  const std::lock_guard lock(mutex_);
  return statistics_.reserved - statistics_.allocated;
}

void Allocator::nothing_left(std::int64_t bytes) const {
  Error e{Status::out_of_memory, {}};
  MemoryInfo info{};
  (void)runtime::memory_info(device_, &info);
  std::snprintf(e.what, sizeof e.what, "%lld bytes were asked for; tensors have %lld, the cache %lld, the driver %lld",
                static_cast<long long>(bytes), static_cast<long long>(statistics_.allocated),
                static_cast<long long>(statistics_.reserved - statistics_.allocated),
                static_cast<long long>(info.free));
  throw e;
}

}  // namespace tenon::cuda
