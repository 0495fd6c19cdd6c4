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

TEST(Layout, OrdersElements) {
  const Tensor t = counting({2, 3});
  const Tensor f = clone(t, Layout::f);
  EXPECT_EQ(f.strides(), (Dims{1, 2}));
  EXPECT_TRUE(is_fortran(f));
  EXPECT_FALSE(is_fortran(t));
  EXPECT_EQ(values(f), values(t));
  EXPECT_EQ(clone(T(t), Layout::a).strides(), (Dims{1, 3}));
  EXPECT_EQ(clone(T(t), Layout::c).strides(), (Dims{2, 1}));
  const Tensor deep = permute(counting({2, 3, 4}), {1, 0, 2});
  EXPECT_EQ(clone(deep, Layout::k).strides(), (Dims{4, 12, 1}));
  EXPECT_EQ(values(clone(deep, Layout::k)), values(deep));
  EXPECT_EQ(values(ravel(t, Layout::f)), (V{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values(ravel(T(t), Layout::k)), values(t));
  EXPECT_TRUE(ravel(T(t), Layout::f).shares_storage(t));
  EXPECT_EQ(values(reshape(t, {3, 2}, Layout::f)), (V{0, 4, 3, 2, 1, 5}));
  EXPECT_EQ(reshape(t, {-1, 2}, Layout::f).shape(), (Dims{3, 2}));
  EXPECT_THROW(reshape(t, {6}, Layout::k), ValueError);
  EXPECT_THROW(layout("X"), ValueError);
  expect_second_gradients("orders",
                          [](const auto& x) {
                            return mul(reshape(clone(x[0], Layout::f), {3, 2}, Layout::f),
                                       square(ravel(x[0], Layout::f)[1]));
                          },
                          {t});
}

}  // namespace
}  // namespace tenon
