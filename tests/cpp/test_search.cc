// Binary search against std::lower_bound and std::upper_bound.
#include <algorithm>

#include "helpers.h"

namespace tenon::test {
namespace {

using Places = std::vector<std::int64_t>;

TEST(Search, MatchesTheStandardLibrary) {
  for (const std::int64_t n : {0, 1, 2, 3, 4, 5, 31, 32, 33, 1000}) {
    const Tensor t = sort(floor(test::uniform({n}, 0, 50, 3))), v = floor(test::uniform({400}, -2, 52, 4));
    const auto a = values(t), wanted = values(v);
    for (const bool right : {false, true}) {
      Places expected;
      for (const double x : wanted)
        expected.push_back((right ? std::upper_bound(a.begin(), a.end(), x) : std::lower_bound(a.begin(), a.end(), x)) -
                           a.begin());
      EXPECT_EQ(values<std::int64_t>(searchsorted(t, v, right)), expected) << n;
    }
  }
}

TEST(Search, RowsSorterAndNans) {
  const Tensor rows = doubles({1, 3, 5, 0, 10, 20}, {2, 3}), v = doubles({3, 9, 3, 9}, {2, 2});
  EXPECT_EQ(values<std::int64_t>(searchsorted(rows, v)), (Places{1, 3, 1, 1}));
  const Tensor shuffled = doubles({5, 1, 3}), order = argsort(shuffled);
  EXPECT_EQ(values<std::int64_t>(searchsorted(shuffled, doubles({3}), true, order)), (Places{2}));
  EXPECT_EQ(values<std::int64_t>(searchsorted(doubles({1, kNan, kNan}), doubles({kNan, 2}))), (Places{1, 1}));
  EXPECT_EQ(values<std::int64_t>(searchsorted(doubles({1, kNan, kNan}), doubles({kNan, 2}), true)), (Places{3, 1}));
  EXPECT_NE(message<ShapeError>([&] { searchsorted(rows, doubles({1})); }).find("searchsorted"), std::string::npos);
}

TEST(Search, BinsAscendOrDescend) {
  const Tensor v = doubles({0, 1, 1.5, 3});
  EXPECT_EQ(values<std::int64_t>(digitize(v, doubles({1, 2}))), (Places{0, 1, 1, 2}));
  EXPECT_EQ(values<std::int64_t>(digitize(v, doubles({1, 2}), true)), (Places{0, 0, 1, 2}));
  EXPECT_EQ(values<std::int64_t>(digitize(v, doubles({2, 1}))), (Places{2, 1, 1, 0}));
  EXPECT_NE(message<ValueError>([&] { digitize(v, doubles({1, 3, 2})); }).find("ascend or descend"), std::string::npos);
}

}  // namespace
}  // namespace tenon::test
