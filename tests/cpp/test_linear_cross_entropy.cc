// The loss of a linear layer by pieces, against the layer and the loss one after the other.
#include "gradients.h"
#include "sim.h"
#include "tenon/nn/linear.h"
#include "tenon/nn/losses.h"

namespace tenon::test {
namespace {

using nn::Reduce;
constexpr Reduce kAll[] = {Reduce::none, Reduce::mean, Reduce::sum};

Tensor classes(const std::vector<std::int64_t>& v, const Dims& shape) { return tensor<std::int64_t>(v, shape); }

struct Case {
  Tensor x = uniform({7, 3}, -2, 2, 1), w = uniform({5, 3}, -1, 1, 2), b = uniform({5}, -1, 1, 3);
  Tensor target = classes({0, 4, 2, -100, 1, 3, 4}, {7});
  Tensor soft = softmax(uniform({7, 5}, -1, 1, 4), 1);
  Tensor weight = doubles({0.5, 2, 1.5, 1, 3});
};

Tensor by_pieces(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& t, const Tensor& weight, Reduce r,
                 double smoothing, std::int64_t rows) {
  return nn::linear_cross_entropy(x, w, t, b, weight, r, {}, smoothing, rows);
}

using LinearCrossEntropy = SimTest;

TEST_F(LinearCrossEntropy, IsTheLossOfTheLayer) {
  const Case c;
  for (const Tensor& t : {c.target, c.soft})
    for (const Tensor& b : {Tensor(), c.b})
      for (const Tensor& weight : {Tensor(), c.weight})
        for (const Reduce r : kAll)
          for (const double smoothing : {0.0, 0.3, 1.0}) {
            Tensor x = leaf(c.x), w = leaf(c.w), u = leaf(c.x), v = leaf(c.w);
            const Tensor wanted = nn::cross_entropy(nn::linear(u, v, b), t, weight, -100, r, smoothing);
            const Tensor g = uniform(wanted.shape(), -1, 1, 6);
            wanted.backward(g);
            for (const std::int64_t rows : {0, 1, 3, 7, 100}) {
              const Tensor got = by_pieces(x, w, b, t, weight, r, smoothing, rows);
              EXPECT_TRUE(allclose(got, wanted, 1e-12, 1e-14));
              x.set_grad({});
              w.set_grad({});
              got.backward(g, true);
              got.backward(g);  // a graph that is kept gives the same again
              EXPECT_TRUE(allclose(x.grad(), mul(u.grad(), 2), 1e-12, 1e-14)) << rows;
              EXPECT_TRUE(allclose(w.grad(), mul(v.grad(), 2), 1e-12, 1e-14)) << rows;
            }
          }
}

TEST_F(LinearCrossEntropy, HasBothGradients) {
  const Case c;
  for (const Reduce r : kAll)
    for (const std::int64_t rows : {2, 0})
      for (const Tensor& t : {c.target, c.soft})
        expect_second_gradients("linear_cross_entropy",
                                [&](const auto& v) { return by_pieces(v[0], v[1], v[2], t, c.weight, r, 0.1, rows); },
                                {c.x, c.w, c.b});
  expect_second_gradients("of probabilities and weight",
                          [&](const auto& v) { return by_pieces(c.x, c.w, {}, v[0], v[1], Reduce::mean, 0.1, 2); },
                          {c.soft, c.weight});
}

TEST_F(LinearCrossEntropy, HasSeveralOutputsForEachClass) {
  const Tensor x = uniform({4, 3}, -2, 2, 1), w = uniform({5, 2, 2, 3}, -1, 1, 2), b = uniform({5, 2, 2}, -1, 1, 3);
  const Tensor t = classes({0, 1, 2, 3, 4, 0, 1, 2, 3, -100, 4, 0, 1, 2, 3, 4}, {4, 2, 2});
  const Tensor scores = reshape(nn::linear(x, reshape(w, {20, 3}), reshape(b, {20})), {4, 5, 2, 2});
  for (const Reduce r : kAll) {
    const Tensor got = by_pieces(x, w, b, t, {}, r, 0, 3);
    EXPECT_TRUE(allclose(got, nn::cross_entropy(scores, t, {}, -100, r), 1e-12, 1e-14));
    expect_gradients("outputs", [&](const auto& v) { return by_pieces(v[0], v[1], v[2], t, {}, r, 0.2, 3); },
                     {x, w, b});
  }
  EXPECT_EQ(by_pieces(select(x, 0, 0), uniform({5, 3}, -1, 1, 2), {}, classes({2}, {}), {}, Reduce::none, 0, 0).shape(),
            Dims());
}

// Halves are multiplied as halves, and added up over the pieces in float32.
TEST_F(LinearCrossEntropy, AddsHalvesInFloat32) {
  const Tensor x = uniform({600, 4}, -1, 1, 1), w = uniform({6, 4}, -1, 1, 2), t = remainder(arange(0, 600), 6);
  for (const DType d : {DType::float16, DType::bfloat16}) {
    const Tensor a = leaf(to(x, d)), b = leaf(to(w, d)), u = leaf(to(to(x, d), DType::float64)),
                 v = leaf(to(to(w, d), DType::float64));
    const Tensor got = by_pieces(a, b, {}, t, {}, Reduce::sum, 0, 8);
    const Tensor wanted = by_pieces(u, v, {}, t, {}, Reduce::sum, 0, 600);
    EXPECT_EQ(got.dtype(), d);
    const double unit = d == DType::float16 ? 0x1p-10 : 0x1p-7;
    EXPECT_TRUE(allclose(got.to(DType::float64), wanted, unit, 0));
    got.backward();
    wanted.backward();
    EXPECT_EQ(b.grad().dtype(), d);
    EXPECT_TRUE(allclose(b.grad().to(DType::float64), v.grad(), 4 * unit, 16 * unit));
    EXPECT_TRUE(allclose(a.grad().to(DType::float64), u.grad(), 4 * unit, 4 * unit));
    EXPECT_EQ(nn::linear_cross_entropy(a, b, t, {}, {}, Reduce::mean, {}, 0, 8, true).dtype(), DType::float32);
  }
}

TEST_F(LinearCrossEntropy, RunsOnADevice) {
  const Case c;
  for (const Reduce r : kAll) {
    const Tensor x = leaf(c.x.to(kCuda)), w = leaf(c.w.to(kCuda)), u = leaf(c.x), v = leaf(c.w);
    const Tensor got = by_pieces(x, w, c.b.to(kCuda), c.target.to(kCuda), {}, r, 0.1, 2);
    const Tensor wanted = by_pieces(u, v, c.b, c.target, {}, r, 0.1, 2);
    EXPECT_TRUE(allclose(got.to(kCpu), wanted, 1e-12, 1e-14));
    got.backward(ones(got.shape(), DType::float64, kCuda));
    wanted.backward(ones(got.shape(), DType::float64));
    EXPECT_TRUE(allclose(w.grad().to(kCpu), v.grad(), 1e-12, 1e-14));
  }
}

TEST_F(LinearCrossEntropy, OfNothingIsNan) {
  const Tensor x = leaf(uniform({4, 3}, -1, 1, 1)), w = leaf(uniform({5, 3}, -1, 1, 2));
  const Tensor ignored = classes({-100, -100, -100, -100}, {4});
  const Tensor y = by_pieces(x, w, {}, ignored, {}, Reduce::mean, 0, 2);
  EXPECT_TRUE(std::isnan(y.item<double>()));
  y.backward();
  EXPECT_EQ(values(w.grad()), std::vector<double>(15, 0));
  EXPECT_TRUE(
      std::isnan(by_pieces(zeros({0, 3}), zeros({5, 3}), {}, classes({}, {0}), {}, Reduce::mean, 0, 2).item<double>()));
}

TEST_F(LinearCrossEntropy, SaysWhatIsWrong) {
  const Tensor x = zeros({2, 3}), w = zeros({5, 3}), t = classes({0, 4}, {2});
  const auto loss = [](const Tensor& x, const Tensor& w, const Tensor& t, const Tensor& b = {}) {
    return nn::linear_cross_entropy(x, w, t, b, {}, Reduce::mean, {}, 0, 1);
  };
  EXPECT_EQ(message<ShapeError>([&] { loss(x, zeros({5, 4}), t); }),
            "linear_cross_entropy: the last dimension of input must have the 4 features that linear_weight takes; got "
            "input (2, 3) and linear_weight (5, 4)");
  EXPECT_EQ(
      message<ShapeError>([&] { loss(x, w, classes({0}, {1})); }),
      "linear_cross_entropy: target must hold integers, classes, in shape (2,), or probabilities in shape (2, 5); "
      "got int64 of shape (1,)");
  EXPECT_EQ(
      message<IndexError>([&] { loss(x, w, classes({0, 5}, {2})); }),
      "linear_cross_entropy: target 5 is no class; input has the 5 classes from 0 to 4, and ignore_index is -100");
  EXPECT_EQ(message<ValueError>([&] { nn::linear_cross_entropy(x, w, ones({2, 5}), {}, {}, Reduce::mean, 1); }),
            "linear_cross_entropy: ignore_index is a class, and target holds probabilities; got ignore_index 1");
  EXPECT_THROW(loss(x, w, t, zeros({4})), ShapeError);
  EXPECT_THROW(loss(zeros({2, 2, 3}), w, t), ShapeError);
  EXPECT_THROW(loss(x, zeros({3}), t), ShapeError);
  EXPECT_THROW(loss(zeros({3}), zeros({5, 2, 3}), t), ShapeError);
  EXPECT_THROW(loss(zeros({2, 3}, DType::complex64), w, t), DtypeError);
  EXPECT_THROW(loss(x, w, t.to(kCuda)), DeviceError);
  EXPECT_THROW(by_pieces(x, w, {}, t, zeros({4}), Reduce::mean, 0, 1), ShapeError);
  EXPECT_THROW(by_pieces(x, w, {}, t, {}, Reduce::mean, -0.1, 1), ValueError);
}

}  // namespace
}  // namespace tenon::test
