// Activation functions and short formulas: values by their definitions in float64, gradients by differences.
#include "helpers.h"

#include <cmath>
#include <functional>

#include "gradients.h"

namespace {

using namespace tenon;
using test::message;
using test::uniform;
using test::values;

struct Activation {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
  std::function<double(double)> definition;
};

double limited(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

const Activation kActivations[] = {
    {"gelu_tanh", [](const Tensor& x) { return gelu_tanh(x); },
     [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }},
    {"softplus", [](const Tensor& x) { return softplus(x, 2, 3); },
     [](double x) { return 2 * x > 3 ? x : std::log1p(std::exp(2 * x)) / 2; }},
    {"hardtanh", [](const Tensor& x) { return hardtanh(x); }, [](double x) { return limited(x, -1, 1); }},
    {"relu6", &relu6, [](double x) { return limited(x, 0, 6); }},
    {"hardsigmoid", &hardsigmoid, [](double x) { return limited(x / 6 + 0.5, 0, 1); }},
    {"hardswish", &hardswish, [](double x) { return x * limited(x / 6 + 0.5, 0, 1); }},
    {"mish", &mish, [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
    {"selu", &selu, [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); }},
    {"celu", [](const Tensor& x) { return celu(x, 1.5); },
     [](double x) { return x > 0 ? x : 1.5 * std::expm1(x / 1.5); }},
    {"softsign", &softsign, [](double x) { return x / (1 + std::abs(x)); }},
    {"tanhshrink", &tanhshrink, [](double x) { return x - std::tanh(x); }},
    {"softshrink", [](const Tensor& x) { return softshrink(x, 0.7); },
     [](double x) { return x > 0.7    ? x - 0.7
                           : x < -0.7 ? x + 0.7
                                      : 0; }},
    {"hardshrink", [](const Tensor& x) { return hardshrink(x, 0.7); },
     [](double x) { return std::abs(x) > 0.7 ? x : 0; }},
    {"threshold", [](const Tensor& x) { return threshold(x, 0.3, -2); }, [](double x) { return x > 0.3 ? x : -2; }},
};

class EveryActivation : public testing::TestWithParam<Activation> {};

TEST_P(EveryActivation, ComputesItsDefinition) {
  const Activation& a = GetParam();
  for (DType d : {DType::float64, DType::float32, DType::float16, DType::bfloat16}) {
    const Tensor x = uniform({3, 400}, -9, 9, 5, d), y = a.f(x), t = a.f(T(x));
    ASSERT_EQ(y.dtype(), d);
    EXPECT_EQ(values(T(t)), values(y));
    const auto in = values(x), out = values(y);
    const double eps = d == DType::float64   ? 1e-14
                       : d == DType::float32 ? 4e-7
                       : d == DType::float16 ? 0x1p-10
                                             : 0x1p-7;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const double want = a.definition(in[i]);
      ASSERT_LE(std::abs(out[i] - want), eps * std::max(1., std::abs(want))) << name(d) << " at " << in[i];
    }
  }
  EXPECT_EQ(a.f(zeros({0, 3})).shape(), (Dims{0, 3}));
  EXPECT_EQ(a.f(Tensor::of(0.4)).ndim(), 0);
}

TEST_P(EveryActivation, KnowsInfinitiesAndNaN) {
  const Activation& a = GetParam();
  for (DType d : {DType::float64, DType::float32, DType::float16}) {
    const auto y = values(a.f(test::doubles({HUGE_VAL, -HUGE_VAL, NAN, 0}).to(d)));
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_FALSE(std::isnan(y[0]) && std::string(a.name) != "softsign") << y[0];
    EXPECT_FALSE(std::isnan(y[1]) && std::string(a.name) != "softsign") << y[1];
    EXPECT_NEAR(y[3], a.definition(0), d == DType::float16 ? 1e-3 : 1e-7);
  }
}

TEST_P(EveryActivation, HasGradientsToSecondOrder) {
  const Activation& a = GetParam();
  // Between the kinks.
  const Tensor x = test::doubles({-7.3, -3.4, -1.7, -0.9, -0.2, 0.15, 0.55, 0.85, 1.4, 2.6, 3.3, 6.4});
  test::expect_second_gradients(a.name, [&](const std::vector<Tensor>& v) { return a.f(v[0]); }, {x});
}

INSTANTIATE_TEST_SUITE_P(Table, EveryActivation, testing::ValuesIn(kActivations),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Activations, GradientsAtTheKinksArePyTorchs) {
  const auto slopes = [](const std::function<Tensor(const Tensor&)>& f, const std::vector<double>& at) {
    const Tensor x = test::leaf(at);
    f(x).backward(ones({static_cast<std::int64_t>(at.size())}, DType::float64));
    return values(x.grad());
  };
  using V = std::vector<double>;
  EXPECT_EQ(slopes([](const Tensor& x) { return hardtanh(x); }, {-1, 1}), (V{0, 0}));
  EXPECT_EQ(slopes(&relu6, {0, 6}), (V{0, 0}));
  EXPECT_EQ(slopes(&hardsigmoid, {-3, 3}), (V{0, 0}));
  EXPECT_EQ(slopes(&hardswish, {-3, 3}), (V{0, 1}));
  EXPECT_EQ(slopes([](const Tensor& x) { return softshrink(x); }, {-0.5, 0.5}), (V{0, 0}));
  EXPECT_EQ(slopes([](const Tensor& x) { return hardshrink(x); }, {-0.5, 0.5}), (V{0, 0}));
  EXPECT_EQ(slopes([](const Tensor& x) { return threshold(x, 1, 5); }, {1}), (V{0}));
  EXPECT_EQ(slopes([](const Tensor& x) { return celu(x); }, {0}), (V{1}));
  EXPECT_EQ(slopes(&softsign, {0}), (V{1}));
}

TEST(Activations, Combine) {
  const Tensor t = uniform({3, 1}, -1, 1, 1), a = uniform({4}, 1, 2, 2), b = uniform({3, 4}, 1, 2, 3);
  const auto close = [](const Tensor& x, const Tensor& y) { EXPECT_TRUE(allclose(x, y, 1e-12)); };
  close(addcmul(t, a, b, 0.5), add(t, mul(mul(a, b), 0.5)));
  close(addcdiv(t, a, b, 0.5), add(t, mul(div(a, b), 0.5)));
  close(addcmul(t, 2, b), add(t, mul(b, 2)));
  test::expect_second_gradients("addcmul", [](const std::vector<Tensor>& v) { return addcmul(v[0], v[1], v[2], 0.5); },
                                {t, a, b});
  test::expect_second_gradients("addcdiv", [](const std::vector<Tensor>& v) { return addcdiv(v[0], v[1], v[2], -2); },
                                {t, a, b});
  test::expect_second_gradients("addcmul by a number",
                                [](const std::vector<Tensor>& v) { return addcmul(v[0], 3, v[1], 0.5); }, {t, a});
  const auto z = [](std::uint64_t seed) { return add(uniform({4}, 1, 2, seed, DType::complex128), 1); };
  test::expect_second_gradients(
      "addcmul, complex", [](const std::vector<Tensor>& v) { return addcmul(v[0], v[1], v[2], complex128{0.5, 2}); },
      {z(1), z(2), z(3)});
  test::expect_second_gradients(
      "addcdiv, complex", [](const std::vector<Tensor>& v) { return addcdiv(v[0], v[1], v[2], complex128{0.5, 2}); },
      {z(1), z(2), z(3)});
  EXPECT_EQ(addcmul(full({2}, 1), full({2}, 3), full({2}, 4), 2).dtype(), DType::int64);
  EXPECT_EQ(values(addcmul(full({2}, 1), full({2}, 3), full({2}, 4), 2)), (std::vector<double>{25, 25}));
  // Rounded once: the product of two float16 is not.
  const Tensor h = full({1}, 1.0009765625, DType::float16);
  EXPECT_EQ(addcmul(h, h, h, -1).item().to<double>(),
            static_cast<double>(half(float(1.0009765625 - 1.0009765625 * 1.0009765625))));
}

TEST(Activations, CombineInPlace) {
  Tensor t = uniform({5}, -1, 1, 1);
  const Tensor a = uniform({5}, 1, 2, 2), b = uniform({5}, 1, 2, 3), want = add(t, mul(div(a, b), 3));
  addcdiv_(t, a, b, 3);
  EXPECT_TRUE(allclose(t, want, 1e-12));
  EXPECT_EQ(t.storage().version(), 1u);
  test::expect_gradients("addcmul_",
                         [](const std::vector<Tensor>& v) {
                           Tensor y = mul(v[0], 2);
                           return addcmul_(y, v[1], v[2], 0.5);
                         },
                         {t, a, b});
  EXPECT_NE(message<GradError>([&] {
              Tensor leaf = test::leaf(t);
              addcmul_(leaf, a, b);
            }),
            "");
  EXPECT_NE(message<ShapeError>([&] { addcmul_(t, uniform({2, 5}, 0, 1, 1), b); }), "");
  EXPECT_NE(message<ValueError>([&] { celu(t, 0); }), "");
  EXPECT_NE(message<ValueError>([&] { softshrink(t, -1); }), "");
}

}  // namespace
