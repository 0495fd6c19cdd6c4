#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "helpers.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

Tensor of(std::vector<double> v, DType dtype = DType::float64) {
  Tensor t = empty(Dims{static_cast<std::int64_t>(v.size())}, DType::float64);
  std::copy(v.begin(), v.end(), t.data<double>());
  return to(t, dtype);
}
std::vector<double> values(const Tensor& t) {
  const Tensor d = contiguous(to(t.detach(), DType::float64));
  return {d.data<double>(), d.data<double>() + d.numel()};
}
using List = std::vector<double>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Sort, OrdersEveryRealDtype) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (is_complex(d) || is_bool(d)) continue;
    EXPECT_EQ(values(sort(of({3, 1, 2, 0}, d))), (List{0, 1, 2, 3})) << name(d);
    EXPECT_EQ(values(sort(of({3, 1, 2, 0}, d), -1, true)), (List{3, 2, 1, 0})) << name(d);
    EXPECT_EQ(values(argsort(of({3, 1, 2, 0}, d))), (List{3, 1, 2, 0})) << name(d);
  }
  EXPECT_EQ(values(sort(of({1, 0, 1}, DType::bool_))), (List{0, 1, 1}));
}

TEST(Sort, NansAreAboveAllNumbers) {
  for (DType d : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
    const Tensor t = of({kNan, kInf, -kInf, 1, kNan, -0.0}, d);
    const List up = values(sort(t)), down = values(sort(t, 0, true));
    EXPECT_EQ(up[0], -kInf);
    EXPECT_EQ(up[3], kInf);
    EXPECT_TRUE(std::isnan(up[4]) && std::isnan(up[5]));
    EXPECT_TRUE(std::isnan(down[0]) && std::isnan(down[1]));
    EXPECT_EQ(down[5], -kInf);
    EXPECT_EQ(values(argsort(t)), (List{2, 5, 3, 1, 0, 4}));
  }
}

TEST(Sort, EqualElementsKeepTheirOrderBothWays) {
  std::vector<double> v(1000);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<double>(i * 7919 % 10);
  std::vector<double> expected(v.size());
  for (bool descending : {false, true}) {
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](double a, double b) {
      const double x = v[static_cast<std::size_t>(a)], y = v[static_cast<std::size_t>(b)];
      return descending ? x > y : x < y;
    });
    EXPECT_EQ(values(argsort(of(v), 0, descending)), expected);
  }
}

// Long rows go another way than short ones.
TEST(Sort, LongRowsOfEveryDtype) {
  constexpr std::int64_t n = 5000;
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (is_complex(d)) continue;
    std::vector<double> v(n);
    for (std::int64_t k = 0; k < n; ++k) {
      const double x = static_cast<double>(k * 7919 % 251) - 120;
      v[static_cast<std::size_t>(k)] = is_floating(d) ? x * 0.5 : kind(d) == Kind::unsigned_integer ? x + 120 : x;
    }
    if (d == DType::float64 || d == DType::float32) {
      v[17] = v[3000] = kNan;
      v[18] = -kInf;
      v[19] = kInf;
      v[20] = -0.0;
      v[21] = 0.0;
    }
    const Tensor t = of(v, d);
    const std::vector<double> had = values(t);  // as the dtype holds them
    std::vector<double> expected(n);
    for (bool descending : {false, true}) {
      std::iota(expected.begin(), expected.end(), 0);
      std::stable_sort(expected.begin(), expected.end(), [&](double a, double b) {
        double x = had[static_cast<std::size_t>(a)], y = had[static_cast<std::size_t>(b)];
        if (descending) std::swap(x, y);
        return x < y || (std::isnan(y) && !std::isnan(x));
      });
      const Sorted s = sort_with_indices(t, 0, descending);
      EXPECT_EQ(values(s.indices), expected) << name(d) << descending;
      const List alone = values(sort(t, 0, descending)), paired = values(s.values);
      for (std::int64_t k = 0; k < n; ++k) {
        const double want = had[static_cast<std::size_t>(expected[static_cast<std::size_t>(k)])];
        const double a = alone[static_cast<std::size_t>(k)], p = paired[static_cast<std::size_t>(k)];
        ASSERT_TRUE((a == want && p == want) || (std::isnan(want) && std::isnan(a) && std::isnan(p))) << name(d) << k;
      }
    }
  }
}

TEST(Sort, ComplexByRealThenImaginaryPart) {
  Tensor t = empty({4}, DType::complex128);
  const double parts[] = {1, 2, 1, -2, 0, 5, kNan, 0};
  std::copy(std::begin(parts), std::end(parts), t.data<double>());
  EXPECT_EQ(values(argsort(t)), (List{2, 1, 0, 3}));
}

TEST(Sort, AlongEveryDimensionOfAnyLayout) {
  Tensor base = empty({4, 6, 5}, DType::float64);
  for (std::int64_t i = 0; i < base.numel(); ++i) base.data<double>()[i] = static_cast<double>(i * 7919 % 127);
  for (const Tensor& t : {base, permute(base, Dims{2, 0, 1}), flip(base), slice(base, 1, 0, 6, 2)}) {
    for (int d = -3; d < 3; ++d) {
      const Sorted s = sort_with_indices(t, d);
      ASSERT_EQ(s.values.shape(), t.shape());
      EXPECT_EQ(values(s.values), values(gather(t, d, s.indices)));
      EXPECT_EQ(values(s.values), values(sort(t, d)));
      const Tensor low = slice(s.values, d, 0, -1), high = slice(s.values, d, 1, std::nullopt);
      EXPECT_TRUE(all(le(low, high)).item<bool>());
      EXPECT_EQ(sum(s.values).item<double>(), sum(t).item<double>());
    }
  }
}

TEST(Sort, EdgesAndErrors) {
  EXPECT_EQ(sort(Tensor::of(3.0)).item<double>(), 3.0);
  EXPECT_EQ(argsort(Tensor::of(3.0)).item<std::int64_t>(), 0);
  EXPECT_EQ(sort(empty({0}, DType::float32)).numel(), 0);
  EXPECT_EQ(sort(empty({3, 0}, DType::float32), 0).shape(), (Dims{3, 0}));
  EXPECT_THROW(sort(of({1, 2}), 1), IndexError);
  const Tensor t = of({2, 1});
  sort(t);
  EXPECT_EQ(values(t), (List{2, 1}));  // the input stays as it is
}

TEST(Sort, GradientGoesBackWithEachElement) {
  Tensor t = of({3, 1, 2});
  t.set_requires_grad(true);
  const Tensor weights = of({10, 20, 30});
  sum(mul(sort(t), weights)).backward();
  EXPECT_EQ(values(t.grad()), (List{30, 10, 20}));
  const Sorted s = sort_with_indices(t, 0, true);
  EXPECT_TRUE(s.values.requires_grad());
  EXPECT_FALSE(s.indices.requires_grad());
}

}  // namespace
}  // namespace tenon
