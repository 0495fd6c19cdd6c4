// Plans of gathers and scatters: shapes, merged loops, small calls. No kernel runs.
#include "helpers.h"

#include "plan/index.h"

namespace {

using namespace tenon;

static_assert(sizeof(IndexCall) <= 128);

Tensor ints(const Dims& shape) { return empty(shape, DType::int64); }

// The byte offsets of values and base (without what the indices add) and the positions in each index tensor, at each
// step of the loop.
std::vector<std::vector<std::int64_t>> steps(const IndexCall& c) {
  std::vector<std::vector<std::int64_t>> out;
  for (std::int64_t i = 0; i < c.numel; ++i) {
    std::vector<std::int64_t> at(static_cast<std::size_t>(2 + c.n_indices));
    std::int64_t rest = i;
    for (int d = c.ndim - 1; d >= 0; --d) {
      const std::int64_t k = rest % c.shape[d];
      rest /= c.shape[d];
      at[0] += k * c.value_strides[d];
      at[1] += k * c.base_strides[d];
      for (int j = 0; j < c.n_indices; ++j) at[static_cast<std::size_t>(2 + j)] += k * c.indices[j].loop_strides[d];
    }
    out.push_back(at);
  }
  return out;
}

TEST(PlanIndex, Shapes) {
  const auto shape = [](const Dims& base, const std::vector<IndexTensor>& at, bool front = false) {
    return index_shape("index", base, at, front);
  };
  EXPECT_EQ(shape({4, 5}, {{ints({3}), 0, 0}}).result, (Dims{3, 5}));
  EXPECT_EQ(shape({4, 5}, {{ints({2, 3}), 1, 1}}).result, (Dims{4, 2, 3}));
  EXPECT_EQ(shape({4, 5, 6}, {{ints({3, 1}), 0, 0}, {ints({2}), 1, 1}}).result, (Dims{3, 2, 6}));
  const IndexShape front = shape({4, 5, 6}, {{ints({3}), 0, 0}, {ints({3}), 2, 2}}, true);
  EXPECT_EQ(front.result, (Dims{3, 5}));
  EXPECT_EQ(front.position, 0);
  EXPECT_EQ(shape({4, 5}, {{ints({}), 0, 0}}).result, (Dims{5}));
  EXPECT_THROW(shape({4, 5}, {{ints({3}), 0, 0}, {ints({2}), 1, 1}}), IndexError);
}

TEST(PlanIndex, ARowOfABaseIsOneRunOfTheLoop) {
  const Tensor base = empty({4, 5, 6}, DType::float32), values = empty({3, 5, 6}, DType::float32);
  const std::vector<IndexTensor> at = {{ints({3}), 0, 0, true, false}};
  const IndexPlan plan(IndexMode::get, base, at, index_shape("index", base.shape(), at, false), values);
  const IndexCall& c = plan.call();
  ASSERT_EQ(c.ndim, 2);  // rows are merged
  EXPECT_EQ(c.shape[0], 3);
  EXPECT_EQ(c.shape[1], 30);
  EXPECT_EQ(c.base_strides[0], 0);
  EXPECT_EQ(c.base_strides[1], 4);
  EXPECT_EQ(c.indices[0].loop_strides[0], 8);
  EXPECT_EQ(c.indices[0].loop_strides[1], 0);
  EXPECT_EQ(c.indices[0].base_stride, 120);
  EXPECT_EQ(c.indices[0].base_size, 4);
  EXPECT_TRUE(c.indices[0].checked);
  EXPECT_EQ(c.base, base.data());
  EXPECT_EQ(c.values, values.data());
}

TEST(PlanIndex, EveryElementInOrder) {
  // base[:, i, :, j] with i of shape (2, 1) and j of shape (3): dimensions of the indices come first.
  const Tensor base = empty({2, 4, 3, 5}, DType::float64), i = ints({2, 1}), j = ints({3});
  const std::vector<IndexTensor> at = {{i, 1, 1, false, true}, {j, 3, 3, false, true}};
  const IndexShape s = index_shape("index", base.shape(), at, true);
  ASSERT_EQ(s.result, (Dims{2, 3, 2, 3}));
  const Tensor values = empty(s.result, DType::float64);
  const IndexPlan plan(IndexMode::put, base, at, s, values);
  std::vector<std::vector<std::int64_t>> expected;
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 3; ++b)
      for (int x = 0; x < 2; ++x)
        for (int y = 0; y < 3; ++y)
          expected.push_back({(((a * 3 + b) * 2 + x) * 3 + y) * 8, (x * 60 + y * 5) * 8, a * 8, b * 8});
  EXPECT_EQ(steps(plan.call()), expected);
  EXPECT_FALSE(plan.call().indices[1].checked);
  EXPECT_TRUE(plan.call().indices[1].from_end);
  EXPECT_EQ(plan.call().indices[1].axis, 3);
}

TEST(PlanIndex, ManyIndicesOfManyDimensions) {
  // Six indices of six dimensions, each along one of them: more than a plan holds without memory of its own.
  const Tensor base = empty({2, 2, 2, 2, 2, 2}, DType::float32);
  std::vector<IndexTensor> at;
  for (int d = 0; d < 6; ++d) {
    Dims shape(6, 1);
    shape[d] = 2;
    at.push_back({ints(shape), d, d, true, false});
  }
  const IndexShape s = index_shape("index", base.shape(), at, false);
  const IndexPlan plan(IndexMode::get, base, at, s, empty(s.result, DType::float32));
  const auto all = steps(plan.call());
  ASSERT_EQ(all.size(), 64u);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)][0], i * 4);
    for (int d = 0; d < 6; ++d)
      EXPECT_EQ(all[static_cast<std::size_t>(i)][static_cast<std::size_t>(2 + d)], (i >> (5 - d) & 1) * 8);
  }
}

TEST(PlanIndex, RepeatedValuesAndStridedBases) {
  const Tensor base = T(empty({6, 4}, DType::int16)), values = expand(empty({1, 1}, DType::int16), {3, 6});
  const std::vector<IndexTensor> at = {{ints({3}), 0, 0, true, false}};
  const IndexPlan plan(IndexMode::accumulate, base, at, index_shape("index", base.shape(), at, false), values);
  for (const auto& step : steps(plan.call())) EXPECT_EQ(step[0], 0);
  EXPECT_EQ(plan.call().indices[0].base_stride, 2);
  EXPECT_EQ(plan.call().base_strides[plan.call().ndim - 1], 8);
}

}  // namespace
