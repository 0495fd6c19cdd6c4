// Reductions against loops in long double, over random layouts of every dtype, with one thread and with two.
#include "reduce_reference.h"

namespace {

using namespace tenon;
using namespace tenon::testing;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

const DType kAll[] = {DType::bool_,    DType::int8,    DType::int16,   DType::int32,     DType::int64,
                      DType::uint8,    DType::uint16,  DType::uint32,  DType::uint64,    DType::float16,
                      DType::bfloat16, DType::float32, DType::float64, DType::complex64, DType::complex128};

double tolerance(DType d) {
  switch (real_dtype(d)) {
    case DType::float16: return 1e-3;
    case DType::bfloat16: return 8e-3;
    case DType::float32: return 3e-7;
    default: return 1e-14;
  }
}

// For each result, the elements that make it, in logical order.
std::vector<std::vector<Scalar>> groups(const Tensor& t, const Dims& axes) {
  Dims kept, order;
  for (int d = 0; d < t.ndim(); ++d)
    if (!axes.contains(d)) order.push_back(d), kept.push_back(t.shape()[d]);
  for (int d = 0; d < t.ndim(); ++d)
    if (axes.contains(d)) order.push_back(d);
  const auto flat = elements(permute(t, order));
  const std::int64_t n = kept.product(), each = n ? t.numel() / n : 1;
  std::vector<std::vector<Scalar>> r(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < t.numel(); ++i)
    r[static_cast<std::size_t>(i / each)].push_back(flat[static_cast<std::size_t>(i)]);
  return r;
}

struct Value {
  long double re = 0, im = 0;
  explicit Value(const Scalar& s) {
    const auto z = s.to<complex128>();
    re = s.is_integral() ? static_cast<long double>(s.to<std::int64_t>()) : static_cast<long double>(z.re);
    im = static_cast<long double>(z.im);
  }
};

Dims random_axes(Random& r, int ndim) {
  Dims axes;
  for (int d = 0; d < ndim; ++d)
    if (below(r, 2)) axes.push_back(d);
  return axes;
}

class Reduce : public ::testing::TestWithParam<DType> {
 protected:
  // f(tensor, axes, result's groups) for random tensors: small ones of any rank and a few large matrices.
  template <class F>
  void each(F&& f) {
    Random r(7 + static_cast<unsigned>(GetParam()));
    for (int k = 0; k < 40; ++k) {
      const Tensor t = random_view(r, random_shape(r, 40), GetParam());
      const Dims axes = random_axes(r, t.ndim());
      SCOPED_TRACE(t.shape().str() + " strides " + t.strides().str() + " axes " + axes.str());
      f(t, axes, groups(t, axes));
    }
    const Dims large[] = {{150'000}, {2, 70'000}, {70'000, 3}, {300, 260}, {2, 130, 300}};
    for (const Dims& shape : large) {
      const Tensor t = random_view(r, shape, GetParam());
      for (int d = 0; d < t.ndim(); ++d) {
        SCOPED_TRACE(t.shape().str() + " strides " + t.strides().str() + " axis " + std::to_string(d));
        f(t, Dims{d}, groups(t, Dims{d}));
      }
    }
  }
};

TEST_P(Reduce, Sum) {
  each([&](const Tensor& t, const Dims& axes, const auto& groups) {
    const Tensor y = with_threads([&] { return sum(t, axes); });
    const auto got = elements(y);
    ASSERT_EQ(got.size(), groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      long double re = 0, im = 0, size = 0;
      for (const auto& s : groups[i])
        re += Value(s).re, im += Value(s).im, size += std::fabs(Value(s).re) + std::fabs(Value(s).im);
      if (y.dtype() == DType::float16 && std::fabs(re) > 65504) continue;
      const long double allowed = tolerance(y.dtype()) * (std::fabs(re) + std::fabs(im) + 1e-2L * size);
      ASSERT_NEAR(Value(got[i]).re, re, allowed) << i;
      ASSERT_NEAR(Value(got[i]).im, im, allowed) << i;
    }
  });
}

TEST_P(Reduce, AnyAllCount) {
  each([&](const Tensor& t, const Dims& axes, const auto& groups) {
    const auto some = elements(with_threads([&] { return any(t, axes); }));
    const auto every = elements(with_threads([&] { return all(t, axes); }));
    const auto count = elements(with_threads([&] { return count_nonzero(t, axes); }));
    for (std::size_t i = 0; i < groups.size(); ++i) {
      std::int64_t n = 0;
      for (const auto& s : groups[i]) n += Value(s).re != 0 || Value(s).im != 0;
      ASSERT_EQ(count[i].template to<std::int64_t>(), n) << i;
      ASSERT_EQ(some[i].template to<bool>(), n > 0) << i;
      ASSERT_EQ(every[i].template to<bool>(), n == static_cast<std::int64_t>(groups[i].size())) << i;
    }
  });
}

TEST_P(Reduce, ExtremaAndTheirPositions) {
  if (is_complex(GetParam())) {
    EXPECT_THROW(amax(zeros({2}, GetParam())), DtypeError);
    return;
  }
  each([&](const Tensor& t, const Dims& axes, const auto& groups) {
    if (t.numel() == 0) return;
    const auto low = elements(with_threads([&] { return amin(t, axes); }));
    const auto high = elements(with_threads([&] { return amax(t, axes); }));
    std::vector<Scalar> first_low, first_high;
    if (axes.size() == 1 || axes.size() == t.ndim()) {
      const std::optional<std::int64_t> dim = axes.size() == t.ndim() ? std::nullopt : std::optional(axes[0]);
      first_low = elements(with_threads([&] { return argmin(t, dim); }));
      first_high = elements(with_threads([&] { return argmax(t, dim); }));
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      std::size_t a = 0, b = 0;
      for (std::size_t j = 1; j < groups[i].size(); ++j) {
        if (Value(groups[i][j]).re < Value(groups[i][a]).re) a = j;
        if (Value(groups[i][j]).re > Value(groups[i][b]).re) b = j;
      }
      ASSERT_EQ(Value(low[i]).re, Value(groups[i][a]).re) << i;
      ASSERT_EQ(Value(high[i]).re, Value(groups[i][b]).re) << i;
      if (first_low.empty()) continue;
      ASSERT_EQ(first_low[i].template to<std::int64_t>(), static_cast<std::int64_t>(a)) << i;
      ASSERT_EQ(first_high[i].template to<std::int64_t>(), static_cast<std::int64_t>(b)) << i;
    }
  });
}

TEST_P(Reduce, VarAndNorm) {
  if (!is_floating(GetParam())) return;
  each([&](const Tensor& t, const Dims& axes, const auto& groups) {
    const auto spread = elements(with_threads([&] { return var(t, axes, 0); }));
    const auto length = elements(with_threads([&] { return norm(t, 2, axes); }));
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const auto n = static_cast<long double>(groups[i].size());
      long double mean = 0, m2 = 0, squares = 0;
      for (const auto& s : groups[i]) mean += Value(s).re / n, squares += Value(s).re * Value(s).re;
      for (const auto& s : groups[i]) m2 += (Value(s).re - mean) * (Value(s).re - mean);
      ASSERT_NEAR(Value(spread[i]).re, m2 / n, tolerance(GetParam()) * (m2 / n + 1e-3)) << i;
      ASSERT_NEAR(Value(length[i]).re, std::sqrt(squares), tolerance(GetParam()) * std::sqrt(squares)) << i;
    }
  });
}

TEST_P(Reduce, Prod) {
  // Factors of which few differ from one, so that nothing overflows.
  Random r(11);
  for (int k = 0; k < 60; ++k) {
    Dims shape = k < 40 ? random_shape(r, 30) : k < 50 ? Dims{90'000} : Dims{400, 200};
    Tensor t = ones(shape, GetParam());
    long double product = 1;
    for (int i = 0; i < 6 && t.numel(); ++i) {
      Tensor one = reshape(t, {-1}), element = select(one, 0, below(r, t.numel()));
      const double f = is_bool(GetParam()) ? 1 : static_cast<double>(1 + below(r, 2));
      product *= static_cast<long double>(f) / element.item().to<double>();
      fill_(element, f);
    }
    const Tensor y = with_threads([&] { return prod(t); });
    ASSERT_EQ(Value(y.item()).re, product) << shape.str();
    if (t.ndim() == 2) {
      ASSERT_EQ(Value(prod(prod(t, Dims{0})).item()).re, product);
      ASSERT_EQ(Value(prod(prod(t, Dims{1})).item()).re, product);
    }
  }
}

TEST_P(Reduce, OfNothing) {
  const Tensor none = zeros({0, 3}, GetParam());
  EXPECT_EQ(sum(none).item().to<double>(), 0);
  EXPECT_EQ(prod(none).item().to<double>(), 1);
  EXPECT_FALSE(any(none).item().to<bool>());
  EXPECT_TRUE(all(none).item().to<bool>());
  EXPECT_EQ(sum(none, Dims{0}).shape(), (Dims{3}));
  for (const auto& s : elements(prod(none, Dims{0}))) EXPECT_EQ(s.to<double>(), 1);
  EXPECT_EQ(sum(none, Dims{1}).shape(), (Dims{0}));
  if (is_complex(GetParam())) return;
  EXPECT_THROW(amax(none), ValueError);
  EXPECT_THROW(argmin(none, 0), ValueError);
  EXPECT_EQ(argmin(none, 1).shape(), (Dims{0}));
}

INSTANTIATE_TEST_SUITE_P(DTypes, Reduce, ::testing::ValuesIn(kAll),
                         [](const auto& info) { return std::string(tenon::info(info.param).name); });

// A tensor of n elements `fill` with other values at some places, contiguous, as rows and as columns.
Tensor with(std::int64_t n, double fill, std::initializer_list<std::pair<std::int64_t, double>> places, DType d) {
  Tensor t = full({n}, fill, d);
  for (const auto& [i, v] : places) {
    Tensor e = select(t, 0, i);
    fill_(e, v);
  }
  return t;
}

TEST(ReduceValues, NaNWinsAndTheFirstOneIsFound) {
  for (DType d : {DType::float16, DType::bfloat16, DType::float32, DType::float64})
    for (std::int64_t n : {5, 70, 1000, 200'000}) {
      const std::int64_t at = n / 2 + 1;
      const Tensor t = with(n, 1, {{0, 5}, {n - 1, kNaN}, {at, kNaN}, {1, -kInf}}, d);
      const Tensor columns = permute(reshape(t, {1, n}), {1, 0}), wide = contiguous(expand(reshape(t, {n, 1}), {n, 3}));
      const Tensor layouts[] = {t, flip(flip(t, {}).clone(), {}), columns};
      for (const Tensor& x : layouts) {
        EXPECT_TRUE(std::isnan(amax(x).item<double>())) << n;
        EXPECT_TRUE(std::isnan(amin(x).item<double>())) << n;
        EXPECT_EQ(argmax(x, {}).item<std::int64_t>(), at) << n;
        EXPECT_EQ(argmin(x, {}).item<std::int64_t>(), at) << n;
      }
      for (const auto& s : elements(argmax(wide, 0))) EXPECT_EQ(s.to<std::int64_t>(), at) << n;
      for (const auto& s : elements(amin(wide, Dims{0}))) EXPECT_TRUE(std::isnan(s.to<double>())) << n;
      EXPECT_TRUE(any(with(n, 0, {{at, kNaN}}, d)).item<bool>());
      EXPECT_FALSE(any(full({n}, -0.0, d)).item<bool>());
      EXPECT_TRUE(all(with(n, 1, {{at, kNaN}}, d)).item<bool>());
      EXPECT_TRUE(std::isnan(sum(t).item<double>()));
      EXPECT_TRUE(std::isnan(var(t).item<double>()));
      EXPECT_TRUE(std::isnan(norm(t).item<double>()));
    }
}

TEST(ReduceValues, InfinitiesAreOrdinaryExtrema) {
  for (std::int64_t n : {3, 100, 10'000}) {
    EXPECT_EQ(amax(full({n}, -kInf, DType::float32)).item<double>(), -kInf);
    EXPECT_EQ(amin(full({n}, kInf, DType::float64)).item<double>(), kInf);
    EXPECT_EQ(argmax(full({n}, -kInf, DType::float32), {}).item<std::int64_t>(), 0);
    EXPECT_EQ(amax(full({n}, -128, DType::int8)).item<std::int64_t>(), -128);
  }
}

TEST(ReduceValues, TheFirstOfEquals) {
  for (std::int64_t n : {20, 1000, 300'000}) {
    const Tensor t = with(n, 0, {{n / 3, 7}, {n / 2, 7}, {n - 1, 7}}, DType::int16);
    EXPECT_EQ(argmax(t, {}).item<std::int64_t>(), n / 3);
    const Tensor rows = contiguous(expand(reshape(t, {n, 1}), {n, 5}));
    for (const auto& s : elements(with_threads([&] { return argmax(rows, 0); })))
      EXPECT_EQ(s.to<std::int64_t>(), n / 3);
  }
}

TEST(ReduceValues, SmallIntegersSumWithoutOverflow) {
  for (std::int64_t n : {129, 8192, 500'000}) {
    EXPECT_EQ(sum(full({n}, 127, DType::int8)).item<std::int64_t>(), 127 * n);
    EXPECT_EQ(sum(full({n}, -128, DType::int8)).item<std::int64_t>(), -128 * n);
    EXPECT_EQ(sum(full({n}, 255, DType::uint8)).item<std::int64_t>(), 255 * n);
    EXPECT_EQ(sum(full({n}, 65535, DType::uint16)).item<std::int64_t>(), 65535 * n);
    EXPECT_EQ(sum(full({n}, -2147483648LL, DType::int32)).item<std::int64_t>(), -2147483648LL * n);
    EXPECT_EQ(count_nonzero(full({n}, 1, DType::bool_)).item<std::int64_t>(), n);
    for (const auto& s : elements(sum(full({n, 3}, 255, DType::uint8), Dims{0})))
      EXPECT_EQ(s.to<std::int64_t>(), 255 * n);
    for (const auto& s : elements(count_nonzero(full({n, 3}, 1, DType::uint8), Dims{0})))
      EXPECT_EQ(s.to<std::int64_t>(), n);
  }
}

TEST(ReduceValues, SumsAreAccurate) {
  // A naive float32 sum of these ends 60 % away.
  EXPECT_EQ(sum(full({1 << 25}, 0.1F, DType::float32)).item<float>(),
            static_cast<float>(0.1F * static_cast<double>(1 << 25)));
  EXPECT_NEAR(sum(full({4'000'003}, 0.1, DType::float64)).item<double>(), 400000.3, 1e-9);
  EXPECT_NEAR(mean(full({100'000}, 60000, DType::float16), {}, false, DType::float32).item<double>(), 60000, 1e-2);
  EXPECT_EQ(sum(full({3000}, 0.001, DType::float16)).item<double>(),
            static_cast<double>(static_cast<float>(half(static_cast<float>(half(0.001)) * 3000))));
}

TEST(ReduceValues, ProductsStayInRangeInOrder) {
  for (std::int64_t n : {4, 64, 640}) {
    Tensor t = full({n}, 1e-200, DType::float64);
    Tensor odd = slice(t, 0, 1, {}, 2);
    fill_(odd, 1e200);
    EXPECT_NEAR(prod(t).item<double>(), 1, 1e-9) << n;
  }
}

TEST(ReduceValues, VarianceFarFromZero) {
  for (std::int64_t n : {10, 300, 5000, 200'000}) {
    Tensor t = full({n}, 1e8, DType::float64);
    Tensor half_of_it = slice(t, 0, {}, {}, 2);
    fill_(half_of_it, 1e8 + 1);
    EXPECT_NEAR(var(t, {}, 0).item<double>(), 0.25, 1e-12) << n;
    EXPECT_NEAR(var(contiguous(expand(reshape(t, {n, 1}), {n, 4})), Dims{0}, 0).data<double>()[2], 0.25, 1e-12) << n;
    Tensor outlier = with(n, 1, {{0, 1e9}}, DType::float64);
    const double m = static_cast<double>(n);
    EXPECT_NEAR(var(outlier, {}, 0).item<double>() / ((1e9 - 1) * (1e9 - 1) * (m - 1) / (m * m)), 1, 1e-12);
  }
  EXPECT_TRUE(std::isnan(var(full({1}, 3, DType::float32)).item<double>()));
  EXPECT_TRUE(std::isnan(var(zeros({0}, DType::float32)).item<double>()));
  EXPECT_EQ(var(arange(0, 3, 1, DType::float32), {}, 3).item<double>(), kInf);
  EXPECT_EQ(var(full({1}, 3, DType::float32), {}, 0).item<double>(), 0);
}

TEST(ReduceValues, NormsBeyondTheSquaresOfTheRange) {
  for (std::int64_t n : {4, 400, 90'000}) {
    const double root = std::sqrt(static_cast<double>(n));
    for (double x : {1e300, 1e-300, 5e-324, 1e200})
      EXPECT_NEAR(norm(full({n}, x, DType::float64)).item<double>() / (x * root), 1, x < 1e-320 ? 0.3 : 1e-13) << x;
    EXPECT_NEAR(norm(full({n}, 1e30F, DType::float32)).item<double>() / (1e30 * root), 1, 1e-6);
    EXPECT_EQ(norm(zeros({n}, DType::float64)).item<double>(), 0);
    EXPECT_NEAR(norm(with(n, 1e200, {{n - 1, 1e-200}, {0, 1}}, DType::float64)).item<double>() /
                    (1e200 * std::sqrt(static_cast<double>(n - 2))),
                1, 1e-13);
    EXPECT_EQ(norm(with(n, 1e-200, {{n - 1, -kInf}}, DType::float64)).item<double>(), kInf);
    const Tensor columns = full({n, 3}, 1e250, DType::float64);
    EXPECT_NEAR(norm(columns, 2, Dims{0}).data<double>()[1] / (1e250 * root), 1, 1e-13);
  }
}

TEST(ReduceValues, WiderResults) {
  const Tensor t = full({1000, 30}, 16777217, DType::int32);
  EXPECT_EQ(sum(t, {}, false, DType::float64).item<double>(), 16777217.0 * 30000);
  EXPECT_EQ(mean(t).item<float>(), 16777217.0F);
  EXPECT_EQ(sum(full({4, 4}, 1e30, DType::float32), {}, false, DType::float64).item<double>(), 16.0 * 1e30F);
}

}  // namespace
