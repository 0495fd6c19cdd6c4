// Reductions and scans that leave NaNs out.
#include <cmath>
#include <limits>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

const Tensor& holes() {
  static const Tensor t = doubles({1, kNan, 3, kNan, kNan, kNan, 2, 2, 5}, {3, 3});
  return t;
}
bool is_nan(const Tensor& t) { return std::isnan(t.item<double>()); }

TEST(Nan, ReductionsLeaveThemOut) {
  EXPECT_EQ(values(nansum(holes(), Dims{1})), (List{4, 0, 9}));
  EXPECT_EQ(values(nanprod(holes(), Dims{1})), (List{3, 1, 20}));
  EXPECT_EQ(nanmean(holes(), Dims{1})[0].item<double>(), 2);
  EXPECT_TRUE(is_nan(nanmean(holes(), Dims{1})[1]));
  EXPECT_EQ(nanvar(holes(), Dims{1}, 0)[2].item<double>(), 2);
  EXPECT_EQ(nanstd(holes(), Dims{1}, 1)[0].item<double>(), std::sqrt(2.));
  EXPECT_EQ(nanmax(holes()).item<double>(), 5);
  EXPECT_TRUE(is_nan(nanmin(holes(), Dims{1})[1]));
  EXPECT_EQ(values(nancumsum(holes(), 1)), (List{1, 1, 4, 0, 0, 0, 2, 4, 9}));
  EXPECT_EQ(nansum(tensor<std::int32_t>({1, 2})).dtype(), DType::int64);
}

TEST(Nan, TooFewElementsHaveNoVariance) {
  for (const double correction : {1., 2., 3.}) EXPECT_TRUE(is_nan(nanvar(doubles({4, kNan}), {}, correction)));
  EXPECT_EQ(nanvar(doubles({4, kNan}), {}, 0).item<double>(), 0);
  EXPECT_TRUE(is_nan(nanstd(tensor<std::int32_t>({1, 2}), {}, 2)));
}

TEST(Nan, PositionsAreOfNumbers) {
  EXPECT_EQ(nanargmin(doubles({kNan, kInf, kInf})).item<std::int64_t>(), 1);
  EXPECT_EQ(nanargmax(doubles({kNan, -kInf, kNan, -kInf})).item<std::int64_t>(), 1);
  EXPECT_EQ(nanargmax(tensor<std::int32_t>({1, 3, 2}), 0, true).shape(), (Dims{1}));
  EXPECT_NE(message<ValueError>([] { nanargmax(holes(), 1); }).find("all elements of a slice are NaN"),
            std::string::npos);
}

TEST(Nan, NumbersStandIn) {
  EXPECT_EQ(values(nan_to_num(doubles({kNan, kInf, -kInf, 2}), 7., Scalar(8.), Scalar(9.))), (List{7, 8, 9, 2}));
  const Tensor z = tensor<complex128>({{kNan, kInf}, {1, kNan}});
  const auto parts = values(view_as_real(nan_to_num(z)));
  EXPECT_EQ(parts, (List{0, std::numeric_limits<double>::max(), 1, 0}));
  Tensor t = doubles({kNan, 1});
  nan_to_num_(t);
  EXPECT_EQ(values(t), (List{0, 1}));
  EXPECT_EQ(nan_to_num(to(doubles({kInf}), DType::bfloat16)).item<double>(), 3.3895313892515355e38);
}

TEST(Nan, GradientsOfNansAreZero) {
  const Tensor x = test::uniform({3, 3}, 0.5, 1.5, 2), hole = isnan(holes());
  using In = const std::vector<Tensor>&;
  const auto with = [&](auto f) { return [hole, f](In v) { return f(where(hole, kNan, square(v[0]))); }; };
  expect_second_gradients("nansum", with([](const Tensor& t) { return nansum(t, Dims{0}); }), {x});
  expect_second_gradients("nanprod", with([](const Tensor& t) { return nanprod(t, Dims{0}); }), {x});
  expect_second_gradients("nanmean", with([](const Tensor& t) { return nanmean(t, Dims{0}); }), {x});
  expect_second_gradients("nanvar", with([](const Tensor& t) { return nanvar(t, Dims{0}, 0); }), {x});
  expect_second_gradients("nanmax", with([](const Tensor& t) { return nanmax(t, Dims{0}); }), {x});
  expect_second_gradients("nancumprod", with([](const Tensor& t) { return nancumprod(t, 1); }), {x});
  expect_second_gradients("nan_to_num", with([](const Tensor& t) { return nan_to_num(t); }), {x});
  const Tensor leaf_of_holes = leaf(holes());
  sum(nanstd(leaf_of_holes, Dims{1}, 0)).backward();
  for (const double g : values(leaf_of_holes.grad())) EXPECT_TRUE(std::isfinite(g));
}

}  // namespace
}  // namespace tenon::test
