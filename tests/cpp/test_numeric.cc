// Elementwise operations that are made of several primitives.
#include <cmath>

#include "gradients.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using test::doubles;
using test::expect_second_gradients;
using test::kInf;
using test::kNan;
using test::values;
using V = std::vector<double>;

void expect_same(const Tensor& got, const V& wanted, const std::string& what = "") {
  const V v = values(got);
  ASSERT_EQ(v.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (std::isnan(wanted[i])) EXPECT_TRUE(std::isnan(v[i])) << what << " " << i;
    else
      EXPECT_TRUE(v[i] == wanted[i] && std::signbit(v[i]) == std::signbit(wanted[i]))
          << what << " " << i << ": " << v[i];
  }
}

TEST(Ldexp, IsExactWherever2ToThePowerLies) {
  expect_same(ldexp(doubles({0x1p100, 0, 0x1p-1074, 0x1p1023, 1, -3, kInf, 0x1p-1060}),
                    doubles({-200, 200, 2000, -2090, 5000, -5000, -5000, 1060})),
              {0x1p-100, 0, 0x1p926, 0x1p-1067, kInf, -0., kInf, 1});
  // Rounded once, where bits are lost below the smallest normal number.
  for (const double x : {1 + 0x1p-52, 1.5, 1.75 + 0x1p-52, 0x1.fffffffffffffp0, 0x1.0000000000001p900})
    for (const double n : {-1022., -1023., -1030., -1050., -1072., -1073., -1074., -1075., -1076., -1950.})
      EXPECT_EQ(ldexp(Tensor::of(x, DType::float64), n).item<double>(), std::ldexp(x, static_cast<int>(n)))
          << x << " " << n;
  for (const float x : {1.0f, 0x1.fffffep0f, 0x1.000002p100f, 0x1p-149f})
    for (const float n : {-126.f, -127.f, -130.f, -149.f, -150.f, -250.f, 100.f, 270.f})
      EXPECT_EQ(ldexp(Tensor::of(x, DType::float32), n).item<float>(), std::ldexp(x, static_cast<int>(n)))
          << x << " " << n;
  expect_same(ldexp(doubles({1, 0, kNan, 1}), doubles({kInf, kNan, 1, -kInf})), {kInf, kNan, kNan, 0});
  EXPECT_EQ(ldexp(Tensor::of(1.0, DType::float16), Tensor::of(3)).dtype(), DType::float16);
  EXPECT_NEAR(ldexp(doubles({3}), 0.5).item<double>(), 3 * std::sqrt(2), 1e-15);
}

TEST(Frexp, TakesNumbersApartAndLdexpPutsThemTogether) {
  const V all = {1, -0.75, 0, -0., 0x1p-1074, -0x1.8p-1030, 0x1.fffffffffffffp1023, kInf, -kInf, kNan, 0.1};
  for (const DType d : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
    const Tensor x = to(doubles(all), d);
    const auto [m, e] = frexp(x);
    EXPECT_EQ(e.dtype(), DType::int32);
    EXPECT_EQ(m.dtype(), d);
    const V given = values(x), mantissas = values(m), exponents = values(e);
    for (std::size_t i = 0; i < all.size(); ++i) {
      int wanted = 0;
      const double mantissa = std::isfinite(given[i]) ? std::frexp(given[i], &wanted) : given[i];
      EXPECT_EQ(exponents[i], wanted) << name(d) << " " << given[i];
      if (std::isnan(mantissa)) continue;
      EXPECT_EQ(mantissas[i], mantissa) << name(d) << " " << given[i];
    }
    if (d == DType::float64) expect_same(slice(ldexp(m, e), 0, 0, 9), V(all.begin(), all.begin() + 9));
  }
  EXPECT_THROW(frexp(zeros({1}, DType::complex64)), DtypeError);
  EXPECT_EQ(frexp(Tensor::of(8)).first.dtype(), default_float());
  expect_second_gradients("frexp", [](const auto& x) { return square(frexp(x[0]).first); }, {doubles({3, -0.2, 100})});
}

TEST(Modf, KeepsTheSign) {
  const auto [fraction, whole] = modf(doubles({2.5, -2.5, -0., kInf, -kInf, kNan, -3}));
  expect_same(fraction, {0.5, -0.5, -0., 0, -0., kNan, -0.});
  expect_same(whole, {2, -2, -0., kInf, -kInf, kNan, -3});
}

TEST(Division, RoundsDownOrTowardsZero) {
  const Tensor a = doubles({7, -7, 7, -7}), b = doubles({2, 2, -2, -2});
  expect_same(div(a, b, Rounding::floor), {3, -4, -4, 3});
  expect_same(div(a, b, Rounding::trunc), {3, -3, -3, 3});
  const Tensor i = to(a, DType::int64), k = to(b, DType::int64);
  EXPECT_EQ(div(i, k, Rounding::trunc).dtype(), DType::int64);
  expect_same(div(i, k, Rounding::trunc), {3, -3, -3, 3});
  EXPECT_EQ(div(Tensor::of((INT64_C(1) << 53) + 1), 1, Rounding::trunc).item<std::int64_t>(), (INT64_C(1) << 53) + 1);
  const auto [q, r] = divmod(a, b);
  expect_same(q, {3, -4, -4, 3});
  expect_same(r, {1, 1, -1, -1});
  // The gradient is 0, at a division by 0, too.
  const Tensor x = test::leaf({1, 0}), y = test::leaf({0, 0});
  const Tensor z = div(x, y, Rounding::trunc);
  z.backward(doubles({1, 1}));
  expect_same(x.grad(), {0, 0});
  expect_same(y.grad(), {0, 0});
  EXPECT_THROW(rounding("up"), ValueError);
}

TEST(Clamp, TakesOneBoundOrNone) {
  const Tensor x = doubles({-2, 0, 3});
  expect_same(clamp(x, -1, {}), {-1, 0, 3});
  expect_same(clamp(x, {}, 1), {-2, 0, 1});
  EXPECT_FALSE(clamp(x, {}, {}).shares_storage(x));
  expect_same(clamp(x, {}, {}), {-2, 0, 3});
  Tensor y = clone(x);
  clamp_(y, 0, {});
  expect_same(y, {0, 0, 3});
  clamp_(y, {}, {});
  expect_same(y, {0, 0, 3});
  EXPECT_THROW(clamp(zeros({1}, DType::complex64), {}, {}), DtypeError);
  const Tensor leaf = test::leaf({-2, 0, 3});
  clamp(leaf, 0, {}).backward(doubles({1, 1, 1}));
  expect_same(leaf.grad(), {0, 1, 1});
}

TEST(Clamp, BoundsBeyondTheDtypeLimitNothing) {
  const Tensor bytes = test::tensor<std::uint8_t>({0, 7, 255});
  expect_same(clamp(bytes, -5, 300), {0, 7, 255});
  expect_same(clamp(bytes, -5, 9), {0, 7, 9});
  expect_same(clamp(bytes, 3, 300), {3, 7, 255});
  EXPECT_EQ(clamp(bytes, -5, 300).dtype(), DType::uint8);
  EXPECT_THROW(clamp(bytes, 300, {}), OverflowError);
  EXPECT_THROW(clamp(bytes, {}, -1), OverflowError);
  Tensor own = clone(bytes);
  clamp_(own, -1000, 8);
  expect_same(own, {0, 7, 8});
}

TEST(Round, HasDecimals) {
  expect_same(round(doubles({0.125, 0.375, -1.005, 2.5}), 2), {0.12, 0.38, -1., 2.5});
  expect_same(round(doubles({2.5, 3.5, -0.4})), {2, 4, -0.});
  expect_same(round(doubles({15, 25, 149}), -1), {20, 20, 150});
  const std::int64_t large = (INT64_C(1) << 60) + 5;
  const Tensor i = test::tensor<std::int64_t>({large, 15, 25, -15, -25, 14, 16, -16, 5, -5});
  const auto r = values<std::int64_t>(round(i, -1));
  EXPECT_EQ(r, (std::vector<std::int64_t>{(large + 5) / 10 * 10, 20, 20, -20, -20, 10, 20, -20, 0, 0}));
  EXPECT_EQ(values<std::int64_t>(round(i, 3)), values<std::int64_t>(i));
  expect_same(round(test::tensor<std::int8_t>({127, -128, 50}), -2), {100, -100, 0});
  expect_same(round(test::tensor<std::int8_t>({127}), -3), {0});
  EXPECT_EQ(round(Tensor::of(1.005, DType::float16), 2).dtype(), DType::float16);
  EXPECT_THROW(round(Tensor::of(true)), DtypeError);
}

TEST(Sums, TakeAMultiple) {
  const Tensor a = doubles({1, 2}), b = doubles({10, 20});
  expect_same(add(a, b, 2), {21, 42});
  expect_same(sub(a, b, 0.5), {-4, -8});
  EXPECT_EQ(add(test::tensor<std::int8_t>({1}), 3, 4).dtype(), DType::int8);
  EXPECT_THROW(add(test::tensor<std::int8_t>({1}), 100, 4), OverflowError);
  Tensor c = clone(a);
  add_(c, b, -1);
  expect_same(c, {-9, -18});
  sub_(c, 1, 2);
  expect_same(c, {-11, -20});
  expect_second_gradients("add alpha", [](const auto& x) { return square(add(x[0], x[1], 3)); }, {a, b});
}

TEST(Powers, OfIntegersHaveNoNegativeExponents) {
  const Tensor t = test::tensor<std::int64_t>({1, 2, 3});
  EXPECT_THROW(pow(t, -1), ValueError);
  EXPECT_THROW(pow(t, test::tensor<std::int64_t>({0, 1, -2})), ValueError);
  EXPECT_THROW(pow(2, test::tensor<std::int8_t>({-1})), ValueError);
  Tensor own = clone(t);
  EXPECT_THROW(elementwise_(Op::pow, own, std::vector<Operand>{-1}), ValueError);
  expect_same(pow(t, -1.0), {1, 0.5, static_cast<double>(1.0f / 3)});
  expect_same(pow(t, t), {1, 4, 27});
  EXPECT_EQ(float_power(t, -1).dtype(), DType::float64);
  expect_same(float_power(t, -1), {1, 0.5, 1. / 3});
  EXPECT_EQ(float_power(Tensor::of(2.0f, DType::complex64), t).dtype(), DType::complex128);
}

TEST(Dtypes, AreNumPys) {
  EXPECT_EQ(square(Tensor::of(true)).dtype(), DType::int8);
  EXPECT_EQ(square(Tensor::of(true)).item<int>(), 1);
  EXPECT_EQ(rint(Tensor::of(3)).dtype(), default_float());
  EXPECT_EQ(round(Tensor::of(3)).dtype(), DType::int64);
  EXPECT_EQ(heaviside(Tensor::of(0), Tensor::of(3)).item<double>(), 3);
  EXPECT_EQ(heaviside(Tensor::of(0), Tensor::of(3)).dtype(), default_float());
}

TEST(Nextafter, OfHalvesIsTheNextHalf) {
  for (const DType d : {DType::float16, DType::bfloat16}) {
    const double step = d == DType::float16 ? 0x1p-10 : 0x1p-7, least = d == DType::float16 ? 0x1p-24 : 0x1p-133;
    const Tensor a = to(doubles({1, 1, -1, 0, -0., kNan, 1, kInf, 2}), d),
                 b = to(doubles({2, 0, -2, -1, 1, 1, kNan, 0, 2}), d);
    const V got = values(nextafter(a, b));
    EXPECT_EQ(got[0], 1 + step);
    EXPECT_EQ(got[1], 1 - step / 2);
    EXPECT_EQ(got[2], -1 - step);
    EXPECT_EQ(got[3], -least);
    EXPECT_EQ(got[4], least);
    EXPECT_TRUE(std::isnan(got[5]) && std::isnan(got[6]));
    EXPECT_TRUE(std::isfinite(got[7]) && got[7] > 60000);
    EXPECT_EQ(got[8], 2);
    EXPECT_EQ(nextafter(a, b).dtype(), d);
    EXPECT_EQ(values(nextafter(a, 2))[0], 1 + step);
    Tensor own = clone(a);
    elementwise_(Op::nextafter, own, std::vector<Operand>{b});
    EXPECT_EQ(values(own)[0], 1 + step);
  }
  Tensor x = to(doubles({1}), DType::float16);
  x.set_requires_grad(true);
  EXPECT_THROW(nextafter(x, 2).backward(), GradError);
}

TEST(Logit, OutsideItsDomainHasNoSlope) {
  const Tensor x = test::leaf({-0.5, 0.25, 1.5});
  logit(x).backward(doubles({1, 1, 1}));
  const V g = values(x.grad());
  EXPECT_TRUE(std::isnan(g[0]) && std::isnan(g[2]));
  EXPECT_NEAR(g[1], 16. / 3, 1e-12);
  expect_same(logit(doubles({0, 1}), 0.5), {0, 0});
}

TEST(Logaddexp2, DoesNotOverflow) {
  expect_same(logaddexp2(doubles({1000, kInf, -kInf, -kInf, kNan}), doubles({1000, kInf, -kInf, 1, 1})),
              {1001, kInf, -kInf, 1, kNan});
  EXPECT_NEAR(logaddexp2(doubles({3}), 5).item<double>(), std::log2(40), 1e-14);
  // What is added is not lost where it is small beside 1.
  EXPECT_NEAR(logaddexp2(doubles({0}), -60).item<double>(), 0x1p-60 / std::log(2), 1e-30);
}

TEST(Activations, HavePyTorchsParameters) {
  const Tensor x = doubles({-3, -0.5, 0, 0.5, 3});
  const auto tanh_form = [](double v) {
    return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
  };
  const V got = values(gelu(x, Gelu::tanh)), soft = values(softplus(x, 2, 4)), given = values(x);
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], tanh_form(given[i]), 1e-15);
    EXPECT_NEAR(soft[i], 2 * given[i] > 4 ? given[i] : std::log1p(std::exp(2 * given[i])) / 2, 1e-15);
  }
  EXPECT_THROW(gelu_approximation("erf"), ValueError);
  expect_second_gradients("gelu tanh", [](const auto& t) { return gelu(t[0], Gelu::tanh); }, {x});
  expect_second_gradients("softplus", [](const auto& t) { return softplus(t[0], 2, 4); }, {x});
}

TEST(Questions, ImaginaryPartsOfRealNumbersAreZeros) {
  const Tensor zeros = imaginary(doubles({1, 2}));
  expect_same(zeros, {0, 0});
  EXPECT_TRUE(zeros.read_only());
  const Tensor z = test::tensor<complex128>({{1, 2}});
  EXPECT_TRUE(imaginary(z).shares_storage(z));
  expect_same(where_true(doubles({0, 2}), 5., doubles({7})), {7, 5});
}

TEST(Questions, AboutElements) {
  const Tensor z = test::tensor<complex128>({{1, 0}, {0, 1}});
  expect_same(isreal(z), {1, 0});
  expect_same(iscomplex(z), {0, 1});
  expect_same(iscomplex(doubles({1})), {0});
  const Tensor a = doubles({1, kNan}), b = doubles({1, kNan});
  EXPECT_FALSE(array_equal(a, b));
  EXPECT_TRUE(array_equal(a, b, true));
  EXPECT_FALSE(array_equal(a, doubles({kNan, 1}), true));
  EXPECT_TRUE(array_equiv(doubles({1, 1}), doubles({1})));
  EXPECT_FALSE(array_equiv(doubles({1, 1}), doubles({1, 1, 1})));
  EXPECT_TRUE(array_equiv(empty({0}, DType::float64), doubles({1})));
}

TEST(Select, TakesTheFirstConditionThatHolds) {
  const Tensor x = doubles({0, 1, 2, 3});
  const Tensor conditions[] = {lt(x, 1), lt(x, 3)}, first = neg(x), second = mul(x, 10);
  const Operand choices[] = {first, second};
  expect_same(select(conditions, choices, 7), {-0., 10, 20, 7});
  EXPECT_THROW(select(conditions, {choices, 1}), ValueError);
  EXPECT_THROW(select({}, {}), ValueError);
  // Numbers are weak wherever they stand; conditions count by truth value.
  const Tensor bytes = test::tensor<std::int8_t>({1, 0, 3, 4});
  const Operand weak[] = {bytes, 1};
  const Tensor by_truth[] = {bytes, x};
  const Tensor small = select(by_truth, weak, 0);
  EXPECT_EQ(small.dtype(), DType::int8);
  expect_same(small, {1, 1, 3, 4});
  const Operand large[] = {bytes, 300};
  EXPECT_THROW(select(by_truth, large, 0), OverflowError);
  expect_second_gradients("select",
                          [&](const auto& in) {
                            const Tensor squares = square(in[0]);
                            const Operand both[] = {squares, in[1]};
                            return select(conditions, both, 0);
                          },
                          {x, x});
}

}  // namespace
}  // namespace tenon
