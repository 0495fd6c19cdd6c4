// The order of elements: strides of new tensors and copies, what is read in which order, errors, gradients.
#include "gradients.h"
#include "tenon/ops/layout.h"

namespace tenon::test {
namespace {

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
  EXPECT_EQ(values(ravel(t, Layout::f)), (std::vector<double>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values(ravel(T(t), Layout::k)), values(t));
  EXPECT_TRUE(ravel(T(t), Layout::f).shares_storage(t));
  EXPECT_EQ(values(reshape(t, {3, 2}, Layout::f)), (std::vector<double>{0, 4, 3, 2, 1, 5}));
  EXPECT_EQ(reshape(t, {-1, 2}, Layout::f).shape(), (Dims{3, 2}));
  EXPECT_THROW(reshape(t, {6}, Layout::k), ValueError);
  EXPECT_THROW(layout("X", "copy"), ValueError);
  expect_second_gradients("orders",
                          [](const auto& x) {
                            return mul(reshape(clone(x[0], Layout::f), {3, 2}, Layout::f),
                                       square(ravel(x[0], Layout::f)[1]));
                          },
                          {t});
}

TEST(Layout, OfNewTensors) {
  const Tensor like = permute(counting({2, 3, 4}), {1, 2, 0});  // (3, 4, 2)
  const auto fresh = [](const Dims& shape) { return empty(shape, DType::float32); };
  EXPECT_EQ(laid_out(fresh({2, 3}), Layout::c).strides(), (Dims{3, 1}));
  EXPECT_EQ(laid_out(fresh({2, 3}), Layout::f).strides(), (Dims{1, 2}));
  EXPECT_EQ(laid_out(fresh({3, 4, 2}), Layout::k, like).strides(), (Dims{4, 1, 12}));
  EXPECT_EQ(laid_out(fresh({3, 4, 2}), Layout::a, like).strides(), (Dims{8, 2, 1}));
  EXPECT_EQ(laid_out(fresh({3, 4}), Layout::k, like).strides(), (Dims{4, 1}));
  EXPECT_EQ(laid_out(fresh({3, 4}), Layout::a, T(counting({2, 3, 4}))).strides(), (Dims{1, 3}));
  EXPECT_EQ(layout("f", "copy"), Layout::f);
  EXPECT_NE(message<ValueError>([] { layout("X", "copy"); }).find("order is 'C', 'F', 'A' or 'K'; got 'X'"),
            std::string::npos);
}

TEST(Layout, OfTensorsThatAreThere) {
  const Tensor t = counting({2, 3}), turned = T(t);
  EXPECT_TRUE(in_layout(t, Layout::c).is_same(t));
  EXPECT_TRUE(in_layout(turned, Layout::a).is_same(turned));
  EXPECT_TRUE(in_layout(turned, Layout::k).is_same(turned));
  const Tensor columns = in_layout(t, Layout::f);
  EXPECT_EQ(columns.strides(), (Dims{1, 2}));
  EXPECT_EQ(values(columns), values(t));
  EXPECT_EQ(clone(turned, Layout::k).strides(), turned.strides());
  EXPECT_FALSE(clone(turned, Layout::k).shares_storage(turned));
  expect_gradients("clone", [](const std::vector<Tensor>& x) { return clone(square(x[0]), Layout::f); },
                   {doubles({1, 2, 3, 4}).reshape({2, 2})});
}

TEST(Layout, ChannelsLast) {
  const Tensor t = counting({2, 3, 4, 5});
  const Tensor last = clone(t, Layout::channels_last);
  EXPECT_EQ(last.strides(), (Dims{60, 1, 15, 3}));
  EXPECT_EQ(values(last), values(t));
  EXPECT_TRUE(lies_in(last, Layout::channels_last));
  EXPECT_FALSE(lies_in(t, Layout::channels_last));
  EXPECT_FALSE(lies_in(last, Layout::a));
  EXPECT_TRUE(in_layout(last, Layout::channels_last).is_same(last));
  EXPECT_EQ(in_layout(last, Layout::c).strides(), t.strides());
  EXPECT_EQ(clone(counting({2, 3}), Layout::channels_last).strides(), (Dims{3, 1}));
  // One channel, or images of one pixel, lie both ways.
  EXPECT_TRUE(lies_in(counting({2, 1, 4, 5}), Layout::channels_last));
  EXPECT_TRUE(lies_in(counting({2, 3, 1, 1}), Layout::channels_last));
  EXPECT_TRUE(lies_in(empty({2, 0, 4, 5}, DType::float32), Layout::channels_last));
  EXPECT_THROW(reshape(t, {120}, Layout::channels_last), ValueError);
}

}  // namespace
}  // namespace tenon::test
