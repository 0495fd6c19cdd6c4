#include "helpers.h"

#include <cmath>
#include <limits>

namespace {

using namespace tenon;

constexpr std::uint64_t kBig = std::uint64_t{1} << 63;

TEST(Scalar, KnowsItsKind) {
  EXPECT_TRUE(Scalar(true).is_bool());
  EXPECT_EQ(Scalar(5).tag(), Scalar::Tag::integer);
  EXPECT_EQ(Scalar(5u).tag(), Scalar::Tag::integer);
  EXPECT_EQ(Scalar(kBig).tag(), Scalar::Tag::unsigned_integer);
  EXPECT_EQ(Scalar(kBig - 1).tag(), Scalar::Tag::integer);
  EXPECT_TRUE(Scalar(1.f).is_floating());
  EXPECT_TRUE(Scalar(complex128{1, 2}).is_complex());
  EXPECT_EQ(Scalar(true).default_dtype(), DType::bool_);
  EXPECT_EQ(Scalar(1).default_dtype(), DType::int64);
  EXPECT_EQ(Scalar(kBig).default_dtype(), DType::uint64);
  EXPECT_EQ(Scalar(1.5).default_dtype(), DType::float32);
  EXPECT_EQ(Scalar(complex128{}).default_dtype(), DType::complex64);
}

// NEP 50: a number of the same or a lower kind leaves the dtype alone; of a higher one it gives the default.
TEST(Scalar, PromotesWeakly) {
  const Scalar ladder[] = {true, 1, 1.5, complex128{0, 1}};
  auto rank = [](DType d) { return is_bool(d) ? 0 : is_integral(d) ? 1 : is_complex(d) ? 3 : 2; };
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    for (int k = 0; k < 4; ++k) {
      const DType p = ladder[k].promote_with(d);
      if (k <= rank(d)) EXPECT_EQ(p, d) << name(d) << k;
      else if (k == 3) EXPECT_EQ(p, complex_dtype(d)) << name(d);
      else EXPECT_EQ(p, ladder[k].default_dtype()) << name(d) << k;
    }
  }
  EXPECT_EQ(Scalar(complex128{}).promote_with(DType::float64), DType::complex128);
}

TEST(Scalar, FitsIfItsValueIsRepresentable) {
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (!is_integral(d)) {
      for (double v : {1e300, HUGE_VAL, double(NAN)}) EXPECT_TRUE(Scalar(v).fits(d)) << name(d) << v;
      EXPECT_EQ(Scalar::huge_integer(HUGE_VAL).fits(d), is_bool(d)) << name(d);
      EXPECT_TRUE(Scalar(kBig).fits(d)) << name(d);
      EXPECT_TRUE(Scalar(-1).fits(d)) << name(d);
      continue;
    }
    dispatch(d, [&]<class T>() {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        using L = std::numeric_limits<T>;
        EXPECT_TRUE(Scalar(L::max()).fits(d));
        EXPECT_TRUE(Scalar(L::min()).fits(d));
        if constexpr (sizeof(T) < 8) {
          EXPECT_FALSE(Scalar(std::int64_t{L::max()} + 1).fits(d)) << name(d);
          EXPECT_FALSE(Scalar(std::int64_t{L::min()} - 1).fits(d)) << name(d);
        }
      }
    });
    EXPECT_EQ(Scalar(-1).fits(d), kind(d) == Kind::signed_integer);
    EXPECT_EQ(Scalar(kBig).fits(d), d == DType::uint64);
    // Of a float the integer part counts.
    for (double v : {1e300, -1e300, HUGE_VAL, -HUGE_VAL, double(NAN)}) EXPECT_FALSE(Scalar(v).fits(d)) << name(d) << v;
    EXPECT_TRUE(Scalar(2.75).fits(d) && Scalar(-0.5).fits(d) && Scalar(127.9).fits(d)) << name(d);
    EXPECT_EQ(Scalar(-1.5).fits(d), kind(d) == Kind::signed_integer) << name(d);
    const int bits = 8 * static_cast<int>(itemsize(d)) - (kind(d) == Kind::signed_integer);
    EXPECT_FALSE(Scalar(std::ldexp(1., bits)).fits(d)) << name(d);
    EXPECT_TRUE(Scalar(std::nextafter(std::ldexp(1., bits), 0.)).fits(d)) << name(d);
    EXPECT_EQ(Scalar(-std::ldexp(1., bits)).fits(d), kind(d) == Kind::signed_integer) << name(d);
  }
}

TEST(Scalar, StoresAndLoadsEveryDtype) {
  const Scalar numbers[] = {true, 0, 1, 96, 2.0, complex128{3, 0}};
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    for (const Scalar& s : numbers) {
      alignas(16) unsigned char bytes[32];
      std::memset(bytes, 0xEE, sizeof bytes);
      s.store(d, bytes);
      for (std::size_t k = itemsize(d); k < sizeof bytes; ++k) ASSERT_EQ(bytes[k], 0xEE) << "wrote beyond " << name(d);
      const Scalar back = Scalar::load(d, bytes);
      const double expected = is_bool(d) ? s.to<bool>() : s.to<double>();
      EXPECT_EQ(back.to<double>(), expected) << name(d) << " " << s.str();
      EXPECT_EQ(back.is_complex(), is_complex(d));
      EXPECT_EQ(back.is_bool(), is_bool(d));
    }
  }
  std::uint64_t big = 0;
  Scalar(~std::uint64_t{0}).store(DType::uint64, &big);
  EXPECT_EQ(big, ~std::uint64_t{0});
  EXPECT_EQ(Scalar::load(DType::uint64, &big).str(), "18446744073709551615");
  complex128 z;
  Scalar(complex128{1, -2}).store(DType::complex128, &z);
  EXPECT_EQ(z, complex128(1, -2));
}

TEST(Scalar, ConvertsWithoutUndefinedBehaviour) {
  for (double v : {double(NAN), HUGE_VAL, -HUGE_VAL, 1e300, -1e300}) {
    (void)Scalar(v).to<std::int32_t>();
    (void)Scalar(v).to<std::uint64_t>();
  }
  EXPECT_EQ(Scalar(18446744073709549568.).to<std::uint64_t>(), 18446744073709549568u);
  EXPECT_EQ(Scalar(-1.5).to<int>(), -1);
  EXPECT_EQ(Scalar(NAN).to<bool>(), true);
  EXPECT_EQ(Scalar(kBig).to<double>(), 9223372036854775808.);
  EXPECT_EQ(float(Scalar(kBig).to<bfloat16>()), 9223372036854775808.f);
  EXPECT_EQ(Scalar(complex128{0, 2}).to<double>(), 0);
}

TEST(Scalar, KeepsItsKindOnlyInOneAsHigh) {
  for (DType d : {DType::bool_, DType::uint8, DType::int64}) {
    EXPECT_TRUE(Scalar(1).keeps_kind(d) && Scalar(true).keeps_kind(d)) << name(d);
    EXPECT_FALSE(Scalar(2.0).keeps_kind(d) || Scalar(complex128{1, 0}).keeps_kind(d)) << name(d);
  }
  for (DType d : {DType::float8_e5m2, DType::float64}) {
    EXPECT_TRUE(Scalar(1).keeps_kind(d) && Scalar(2.5).keeps_kind(d)) << name(d);
    EXPECT_FALSE(Scalar(complex128{1, 0}).keeps_kind(d)) << name(d);
  }
  EXPECT_TRUE(Scalar(2.5).keeps_kind(DType::complex64) && Scalar(complex128{1, 2}).keeps_kind(DType::complex64));
}

TEST(Scalar, TellsItself) {
  EXPECT_EQ(Scalar(false).str(), "False");
  EXPECT_EQ(Scalar(-3).str(), "-3");
  EXPECT_EQ(Scalar(0.1).str(), "0.10000000000000001");
  EXPECT_EQ(Scalar(complex128{1, -2}).str(), "(1-2j)");
}

TEST(Tensor, OfANumberHasItsDtype) {
  EXPECT_EQ(Tensor::of(3).dtype(), DType::int64);
  EXPECT_EQ(Tensor::of(3).ndim(), 0);
  EXPECT_EQ(Tensor::of(2.5, DType::bfloat16).item<double>(), 2.5);
  EXPECT_EQ(Tensor::of(kBig).item().str(), "9223372036854775808");
}

}  // namespace
