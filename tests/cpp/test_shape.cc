// Shapes by NumPy's rules, and splitting as NumPy counts the parts.
#include "numeric.h"

namespace tenon {
namespace {

using namespace testing;

TEST(Shape, SqueezeExactly) {
  const Tensor t = counting({1, 3, 1});
  EXPECT_EQ(squeeze_exactly(t, {0}).shape(), (Dims{3, 1}));
  EXPECT_EQ(squeeze_exactly(t, {0, -1}).shape(), (Dims{3}));
  EXPECT_EQ(squeeze_exactly(t, {}).shape(), t.shape());
  expect_error<ShapeError>([&] { squeeze_exactly(t, {1}); }, "dimension 1 has size 3, not 1");
  expect_error<IndexError>([&] { squeeze_exactly(t, {3}); }, "");
}

TEST(Shape, Rollaxis) {
  const Tensor t = counting({2, 3, 4});
  EXPECT_EQ(rollaxis(t, 2).shape(), (Dims{4, 2, 3}));
  EXPECT_EQ(rollaxis(t, 0, 3).shape(), (Dims{3, 4, 2}));
  EXPECT_EQ(rollaxis(t, 0, -1).shape(), (Dims{3, 2, 4}));
  expect_error<IndexError>([&] { rollaxis(t, 0, 4); }, "start must lie between -3 and 3");
}

TEST(Shape, AtLeast) {
  EXPECT_EQ(at_least(counting({}), 2).shape(), (Dims{1, 1}));
  EXPECT_EQ(at_least(counting({3}), 2).shape(), (Dims{1, 3}));
  EXPECT_EQ(at_least(counting({3}), 3).shape(), (Dims{1, 3, 1}));
  EXPECT_EQ(at_least(counting({3, 2}), 3).shape(), (Dims{3, 2, 1}));
  EXPECT_EQ(at_least(counting({}), 3).shape(), (Dims{1, 1, 1}));
  const Tensor t = counting({2, 2, 2, 2});
  EXPECT_TRUE(at_least(t, 3).is_same(t));
}

TEST(Shape, Broadcast) {
  const Dims shapes[] = {{3, 1}, {4}, {}};
  EXPECT_EQ(broadcast_shapes(shapes), (Dims{3, 4}));
  EXPECT_EQ(broadcast_shapes(std::span<const Dims>()), (Dims{}));
  const Dims wrong[] = {{3}, {4}};
  expect_error<ShapeError>([&] { broadcast_shapes(wrong); }, "broadcast_shapes");
  const Tensor ts[] = {counting({3, 1}), counting({4})};
  const auto both = broadcast_tensors(ts);
  EXPECT_EQ(both[0].strides(), (Dims{1, 0}));
  EXPECT_TRUE(both[1].shares_storage(ts[1]));
  EXPECT_EQ(size_along(counting({2, 3, 4}), Dims{0, -1}), 8);
}

TEST(Shape, SlidingWindows) {
  const Tensor t = counting({3, 4});
  const Tensor w = sliding_window_view(t, {2, 3});
  EXPECT_EQ(w.shape(), (Dims{2, 2, 2, 3}));
  EXPECT_EQ(values(select(select(w, 0, 1), 0, 1)), (std::vector<double>{5, 6, 7, 9, 10, 11}));
  EXPECT_TRUE(w.shares_storage(t));
  EXPECT_EQ(sliding_window_view(t, {2, 2}, Dims{1, 1}).shape(), (Dims{3, 2, 2, 2}));
  expect_error<ShapeError>([&] { sliding_window_view(t, {2}); }, "one size is needed for each of 2 dimensions");
  expect_error<ShapeError>([&] { sliding_window_view(t, {5}, Dims{1}); }, "a window of 5 does not fit dimension 1");
}

std::vector<std::int64_t> sizes(const std::vector<Tensor>& parts) {
  std::vector<std::int64_t> out;
  for (const Tensor& p : parts) out.push_back(p.size(0));
  return out;
}

TEST(Shape, TensorSplit) {
  const Tensor t = counting({7});
  EXPECT_EQ(sizes(tensor_split(t, 3)), (std::vector<std::int64_t>{3, 2, 2}));
  EXPECT_EQ(sizes(tensor_split(t, Dims{1, 5})), (std::vector<std::int64_t>{1, 4, 2}));
  EXPECT_EQ(sizes(tensor_split(t, Dims{5, 1, -1, 9})), (std::vector<std::int64_t>{5, 0, 5, 1, 0}));
  EXPECT_EQ(sizes(split_equally(counting({6}), 3)), (std::vector<std::int64_t>{2, 2, 2}));
  expect_error<ValueError>([&] { split_equally(t, 3); }, "7 elements do not divide into 3 equal parts");
  expect_error<ValueError>([&] { tensor_split(t, 0); }, "must be positive");
  expect_error<ShapeError>([&] { tensor_split(counting({}), 1); }, "");
}

TEST(Shape, Stacks) {
  const Tensor ts[] = {counting({2}), counting({2})};
  EXPECT_EQ(dstack(ts).shape(), (Dims{1, 2, 2}));
  EXPECT_EQ(values(column_stack(ts)), (std::vector<double>{0, 0, 1, 1}));
  expect_error<ValueError>([&] { dstack({}); }, "at least one tensor");
}

TEST(Shape, ReshapeWithAWordAboutCopies) {
  const Tensor t = counting({2, 3});
  EXPECT_FALSE(reshape(t, {6}, Layout::c, true).shares_storage(t));
  EXPECT_TRUE(reshape(t, {6}, Layout::c, false).shares_storage(t));
  expect_error<ValueError>([&] { reshape(t, {6}, Layout::f, false); }, "needs a copy");
  EXPECT_EQ(values(reshape(t, {6}, Layout::f, {})), (std::vector<double>{0, 3, 1, 4, 2, 5}));
}

}  // namespace
}  // namespace tenon
