#include "helpers.h"

#include <cmath>

namespace {

using namespace tenon;
using test::doubles;
using test::tensor;
using test::values;
using I = std::vector<int>;

TEST(Equal, ComparesShapesAndValuesAcrossDtypes) {
  const Tensor a = doubles({1, 2, 3});
  EXPECT_TRUE(equal(a, a));
  EXPECT_TRUE(equal(a, a.to(DType::int8)));
  EXPECT_TRUE(equal(a.to(DType::float16), a.to(DType::bfloat16)));
  EXPECT_TRUE(equal(a.to(DType::float8_e5m2), a.to(DType::float8_e4m3fn)));
  EXPECT_TRUE(equal(a.to(DType::float8_e5m2), a));
  EXPECT_TRUE(equal(a, a.to(DType::complex64)));
  EXPECT_TRUE(equal(flip(a), doubles({3, 2, 1})));
  EXPECT_FALSE(equal(a, doubles({1, 2, 4})));
  EXPECT_FALSE(equal(a, doubles({1, 2, 3}, {3, 1})));
  EXPECT_FALSE(equal(Tensor::of(1), tensor<std::int64_t>({1})));
  EXPECT_TRUE(equal(zeros({0, 3}), zeros({0, 3}, DType::int64)));
  EXPECT_FALSE(equal(zeros({0, 3}), zeros({3, 0})));
  EXPECT_FALSE(equal(doubles({NAN}), doubles({NAN})));
  EXPECT_TRUE(equal(doubles({HUGE_VAL, 0.}), doubles({HUGE_VAL, -0.})));
}

TEST(Equal, IsExactForIntegers) {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  EXPECT_FALSE(equal(tensor<std::int64_t>({16777217}), tensor<float>({16777216})));
  EXPECT_FALSE(equal(tensor<std::int64_t>({large}), tensor<std::uint64_t>({std::uint64_t(large) - 1})));
  EXPECT_TRUE(equal(tensor<std::uint64_t>({std::uint64_t(large)}), tensor<std::int64_t>({large})));
  EXPECT_FALSE(equal(tensor<std::int64_t>({-1}), tensor<std::uint64_t>({~std::uint64_t{0}})));
  EXPECT_FALSE(equal(tensor<std::int8_t>({-1}), tensor<std::uint64_t>({~std::uint64_t{0}})));
}

TEST(IsClose, FollowsNumPy) {
  const double inf = HUGE_VAL;
  EXPECT_EQ(values<int>(isclose(doubles({1e10, 1e-7}), doubles({1.00001e10, 1e-8}))), (I{1, 0}));
  EXPECT_EQ(values<int>(isclose(doubles({1e10, 1e-8}), doubles({1.0001e10, 1e-9}))), (I{0, 1}));
  EXPECT_EQ(values<int>(isclose(doubles({inf, -inf, inf, inf, 1}), doubles({inf, -inf, -inf, 1, inf}))),
            (I{1, 1, 0, 0, 0}));
  EXPECT_EQ(values<int>(isclose(doubles({NAN, NAN, 1}), doubles({NAN, 1, NAN}))), (I{0, 0, 0}));
  EXPECT_EQ(values<int>(isclose(doubles({NAN, NAN, 1}), doubles({NAN, 1, NAN}), 1e-5, 1e-8, true)), (I{1, 0, 0}));
  // The tolerance is relative to the second operand.
  EXPECT_EQ(values<int>(isclose(doubles({100}), doubles({90}), 0.11, 0)), I{0});
  EXPECT_EQ(values<int>(isclose(doubles({90}), doubles({100}), 0.11, 0)), I{1});
  EXPECT_EQ(values<int>(isclose(tensor<std::int64_t>({16777217, 5}), tensor<std::int64_t>({16777216, 5}), 0, 0)),
            (I{0, 1}));
  EXPECT_EQ(values<int>(isclose(tensor<bool>({true, false}), tensor<bool>({true, true}))), (I{1, 0}));
  EXPECT_EQ(values<int>(isclose(tensor<std::uint8_t>({3}), tensor<std::uint8_t>({5}), 0, 2)),
            I{1});  // 3 - 5 does not wrap
  EXPECT_EQ(values<int>(isclose(tensor<complex128>({{1, 1}}), tensor<complex128>({{1, 1.000001}}))), I{1});
  EXPECT_EQ(values<int>(isclose(doubles({1, 1.5}).to(DType::float16), doubles({1.001, 1.6}).to(DType::float16), 1e-2)),
            (I{1, 0}));
  EXPECT_EQ(values<int>(isclose(doubles({2}).to(DType::float8_e5m2), doubles({2}))), I{1});
  EXPECT_EQ(isclose(zeros({2, 1}), zeros({3})).shape(), (Dims{2, 3}));
  EXPECT_THROW(isclose(zeros({2}), zeros({3})), ShapeError);
}

TEST(AllClose, ReducesToOneAnswerAndRecordsNothing) {
  Tensor x = doubles({1, 2});
  x.set_requires_grad(true);
  EXPECT_TRUE(allclose(x, doubles({1, 2 + 1e-9})));
  EXPECT_FALSE(allclose(x, doubles({1, 2.1})));
  EXPECT_TRUE(allclose(zeros({0}), zeros({0})));
  EXPECT_FALSE(isclose(x, x).requires_grad());
  EXPECT_TRUE(equal(x, x));
}

}  // namespace
