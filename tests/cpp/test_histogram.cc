// Counting elements by value.
#include <cmath>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

TEST(Histogram, CountsIntegers) {
  EXPECT_EQ(values(bincount(tensor<std::uint8_t>({1, 3, 1}))), (List{0, 2, 0, 1}));
  EXPECT_EQ(values(bincount(tensor<std::int64_t>({1, 1}), doubles({0.5, 0.25}), 3)), (List{0, 0.75, 0}));
  EXPECT_EQ(bincount(empty({0}, DType::int32)).numel(), 0);
  EXPECT_NE(message<ValueError>([] { bincount(tensor<std::int32_t>({2, -3})); }).find("got -3"), std::string::npos);
  EXPECT_NE(message<DtypeError>([] { bincount(doubles({1})); }).find("bincount"), std::string::npos);
}

TEST(Histogram, BinsByNumberEdgesAndRule) {
  const Tensor t = doubles({0, 1, 1, 2, 4, kNan});
  Bins bins;
  bins.count = 4;
  bins.range = {0, 4};
  EXPECT_EQ(values(histogram(t, bins).counts), (List{1, 2, 1, 1}));
  EXPECT_EQ(values(histogram(t, bins).edges), (List{0, 1, 2, 3, 4}));
  Bins edges;
  edges.edges = doubles({1, 2, 10});
  EXPECT_EQ(values(histogram(t, edges).counts), (List{2, 2}));
  Bins rule;
  rule.rule = "sturges";
  EXPECT_EQ(histogram(narrow(t, 0, 0, 5), rule).counts.numel(), 4);
  EXPECT_NE(message<ValueError>([&] { histogram(t, rule); }).find("not all finite"), std::string::npos);
  rule.rule = "best";
  EXPECT_NE(message<ValueError>([&] { histogram(doubles({1}), rule); }).find("got 'best'"), std::string::npos);
  EXPECT_EQ(values(histc(t, 2, 0, 4)), (List{3, 2}));
}

TEST(Histogram, DensityIntegratesToOne) {
  const Tensor t = test::uniform({1000}, -1, 1, 8);
  const Histogram h = histogram(t, {}, {}, true);
  EXPECT_NEAR(sum(mul(h.counts, diff(h.edges))).item<double>(), 1, 1e-12);
}

TEST(Histogram, GridsCountPoints) {
  const Tensor points = doubles({0, 0, 1, 1, 1, 0, 5, 5}, {4, 2});
  Bins b;
  b.count = 2;
  b.range = {0, 1};
  const Bins bins[] = {b, b};
  EXPECT_EQ(values(histogramdd(points, bins).counts), (List{1, 0, 1, 1}));
}

TEST(Histogram, Gradients) {
  const Tensor w = test::uniform({20}, 0.5, 1, 1), x = test::uniform({20}, -1, 1, 2);
  using In = const std::vector<Tensor>&;
  expect_second_gradients("weights", [x](In v) { return histogram(x, {}, square(v[0]), true).counts; }, {w});
  expect_second_gradients("edges", [](In v) { return histogram_bin_edges(square(v[0])); }, {x});
}

}  // namespace
}  // namespace tenon::test
