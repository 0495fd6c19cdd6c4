// Fully connected layers against products and sums, with both gradients.
#include "tenon/nn/linear.h"

#include "gradients.h"

namespace tenon::test {
namespace {

TEST(Linear, IsAProductAndASum) {
  for (const DType d : {DType::float64, DType::float32, DType::int64, DType::complex128}) {
    const Tensor x = uniform({2, 3, 5}, -4, 4, 1, d), w = uniform({4, 5}, -4, 4, 2, d), b = uniform({4}, -4, 4, 3, d);
    const Tensor wanted = add(matmul(x, mT(w)), b);
    EXPECT_EQ(values<complex128>(nn::linear(x, w, b)), values<complex128>(wanted)) << name(d);
    EXPECT_EQ(values<complex128>(nn::linear(x, w)), values<complex128>(matmul(x, mT(w)))) << name(d);
  }
}

TEST(Linear, TakesOneOutputAndOneRow) {
  const Tensor x = uniform({3, 5}, -1, 1, 1), w = uniform({5}, -1, 1, 2);
  EXPECT_EQ(nn::linear(x, w, doubles({2}, {})).shape(), Dims{3});
  EXPECT_EQ(nn::linear(select(x, 0, 0), unsqueeze(w, {0})).shape(), Dims{1});
  EXPECT_EQ(nn::linear(zeros({0, 5}), ones({4, 5}), ones({4})).shape(), (Dims{0, 4}));
  EXPECT_EQ(values(nn::linear(zeros({2, 0}), ones({3, 0}), ones({3}))), std::vector<double>(6, 1));
}

TEST(Linear, RoundsHalfPrecisionOnce) {
  for (const DType d : {DType::float16, DType::bfloat16}) {
    const Tensor x = uniform({7, 30}, -1, 1, 1, d), w = uniform({9, 30}, -1, 1, 2, d), b = uniform({9}, -1, 1, 3, d);
    const auto wide = [](const Tensor& t) { return t.to(DType::float32); };
    EXPECT_EQ(values(nn::linear(x, w, b)), values(nn::linear(wide(x), wide(w), wide(b)).to(d)));
  }
}

TEST(Linear, HasBothGradients) {
  const auto f = [](const auto& v) { return nn::linear(v[0], v[1], v[2]); };
  const Tensor b = uniform({4}, -1, 1, 3);
  for (const Dims& shape : {Dims{3}, Dims{2, 3}, Dims{2, 2, 3}}) {
    expect_second_gradients("linear", f, {uniform(shape, -1, 1, 1), uniform({4, 3}, -1, 1, 2), b});
    expect_second_gradients("one output", f, {uniform(shape, -1, 1, 1), uniform({3}, -1, 1, 2), uniform({}, -1, 1, 3)});
  }
  expect_second_gradients("no bias", [](const auto& v) { return nn::linear(v[0], v[1]); },
                          {uniform({2, 3}, -1, 1, 1), uniform({4, 3}, -1, 1, 2)});
  const DType z = DType::complex128;
  expect_second_gradients("complex", f,
                          {uniform({2, 3}, -1, 1, 1, z), uniform({4, 3}, -1, 1, 2, z), uniform({4}, -1, 1, 3, z)});
}

TEST(Linear, IsOneNode) {
  const Tensor y = nn::linear(ones({2, 3}), leaf(ones({4, 3}, DType::float64)), ones({4}, DType::float64));
  EXPECT_STREQ(autograd::node_of(y)->op(), "linear");
}

TEST(Linear, SaysWhatDoesNotFit) {
  EXPECT_EQ(message<ShapeError>([] { nn::linear(zeros({2, 3}), zeros({4, 5})); }),
            "linear: the last dimension of input must have the 5 features that the weight takes; got input (2, 3) and "
            "weight (4, 5)");
  EXPECT_EQ(message<ShapeError>([] { nn::linear(zeros({2, 3}), zeros({4, 3}), zeros({3})); }),
            "linear: the bias must have shape (4,), one number for each output; got (3,)");
  EXPECT_THROW(nn::linear(zeros({2, 3}), zeros({4, 3, 1})), ShapeError);
  EXPECT_THROW(nn::linear(zeros({}), zeros({4, 3})), ShapeError);
}

TEST(Bilinear, IsTheSumOfItsDefinition) {
  const Tensor a = uniform({2, 2, 3}, -1, 1, 1), b = uniform({2, 2, 4}, -1, 1, 2), w = uniform({5, 3, 4}, -1, 1, 3),
               c = uniform({5}, -1, 1, 4);
  const Tensor operands[] = {a, w, b};
  EXPECT_TRUE(allclose(nn::bilinear(a, b, w, c), add(einsum("xyi,oij,xyj->xyo", operands), c), 1e-12, 1e-12));
  EXPECT_EQ(nn::bilinear(zeros({3}), zeros({4}), zeros({5, 3, 4})).shape(), Dims{5});
}

TEST(Bilinear, HasBothGradients) {
  expect_second_gradients(
      "bilinear", [](const auto& v) { return nn::bilinear(v[0], v[1], v[2], v[3]); },
      {uniform({2, 3}, -1, 1, 1), uniform({2, 2}, -1, 1, 2), uniform({4, 3, 2}, -1, 1, 3), uniform({4}, -1, 1, 4)});
}

TEST(Bilinear, SaysWhatDoesNotFit) {
  EXPECT_THROW(nn::bilinear(zeros({2, 3}), zeros({2, 4}), zeros({5, 4, 3})), ShapeError);
  EXPECT_THROW(nn::bilinear(zeros({2, 3}), zeros({1, 4}), zeros({5, 3, 4})), ShapeError);
  EXPECT_THROW(nn::bilinear(zeros({2, 3}), zeros({2, 4}), zeros({3, 4})), ShapeError);
  EXPECT_THROW(nn::bilinear(zeros({2, 3}), zeros({2, 4}), zeros({5, 3, 4}), zeros({4})), ShapeError);
}

}  // namespace
}  // namespace tenon::test
