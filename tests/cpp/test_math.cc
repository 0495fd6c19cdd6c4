// Every function at every SIMD target: error against long double within math/bounds.h, and C's special values.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "backends/scalar/math/bounds.h"
#include "math_loops.h"

namespace {

using namespace tenon::scalar;
using Real = long double;
constexpr Real pi_l = 3.14159265358979323846264338327950288L;

template <class T> using Limits = std::numeric_limits<T>;

// References in long double. Those that the C library has not:

Real sinpi(Real x) {
  const Real n = std::rint(x), r = x - n;
  return (std::fmod(n, 2) == 0 ? 1 : -1) * std::sin(pi_l * r);
}
Real digamma_l(Real x) {
  if (x < 0) {
    if (std::floor(x) == x) return NAN;
    return digamma_l(1 - x) - pi_l / std::tan(pi_l * (x - std::rint(x)));
  }
  if (std::isinf(x)) return x;
  Real sum = 0;
  for (; x < 40; x++) sum += 1 / x;
  const Real w = 1 / (x * x);
  const Real tail = 1 / 252.L - w * (1 / 240.L - w * (1 / 132.L - w * (691 / 32760.L - w / 12)));
  const Real series = w * (1 / 12.L - w * (1 / 120.L - w * tail));
  return std::log(x) - 0.5L / x - series - sum;
}
// exp(-|x|) I_n(x): the power series, of which all terms have one sign, or Hankel's (DLMF 10.25.2, 10.40.1).
Real scaled_bessel(int n, Real x) {
  const Real a = std::abs(x), sign = n == 1 && std::signbit(x) ? -1 : 1;
  if (!(a < 1e40L)) return std::isnan(x) ? x : sign / std::sqrt(2 * pi_l * a);
  Real sum = 0;
  if (a < 60) {
    Real term = n == 0 ? 1 : a / 2;
    for (int k = 1; k < 200; ++k) {
      sum += term;
      term *= a / 2 / k * (a / 2 / (k + n));
    }
    return sign * sum * std::exp(-a);
  }
  Real term = 1;
  for (int k = 1; k < 60; ++k) {
    sum += term;
    term *= -(4 * n * n - Real(2 * k - 1) * (2 * k - 1)) / (8 * k * a);
  }
  return sign * sum / std::sqrt(2 * pi_l * a);
}
Real bessel(int n, Real x) {
  const Real y = scaled_bessel(n, x), a = std::abs(x);
  return a > 10000 ? (y < 0 ? -1 : 1) * a * std::numeric_limits<Real>::max() : y * std::exp(a);
}
Real gelu_l(Real x) {
  // erfc magnifies the error of its argument by twice the argument's square.
  constexpr Real c = 0.707106781186547524400844362104849039L, c_rest = 1.89503255889326e-20L;
  const Real z = -x * c, lost = std::fma(-x, c, -z) - x * c_rest;
  if (std::abs(x) > 100) return std::max(x, -0.0L);
  return 0.5L * x * (std::erfc(z) - 1.12837916709551257390L * std::exp(-z * z) * lost);
}
Real gelu_slope_l(Real x) {
  if (std::abs(x) > 100) return x < 0 ? 0 : x > 0 ? 1 : x;
  return 0.5L * std::erfc(-x * 0.707106781186547524400844362104849039L) +
         x * std::exp(-0.5L * x * x) * 0.398942280401432677939946059934381868L;
}
Real gelu_tanh_exponent(Real x) { return x * 1.595769121605730711759784239737752L * (1 + 0.044715L * x * x); }
Real gelu_tanh_l(Real x) {
  if (std::abs(x) > 100) return std::max(x, -0.0L);
  return x / (1 + std::exp(-gelu_tanh_exponent(x)));
}
Real gelu_tanh_slope_l(Real x) {
  if (std::abs(x) > 100) return x < 0 ? 0 : x > 0 ? 1 : x;
  const Real t = gelu_tanh_exponent(x), share = 1 / (1 + std::exp(-t)), rest = 1 / (1 + std::exp(t));
  return share + x * 1.595769121605730711759784239737752L * (1 + 0.134145L * x * x) * share * rest;
}
// By Newton's iteration, upon the side that loses no digits.
Real erfinv_l(Real x) {
  const Real a = std::abs(x);
  if (!(a < 1)) return a == 1 ? x * INFINITY : NAN;
  if (a < 1e-12L) return x * (std::sqrt(pi_l) / 2);
  Real y = std::sqrt(-std::log1p(-a * a));
  for (Real step = y; std::abs(step) > 1e-12L * y;) {  // the next would be below 1e-20
    const Real off = a <= 0.5L ? std::erf(y) - a : (1 - a) - std::erfc(y);
    step = off * std::exp(y * y) * (std::sqrt(pi_l) / 2);
    y -= step;
  }
  return std::copysign(y, x);
}
Real logit_l(Real x) { return std::abs(x - 0.5L) < 0.25L ? 2 * std::atanh(2 * x - 1) : std::log(x / (1 - x)); }
Real logaddexp_l(Real a, Real b) {
  if (a == b) return a + std::log(2.L);
  return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

struct Reference {
  std::function<Real(Real, Real)> f;
  double low, high;  // where to look closely
};
#define C(f) [](Real x, Real) -> Real { return std::f(x); }
#define C2(f) [](Real x, Real y) -> Real { return std::f(x, y); }
const std::map<std::string_view, Reference> references = {
    {"exp", {C(exp), -104, 90}},
    {"exp2", {C(exp2), -150, 130}},
    {"expm1", {C(expm1), -2, 2}},
    {"log", {C(log), 0.5, 2}},
    {"log2", {C(log2), 0.5, 2}},
    {"log10", {C(log10), 0.5, 2}},
    {"log1p", {C(log1p), -1, 2}},
    {"sin", {C(sin), -10, 10}},
    {"cos", {C(cos), -10, 10}},
    {"tan", {C(tan), -10, 10}},
    {"asin", {C(asin), -1, 1}},
    {"acos", {C(acos), -1, 1}},
    {"atan", {C(atan), -3, 3}},
    {"atan2", {C2(atan2), -3, 3}},
    {"sinh", {C(sinh), -3, 3}},
    {"cosh", {C(cosh), -90, 90}},
    {"tanh", {C(tanh), -10, 10}},
    {"asinh", {C(asinh), -3, 3}},
    {"acosh", {C(acosh), 1, 3}},
    {"atanh", {C(atanh), -1, 1}},
    {"pow", {C2(pow), 0, 30}},
    {"hypot", {C2(hypot), -3, 3}},
    {"cbrt", {C(cbrt), -8, 8}},
    {"erf", {C(erf), -6, 6}},
    {"erfc", {C(erfc), -6, 11}},
    {"erfinv", {[](Real x, Real) { return erfinv_l(x); }, -1, 1}},
    {"lgamma",
     {[](Real x, Real) -> Real {
        int s;
        return ::lgammal_r(x, &s);
      },
      -20, 20}},
    {"digamma", {[](Real x, Real) { return digamma_l(x); }, -20, 20}},
    {"i0", {[](Real x, Real) { return bessel(0, x); }, -16, 16}},
    {"i0e", {[](Real x, Real) { return scaled_bessel(0, x); }, -16, 16}},
    {"i1", {[](Real x, Real) { return bessel(1, x); }, -16, 16}},
    {"i1e", {[](Real x, Real) { return scaled_bessel(1, x); }, -16, 16}},
    {"sigmoid", {[](Real x, Real) { return 1 / (1 + std::exp(-x)); }, -104, 40}},
    {"silu", {[](Real x, Real) { return x < -10000 ? -0.0L : x / (1 + std::exp(-x)); }, -110, 40}},
    {"gelu", {[](Real x, Real) { return gelu_l(x); }, -14, 10}},
    {"gelu_slope", {[](Real x, Real) { return gelu_slope_l(x); }, -14, 10}},
    {"gelu_tanh", {[](Real x, Real) { return gelu_tanh_l(x); }, -14, 10}},
    {"gelu_tanh_slope", {[](Real x, Real) { return gelu_tanh_slope_l(x); }, -14, 10}},
    {"softplus", {[](Real x, Real) { return logaddexp_l(x, 0); }, -104, 40}},
    {"logit", {[](Real x, Real) { return logit_l(x); }, 0, 1}},
    {"logaddexp", {[](Real x, Real y) { return logaddexp_l(x, y); }, -20, 20}},
    {"sinc", {[](Real x, Real) { return x == 0 ? 1 : sinpi(x) / (pi_l * x) + 0; }, -10, 10}},
};

// In units in the last place of T; infinite where special values differ.
template <class T> double error(T got, Real wanted) {
  if (std::isnan(wanted)) return std::isnan(got) ? 0 : INFINITY;
  if (std::isnan(got)) return INFINITY;
  const T rounded = static_cast<T>(wanted);
  if (wanted == 0) return got == 0 && std::signbit(got) == std::signbit(wanted) ? 0 : INFINITY;
  if (std::isinf(wanted) || std::isinf(got)) {
    // A result may round to infinity from the last half unit on.
    return got == rounded || (std::isinf(got) && std::abs(wanted) >= Limits<T>::max()) ? 0 : INFINITY;
  }
  const int exponent = std::max(std::ilogb(wanted), Limits<T>::min_exponent - 1);
  return static_cast<double>(std::scalbn(std::abs(got - wanted), Limits<T>::digits - 1 - exponent));
}

// These sum terms that may cancel; their bound is in units of the largest term.
template <class T> double largest_term(std::string_view name, double x, double y) {
  if (name == "gelu_slope" || name == "gelu_tanh_slope")
    return std::max(0.125, std::abs(x) * std::exp(-0.5 * x * x) * 0.39894);
  if (sizeof(T) == 4) return 0;
  if (name == "logaddexp") return std::max({0.5, std::abs(x), std::abs(y)});
  if (name == "digamma" || name == "lgamma") return std::max(1.0, std::log(std::abs(x)));
  return 0;
}
template <class T> double error(std::string_view name, T got, Real wanted, T x, T y) {
  const double e = error(got, wanted), term = largest_term<T>(name, x, y);
  if (e == 0 || !std::isfinite(e)) return e;
  // The exponential magnifies the rounding of its argument.
  if (sizeof(T) == 8 && name == "gelu_tanh")
    return e / std::max(1.0, std::abs(static_cast<double>(gelu_tanh_exponent(x))));
  if (std::abs(wanted) >= term) return e;
  return std::scalbn(e, std::max(std::ilogb(wanted), Limits<T>::min_exponent - 1) - std::ilogb(term));
}

template <class T> std::vector<T> arguments(const Reference& r) {
  std::mt19937_64 random(7);
  std::vector<T> x;
  using L = Limits<T>;
  const auto around = [&](std::initializer_list<T> values) {
    for (T v : values)
      for (T w : {v, std::nextafter(v, T(1e38)), std::nextafter(v, T(-1e38))}) x.insert(x.end(), {w, -w});
  };
  around({T(0), T(1), T(2), T(3), T(0.5), T(1.5), L::infinity(), L::quiet_NaN(), L::max(), L::min()});
  around({L::denorm_min(), T(1e-30), T(1e30), T(0x1p20), T(88.72284), T(709.782712893384), T(25), T(1e5)});
  around({T(91.900764641630029), T(713.986908543968256)});  // where i0 overflows
  // Every exponent alike often,
  if constexpr (sizeof(T) == 4) {
    for (std::uint64_t u = 0; u < 1ull << 32; u += 21001) x.push_back(std::bit_cast<float>(std::uint32_t(u)));
  } else {
    for (int i = 0; i < 100000; i++) {
      const int range = i % 2 ? 1074 : 40;
      const double m = 1 + double(random() >> 11) * 0x1p-53;
      x.push_back((random() & 1 ? m : -m) * std::ldexp(1, int(random() % (2 * range)) - range));
    }
  }
  // and densely where something happens.
  std::uniform_real_distribution<T> uniform{T(r.low), T(r.high)};
  for (int i = 0; i < 50000; i++) x.push_back(uniform(random));
  return x;
}

struct Worst {
  double error = 0, x = 0, y = 0;
};

// The library's loops have bounds of their own.
template <class T> double limit_of(const Bound& bound, const Target& target) {
  for (const auto& wide : wide_bounds)
    if (sizeof(T) == 4 && target.name == std::string_view("library") && wide.name == std::string_view(bound.name))
      return wide.float_ulp;
  return sizeof(T) == 4 ? bound.float_ulp : bound.double_ulp;
}

template <class T> void check(const Bound& bound, const Reference& reference, Loop<T> Function::* loop) {
  const auto all = targets();
  auto x = arguments<T>(reference);
  std::vector<T> y(x.size()), out(x.size());
  std::mt19937_64 random(11);
  for (size_t i = 0; i < y.size(); i++) y[i] = x[random() % x.size()];
  std::vector<Real> wanted(x.size());
  for (size_t i = 0; i < x.size(); i++) wanted[i] = reference.f(x[i], y[i]);
  std::printf("%-10s %-6s", bound.name, sizeof(T) == 4 ? "float" : "double");
  for (const auto& target : all) {
    if (!target.available) continue;
    for (const auto& f : target.functions) {
      if (f.name != bound.name) continue;
      (f.*loop)(x.data(), y.data(), out.data(), std::int64_t(x.size()));
      Worst worst;
      for (size_t i = 0; i < x.size(); i++) {
        const double e = error(bound.name, out[i], wanted[i], x[i], y[i]);
        if (e > worst.error) worst = {e, double(x[i]), double(y[i])};
      }
      const double limit = limit_of<T>(bound, target);
      std::printf(" %s %.3f <= %.2f", target.name, worst.error, limit);
      EXPECT_LE(worst.error, limit) << bound.name << " at " << target.name << std::hexfloat << ": " << worst.x << ", "
                                    << worst.y;
    }
  }
  std::printf("\n");
}

class Math : public testing::TestWithParam<Bound> {};
INSTANTIATE_TEST_SUITE_P(, Math, testing::ValuesIn(bounds),
                         [](const auto& info) { return std::string(info.param.name); });

// The bounds of gelu are those near -4, where little is left of it.
TEST(MathOfGelu, IsWithinSevenUnitsFromMinusTwoOn) {
  std::vector<float> x;
  for (float v = -2; v < 6; v += 0x1.37p-14f) x.push_back(v);
  std::vector<float> out(x.size());
  for (const auto& target : targets()) {
    if (!target.available) continue;
    for (const auto& f : target.functions) {
      if (f.name != "gelu" && f.name != "gelu_tanh") continue;
      f.float_loop(x.data(), x.data(), out.data(), std::int64_t(x.size()));
      double worst = 0;
      for (size_t i = 0; i < x.size(); i++) worst = std::max(worst, error(out[i], references.at(f.name).f(x[i], 0)));
      EXPECT_LE(worst, 7) << f.name << " at " << target.name;
    }
  }
}

TEST_P(Math, FloatIsWithinItsBound) { check<float>(GetParam(), references.at(GetParam().name), &Function::float_loop); }
TEST_P(Math, DoubleIsWithinItsBound) {
  check<double>(GetParam(), references.at(GetParam().name), &Function::double_loop);
}

TEST(MathTable, BoundsAndFunctionsHaveTheSameNames) {
  std::vector<std::string> bounded, exact = {"rint", "trunc", "floor", "ceil", "copysign", "nextafter"}, defined;
  for (const auto& b : bounds) bounded.push_back(b.name);
  const auto first = targets()[0];
  for (const auto& f : first.functions) defined.emplace_back(f.name);
  bounded.insert(bounded.end(), exact.begin(), exact.end());
  std::sort(bounded.begin(), bounded.end());
  std::sort(defined.begin(), defined.end());
  EXPECT_EQ(bounded, defined);
}

// Exact values, in float and double, at every target.

constexpr double inf = Limits<double>::infinity(), nan = Limits<double>::quiet_NaN(), any = 0;
struct Special {
  std::string_view name;
  double x, y, wanted;
};
// clang-format off
const Special specials[] = {
    {"exp", -inf, any, 0}, {"exp", inf, any, inf}, {"exp", 0, any, 1}, {"exp", nan, any, nan}, {"exp", 1e4, any, inf},
    {"exp", -1e4, any, 0}, {"exp2", -inf, any, 0}, {"exp2", inf, any, inf}, {"exp2", -0., any, 1}, {"exp2", 10, any, 1024},
    {"exp2", -126, any, 0x1p-126}, {"expm1", -inf, any, -1}, {"expm1", inf, any, inf}, {"expm1", -0., any, -0.},
    {"expm1", 0, any, 0}, {"expm1", nan, any, nan}, {"log", 0, any, -inf}, {"log", -0., any, -inf}, {"log", -1, any, nan},
    {"log", inf, any, inf}, {"log", -inf, any, nan}, {"log", 1, any, 0}, {"log", nan, any, nan},
    {"log2", 8, any, 3}, {"log2", 0x1p-140, any, -140}, {"log2", 0, any, -inf}, {"log10", 1000, any, 3},
    {"log10", 0, any, -inf}, {"log10", -2, any, nan}, {"log1p", -1, any, -inf}, {"log1p", -0., any, -0.},
    {"log1p", inf, any, inf}, {"log1p", -110, any, nan}, {"log1p", -inf, any, nan}, {"log1p", nan, any, nan},
    {"sin", -0., any, -0.}, {"sin", 0, any, 0}, {"sin", inf, any, nan}, {"sin", nan, any, nan},
    {"cos", 0, any, 1}, {"cos", -inf, any, nan}, {"tan", -0., any, -0.}, {"tan", inf, any, nan},
    {"asin", -0., any, -0.}, {"asin", 2, any, nan}, {"asin", nan, any, nan}, {"acos", 1, any, 0}, {"acos", -2, any, nan},
    {"atan", -0., any, -0.}, {"atan", nan, any, nan}, {"atan2", 0, 0, 0}, {"atan2", -0., 0, -0.}, {"atan2", 0, 1, 0},
    {"atan2", -0., 1, -0.}, {"atan2", -0., inf, -0.}, {"atan2", 1, inf, 0}, {"atan2", nan, 1, nan}, {"atan2", 1, nan, nan},
    {"sinh", -0., any, -0.}, {"sinh", -inf, any, -inf}, {"sinh", nan, any, nan}, {"cosh", -inf, any, inf},
    {"cosh", 0, any, 1}, {"tanh", -0., any, -0.}, {"tanh", inf, any, 1}, {"tanh", -inf, any, -1}, {"tanh", nan, any, nan},
    {"asinh", -0., any, -0.}, {"asinh", -inf, any, -inf}, {"asinh", nan, any, nan}, {"acosh", 1, any, 0},
    {"acosh", 0.5, any, nan}, {"acosh", -5, any, nan}, {"acosh", inf, any, inf}, {"acosh", -inf, any, nan},
    {"acosh", nan, any, nan}, {"atanh", 1, any, inf}, {"atanh", -1, any, -inf}, {"atanh", -0., any, -0.},
    {"atanh", 1.5, any, nan}, {"atanh", -inf, any, nan}, {"atanh", nan, any, nan},
    // C99 Annex F.9.4.4
    {"pow", 0, -3, inf}, {"pow", -0., -3, -inf}, {"pow", -0., -2, inf}, {"pow", 0, -0.5, inf}, {"pow", -0., -0.5, inf},
    {"pow", 0, -inf, inf}, {"pow", -0., -inf, inf}, {"pow", 0, 3, 0}, {"pow", -0., 3, -0.}, {"pow", -0., 2, 0},
    {"pow", -0., 0.5, 0}, {"pow", -0., inf, 0}, {"pow", -1, inf, 1}, {"pow", -1, -inf, 1}, {"pow", 1, nan, 1},
    {"pow", 1, inf, 1}, {"pow", nan, 0, 1}, {"pow", nan, -0., 1}, {"pow", inf, 0, 1}, {"pow", -2, 0.5, nan},
    {"pow", -2, 3, -8}, {"pow", -2, 2, 4}, {"pow", -2, 16777215, -inf}, {"pow", 0.5, -inf, inf}, {"pow", -0.5, -inf, inf},
    {"pow", 2, -inf, 0}, {"pow", 0.5, inf, 0}, {"pow", -2, inf, inf}, {"pow", -inf, -3, -0.}, {"pow", -inf, -2, 0},
    {"pow", -inf, -0.5, 0}, {"pow", -inf, 3, -inf}, {"pow", -inf, 2, inf}, {"pow", -inf, 0.5, inf}, {"pow", inf, -1, 0},
    {"pow", inf, 1, inf}, {"pow", nan, 1, nan}, {"pow", 2, nan, nan}, {"pow", -1, nan, nan}, {"pow", 0, nan, nan},
    {"pow", 10, 2, 100}, {"pow", 3, 4, 81}, {"hypot", inf, nan, inf}, {"hypot", nan, -inf, inf}, {"hypot", 3, -4, 5},
    {"hypot", nan, 1, nan}, {"hypot", -0., -0., 0}, {"cbrt", -0., any, -0.}, {"cbrt", -inf, any, -inf},
    {"cbrt", -27, any, -3}, {"cbrt", nan, any, nan}, {"erf", -0., any, -0.}, {"erf", inf, any, 1}, {"erf", -inf, any, -1},
    {"erf", nan, any, nan}, {"erfc", inf, any, 0}, {"erfc", -inf, any, 2}, {"erfc", 0, any, 1}, {"erfc", nan, any, nan},
    {"erfinv", 0, any, 0}, {"erfinv", -0., any, -0.}, {"erfinv", 1, any, inf}, {"erfinv", -1, any, -inf},
    {"erfinv", 1.5, any, nan}, {"erfinv", -2, any, nan}, {"erfinv", inf, any, nan}, {"erfinv", -inf, any, nan},
    {"erfinv", nan, any, nan},
    {"lgamma", 1, any, 0}, {"lgamma", 2, any, 0}, {"lgamma", 0, any, inf}, {"lgamma", -3, any, inf},
    {"lgamma", inf, any, inf}, {"lgamma", -inf, any, inf}, {"lgamma", nan, any, nan}, {"digamma", 0, any, -inf},
    {"digamma", -0., any, inf}, {"digamma", -1, any, nan}, {"digamma", -1e10, any, nan}, {"digamma", inf, any, inf},
    {"digamma", -inf, any, nan}, {"digamma", nan, any, nan}, {"i0", 0, any, 1}, {"i0", -0., any, 1},
    {"i0", 0x1p-140, any, 1}, {"i0", inf, any, inf}, {"i0", -inf, any, inf}, {"i0", nan, any, nan}, {"i0", 1e30, any, inf},
    {"i0e", 0, any, 1}, {"i0e", inf, any, 0}, {"i0e", -inf, any, 0}, {"i0e", nan, any, nan}, {"i1", 0, any, 0},
    {"i1", -0., any, -0.}, {"i1", 0x1p-140, any, 0x1p-141}, {"i1", inf, any, inf}, {"i1", -inf, any, -inf},
    {"i1", nan, any, nan}, {"i1", -1e30, any, -inf}, {"i1e", -0., any, -0.}, {"i1e", -0x1p-140, any, -0x1p-141},
    {"i1e", inf, any, 0}, {"i1e", -inf, any, -0.}, {"i1e", nan, any, nan}, {"sigmoid", -inf, any, 0}, {"sigmoid", inf, any, 1},
    {"sigmoid", 0, any, 0.5}, {"sigmoid", nan, any, nan}, {"silu", -inf, any, -0.}, {"silu", inf, any, inf},
    {"silu", -0., any, -0.}, {"silu", nan, any, nan}, {"gelu", -inf, any, -0.}, {"gelu", inf, any, inf},
    {"gelu", -0., any, -0.}, {"gelu", nan, any, nan}, {"softplus", -inf, any, 0}, {"softplus", inf, any, inf},
    {"softplus", nan, any, nan}, {"logaddexp", -inf, -inf, -inf}, {"logaddexp", inf, inf, inf},
    {"logaddexp", -inf, inf, inf}, {"logaddexp", -inf, 2, 2}, {"logaddexp", nan, 1, nan}, {"logit", 0, any, -inf}, {"logit", 1, any, inf},
    {"logit", 0.5, any, 0}, {"logit", -0.5, any, nan}, {"logit", 2, any, nan}, {"logit", inf, any, nan},
    {"logit", -inf, any, nan}, {"logit", nan, any, nan}, {"logaddexp", 1, nan, nan},
    {"logaddexp", inf, nan, nan}, {"logaddexp", nan, -inf, nan}, {"sinc", 0, any, 1}, {"sinc", -0., any, 1},
    {"sinc", 3, any, 0}, {"sinc", inf, any, nan}, {"sinc", nan, any, nan}, {"rint", 2.5, any, 2}, {"rint", -0.5, any, -0.},
    {"rint", nan, any, nan}, {"trunc", -1.5, any, -1}, {"floor", -0.5, any, -1}, {"ceil", -0.5, any, -0.},
    {"copysign", 2, -0., -2}, {"copysign", nan, 1, nan}, {"nextafter", 1, 1, 1}, {"nextafter", -0., 0, 0},
    {"nextafter", nan, 1, nan}, {"nextafter", 1, nan, nan},
};
// clang-format on

template <class T> bool same(T a, T b) {  // every NaN is one, the zeros are two
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

template <class T> void check_specials(Loop<T> Function::* loop) {
  for (const auto& target : targets()) {
    if (!target.available) continue;
    for (const auto& f : target.functions) {
      std::vector<Special> cases;
      for (const auto& s : specials)
        if (s.name == f.name) cases.push_back(s);
      // Repeated, so that both the vectorised body and the remainder of the loop see each.
      std::vector<T> x, y;
      for (int repeat = 0; repeat < 37; repeat++)
        for (const auto& s : cases) x.push_back(T(s.x)), y.push_back(T(s.y));
      std::vector<T> out(x.size());
      (f.*loop)(x.data(), y.data(), out.data(), std::int64_t(x.size()));
      for (size_t i = 0; i < x.size(); i++) {
        const Special& s = cases[i % cases.size()];
        const T wanted = T(s.wanted);
        ASSERT_TRUE(same(out[i], wanted))
            << f.name << "(" << s.x << ", " << s.y << ") = " << out[i] << ", not " << wanted << " at " << target.name;
      }
    }
  }
}
TEST(MathSpecials, Float) { check_specials<float>(&Function::float_loop); }
TEST(MathSpecials, Double) { check_specials<double>(&Function::double_loop); }

template <class T, class F> void check_exact(Loop<T> Function::* loop, std::string_view name, F reference) {
  auto x = arguments<T>({{}, -10, 10});
  std::vector<T> y(x.rbegin(), x.rend()), out(x.size());
  for (const auto& target : targets()) {
    if (!target.available) continue;
    for (const auto& f : target.functions) {
      if (f.name != name) continue;
      (f.*loop)(x.data(), y.data(), out.data(), std::int64_t(x.size()));
      for (size_t i = 0; i < x.size(); i++) {
        const T wanted = reference(x[i], y[i]);
        ASSERT_TRUE(same(out[i], wanted))
            << name << "(" << x[i] << ", " << y[i] << ") = " << out[i] << " at " << target.name;
      }
    }
  }
}
template <class T> void check_exact_functions(Loop<T> Function::* loop) {
  check_exact<T>(loop, "rint", [](T x, T) { return std::rint(x); });
  check_exact<T>(loop, "trunc", [](T x, T) { return std::trunc(x); });
  check_exact<T>(loop, "floor", [](T x, T) { return std::floor(x); });
  check_exact<T>(loop, "ceil", [](T x, T) { return std::ceil(x); });
  check_exact<T>(loop, "copysign", [](T x, T y) { return std::copysign(x, y); });
  check_exact<T>(loop, "sqrt", [](T x, T) { return std::sqrt(x); });
  check_exact<T>(loop, "nextafter", [](T x, T y) { return std::nextafter(x, y); });
}
TEST(MathExact, Float) { check_exact_functions<float>(&Function::float_loop); }
TEST(MathExact, Double) { check_exact_functions<double>(&Function::double_loop); }

// Every float there is near 1, where the relative error of logarithms is at stake.
TEST(MathDense, LogarithmsNearOne) {
  for (float x = 0.999f; x < 1.001f; x = std::nextafter(x, 2.f)) {
    ASSERT_LE(error(tenon::scalar::log(x), std::log(Real(x))), 0.51) << x;
    ASSERT_LE(error(tenon::scalar::log2(x), std::log2(Real(x))), 0.51) << x;
  }
}

TEST(MathDense, LgammaAndDigammaNearTheirZeros) {
  const auto worst = [](auto f, auto reference, float zero) {
    float x = zero;
    for (int i = 0; i < 500; i++) x = std::nextafter(x, -100.f);
    double error = 0;
    for (int i = 0; i < 1000; i++, x = std::nextafter(x, 100.f)) error = std::max(error, ::error(f(x), reference(x)));
    return error;
  };
  const auto lgamma_l = [](Real x) {
    int sign;
    return ::lgammal_r(x, &sign);
  };
  for (float zero : {1.f, 2.f, -2.45702474f, -2.74768265f, -3.14358089f, -3.95529428f, -4.03936184f, -4.99154464f})
    EXPECT_LE(worst([](float x) { return tenon::scalar::lgamma(x); }, lgamma_l, zero), 1) << zero;
  for (float zero : {1.46163214f, -0.504083f, -1.57349845f, -2.61072087f, -3.63529337f})
    EXPECT_LE(worst([](float x) { return tenon::scalar::digamma(x); }, digamma_l, zero), 0.51) << zero;
}

// Each element is what it is alone, wherever it stands in a vector and whatever its neighbours are.
TEST(MathLibrary, ElementsDoNotDependOnTheirPlaceOrNeighbours) {
  auto x = arguments<float>({{}, -10, 10});
  x.resize(1000);
  for (const auto& f : library::functions()) {
    std::vector<float> together(x.size()), alone(x.size());
    f.float_loop(x.data(), nullptr, together.data(), std::int64_t(x.size()));
    for (size_t i = 0; i < x.size(); ++i) f.float_loop(&x[i], nullptr, &alone[i], 1);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_TRUE(same(together[i], alone[i])) << f.name << " of " << x[i];
    auto in_place = x;
    f.float_loop(in_place.data(), nullptr, in_place.data(), std::int64_t(x.size()));
    for (size_t i = 0; i < x.size(); ++i) ASSERT_TRUE(same(together[i], in_place[i])) << f.name << " of " << x[i];
    // What lies behind the end stays.
    for (std::int64_t n = 0; n < 40; ++n) {
      std::vector<float> some(64, 7);
      f.float_loop(x.data(), nullptr, some.data(), n);
      for (size_t i = 0; i < some.size(); ++i)
        ASSERT_TRUE(same(some[i], i < size_t(n) ? together[i] : 7)) << f.name << ", " << n << " elements";
    }
  }
}

TEST(MathMap, MapsInPlaceAndMendsHugeArguments) {
  std::vector<double> x(1000);
  for (int i = 0; i < 1000; i++) x[i] = i % 7 ? i : i * 1e18;
  auto y = x;
  map<Sin>(y.data(), y.data(), 1000);
  for (int i = 0; i < 1000; i++) EXPECT_NEAR(y[i], std::sin(x[i]), 2e-16);
}

}  // namespace
