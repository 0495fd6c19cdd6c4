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
  EXPECT_EQ(a.statistics().segments, 1);
  EXPECT_EQ(a.statistics().allocated, 2048);
  a.free(x);
  EXPECT_EQ(a.allocate(kDefault, 900), x);
  void* other = new_stream();
  void* z = a.allocate(other, 900);
  EXPECT_EQ(a.statistics().segments, 2);
  for (void* p : {x, y, z}) a.free(p);
  EXPECT_EQ(a.statistics().allocated, 0);
  EXPECT_EQ(a.statistics().allocated_peak, 3 * 1024);
  a.trim();
  EXPECT_EQ(a.statistics().reserved, 0);
  EXPECT_EQ(a.statistics().segments, 0);
}

TEST(Allocator, NeighboursBecomeOneBlockAgain) {
  Allocator a(0);
  std::vector<void*> blocks;
  for (int i = 0; i < 4096; ++i) blocks.push_back(a.allocate(kDefault, 512));
  EXPECT_EQ(a.statistics().segments, 1);
  for (int i = 0; i < 4096; i += 2) a.free(blocks[static_cast<std::size_t>(i)]);
  for (int i = 1; i < 4096; i += 2) a.free(blocks[static_cast<std::size_t>(i)]);
  void* whole = a.allocate(kDefault, std::int64_t{1} << 20);
  EXPECT_EQ(a.statistics().segments, 1);
  a.free(whole);
  a.trim();
}

TEST(Allocator, LargeBlocksHaveSegmentsOfTheirOwn) {
  Allocator a(0);
  const std::int64_t megabyte = std::int64_t{1} << 20;
  void* x = a.allocate(kDefault, 5 * megabyte);
  EXPECT_EQ(a.statistics().reserved, 6 * megabyte);
  a.free(x);
  EXPECT_EQ(a.allocate(kDefault, 3 * megabyte), x);  // cut
  void* rest = a.allocate(kDefault, 2 * megabyte);
  EXPECT_EQ(a.statistics().reserved, 6 * megabyte);
  a.free(x);
  a.free(rest);
  a.trim();
  EXPECT_EQ(a.statistics().reserved, 0);
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
  EXPECT_EQ(a.statistics().segments, 1);  // what was unused was given back
  a.free(y);
  tenon_cudahost_refuse_allocations(2);
  try {
    a.allocate(kDefault, std::int64_t{16} << 20);
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.status, Status::out_of_memory);
    EXPECT_EQ(std::string(e.what).find("16777216 bytes were asked for; tensors have 0, the cache 0"), 0u) << e.what;
  }
  EXPECT_THROW(a.allocate(kDefault, std::int64_t{1} << 62), Error);
  void* z = a.allocate(kDefault, 100);
  a.free(z);
  a.trim();
}

}  // namespace
}  // namespace tenon::cuda
