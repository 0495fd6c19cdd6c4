// Differences, slopes and integrals: polynomials that the formulas reproduce exactly, and gradients.
#include <cmath>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

void expect_near(const Tensor& t, const List& expected) {
  const List got = values(t);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << i;
}

TEST(Difference, OfNeighbours) {
  EXPECT_EQ(values(diff(doubles({1, 4, 9, 16}), 2)), (List{2, 2}));
  EXPECT_EQ(values(diff(tensor<bool>({true, false, false}))), (List{1, 0}));
  EXPECT_EQ(values(diff(doubles({1, 4}), 1, 0, Tensor::of(0.), doubles({9}))), (List{1, 3, 5}));
  EXPECT_EQ(diff(counting({2, 3}), 9).shape(), (Dims{2, 0}));
  EXPECT_EQ(values(ediff1d(counting({2, 2}), doubles({-5}), doubles({6, 7}))), (List{-5, 1, 1, 1, 6, 7}));
  EXPECT_NE(message<ValueError>([] { diff(doubles({1}), -1); }).find("must not be negative"), std::string::npos);
}

TEST(Difference, SlopesOfParabolasAreExact) {
  const Tensor x = doubles({0, 0.5, 1.5, 2, 4}), y = square(x);
  const Operand places[] = {x};
  expect_near(gradient(y, places, {}, 2)[0], {0, 1, 3, 4, 8});
  const Operand step[] = {0.5};
  expect_near(gradient(square(doubles({0, 0.5, 1, 1.5})), step, {}, 2)[0], {0, 1, 2, 3});
  expect_near(gradient(square(doubles({0, 0.5, 1, 1.5})), step)[0], {0.5, 1, 2, 2.5});
  EXPECT_EQ(gradient(counting({3, 4})).size(), 2u);
  EXPECT_NE(message<ValueError>([&] { gradient(doubles({1}), {}); }).find("at least 2 elements"), std::string::npos);
  EXPECT_NE(message<TypeError>([&] {
              const Operand two[] = {1., 2.};
              gradient(doubles({1, 2}), two);
            }).find("got 2"),
            std::string::npos);
}

TEST(Difference, Integrals) {
  const Tensor y = doubles({1, 2, 4}), x = doubles({0, 1, 3});
  EXPECT_EQ(trapezoid(y, x).item<double>(), 7.5);
  EXPECT_EQ(trapezoid(y, 2.).item<double>(), 9);
  EXPECT_EQ(values(cumulative_trapezoid(y, x)), (List{1.5, 7.5}));
  EXPECT_EQ(trapezoid(to(y, DType::float16), 1).dtype(), DType::float16);
  EXPECT_EQ(trapezoid(tensor<std::int64_t>({1, 2}), x.detach()[0].reshape({1})).dtype(), DType::float64);
}

TEST(Difference, Interpolation) {
  const Tensor xp = doubles({1, 2, 4}), fp = doubles({10, 20, 0});
  const auto r = values(interp(doubles({0, 1, 1.5, 2, 3, 4, 5}), xp, fp));
  EXPECT_EQ(r, (List{10, 10, 15, 20, 10, 0, 0}));
  EXPECT_EQ(values(interp(doubles({0, 5}), xp, fp, Scalar(-1.), Scalar(-2.))), (List{-1, -2}));
  EXPECT_TRUE(std::isnan(interp(doubles({kNan}), xp, fp).item<double>()));
  expect_near(interp(doubles({5.5}), xp, fp, {}, {}, 4.), {15});
  EXPECT_EQ(values(unwrap(doubles({0, 3, -3}), {}, -1, 4.)), (List{0, -1, -3}));
}

TEST(Difference, Gradients) {
  const Tensor y = test::uniform({3, 5}, -1, 1, 1), x = cumsum(test::uniform({5}, 0.2, 1, 2), 0);
  const Tensor at = test::uniform({6}, 0.5, 2, 3), f = test::uniform({5}, -1, 1, 4);
  using In = const std::vector<Tensor>&;
  expect_second_gradients("diff", [](In v) { return diff(square(v[0]), 2, 1); }, {y});
  for (const std::int64_t order : {1, 2})
    expect_second_gradients("gradient",
                            [order](In v) {
                              const Operand places[] = {v[1]};
                              return gradient(square(v[0]), places, Dims{1}, order)[0];
                            },
                            {y, x});
  expect_second_gradients("trapezoid", [](In v) { return trapezoid(square(v[0]), v[1]); }, {y, x});
  expect_second_gradients("cumulative_trapezoid", [](In v) { return cumulative_trapezoid(v[0], v[1]); }, {y, x});
  expect_second_gradients("interp", [](In v) { return interp(v[0], v[1], v[2]); }, {at, x, f});
  expect_second_gradients("unwrap", [](In v) { return unwrap(square(mul(v[0], 5)), {}, 1); }, {y});
}

}  // namespace
}  // namespace tenon::test
