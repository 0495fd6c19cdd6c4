// Extrema with their places and selections by rank, against loops.
#include <algorithm>
#include <cmath>
#include <vector>

#include "gradients.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;
using Places = std::vector<std::int64_t>;

const DType kReal[] = {DType::bool_,    DType::int8,    DType::int16,  DType::int32,  DType::int64,
                       DType::uint8,    DType::uint16,  DType::uint32, DType::uint64, DType::float16,
                       DType::bfloat16, DType::float32, DType::float64};

// The last of the largest elements so far, along the last dimension.
Places largest_so_far(const List& v, std::size_t n) {
  Places at;
  for (std::size_t row = 0; row < v.size(); row += n) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (v[row + i] >= v[row + best]) best = i;
      at.push_back(static_cast<std::int64_t>(best));
    }
  }
  return at;
}

TEST(Order, RunningExtremaOfEveryDtypeAndLayout) {
  for (const DType d : kReal)
    for (const Dims& shape : {Dims{7, 5, 9}, Dims{3, 700}, Dims{600, 3}, Dims{40}}) {
      const Tensor t = to(test::uniform(shape, is_bool(d) ? -1 : 0, 4, 5), d);
      const Tensor integral = is_floating(d) ? to(to(t, DType::int64), d) : t;  // with ties
      for (int dim = 0; dim < t.ndim(); ++dim)
        for (const Tensor& x : {integral, flip(integral), T(integral)}) {
          const int along = x.is_contiguous() || x.ndim() == 1 ? dim : x.ndim() - 1 - dim;
          const Tensor rows = movedim(x, {along}, {-1});
          const auto expected = largest_so_far(values(rows), static_cast<std::size_t>(x.shape()[along]));
          const ValuesIndices up = cummax(x, along);
          EXPECT_EQ(values<std::int64_t>(movedim(up.indices, {along}, {-1})), expected) << name(d);
          EXPECT_EQ(up.values.dtype(), d);
          if (!is_bool(d) && kind(d) != Kind::unsigned_integer) {
            EXPECT_EQ(values<std::int64_t>(cummin(neg(x), along).indices), values<std::int64_t>(up.indices)) << name(d);
          }
        }
    }
}

TEST(Order, NansEndARunningExtremum) {
  const ValuesIndices r = cummin(doubles({2, 1, kNan, 0, kNan, 3}), 0);
  EXPECT_EQ(values<std::int64_t>(r.indices), (Places{0, 1, 2, 2, 4, 4}));
  EXPECT_EQ(cummax(empty({0, 3}, DType::float32), 0).values.shape(), (Dims{0, 3}));
  EXPECT_EQ(cummax(Tensor::of(2.5), 0).values.item<double>(), 2.5);
  EXPECT_NE(message<DtypeError>([] { cummax(zeros({2}, DType::complex64), 0); }).find("cummax"), std::string::npos);
}

TEST(Order, ThreadsDoNotChangeARunningExtremum) {
  const Tensor t = test::uniform({64, 5000}, -1, 1, 3);
  const int before = num_threads();
  set_num_threads(1);
  const auto alone = values<std::int64_t>(cummax(t, 1).indices), columns = values<std::int64_t>(cummax(t, 0).indices);
  set_num_threads(4);
  EXPECT_EQ(values<std::int64_t>(cummax(t, 1).indices), alone);
  EXPECT_EQ(values<std::int64_t>(cummax(t, 0).indices), columns);
  set_num_threads(before);
}

TEST(Order, TopkMatchesSortingForShortAndLongRows) {
  for (const std::int64_t n : {5, 50, 9000})
    for (const bool largest : {true, false}) {
      const Tensor t = floor(test::uniform({n}, 0, 40, 9));
      const std::int64_t k = std::min<std::int64_t>(n, 33);
      const ValuesIndices s = sort_with_indices(t, 0, largest), r = topk(t, k, 0, largest);
      EXPECT_EQ(values(r.values), values(narrow(s.values, 0, 0, k)));
      EXPECT_EQ(values<std::int64_t>(r.indices), values<std::int64_t>(narrow(s.indices, 0, 0, k)));
    }
  EXPECT_NE(message<ValueError>([] { topk(zeros({3}), 4); }).find("topk: k must be from 0"), std::string::npos);
}

TEST(Order, SelectionsNameTheirPlaces) {
  const Tensor t = doubles({3, 1, 3, 2, 1, 1, 7, 7, 7}, {3, 3});
  EXPECT_EQ(values(mode(t, 1).values), (List{3, 1, 7}));
  EXPECT_EQ(values<std::int64_t>(mode(t, 1).indices), (Places{2, 2, 2}));
  EXPECT_EQ(values(kthvalue(t, 2, 0).values), (List{3, 1, 3}));
  EXPECT_EQ(values(max(t, 0).values), (List{7, 7, 7}));
  EXPECT_EQ(values<std::int64_t>(min(t, 1).indices), (Places{1, 1, 0}));
  EXPECT_EQ(values(ptp(t, Dims{1})), (List{2, 1, 0}));
  EXPECT_EQ(aminmax(t).max.item<double>(), 7);
  EXPECT_EQ(values(partition(t, {1}, 1)), (List{1, 3, 3, 1, 1, 2, 7, 7, 7}));
  const Tensor keys[] = {doubles({2, 1, 3}), doubles({0, 0, -1})};
  EXPECT_EQ(values<std::int64_t>(lexsort(keys)), (Places{2, 1, 0}));
  EXPECT_NE(message<ValueError>([&] { argpartition(t, {3}, 1); }).find("rank 3 is out of range"), std::string::npos);
}

TEST(Order, GradientsGoToWhatWasTaken) {
  const Tensor x = test::uniform({3, 6}, -1, 1, 4);
  using In = const std::vector<Tensor>&;
  expect_second_gradients("cummax", [](In v) { return cummax(square(v[0]), 1).values; }, {x});
  expect_second_gradients("cummin", [](In v) { return cummin(square(v[0]), 0).values; }, {x});
  expect_second_gradients("topk", [](In v) { return topk(square(v[0]), 2, 0).values; }, {x});
  expect_second_gradients("mode", [](In v) { return mode(square(v[0]), 1).values; }, {x});
  expect_second_gradients("max", [](In v) { return max(square(v[0]), 1).values; }, {x});
  expect_second_gradients("ptp", [](In v) { return ptp(square(v[0]), Dims{0}); }, {x});
}

}  // namespace
}  // namespace tenon::test
