// Copies between the CPU and a device: without a packed copy, and early where the CPU's side is page-locked.
#include "sim.h"

#include <atomic>

namespace {

using namespace tenon;
using test::counting;
using test::hold;
using test::kCuda;
using test::values;

using Transfers = test::SimTest;

TEST_F(Transfers, NeedNoPackedCopy) {
  const Tensor host = counting({1 << 14}).clone();
  Tensor there = empty({1 << 14}, DType::float64, kCuda), back = empty({1 << 14}, DType::float64);
  memory::reset_peak();
  const auto before = memory::stats().peak;
  copy_(there, host);
  copy_(back, there);
  EXPECT_EQ(memory::stats().peak, before);
  EXPECT_EQ(values(back), values(host));
}

TEST_F(Transfers, PinnedBytesTravelWhileTheCallerGoesOn) {
  Tensor host = counting({100}).clone();
  pin_(host);
  hold({kCuda}, true);
  const Tensor there = to(host, {}, kCuda, false, true);  // would wait for ever
  Tensor back = empty({100}, DType::float64);
  pin_(back);
  copy_(back, there, true);
  EXPECT_FALSE(is_done(Stream{kCuda}));
  hold({kCuda}, false);
  synchronize(kCuda);
  EXPECT_EQ(values(back), values(host));
}

TEST_F(Transfers, OthersWait) {
  // Not page-locked, strided or converted: what is returned has arrived, or may be written.
  Tensor host = counting({100}).clone();
  const Tensor there = to(host, {}, kCuda, false, true);
  fill_(host, -1);
  EXPECT_EQ(values(there.to(kCpu)), values(counting({100})));
  pin_(host);
  copy_(host, counting({100}));
  const Tensor converted = to(host, DType::float32, kCuda, false, true),
               strided = to(flip(host), {}, kCuda, false, true);
  fill_(host, -1);
  EXPECT_EQ(values(converted.to(kCpu)), values(counting({100})));
  EXPECT_EQ(values(strided.to(kCpu)), values(flip(counting({100}))));
}

TEST_F(Transfers, TheResultOnTheHostIsPinned) {
  const Tensor there = counting({50}).to(kCuda);
  hold({kCuda}, true);
  const Tensor back = to(there, {}, kCpu, false, true);
  EXPECT_TRUE(is_pinned(back));
  hold({kCuda}, false);
  synchronize(kCuda);
  EXPECT_EQ(values(back), values(counting({50})));
}

TEST_F(Transfers, StoragesStayUntilTheCopyIsDone) {
  static std::atomic<int> freed;
  freed = 0;
  alignas(64) static double bytes[64];
  for (int i = 0; i < 64; ++i) bytes[i] = i;
  Tensor there;
  hold({kCuda}, true);
  {
    Tensor host = from_blob(bytes, {64}, DType::float64, [](void*) { ++freed; }, nullptr);
    pin_(host);
    there = to(host, {}, kCuda, false, true);
  }
  EXPECT_EQ(freed, 0);
  EXPECT_EQ(test::simulator<std::int64_t()>("tenon_sim_pinned_bytes")(), 512);
  hold({kCuda}, false);
  synchronize(kCuda);
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(values(there.to(kCpu))[63], 63);
}

}  // namespace
