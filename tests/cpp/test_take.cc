// Elements by their places under NumPy's rules, and the order of elements.
#include "gradients.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using test::counting;
using test::doubles;
using test::expect_second_gradients;
using test::values;
using V = std::vector<double>;

Tensor ints(const std::vector<std::int64_t>& v) { return test::tensor<std::int64_t>(v); }

TEST(Take, WrapsOrClipsBounds) {
  const Tensor t = counting({2, 3});
  EXPECT_EQ(values(take(t, ints({-1, 7, 3}), {}, Bounds::wrap)), (V{5, 1, 3}));
  EXPECT_EQ(values(take(t, ints({-1, 7, 3}), {}, Bounds::clip)), (V{0, 5, 3}));
  EXPECT_EQ(values(take(t, ints({3, -1}), 1, Bounds::wrap)), (V{0, 2, 3, 5}));
  EXPECT_THROW(take(t, ints({6}), {}, Bounds::strict), IndexError);
  EXPECT_THROW(take(empty({0}, DType::float64), ints({0}), {}, Bounds::wrap), IndexError);
  EXPECT_EQ(take(empty({0}, DType::float64), ints({}), {}, Bounds::clip).numel(), 0);
  EXPECT_THROW(take(t, doubles({1}), {}, Bounds::clip), TypeError);
  EXPECT_THROW(bounds("loop"), ValueError);
  expect_second_gradients("take",
                          [](const auto& x) { return square(take(x[0], ints({-1, 7, 3, 3}), {}, Bounds::wrap)); }, {t});
}

TEST(Put, RepeatsValuesAndTakesAnyStrides) {
  Tensor t = T(zeros({3, 2}, DType::float64));
  put_values_(t, ints({0, -1, 2, 2}), doubles({1, 2, 3}));
  EXPECT_EQ(values(t), (V{1, 0, 1, 0, 0, 2}));
  put_values_(t, ints({9}), doubles({7}), Bounds::wrap);
  EXPECT_EQ(values(t)[3], 7);
  put_values_(t, ints({0}), empty({0}, DType::float64));
  EXPECT_EQ(values(t)[0], 1);
  EXPECT_THROW(put_values_(t, ints({6}), doubles({1})), IndexError);
  EXPECT_THROW(put_values_(t, doubles({0}), doubles({1})), TypeError);
  Tensor number = zeros({}, DType::float64);
  put_values_(number, ints({0}), doubles({4}));
  EXPECT_EQ(number.item<double>(), 4);
  EXPECT_THROW(put_values_(number, ints({1}), doubles({4})), IndexError);
}

TEST(Take, AlongADimensionBroadcastsTheOthers) {
  const Tensor t = counting({2, 3});
  EXPECT_EQ(values(take_along_dim(t, reshape(ints({2, 0}), {1, 2}), 1)), (V{2, 0, 5, 3}));
  EXPECT_EQ(values(take_along_dim(t, reshape(ints({1, 0, 0}), {1, 3}), 0)), (V{3, 1, 2}));
  EXPECT_EQ(values(take_along_dim(t, ints({5, -1, 0}))), (V{5, 5, 0}));
  EXPECT_THROW(take_along_dim(t, reshape(ints({0, 0, 0}), {3, 1}), 1), ShapeError);
  EXPECT_THROW(take_along_dim(t, ints({0}), 0), ShapeError);
  EXPECT_THROW(take_along_dim(t, reshape(ints({3}), {1, 1}), 1), IndexError);
  expect_second_gradients("take_along_dim",
                          [](const auto& x) { return square(take_along_dim(x[0], reshape(ints({2, 2}), {1, 2}), 1)); },
                          {t});
}

TEST(Put, AlongADimension) {
  Tensor t = T(zeros({3, 2}, DType::float64));
  put_along_dim_(t, reshape(ints({2, 0}), {1, 2}), doubles({7, 8}), 1);
  EXPECT_EQ(values(t), (V{8, 0, 7, 8, 0, 7}));
  put_along_dim_(t, ints({1, -1}), doubles({5, 6}), {});
  EXPECT_EQ(values(t), (V{8, 5, 7, 8, 0, 6}));
  EXPECT_THROW(put_along_dim_(t, ints({0}), doubles({1}), 1), ShapeError);
  EXPECT_THROW(put_along_dim_(t, reshape(doubles({0}), {1, 1}), doubles({1}), 1), TypeError);
  EXPECT_THROW(put_along_dim_(t, reshape(ints({0}), {1, 1}), doubles({1}), 2), IndexError);
}

TEST(Put, WhereAMaskHolds) {
  const Tensor mask = test::tensor<bool>({true, false, true, true});
  Tensor placed = zeros({4}, DType::float64), masked = zeros({4}, DType::float64);
  place_(placed, mask, doubles({1, 2}));
  EXPECT_EQ(values(placed), (V{1, 0, 2, 1}));
  putmask_(masked, mask, doubles({1, 2}));
  EXPECT_EQ(values(masked), (V{1, 0, 1, 2}));
  putmask_(masked, ints({0, 3, 0, 0}), empty({0}, DType::float64));
  EXPECT_EQ(values(masked), (V{1, 0, 1, 2}));
  EXPECT_THROW(place_(placed, mask, empty({0}, DType::float64)), ValueError);
  EXPECT_THROW(place_(placed, test::tensor<bool>({true}), doubles({1})), ShapeError);
  EXPECT_THROW(putmask_(placed, test::tensor<bool>({true}), doubles({1})), ShapeError);
  Tensor whole = zeros({4}, DType::int64);
  EXPECT_THROW(place_(whole, mask, doubles({1})), DtypeError);
  EXPECT_THROW(putmask_(whole, mask, doubles({1})), DtypeError);
  Tensor number = zeros({}, DType::float64);
  EXPECT_EQ(place_(number, ints({1}), doubles({4})).item<double>(), 4);
}

TEST(Put, CopiesWhatCastingAllows) {
  Tensor t = zeros({2, 2}, DType::float64);
  copyto_(t, doubles({1, 2}), test::tensor<bool>({true, false}));
  EXPECT_EQ(values(t), (V{1, 0, 1, 0}));
  copyto_(t, 3);
  EXPECT_EQ(values(t), (V{3, 3, 3, 3}));
  Tensor whole = zeros({2}, DType::int64);
  EXPECT_THROW(copyto_(whole, doubles({1.5, 2})), DtypeError);
  EXPECT_THROW(copyto_(whole, 1.5), DtypeError);
  copyto_(whole, doubles({1.5, 2}), {}, Casting::unsafe);
  EXPECT_EQ(values(to(whole, DType::float64)), (V{1, 2}));
  EXPECT_THROW(copyto_(whole, ints({1, 2, 3})), ShapeError);
}

TEST(Take, CompressChooseUnravel) {
  const Tensor t = counting({2, 3});
  EXPECT_EQ(values(compress(t, test::tensor<bool>({true, false, true}), 1)), (V{0, 2, 3, 5}));
  EXPECT_EQ(values(compress(t, ints({0, 1, 1}))), (V{1, 2}));
  EXPECT_THROW(compress(t, t), ShapeError);
  EXPECT_THROW(compress(t, ints({0, 0, 1}), 0), IndexError);
  const Tensor choices[] = {doubles({10, 11, 12}), doubles({20})};
  EXPECT_EQ(values(choose(ints({0, 1, 0}), choices)), (V{10, 20, 12}));
  EXPECT_EQ(values(choose(ints({-1, 3, 0}), choices, Bounds::wrap)), (V{20, 20, 12}));
  EXPECT_EQ(values(choose(ints({-1, 3, 0}), choices, Bounds::clip)), (V{10, 20, 12}));
  EXPECT_THROW(choose(ints({2}), choices), ValueError);
  EXPECT_THROW(choose(ints({-1}), choices), ValueError);
  EXPECT_THROW(choose(ints({0}), {}), ValueError);
  const auto places = unravel_index(ints({5, 0, -1}), {2, 3});
  EXPECT_EQ(values(places[0]), (V{1, 0, 1}));
  EXPECT_EQ(values(places[1]), (V{2, 0, 2}));
  EXPECT_THROW(unravel_index(ints({6}), {2, 3}), IndexError);
  expect_second_gradients("choose",
                          [](const auto& x) {
                            const Tensor both[] = {square(x[0]), square(x[1])};
                            return choose(ints({0, 1, 0}), both);
                          },
                          {doubles({1, 2, 3}), doubles({4})});
}

}  // namespace
}  // namespace tenon
