// The plan: broadcasting, collapsing, overlap.
#include "helpers.h"

#include <map>
#include <set>

#include "plan/loop.h"

namespace {

using namespace tenon;

// The byte offsets that each step of a loop visits, for all operands.
std::multiset<std::vector<std::int64_t>> visits(const Loop& loop, int operands) {
  std::multiset<std::vector<std::int64_t>> out;
  std::vector<std::int64_t> index(static_cast<std::size_t>(loop.ndim));
  for (std::int64_t i = 0; i < loop.numel; ++i) {
    std::int64_t rest = i;
    std::vector<std::int64_t> at(static_cast<std::size_t>(operands));
    for (int d = loop.ndim - 1; d >= 0; --d) {
      const std::int64_t k = rest % loop.shape[d];
      rest /= loop.shape[d];
      for (int o = 0; o < operands; ++o) at[static_cast<std::size_t>(o)] += k * loop.strides[o][d];
    }
    EXPECT_EQ(rest, 0);
    out.insert(at);
  }
  return out;
}

std::multiset<std::vector<std::int64_t>> expected(const Dims& shape, const std::vector<LoopOperand>& operands) {
  std::multiset<std::vector<std::int64_t>> out;
  Dims index(shape.size(), 0);
  for (std::int64_t i = 0; i < shape.product(); ++i) {
    std::vector<std::int64_t> at;
    for (const auto& o : operands) {
      std::int64_t offset = 0;
      for (int d = 0; d < shape.size(); ++d) offset += index[d] * (*o.strides)[d] * o.itemsize;
      at.push_back(offset);
    }
    out.insert(at);
    for (int d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
  }
  return out;
}

TEST(Loop, CollapsesContiguousOperandsToOneDimension) {
  const Dims shape{2, 3, 1, 4}, strides{12, 4, 4, 1};
  const LoopOperand operands[] = {{&strides, 4}, {&strides, 8}};
  Loop loop;
  build_loop(loop, shape, operands);
  EXPECT_EQ(loop.ndim, 1);
  EXPECT_EQ(loop.shape[0], 24);
  EXPECT_EQ(loop.strides[0][0], 4);
  EXPECT_EQ(loop.strides[1][0], 8);
}

TEST(Loop, FollowsTheOutputsMemory) {
  // Both transposed alike: one run again.
  const Dims shape{3, 4}, strides{1, 3};
  const LoopOperand both[] = {{&strides, 8}, {&strides, 8}};
  Loop loop;
  build_loop(loop, shape, both);
  EXPECT_EQ(loop.ndim, 1);
  build_loop(loop, shape, both, Order::row_major);
  EXPECT_EQ(loop.ndim, 2);
  EXPECT_EQ(loop.shape[0], 3);
  // A row-major output with a transposed input: the output's order.
  const Dims rows{4, 1};
  const LoopOperand mixed[] = {{&rows, 8}, {&strides, 8}};
  build_loop(loop, shape, mixed);
  EXPECT_EQ(loop.ndim, 2);
  EXPECT_EQ(loop.strides[0][1], 8);
}

TEST(Loop, CollapsesNegativeAndRepeatedDimensions) {
  const Dims shape{2, 3}, backwards{-3, -1}, repeated{0, 0};
  const LoopOperand operands[] = {{&backwards, 1}, {&repeated, 1}};
  Loop loop;
  build_loop(loop, shape, operands);
  EXPECT_EQ(loop.ndim, 1);
  EXPECT_EQ(loop.strides[0][0], -1);
  EXPECT_EQ(loop.strides[1][0], 0);
}

TEST(Loop, OfNoDimensionsRunsOnceAndOfEmptyOnesNever) {
  Loop loop;
  const Dims none{};
  const LoopOperand a[] = {{&none, 8}};
  build_loop(loop, none, a);
  EXPECT_EQ(loop.ndim, 0);
  EXPECT_EQ(loop.numel, 1);
  const Dims shape{3, 0, 2}, strides{2, 2, 1};
  const LoopOperand b[] = {{&strides, 8}};
  build_loop(loop, shape, b);
  EXPECT_EQ(loop.numel, 0);
}

TEST(Loop, VisitsEveryElementOnceForRandomStrides) {
  std::mt19937 random(7);
  auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int round = 0; round < 2000; ++round) {
    const int ndim = draw(0, 5), count = draw(1, 4);
    Dims shape(ndim);
    for (auto& n : shape) n = draw(0, 9) == 0 ? 0 : draw(1, 4);
    std::vector<Dims> strides(static_cast<std::size_t>(count), Dims(ndim));
    std::vector<LoopOperand> operands;
    for (auto& s : strides) {
      // A permuted contiguous layout, of which some dimensions are reversed, widened or repeated.
      Dims order(ndim);
      for (int d = 0; d < ndim; ++d) order[d] = d;
      if (draw(0, 1)) std::shuffle(order.begin(), order.end(), random);
      std::int64_t step = 1;
      for (int i = ndim - 1; i >= 0; --i) {
        const int d = static_cast<int>(order[i]);
        s[d] = step * (draw(0, 3) == 0 ? -1 : 1);
        step *= std::max<std::int64_t>(shape[d], 1) * (draw(0, 5) == 0 ? 2 : 1);
        if (draw(0, 5) == 0) s[d] = 0;
      }
      operands.push_back({&s, std::int64_t{1} << draw(0, 4)});
    }
    Loop loop;
    build_loop(loop, shape, operands, draw(0, 1) ? Order::any : Order::row_major);
    ASSERT_LE(loop.ndim, ndim);
    ASSERT_EQ(visits(loop, count), expected(shape, operands)) << shape.str();
  }
}

TEST(Broadcast, FollowsNumPy) {
  EXPECT_EQ(broadcast_shapes("add", {3, 1}, {4}), (Dims{3, 4}));
  EXPECT_EQ(broadcast_shapes("add", {}, {4, 2}), (Dims{4, 2}));
  EXPECT_EQ(broadcast_shapes("add", {2, 1, 5}, {7, 1}), (Dims{2, 7, 5}));
  EXPECT_EQ(broadcast_shapes("add", {1}, {0}), Dims{0});
  EXPECT_EQ(broadcast_shapes("add", {0, 1}, {1, 3}), (Dims{0, 3}));
  EXPECT_THROW(broadcast_shapes("add", {0}, {2}), ShapeError);
  EXPECT_EQ(test::message<ShapeError>([] { broadcast_shapes("add", {3, 4}, {5}); }),
            "add: shapes (3, 4) and (5,) do not broadcast");
  EXPECT_EQ(broadcast_strides({3, 1}, {7, 9}, {2, 3, 4}), (Dims{0, 7, 0}));
}

// All byte-for-byte overlaps, by enumeration.
bool really_overlaps(const Dims& shape, const Dims& strides) {
  std::set<std::int64_t> seen;
  Dims index(shape.size(), 0);
  for (std::int64_t i = 0; i < shape.product(); ++i) {
    std::int64_t at = 0;
    for (int d = 0; d < shape.size(); ++d) at += index[d] * strides[d];
    if (!seen.insert(at).second) return true;
    for (int d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
  }
  return false;
}

TEST(Overlap, OfATensorWithItselfIsToldExactly) {
  std::mt19937 random(3);
  auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int round = 0; round < 5000; ++round) {
    Dims shape(draw(0, 4)), strides(shape.size());
    for (auto& n : shape) n = draw(0, 4);
    for (auto& s : strides) s = draw(-12, 12);
    ASSERT_EQ(overlaps_itself(shape, strides), really_overlaps(shape, strides)) << shape.str() << strides.str();
  }
  EXPECT_FALSE(overlaps_itself({3, 3}, {5, 3}));
  EXPECT_FALSE(overlaps_itself({3, 6}, {5, 3}));
  EXPECT_TRUE(overlaps_itself({4, 6}, {5, 3}));
  EXPECT_TRUE(overlaps_itself({6, 4}, {3, 5}));
  // Large ones cost no search.
  EXPECT_FALSE(overlaps_itself({1 << 20, 1 << 20}, {(1 << 20) + 1, 1}));
  EXPECT_FALSE(overlaps_itself({1000, 1000, 1000}, {999'983, 1'000'003, 1'000'033'000'007}));
  EXPECT_FALSE(overlaps_itself({3, 4}, {1, 3}));
  EXPECT_FALSE(overlaps_itself({3, 4}, {-8, 2}));
  EXPECT_FALSE(overlaps_itself({3, 1, 4}, {4, 0, 1}));
  EXPECT_FALSE(overlaps_itself({0, 4}, {0, 0}));
  EXPECT_TRUE(overlaps_itself({3, 4}, {0, 1}));
  EXPECT_TRUE(overlaps_itself({3, 2}, {1, 1}));
}

TEST(Overlap, OfTwoTensorsIsPartialUnlessTheElementsAreTheSame) {
  const Tensor t = test::counting({10});
  const Tensor first = slice(t, 0, 0, 5), last = slice(t, 0, 5, 10), middle = slice(t, 0, 2, 7);
  auto partial = [](const Tensor& a, const Tensor& b) { return partially_overlap(a, b, b.strides()); };
  EXPECT_FALSE(partial(first, last));
  EXPECT_FALSE(partial(first, first));
  EXPECT_TRUE(partial(first, middle));
  EXPECT_TRUE(partial(first, flip(first)));
  EXPECT_TRUE(partial(slice(t, 0, 0, {}, 2), first));
  EXPECT_FALSE(partial(first, slice(t, 0, 3, 3)));
  EXPECT_TRUE(partial(first, view(first, DType::int32)));
}

TEST(Axes, AreNormalised) {
  EXPECT_EQ(normalize_axis("sum", -1, 3), 2);
  EXPECT_EQ(normalize_axis("sum", 0, 0), 0);
  EXPECT_THROW(normalize_axis("sum", 3, 3), IndexError);
  EXPECT_THROW(normalize_axis("sum", -4, 3), IndexError);
  EXPECT_EQ(normalize_axes("sum", {}, 3), (Dims{0, 1, 2}));
  EXPECT_EQ(normalize_axes("sum", Dims{-1, 0}, 3), (Dims{2, 0}));
  EXPECT_EQ(normalize_axes("sum", Dims{}, 3), Dims{});
  EXPECT_THROW(normalize_axes("sum", (Dims{1, -2}), 3), ValueError);
}

}  // namespace
