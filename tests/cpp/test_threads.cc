// Operations that many threads run at once, with pools of any size.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "backends/cpu/parallel.h"
#include "core/interrupt.h"
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

TEST(Threads, OneThreadTakesPiecesOfLongWork) {
  set_num_threads(1);
  const auto pieces = [](std::int64_t n, std::int64_t grain) {
    std::int64_t count = 0, at = 0;
    cpu::parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_EQ(begin, at);
      at = end;
      ++count;
    });
    EXPECT_EQ(at, n);
    return count;
  };
  EXPECT_EQ(pieces(cpu::kGrain, cpu::kGrain), 1);
  EXPECT_EQ(pieces(4 * cpu::kGrain, cpu::kGrain), 1);
  EXPECT_EQ(pieces(5, 1), 5);  // long rows
  EXPECT_GE(pieces(1000 * cpu::kGrain, cpu::kGrain), 60);
  EXPECT_LE(pieces(1'000'000, 1), 1'000'000 / 64 + 64);
  set_num_threads(0);
}

// Each of these is one call for one thread. The check says no for a while, as if Ctrl-C came later.
TEST(Threads, OneThreadIsInterruptedWithinItsWork) {
  static std::atomic<int> asked;
  set_num_threads(1);
  const Tensor x = arange(0, 8'000'000, 1, DType::float32), i = arange(0, 8'000'000);
  const Tensor row = expand(arange(0, 1000), {60'000, 1000}), m = ones({700, 700}, DType::int64);
  const Tensor c = to(narrow(x, 0, 0, 4'000'000), DType::complex64);
  const std::pair<const char*, std::function<void()>> work[] = {
      {"lgamma", [&] { (void)lgamma(x); }},
      {"var", [&] { (void)var(row, {}, 1); }},
      {"cumsum", [&] { (void)cumsum(x, 0); }},
      {"cumprod", [&] { (void)cumprod(x, 0); }},
      {"sort", [&] { (void)sort(neg(x)); }},
      {"argsort", [&] { (void)argsort(neg(to(x, DType::float64))); }},
      {"sort of complex", [&] { (void)sort(neg(c)); }},
      {"index", [&] { (void)index_select(x, 0, i); }},
      {"matmul", [&] { (void)matmul(m, m); }},
      {"dot", [&] { (void)dot(x, x); }},
      {"softmax", [&] { (void)softmax(x, 0); }},
      {"randn", [&] { (void)randn({8'000'000}); }},
      {"randperm", [&] { (void)randperm(4'000'000); }},
      {"repeat_interleave", [&] { (void)repeat_interleave(x, full({8'000'000}, 1, DType::int64), 0); }},
  };
  for (const auto& [name, call] : work) {
    asked = 0;
    set_interrupt_check([] { return ++asked >= 1; });
    std::this_thread::sleep_for(std::chrono::milliseconds(70));  // it is asked every 50
    EXPECT_THROW(call(), Interrupted) << name;
    EXPECT_EQ(asked, 1) << name;
    set_interrupt_check(nullptr);
    EXPECT_NO_THROW(call()) << name;
  }
  set_num_threads(0);
}

// Who reads a .grad from outside the library, as the binding does, keeps the engine from it.
TEST(Threads, AGradientsMutexIsOneForAll) {
  Tensor w = ones({3});
  w.set_requires_grad(true);
  sum(w).backward();
  std::atomic<bool> added{false};
  std::thread thread;
  {
    const std::lock_guard lock(gradient_mutex(*w.impl()->meta()->gradient()));
    thread = std::thread([&] {
      sum(w).backward();
      added = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(added);
  }
  thread.join();
  EXPECT_EQ(w.grad().sum().item<float>(), 6);
}

}  // namespace
}  // namespace tenon
