// Order statistics, against sorting.
#include <cmath>

#include "helpers.h"
#include "rows.h"
#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/threads.h"

namespace tenon {
namespace {

using namespace rows;

template <class T>
void expect_ranks(const Tensor& t, const Dims& ranks) {
  const Tensor got = order_statistics(t, ranks), sorted = sort(t);
  const std::int64_t n = t.shape().back(), rows = t.numel() / n;
  ASSERT_EQ(got.numel(), rows * ranks.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* s = sorted.data<T>() + r * n;
    for (int k = 0; k < ranks.size(); ++k) {
      const T want = s[n - 1] == s[n - 1] ? s[ranks[k]] : s[n - 1], have = got.data<T>()[r * ranks.size() + k];
      ASSERT_TRUE(!comes_before(want, have) && !comes_before(have, want)) << name(t.dtype()) << n << " " << ranks[k];
    }
  }
}

TEST(Select, NoRanksGiveNothing) {
  EXPECT_EQ(order_statistics(zeros({3}), {}).shape(), Dims{0});
  EXPECT_EQ(order_statistics(zeros({2, 0}), {}).shape(), (Dims{2, 0}));
}

TEST(Select, AreWhatSortingPutsThere) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (is_complex(d)) continue;
    dispatch(d, [&]<class T>() {
      for (std::int64_t n : {20, 1000, 2048, 5000, 300000})
        for (Pattern at : kPatterns) {
          const Tensor t = empty({n < 3000 ? 3 : 1, n}, d);
          fill<T>(t, at, n);
          expect_ranks<T>(t, {0, n / 2, n - 1});
          expect_ranks<T>(t, {1, n / 10, n / 4, n / 4 + 1, n - 3});
        }
    });
  }
}

TEST(Select, OfContinuousNumbersAndEveryRank) {
  const Tensor t = randn({200000}, DType::float64), f = to(t, DType::float32), i = to(mul(t, 1e6), DType::int32);
  for (std::int64_t rank = 0; rank < 200000; rank += 9973) {
    expect_ranks<double>(t, {rank, 199999});
    expect_ranks<float>(f, {rank});
    expect_ranks<std::int32_t>(i, {rank, rank + 1});
  }
  Dims many;
  for (std::int64_t k = 0; k < 40; ++k) many.push_back(k * 5000);
  expect_ranks<double>(t, many);
}

TEST(Select, ANanMakesAllOfItsRowNan) {
  for (std::int64_t n : {10, 3000, 100000})
    for (DType d : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
      const Tensor t = zeros({2, n}, d);
      Tensor one = slice(select(t, 0, 1), 0, n / 2, n / 2 + 1);
      fill_(one, kNan);
      const List got = values(order_statistics(t, {0, n - 1}));
      EXPECT_EQ(got[0], 0);
      EXPECT_EQ(got[1], 0);
      EXPECT_TRUE(std::isnan(got[2]) && std::isnan(got[3])) << name(d) << n;
    }
}

TEST(Select, HaveTheSameBitsForAnyNumberOfThreads) {
  const Tensor t = randn({3'000'000}, DType::float32);
  const int threads = num_threads();
  set_num_threads(1);
  const List one = values(order_statistics(t, {7, 1'500'000, 2'999'000})), sorted = values(sort(t));
  set_num_threads(4);
  EXPECT_EQ(values(order_statistics(t, {7, 1'500'000, 2'999'000})), one);
  EXPECT_EQ(values(sort(t)), sorted);
  set_num_threads(threads);
}

TEST(Select, ErrorsAndGradient) {
  Tensor t = of({3, 1, 2});
  EXPECT_THROW(order_statistics(t, {3}), IndexError);
  EXPECT_THROW(order_statistics(t, {-1}), IndexError);
  EXPECT_THROW(order_statistics(t, {1, 1}), IndexError);
  EXPECT_THROW(order_statistics(empty({0}, DType::float32), {0}), IndexError);
  EXPECT_EQ(order_statistics(empty({0, 4}, DType::float32), {1, 2}).shape(), (Dims{0, 2}));
  t.set_requires_grad(true);
  const Tensor median = order_statistics(t, {1});
  EXPECT_EQ(median.item<double>(), 2);
  sum(median).backward();
  EXPECT_EQ(values(t.grad()), (List{0, 0, 1}));
}

}  // namespace
}  // namespace tenon
