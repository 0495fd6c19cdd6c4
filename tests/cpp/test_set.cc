// Tensors as sets against std::set.
#include <algorithm>
#include <iterator>
#include <set>

#include "gradients.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;
using Places = std::vector<std::int64_t>;

TEST(Set, UniqueOfEveryDtype) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    const Tensor t = to(doubles({1, 0, 1, 1, 0, 1}, {2, 3}), d);
    const Unique u = unique(t, {}, {.indices = true, .inverse = true, .counts = true});
    EXPECT_EQ(values(u.values), (List{0, 1})) << name(d);
    EXPECT_EQ(u.values.dtype(), d);
    EXPECT_EQ(values<std::int64_t>(u.indices), (Places{1, 0}));
    EXPECT_EQ(values<std::int64_t>(u.inverse), (Places{1, 0, 1, 1, 0, 1}));
    EXPECT_EQ(u.inverse.shape(), t.shape());
    EXPECT_EQ(values<std::int64_t>(u.counts), (Places{2, 4}));
  }
}

TEST(Set, NansAreOneValueOrMany) {
  const Tensor t = doubles({kNan, 1, kNan});
  EXPECT_EQ(unique(t).values.numel(), 2);
  EXPECT_EQ(unique(t, {}, {}, false).values.numel(), 3);
}

TEST(Set, SlicesAreOrderedByTheirElements) {
  const Tensor rows = doubles({2, 1, 1, 9, 2, 1, 1, 2}, {4, 2});
  const Unique u = unique(rows, 0, {.indices = true, .inverse = true, .counts = true});
  EXPECT_EQ(values(u.values), (List{1, 2, 1, 9, 2, 1}));
  EXPECT_EQ(values<std::int64_t>(u.indices), (Places{3, 1, 0}));
  EXPECT_EQ(values<std::int64_t>(u.inverse), (Places{2, 1, 2, 0}));
  EXPECT_EQ(values<std::int64_t>(u.counts), (Places{1, 1, 2}));
  const Unique runs = unique_consecutive(doubles({1, 1, 2, 1}), {}, {.counts = true});
  EXPECT_EQ(values(runs.values), (List{1, 2, 1}));
  EXPECT_EQ(values<std::int64_t>(runs.counts), (Places{2, 1, 1}));
}

TEST(Set, OperationsMatchTheStandardLibrary) {
  const Tensor a = floor(test::uniform({40}, 0, 30, 1)), b = floor(test::uniform({30}, 10, 45, 2));
  const auto x = values(a), y = values(b);
  const std::set<double> left(x.begin(), x.end()), right(y.begin(), y.end());
  List both, alone_left, alone, all;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(alone_left));
  std::set_symmetric_difference(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(alone));
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(all));
  EXPECT_EQ(values(intersect1d(a, b)), both);
  EXPECT_EQ(values(setdiff1d(a, b)), alone_left);
  EXPECT_EQ(values(setxor1d(a, b)), alone);
  EXPECT_EQ(values(union1d(a, b)), all);
  const auto in = values<bool>(isin(a, b));
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(in[i], right.contains(x[i]));
  const Intersection places = intersect1d_with_indices(a, b);
  EXPECT_EQ(values(take(a, places.a_indices)), both);
  EXPECT_EQ(values(take(b, places.b_indices)), both);
}

TEST(Set, TheGradientGoesToTheFirstOfEqualElements) {
  const Tensor w = leaf({3, 1, 3, 2});
  sum(mul(unique(w).values, doubles({1, 10, 100}))).backward();
  EXPECT_EQ(values(w.grad()), (List{100, 1, 0, 10}));
  const Tensor m = leaf(doubles({1, 2, 1, 2}, {2, 2}));
  sum(square(unique(m, 0).values)).backward();
  EXPECT_EQ(values(m.grad()), (List{2, 4, 0, 0}));
}

}  // namespace
}  // namespace tenon::test
