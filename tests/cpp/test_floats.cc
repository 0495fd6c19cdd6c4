// Conversions are checked against a slow rounding in exact arithmetic, for every bit pattern of every format.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "tenon/complex.h"
#include "tenon/floats.h"

namespace {

using namespace tenon;

template <class F> using limits = std::numeric_limits<F>;
constexpr double infinity = limits<double>::infinity();

template <class F> constexpr int patterns = 1 << (8 * sizeof(F));
template <class F> F pattern(int i) { return F::from_bits(decltype(F::bits)(i)); }

// The definition: sign, exponent, mantissa, by the book.
template <class F> double value(int i) {
  const int magnitude = i & int(F::sign_bit - 1), m = F::mantissa_bits, e = magnitude >> m,
            f = magnitude & ((1 << m) - 1);
  const double sign = i & int(F::sign_bit) ? -1 : 1;
  if (magnitude >= int(F::special))
    return limits<F>::has_infinity && magnitude == int(F::special) ? sign * infinity : NAN;
  return sign * (e ? std::ldexp((1 << m) + f, e - F::bias - m) : std::ldexp(f, 1 - F::bias - m));
}

template <class F> class Float : public testing::Test {};
using Formats = testing::Types<half, bfloat16, float8_e5m2, float8_e4m3fn>;
TYPED_TEST_SUITE(Float, Formats);

TYPED_TEST(Float, EveryPatternHasItsValueAndComesBack) {
  using F = TypeParam;
  for (int i = 0; i < patterns<F>; i++) {
    const F x = pattern<F>(i);
    if (std::isnan(value<F>(i))) {
      EXPECT_TRUE(std::isnan(float(x))) << i;
      EXPECT_TRUE(std::isnan(float(F(float(x))))) << i;
      EXPECT_TRUE(std::isnan(float(F(double(x))))) << i;
      EXPECT_EQ(std::signbit(float(F(float(x)))), std::signbit(float(x)));
    } else {
      ASSERT_EQ(double(x), value<F>(i)) << i;
      ASSERT_EQ(F(float(x)).bits, x.bits) << i;
      ASSERT_EQ(F(double(x)).bits, x.bits) << i;
    }
  }
}

TYPED_TEST(Float, RoundsToNearestEvenFromFloatAndDouble) {
  using F = TypeParam;
  for (int i = 0; i < int(F::special); i++) {
    const double low = value<F>(i);
    // Beyond the largest number, ties are decided as if the next one existed.
    const double step = i ? std::ldexp(1, std::max(std::ilogb(low), 1 - F::bias) - F::mantissa_bits) : value<F>(1);
    const double tie = low + step / 2;
    const auto down = pattern<F>(i).bits, up = pattern<F>(i + 1).bits, even = i % 2 ? up : down;
    ASSERT_EQ(F(tie).bits, even) << i;
    ASSERT_EQ(F(std::nextafter(tie, 0)).bits, down) << i;
    ASSERT_EQ(F(std::nextafter(tie, infinity)).bits, up) << i;
    ASSERT_EQ(F(-std::nextafter(tie, infinity)).bits, up | F::sign_bit) << i;
    if (double(float(tie)) != tie) continue;
    ASSERT_EQ(F(float(tie)).bits, even) << i;
    ASSERT_EQ(F(std::nextafter(float(tie), 0.f)).bits, down) << i;
    ASSERT_EQ(F(-std::nextafter(float(tie), HUGE_VALF)).bits, up | F::sign_bit) << i;
  }
}

TYPED_TEST(Float, OverflowAndUnderflow) {
  using F = TypeParam;
  for (double x : {1e39, 1e300, infinity}) {
    EXPECT_EQ(F(x).bits, F::special);
    EXPECT_EQ(F(-x).bits, F::special | F::sign_bit);
  }
  EXPECT_EQ(F(HUGE_VALF).bits, F::special);
  for (double x : {0., 1e-60, 5e-324}) {
    EXPECT_EQ(F(x).bits, 0);
    EXPECT_EQ(F(-x).bits, F::sign_bit);
  }
  EXPECT_EQ(F(-0.f).bits, F::sign_bit);
}

TYPED_TEST(Float, Limits) {
  using F = TypeParam;
  EXPECT_EQ(float(limits<F>::max()), value<F>(F::special - 1));
  EXPECT_EQ(float(limits<F>::lowest()), -float(limits<F>::max()));
  EXPECT_EQ(float(limits<F>::min()), std::ldexp(1, limits<F>::min_exponent - 1));
  EXPECT_EQ(std::ilogb(float(limits<F>::max())), limits<F>::max_exponent - 1);
  EXPECT_EQ(float(limits<F>::epsilon()), std::ldexp(1, -F::mantissa_bits));
  EXPECT_EQ(float(limits<F>::round_error()), 0.5f);
  EXPECT_EQ(float(limits<F>::denorm_min()), value<F>(1));
  EXPECT_TRUE(std::isnan(float(limits<F>::quiet_NaN())));
  EXPECT_EQ(std::isinf(float(limits<F>::infinity())), limits<F>::has_infinity);
}

TYPED_TEST(Float, BehavesAsANumber) {
  using F = TypeParam;
  static_assert(std::is_trivially_copyable_v<F> && std::is_standard_layout_v<F> && std::is_trivial_v<F>);
  EXPECT_TRUE(F(1) < F(2.5f) && F(2) == F(2.) && F(2) == 2 && F(0.f) == F(-0.f) && 1.5 > F(1));
  EXPECT_FALSE(limits<F>::quiet_NaN() == limits<F>::quiet_NaN());
  EXPECT_EQ(F(1) + F(2), 3.f);
  EXPECT_EQ(float(F(true)), 1.f);
}

TEST(Half, IsNotRoundedTwice) {
  // Just above a tie between two halves, by less than a float can tell.
  EXPECT_EQ(float(half(1 + 0x1p-11 + 0x1p-40)), 1 + 0x1p-10f);
  EXPECT_EQ(float(half(1 + 0x1p-11)), 1.f);
  EXPECT_EQ(float(half(0x1p-25 + 0x1p-70)), 0x1p-24f);
  EXPECT_EQ(float(bfloat16(1 + 0x1p-8 + 0x1p-40)), 1 + 0x1p-7f);
  EXPECT_EQ(float(half(65519.999999)), 65504.f);
  EXPECT_EQ(float(half(65520.)), HUGE_VALF);
  EXPECT_EQ(float(float8_e4m3fn(464.f)), 448.f);
  EXPECT_TRUE(std::isnan(float(float8_e4m3fn(464.00001))));
}

TEST(Half, LoopsAgreeWithScalars) {  // the vectorised loops are other machine code than the single conversions
  std::vector<half> x(patterns<half>), back(x.size());
  std::vector<float> y(x.size());
  for (int i = 0; i < patterns<half>; i++) x[i] = pattern<half>(i);
  for (size_t i = 0; i < x.size(); i++) y[i] = x[i];
  for (size_t i = 0; i < x.size(); i++) back[i] = half(y[i]);
  for (int i = 0; i < patterns<half>; i++) {
    const bool signalling = std::isnan(y[i]) && !(i & 0x200);
    ASSERT_EQ(back[i].bits, signalling ? i | 0x200 : i);
  }
}

TEST(Complex, ConvertsToAndFromStd) {
  static_assert(sizeof(complex64) == 8 && alignof(complex128) == alignof(double));
  static_assert(std::is_trivial_v<complex64> && std::is_standard_layout_v<complex64>);
  const std::complex<float> z(1, 2);
  complex64 w = z;
  const std::complex<float> back = w;
  EXPECT_EQ(back, z);
  const complex128 wide = w;
  EXPECT_EQ(std::complex<double>(wide), std::complex<double>(1, 2));
  EXPECT_EQ(complex64(wide), w);
  EXPECT_EQ(w * 2, complex64(2, 4));
  EXPECT_EQ(2 * w, complex64(2, 4));
  w += 1;
  EXPECT_EQ(w, complex64(2, 2));
}

TEST(Complex, Arithmetic) {
  const complex128 a(1, 2), b(3, -4);
  EXPECT_EQ(a + b, complex128(4, -2));
  EXPECT_EQ(a - b, complex128(-2, 6));
  EXPECT_EQ(a * b, complex128(11, 2));
  EXPECT_EQ(a * b / b, a);
  EXPECT_EQ(-a, complex128(-1, -2));
  EXPECT_EQ(conj(a), complex128(1, -2));
  EXPECT_EQ(abs(b), 5);
  EXPECT_EQ(norm(b), 25);
  EXPECT_EQ(arg(complex128(-1, -0.)), -M_PI);
  EXPECT_EQ(abs(complex64(3e38f, 0)), 3e38f);
  EXPECT_EQ(abs(complex64(NAN, HUGE_VALF)), HUGE_VALF);
}

TEST(Complex, DivisionNeitherOverflowsNorMendsInfinities) {
  EXPECT_EQ(complex128(1e300, 1e300) / complex128(1e300, 1e300), complex128(1, 0));
  EXPECT_EQ(complex128(1, 0) / complex128(0, 0x1p-1000), complex128(0, -0x1p1000));
  const auto by_zero = complex128(1, -1) / complex128(0, 0);  // NumPy: inf-infj
  EXPECT_EQ(by_zero, complex128(infinity, -infinity));
  const auto zero_by_zero = complex128(0, 0) / complex128(0, 0);
  EXPECT_TRUE(std::isnan(zero_by_zero.re) && std::isnan(zero_by_zero.im));
  EXPECT_EQ((complex128(infinity, 1) / complex128(0, 0)).im, infinity);
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 10000; i++) {
    const complex128 a(normal(random), normal(random)), b(normal(random), normal(random));
    EXPECT_LT(abs(a / b * b - a), 1e-14 * (1 + abs(a)));
  }
}

}  // namespace
