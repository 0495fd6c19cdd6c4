// Weighted means and covariances: by their definitions, and their gradients.
#include <cmath>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

TEST(Statistics, CovarianceByItsDefinition) {
  const Tensor t = test::uniform({3, 8}, -1, 1, 5), c = cov(t);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      const Tensor a = sub(t[i], mean(t[i])), b = sub(t[j], mean(t[j]));
      EXPECT_NEAR(c[i][j].item<double>(), sum(mul(a, b)).item<double>() / 7, 1e-14);
    }
  EXPECT_NEAR(cov(t[0]).item<double>(), var(t[0]).item<double>(), 1e-14);
  CovOptions twice;
  twice.fweights = full({8}, 2, DType::int64);
  const Tensor doubled[] = {t, t};
  EXPECT_NEAR(cov(t, twice)[0][1].item<double>(), cov(cat(doubled, 1))[0][1].item<double>(), 1e-14);
  const Tensor r = corrcoef(t);
  EXPECT_NEAR(r[0][0].item<double>(), 1, 1e-14);
  EXPECT_NEAR(r[0][1].item<double>(), c[0][1].item<double>() / std::sqrt((c[0][0] * c[1][1]).item<double>()), 1e-14);
  EXPECT_NE(message<ShapeError>([] { cov(zeros({2, 2, 2})); }).find("cov"), std::string::npos);
}

TEST(Statistics, WeightedMeans) {
  const Tensor t = counting({2, 3});
  const WeightedMean m = average(t, doubles({1, 3}), Dims{0});
  EXPECT_EQ(values(m.mean), (List{2.25, 3.25, 4.25}));
  EXPECT_EQ(values(m.weights), (List{4, 4, 4}));
  EXPECT_EQ(average(t, {}).mean.item<double>(), 2.5);
  EXPECT_NE(message<ShapeError>([&] { average(t, doubles({1}), Dims{0}); }).find("average: weights"),
            std::string::npos);
}

TEST(Statistics, Gradients) {
  const Tensor x = test::uniform({2, 5}, -1, 1, 1), w = test::uniform({5}, 0.5, 1, 2);
  using In = const std::vector<Tensor>&;
  expect_second_gradients("cov",
                          [](In v) {
                            CovOptions o;
                            o.aweights = v[1];
                            return cov(v[0], o);
                          },
                          {x, w});
  expect_second_gradients("corrcoef", [](In v) { return corrcoef(v[0]); }, {x});
  expect_second_gradients("average", [](In v) { return average(v[0], v[1], Dims{1}).mean; }, {x, w});
}

}  // namespace
}  // namespace tenon::test
