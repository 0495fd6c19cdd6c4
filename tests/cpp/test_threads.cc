// Operations that many threads run at once, with pools of any size.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "backends/cpu/parallel.h"
#include "helpers.h"
#include "tenon/tenon.h"

namespace tenon {
namespace {

// A few parallel regions, one behind the other.
double work(const Tensor& x) { return sum(add(mul(x, 3), exp(x))).item<double>(); }

TEST(Threads, AnyNumberGivesTheSameBits) {
  const Tensor x = sin(arange(0, 300'000, 1, DType::float32));
  set_num_threads(1);
  const double expected = work(x);
  for (int n : {2, 3, 8, 17}) {
    set_num_threads(n);
    EXPECT_EQ(num_threads(), n);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(work(x), expected) << n << " threads";
  }
  set_num_threads(0);
}

// Elements are cut at cache lines, but a few long lines are shared out one by one.
TEST(Threads, FewItemsMakeManyPieces) {
  set_num_threads(4);
  for (std::int64_t grain : {1, 3, 64, 1000}) {
    std::vector<std::atomic<int>> seen(10'000);
    std::atomic<std::int64_t> pieces = 0, longest = 0;
    const std::int64_t n = grain == 1 ? 8 : 10'000;
    cpu::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
      ++pieces;
      if (end - begin > longest) longest = end - begin;
      for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      EXPECT_EQ(begin % std::min<std::int64_t>(grain, 64), 0);
    });
    EXPECT_GE(pieces, 8) << grain;
    for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], 1) << i;
    EXPECT_TRUE(grain > 1 || longest == 1);
  }
  set_num_threads(0);
}

TEST(Threads, ManyCallersShareThePool) {
  const Tensor x = sin(arange(0, 300'000, 1, DType::float32));
  set_num_threads(4);
  const double expected = work(x);
  std::vector<std::thread> callers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 6; ++i)
    callers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) wrong += work(x) != expected;
    });
  for (std::thread& t : callers) t.join();
  set_num_threads(0);
  EXPECT_EQ(wrong, 0);
}

// An error in a piece reaches the caller, and the pool goes on working.
TEST(Threads, AnErrorInAPieceReachesTheCaller) {
  set_num_threads(4);
  const Tensor x = arange(0, 300'000, 1, DType::int64);
  const Tensor zero = zeros({300'000}, DType::int64);
  for (int i = 0; i < 5; ++i) EXPECT_THROW(index_select(x, 0, sub(zero, 300'001)), IndexError);
  EXPECT_EQ(work(zeros({300'000})), 300'000.0);
  set_num_threads(0);
}

}  // namespace
}  // namespace tenon
