// softmax and log_softmax, against loops in long double.
#include "lines.h"

namespace {

using namespace tenon;
using namespace tenon::testing;

using Softmax = Lines;

TEST_P(Softmax, AndItsLogarithm) {
  each([&](const Tensor& t, int d) {
    for (bool log : {false, true}) {
      const Tensor y = with_threads([&] { return log ? log_softmax(t, d) : softmax(t, d); });
      compare_lines(t, y, d, [&](const auto& in, const auto& out) {
        const long double highest = *std::max_element(in.begin(), in.end());
        long double s = 0;
        for (auto x : in) s += std::exp(x - highest);
        for (std::size_t i = 0; i < in.size(); ++i) {
          const long double expected = log ? in[i] - highest - std::log(s) : std::exp(in[i] - highest) / s;
          // Below 6e-5, float16 has fewer digits.
          ASSERT_NEAR(out[i], expected,
                      3 * tolerance(GetParam()) * (std::fabs(expected) + (log ? 1 : 0)) +
                          (GetParam() == DType::float16 ? 6e-8 : 0))
              << i;
        }
      });
    }
  });
}

INSTANTIATE_TEST_SUITE_P(DTypes, Softmax,
                         ::testing::Values(DType::float16, DType::bfloat16, DType::float32, DType::float64),
                         [](const auto& info) { return std::string(tenon::info(info.param).name); });

TEST(SoftmaxValues, OfExtremes) {
  Tensor t = zeros({2, 40}, DType::float32);
  t.data<float>()[3] = -INFINITY;
  t.data<float>()[45] = 1e30F;
  t.data<float>()[5] = 500;
  const Tensor y = softmax(t, 1);
  EXPECT_EQ(y.data<float>()[3], 0);
  EXPECT_EQ(y.data<float>()[5], 1);
  EXPECT_EQ(y.data<float>()[45], 1);
  EXPECT_EQ(log_softmax(t, 1).data<float>()[3], -INFINITY);
  EXPECT_EQ(softmax(full({}, 3, DType::float32), 0).item<double>(), 1);
}

}  // namespace
