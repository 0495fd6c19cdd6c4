// Convolutions of 3 x 3 taps that are formed in tiles: against float64, whose products are formed plainly.
#include <cmath>
#include <limits>

#include "gradients.h"
#include "tenon/autograd.h"
#include "tenon/nn.h"
#include "tenon/threads.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

struct Case {
  Dims x, w;
  std::int64_t padding = 1, groups = 1;
};

// Odd sizes, one row or column, padding of none and of more than a kernel needs, rows of channels that fill no panel.
const Case kCases[] = {
    {{8, 64, 7, 7}, {64, 64, 3, 3}},      {{2, 64, 8, 8}, {70, 64, 3, 3}},         {{1, 65, 9, 13}, {64, 65, 3, 3}, 0},
    {{3, 64, 2, 40}, {64, 64, 3, 3}},     {{1, 64, 70, 3}, {65, 64, 3, 3}},        {{2, 64, 6, 5}, {64, 64, 3, 3}, 2},
    {{1, 64, 4, 150}, {64, 64, 3, 3}, 3}, {{2, 128, 7, 9}, {130, 64, 3, 3}, 1, 2}, {{5, 130, 11, 11}, {66, 130, 3, 3}},
    {{1, 64, 1, 80}, {64, 64, 3, 3}},     {{40, 64, 3, 3}, {64, 64, 3, 3}, 0},     {{2, 64, 33, 31}, {64, 64, 3, 3}},
    {{1, 64, 5, 700}, {64, 64, 3, 3}},
};

Tensor draw(const Dims& shape, std::uint64_t seed) { return uniform(shape, -1, 1, seed, DType::float32); }
Tensor wide(const Tensor& t) { return t.detach().to(DType::float64); }

// The bound of winograd.cc, for factors below 1; and far less on the average.
void expect_close(const Tensor& got, const Tensor& want, std::int64_t channels, const std::string& what) {
  const List g = values(got), w = values(want);
  ASSERT_EQ(g.size(), w.size());
  const double n = static_cast<double>(channels), bound = (n + 10) * std::ldexp(1, -24) * 64 * n;
  double worst = 0, squares = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    worst = std::max(worst, std::abs(g[i] - w[i]));
    squares += (g[i] - w[i]) * (g[i] - w[i]);
  }
  EXPECT_LE(worst, bound) << what;
  EXPECT_LE(std::sqrt(squares / static_cast<double>(g.size())), 2e-7 * std::sqrt(9 * n)) << what;
}

TEST(Winograd, IsNearThePlainSums) {
  for (const Case& c : kCases) {
    const Tensor x = leaf(draw(c.x, 1)), w = draw(c.w, 2), bias = draw({c.w[0]}, 3);
    const nn::ConvolutionOptions o{.padding = {c.padding}, .groups = c.groups};
    const Tensor y = nn::convolution(2, x, w, bias, o), g = draw(y.shape(), 4);
    y.backward(g);
    const Tensor x64 = leaf(wide(x)), y64 = nn::convolution(2, x64, wide(w), wide(bias), o);
    y64.backward(wide(g));
    expect_close(y.detach(), y64.detach(), c.w[1], "output of " + c.x.str());
    expect_close(x.grad(), x64.grad(), c.w[0] / c.groups, "gradient of " + c.x.str());
  }
}

// Few channels of output are summed plainly: what is compared above is another way.
TEST(Winograd, IsTakenFrom64ChannelsOn) {
  const Tensor x = draw({2, 64, 16, 16}, 1), w = draw({64, 64, 3, 3}, 2);
  const auto of = [&](std::int64_t from, std::int64_t to) {
    return nn::convolution(2, x, slice(w, 0, from, to), {}, {.padding = {1}});
  };
  const Tensor halves[] = {of(0, 32), of(32, 64)}, whole = of(0, 64), plain = cat(halves, 1);
  EXPECT_NE(values(whole), values(plain));
  EXPECT_TRUE(allclose(whole, plain, 1e-4, 1e-4));
}

// In a tile an infinity meets its negative: results that are not finite are those of the plain sums.
TEST(Winograd, KeepsInfinities) {
  for (const float odd : {INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN(), 3e38f}) {
    Tensor x = draw({1, 64, 9, 9}, 1);
    const Tensor w = draw({64, 64, 3, 3}, 2);
    x.data<float>()[40] = odd;
    const List got = values(nn::convolution(2, x, w, {}, {.padding = {1}}));
    const Tensor halves[] = {nn::convolution(2, x, slice(w, 0, 0, 32), {}, {.padding = {1}}),
                             nn::convolution(2, x, slice(w, 0, 32, 64), {}, {.padding = {1}})};
    const List want = values(cat(halves, 1));
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (std::isnan(want[i])) EXPECT_TRUE(std::isnan(got[i])) << i;
      else if (std::isinf(want[i])) EXPECT_EQ(got[i], want[i]) << i;
      else EXPECT_TRUE(std::isfinite(got[i])) << i;
    }
  }
}

TEST(Winograd, HasTheSameBitsForAnyNumberOfThreads) {
  const int before = num_threads();
  for (const Case& c : {Case{{9, 64, 20, 20}, {64, 64, 3, 3}}, Case{{1, 128, 9, 9}, {160, 64, 3, 3}, 1, 2}}) {
    const Tensor x = draw(c.x, 1), w = draw(c.w, 2);
    const auto all = [&](int threads) {
      set_num_threads(threads);
      return values(nn::convolution(2, x, w, {}, {.padding = {1}, .groups = c.groups}));
    };
    const List alone = all(1);
    EXPECT_EQ(all(2), alone) << c.x.str();
    EXPECT_EQ(all(5), alone) << c.x.str();
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace tenon::test
