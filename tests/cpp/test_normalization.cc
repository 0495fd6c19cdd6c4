// Normalizations against their formulas in single steps, and their gradients against differences.
#include "tenon/nn/normalization.h"

#include "gradients.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

// Mean 0 and variance 1 over axes of x.
Tensor standardized(const Tensor& x, const Axes& axes, double eps) {
  const Tensor centred = sub(x, mean(x, axes, true));
  return div(centred, sqrt(add(mean(square(centred), axes, true), eps)));
}
Tensor per_channel(const Tensor& t, const Tensor& x) {
  Dims shape(x.ndim(), 1);
  shape[1] = t.numel();
  return reshape(t, shape);
}

const Tensor kX = uniform({3, 4, 2, 2}, -2, 3, 1);
const Tensor kW = uniform({4}, 0.5, 2, 2), kB = uniform({4}, -1, 1, 3);

TEST(Normalization, OfLayersIsItsFormula) {
  const Tensor w = uniform({2, 2}, 0.5, 2, 4), b = uniform({2, 2}, -1, 1, 5), y = standardized(kX, Dims{2, 3}, 1e-3);
  EXPECT_TRUE(allclose(nn::layer_norm(kX, {2, 2}, w, b, 1e-3), add(mul(y, w), b), 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::layer_norm(kX, {2, 2}, w, {}, 1e-3), mul(y, w), 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::layer_norm(kX, {2, 2}, {}, b, 1e-3), add(y, b), 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::layer_norm(kX, {2, 2}, {}, {}, 1e-3), y, 1e-12, 1e-12));
  EXPECT_TRUE(
      allclose(nn::layer_norm(T(kX), {4, 3}, {}, {}, 1e-3), standardized(T(kX), Dims{2, 3}, 1e-3), 1e-12, 1e-12));
}

TEST(Normalization, ByTheRootOfSquaresIsItsFormula) {
  const Tensor w = uniform({2}, 0.5, 2, 4), root = sqrt(add(mean(square(kX), Dims{3}, true), 1e-3));
  EXPECT_TRUE(allclose(nn::rms_norm(kX, {2}, w, 1e-3), mul(div(kX, root), w), 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::rms_norm(kX, {2}, {}, 1e-3), div(kX, root), 1e-12, 1e-12));
  // Without eps that of the dtype serves: of zeros 0, not NaN.
  EXPECT_EQ(values(nn::rms_norm(zeros({2}), {2})), (std::vector<double>{0, 0}));
}

TEST(Normalization, OfGroupsIsItsFormula) {
  const Tensor grouped = reshape(kX, {3, 2, 8}), y = reshape(standardized(grouped, Dims{2}, 1e-3), kX.shape());
  const Tensor wanted = add(mul(y, per_channel(kW, kX)), per_channel(kB, kX));
  EXPECT_TRUE(allclose(nn::group_norm(kX, 2, kW, kB, 1e-3), wanted, 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::group_norm(kX, 2, {}, {}, 1e-3), y, 1e-12, 1e-12));
}

TEST(Normalization, OfBatchesIsItsFormula) {
  const Tensor y = standardized(kX, Dims{0, 2, 3}, 1e-3), flat = select(select(kX, 3, 0), 2, 0);
  const Tensor wanted = add(mul(y, per_channel(kW, kX)), per_channel(kB, kX));
  EXPECT_TRUE(allclose(nn::batch_norm(kX, {}, kW, kB, true, 0.1, 1e-3), wanted, 1e-12, 1e-12));
  EXPECT_TRUE(
      allclose(nn::batch_norm(flat, {}, {}, {}, true, 0.1, 1e-3), standardized(flat, Dims{0}, 1e-3), 1e-12, 1e-12));
}

TEST(Normalization, OfInstancesIsItsFormula) {
  const Tensor wanted = add(mul(standardized(kX, Dims{2, 3}, 1e-3), per_channel(kW, kX)), per_channel(kB, kX));
  EXPECT_TRUE(allclose(nn::instance_norm(kX, {}, kW, kB, true, 0.1, 1e-3), wanted, 1e-12, 1e-12));
}

TEST(Normalization, LearnsInTraining) {
  for (const DType d : {DType::float64, DType::float32}) {
    Tensor m = full({4}, 1, d), v = full({4}, 2, d);
    nn::batch_norm(kX, {m, v}, {}, {}, true, 0.25);
    const auto near = [&](const Tensor& a, const Tensor& b) { return allclose(a.to(DType::float64), b, 1e-6, 1e-6); };
    EXPECT_TRUE(near(m, add(mul(mean(kX, Dims{0, 2, 3}), 0.25), 0.75)));
    EXPECT_TRUE(near(v, add(mul(var(kX, Dims{0, 2, 3}), 0.25), 1.5)));
    m = zeros({4}, d), v = ones({4}, d);
    nn::instance_norm(kX, {m, v}, {}, {}, true, 0.5);
    EXPECT_TRUE(near(m, mul(mean(kX, Dims{0, 2, 3}), 0.5)));
    EXPECT_TRUE(near(v, add(mul(mean(var(kX, Dims{2, 3}), Dims{0}), 0.5), 0.5)));
  }
}

TEST(Normalization, UsesWhatItLearned) {
  const Tensor m = uniform({4}, -1, 1, 6), v = uniform({4}, 1, 2, 7);
  const Tensor centred = div(sub(kX, per_channel(m, kX)), sqrt(add(per_channel(v, kX), 1e-3)));
  const Tensor wanted = add(mul(centred, per_channel(kW, kX)), per_channel(kB, kX));
  EXPECT_TRUE(allclose(nn::batch_norm(kX, {m, v}, kW, kB, false, 0.1, 1e-3), wanted, 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::instance_norm(kX, {m, v}, kW, kB, false, 0.1, 1e-3), wanted, 1e-12, 1e-12));
  EXPECT_TRUE(allclose(nn::batch_norm(kX, {m, v}, {}, {}, false, 0.1, 1e-3), centred, 1e-12, 1e-12));
}

TEST(Normalization, RoundsHalfPrecisionOnce) {
  for (const DType d : {DType::float16, DType::bfloat16}) {
    const Tensor x = kX.to(d), wide = x.to(DType::float32), w = kW.to(DType::float32);
    EXPECT_EQ(values(nn::layer_norm(x, {2, 2})), values(nn::layer_norm(wide, {2, 2}).to(d)));
    EXPECT_EQ(values(nn::batch_norm(x, {}, w, {}, true)), values(nn::batch_norm(wide, {}, w, {}, true).to(d)));
  }
}

TEST(Normalization, HasBothGradients) {
  const Tensor x = uniform({2, 4, 3}, -2, 3, 1), w = uniform({3}, 0.5, 2, 2), b = uniform({3}, -1, 1, 3);
  const Tensor cw = uniform({4}, 0.5, 2, 4), cb = uniform({4}, -1, 1, 5);
  using V = const std::vector<Tensor>&;
  expect_second_gradients("layer", [](V v) { return nn::layer_norm(v[0], {3}, v[1], v[2]); }, {x, w, b});
  expect_second_gradients("layer alone", [](V v) { return nn::layer_norm(v[0], {4, 3}); }, {x});
  expect_second_gradients("layer and bias", [](V v) { return nn::layer_norm(v[0], {3}, {}, v[1]); }, {x, b});
  expect_second_gradients("rms", [](V v) { return nn::rms_norm(v[0], {3}, v[1], 1e-3); }, {x, w});
  expect_second_gradients("rms alone", [](V v) { return nn::rms_norm(v[0], {4, 3}, {}, 1e-3); }, {x});
  expect_second_gradients("group", [](V v) { return nn::group_norm(v[0], 2, v[1], v[2]); }, {x, cw, cb});
  expect_second_gradients("batch", [](V v) { return nn::batch_norm(v[0], {}, v[1], v[2], true); }, {x, cw, cb});
  expect_second_gradients("batch alone", [](V v) { return nn::batch_norm(v[0], {}, {}, {}, true); }, {x});
  expect_second_gradients("running", [](V v) { return nn::batch_norm(v[0], {zeros({4}), ones({4})}, v[1], v[2]); },
                          {x, cw, cb});
  expect_second_gradients("instance", [](V v) { return nn::instance_norm(v[0], {}, v[1], v[2]); }, {x, cw, cb});
  expect_second_gradients("response", [](V v) { return nn::local_response_norm(v[0], 3, 0.5, 0.75, 1); }, {x});
}

TEST(Normalization, OfBatchesGoesAlongThePlacesOfAChannel) {
  const Tensor x = uniform({3, 4, 5, 7}, -1, 2, 1), g = uniform({3, 4, 5, 7}, -1, 1, 3);
  const std::vector<Tensor> a{leaf(x), leaf(kW), leaf(kB)}, b{leaf(x), leaf(kW), leaf(kB)};
  const Tensor mean_ = zeros({4}, DType::float64), var_ = zeros({4}, DType::float64);
  const Tensor y = nn::batch_norm(a[0], {mean_, var_}, a[1], a[2], true, 1);
  const Tensor z = add(mul(standardized(b[0], Dims{0, 2, 3}, 1e-5), per_channel(b[1], x)), per_channel(b[2], x));
  EXPECT_TRUE(allclose(y, z, 1e-12, 1e-12));
  EXPECT_TRUE(allclose(mean_, mean(x, Dims{0, 2, 3}), 1e-12, 1e-12));
  EXPECT_TRUE(allclose(var_, var(x, Dims{0, 2, 3}), 1e-12, 1e-12));
  y.backward(g);
  z.backward(g);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(allclose(a[i].grad(), b[i].grad(), 1e-10, 1e-10)) << i;
}

// Slabs of many elements, of one row and of many, and more of them than the gradient has pieces.
TEST(Normalization, HasGradientsOfLargeOnes) {
  for (const auto& [slabs, columns, d] :
       {std::tuple{3, 9001, DType::float64}, {5000, 40, DType::float64}, {70, 5, DType::float64}}) {
    const Tensor x = uniform({slabs, columns}, -1, 2, 1, d), w = uniform({columns}, 0.5, 2, 2, d),
                 g = uniform({slabs, columns}, -1, 1, 3, d);
    const std::vector<Tensor> a{leaf(x), leaf(w), leaf(w)}, b{leaf(x), leaf(w), leaf(w)};
    nn::layer_norm(a[0], {columns}, a[1], a[2]).backward(g);
    add(mul(standardized(b[0], Dims{1}, 1e-5), b[1]), b[2]).backward(g);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(allclose(a[i].grad(), b[i].grad(), 1e-9, 1e-9)) << i;
  }
}

TEST(Normalization, HasTheSameBitsForAnyNumberOfThreads) {
  const Tensor x = uniform({400, 3, 500}, -1, 2, 1, DType::float32), w = uniform({3}, 0.5, 2, 2, DType::float32);
  const int before = num_threads();
  std::vector<std::vector<float>> all;
  for (const int n : {1, 3}) {
    set_num_threads(n);
    const Tensor a = leaf(x), b = leaf(w), y = nn::group_norm(a, 1, b);
    y.backward(x);
    for (const Tensor& t : {y, a.grad(), b.grad()}) all.push_back(values<float>(t));
  }
  set_num_threads(before);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(all[i], all[i + 3]);
}

TEST(Normalization, OfFloat32IsCloseToThatOfFloat64) {
  const Tensor x = add(uniform({8, 30000}, -1, 1, 1), 100);
  const Tensor y = nn::layer_norm(x.to(DType::float32), {30000});
  EXPECT_TRUE(
      allclose(y.to(DType::float64), nn::layer_norm(x.to(DType::float32).to(DType::float64), {30000}), 1e-4, 1e-4));
}

TEST(Normalization, OverNeighboursIsItsFormula) {
  const Tensor y = nn::local_response_norm(kX, 2, 0.3, 0.75, 2);
  const auto x = values(kX), got = values(y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t channel = i / 4 % 4;
    const double before = channel > 0 ? x[i - 4] * x[i - 4] : 0;
    EXPECT_NEAR(got[i], x[i] / std::pow(2 + 0.3 * (x[i] * x[i] + before) / 2, 0.75), 1e-12);
  }
}

TEST(Normalization, OfNothingIsNothing) {
  EXPECT_EQ(nn::layer_norm(zeros({0, 3}), {3}).shape(), (Dims{0, 3}));
  EXPECT_EQ(nn::batch_norm(zeros({0, 3}), {}, {}, {}, true).shape(), (Dims{0, 3}));
  EXPECT_EQ(nn::group_norm(zeros({0, 4, 2}), 2).shape(), (Dims{0, 4, 2}));
}

TEST(Normalization, SaysWhatIsWrongAndLearnsNothingThen) {
  EXPECT_EQ(message<ShapeError>([] { nn::layer_norm(zeros({2, 3}), {2}); }),
            "layer_norm: normalized_shape must be the sizes of input's last dimensions; got (2,) for input (2, 3)");
  EXPECT_THROW(nn::layer_norm(zeros({2, 3}), {3}, zeros({2})), ShapeError);
  EXPECT_THROW(nn::layer_norm(zeros({2, 3}, DType::int64), {3}), DtypeError);
  EXPECT_THROW(nn::group_norm(zeros({2, 3}), 2), ValueError);
  EXPECT_THROW(nn::group_norm(zeros({2, 3}), 3), ValueError);
  EXPECT_EQ(message<ValueError>([] { nn::batch_norm(zeros({1, 3}), {}, {}, {}, true); }),
            "batch_norm: training needs more than one element for each channel; got input (1, 3)");
  EXPECT_THROW(nn::batch_norm(zeros({4, 3}), {}), ValueError);
  EXPECT_THROW(nn::batch_norm(zeros({3}), {}, {}, {}, true), ShapeError);
  EXPECT_THROW(nn::instance_norm(zeros({2, 3, 1}), {}), ValueError);
  EXPECT_THROW(nn::local_response_norm(zeros({2, 3, 1}), 0), ValueError);
  const Tensor m = zeros({4}), v = ones({4});
  v.impl()->read_only = true;
  EXPECT_THROW(nn::batch_norm(kX.to(DType::float32), {m, v}, {}, {}, true), ReadOnlyError);
  EXPECT_EQ(values(m), std::vector<double>(4, 0));
}

}  // namespace
}  // namespace tenon::test
