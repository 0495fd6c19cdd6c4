#include "helpers.h"

namespace {

using namespace tenon;

TEST(Dims, GrowsFromInlineToHeapAndBack) {
  for (int n = 0; n <= kMaxDims; ++n) {
    Dims d;
    for (int i = 0; i < n; ++i) d.push_back(i * 10);
    ASSERT_EQ(d.size(), n);
    for (int i = 0; i < n; ++i) ASSERT_EQ(d[i], i * 10);
    Dims copy = d, assigned{7}, moved = std::move(d);
    assigned = copy;
    EXPECT_EQ(copy, moved);
    EXPECT_EQ(assigned, moved);
    EXPECT_TRUE(d.empty());  // NOLINT: a moved-from Dims is empty
    d = std::move(moved);
    EXPECT_EQ(d, copy);
    moved.push_back(1);  // NOLINT: and can be used again
    EXPECT_EQ(moved, Dims{1});
  }
}

TEST(Dims, AssignsToItself) {
  Dims small{1, 2}, large(10, 3);
  Dims &s = small, &l = large;
  small = s;
  large = l;
  EXPECT_EQ(small, (Dims{1, 2}));
  EXPECT_EQ(large, Dims(10, 3));
  large = std::move(l);
  EXPECT_EQ(large, Dims(10, 3));
}

TEST(Dims, InsertsAndErases) {
  Dims d;
  for (int i = 0; i < 10; ++i) d.insert(0, i);
  EXPECT_EQ(d, (Dims{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  d.insert(5, 100);
  d.insert(11, 200);
  EXPECT_EQ(d, (Dims{9, 8, 7, 6, 5, 100, 4, 3, 2, 1, 0, 200}));
  d.erase(11);
  d.erase(5);
  d.erase(0);
  EXPECT_EQ(d, (Dims{8, 7, 6, 5, 4, 3, 2, 1, 0}));
}

TEST(Dims, TellsItselfAsPythonDoes) {
  EXPECT_EQ(Dims{}.str(), "()");
  EXPECT_EQ((Dims{5}).str(), "(5,)");
  EXPECT_EQ((Dims{3, -1}).str(), "(3, -1)");
}

TEST(Dims, ProductAndContains) {
  EXPECT_EQ(Dims{}.product(), 1);
  EXPECT_EQ((Dims{2, 0, 3}).product(), 0);
  EXPECT_EQ((Dims{2, 5, 3}).product(), 30);
  EXPECT_TRUE((Dims{2, 5}).contains(5));
  EXPECT_FALSE((Dims{2, 5}).contains(3));
  EXPECT_NE((Dims{2, 5}), (Dims{2, 5, 1}));
}

}  // namespace
