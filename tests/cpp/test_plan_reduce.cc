// Plans of reductions: which elements, in which dtype, side by side or one by one. No kernel runs.
#include "helpers.h"

#include <map>
#include <set>

#include "plan/reduce.h"

namespace {

using namespace tenon;

ReduceCall plan(Reduction op, const Tensor& t, const std::optional<Dims>& axes, DType out) {
  const ReduceShape s = reduce_shape("plan", t.shape(), axes);
  return plan_reduce(op, t, s, empty(s.kept, out));
}

void walk(const Loop& loop, int operand, const std::function<void(std::int64_t)>& f) {
  for (std::int64_t i = 0; i < loop.numel; ++i) {
    std::int64_t rest = i, at = 0;
    for (int d = loop.ndim - 1; d >= 0; --d) {
      at += rest % loop.shape[d] * loop.strides[operand][d];
      rest /= loop.shape[d];
    }
    f(at);
  }
}

// The input's byte offsets that make each result, by the result's byte offset.
std::map<std::int64_t, std::multiset<std::int64_t>> inputs_of_results(const ReduceCall& c) {
  std::vector<std::int64_t> outs, ins;
  walk(c.kept, 0, [&](std::int64_t at) { outs.push_back(at); });
  walk(c.kept, 1, [&](std::int64_t at) { ins.push_back(at); });
  std::map<std::int64_t, std::multiset<std::int64_t>> r;
  for (std::size_t i = 0; i < outs.size(); ++i)
    walk(c.reduced, 1, [&](std::int64_t at) { r[outs[i]].insert(ins[i] + at); });
  return r;
}

TEST(PlanReduce, EveryElementMakesItsResult) {
  const Tensor base = empty({3, 4, 5}, DType::float32);
  const Tensor layouts[] = {base, permute(base, {2, 0, 1}), slice(base, 1, {}, {}, -2),
                            expand(slice(base, 0, 0, 1), {6, 4, 5})};
  for (const Tensor& t : layouts)
    for (const Dims& axes : {Dims{}, Dims{0}, Dims{1}, Dims{2}, Dims{0, 2}, Dims{1, 2}, Dims{0, 1, 2}}) {
      const ReduceCall c = plan(Reduction::sum, t, axes, DType::float32);
      std::map<std::int64_t, std::multiset<std::int64_t>> expected;
      const ReduceShape s = reduce_shape("plan", t.shape(), axes);
      const Dims out_strides = contiguous_strides(s.kept);
      for (std::int64_t i = 0; i < t.numel(); ++i) {
        std::int64_t rest = i, in = 0, out = 0;
        for (int d = t.ndim() - 1, k = s.kept.size() - 1; d >= 0; --d) {
          const std::int64_t at = rest % t.shape()[d];
          rest /= t.shape()[d];
          in += at * t.strides()[d] * 4;
          if (!axes.contains(d)) out += at * out_strides[k--] * 4;
        }
        expected[out].insert(in);
      }
      EXPECT_EQ(inputs_of_results(c), expected) << t.shape().str() << axes.str();
      EXPECT_EQ(c.in, t.data());
    }
}

TEST(PlanReduce, ShapesAndAxes) {
  const ReduceShape s = reduce_shape("plan", {2, 3, 4}, Dims{-1, 0});
  EXPECT_EQ(s.kept, (Dims{3}));
  EXPECT_EQ(s.kept_ones, (Dims{1, 3, 1}));
  EXPECT_EQ(s.reduced, (Dims{2, 4}));
  EXPECT_EQ(s.count, 8);
  EXPECT_EQ(reduce_shape("plan", {2, 3}, std::nullopt).count, 6);
  EXPECT_EQ(reduce_shape("plan", {2, 0}, Dims{1}).count, 0);
  EXPECT_EQ(reduce_shape("plan", {}, Dims{-1}).count, 1);
  EXPECT_THROW(reduce_shape("plan", {2, 3}, Dims{2}), IndexError);
  EXPECT_THROW(reduce_shape("plan", {2, 3}, Dims{0, -2}), ValueError);
}

TEST(PlanReduce, TheComputedDtype) {
  const auto compute = [](Reduction op, DType in, DType out) {
    return plan(op, empty({4}, in), std::nullopt, out).compute;
  };
  EXPECT_EQ(compute(Reduction::sum, DType::float32, DType::float32), DType::float32);
  EXPECT_EQ(compute(Reduction::sum, DType::float32, DType::float64), DType::float64);
  EXPECT_EQ(compute(Reduction::sum, DType::int8, DType::int64), DType::int8);  // the kernel's state is wide
  EXPECT_EQ(compute(Reduction::sum, DType::int8, DType::float64), DType::float64);
  EXPECT_EQ(compute(Reduction::prod, DType::float32, DType::float32), DType::float64);
  EXPECT_EQ(compute(Reduction::prod, DType::complex64, DType::complex64), DType::complex128);
  EXPECT_EQ(compute(Reduction::prod, DType::uint8, DType::uint64), DType::uint64);
  EXPECT_EQ(compute(Reduction::prod, DType::bool_, DType::int64), DType::int64);
  EXPECT_EQ(compute(Reduction::max, DType::float16, DType::float16), DType::float32);
  EXPECT_EQ(compute(Reduction::max, DType::float64, DType::float64), DType::float64);
  EXPECT_EQ(compute(Reduction::argmax, DType::float16, DType::int64), DType::float16);
}

TEST(PlanReduce, StripsWhereNeighboursLieInMemory) {
  const Tensor t = empty({100, 200}, DType::float32);
  const auto strip = [](const Tensor& x, const Dims& axes) {
    return plan(Reduction::sum, x, axes, DType::float32).strip;
  };
  EXPECT_EQ(strip(t, {1}), -1);      // rows are contiguous runs
  EXPECT_EQ(strip(t, {0}), 0);       // columns side by side
  EXPECT_EQ(strip(T(t), {1}), 0);
  EXPECT_EQ(strip(T(t), {0}), -1);
  EXPECT_EQ(strip(t, {0, 1}), -1);
  EXPECT_EQ(strip(empty({100, 4}, DType::float32), {1}), 0);  // many short runs
  EXPECT_EQ(strip(empty({1, 50}, DType::float32), {0}), 0);   // one row of all columns
}

TEST(PlanReduce, PositionsKeepTheLogicalOrder) {
  const Tensor t = permute(empty({4, 5, 6}, DType::float32), {2, 1, 0});
  const ReduceCall c = plan(Reduction::argmin, t, std::nullopt, DType::int64);
  std::vector<std::int64_t> order;
  walk(c.reduced, 1, [&](std::int64_t at) { order.push_back(at / 4); });
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 5; ++j)
      for (int k = 0; k < 4; ++k) expected.push_back(k * 30 + j * 6 + i);
  EXPECT_EQ(order, expected);
}

}  // namespace
