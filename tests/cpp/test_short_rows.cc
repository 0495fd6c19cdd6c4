// Rows and columns that broadcast over short and long rows have the results of operands that were expanded in memory.
#include <gtest/gtest.h>

#include "helpers.h"
#include "tenon/elementwise.h"

namespace tenon {
namespace {

using test::uniform;

Tensor whole_of(const Tensor& t, const Dims& shape) { return contiguous(expand(t, shape)); }

class ShortRows : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(, ShortRows,
                         testing::Values(DType::uint8, DType::int16, DType::float16, DType::float32, DType::int64,
                                         DType::complex64, DType::complex128),
                         [](const auto& info) { return std::string(name(info.param)); });

void expect_as_expanded(const Tensor& a, const Tensor& small) {
  const Tensor whole = whole_of(small, a.shape()), across = transpose(contiguous(transpose(a, 0, 1)), 0, 1);
  for (const Tensor& all : {a, across}) {
    EXPECT_TRUE(array_equal(add(all, small), add(a, whole))) << a.shape()[0] << " rows of " << a.shape()[1];
    EXPECT_TRUE(array_equal(sub(small, all), sub(whole, a))) << a.shape()[0] << " rows of " << a.shape()[1];
  }
}

TEST_P(ShortRows, BroadcastAsIfTheyWereExpanded) {
  for (const std::int64_t n : {2, 3, 7, 16, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 1000}) {
    for (const std::int64_t rows : {2, 5, 33, int(70000 / n)}) {  // the last is shared by threads
      const Tensor a = uniform({rows, n}, 0, 10, 1, GetParam());
      expect_as_expanded(a, uniform({n}, 0, 10, 2, GetParam()));
      expect_as_expanded(a, uniform({rows, 1}, 0, 10, 3, GetParam()));
      expect_as_expanded(a, flip(uniform({n}, 0, 10, 4, GetParam()), Dims{0}));
    }
  }
}

TEST(ShortRowsOf, ThatAreConvertedAreConvertedFirst) {
  for (const std::int64_t n : {3, 64, 100, 256, 300}) {
    const Tensor a = uniform({500, n}, -5, 5, 1, DType::float32);
    for (const DType d : {DType::int16, DType::float16, DType::bool_}) {
      const Tensor row = uniform({n}, -5, 5, 2, d), column = uniform({500, 1}, -5, 5, 3, d);
      EXPECT_TRUE(array_equal(add(a, row), add(a, row.to(DType::float32)))) << name(d);
      EXPECT_TRUE(array_equal(add(a, column), add(a, column.to(DType::float32)))) << name(d);
    }
  }
}

TEST(ShortRowsOf, MayStandOnBothSidesAndInSeveralDimensions) {
  for (const std::int64_t n : {3, 64, 100, 257}) {
    const Tensor row = uniform({n}, -5, 5, 1), column = uniform({400, 1}, -5, 5, 2);
    const Tensor rows = whole_of(row, {400, n}), columns = whole_of(column, {400, n});
    EXPECT_TRUE(array_equal(add(row, column), add(rows, columns)));
    EXPECT_TRUE(array_equal(where(gt(column, 0), row, column), where(gt(columns, 0), rows, columns)));
    const Tensor cube = uniform({6, 50, n}, -5, 5, 3), middle = uniform({50, 1}, -5, 5, 4);
    EXPECT_TRUE(array_equal(mul(cube, row), mul(cube, whole_of(row, cube.shape()))));
    EXPECT_TRUE(array_equal(mul(cube, middle), mul(cube, whole_of(middle, cube.shape()))));
  }
}

}  // namespace
}  // namespace tenon
