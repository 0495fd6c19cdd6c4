// The entry that finds the true elements of a mask.
#include "helpers.h"
#include "tenon/backend.h"

namespace tenon {
namespace {

std::vector<std::int64_t> positions(const std::vector<std::uint8_t>& mask, std::int64_t count) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count) + 1, -7);
  const TruePositionsCall c{reinterpret_cast<const bool*>(mask.data()), static_cast<std::int64_t>(mask.size()),
                            out.data(), count};
  EXPECT_EQ(backend(kCpu).true_positions({}, "test", c), Status::ok);
  EXPECT_EQ(out.back(), -7) << "written behind the output";
  out.pop_back();
  return out;
}

TEST(TruePositions, AreInOrder) {
  std::mt19937_64 random(4);
  for (const std::size_t n : {0, 1, 7, 8, 9, 65536, 65537, 300001})
    for (const unsigned percent : {0u, 1u, 50u, 100u}) {
      std::vector<std::uint8_t> mask(n);
      std::vector<std::int64_t> wanted;
      for (std::size_t i = 0; i < n; ++i) {
        mask[i] = random() % 100 < percent ? static_cast<std::uint8_t>(1 + i % 255) : 0;
        if (mask[i]) wanted.push_back(static_cast<std::int64_t>(i));
      }
      ASSERT_EQ(positions(mask, static_cast<std::int64_t>(wanted.size())), wanted) << n << " at " << percent;
    }
}

// Another thread may have written the mask since it was counted.
TEST(TruePositions, AreNoMoreThanThereIsRoomFor) {
  const std::vector<std::uint8_t> mask(200000, 1);
  for (const std::int64_t room : {0, 1, 100, 65536, 65537, 199999}) {
    const auto got = positions(mask, room);
    for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace tenon
