// Known answers of Philox, the same bits from every path, and distributions at fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>
#include <vector>

#include "backends/scalar/philox.h"
#include "goodness.h"
#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace {

using namespace tenon;
using test::kolmogorov;

scalar::Words philox(scalar::Words counter, std::uint32_t k0, std::uint32_t k1) {
  return scalar::philox(counter, k0 | std::uint64_t{k1} << 32);
}
void expect_words(const scalar::Words& got, std::initializer_list<std::uint32_t> wanted) {
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), got.w));
}

// The vectors that Random123 publishes for philox4x32, 10 rounds.
TEST(Philox, KnownAnswers) {
  expect_words(philox({{0, 0, 0, 0}}, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t f = 0xffffffff;
  expect_words(philox({{f, f, f, f}}, f, f), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(philox({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

std::vector<char> bytes(const Tensor& t) { return {t.data(), t.data() + t.nbytes()}; }

std::vector<double> values(const Tensor& t) {
  const Tensor d = contiguous(to(t.detach(), DType::float64));
  return {d.data<double>(), d.data<double>() + d.numel()};
}

// Every number that a tensor holds, computed one by one by the scalar definition, which this file's compiler
// flags (the baseline, no fused multiply-add) compile apart from the kernels'.
template <class F>
void expect_numbers(const Tensor& t, const F& f, std::uint64_t seed, std::uint64_t offset) {
  using T = typename F::Out;
  int wrong = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const T wanted = scalar::number_at(f, seed, offset + static_cast<std::uint64_t>(i));
    // Bit by bit, NaNs and zeros, too. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    wrong += std::memcmp(&wanted, t.data() + i * t.itemsize(), sizeof wanted) != 0;
  }
  EXPECT_EQ(wrong, 0) << "of " << t.numel() << " numbers of " << name(t.dtype());
}

template <class T>
void expect_floats(std::int64_t n, std::uint64_t offset) {
  using C = scalar::RandomCompute<T>;
  const std::uint64_t seed = 0x0123456789abcdef;
  Generator g;
  g.set_state(seed, offset);
  const T last = dtype_of<T> == DType::float64   ? T(std::nextafter(1.0, 0.0))
                 : dtype_of<T> == DType::float32 ? T(std::nextafter(1.f, 0.f))
                 : dtype_of<T> == DType::float16 ? T(1 - 0x1p-11)
                                                 : T(1 - 0x1p-8);
  expect_numbers(rand({n}, dtype_of<T>, kCpu, &g), scalar::Uniform<T>{0, 1, static_cast<C>(last)}, seed, offset);
  EXPECT_EQ(g.offset(), offset + static_cast<std::uint64_t>(n));
  g.set_state(seed, offset);
  expect_numbers(randn({n}, dtype_of<T>, kCpu, &g), scalar::Normal<T>{0, 1}, seed, offset);
  Tensor t = empty({n}, dtype_of<T>);
  g.set_state(seed, offset);
  normal_(t, -3.25, 1.7, &g);
  expect_numbers(t, scalar::Normal<T>{C(-3.25), C(1.7)}, seed, offset);
}

TEST(Random, KernelsAgreeWithTheScalarDefinition) {
  for (std::int64_t n : {1, 3, 1000, 5000})
    for (std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1022}, (std::uint64_t{1} << 34) - 3}) {
      expect_floats<float>(n, offset);
      expect_floats<double>(n, offset);
      expect_floats<half>(n, offset);
      expect_floats<bfloat16>(n, offset);
    }
}

TEST(Random, IntegersAgreeWithTheScalarDefinition) {
  Generator g(7);
  auto check = [&]<class T, int Bits>(std::integral_constant<int, Bits>, const Scalar& low, const Scalar& high,
                                      std::uint64_t range, T) {
    g.set_state(7, 5);
    const Tensor t = randint(low, high, {3000}, dtype_of<T>, kCpu, &g);
    expect_numbers(t, scalar::Integers<T, Bits>{low.to<std::int64_t>(), range}, 7, 5);
  };
  std::integral_constant<int, 32> b32;
  std::integral_constant<int, 64> b64;
  std::integral_constant<int, 128> b128;
  check(b32, -5, 12, 17, std::int64_t{});
  check(b32, 0, 65536, 65536, std::uint16_t{});
  check(b32, -128, 128, 256, std::int8_t{});
  check(b32, 0, 2, 2, bool{});
  check(b64, -70000, 70001, 140001, std::int32_t{});
  check(b64, INT32_MIN, std::int64_t{INT32_MAX} + 1, std::uint64_t{1} << 32, std::int32_t{});
  check(b64, 0, 1000000, 1000000, std::uint64_t{});
  check(b128, INT64_MIN, INT64_MAX, UINT64_MAX, std::int64_t{});
  check(b128, INT64_MIN, std::uint64_t{1} << 63, 0, std::int64_t{});
  check(b128, 3, std::uint64_t{3} + (std::uint64_t{1} << 63), std::uint64_t{1} << 63, std::uint64_t{});
}

TEST(Random, IndependentOfThreadsAndOfHowItIsCut) {
  for (DType d : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
    auto draw = [&](int threads) {
      set_num_threads(threads);
      Generator g(3);
      rand({3}, DType::float32, kCpu, &g);  // an odd offset
      auto all = bytes(rand({300001}, d, kCpu, &g));
      const auto more = bytes(randn({300001}, d, kCpu, &g));
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    const auto one = draw(1), two = draw(2);
    set_num_threads(0);
    EXPECT_EQ(one, two) << name(d);
    // One draw of n is n draws of one.
    Generator a(11), b(11);
    const auto whole = bytes(randn({100}, d, kCpu, &a));
    std::vector<char> parts;
    for (int i = 0; i < 100; ++i) {
      const auto part = bytes(randn({1}, d, kCpu, &b));
      parts.insert(parts.end(), part.begin(), part.end());
    }
    EXPECT_EQ(whole, parts) << name(d);
  }
}

TEST(Random, Distributions) {
  Generator g(42);
  for (DType d : {DType::float32, DType::float64}) {
    const auto u = values(rand({200000}, d, kCpu, &g));
    EXPECT_GE(*std::min_element(u.begin(), u.end()), 0);
    EXPECT_LT(*std::max_element(u.begin(), u.end()), 1);
    EXPECT_LT(kolmogorov(u, [](double x) { return x; }), 1.95) << name(d);
    const auto z = values(randn({200000}, d, kCpu, &g));
    EXPECT_LT(kolmogorov(z, [](double x) { return std::erfc(-x * std::sqrt(0.5)) / 2; }), 1.95) << name(d);
    // Moments 1 to 4 within four standard errors: variances 1, 2, 15, 96 over n. Neighbours are uncorrelated.
    double m[5] = {}, lag[3] = {};
    for (std::size_t i = 0; i < z.size(); ++i) {
      for (int k = 1; k <= 4; ++k) m[k] += std::pow(z[i], k) / static_cast<double>(z.size());
      for (std::size_t k = 0; k < 3; ++k)
        if (i > k) lag[k] += z[i] * z[i - k - 1] / static_cast<double>(z.size());
    }
    const double root = std::sqrt(static_cast<double>(z.size()));
    EXPECT_NEAR(m[1], 0, 4 / root);
    EXPECT_NEAR(m[2], 1, 4 * std::sqrt(2.0) / root);
    EXPECT_NEAR(m[3], 0, 4 * std::sqrt(15.0) / root);
    EXPECT_NEAR(m[4], 3, 4 * std::sqrt(96.0) / root);
    for (double c : lag) EXPECT_NEAR(c, 0, 4 / root);
  }
}

// Against the C library's functions in double: the transform's own error, not the distribution's.
TEST(Random, NormalIsAccurate) {
  double worst32 = 0, worst64 = 0;
  for (std::uint64_t i = 0; i < 200000; ++i) {
    const scalar::Words w = scalar::philox(scalar::counter_of(i, 99), 1);
    const auto p = scalar::normal_pair(w.w[0], w.w[1], 1.f);
    const double u = scalar::positive_unit(w.w[0]), angle = 2 * M_PI * (w.w[1] * 0x1p-32);
    const double r = std::sqrt(-2 * std::log(u));
    worst32 = std::max(worst32, std::hypot(p.x - r * std::cos(angle), p.y - r * std::sin(angle)) / r);
    const std::uint64_t a = w.w[0] | std::uint64_t{w.w[1]} << 32, b = w.w[2] | std::uint64_t{w.w[3]} << 32;
    const auto q = scalar::normal_pair(a, b, 1.0);
    const long double turn = 2 * 3.14159265358979323846264338327950288L * (static_cast<long double>(b) * 0x1p-64L);
    const long double s = std::sqrt(-2 * std::log(static_cast<long double>(scalar::positive_unit(a))));
    worst64 =
        std::max(worst64, static_cast<double>(std::hypot(q.x - s * std::cos(turn), q.y - s * std::sin(turn)) / s));
  }
  EXPECT_LT(worst32, 3e-7);
  EXPECT_LT(worst64, 6e-16);
  // The extremes are finite.
  EXPECT_TRUE(std::isfinite(scalar::normal_pair(0u, 0u, 1.f).x));
  EXPECT_EQ(scalar::normal_pair(~0u, 5u, 1.f).x, 0);
  EXPECT_TRUE(std::isfinite(scalar::normal_pair(std::uint64_t{0}, std::uint64_t{0}, 1.0).x));
}

TEST(Random, SmallFloatsNeverReachOne) {
  for (DType d : {DType::float16, DType::bfloat16}) {
    const auto v = values(rand({100000}, d));
    EXPECT_LT(*std::max_element(v.begin(), v.end()), 1);
    EXPECT_NEAR(std::accumulate(v.begin(), v.end(), 0.0) / 1e5, 0.5, 0.01);
  }
  Tensor t = empty({100000}, DType::float16);
  uniform_(t, 2000, 2049);
  const auto v = values(t);
  EXPECT_GE(*std::min_element(v.begin(), v.end()), 2000);
  EXPECT_LT(*std::max_element(v.begin(), v.end()), 2049);
}

TEST(Random, Randint) {
  Generator g(1);
  const auto v = values(randint(-3, 4, {70000}, DType::int32, kCpu, &g));
  std::vector<double> counts(7);
  for (double x : v) ++counts[static_cast<std::size_t>(x + 3)];
  double chi = 0;
  for (double c : counts) chi += (c - 1e4) * (c - 1e4) / 1e4;
  EXPECT_LT(chi, 22.5);  // 6 degrees of freedom: once in 1000
  const auto all = values(randint(0, 256, {20000}, DType::uint8, kCpu, &g));
  EXPECT_EQ(std::set<double>(all.begin(), all.end()).size(), 256u);
  EXPECT_THROW(randint(3, 3, {2}), ValueError);
  EXPECT_THROW(randint(4, 3, {2}), ValueError);
  EXPECT_THROW(randint(0, 257, {2}, DType::uint8), OverflowError);
  EXPECT_THROW(randint(-1, 2, {2}, DType::uint8), OverflowError);
  EXPECT_THROW(randint(0, 3, {2}, DType::bool_), OverflowError);
  EXPECT_THROW(randint(0, 3, {2}, DType::float32), DtypeError);
  EXPECT_THROW(randint(0, 2.5, {2}), TypeError);
  EXPECT_EQ(randint(0, 1, {0, 3}).shape(), (Dims{0, 3}));
}

TEST(Random, Randperm) {
  Generator g(5);
  auto v = values(randperm(1000, DType::int16, kCpu, &g));
  EXPECT_FALSE(std::is_sorted(v.begin(), v.end()));
  std::sort(v.begin(), v.end());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(v[static_cast<std::size_t>(i)], i);
  // Each of the 6 orders of 3 elements is equally likely.
  double counts[27] = {}, chi = 0;
  for (int i = 0; i < 6000; ++i) {
    const auto p = values(randperm(3, DType::int64, kCpu, &g));
    ++counts[static_cast<int>(p[0] * 9 + p[1] * 3 + p[2])];
  }
  for (double c : counts)
    if (c > 0) chi += (c - 1000) * (c - 1000) / 1000;
  EXPECT_LT(chi, 20.5);
  EXPECT_EQ(randperm(0).numel(), 0);
  EXPECT_EQ(randperm(257, DType::bfloat16).numel(), 257);
  EXPECT_THROW(randperm(258, DType::bfloat16), OverflowError);
  EXPECT_THROW(randperm(129, DType::int8), OverflowError);
  EXPECT_THROW(randperm(-1), ValueError);
}

Tensor tensor(std::vector<double> v, DType d = DType::float64) {
  Tensor t = empty({static_cast<std::int64_t>(v.size())}, DType::float64);
  std::copy(v.begin(), v.end(), t.data<double>());
  return to(t, d);
}

TEST(Random, Multinomial) {
  Generator g(9);
  const Tensor w = tensor({1, 0, 3, 6}, DType::float32);
  const auto v = values(multinomial(w, 50000, true, &g));
  double counts[4] = {};
  for (double x : v) ++counts[static_cast<int>(x)];
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[0], 5000, 270);
  EXPECT_NEAR(counts[2], 15000, 410);
  // Without replacement: the first draw has the weights' distribution, all are different, zeros never drawn.
  double first[4] = {};
  for (int i = 0; i < 10000; ++i) {
    const auto p = values(multinomial(w, 3, false, &g));
    ++first[static_cast<int>(p[0])];
    ASSERT_EQ((std::set<double>(p.begin(), p.end())), (std::set<double>{0, 2, 3}));
  }
  EXPECT_NEAR(first[0], 1000, 120);
  EXPECT_NEAR(first[3], 6000, 200);
  EXPECT_EQ(multinomial(ones({2, 5}), 4, false).shape(), (Dims{2, 4}));
  EXPECT_THROW(multinomial(w, 4, false), ValueError);
  EXPECT_THROW(multinomial(tensor({0, 0}), 1, true), ValueError);
  EXPECT_THROW(multinomial(tensor({1, -1}), 1, true), ValueError);
  EXPECT_THROW(multinomial(tensor({1, NAN}), 1, true), ValueError);
  EXPECT_THROW(multinomial(tensor({1, INFINITY}), 1, true), ValueError);
  EXPECT_THROW(multinomial(tensor({1, 1}, DType::int64), 1), DtypeError);
  EXPECT_THROW(multinomial(ones({1, 1, 1}), 1), ShapeError);
}

TEST(Random, Bernoulli) {
  Generator g(2);
  const Tensor b = bernoulli(full({40000}, 0.3, DType::float32), &g);
  EXPECT_EQ(b.dtype(), DType::float32);
  const auto v = values(b);
  EXPECT_TRUE(std::all_of(v.begin(), v.end(), [](double x) { return x == 0 || x == 1; }));
  EXPECT_NEAR(std::accumulate(v.begin(), v.end(), 0.0), 12000, 370);
  const auto sure = values(bernoulli(tensor({0, 1, 0, 1})));
  EXPECT_EQ(sure, (std::vector<double>{0, 1, 0, 1}));
  EXPECT_THROW(bernoulli(tensor({0.5, 1.5})), ValueError);
  EXPECT_THROW(bernoulli(tensor({-0.1})), ValueError);
  EXPECT_THROW(bernoulli(tensor({NAN})), ValueError);
  EXPECT_THROW(bernoulli(tensor({1}, DType::int64)), DtypeError);
}

TEST(Random, NormalOfTensors) {
  Generator g(4), h(4);
  Tensor mean = tensor({0, 100}, DType::float32), std = full({3, 1}, 2.0, DType::float32);
  mean.set_requires_grad(true);
  std.set_requires_grad(true);
  const Tensor y = normal(mean, std, &g);
  const auto z = values(randn({3, 2}, DType::float32, kCpu, &h)), v = values(y);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(v[i], (i % 2 ? 100 : 0) + 2 * z[i], 1e-4);
  const Tensor one = ones({3, 2});
  y.backward(one);
  EXPECT_EQ(values(mean.grad()), (std::vector<double>{3, 3}));
  EXPECT_NEAR(values(std.grad())[0], z[0] + z[1], 1e-5);
  EXPECT_THROW(normal(mean, tensor({-1}, DType::float32)), ValueError);
}

TEST(Random, InPlace) {
  Generator g(6), h(6);
  Tensor base = zeros({4, 6});
  Tensor view = transpose(slice(base, 1, 0, 6, 2), 0, 1);
  uniform_(view, 5, 6, &g);
  const auto v = values(base);
  for (std::size_t i = 0; i < v.size(); ++i) EXPECT_EQ(v[i] != 0, i % 2 == 0);
  const Tensor direct = empty({3, 4}, DType::float32);
  Tensor d = direct;
  uniform_(d, 5, 6, &h);
  EXPECT_EQ(values(view), values(direct));  // by logical position, whatever the strides
  // A tensor within the graph: what came before gets no gradient.
  Tensor x = ones({3});
  x.set_requires_grad(true);
  EXPECT_THROW(normal_(x), GradError);
  Tensor y = mul(x, 2);
  normal_(y, 0, 1, &g);
  Tensor z = mul(y, x);
  z.backward(ones({3}));
  EXPECT_EQ(values(x.grad()), values(y));
  Tensor integers = zeros({3}, DType::int64);
  EXPECT_THROW(uniform_(integers), DtypeError);
  EXPECT_THROW(uniform_(d, 2, 1), ValueError);
  EXPECT_THROW(uniform_(d, 0, INFINITY), ValueError);
  EXPECT_THROW(normal_(d, 0, -1), ValueError);
  uniform_(d, 3, 3);
  EXPECT_EQ(values(d), std::vector<double>(12, 3.0));
}

TEST(Random, GeneratorsAndComplex) {
  default_generator().manual_seed(123);
  const auto a = bytes(rand({10}));
  default_generator().manual_seed(123);
  EXPECT_EQ(bytes(rand({10})), a);
  EXPECT_NE(bytes(rand({10})), a);
  EXPECT_EQ(default_generator().offset(), 20u);
  const Tensor z = randn({50000}, DType::complex64);
  const auto parts = values(view_as_real(z));
  double power = 0;
  for (double p : parts) power += p * p / 50000;
  EXPECT_NEAR(power, 1, 0.03);
  EXPECT_THROW(rand({2}, DType::int32), DtypeError);
  EXPECT_THROW(randn({2}, DType::float8_e5m2), DtypeError);
}

}  // namespace
