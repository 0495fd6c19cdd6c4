#include "backends/sim/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

namespace tenon::sim {
namespace {

constexpr std::int64_t kAlign = 256;  // as cudaMalloc
constexpr std::int64_t kPage = 4096;
constexpr std::int64_t kOverwriteMost = std::int64_t{1} << 20;
constexpr int kFresh = 0xC7, kFreed = 0xDB;  // as floats: -1e5 and -6e16; as bool: neither 0 nor 1

}  // namespace

void fault(const char* call, const char* what, const void* address, int device) {
  std::fprintf(stderr, "tenon_cudasim: %s: %s at %p is not live memory of cuda:%d; a GPU would fault here\n", call,
               what, address, device);
  std::abort();
}

Memory::Memory() {
  file_ = memfd_create("tenon_cudasim", MFD_CLOEXEC);
  void *device = MAP_FAILED, *alias = MAP_FAILED;
  if (file_ >= 0 && ftruncate(file_, kCapacity) == 0) {
    device = mmap(nullptr, kCapacity, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file_, 0);
    alias = mmap(nullptr, kCapacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_, 0);
  }
  if (device == MAP_FAILED || alias == MAP_FAILED) {
    std::perror("tenon_cudasim: cannot map the device memory");
    std::abort();
  }
  device_ = static_cast<char*>(device);
  delta_ = static_cast<char*>(alias) - device_;
  holes_[0] = kCapacity;
}

void* Memory::allocate(std::int64_t bytes, bool unified) {
  const std::int64_t size = (std::max<std::int64_t>(bytes, 1) + kAlign - 1) / kAlign * kAlign;
  std::lock_guard lock(mutex_);
  if (!unified && statistics_.limit && size > statistics_.limit - statistics_.at(MemoryCount::reserved_bytes).current)
    return nullptr;
  for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
    const auto [offset, room] = *hole;
    if (room < size) continue;
    holes_.erase(hole);
    if (room > size) holes_[offset + size] = room - size;
    const Block& block = taken_[offset] = {size, bytes, true, unified, 0, {}};
    count(block, 1, {MemoryCount::allocation, MemoryCount::segment, MemoryCount::active},
          {MemoryCount::allocated_bytes, MemoryCount::reserved_bytes, MemoryCount::active_bytes});
    if (unified) unified_bytes_ += bytes;
    else statistics_.change(MemoryCount::requested_bytes, MemoryPool::large_pool, bytes), ++statistics_.driver_calls;
    live_bytes_ += bytes;
    // The block is not in use, so the caller's thread may write it.
    std::memset(translate(device_ + offset), kFresh, static_cast<std::size_t>(std::min(size, kOverwriteMost)));
    return unified ? translate(device_ + offset) : device_ + offset;
  }
  return nullptr;
}

void Memory::record_use(void* data, std::int32_t stream) {
  std::lock_guard lock(mutex_);
  const auto block = taken_.find(offset_of(data));
  if (block == taken_.end() || !block->second.live) fault("record_stream", "the block", data, -1);
  auto& streams = block->second.streams;
  if (std::find(streams.begin(), streams.end(), stream) == streams.end()) streams.push_back(stream);
}

std::optional<std::vector<std::int32_t>> Memory::retire(void* data) {
  std::lock_guard lock(mutex_);
  const auto block = taken_.find(offset_of(data));
  if (block == taken_.end() || !block->second.live) fault("free", "the block", data, -1);
  block->second.live = false;
  live_bytes_ -= block->second.used;
  count(block->second, -1, {MemoryCount::allocation}, {MemoryCount::allocated_bytes});
  if (block->second.unified) unified_bytes_ -= block->second.used;
  else statistics_.change(MemoryCount::requested_bytes, MemoryPool::large_pool, -block->second.used);
  if (block->second.holders > 0) return std::nullopt;
  return std::move(block->second.streams);
}

void Memory::hold(Held& held, const void* p) {
  if (!contains(p)) return;
  std::lock_guard lock(mutex_);
  auto block = taken_.upper_bound(static_cast<const char*>(p) - device_);
  if (block == taken_.begin()) return;
  --block;
  if (held.insert(block->first).second) ++block->second.holders;
}

void Memory::let_go(const Held& held) {
  for (const std::int64_t offset : held) {
    bool gone = false;
    {
      std::lock_guard lock(mutex_);
      Block& block = taken_.at(offset);
      gone = --block.holders == 0 && !block.live;
    }
    if (gone) reuse(device_ + offset);
  }
}

void Memory::reuse(void* data) {
  std::lock_guard lock(mutex_);
  const auto block = taken_.find(offset_of(data));
  std::int64_t offset = block->first, size = block->second.size;
  count(block->second, -1, {MemoryCount::segment, MemoryCount::active},
        {MemoryCount::reserved_bytes, MemoryCount::active_bytes});
  if (!block->second.unified) ++statistics_.driver_frees;
  taken_.erase(block);
  if (size <= kOverwriteMost) {
    std::memset(translate(device_ + offset), kFreed, static_cast<std::size_t>(size));
  } else {  // whole pages go back to the system
    const std::int64_t first = (offset + kPage - 1) / kPage * kPage, last = (offset + size) / kPage * kPage;
    if (fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first, last - first) != 0)
      std::perror("tenon_cudasim: fallocate");
  }
  auto next = holes_.lower_bound(offset);
  if (next != holes_.end() && offset + size == next->first) {
    size += next->second;
    next = holes_.erase(next);
  }
  if (next != holes_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  holes_[offset] = size;
}

void Memory::count(const Block& block, int sign, std::initializer_list<MemoryCount> blocks,
                   std::initializer_list<MemoryCount> bytes) {
  if (block.unified) return;  // counted by itself
  for (const MemoryCount c : blocks) statistics_.change(c, MemoryPool::large_pool, sign);
  for (const MemoryCount c : bytes) statistics_.change(c, MemoryPool::large_pool, sign * block.size);
}

MemoryStatistics Memory::statistics() const {
  std::lock_guard lock(mutex_);
  return statistics_;
}
void Memory::reset_peaks() {
  std::lock_guard lock(mutex_);
  statistics_.reset_peaks();
}
void Memory::limit(std::int64_t bytes) {
  std::lock_guard lock(mutex_);
  statistics_.limit = bytes;
}
void Memory::count_retry() {
  std::lock_guard lock(mutex_);
  ++statistics_.retries;
}
void Memory::count_none() {
  std::lock_guard lock(mutex_);
  ++statistics_.out_of_memory;
}

bool Memory::contains(const void* p) const { return p >= device_ && p < device_ + kCapacity; }

bool Memory::is_live(const char* low, const char* high) const {
  const bool unified = is_unified(low);
  if (!contains(low) && !unified) return false;
  if (unified) high = device_address(high - 1) + 1, low = device_address(low);
  std::lock_guard lock(mutex_);
  auto block = taken_.upper_bound(low - device_);
  if (block == taken_.begin()) return false;
  --block;
  return block->second.live && block->second.unified == unified && high - device_ <= block->first + block->second.used;
}

}  // namespace tenon::sim
