// The threads of a block as fibers: barriers, shuffles and votes, and what a device would hang at.
#include <numeric>
#include <vector>

#include "cuda.h"

#include "backends/cuda/host/order.h"
#include "backends/cuda/kernel.h"

namespace tenon::cuda {
namespace {

using test::kOrders;

template <class K>
void run(const K& kernel, unsigned blocks = 1) {
  for (unsigned b = 0; b < blocks; ++b) host::run_block(kernel, b, blocks);
}

// Each thread reads what another warp has written.
struct Reverse {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  struct Shared {
    unsigned value[kThreads];
  };
  unsigned* out;
  int rounds;
  void operator()(const Thread& t) const {
    Shared& s = t.shared<Shared>();
    unsigned x = t.thread();
    for (int i = 0; i < rounds; ++i) {
      s.value[t.thread()] = x;
      t.sync();
      x = s.value[kThreads - 1 - t.thread()];
      t.sync();
    }
    out[t.index()] = x;
  }
};

TEST(Block, BarriersOrderWarps) {
  for (const char* order : kOrders) {
    tenon_cudahost_order(order);
    for (const int rounds : {1, 2, 7}) {
      std::vector<unsigned> out(512);
      run(Reverse{out.data(), rounds}, 2);
      for (unsigned i = 0; i < 512; ++i) EXPECT_EQ(out[i], rounds % 2 ? 255 - i % 256 : i % 256) << order << rounds;
    }
  }
}

struct Lanes {
  static constexpr unsigned kThreads = 64;
  static constexpr bool kTogether = true;
  struct Wide {
    double a, b, c, d;
  };
  unsigned *down, *up, *broadcast, *votes;
  double* wide;
  void operator()(const Thread& t) const {
    const unsigned i = t.thread();
    down[i] = t.shuffle_down(i, 3);
    up[i] = t.shuffle_up(i, 3);
    broadcast[i] = t.shuffle(i, 5);
    votes[i] = t.ballot(i % 3 == 0);
    wide[i] = t.shuffle_down(Wide{1, 2, 3, double(i)}, 1).d;
  }
};

TEST(Block, LanesExchangeValues) {
  for (const char* order : kOrders) {
    tenon_cudahost_order(order);
    std::vector<unsigned> down(64), up(64), broadcast(64), votes(64);
    std::vector<double> wide(64);
    run(Lanes{down.data(), up.data(), broadcast.data(), votes.data(), wide.data()});
    for (unsigned i = 0; i < 64; ++i) {
      const unsigned first = i / 32 * 32, lane = i % 32;
      EXPECT_EQ(down[i], lane + 3 < 32 ? i + 3 : i);
      EXPECT_EQ(up[i], lane >= 3 ? i - 3 : i);
      EXPECT_EQ(broadcast[i], first + 5);
      EXPECT_EQ(wide[i], lane < 31 ? i + 1 : i);
      for (unsigned k = 0; k < 32; ++k) EXPECT_EQ(votes[i] >> k & 1, (first + k) % 3 == 0 ? 1u : 0u);
    }
  }
}

// Without its barrier a kernel gives something else, in one of the orders.
struct Racing {
  static constexpr unsigned kThreads = 64;
  static constexpr bool kTogether = true;
  struct Shared {
    unsigned value[kThreads];
  };
  unsigned* out;
  void operator()(const Thread& t) const {
    Shared& s = t.shared<Shared>();
    s.value[t.thread()] = t.thread();
    out[t.thread()] = s.value[63 - t.thread()];
  }
};

TEST(Block, RacesAreSeen) {
  for (const char* order : kOrders) {
    tenon_cudahost_order(order);
    std::vector<unsigned> out(64);
    run(Racing{out.data()});
    unsigned wrong = 0;
    for (unsigned i = 0; i < 64; ++i) wrong += out[i] != 63 - i ? 1 : 0;
    EXPECT_GE(wrong, 32u) << order;
  }
}

struct Leaves {
  static constexpr unsigned kThreads = 64;
  static constexpr bool kTogether = true;
  unsigned from;
  void operator()(const Thread& t) const {
    if (t.thread() >= from) return;
    t.sync();
  }
};

TEST(BlockDeathTest, BarriersThatNotAllReachEndTheProcess) {
  tenon_cudahost_order("forward");
  run(Leaves{64});
  EXPECT_DEATH(run(Leaves{32}), "not all warps of the block come to this barrier");
  EXPECT_DEATH(run(Leaves{50}), "not all threads of the warp wait here");
}

}  // namespace
}  // namespace tenon::cuda
