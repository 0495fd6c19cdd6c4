// Numbers between ends, triangles and grids: values, dtypes, errors, gradients.
#include <cmath>

#include "gradients.h"
#include "sim.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

void expect_near(const Tensor& t, const List& expected, double tolerance = 1e-12) {
  const List got = values(t);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], tolerance * std::max(1., std::abs(expected[i]))) << i;
}

TEST(Spaces, EqualDistances) {
  const Tensor a = doubles({0, 1}), b = doubles({10, -3});
  const Tensor r = linspace(a, b, 5, true, 0);
  EXPECT_EQ(r.shape(), (Dims{5, 2}));
  expect_near(r, {0, 1, 2.5, 0, 5, -1, 7.5, -2, 10, -3});
  EXPECT_EQ(linspace(a, b, 5, true, 1).shape(), (Dims{2, 5}));
  EXPECT_EQ(linspace(a, b, 5, true, -1).shape(), (Dims{2, 5}));
  expect_near(linspace(a, 4., 2, false, 0), {0, 1, 2, 2.5});
  expect_near(linspace_step(a, b, 5), {2.5, -1});
  EXPECT_TRUE(std::isnan(linspace_step(0, 1, 1).item<double>()));
  EXPECT_EQ(linspace(a, b, 0, true, 0).shape(), (Dims{0, 2}));
  EXPECT_EQ(values(linspace(a, b, 1, true, 0)), (List{0, 1}));
}

TEST(Spaces, DTypes) {
  EXPECT_EQ(linspace(tensor<std::int64_t>({1, 2}), 3, 4, true, 0).dtype(), default_float());
  for (const DType d : {DType::float16, DType::bfloat16, DType::float32, DType::float64, DType::complex64})
    EXPECT_EQ(linspace(to(doubles({1, 2}), d), 3, 4, true, 0).dtype(), d);
  EXPECT_EQ(linspace(to(doubles({1, 2}), DType::float32), Scalar(complex128{0, 1}), 4, true, 0).dtype(),
            DType::complex64);
  // Rounded down, not towards 0.
  EXPECT_EQ(values(linspace(-1, 1, 5, true, 0, DType::int32)), (List{-1, -1, 0, 0, 1}));
  EXPECT_EQ(values(linspace(doubles({-1}), doubles({1}), 5, true, 0, DType::int32)), (List{-1, -1, 0, 0, 1}));
  EXPECT_NE(
      message<TypeError>([] { linspace(Scalar(complex128{0, 1}), 1, 3, true, 0, DType::float32); }).find("linspace"),
      std::string::npos);
  EXPECT_NE(message<ValueError>([] { linspace(doubles({1}), 1, -1, true, 0); }).find("must not be negative"),
            std::string::npos);
  EXPECT_NE(message<ValueError>([] { linspace(doubles({1, 2}), doubles({1, 2, 3}), 3, true, 0); }).find("linspace"),
            std::string::npos);
}

TEST(Spaces, Powers) {
  expect_near(logspace(doubles({0, 1}), 3., 3, true, 10., 0), {1, 10, std::pow(10., 1.5), 100, 1000, 1000});
  expect_near(logspace(0., 2., 3, true, doubles({2, 3}), 0), {1, 1, 2, 3, 4, 9});
  expect_near(geomspace(doubles({1, -2}), doubles({16, -32}), 5), {1, -2, 2, -4, 4, -8, 8, -16, 16, -32});
  const Tensor ends = geomspace(doubles({0.1}), doubles({0.7}), 4);
  EXPECT_EQ(values(ends).front(), 0.1);
  EXPECT_EQ(values(ends).back(), 0.7);
  // Round the origin, where the result is complex.
  const auto turned = values<complex128>(geomspace(1, -1, 3, true, 0, DType::complex128));
  EXPECT_NEAR(turned[1].re, 0, 1e-12);
  EXPECT_NEAR(turned[1].im, 1, 1e-12);
  EXPECT_TRUE(std::isnan(values(geomspace(1., -1., 3))[1]));
  EXPECT_NE(message<ValueError>([] { geomspace(doubles({1, 0}), 2., 3); }).find("must not be 0"), std::string::npos);
}

TEST(Spaces, Gradients) {
  const Tensor a = doubles({0.5, 1.5}), b = doubles({2.5, 4});
  const auto check = [&](const char* what, auto f) {
    expect_gradients(what, [&](const std::vector<Tensor>& x) { return f(x[0], x[1]); }, {a, b});
  };
  check("linspace", [](auto& x, auto& y) { return linspace(x, y, 4, true, 1); });
  check("linspace_step", [](auto& x, auto& y) { return square(linspace_step(x, y, 4)); });
  check("logspace", [](auto& x, auto& y) { return logspace(x, 2., 3, false, y, 0); });
  check("geomspace", [](auto& x, auto& y) { return geomspace(x, y, 4); });
}

using SpacesOnDevice = SimTest;
TEST_F(SpacesOnDevice, AsOnTheCpu) {
  const Tensor a = doubles({0, 1}), b = doubles({10, -3});
  EXPECT_EQ(values(linspace(a.to(kCuda), b.to(kCuda), 5, true, 1).to(kCpu)), values(linspace(a, b, 5, true, 1)));
  EXPECT_EQ(linspace(a.to(kCuda), Tensor::of(3.), 5, true, 0).device(), kCuda);
  EXPECT_EQ(geomspace(1, 8, 4, true, 0, {}, kCuda).device(), kCuda);
}

TEST(Creation, TrianglesOfOnesAndSparseGrids) {
  EXPECT_EQ(values(tri(2, 3, 1, DType::int8)), (List{1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(values(tri(2, 3, -9)), (List(6, 0)));
  EXPECT_EQ(tri(0).shape(), (Dims{0, 0}));
  EXPECT_NE(message<ValueError>([] { tri(-1); }).find("tri"), std::string::npos);
  const Tensor vectors[] = {counting({2}), counting({3})};
  EXPECT_EQ(meshgrid(vectors, "xy", true)[0].shape(), (Dims{1, 2}));
  EXPECT_EQ(meshgrid(vectors, "xy", true)[1].shape(), (Dims{3, 1}));
  EXPECT_EQ(meshgrid(vectors, "ij", true)[1].shape(), (Dims{1, 3}));
}

}  // namespace
}  // namespace tenon::test
