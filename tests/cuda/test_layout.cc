// Positions in loops: division by multiplication, and pieces of what 32 bits do not count.
#include <cstring>
#include <random>

#include "cuda.h"

#include "backends/cuda/layout.h"

namespace tenon::cuda {
namespace {

TEST(Divisor, IsExactBelow2To31) {
  std::mt19937 random(1);
  const std::uint32_t last = (1u << 31) - 1;
  for (std::uint32_t d :
       {1u, 2u, 3u, 5u, 7u, 10u, 255u, 256u, 257u, 641u, 65535u, 65536u, 65537u, (1u << 30) + 1, last - 1, last})
    for (int i = 0; i < 20000; ++i) {
      const std::uint32_t any = random() >> 1, multiple = any / d * d;
      for (const std::uint32_t n : {any, multiple, multiple ? multiple - 1 : 0, last, 0u})
        ASSERT_EQ(Divisor(d).quotient(n), n / d) << n << " / " << d;
    }
}

Loop loop_of(const Dims& shape, const Dims& strides) {
  Loop l;
  l.ndim = shape.size();
  l.numel = shape.product();
  for (int d = 0; d < l.ndim; ++d) {
    l.shape[d] = shape[d];
    l.strides[0][d] = strides[d];
    l.strides[1][d] = -strides[d];
  }
  return l;
}

struct Seen {
  std::int64_t pieces = 0, elements = 0, sum = 0;
};
// All pieces are in order, small enough, and begin where the loop is after what came before.
Seen walk(const Loop& loop) {
  Seen seen;
  pieces<2>(loop, 2, [&](const Layout<2>& l, const std::int64_t* at) {
    EXPECT_LE(l.ndim, kLayoutDims);
    EXPECT_LT(std::int64_t{l.numel}, kMostPositions);
    const auto expected = [&](std::int64_t position) {
      std::int64_t offset = 0;
      for (int d = loop.ndim - 1; d >= 0; --d) {
        offset += position % loop.shape[d] * loop.strides[0][d];
        position /= loop.shape[d];
      }
      return offset;
    };
    for (const std::int64_t i : {std::int64_t{0}, std::int64_t{l.numel / 2}, std::int64_t{l.numel} - 1}) {
      std::int64_t offset[2];
      l.offsets(static_cast<std::uint32_t>(i), offset);
      EXPECT_EQ(at[0] + offset[0], expected(seen.elements + i));
      EXPECT_EQ(at[1] + offset[1], -expected(seen.elements + i));
    }
    ++seen.pieces;
    seen.elements += l.numel;
  });
  return seen;
}

TEST(Pieces, CoverTheLoop) {
  const std::int64_t two31 = std::int64_t{1} << 31;
  const struct {
    Dims shape, strides;
    std::int64_t pieces;
  } cases[] = {
      {{}, {}, 1},
      {{7}, {4}, 1},
      {{0, 7}, {28, 4}, 0},
      {{two31 - 1}, {4}, 1},
      {{two31}, {4}, 2},
      {{two31 + 1}, {4}, 2},
      {{5 * two31}, {8}, 6},
      {{3, two31}, {0, 1}, 6},
      {{1000, 3000000}, {3000000, 1}, 2},
      {{65537, 65537}, {65537, 1}, 3},
      {{2, 3, 2, 2, 2, 2, 2, 2}, {900, 300, 90, 40, 20, 9, 3, 1}, 1},
      {{2, 3, 2, 2, 2, 2, 2, 2, 2, 2}, {9000, 3000, 900, 400, 200, 90, 40, 20, 9, 1}, 6},
  };
  for (const auto& c : cases) {
    const Loop loop = loop_of(c.shape, c.strides);
    const Seen seen = walk(loop);
    EXPECT_EQ(seen.elements, loop.numel) << c.shape.str();
    EXPECT_EQ(seen.pieces, c.pieces) << c.shape.str();
  }
}

}  // namespace
}  // namespace tenon::cuda
