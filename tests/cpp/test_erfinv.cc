// erfinv against values of mpmath, at the ends and where its polynomials meet; test_math.cc bounds its error.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backends/scalar/math.h"
#include "helpers.h"

namespace {

using namespace tenon;

struct Value {
  double x, wanted;
};
constexpr Value kValues[] = {
    {0x1p-1074, 0x1p-1074},  // 0.886 of the smallest number
    {0x1p-1022, 1.9719203645301421925e-308},
    {0x1p-149, 1.2418684296802539432e-45},
    {0x1p-30, 8.2536314190622234144e-10},
    {0.03125, 0.027701675719584332137},
    {0.25, 0.22531205501217810473},
    {0.4375, 0.40950827913413152004},
    {0.5, 0.47693627620446987338},
    {0.5 + 0x1p-20, 0.47693733724857349246},
    {0.96875, 1.523019401996956111},
    {0.9921875, 1.8809517454731394206},
    {1 - 0x1p-10, 2.3314677736219476723},
    {1 - 0x1p-24, 3.8325068569007109095},
    {1 - 0x1p-53, 5.8635847487551679272},
};

template <class T>
double units(T got, double wanted) {
  const int lowest = std::numeric_limits<T>::min_exponent - 1, digits = std::numeric_limits<T>::digits - 1;
  return std::abs(static_cast<double>(got) - wanted) / std::scalbn(1.0, std::max(std::ilogb(wanted), lowest) - digits);
}

TEST(Erfinv, AgreesWithTheReference) {
  for (const Value& v : kValues) {
    EXPECT_LE(units(scalar::erfinv(v.x), v.wanted), 2) << v.x;
    EXPECT_EQ(scalar::erfinv(-v.x), -scalar::erfinv(v.x)) << v.x;
    const auto x = static_cast<float>(v.x);
    if (static_cast<double>(x) != v.x) continue;
    EXPECT_LE(units(scalar::erfinv(x), v.wanted), 1.25) << v.x;
    EXPECT_EQ(scalar::erfinv(-x), -scalar::erfinv(x)) << v.x;
  }
}

// Between neighbours it rises, also where one polynomial (w = 5) or one residual (1/2) follows upon another.
template <class T>
void expect_rising(T middle) {
  T x = middle;
  for (int i = 0; i < 1000; ++i) x = std::nextafter(x, T(0));
  for (int i = 0; i < 2000; ++i) {
    const T next = std::nextafter(x, T(1));
    ASSERT_LE(scalar::erfinv(x), scalar::erfinv(next) * (1 + 4 * std::numeric_limits<T>::epsilon())) << x;
    x = next;
  }
}
TEST(Erfinv, Rises) {
  const double border = std::sqrt(-std::expm1(-5.));
  expect_rising(border);
  expect_rising(0.5);
  expect_rising(static_cast<float>(border));
  expect_rising(0.5f);
}

TEST(Erfinv, IsTheInverseOfErf) {
  for (double y = -3; y <= 3; y += 0x1p-6) {
    // An error of half a unit in erf(y), times the derivative of its inverse.
    const double bound = 2e-16 * (1 + 1 / (1.1283791670955126 * std::exp(-y * y)));
    EXPECT_NEAR(scalar::erfinv(std::erf(y)), y, bound) << y;
  }
}

TEST(Erfinv, Operation) {
  const std::vector<double> x = {-1, -0.5, 0, 0.25, 0.96875, 1};
  const auto got = test::values(erfinv(test::doubles(x)));
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(got[i], scalar::erfinv(x[i]));
  for (DType d : {DType::float16, DType::bfloat16, DType::float32}) {
    EXPECT_EQ(erfinv(to(test::doubles(x), d)).dtype(), d);
    EXPECT_EQ(test::values(erfinv(to(test::doubles(x), d))), test::values(to(erfinv(test::doubles(x)), d))) << name(d);
  }
  EXPECT_THROW(erfinv(zeros({2}, DType::complex64)), DtypeError);
}

}  // namespace
