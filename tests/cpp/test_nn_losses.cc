// Losses against their definitions, and their gradients against differences.
#include "tenon/nn/losses.h"

#include "gradients.h"

namespace tenon::test {
namespace {

using nn::Reduce;
constexpr Reduce kAll[] = {Reduce::none, Reduce::mean, Reduce::sum};

Tensor reduced(const Tensor& t, Reduce reduce) {
  return reduce == Reduce::none ? t : reduce == Reduce::mean ? mean(t) : sum(t);
}

struct Loss {
  const char* name;
  std::function<Tensor(const Tensor&, const Tensor&, Reduce)> f;
  std::function<double(double, double)> definition;
  bool probabilities = false;
};

const Loss kLosses[] = {
    {"mse_loss", [](const Tensor& x, const Tensor& t, Reduce r) { return nn::mse_loss(x, t, r); },
     [](double x, double t) { return (x - t) * (x - t); }},
    {"l1_loss", [](const Tensor& x, const Tensor& t, Reduce r) { return nn::l1_loss(x, t, r); },
     [](double x, double t) { return std::abs(x - t); }},
    {"smooth_l1_loss", [](const Tensor& x, const Tensor& t, Reduce r) { return nn::smooth_l1_loss(x, t, r, 0.7); },
     [](double x, double t) {
       const double d = std::abs(x - t);
       return d < 0.7 ? 0.5 * d * d / 0.7 : d - 0.35;
     }},
    {"huber_loss", [](const Tensor& x, const Tensor& t, Reduce r) { return nn::huber_loss(x, t, r, 0.6); },
     [](double x, double t) {
       const double d = std::abs(x - t);
       return d <= 0.6 ? 0.5 * d * d : 0.6 * (d - 0.3);
     }},
    {"binary_cross_entropy",
     [](const Tensor& x, const Tensor& t, Reduce r) { return nn::binary_cross_entropy(x, t, {}, r); },
     [](double x, double t) { return -(t * std::log(x) + (1 - t) * std::log1p(-x)); }, true},
    {"with_logits",
     [](const Tensor& x, const Tensor& t, Reduce r) { return nn::binary_cross_entropy_with_logits(x, t, {}, r); },
     [](double x, double t) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0) - t * x; }},
    {"pos_weight",
     [](const Tensor& x, const Tensor& t, Reduce r) {
       return nn::binary_cross_entropy_with_logits(x, t, {}, r, full({4}, 2.5, x.dtype()));
     },
     [](double x, double t) { return 2.5 * t * std::log1p(std::exp(-x)) + (1 - t) * (x + std::log1p(std::exp(-x))); }},
};

class EveryLoss : public testing::TestWithParam<Loss> {
 protected:
  Tensor x = uniform({3, 4}, 0.05, 0.95, 1), target = uniform({3, 4}, 0.05, 0.95, 2);
  void SetUp() override {
    if (!GetParam().probabilities) x = mul(sub(x, 0.5), 6);
  }
};

TEST_P(EveryLoss, ComputesItsDefinition) {
  const auto in = values(x), wanted = values(target);
  std::vector<double> each;
  for (std::size_t i = 0; i < in.size(); ++i) each.push_back(GetParam().definition(in[i], wanted[i]));
  for (const Reduce r : kAll)
    EXPECT_TRUE(allclose(GetParam().f(x, target, r), reduced(doubles(each, {3, 4}), r), 1e-12, 1e-12));
}

TEST_P(EveryLoss, RoundsHalfPrecisionOnce) {
  for (const DType d : {DType::float16, DType::bfloat16})
    for (const Reduce r : kAll) {
      const Tensor a = x.to(d), b = target.to(d), got = GetParam().f(a, b, r);
      ASSERT_EQ(got.dtype(), d);
      EXPECT_EQ(values(got), values(GetParam().f(a.to(DType::float32), b.to(DType::float32), r).to(d)));
    }
}

TEST_P(EveryLoss, HasBothGradients) {
  for (const Reduce r : kAll)
    expect_second_gradients(GetParam().name, [&](const auto& v) { return GetParam().f(v[0], v[1], r); }, {x, target});
}

TEST_P(EveryLoss, IsOneNode) {
  const Tensor y = GetParam().f(leaf(x), target, Reduce::mean);
  EXPECT_TRUE(autograd::node_of(y)->edges()[0].node->leaf());
}

INSTANTIATE_TEST_SUITE_P(Losses, EveryLoss, testing::ValuesIn(kLosses),
                         [](const auto& info) { return info.param.name; });

TEST(Losses, AreWeighted) {
  const Tensor x = uniform({3, 4}, -1, 1, 1), t = uniform({3, 4}, -1, 1, 2), w = uniform({3, 4}, 0.5, 2, 3);
  const Tensor squares = mul(square(sub(x, t)), w), by = sum(w);
  EXPECT_TRUE(allclose(nn::mse_loss(x, t, Reduce::none, w), squares, 1e-12, 0));
  EXPECT_TRUE(allclose(nn::mse_loss(x, t, Reduce::mean, w), div(sum(squares), by), 1e-12, 0));
  EXPECT_TRUE(allclose(nn::huber_loss(x, t, Reduce::mean, 9, w), mul(mean(squares), 0.5), 1e-12, 0));
  EXPECT_THROW(nn::mse_loss(x, t, Reduce::mean, ones({4})), ShapeError);
  expect_second_gradients("weights", [](const auto& v) { return nn::l1_loss(v[0], v[1], Reduce::mean, v[2]); },
                          {x, t, w});
  expect_second_gradients(
      "the weights of what is 1",
      [](const auto& v) { return nn::binary_cross_entropy_with_logits(v[0], v[1], {}, Reduce::mean, v[2]); },
      {x, uniform({3, 4}, 0, 1, 2), w});
}

TEST(Losses, OfLogitsDoNotOverflow) {
  const Tensor x = doubles({1000, -1000, 40, -40}), t = doubles({1, 0, 1, 0});
  const auto y = values(nn::binary_cross_entropy_with_logits(x, t, {}, Reduce::none));
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 0);
  EXPECT_NEAR(y[2] / std::exp(-40), 1, 1e-12);
  EXPECT_NEAR(y[3] / std::exp(-40), 1, 1e-12);
  EXPECT_EQ(values(nn::binary_cross_entropy(doubles({0, 1}), doubles({1, 1}), {}, Reduce::none)),
            (std::vector<double>{100, 0}));
}

TEST(Losses, SayWhatIsWrong) {
  const Tensor x = zeros({2, 3});
  EXPECT_THROW(nn::smooth_l1_loss(x, x, Reduce::mean, -1), ValueError);
  EXPECT_THROW(nn::huber_loss(x, x, Reduce::mean, 0), ValueError);
  EXPECT_THROW(nn::mse_loss(x, zeros({2, 2})), ShapeError);
  EXPECT_THROW(nn::binary_cross_entropy(x, zeros({3})), ShapeError);
  EXPECT_EQ(message<ValueError>([] { nn::binary_cross_entropy(doubles({0.5, 1.5}), doubles({0, 1})); }),
            "binary_cross_entropy: input must be probabilities in [0, 1]; got 1.5 (for logits use "
            "binary_cross_entropy_with_logits)");
  EXPECT_THROW(nn::reduce_by("mse_loss", "max"), ValueError);
  EXPECT_THROW(nn::mse_loss(zeros({2}, DType::complex64), zeros({2})), DtypeError);
}

// ---- cross entropy ----

Tensor classes(const std::vector<std::int64_t>& v, const Dims& shape) { return tensor<std::int64_t>(v, shape); }

// By its definition, one element after another.
double cross_entropy_by_hand(const Tensor& x, const std::vector<std::int64_t>& target,
                             const std::vector<double>& weight, double smoothing) {
  const auto p = values(log_softmax(x, 1));
  const std::size_t n = weight.size();
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == -100) continue;
    const auto t = static_cast<std::size_t>(target[i]);
    total += weight[t];
    for (std::size_t c = 0; c < n; ++c)
      sum -= p[i * n + c] * weight[c] * (smoothing / static_cast<double>(n) + (c == t ? 1 - smoothing : 0));
  }
  return sum / total;
}

TEST(CrossEntropy, IsItsDefinition) {
  const Tensor x = uniform({5, 3}, -3, 3, 1);
  const std::vector<double> ones_(3, 1), weights{0.5, 2, 1.5};
  for (const auto& target : {std::vector<std::int64_t>{0, 2, 1, 2, 0}, {0, -100, 1, 2, -100}})
    for (const auto& w : {ones_, weights})
      for (const double smoothing : {0.0, 0.2, 1.0}) {
        const Tensor weight = w == ones_ ? Tensor() : doubles(w);
        EXPECT_NEAR(nn::cross_entropy(x, classes(target, {5}), weight, -100, Reduce::mean, smoothing).item<double>(),
                    cross_entropy_by_hand(x, target, w, smoothing), 1e-12);
      }
}

TEST(CrossEntropy, HasDimensionsBehindTheClasses) {
  const Tensor x = uniform({2, 3, 2, 2}, -3, 3, 1), t = classes({0, 1, 2, 0, -100, 1, 2, 2}, {2, 2, 2});
  const Tensor rows = reshape(permute(x, {0, 2, 3, 1}), {8, 3});
  const Tensor each = nn::cross_entropy(x, t, {}, -100, Reduce::none);
  EXPECT_EQ(each.shape(), t.shape());
  EXPECT_TRUE(allclose(reshape(each, {8}), nn::cross_entropy(rows, reshape(t, {8}), {}, -100, Reduce::none), 1e-12, 0));
  EXPECT_EQ(nn::cross_entropy(select(rows, 0, 0), classes({2}, {})).shape(), Dims());
}

TEST(CrossEntropy, OfProbabilitiesIsThatOfClassesWhereTheyAreOneHot) {
  const Tensor x = uniform({4, 3}, -3, 3, 1), t = classes({0, 2, 1, 2}, {4});
  const Tensor hot = eq(unsqueeze(t, {1}), arange(0, 3)).to(DType::float64);
  for (const double smoothing : {0.0, 0.3})
    EXPECT_TRUE(allclose(nn::cross_entropy(x, hot, {}, -100, Reduce::mean, smoothing),
                         nn::cross_entropy(x, t, {}, -100, Reduce::mean, smoothing), 1e-12, 0));
}

TEST(CrossEntropy, HasBothGradients) {
  const Tensor x = uniform({2, 3, 2}, -2, 2, 1), w = doubles({0.5, 2, 1.5});
  for (const Tensor& t : {classes({0, 2, 1, 0}, {2, 2}), classes({0, 2, -100, 0}, {2, 2})})
    for (const Reduce r : kAll)
      for (const double smoothing : {0.0, 0.2, 1.0})
        for (const Tensor& weight : {Tensor(), w})
          expect_second_gradients(
              "classes", [&](const auto& v) { return nn::cross_entropy(v[0], t, weight, -100, r, smoothing); }, {x});
  const Tensor p = softmax(uniform({2, 3, 2}, -1, 1, 2), 1);
  for (const Reduce r : kAll) {
    expect_second_gradients("probabilities", [&](const auto& v) { return nn::cross_entropy(v[0], p, w, -100, r, 0.1); },
                            {x});
    expect_second_gradients("of the target, too",
                            [&](const auto& v) { return nn::cross_entropy(v[0], v[1], {}, -100, r, 0.1); }, {x, p});
  }
  expect_second_gradients(
      "nll_loss", [&](const auto& v) { return nn::nll_loss(v[0], classes({0, 2, -100, 0}, {2, 2}), v[1]); }, {x, w});
}

TEST(CrossEntropy, KeepsTheLogarithmsAlone) {
  const Tensor x = leaf(uniform({4, 3}, -2, 2, 1)), scaled = mul(x, 2), t = classes({0, 2, 1, 2}, {4});
  const Tensor y = nn::cross_entropy(scaled, t);
  {
    const NoGrad guard;
    Tensor bytes = scaled;
    fill_(bytes, 0);  // the logits may be overwritten
  }
  y.backward({}, true);
  const Tensor p = softmax(mul(x.detach(), 2), 1), hot = eq(unsqueeze(t, {1}), arange(0, 3)).to(DType::float64);
  EXPECT_TRUE(allclose(x.grad(), mul(sub(p, hot), 0.5), 1e-12, 1e-12));
  Tensor target = t;
  fill_(target, 1);  // the classes may not
  EXPECT_THROW(y.backward(), GradError);
}

TEST(CrossEntropy, OfNothingIsNan) {
  EXPECT_TRUE(std::isnan(nn::cross_entropy(zeros({0, 3}), classes({}, {0})).item<double>()));
  EXPECT_TRUE(std::isnan(nn::cross_entropy(zeros({1, 3}), classes({-100}, {1})).item<double>()));
  EXPECT_EQ(nn::cross_entropy(zeros({0, 3}), classes({}, {0}), {}, -100, Reduce::sum).item<double>(), 0);
}

TEST(CrossEntropy, SaysWhichClassIsNotThere) {
  const Tensor x = zeros({2, 3});
  EXPECT_EQ(message<IndexError>([&] { nn::cross_entropy(x, classes({0, 3}, {2})); }),
            "cross_entropy: target 3 is no class; input has the 3 classes from 0 to 2, and ignore_index is -100");
  EXPECT_THROW(nn::nll_loss(x, classes({-1, 0}, {2})), IndexError);
  EXPECT_EQ(message<ShapeError>([&] { nn::cross_entropy(x, classes({0}, {1})); }),
            "cross_entropy: target must have shape (2,), input's (2, 3) without its classes; got (1,)");
  EXPECT_THROW(nn::cross_entropy(x, zeros({2})), ShapeError);
  EXPECT_THROW(nn::nll_loss(x, zeros({2})), DtypeError);
  EXPECT_THROW(nn::cross_entropy(x, classes({0, 0}, {2}), zeros({2})), ShapeError);
  EXPECT_THROW(nn::cross_entropy(x, classes({0, 0}, {2}), {}, -100, Reduce::mean, 1.5), ValueError);
  EXPECT_THROW(nn::cross_entropy(zeros({}), classes({0}, {1})), ShapeError);
}

}  // namespace
}  // namespace tenon::test
