// Embeddings against sums of rows, on the CPU and on the simulated device, and their gradients against differences.
#include "tenon/nn/embedding.h"

#include "gradients.h"
#include "sim.h"

namespace tenon::test {
namespace {

using Embedding = SimTest;
using nn::BagMode;
using nn::BagOptions;

const Tensor kTable = uniform({5, 3}, -2, 2, 1);
Tensor ints(const std::vector<std::int64_t>& v, const Dims& shape) { return tensor<std::int64_t>(v, shape); }
const std::vector<std::int64_t> kPlaces{1, 4, 1, 0, 2, 4};

TEST_F(Embedding, AreRowsOfTheTable) {
  for (const Device device : {kCpu, kCuda})
    for (const DType d : {DType::int64, DType::int32, DType::uint8}) {
      const Tensor at = ints(kPlaces, {2, 3}).to(d).to(device);
      EXPECT_EQ(values(nn::embedding(at, kTable.to(device)).to(kCpu)),
                values(index_select(kTable, 0, ints(kPlaces, {6}))));
      EXPECT_EQ(nn::embedding(at, kTable.to(device)).shape(), (Dims{2, 3, 3}));
    }
}

TEST_F(Embedding, ScaleLargeRowsInPlace) {
  const Tensor table = leaf(kTable);
  nn::embedding(ints({1, 4}, {2}), table, {.max_norm = 0.5, .norm_type = 1});
  const auto before = values(norm(kTable, 1, Dims{1})), after = values(norm(table.detach(), 1, Dims{1}));
  for (const std::size_t row : {1, 4}) EXPECT_NEAR(after[row], std::min(before[row], 0.5), 1e-6);
  for (const std::size_t row : {0, 2, 3}) EXPECT_EQ(after[row], before[row]);
}

TEST_F(Embedding, HaveBothGradients) {
  const Tensor at = ints(kPlaces, {2, 3});
  expect_second_gradients("embedding", [&](const auto& v) { return square(nn::embedding(at, v[0])); }, {kTable});
  for (const nn::EmbeddingOptions& o : {nn::EmbeddingOptions{}, {.padding_idx = 1}, {.padding_idx = -1}})
    for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max})
      expect_second_gradients(
          "embedding_bag",
          [&](const auto& v) { return square(nn::embedding_bag(at, v[0], {}, {.rows = o, .mode = mode})); }, {kTable});
  expect_second_gradients(
      "factors",
      [&](const auto& v) { return nn::embedding_bag(at, v[0], {}, {.mode = BagMode::sum, .factors = v[1]}); },
      {kTable, uniform({2, 3}, 0, 1, 5)});
}

TEST_F(Embedding, OfPaddingHaveNoGradientAndFrequentOnesLess) {
  const Tensor at = ints(kPlaces, {6});
  const auto gradient = [&](const nn::EmbeddingOptions& o) {
    const Tensor table = leaf(kTable);
    sum(nn::embedding(at, table, o)).backward();
    return values(select(table.grad(), 1, 0));
  };
  EXPECT_EQ(gradient({}), (std::vector<double>{1, 2, 1, 0, 2}));
  EXPECT_EQ(gradient({.padding_idx = 4}), (std::vector<double>{1, 2, 1, 0, 0}));
  EXPECT_EQ(gradient({.scale_grad_by_freq = true}), (std::vector<double>{1, 1, 1, 0, 1}));
}

TEST_F(Embedding, AddUpInBags) {
  for (const Device device : {kCpu, kCuda}) {
    const Tensor table = kTable.to(device), at = ints(kPlaces, {6}).to(device), offsets = ints({0, 2, 2}, {3});
    const auto row = [&](std::int64_t i) { return select(kTable, 0, i); };
    const auto bag = [&](BagMode mode, std::int64_t k) {
      return values(select(nn::embedding_bag(at, table, offsets.to(device), {.mode = mode}).to(kCpu), 0, k));
    };
    EXPECT_EQ(bag(BagMode::sum, 0), values(add(row(1), row(4))));
    EXPECT_EQ(bag(BagMode::mean, 0), values(div(add(row(1), row(4)), 2)));
    EXPECT_EQ(bag(BagMode::max, 0), values(maximum(row(1), row(4))));
    for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max})
      EXPECT_EQ(bag(mode, 1), (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(
        values(
            nn::embedding_bag(at, table, ints({0, 2, 2, 6}, {4}).to(device), {.include_last_offset = true}).to(kCpu)),
        values(nn::embedding_bag(at, table, offsets.to(device)).to(kCpu)));
    const BagOptions padded{.rows = {.padding_idx = 4}, .mode = BagMode::mean};
    EXPECT_EQ(values(select(nn::embedding_bag(at, table, offsets.to(device), padded).to(kCpu), 0, 0)), values(row(1)));
  }
}

TEST_F(Embedding, SayWhatIsWrong) {
  const Tensor at = ints(kPlaces, {6});
  EXPECT_EQ(message<IndexError>([&] { nn::embedding(ints({0, 5}, {2}), kTable); }),
            "embedding: indices are from 0 to 4; input holds from 0 to 5");
  EXPECT_EQ(message<IndexError>([&] { nn::embedding(ints({-1}, {1}), kTable); }),
            "embedding: indices are from 0 to 4; input holds from -1 to -1");
  EXPECT_EQ(message<ValueError>([&] { nn::embedding(at, kTable, {.padding_idx = 5}); }),
            "embedding: padding_idx must be within the 5 rows of weight; got 5");
  EXPECT_THROW(nn::embedding(kTable, kTable), DtypeError);
  EXPECT_THROW(nn::embedding(at, select(kTable, 0, 0)), ShapeError);
  EXPECT_THROW(nn::embedding_bag(at, kTable, {}), ShapeError);
  EXPECT_EQ(message<ValueError>([&] { nn::embedding_bag(at, kTable, ints({0, 3, 2}, {3})); }),
            "embedding_bag: offsets must not fall, nor be above the 6 indices; got 2 at 2");
  EXPECT_THROW(nn::embedding_bag(at, kTable, ints({1}, {1})), ValueError);
  EXPECT_THROW(nn::embedding_bag(at, kTable, ints({}, {0})), ValueError);
  EXPECT_THROW(nn::embedding_bag(at, kTable, ints({0}, {1}), {.mode = BagMode::max, .factors = ones({6})}), ValueError);
}

}  // namespace
}  // namespace tenon::test
