// Gamma, Poisson and binomial numbers: distributions at fixed seeds, edges, places and streams, errors, and gamma's gradient.
#include "tenon/ops/variates.h"

#include <limits>

#include "backends/scalar/math.h"
#include "goodness.h"
#include "gradients.h"

namespace {

using namespace tenon;
using test::doubles;
using test::message;
using test::values;
using V = std::vector<double>;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMany = 100000;

Tensor many(double x, DType d = DType::float64) { return full({kMany}, x, d); }

// ---- gamma ----

TEST(StandardGamma, HasItsDistribution) {
  Generator g(42);
  for (double a : {0.03, 0.1, 0.5, 0.999, 1., 1.5, 10., 1000., 1e6}) {
    const V x = values(standard_gamma(many(a), &g));
    EXPECT_GT(*std::min_element(x.begin(), x.end()), 0) << a;
    EXPECT_LT(test::kolmogorov(x, [&](double v) { return scalar::igamma(a, v); }), 2.3) << a;
    EXPECT_TRUE(test::moments_fit(x, a, a, 3 * a * a + 6 * a)) << a;
  }
}

TEST(StandardGamma, IsRoundedOnceFromDouble) {
  const Tensor a = test::uniform({1000}, 0.1, 20, 1, DType::float16);
  for (DType d : {DType::float16, DType::bfloat16, DType::float32}) {
    const Tensor shapes = to(a, d);
    Generator g(3), h(3);
    const Tensor got = standard_gamma(shapes, &g);
    EXPECT_EQ(got.dtype(), d);
    EXPECT_EQ(values(got), values(to(standard_gamma(to(shapes, DType::float64), &h), d))) << name(d);
  }
}

// ---- Poisson ----

TEST(Poisson, HasItsDistribution) {
  Generator g(43);
  for (double r : {0.01, 0.5, 3., 9.99, 10., 30., 400., 20000.}) {
    const V x = values(poisson(many(r), &g));
    const auto p = [&](double k) { return std::exp(k * std::log(r) - r - std::lgamma(k + 1)); };
    EXPECT_LT(test::chi_squared(x, p), 4) << r;
    EXPECT_TRUE(test::moments_fit(x, r, r, r + 3 * r * r)) << r;
  }
}

TEST(Poisson, Edges) {
  Generator g(1);
  EXPECT_EQ(values(poisson(zeros({100}, DType::float64), &g)), V(100, 0));
  EXPECT_EQ(values(poisson(full({100}, -0., DType::float64), &g)), V(100, 0));
  EXPECT_EQ(values(poisson(full({100}, 1e-300, DType::float64), &g)), V(100, 0));
  // A value beyond the dtype's largest one is infinite, as it is in any conversion.
  const V half = values(poisson(full({1000}, 65504, DType::float16), &g));
  EXPECT_TRUE(std::any_of(half.begin(), half.end(), [](double x) { return x == inf; }));
  for (double x : half) EXPECT_GT(x, 64000);
}

// ---- binomial ----

TEST(Binomial, HasItsDistribution) {
  Generator g(44);
  struct Case {
    double n, p;
  };
  for (const Case& c : {Case{1, 0.3},
                        {1, 0.5},
                        {7, 0.5},
                        {7, 0.9},
                        {19, 0.5},
                        {20, 0.5},
                        {40, 0.05},
                        {40, 0.95},
                        {100, 0.099},
                        {100, 0.1},
                        {100, 0.7},
                        {5000, 0.001},
                        {5000, 0.5},
                        {1e6, 1e-5},
                        {1e6, 0.2},
                        {1e6, 0.999}}) {
    const double q = 1 - c.p, variance = c.n * c.p * q;
    const V x = values(binomial(many(c.n), many(c.p), &g));
    const auto p = [&](double k) {
      if (k > c.n) return 0.0;
      return std::exp(std::lgamma(c.n + 1) - std::lgamma(k + 1) - std::lgamma(c.n - k + 1) + k * std::log(c.p) +
                      (c.n - k) * std::log1p(-c.p));
    };
    EXPECT_LE(*std::max_element(x.begin(), x.end()), c.n);
    EXPECT_LT(test::chi_squared(x, p), 4) << c.n << ", " << c.p;
    EXPECT_TRUE(test::moments_fit(x, c.n * c.p, variance, variance * (1 + 3 * (c.n - 2) * c.p * q)))
        << c.n << ", " << c.p;
  }
}

TEST(Binomial, Edges) {
  Generator g(1);
  const auto drawn = [&](double n, double p) {
    return values(binomial(full({100}, n, DType::float64), full({100}, p, DType::float64), &g));
  };
  for (double n : {0., 1., 5., 1e6, 1e15}) {
    EXPECT_EQ(drawn(n, 0), V(100, 0)) << n;
    EXPECT_EQ(drawn(n, 1), V(100, n)) << n;
    EXPECT_EQ(drawn(n, -0.), V(100, 0)) << n;
  }
  EXPECT_EQ(drawn(0, 0.5), V(100, 0));
  EXPECT_EQ(drawn(5, 1e-300), V(100, 0));
  for (double x : drawn(1e15, 1e-15)) EXPECT_LT(x, 20);
}

TEST(Binomial, Broadcasts) {
  Generator g(5), h(5);
  const Tensor n = doubles({3, 100}, {2, 1}), p = doubles({0.1, 0.5, 0.9});
  const Tensor got = binomial(n, p, &g);
  EXPECT_EQ(got.shape(), (Dims{2, 3}));
  EXPECT_EQ(values(got), values(binomial(contiguous(expand(n, {2, 3})), contiguous(expand(p, {2, 3})), &h)));
  EXPECT_EQ(g.offset(), 6u);
  EXPECT_EQ(binomial(to(n, DType::float32), p).dtype(), DType::float32);
  EXPECT_EQ(binomial(n, to(p, DType::float16)).dtype(), DType::float64);
}

// ---- all ----

// Of large parameters all are normal; the logarithms of their probabilities must not cancel.
TEST(Variates, AreNormalForLargeParameters) {
  Generator g(45);
  const auto expect = [](const Tensor& drawn, double mean, double variance, const char* name) {
    const V x = values(drawn);
    EXPECT_TRUE(test::moments_fit(x, mean, variance, 3 * variance * variance)) << name << ", " << mean;
    const auto normal = [&](double v) { return std::erfc((mean - v) / std::sqrt(2 * variance)) / 2; };
    EXPECT_LT(test::kolmogorov(x, normal), 2.3) << name << ", " << mean;
  };
  for (double m : {1e11, 1e14, 1e16, 1e18, 1e20}) {
    expect(standard_gamma(many(m), &g), m, m, "standard_gamma");
    expect(poisson(many(m), &g), m, m, "poisson");
  }
  for (double n : {1e11, 1e14, 1e16, 1e18, 1e20})
    for (double p : {0.25, 0.5, 0.75}) expect(binomial(many(n), many(p), &g), n * p, n * p * (1 - p), "binomial");
  // Where neighbouring floats lie further apart than the deviation.
  const double huge = 1e300;
  for (const Tensor& drawn : {standard_gamma(many(huge), &g), poisson(many(huge), &g),
                              binomial(many(huge), many(1), &g), mul(binomial(many(huge), many(0.5), &g), 2.)})
    for (double x : values(drawn)) ASSERT_NEAR(x / huge, 1, 1e-15);
}

using Draw = Tensor (*)(const Tensor&, Generator*);
struct Kind {
  const char* name;
  Draw draw;
  std::uint64_t positions;  // of the generator's stream for each number
};
const Kind kKinds[] = {
    {"standard_gamma", [](const Tensor& t, Generator* g) { return standard_gamma(t, g); }, 3},
    {"poisson", [](const Tensor& t, Generator* g) { return poisson(t, g); }, 1},
    {"binomial", [](const Tensor& t, Generator* g) { return binomial(t, full({}, 0.4, DType::float64), g); }, 1},
};

TEST(Variates, DependOnTheSeedAndTheirPlaceAlone) {
  for (const Kind& k : kKinds) {
    Generator a(7), b(7), c(8);
    const Tensor t = doubles({1, 2, 30, 400, 5, 6}, {2, 3}), other = doubles({1, 50, 30, 3, 5, 70}, {2, 3});
    const V first = values(k.draw(t, &a)), same = values(k.draw(other, &b));
    EXPECT_EQ(a.offset(), 6 * k.positions) << k.name;
    for (std::size_t i : {0u, 2u, 4u}) EXPECT_EQ(first[i], same[i]) << k.name << ": another parameter elsewhere";
    const V second = values(k.draw(t, &a));
    EXPECT_NE(first, second) << k.name;
    EXPECT_NE(first, values(k.draw(t, &c))) << k.name << ": another seed";
    a.set_state(7, 0);
    EXPECT_EQ(values(k.draw(t, &a)), first) << k.name << ": the same seed";
    EXPECT_EQ(values(k.draw(t, &a)), second) << k.name;
    // By logical position, whatever the strides.
    b.set_state(7, 0);
    EXPECT_EQ(values(k.draw(transpose(contiguous(transpose(t, 0, 1)), 0, 1), &b)), first) << k.name;
  }
  // The default generator.
  for (const Kind& k : kKinds) {
    default_generator().manual_seed(11);
    Generator g(11);
    EXPECT_EQ(values(k.draw(doubles({4, 5}), nullptr)), values(k.draw(doubles({4, 5}), &g))) << k.name;
  }
}

// The kinds have streams of their own: from the same place come numbers that know nothing of each other.
TEST(Variates, KindsAreUncorrelated) {
  std::vector<V> drawn;
  for (const Kind& k : kKinds) {
    Generator g(9);
    drawn.push_back(values(k.draw(many(9), &g)));
  }
  const auto correlation = [](const V& x, const V& y) {
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) mx += x[i] / kMany, my += y[i] / kMany;
    for (std::size_t i = 0; i < x.size(); ++i) {
      xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my), xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / std::sqrt(xx * yy);
  };
  const double bound = 4 / std::sqrt(static_cast<double>(kMany));
  for (std::size_t i = 0; i < 3; ++i) {
    const V next(drawn[i].begin() + 1, drawn[i].end()), all_but_last(drawn[i].begin(), drawn[i].end() - 1);
    EXPECT_NEAR(correlation(all_but_last, next), 0, bound) << kKinds[i].name;
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NEAR(correlation(drawn[i], drawn[j]), 0, bound) << kKinds[i].name << ", " << kKinds[j].name;
  }
}

TEST(Variates, OfNothingAndOfOne) {
  for (const Kind& k : kKinds) {
    Generator g(1);
    EXPECT_EQ(k.draw(zeros({0, 3}), &g).shape(), (Dims{0, 3})) << k.name;
    EXPECT_EQ(g.offset(), 0u) << k.name;
    EXPECT_EQ(k.draw(full({}, 2, DType::float32), &g).shape(), (Dims{})) << k.name;
    EXPECT_EQ(g.offset(), k.positions) << k.name;
  }
}

TEST(Variates, Errors) {
  struct Bad {
    double value;
    const char* shown;
  };
  const auto expect = [](const Kind& k, const char* what, const std::vector<Bad>& bad) {
    for (const Bad& b : bad) {
      Generator g(1);
      EXPECT_EQ(message<ValueError>([&] { k.draw(doubles({1, 2, b.value}), &g); }),
                std::string(k.name) + ": " + what + "; got " + b.shown + " at element 2");
      EXPECT_EQ(g.offset(), 0u) << k.name << ": nothing was drawn";
    }
    for (DType d : {DType::int64, DType::bool_, DType::complex64, DType::float8_e5m2})
      EXPECT_THROW(k.draw(ones({2}, d), nullptr), DtypeError) << k.name << " of " << name(d);
  };
  expect(kKinds[0], "shapes must be positive and finite", {{0, "0"}, {-1, "-1"}, {inf, "inf"}, {nan, "nan"}});
  expect(kKinds[1], "rates must be finite and not negative", {{-1, "-1"}, {inf, "inf"}, {-inf, "-inf"}, {nan, "nan"}});
  expect(kKinds[2], "counts must be whole numbers, finite and not negative",
         {{-1, "-1"}, {1.5, "1.5"}, {inf, "inf"}, {nan, "nan"}});
  for (double p : {-0.1, 1.5, nan, inf})
    EXPECT_THROW(binomial(ones({2}), full({2}, p, DType::float64)), ValueError) << p;
  EXPECT_THROW(binomial(ones({2}), ones({3})), ShapeError);
  EXPECT_THROW(binomial(ones({2}), ones({2}, DType::int64)), DtypeError);
}

TEST(Variates, CountsHaveNoGradient) {
  Generator g(1);
  EXPECT_FALSE(poisson(test::leaf({3}), &g).requires_grad());
  EXPECT_FALSE(binomial(test::leaf({3}), test::leaf({0.5}), &g).requires_grad());
}

// ---- gamma's gradient ----

struct Slope {
  double alpha, x, wanted;
};
// -(dP / d alpha) / p(x) by mpmath at 80 digits.
constexpr Slope kSlopes[] = {
    {0x1p-7, 0x1p-200, 1.099751162711618e-56},
    {0x1p-7, 0.5, 59.60077810238274},
    {0.5, 0.0078125, 0.07683672901623946},
    {0.5, 2, 2.511889376362068},
    {1, 0.25, 0.5318067486130356},
    {1, 1, 1.1735630272247268},
    {1, 6, 2.514242763363475},
    {2.5, 0.5, 0.42684249818525005},
    {2.5, 3, 1.1692620067376636},
    {10, 4, 0.6208054470099847},
    {10, 10, 1.0168234904310751},
    {10, 22, 1.469414022480441},
    {100, 75, 0.8644818806410313},
    {100, 130, 1.1388044458372277},
    {1990, 1850, 0.9640496478984615},
    {1990, 1990, 1.0000837563012415},
    {1990, 2150, 1.0392519401602622},
    {2010, 1850, 0.9591782847792111},
    {2010, 2010, 1.0000829228637726},
    {2010, 2150, 1.0341300770144057},
    {65536, 64700, 0.9935970579530473},
    {65536, 66400, 1.006565578282},
};

TEST(GammaSlope, AgreesWithTheReference) {
  for (const Slope& s : kSlopes) {
    const double got = gamma_slope(doubles({s.alpha}), doubles({s.x})).item<double>();
    EXPECT_NEAR(got / s.wanted, 1, 1e-8) << s.alpha << ", " << s.x;
  }
}

TEST(GammaSlope, IsTheGradient) {
  const Tensor alpha = test::leaf({0.1, 0.7, 1, 4, 50, 3000});
  Generator g(2);
  const Tensor x = standard_gamma(alpha, &g), w = doubles({1, -2, 3, 4, 5, 6});
  x.backward(w, true);
  EXPECT_EQ(values(alpha.grad()), values(mul(w, gamma_slope(alpha.detach(), x.detach()))));
  // The mean of x is alpha, so that of its slope is 1.
  for (double a : {0.3, 1., 8., 5000.}) {
    const Tensor draws = standard_gamma(many(a), &g);
    const V slopes = values(gamma_slope(many(a), draws));
    double mean = 0, square = 0;
    for (double s : slopes) mean += s / kMany, square += s * s / kMany;
    EXPECT_NEAR(mean, 1, 5 * std::sqrt((square - mean * mean) / kMany)) << a;
  }
  const Tensor single = test::leaf(ones({3}, DType::float32));
  standard_gamma(single, &g).sum().backward();
  EXPECT_EQ(single.grad().dtype(), DType::float32);
}

TEST(GammaSlope, EdgesAndErrors) {
  const Tensor two = doubles({2});
  EXPECT_EQ(gamma_slope(two, doubles({0})).item<double>(), 0);
  for (double x : {-1., nan, inf}) EXPECT_TRUE(std::isnan(gamma_slope(two, doubles({x})).item<double>())) << x;
  EXPECT_EQ(gamma_slope(zeros({0, 2}), zeros({0, 2})).shape(), (Dims{0, 2}));
  EXPECT_THROW(gamma_slope(two, doubles({1, 2})), ShapeError);
  EXPECT_THROW(gamma_slope(two, ones({1}, DType::int64)), DtypeError);
  for (double a : {0., -1., nan, inf})
    EXPECT_NE(message<ValueError>([&] {
                gamma_slope(doubles({1, a}), doubles({1, 1}));
              }).find("gamma_slope: shapes must be positive and finite; got "),
              std::string::npos);
  // It has no derivative of its own.
  const Tensor alpha = test::leaf({0.5, 3});
  Generator g(2);
  const Tensor x = standard_gamma(alpha, &g);
  const Tensor w = ones({2}, DType::float64);
  const Tensor slope = autograd::grad({&x, 1}, {&alpha, 1}, {&w, 1}, true, true, false)[0];
  EXPECT_THROW(slope.sum().backward(), GradError);
}

}  // namespace
