// Comparisons of numbers that have no common dtype, against long double, which holds the values of all of them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "backends/scalar/elementwise.h"
#include "backends/scalar/mixed.h"

namespace tenon {
namespace {

static_assert(std::numeric_limits<long double>::digits >= 64);

// Numbers around every power of two, where float64 rounds integers and where the two halves meet.
template <class T>
std::vector<T> around_powers() {
  std::vector<T> found{0, 1, std::numeric_limits<T>::max(), std::numeric_limits<T>::min()};
  for (int n = 1; n < 64; ++n) {
    const std::uint64_t power = std::uint64_t{1} << n;
    for (std::uint64_t step :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, power >> 53, power >> 54, power >> 33}) {
      for (std::uint64_t u : {power + step, power - step, 0 - power - step, 0 - power + step}) {
        found.push_back(static_cast<T>(u));
      }
    }
  }
  return found;
}
std::vector<double> floats() {
  std::vector<double> found{0.0, -0.0, 5e-324, 0.5, -0.5, INFINITY, -INFINITY, NAN, 0x1p64, -0x1p64, 1e300};
  for (int n = 0; n < 65; ++n) {
    for (double sign : {1.0, -1.0}) {
      const double x = sign * std::ldexp(1.0, n);
      for (double y : {x, std::nextafter(x, 0.0), std::nextafter(x, x * 2), x + 1, x - 1, x + 0.5}) found.push_back(y);
    }
  }
  return found;
}

template <class F, class A, class B>
void expect_by_value(const char* name, const std::vector<A>& as, const std::vector<B>& bs) {
  int wrong = 0;
  for (A a : as) {
    for (B b : bs) {
      const auto x = static_cast<long double>(a);
      const auto y = static_cast<long double>(b);
      if (scalar::mixed<F>(a, b) != F{}(x, y) && ++wrong < 5) ADD_FAILURE() << name << " of " << a << " and " << b;
    }
  }
  EXPECT_EQ(wrong, 0) << name;
}
template <class F>
void check(const char* name) {
  expect_by_value<F>(name, around_powers<std::int64_t>(), floats());
  expect_by_value<F>(name, around_powers<std::uint64_t>(), floats());
  expect_by_value<F>(name, around_powers<std::int64_t>(), around_powers<std::uint64_t>());
}

TEST(Mixed, IsByValue) {
  check<scalar::ops::eq>("eq");
  check<scalar::ops::ne>("ne");
  check<scalar::ops::lt>("lt");
  check<scalar::ops::le>("le");
  check<scalar::ops::gt>("gt");
  check<scalar::ops::ge>("ge");
}

}  // namespace
}  // namespace tenon
