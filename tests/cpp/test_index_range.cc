// The entry that gives the least and the greatest index.
#include <algorithm>
#include <limits>

#include "helpers.h"
#include "tenon/backend.h"

namespace tenon {
namespace {

std::pair<std::int64_t, std::int64_t> range_of(const std::vector<std::int64_t>& v) {
  std::int64_t range[2] = {7, -7};
  const IndexRangeCall c{v.data(), static_cast<std::int64_t>(v.size()), range};
  EXPECT_EQ(backend(kCpu).index_range({}, "test", c), Status::ok);
  return {range[0], range[1]};
}

TEST(IndexRange, IsThatOfAllElements) {
  std::mt19937_64 random(5);
  for (const std::size_t n : {1, 2, 7, 8, 9, 65536, 65537, 300001}) {
    std::vector<std::int64_t> v(n);
    for (auto& x : v) x = static_cast<std::int64_t>(random() % 2001) - 1000;
    for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {  // the extremes at the ends of vectors and pieces
      v[at] = std::numeric_limits<std::int64_t>::min();
      v[n - 1 - at] = std::numeric_limits<std::int64_t>::max();
      const auto [low, high] = std::minmax_element(v.begin(), v.end());
      ASSERT_EQ(range_of(v), std::pair(*low, *high)) << n;
    }
  }
}

TEST(IndexRange, OfNothingLeavesTheRange) { EXPECT_EQ(range_of({}), std::pair(std::int64_t{7}, std::int64_t{-7})); }

}  // namespace
}  // namespace tenon
