// Operations with a backward of the user's in C++, and the recurrence that the gradient of cumprod is.
#include "gradients.h"
#include "tenon/function.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_second_gradients;
using test::leaf;
using test::message;
using test::uniform;
using test::values;
using V = std::vector<double>;

struct Cube : autograd::Function<Cube> {
  static constexpr const char* name = "cube";
  static Tensor forward(autograd::Context& ctx, const Tensor& x, double scale) {
    ctx.save({x});
    ctx.state = scale;
    return mul(mul(mul(x, x), x), scale);
  }
  static Grads backward(autograd::Context& ctx, std::span<const Tensor> gs) {
    const Tensor x = ctx.saved()[0];
    return {mul(mul(gs[0], mul(x, x)), 3 * std::any_cast<double>(ctx.state))};
  }
};

struct Halves : autograd::Function<Halves> {
  static constexpr const char* name = "halves";
  static std::vector<Tensor> forward(autograd::Context& ctx, const Tensor& x) {
    const Tensor sign = tenon::sign(x);
    ctx.mark_non_differentiable(sign);
    return {mul(x, 0.5), x, sign};
  }
  static Grads backward(autograd::Context&, std::span<const Tensor> gs) { return {add(mul(gs[0], 0.5), gs[1])}; }
};

struct DoubleInPlace : autograd::Function<DoubleInPlace> {
  static constexpr const char* name = "double_";
  static Tensor forward(autograd::Context& ctx, const Tensor& x) {
    ctx.mark_dirty(x);
    Tensor y = x;
    const Operand two(2);
    elementwise_(Op::mul, y, {&two, 1});
    return y;
  }
  static Grads backward(autograd::Context&, std::span<const Tensor> gs) { return {mul(gs[0], 2)}; }
};

TEST(Function, HasGradientsOfAnyOrder) {
  expect_second_gradients("cube", [](const std::vector<Tensor>& x) { return Cube::apply(x[0], 2.0); },
                          {uniform({4}, -1, 1, 1)});
  const Tensor x = leaf({1, 2}), y = Cube::apply(x, 1.0);
  EXPECT_STREQ(autograd::node_of(y)->op(), "cube");
  y.sum().backward();
  EXPECT_EQ(values(x.grad()), (V{3, 12}));
  EXPECT_NE(message<GradError>([&] { y.sum().backward(); }).find("freed (at cube)"), std::string::npos);
  EXPECT_FALSE(Cube::apply(doubles({1}), 1.0).requires_grad());
}

TEST(Function, MayReturnItsInputAndWhatHasNoGradient) {
  const Tensor x = leaf({1, -2});
  const auto y = Halves::apply(x);
  EXPECT_FALSE(y[1].is_same(x));
  EXPECT_TRUE(y[1].shares_storage(x) && y[1].requires_grad());
  EXPECT_FALSE(y[2].requires_grad());
  mul(y[1], 3).sum().backward();  // the first output's gradient is zeros
  EXPECT_EQ(values(x.grad()), (V{3, 3}));
}

TEST(Function, MayWriteInPlace) {
  const Tensor x = leaf({1, 2}), y = mul(x, 1);
  const Tensor z = DoubleInPlace::apply(y);
  EXPECT_TRUE(z.is_same(y));
  square(y).sum().backward();
  EXPECT_EQ(values(x.grad()), (V{8, 16}));
  EXPECT_THROW(DoubleInPlace::apply(x), GradError);
}

// y[i] = a[i] y[i - 1] + b[i], one by one.
V recurrence(const V& a, const V& b) {
  V y = b;
  for (std::size_t i = 1; i < y.size(); ++i) y[i] += a[i] * y[i - 1];
  return y;
}

TEST(Recurrence, IsWhatItSays) {
  for (std::int64_t n : {0, 1, 2, 15, 16, 17, 18, 100, 300, 1000}) {
    const Tensor a = uniform({n}, -1, 1, 1), b = uniform({n}, -1, 1, 2);
    const V got = values(linear_recurrence(a, b, 0)), wanted = recurrence(values(a), values(b));
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-12) << n << " " << i;
  }
  const Tensor a = uniform({3, 40, 2}, -1, 1, 3), b = uniform({3, 40, 2}, -1, 1, 4);
  const Tensor y = linear_recurrence(a, b, 1);
  const Tensor line = contiguous(select(select(y, 2, 1), 0, 2));
  const V wanted =
      recurrence(values(contiguous(select(select(a, 2, 1), 0, 2))), values(contiguous(select(select(b, 2, 1), 0, 2))));
  for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(values(line)[i], wanted[i], 1e-12);
  EXPECT_EQ(linear_recurrence(full({}, 2, DType::float32), full({}, 3, DType::float32), 0).item<float>(), 3);
  // Products that overflow carry nothing where nothing comes.
  const Tensor last = to(eq(arange(0, 5000, 1, DType::int64), 4999), DType::float64);
  EXPECT_EQ(values(linear_recurrence(full({5000}, 1e30, DType::float64), last, 0)), values(last));
  EXPECT_THROW(linear_recurrence(a, b[0], 0), ShapeError);
  EXPECT_THROW(linear_recurrence(zeros({2}, DType::int64), zeros({2}, DType::int64), 0), DtypeError);
}

TEST(Recurrence, HasGradientsOfAnyOrder) {
  for (DType d : {DType::float64, DType::complex128})
    for (std::int64_t n : {1, 3, 18})
      expect_second_gradients("recurrence",
                              [](const std::vector<Tensor>& x) { return square(linear_recurrence(x[0], x[1], -1)); },
                              {uniform({n}, -1, 1, 5, d), uniform({n}, -1, 1, 6, d)});
}

TEST(Cumprod, HasGradientsWhereFactorsAreZero) {
  const auto f = [](const std::vector<Tensor>& x) { return cumprod(x[0], 0); };
  for (const V& at : {V{1, 2, 3}, V{0, 2, 3}, V{1, 0, 3}, V{0, 0, 3}, V{1, 0, 2, 0, 3}, V{0, 0, 0}, V{2}})
    expect_second_gradients("cumprod", f, {doubles(at)});
  expect_second_gradients("cumprod", f, {uniform({40}, 0.5, 1.5, 7)});
  expect_second_gradients("cumprod", f, {uniform({5}, -1, 1, 8, DType::complex128)});
  expect_second_gradients("cumprod", [](const std::vector<Tensor>& x) { return cumprod(x[0], 1); },
                          {uniform({2, 4, 3}, -1, 1, 9)});
  expect_second_gradients("cumprod of 0-d", f, {full({}, 1.5, DType::float64)});
  const Tensor none = leaf(zeros({0, 2}, DType::float64));
  cumprod(none, 0).sum().backward();
  EXPECT_EQ(none.grad().shape(), (Dims{0, 2}));
}

TEST(Cumprod, ItsGradientTakesLinearMemory) {
  const Tensor x = leaf(full({200000}, 1, DType::float64));
  const Tensor y = cumprod(x, 0).sum();
  memory::reset_peak();
  const auto before = memory::stats().in_use;
  y.backward();
  EXPECT_LT(memory::stats().peak - before, 200000 * 8 * 30);
  EXPECT_EQ(x.grad()[0].item<double>(), 200000);
}

}  // namespace
