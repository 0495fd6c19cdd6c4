// Sorting along one dimension, against std::stable_sort.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "helpers.h"
#include "rows.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace tenon {
namespace {

using namespace rows;

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
      const ValuesIndices s = sort_with_indices(t, 0, descending);
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
      const ValuesIndices s = sort_with_indices(t, d);
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
  const ValuesIndices s = sort_with_indices(t, 0, true);
  EXPECT_TRUE(s.values.requires_grad());
  EXPECT_FALSE(s.indices.requires_grad());
}

// Against std::stable_sort, element by element.
template <class T>
void expect_sorted(const Tensor& t, bool descending) {
  const T* v = t.data<T>();
  const std::int64_t n = t.shape().back();
  const Tensor alone = sort(t, -1, descending), places = argsort(t, -1, descending);
  const ValuesIndices both = sort_with_indices(t, -1, descending);
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < t.numel() / n; ++r, v += n) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return descending ? comes_before(v[b], v[a]) : comes_before(v[a], v[b]);
    });
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t from = order[static_cast<std::size_t>(i)], at = r * n + i;
      const T got = alone.data<T>()[at], paired = both.values.data<T>()[at];
      ASSERT_EQ(places.data<std::int64_t>()[at], from) << name(t.dtype()) << " n " << n << " at " << i << descending;
      ASSERT_EQ(both.indices.data<std::int64_t>()[at], from);
      ASSERT_TRUE(!comes_before(got, v[from]) && !comes_before(v[from], got)) << name(t.dtype()) << n << " " << i;
      ASSERT_TRUE(!comes_before(paired, v[from]) && !comes_before(v[from], paired));
    }
  }
}

TEST(Sort, PatternsOfEveryLengthAndDtype) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (is_complex(d)) continue;
    dispatch(d, [&]<class T>() {
      for (std::int64_t n : {1, 2, 3, 15, 16, 17, 63, 64, 65, 129, 255, 257, 1000, 17000})
        for (Pattern at : kPatterns) {
          const Tensor t = empty({n < 300 ? 3 : 1, n}, d);
          fill<T>(t, at, n);
          expect_sorted<T>(t, false);
          expect_sorted<T>(t, true);
        }
    });
  }
}

template <class T>
void expect_every_length() {
  for (std::int64_t n = 1; n <= 520; ++n)
    for (std::int64_t distinct : {3, 1009}) {
      const Tensor t = empty({2, n}, dtype_of<T>);
      for (std::int64_t i = 0; i < 2 * n; ++i) {
        const std::int64_t row = i / n;
        t.data<T>()[i] = static_cast<T>(i * 7919 % distinct - row);
      }
      const Tensor sorted = sort(t);
      for (std::int64_t r = 0; r < 2; ++r) {
        T* row = t.data<T>() + r * n;
        std::sort(row, row + n);
        ASSERT_TRUE(std::equal(row, row + n, sorted.data<T>() + r * n))
            << name(t.dtype()) << " n " << n << " row " << r;
      }
    }
}

// Networks take whole vectors: lengths around each of their sizes, with another row behind.
TEST(Sort, EveryLengthUpToTwoNetworks) {
  expect_every_length<std::int32_t>();
  expect_every_length<std::int64_t>();
  expect_every_length<float>();
  expect_every_length<double>();
}

template <class T>
void expect_extremes() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {Limits::max(), Limits::lowest(), T(0), T(1), T(-1), Limits::max(), Limits::min()};
  if constexpr (std::is_floating_point_v<T>)
    for (T v : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(), T(-0.0),
                Limits::denorm_min(), -Limits::denorm_min()})
      values.push_back(v);
  for (std::int64_t n : {7, 200, 3000, 70000}) {
    const Tensor t = empty({n}, dtype_of<T>);
    std::uint64_t state = 1;
    for (std::int64_t i = 0; i < n; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      t.data<T>()[i] = values[(state >> 33) % values.size()];
    }
    expect_sorted<T>(t, false);
    expect_sorted<T>(t, true);
  }
}

TEST(Sort, ExtremeValues) {
  expect_extremes<std::int32_t>();
  expect_extremes<std::uint32_t>();
  expect_extremes<std::int64_t>();
  expect_extremes<std::uint64_t>();
  expect_extremes<float>();
  expect_extremes<double>();
}

// Indices of 64-bit numbers are ordered by the upper 32 bits of their range first.
TEST(Sort, NumbersThatDifferInTheirLastBitsOnly) {
  const std::int64_t n = 5000;
  for (std::int64_t outlier : {INT64_C(0), INT64_C(1) << 40, INT64_MAX}) {
    const Tensor t = empty({n}, DType::int64), x = empty({n}, DType::float64);
    for (std::int64_t i = 0; i < n; ++i) {
      t.data<std::int64_t>()[i] = i == 77 ? -outlier : i * 7919 % 1009;
      x.data<double>()[i] = i == 77 ? -static_cast<double>(outlier) : 1 + std::ldexp(i * 7919 % 1009, -52);
    }
    expect_sorted<std::int64_t>(t, false);
    expect_sorted<std::int64_t>(t, true);
    expect_sorted<double>(x, false);
    expect_sorted<double>(x, true);
  }
}

TEST(Sort, ZerosAreEqualAndAllNansToo) {
  const Tensor t = of({0.0, -0.0, kNan, -0.0, std::copysign(kNan, -1.0), 0.0}, DType::float32);
  EXPECT_EQ(values(argsort(t)), (List{0, 1, 3, 5, 2, 4}));
  EXPECT_EQ(values(argsort(t, 0, true)), (List{2, 4, 0, 1, 3, 5}));
}

// The bits of every element survive, but for NaNs' payloads.
TEST(Sort, KeepsSignedZerosAndInfinities) {
  for (std::int64_t n : {10, 40, 300, 5000})
    for (DType d : {DType::float32, DType::float64, DType::float16}) {
      const List some = {0.0, -0.0, kInf, -kInf, 3, kNan, -3, 1e-30};
      List v(static_cast<std::size_t>(n));
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = some[i * 7919 % some.size()];
      const List had = values(of(v, d));
      for (bool descending : {false, true}) {
        const List got = values(sort(of(v, d), 0, descending));
        for (double x : {0.0, -0.0, kInf, -kInf, 3.0, -3.0}) {
          const auto same = [x](double y) { return y == x && std::signbit(y) == std::signbit(x); };
          EXPECT_EQ(std::count_if(got.begin(), got.end(), same), std::count_if(had.begin(), had.end(), same)) << x << n;
        }
        const auto nan = [](double y) { return std::isnan(y); };
        EXPECT_EQ(std::count_if(got.begin(), got.end(), nan), std::count_if(had.begin(), had.end(), nan));
        const auto first_zero = std::find(got.begin(), got.end(), 0.0);
        if (d != DType::float16) { EXPECT_EQ(std::signbit(*first_zero), !descending); }
      }
    }
}

// Where nearly all elements are equal, a pivot is the least or the greatest of them.
TEST(Sort, MostlyTheGreatestOrTheLeast) {
  for (double most : {1e30, -1e30, 1e-40, 0.0, kInf, -kInf, kNan})
    for (double other : {1.0, -5.0, -0.0}) {
      const Tensor t = full({20000}, most, DType::float32);
      for (std::int64_t i = 0; i < 20000; i += 977) t.data<float>()[i] = static_cast<float>(other);
      expect_sorted<float>(t, false);
      expect_sorted<float>(t, true);
    }
}

}  // namespace
}  // namespace tenon
