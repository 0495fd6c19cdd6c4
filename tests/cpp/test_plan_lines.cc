// Plans of scans and softmax, of sorted rows and of transposed operands. No kernel runs.
#include "helpers.h"

#include "plan/lines.h"
#include "plan/loop.h"
#include "plan/sort.h"
#include "plan/transpose.h"

namespace {

using namespace tenon;

TEST(PlanLines, LinesAndWhereTheyBegin) {
  const Tensor in = empty({3, 4, 5}, DType::float32), out = empty({3, 4, 5}, DType::float64);
  const ScanCall c = plan_scan(Scan::sum, in, 1, out);
  EXPECT_EQ(c.lines.n, 4);
  EXPECT_EQ(c.lines.in_stride, 20);
  EXPECT_EQ(c.lines.out_stride, 40);
  EXPECT_EQ(c.lines.outer.numel, 15);
  EXPECT_EQ(c.lines.outer.ndim, 2);
  EXPECT_TRUE(c.lines.side_by_side);  // columns of a row are neighbours
  EXPECT_FALSE(plan_scan(Scan::sum, in, 2, out).lines.side_by_side);
  EXPECT_EQ(plan_scan(Scan::sum, in, 0, out).lines.outer.ndim, 1);  // the others merge
  EXPECT_EQ(c.in, in.data());
  EXPECT_EQ(c.out, out.data());
}

TEST(PlanLines, ATensorWithoutDimensionsIsOneLine) {
  const Tensor t = empty({}, DType::float32);
  const SoftmaxCall c = plan_softmax(true, t, 0, empty({}, DType::float32));
  EXPECT_TRUE(c.log);
  EXPECT_EQ(c.lines.n, 1);
  EXPECT_EQ(c.lines.outer.numel, 1);
  EXPECT_EQ(c.lines.outer.ndim, 0);
}

TEST(PlanLines, NegativeStridesAndRepetition) {
  const Tensor base = empty({4, 6}, DType::int16), back = flip(base), wide = expand(base[0], {3, 6});
  const ScanCall c = plan_scan(Scan::prod, slice(base, 1, {}, {}, -1), 1, empty({4, 6}, DType::int64));
  EXPECT_EQ(c.lines.in_stride, -2);
  EXPECT_EQ(plan_scan(Scan::sum, wide, 0, empty({3, 6}, DType::int64)).lines.in_stride, 0);
}

TEST(PlanLines, ScansAreFormedInWideDtypes) {
  const auto compute = [](DType in, DType out) {
    return plan_scan(Scan::sum, empty({2}, in), 0, empty({2}, out)).compute;
  };
  EXPECT_EQ(compute(DType::float32, DType::float32), DType::float64);
  EXPECT_EQ(compute(DType::float16, DType::float16), DType::float64);
  EXPECT_EQ(compute(DType::int8, DType::int64), DType::int64);
  EXPECT_EQ(compute(DType::uint64, DType::uint64), DType::int64);  // wraps to the same bits
  EXPECT_EQ(compute(DType::bool_, DType::bool_), DType::int64);
  EXPECT_EQ(compute(DType::complex64, DType::complex64), DType::complex128);
  EXPECT_EQ(compute(DType::int32, DType::float32), DType::float64);
}

TEST(PlanSort, RowsAreTheLastDimension) {
  const Tensor t = empty({3, 4, 5}, DType::int32);
  EXPECT_TRUE(must_move_last(t, 0));
  EXPECT_TRUE(must_move_last(t, 1));
  EXPECT_FALSE(must_move_last(t, 2));
  EXPECT_FALSE(must_move_last(empty({7}, DType::int32), 0));
  EXPECT_FALSE(must_move_last(empty({}, DType::int32), 0));
  const SortCall c = plan_sort(t, true, Tensor(), empty({3, 4, 5}, DType::int64));
  EXPECT_EQ(c.rows, 12);
  EXPECT_EQ(c.n, 5);
  EXPECT_TRUE(c.descending);
  EXPECT_EQ(c.values, nullptr);
  EXPECT_NE(c.indices, nullptr);
  EXPECT_EQ(plan_sort(empty({}, DType::int32), false, t, Tensor()).rows, 1);
  EXPECT_EQ(plan_sort(empty({4, 0}, DType::int32), false, t, Tensor()).rows, 0);
  const SelectCall s = plan_select(t, {1, 3}, empty({3, 4, 2}, DType::int32));
  EXPECT_EQ(s.count, 2);
  EXPECT_EQ(s.ranks[1], 3);
  EXPECT_EQ(s.rows, 12);
}

Loop loop_of(const Tensor& out, const Tensor& in) {
  Loop loop;
  const LoopOperand operands[] = {{&out.strides(), out.itemsize()}, {&in.strides(), in.itemsize()}};
  build_loop(loop, out.shape(), operands);
  return loop;
}

TEST(PlanTranspose, FindsThePairOfDimensions) {
  const Tensor t = empty({3, 20, 30}, DType::float32);
  const Loop same = loop_of(empty({3, 20, 30}, DType::float32), t);
  EXPECT_EQ(crossing_dimension(same, 1, 4), -1);
  const Loop crossed = loop_of(empty({3, 30, 20}, DType::float32), permute(t, {0, 2, 1}));
  ASSERT_EQ(crossed.ndim, 3);
  EXPECT_EQ(crossing_dimension(crossed, 1, 4), 1);
  const Loop rest = without_pair(crossed, 1);
  EXPECT_EQ(rest.ndim, 1);
  EXPECT_EQ(rest.numel, 3);
  EXPECT_EQ(rest.strides[1][0], 2400);
  const Tensor apart = slice(empty({3, 25, 30}, DType::float32), 1, 0, 20);
  const Loop middle = without_pair(loop_of(empty({30, 3, 20}, DType::float32), permute(apart, {2, 0, 1})), 0);
  EXPECT_EQ(middle.numel, 3);
  EXPECT_EQ(middle.strides[0][0], 80);
}

TEST(PlanTranspose, NotForShortSidesOrRepetition) {
  const Tensor narrow = empty({20, 4}, DType::float32);
  EXPECT_EQ(crossing_dimension(loop_of(empty({4, 20}, DType::float32), T(narrow)), 1, 4), -1);
  const Tensor wide = expand(empty({20, 1}, DType::float32), {20, 30});
  EXPECT_EQ(crossing_dimension(loop_of(empty({20, 30}, DType::float32), wide), 1, 4), -1);
}

}  // namespace
