// The caching allocator: blocks serve again, in the order of streams, and a driver without memory is asked again.
#include <atomic>
#include <vector>

#include "cuda.h"

#include "backends/cuda/allocator.h"
#include "backends/cuda/context.h"
#include "backends/cuda/host/runtime.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

void* const kDefault = reinterpret_cast<void*>(1);

std::int64_t now(const Allocator& a, MemoryCount count) { return a.statistics().at(count).current; }
std::int64_t segments(const Allocator& a) { return now(a, MemoryCount::segment); }
std::int64_t reserved(const Allocator& a) { return now(a, MemoryCount::reserved_bytes); }
std::int64_t allocated(const Allocator& a) { return now(a, MemoryCount::allocated_bytes); }

void* new_stream() {
  void* s = nullptr;
  check(runtime::stream_create(&s));
  return s;
}

TEST(Allocator, FreedBlocksServeTheirStreamAgain) {
  Allocator a(0);
  void* x = a.allocate(kDefault, 1000);
  void* y = a.allocate(kDefault, 1000);
  EXPECT_NE(x, y);
  EXPECT_EQ(segments(a), 1);
  EXPECT_EQ(allocated(a), 2048);
  a.free(x);
  EXPECT_EQ(a.allocate(kDefault, 900), x);
  void* other = new_stream();
  void* z = a.allocate(other, 900);
  EXPECT_EQ(segments(a), 2);
  for (void* p : {x, y, z}) a.free(p);
  EXPECT_EQ(allocated(a), 0);
  EXPECT_EQ(a.statistics().at(MemoryCount::allocated_bytes).peak, 3 * 1024);
  a.trim();
  EXPECT_EQ(reserved(a), 0);
  EXPECT_EQ(segments(a), 0);
}

TEST(Allocator, NeighboursBecomeOneBlockAgain) {
  Allocator a(0);
  std::vector<void*> blocks;
  for (int i = 0; i < 4096; ++i) blocks.push_back(a.allocate(kDefault, 512));
  EXPECT_EQ(segments(a), 1);
  for (int i = 0; i < 4096; i += 2) a.free(blocks[static_cast<std::size_t>(i)]);
  for (int i = 1; i < 4096; i += 2) a.free(blocks[static_cast<std::size_t>(i)]);
  void* whole = a.allocate(kDefault, std::int64_t{1} << 20);
  EXPECT_EQ(segments(a), 1);
  a.free(whole);
  a.trim();
}

TEST(Allocator, LargeBlocksHaveSegmentsOfTheirOwn) {
  Allocator a(0);
  const std::int64_t megabyte = std::int64_t{1} << 20;
  void* x = a.allocate(kDefault, 5 * megabyte);
  EXPECT_EQ(reserved(a), 6 * megabyte);
  a.free(x);
  EXPECT_EQ(a.allocate(kDefault, 3 * megabyte), x);  // cut
  void* rest = a.allocate(kDefault, 2 * megabyte);
  EXPECT_EQ(reserved(a), 6 * megabyte);
  a.free(x);
  a.free(rest);
  a.trim();
  EXPECT_EQ(reserved(a), 0);
}

// The block's own stream has passed; the other, which is held up, has not.
TEST(Allocator, OtherStreamsKeepABlock) {
  Allocator a(0);
  void *own = new_stream(), *other = new_stream();
  void* x = a.allocate(own, 1000);
  std::atomic<bool> go{false};
  host::give(other, [&] {
    while (!go) {}
  });
  a.record_use(x, other);
  a.free(x);
  void* y = a.allocate(own, 1000);
  EXPECT_NE(y, x);
  go = true;
  check(runtime::stream_wait(other));
  EXPECT_EQ(a.allocate(own, 1000), x);
  a.free(x);
  a.free(y);
  a.trim();
}

TEST(Allocator, ADriverWithoutMemoryIsAskedAgainOnce) {
  Allocator a(0);
  void* x = a.allocate(kDefault, std::int64_t{4} << 20);
  a.free(x);
  tenon_cudahost_refuse_allocations(1);
  void* y = a.allocate(kDefault, std::int64_t{8} << 20);
  EXPECT_EQ(a.statistics().retries, 1);
  EXPECT_EQ(segments(a), 1);  // what was unused was given back
  a.free(y);
  tenon_cudahost_refuse_allocations(2);
  try {
    a.allocate(kDefault, std::int64_t{16} << 20);
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.status, Status::out_of_memory);
    EXPECT_EQ(e.bytes, std::int64_t{16} << 20);
  }
  EXPECT_THROW(a.allocate(kDefault, std::int64_t{1} << 62), Error);
  EXPECT_EQ(a.statistics().out_of_memory, 2);
  void* z = a.allocate(kDefault, 100);
  a.free(z);
  a.trim();
}

TEST(Allocator, CountsByPool) {
  Allocator a(0);
  const std::int64_t megabyte = std::int64_t{1} << 20;
  void* small = a.allocate(kDefault, 700);
  void* large = a.allocate(kDefault, 3 * megabyte);  // of 4 MB; the rest is a piece of its own
  const auto s = a.statistics();
  EXPECT_EQ(s.at(MemoryCount::allocated_bytes, MemoryPool::small_pool).current, 1024);
  EXPECT_EQ(s.at(MemoryCount::allocated_bytes, MemoryPool::large_pool).current, 3 * megabyte);
  EXPECT_EQ(s.at(MemoryCount::requested_bytes).current, 3 * megabyte + 700);
  EXPECT_EQ(s.at(MemoryCount::inactive_split).current, 2);
  EXPECT_EQ(s.at(MemoryCount::inactive_split_bytes).current, 2 * megabyte - 1024 + megabyte);
  EXPECT_EQ(s.driver_calls, 2);
  a.free(small);
  a.free(large);
  EXPECT_EQ(now(a, MemoryCount::inactive_split), 0);
  EXPECT_EQ(now(a, MemoryCount::active), 0);
  a.reset_peaks();
  EXPECT_EQ(a.statistics().at(MemoryCount::allocated_bytes).peak, 0);
  a.trim();
  EXPECT_EQ(a.statistics().driver_frees, 2);
  EXPECT_EQ(segments(a), 0);
}

// A block of 1 to 2 MB has a segment as large as that of small blocks, which it must not serve.
TEST(Allocator, PoolsDoNotMix) {
  Allocator a(0);
  const std::int64_t half = std::int64_t{3} << 19;
  void* x = a.allocate(kDefault, half);
  a.free(x);
  void* small = a.allocate(kDefault, 100);
  EXPECT_EQ(segments(a), 2);
  EXPECT_EQ(a.allocate(kDefault, half), x);
  a.free(x);
  a.free(small);
  a.trim();
}

TEST(Allocator, ALimitHoldsAndTheCacheGoesFirst) {
  Allocator a(0);
  const std::int64_t megabyte = std::int64_t{1} << 20;
  void* x = a.allocate(kDefault, 4 * megabyte);
  a.limit(6 * megabyte);
  EXPECT_THROW(a.allocate(kDefault, 4 * megabyte), Error);
  EXPECT_EQ(reserved(a), 4 * megabyte);
  a.free(x);
  x = a.allocate(kDefault, 6 * megabyte);
  EXPECT_EQ(reserved(a), 6 * megabyte);
  a.limit(0);
  void* y = a.allocate(kDefault, 20 * megabyte);
  a.free(x);
  a.free(y);
  a.trim();
}

}  // namespace
}  // namespace tenon::cuda
