// Cumulative sums and products, and softmax, against loops in long double.
#include "reduce_reference.h"

namespace {

using namespace tenon;
using namespace tenon::testing;

const DType kReal[] = {DType::bool_,    DType::int8,    DType::int16,  DType::int32,  DType::int64,
                       DType::uint8,    DType::uint16,  DType::uint32, DType::uint64, DType::float16,
                       DType::bfloat16, DType::float32, DType::float64};

double tolerance(DType d) {
  return d == DType::float16 ? 1e-3 : d == DType::bfloat16 ? 8e-3 : d == DType::float32 ? 2e-7 : 1e-13;
}

// f(lines of x, lines of y, element): both moved so that dimension d is the last one.
template <class F>
void compare_lines(const Tensor& x, const Tensor& y, int d, F&& f) {
  ASSERT_EQ(x.shape(), y.shape());
  const auto a = elements(movedim(x, {d}, {-1})), b = elements(movedim(y, {d}, {-1}));
  const std::int64_t n = x.shape()[d];
  for (std::int64_t at = 0; at < x.numel(); at += n) {
    std::vector<long double> in, out;
    for (std::int64_t i = at; i < at + n; ++i) {
      in.push_back(a[static_cast<std::size_t>(i)].to<double>());
      out.push_back(b[static_cast<std::size_t>(i)].to<double>());
    }
    f(in, out);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

class Scans : public ::testing::TestWithParam<DType> {
 protected:
  template <class F>
  void each(F&& f) {
    Random r(3 + static_cast<unsigned>(GetParam()));
    for (int k = 0; k < 40; ++k) {
      Dims shape = random_shape(r, 40);
      if (shape.empty()) shape = {below(r, 5000)};
      const Tensor t = random_view(r, shape, GetParam());
      const int d = static_cast<int>(below(r, t.ndim()));
      SCOPED_TRACE(t.shape().str() + " strides " + t.strides().str() + " axis " + std::to_string(d));
      f(t, d);
    }
    for (const Dims& shape : {Dims{270'000}, Dims{3, 30'000}, Dims{300, 200}}) f(random_view(r, shape, GetParam()), 0);
    f(random_view(r, {2, 140'000}, GetParam()), 1);
  }
};

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

TEST_P(Scans, Softmax) {
  if (!is_floating(GetParam())) return;
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

TEST(ScanValues, SoftmaxOfExtremes) {
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
