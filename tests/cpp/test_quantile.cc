// Quantiles against the definition, and their gradients. tests/python/test_quantile.py compares them with NumPy.
#include <cmath>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

TEST(Quantile, TakesElementsAndMixesThem) {
  const Tensor t = doubles({4, 1, 3, 2});
  EXPECT_EQ(quantile(t, Tensor::of(0.5)).item<double>(), 2.5);
  EXPECT_EQ(values(quantile(t, doubles({0, 1, 0.5}), {}, false, "lower")), (List{1, 4, 2}));
  EXPECT_EQ(values(percentile(t, doubles({25, 75}), {}, false, "inverted_cdf")), (List{1, 3}));
  EXPECT_EQ(values(quantile(t, doubles({0.5}), Dims{0}, true)), (List{2.5}));
  EXPECT_EQ(quantile(counting({2, 3, 4}), doubles({0.1, 0.9}, {1, 2}), Dims{1}).shape(), (Dims{1, 2, 2, 4}));
}

TEST(Quantile, KeepsIntegersAndLeavesNansOut) {
  const std::int64_t big = (std::int64_t{1} << 53) + 1;
  const Tensor t = tensor<std::int64_t>({big, big + 2, 7});
  EXPECT_EQ(quantile(t, Tensor::of(0.5), {}, false, "nearest").item<std::int64_t>(), big);
  EXPECT_EQ(median(t).dtype(), default_float());
  const Tensor holes = doubles({kNan, 1, 3, kNan, kNan, kNan, 5, kNan}, {2, 4});
  EXPECT_TRUE(std::isnan(quantile(holes, Tensor::of(0.5)).item<double>()));
  EXPECT_EQ(values(nanquantile(holes, Tensor::of(0.5), Dims{1})), (List{2, 5}));
  EXPECT_EQ(values(nanmedian(holes, Dims{1})), (List{2, 5}));
  EXPECT_EQ(nanmedian(holes).item<double>(), 3);
  EXPECT_TRUE(std::isnan(median(empty({0}, DType::float32)).item<double>()));
}

TEST(Quantile, LowerMediansNameTheirPlace) {
  const ValuesIndices r = lower_median(doubles({4, 1, 3, 2, kNan, 0, 0, 1}, {2, 4}), 1);
  EXPECT_EQ(values<std::int64_t>(r.indices), (std::vector<std::int64_t>{3, 0}));
  EXPECT_EQ(r.values[0].item<double>(), 2);
  EXPECT_TRUE(std::isnan(r.values[1].item<double>()));
  EXPECT_EQ(values(nan_lower_median(doubles({kNan, 0, 0, 1}, {1, 4}), 1).values), (List{0}));
  EXPECT_EQ(lower_median(doubles({4, 1, 3, 2})).item<double>(), 2);
}

TEST(Quantile, ErrorsNameTheMethodAndTheRange) {
  const Tensor t = zeros({3});
  EXPECT_NE(message<ValueError>([&] { quantile(t, Tensor::of(0.5), {}, false, "middle"); }).find("linear, lower"),
            std::string::npos);
  EXPECT_NE(message<ValueError>([&] { percentile(t, Tensor::of(101.)); }).find("from 0 to 100; got 101"),
            std::string::npos);
  EXPECT_NE(message<ValueError>([&] { quantile(empty({0}, DType::float32), Tensor::of(0.5)); }).find("empty reduction"),
            std::string::npos);
  EXPECT_NE(message<DtypeError>([&] { median(zeros({2}, DType::complex64)); }).find("median"), std::string::npos);
  const Tensor q = leaf({0.5});
  EXPECT_NE(message<GradError>([&] { quantile(t, q, {}, false, "lower"); }).find(".detach()"), std::string::npos);
}

TEST(Quantile, Gradients) {
  const Tensor x = test::uniform({3, 7}, -1, 1, 21), q = doubles({0.21, 0.68});
  using In = const std::vector<Tensor>&;
  expect_second_gradients("quantile", [](In v) { return quantile(square(v[0]), v[1], Dims{1}); }, {x, q});
  expect_second_gradients("nanquantile", [](In v) { return nanquantile(square(v[0]), v[1], Dims{0}); }, {x, q});
  expect_second_gradients("median", [](In v) { return median(square(v[0]), Dims{0}); }, {x});
  expect_second_gradients("lower_median", [](In v) { return lower_median(square(v[0]), 1).values; }, {x});
}

}  // namespace
}  // namespace tenon::test
