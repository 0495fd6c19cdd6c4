// Cumulative sums and products, against loops in long double.
#include "lines.h"

namespace {

using namespace tenon;
using namespace tenon::testing;

using Scans = Lines;

TEST_P(Scans, Sum) {
  each([&](const Tensor& t, int d) {
    const Tensor y = with_threads([&] { return cumsum(t, d); });
    compare_lines(t, y, d, [&](const auto& in, const auto& out) {
      long double s = 0, size = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        s += in[i], size += std::fabs(in[i]);
        const bool wraps = y.dtype() == DType::uint64 && s < 0;
        if (!wraps && std::fabs(s) < 65504) {
          ASSERT_NEAR(out[i], s, tolerance(y.dtype()) * std::fabs(s) + 1e-16L * size) << i;
        }
      }
    });
  });
}

TEST_P(Scans, Prod) {
  each([&](const Tensor& x, int d) {
    // Values near one: their products stay in range.
    const bool floating = is_floating(GetParam());
    const Tensor t = floating ? add(mul(x, Scalar(0.001)), Scalar(1)) : x;
    const Tensor y = with_threads([&] { return cumprod(t, d); });
    compare_lines(t, y, d, [&](const auto& in, const auto& out) {
      long double p = 1;
      for (std::size_t i = 0; i < in.size(); ++i) {
        p *= in[i];
        if (std::fabs(p) > 60000 || std::fabs(p) < 1e-4L) break;
        ASSERT_NEAR(out[i], p, (tolerance(y.dtype()) + 1e-16L * i) * std::fabs(p)) << i;
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(DTypes, Scans, ::testing::ValuesIn(kReal),
                         [](const auto& info) { return std::string(tenon::info(info.param).name); });

TEST(ScanValues, Complex) {
  Random r(5);
  const Tensor t = random_view(r, {40, 50}, DType::complex64);
  for (int d : {0, 1}) {
    const Tensor y = with_threads([&] { return cumsum(t, d); });
    EXPECT_TRUE(same_bits(real(y).clone(), cumsum(real(t), d)));
    EXPECT_TRUE(same_bits(imag(y).clone(), cumsum(imag(t), d)));
  }
  EXPECT_EQ(cumprod(full({4}, complex128(0, 1), DType::complex128), 0).data<complex128>()[2], complex128(0, -1));
}

TEST(ScanValues, SumsOfNonNegativeNumbersDoNotFall) {
  Random r(9);
  Tensor t = empty({500'000}, DType::float32);
  for (std::int64_t i = 0; i < t.numel(); ++i)
    t.data<float>()[i] = below(r, 3) ? static_cast<float>(below(r, 1 << 20)) * 1e-6F : 0;
  const Tensor y = cumsum(t, 0);
  for (std::int64_t i = 1; i < t.numel(); ++i) ASSERT_GE(y.data<float>()[i], y.data<float>()[i - 1]) << i;
}

TEST(ScanValues, SpecialValues) {
  Tensor t = ones({100}, DType::float32);
  t.data<float>()[70] = INFINITY;
  t.data<float>()[90] = -INFINITY;
  const Tensor y = cumsum(t, 0);
  EXPECT_EQ(y.data<float>()[69], 70);
  EXPECT_EQ(y.data<float>()[89], INFINITY);
  EXPECT_TRUE(std::isnan(y.data<float>()[90]));
  // A product that has become zero stays zero, however large its later factors are.
  Tensor p = full({200'000}, 0.5, DType::float64);
  fill_(*std::make_unique<Tensor>(slice(p, 0, 100'000, {})), 4);
  EXPECT_EQ(cumprod(p, 0).data<double>()[199'999], 0);
  EXPECT_EQ(cumsum(zeros({0, 3}, DType::float32), 0).shape(), (Dims{0, 3}));
}

}  // namespace
