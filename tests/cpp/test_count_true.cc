// The entry that counts the true elements of a mask.
#include "helpers.h"
#include "tenon/backend.h"

namespace tenon {
namespace {

TEST(CountTrue, CountsEveryByteThatIsNotZero) {
  std::mt19937_64 random(3);
  for (const std::int64_t n : {0, 1, 7, 8, 9, 2047, 2048, 65536, 65537, 300001}) {
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(n) + 1);  // not aligned to words
    std::int64_t wanted = 0, got = -1;
    for (std::int64_t i = 1; i <= n; ++i) {
      const auto byte = static_cast<std::uint8_t>(random() % 3 ? random() : 0);
      mask[static_cast<std::size_t>(i)] = byte;
      wanted += byte != 0;
    }
    const CountTrueCall c{reinterpret_cast<const bool*>(mask.data() + 1), n, &got};
    ASSERT_EQ(backend(kCpu).count_true({}, "test", c), Status::ok);
    EXPECT_EQ(got, wanted) << n;
  }
}

TEST(CountTrue, CountsFullMasks) {
  for (const std::int64_t n : {255 * 8, 255 * 8 + 1, 200000}) {  // the counters of the words are full
    const std::vector<std::uint8_t> mask(static_cast<std::size_t>(n), 0xff);
    std::int64_t got = -1;
    const CountTrueCall c{reinterpret_cast<const bool*>(mask.data()), n, &got};
    ASSERT_EQ(backend(kCpu).count_true({}, "test", c), Status::ok);
    EXPECT_EQ(got, n);
  }
}

}  // namespace
}  // namespace tenon
