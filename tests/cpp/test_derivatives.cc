// Every line of derivatives.cc against finite differences, and at the points where they say nothing.
#include "gradients.h"

#include <limits>

#include "autograd/derivatives.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_gradients;
using test::expect_second_gradients;
using test::Function;
using test::leaf;
using test::message;
using test::values;
using V = std::vector<double>;

// Where an op is smooth. Default: (0.2, 0.8).
std::pair<double, double> domain(Op op) {
  switch (op) {
    case Op::acosh: return {1.2, 3};
    case Op::sign:
    case Op::abs:
    case Op::relu:
    case Op::copysign:
    case Op::gelu:
    case Op::gelu_tanh:
    case Op::gelu_tanh_slope:
    case Op::gelu_slope:
    case Op::silu:
    case Op::erf:
    case Op::softplus:
    case Op::log_sigmoid:
    case Op::leaky_relu:
    case Op::elu:
    case Op::tanh:
    case Op::sinc:
    case Op::i1:
    case Op::i1e:
    case Op::bessel_j0:
    case Op::bessel_j1:
    case Op::airy_ai:
    case Op::airy_ai_slope:
    case Op::logaddexp:
    case Op::neg:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::square:
    case Op::exp:
    case Op::exp2:
    case Op::expm1:
    case Op::sin:
    case Op::cos:
    case Op::sinh:
    case Op::cosh:
    case Op::asinh:
    case Op::atan:
    case Op::sigmoid:
    case Op::erfc:
    case Op::lerp:
    case Op::muladd:
    case Op::where:
    case Op::clip:
    case Op::maximum:
    case Op::minimum:
    case Op::fmax:
    case Op::fmin:
    case Op::atan2:
    case Op::hypot: return {-2, 2};
    case Op::lgamma:
    case Op::digamma:
    case Op::trigamma:
    case Op::polygamma: return {0.5, 4};
    default: return {0.2, 0.8};
  }
}

class Derivative : public testing::TestWithParam<int> {};

TEST_P(Derivative, AgreesWithFiniteDifferencesInFirstAndSecondOrder) {
  const Op op = static_cast<Op>(GetParam());
  if (!derive::elementwise(op).differentiable) GTEST_SKIP() << "stated as not differentiable";
  const auto [low, high] = domain(op);
  if (op == Op::igamma || op == Op::igammac) {  // as the order, so the first operand
    const Tensor orders = doubles({0.3, 1, 2.5});
    const Function of_x = [op, orders](const std::vector<Tensor>& x) {
      const Operand in[] = {orders, x[0]};
      return elementwise(op, in);
    };
    return expect_second_gradients(std::string(info(op).name), of_x, {test::uniform({2, 3}, 0.5, 4, 42)});
  }
  if (op == Op::zeta) {  // by its second operand alone
    const Function of_q = [](const std::vector<Tensor>& x) { return zeta(doubles({1.5, 2, 3.25}), x[0]); };
    return expect_second_gradients("zeta", of_q, {test::uniform({2, 3}, 0.5, 4, 43)});
  }
  if (op == Op::polygamma) {  // its order is a whole number and has no gradient
    const Function psi2 = [](const std::vector<Tensor>& x) { return polygamma(2, x[0]); };
    return expect_second_gradients("polygamma", psi2, {test::uniform({2, 3}, low, high, 41)});
  }
  std::vector<Tensor> at;
  for (int i = 0; i < info(op).arity; ++i) {
    const bool condition = i == 0 && info(op).rule == Rule::select;
    at.push_back(condition ? test::tensor<bool>({true, false, true, true, false, true}, {2, 3})
                           : test::uniform({2, 3}, low, high, 40 + static_cast<std::uint64_t>(i)));
  }
  const Function f = [op](const std::vector<Tensor>& x) {
    const std::vector<Operand> in(x.begin(), x.end());
    return elementwise(op, in);
  };
  expect_second_gradients(std::string(info(op).name), f, at);
}

TEST_P(Derivative, OfComplexNumbersAgreesWithFiniteDifferences) {
  const Op op = static_cast<Op>(GetParam());
  try {
    elementwise_types(op, DType::complex128);
  } catch (const DtypeError&) { GTEST_SKIP() << "real numbers only"; }
  if (!derive::elementwise(op).differentiable || op == Op::copy) GTEST_SKIP();
  std::vector<Tensor> at;
  for (int i = 0; i < info(op).arity; ++i) {
    const bool condition = i == 0 && info(op).rule == Rule::select;
    at.push_back(condition ? test::tensor<bool>({true, false, true, true}, {2, 2})
                           : test::uniform({2, 2}, 0.3, 0.9, 50 + static_cast<std::uint64_t>(i), DType::complex128));
  }
  const Function f = [op](const std::vector<Tensor>& x) {
    const std::vector<Operand> in(x.begin(), x.end());
    return elementwise(op, in);
  };
  if (op == Op::rint) return;  // 0 almost everywhere, checked for real numbers
  expect_gradients(std::string(info(op).name), f, at);
}

INSTANTIATE_TEST_SUITE_P(Table, Derivative, testing::Range(0, kOps),
                         [](const auto& p) { return std::string(tenon::info(static_cast<Op>(p.param)).name); });

TEST(Autograd, AnOpWithoutDerivativeSaysSoInsteadOfBeingLeftOut) {
  for (Op op : {Op::igamma, Op::igammac, Op::polygamma, Op::zeta, Op::heaviside, Op::nextafter}) {
    const Tensor x = leaf({0.5, 2}), other = doubles({1, 1});
    std::vector<Operand> in{x};
    if (info(op).arity == 2) in.emplace_back(other);
    const Tensor y = elementwise(op, in);
    EXPECT_TRUE(y.requires_grad()) << info(op).name;
    EXPECT_NE(message<GradError>([&] { y.backward(other); }).find(info(op).name), std::string::npos);
  }
  // Bool and integer results carry no gradient at all.
  const Tensor x = leaf({0.5, 2});
  EXPECT_FALSE(lt(x, 1).requires_grad());
  EXPECT_FALSE(isnan(x).requires_grad());
  EXPECT_FALSE(x.to(DType::int64).requires_grad());
}

// ---- special points ----

std::vector<double> slope(const Function& f, const std::vector<double>& at, std::size_t operand = 0,
                          const std::vector<double>& other = {}) {
  const Tensor x = leaf(at);
  std::vector<Tensor> in{x};
  if (!other.empty()) in.insert(operand == 0 ? in.end() : in.begin(), doubles(other));
  f(in).backward(ones(x.shape(), DType::float64));
  return values(x.grad());
}
// An infinite gradient stays out of what an operation has masked: sqrt() of its 0 sends one.
TEST(Autograd, WhatIsMaskedGetsNoPartOfAnInfiniteGradient) {
  const auto through = [](const Function& f, const V& at) {
    const Tensor x = leaf(at);
    sqrt(f({x})).backward(ones(x.shape(), DType::float64));
    return values(x.grad());
  };
  const Tensor low = zeros({2}, DType::float64), high = full({2}, 9, DType::float64, kCpu);
  const V at{-1, 4}, expected{0, 0.25};
  EXPECT_EQ(through([](auto& x) { return relu(x[0]); }, at), expected);
  EXPECT_EQ(through([&](auto& x) { return clip(x[0], low, high); }, at), expected);
  EXPECT_EQ(through([&](auto& x) { return maximum(x[0], low); }, at), expected);
  EXPECT_EQ(through([&](auto& x) { return fmax(low, x[0]); }, at), expected);
  EXPECT_EQ(through([&](auto& x) { return neg(minimum(neg(x[0]), low)); }, at), expected);
  EXPECT_EQ(through([&](auto& x) { return neg(fmin(low, neg(x[0]))); }, at), expected);
  EXPECT_EQ(through([](auto& x) { return mul(floor(x[0]), 0); }, at), (V{0, 0}));
  const Tensor x = leaf(at);
  sqrt(sub(amax(x), 4)).backward();
  EXPECT_EQ(values(x.grad()), (V{0, INFINITY}));
}

TEST(Autograd, AtSpecialPoints) {
  auto binary = [](Op op) {
    return [op](const std::vector<Tensor>& x) {
      const Operand in[] = {x[0], x[1]};
      return elementwise(op, in);
    };
  };
  auto unary = [](Op op) {
    return [op](const std::vector<Tensor>& x) {
      const Operand in[] = {x[0]};
      return elementwise(op, in);
    };
  };
  EXPECT_EQ(slope(unary(Op::abs), {-2, 0, 3}), (V{-1, 0, 1}));
  EXPECT_EQ(slope(unary(Op::relu), {-2, 0, 3}), (V{0, 0, 1}));
  EXPECT_EQ(slope(unary(Op::sinc), {0}), V{0});
  EXPECT_EQ(slope(unary(Op::floor), {1.5}), V{0});
  EXPECT_EQ(slope(binary(Op::pow), {0, 0, 2, -2}, 0, {0, 2, 0, 3}), (V{0, 0, 0, 12}));
  EXPECT_EQ(slope(binary(Op::pow), {0, 2, 0}, 1, {0, 0, 0}), (V{0, 0, 0}));
  EXPECT_EQ(slope(binary(Op::maximum), {1, 2, 3}, 0, {2, 2, 2}), (V{0, 0.5, 1}));
  EXPECT_EQ(slope(binary(Op::minimum), {1, 2, 3}, 1, {2, 2, 2}), (V{1, 0.5, 0}));
  EXPECT_EQ(slope(binary(Op::fmax), {1, 3, NAN}, 0, {NAN, 3, 1}), (V{1, 1, 0}));
  EXPECT_EQ(slope(binary(Op::xlogy), {2, 4}, 1, {0, 3}), (V{0, 0.75}));
  EXPECT_EQ(slope(binary(Op::atan2), {0}, 0, {0}), V{0});
  EXPECT_DOUBLE_EQ(slope(binary(Op::atan2), {0x1p600}, 0, {0x1p600})[0], 0x1p-601);  // the square overflows
  EXPECT_EQ(slope(binary(Op::atan2), {0}, 1, {0}), V{0});
  EXPECT_EQ(slope(binary(Op::logaddexp), {1e20, INFINITY}, 0, {1e20, 0}), (V{0.5, 1}));
  // clip: inside and on the limits the value passes, outside the limit does.
  const Tensor x = leaf({-1, 0, 0.5, 1, 2}), lower = leaf({0, 0, 0, 0, 0}), upper = leaf({1, 1, 1, 1, 1});
  clip(x, lower, upper).backward(ones({5}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{0, 1, 1, 1, 0}));
  EXPECT_EQ(values(lower.grad()), (V{1, 0, 0, 0, 0}));
  EXPECT_EQ(values(upper.grad()), (V{0, 0, 0, 0, 1}));
  // where: the side that is not taken gets 0, even where its own value is infinite.
  const Tensor a = leaf({1, 0}), c = test::tensor<bool>({true, false});
  where(c, log(a), a).backward(ones({2}, DType::float64));
  EXPECT_EQ(values(a.grad())[0], 1);
  const Tensor b = leaf({3});
  where(true, b, 0).backward(ones({1}, DType::float64));
  EXPECT_EQ(values(b.grad()), V{1});
}

}  // namespace
