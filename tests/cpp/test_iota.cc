// arange: numbers at equal distances, for every dtype, many lengths and any number of threads.
#include "helpers.h"
#include "tenon/threads.h"

namespace {

using namespace tenon;

TEST(Iota, EveryDtypeHasEachNumber) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (is_bool(d) || is_float8(d)) continue;
    const Tensor t = arange(3, 100, 5, d);
    ASSERT_EQ(t.shape(), Dims{20}) << name(d);
    ASSERT_EQ(t.dtype(), d);
    for (std::int64_t k = 0; k < t.numel(); ++k)
      ASSERT_EQ(t[k].to(DType::float64).item<double>(), static_cast<double>(3 + 5 * k)) << name(d);
  }
}

TEST(Iota, LongOnesAreExactForAnyNumberOfThreads) {
  const int threads = num_threads();
  for (int n : {1, 4}) {
    set_num_threads(n);
    const std::int64_t start = std::int64_t{1} << 60, count = 1'000'003;
    const Tensor whole = arange(start, start + 3 * count, 3);
    ASSERT_EQ(whole.numel(), count);
    for (std::int64_t k = 0; k < count; ++k) ASSERT_EQ(whole.data<std::int64_t>()[k], start + 3 * k) << k;
    const Tensor parts = arange(0, count * 0.1, 0.1, DType::float64);
    for (std::int64_t k = 0; k < parts.numel(); ++k)
      ASSERT_EQ(parts.data<double>()[k], static_cast<double>(k) * 0.1) << k;  // not summed up step by step
  }
  set_num_threads(threads);
}

TEST(Iota, CountsDownAndMayBeEmpty) {
  EXPECT_EQ(test::values(arange(3, 0, -1)), (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(arange(3, 3).shape(), Dims{0});
  EXPECT_EQ(arange(0, 3, -1).shape(), Dims{0});
  EXPECT_THROW(arange(0, 3, 0), ValueError);
}

}  // namespace
