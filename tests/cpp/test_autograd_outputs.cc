// Nodes of several outputs: split, unbind, var_mean, and the engine's part in it.
#include "gradients.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_second_gradients;
using test::leaf;
using test::message;
using test::uniform;
using test::values;
using V = std::vector<double>;

TEST(Outputs, OneNodeHasAllParts) {
  const Tensor x = leaf(uniform({7, 2}, -1, 1, 1));
  for (const auto& parts : {split(x, 3), split(x, Dims{2, 0, 5}), chunk(x, 2), unbind(x)}) {
    const Edge first = autograd::history_of(parts[0]);
    EXPECT_EQ(first.node->outputs(), parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Edge e = autograd::history_of(parts[i]);
      EXPECT_EQ(e.node.get(), first.node.get());
      EXPECT_EQ(e.output, i);
      EXPECT_EQ(e.node->output(e.output).shape, parts[i].shape());
      EXPECT_TRUE(parts[i].shares_storage(x));
    }
  }
  EXPECT_TRUE(split(leaf(zeros({0, 2}, DType::float64)), 1)[0].requires_grad());
  EXPECT_TRUE(unbind(leaf(zeros({0, 2}, DType::float64))).empty());
}

TEST(Outputs, GradientsOfParts) {
  const Tensor t = uniform({4, 3}, -1, 1, 2), z = uniform({4, 3}, -1, 1, 3, DType::complex128);
  for (const Tensor& at : {t, z, T(uniform({3, 4}, -1, 1, 4))}) {
    const auto all = [](const std::vector<Tensor>& x) {
      const auto p = split(x[0], Dims{1, 3}, 0);
      return add(square(p[0]), mul(p[1], p[1]));
    };
    expect_second_gradients("split", all, {at});
    expect_second_gradients("one part", [](const std::vector<Tensor>& x) { return square(split(x[0], 2, 1)[1]); },
                            {at});
    expect_second_gradients(
        "unbind", [](const std::vector<Tensor>& x) { return mul(unbind(x[0], 1)[0], unbind(x[0], 1)[2]); }, {at});
  }
}

TEST(Outputs, APartThatGetsNoGradientCountsAsZero) {
  const Tensor x = leaf({1, 2, 3, 4});
  const auto parts = split(x, 1);
  mul(parts[2], 5).sum().backward();
  EXPECT_EQ(values(x.grad()), (V{0, 0, 5, 0}));
}

TEST(Outputs, APartCanBeWrittenInPlace) {
  const Tensor x = leaf({1, 2, 3, 4}), y = mul(x, 2);
  auto parts = split(y, 2);
  const Operand ten(10);
  elementwise_(Op::mul, parts[0], {&ten, 1});
  EXPECT_EQ(values(y), (V{20, 40, 6, 8}));
  add(square(y).sum(), mul(parts[1], 3).sum()).backward();
  EXPECT_EQ(values(x.grad()), (V{2 * 20 * 20, 2 * 40 * 20, 2 * 6 * 2 + 6, 2 * 8 * 2 + 6}));
}

TEST(Outputs, VarianceAndMean) {
  const Tensor t = uniform({3, 4}, -1, 1, 5);
  for (const Axes& dims : {Axes(), Axes(Dims{1}), Axes(Dims{0, 1})}) {
    for (bool keep : {false, true}) {
      const auto both = var_mean(t, dims, 1, keep), roots = std_mean(t, dims, 0, keep);
      EXPECT_EQ(values(both[0]), values(var(t, dims, 1, keep)));
      EXPECT_EQ(values(both[1]), values(mean(t, dims, keep)));
      EXPECT_EQ(values(roots[0]), values(tenon::std(t, dims, 0, keep)));
      EXPECT_EQ(both[0].shape(), both[1].shape());
    }
    const auto normalized = [&](auto f) {
      return [f, dims](const std::vector<Tensor>& x) {
        const auto m = f(x[0], dims, 1, true);
        return div(sub(x[0], m[1]), add(m[0], 1));
      };
    };
    expect_second_gradients(
        "var_mean", normalized([](const Tensor& x, const Axes& d, double c, bool k) { return var_mean(x, d, c, k); }),
        {t});
    expect_second_gradients(
        "std_mean", normalized([](const Tensor& x, const Axes& d, double c, bool k) { return std_mean(x, d, c, k); }),
        {t});
    expect_second_gradients("mean alone", [&](const std::vector<Tensor>& x) { return square(var_mean(x[0], dims)[1]); },
                            {t});
    expect_second_gradients("variance alone",
                            [&](const std::vector<Tensor>& x) { return square(var_mean(x[0], dims)[0]); }, {t});
  }
  const auto z = var_mean(uniform({4}, -1, 1, 6, DType::complex128));
  EXPECT_EQ(z[0].dtype(), DType::float64);
  EXPECT_EQ(z[1].dtype(), DType::complex128);
  const auto half = var_mean(leaf(ones({4}, DType::bfloat16)));
  EXPECT_EQ(half[0].dtype(), DType::bfloat16);
  EXPECT_TRUE(half[1].requires_grad());
  EXPECT_EQ(var_mean(ones({4}, DType::int32))[1].dtype(), DType::float32);
}

TEST(Outputs, EachCanBeAskedForRetainedAndCaptured) {
  const Tensor x = leaf({1, 2, 3, 4});
  auto parts = split(x, 2);
  parts[1].retain_grad();
  const Tensor y = add(mul(parts[0], 2), mul(parts[1], 3)).sum();
  const Tensor inputs[] = {parts[0], parts[1], x};
  const Grads g = autograd::grad({&y, 1}, inputs, {}, true, false, false);
  EXPECT_EQ(values(g[0]), (V{2, 2}));
  EXPECT_EQ(values(g[1]), (V{3, 3}));
  EXPECT_EQ(values(g[2]), (V{2, 2, 3, 3}));
  y.backward();
  EXPECT_FALSE(parts[0].grad().defined());
  EXPECT_EQ(values(parts[1].grad()), (V{3, 3}));
}

TEST(Outputs, AGradientThatDoesNotFitIsAnError) {
  const Tensor x = leaf({1, 2, 3});
  Tensor y = x.detach().clone();
  autograd::attach(y, "wrong", {&x, 1}, Backward([](const Tensor&) -> Grads { return {doubles({1, 2})}; }));
  EXPECT_EQ(message<GradError>([&] { y.sum().backward(); }),
            "wrong: its backward returned a gradient of shape (2,); the input has shape (3,)");
}

TEST(Outputs, GradRunsWhatLeadsToTheInputsAlone) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor h = square(x), y = mul(h, square(w)).sum();
  (void)autograd::grad({&y, 1}, {&h, 1}, {}, false, false, false);
  // What leads to x alone was not run, and so not freed.
  EXPECT_NO_THROW(h.sum().backward());
  EXPECT_EQ(values(x.grad()), (V{2, 4}));
  EXPECT_THROW(y.backward(), GradError);
}

}  // namespace
