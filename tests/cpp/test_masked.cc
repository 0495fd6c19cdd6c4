// Masks: counting, finding, reading and writing where they are true.
#include "naive_index.h"

namespace tenon {
namespace {

using namespace testing;

TEST(Masked, GetsAndPutsWhereTheMaskIsTrue) {
  std::mt19937_64 random(9);
  for (std::int64_t n : {0, 1, 7, 8, 9, 1000, 65536, 65537, 300001}) {
    for (int percent : {0, 1, 50, 99, 100}) {
      SCOPED_TRACE(std::to_string(n) + " at " + std::to_string(percent));
      Tensor mask = empty({n}, DType::bool_), t = empty({n}, DType::int32);
      auto* m = mask.data<std::uint8_t>();
      std::vector<double> chosen, where_;
      for (std::int64_t i = 0; i < n; ++i) {
        // Bytes that are neither 0 nor 1 are true as well.
        m[i] = static_cast<int>(random() % 100) < percent ? static_cast<std::uint8_t>(i % 7 ? 1 : 0x80 + i % 3) : 0;
        t.data<std::int32_t>()[i] = static_cast<std::int32_t>(3 * i);
        if (m[i]) chosen.push_back(3.0 * static_cast<double>(i)), where_.push_back(static_cast<double>(i));
      }
      const Index at[] = {mask};
      ASSERT_EQ(values(index(t, at)), chosen);
      ASSERT_EQ(values(nonzero(mask)), where_);
      Tensor u = full({n}, -1, DType::int32);
      index_put_(u, at, index(t, at));
      for (std::int64_t i = 0; i < n; ++i) ASSERT_EQ(u.data<std::int32_t>()[i], m[i] ? 3 * i : -1);
    }
  }
  const Tensor t = ints({2, 3}, {0, 5, 0, 7, 0, 9});
  EXPECT_EQ(values(nonzero(t)), (std::vector<double>{0, 1, 1, 0, 1, 2}));
  EXPECT_EQ(nonzero(T(t)).shape(), (Dims{3, 2}));
  EXPECT_EQ(values(nonzero(T(t))), (std::vector<double>{0, 1, 1, 0, 2, 1}));
  EXPECT_EQ(nonzero(Tensor::of(3)).shape(), (Dims{1, 0}));
  EXPECT_EQ(values(masked_select(t, bools({3}, {1, 0, 1}))), (std::vector<double>{0, 0, 7, 9}));
  EXPECT_EQ(values(masked_fill(t, bools({3}, {1, 0, 1}), -1)), (std::vector<double>{-1, 5, -1, -1, 0, -1}));
  EXPECT_EQ(masked_fill(t, bools({3}, {1, 0, 1}), -1).dtype(), DType::int64);
  expect_error<DtypeError>([&] { masked_fill(t, bools({3}, {1, 0, 1}), 0.5); }, "float32");
}

TEST(Masked, OfSizeZeroSelectsNothing) {
  const Tensor t = counting({3, 2});
  EXPECT_EQ(index(t, Indices{bools({0}, {})}).shape(), Dims({0, 2}));
  EXPECT_EQ(index(t, Indices{bools({3, 0}, {})}).shape(), Dims({0}));
  EXPECT_EQ(index(t, Indices{bools({0, 0}, {})}).shape(), Dims({0}));
}

}  // namespace
}  // namespace tenon
