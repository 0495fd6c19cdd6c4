// Values and branch cuts as NumPy's.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "backends/scalar/complex_math.h"

namespace {

namespace scalar = tenon::scalar;
using tenon::complex128, tenon::complex64;
using Wide = std::complex<long double>;
constexpr double pi = 3.14159265358979323846;

void expect_near(complex128 got, complex128 wanted, double tolerance = 1e-15) {
  EXPECT_NEAR(got.re, wanted.re, tolerance * (1 + std::abs(wanted.re)));
  EXPECT_NEAR(got.im, wanted.im, tolerance * (1 + std::abs(wanted.im)));
}

TEST(ComplexMath, AgreesWithLongDouble) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 2000; i++) {
    const complex128 z(normal(random), normal(random));
    const Wide w(z.re, z.im);
    const auto check = [](complex128 got, Wide wanted) {
      expect_near(got, {double(wanted.real()), double(wanted.imag())}, 1e-13);
    };
    check(scalar::exp(z), std::exp(w));
    check(scalar::log(z), std::log(w));
    check(scalar::log2(z), std::log(w) / std::log(2.L));
    check(scalar::log10(z), std::log10(w));
    check(scalar::log1p(z), std::log(1.L + w));
    check(scalar::expm1(z), std::exp(w) - 1.L);
    check(scalar::sqrt(z), std::sqrt(w));
    check(scalar::pow(z, complex128(0.5, 1)), std::pow(w, Wide(0.5, 1)));
    check(scalar::pow(z, complex128(-3)), 1.L / (w * w * w));
    check(scalar::reciprocal(z), 1.L / w);
    check(scalar::sign(z), w / std::abs(w));
    check(scalar::tan(z), std::tan(w));
    check(scalar::asin(z), std::asin(w));
    check(scalar::acosh(z), std::acosh(w));
    check(scalar::atanh(z), std::atanh(w));
  }
}

TEST(ComplexMath, KeepsSmallArguments) {
  expect_near(complex128(scalar::log1p(complex128(1e-20, 1e-20)).re * 1e20), 1);
  expect_near(complex128(scalar::expm1(complex128(1e-20, 1e-20)).re * 1e20), 1);
}

TEST(ComplexMath, Expm1OfInfinitiesIsC99sExpMinusOne) {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto bits = [](double re, double im) {
    const complex128 z = scalar::expm1(complex128(re, im));
    return testing::PrintToString(std::abs(z.re)) + " " + testing::PrintToString(std::abs(z.im));
  };
  EXPECT_EQ(bits(inf, 0), "inf 0");
  EXPECT_EQ(bits(1000, 0), "inf 0");
  EXPECT_EQ(bits(-inf, inf), "1 0");
  EXPECT_EQ(bits(-inf, nan), "1 0");
  EXPECT_EQ(bits(inf, nan), "inf nan");
  EXPECT_EQ(bits(0, inf), "nan nan");
}

TEST(ComplexMath, BranchCuts) {
  expect_near(scalar::sqrt(complex128(-4, 0.0)), {0, 2});
  expect_near(scalar::sqrt(complex128(-4, -0.0)), {0, -2});
  expect_near(scalar::log(complex128(-1, 0.0)), {0, pi});
  expect_near(scalar::log(complex128(-1, -0.0)), {0, -pi});
  expect_near(scalar::asin(complex128(2, 0.0)), {pi / 2, 1.3169578969248166});
  expect_near(scalar::asin(complex128(2, -0.0)), {pi / 2, -1.3169578969248166});
  expect_near(scalar::atanh(complex128(2, 0.0)), {0.5493061443340549, pi / 2});
}

TEST(ComplexMath, Powers) {
  EXPECT_EQ(scalar::pow(complex64(0, 1), complex64(2)), complex64(-1, 0));
  EXPECT_EQ(scalar::pow(complex64(0, 0), complex64(0)), complex64(1));
  EXPECT_EQ(scalar::pow(complex64(0, 0), complex64(2, 1)), complex64(0));
  EXPECT_TRUE(std::isnan(scalar::pow(complex64(0, 0), complex64(-1)).re));
  EXPECT_EQ(scalar::sign(complex64(0, 0)), complex64(0));
}

}  // namespace
