// Logarithms and what is made of them: asinh, acosh, atanh, softplus, logit, logaddexp.
#pragma once

#include "core.h"
#include "exp.h"

namespace tenon::scalar {
namespace detail {

inline constexpr double ln_2 = 0x1.62e42fefa39efp-1;

// log(1 + f) to 33 bits for sqrt(1/2) <= 1 + f <= sqrt(2)
TENON_INLINE double log1p_reduced_float(double f) {
  return f * poly(f, 1.000000000048012, -0.5000000030845538, 0.3333333084628052, -0.24999936585814816,
                  0.2000016963794254, -0.16670383652377296, 0.14283798395270253, -0.12410885665961421,
                  0.11042736039719009, -0.10898112577877182, 0.10636542375579953, -0.058456713350896375);
}
// log1p(x), x > -1, to 33 bits
TENON_INLINE double log1p_float(double x) {
  const auto [k, m] = split(1 + x);
  return k * ln_2 + log1p_reduced_float(k == 0 ? x : m - 1);
}

// Replaces the result y of a logarithm where x is not positive and finite.
template <class T> TENON_INLINE T log_special(T x, T y) {
  const T at_most_zero = x == 0 ? T(-infinity) : T(not_a_number);
  const T finite = x > 0 ? y : at_most_zero;
  return x < T(infinity) ? finite : x;  // +inf and NaN are their own logarithms
}

// log(1 + f) = high + low, high = f - f²/2 cut to 21 bits so that its product with a constant is exact,
// by log(1 + f) = f - f²/2 + s (f²/2 + R(s²)), s = f / (2 + f).
struct Log1p {
  double f, half_square, product;  // product = s (f²/2 + R)
  TENON_INLINE double high() const { return from_bits(bits(f - half_square) & ~std::uint64_t(0xffffffff)); }
  TENON_INLINE double low() const { return ((f - high()) - half_square) + product; }
};
TENON_INLINE Log1p log1p_reduced(double f) {
  const double s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  const double r = z * poly(z, 0.666666666666667, 0.39999999999899505, 0.28571428625975487, 0.2222221113479508,
                            0.18182889125261723, 0.15331721600556042, 0.14616449685043406);
  return {f, half_square, s * (half_square + r)};
}
TENON_INLINE double log_sum(double k, Log1p m, double correction) {
  constexpr double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
  return k * ln2_high - ((m.half_square - (m.product + (k * ln2_low + correction))) - m.f);
}

// As split, for subnormal x too.
TENON_INLINE Split<double> split_any(double x) {
  const bool subnormal = x < 0x1p-1022;
  const auto [k, m] = split(subnormal ? x * 0x1p54 : x);
  return {subnormal ? k - 54 : k, m};
}

// log_b(x) = k · unit + log(mantissa) · (high + low), the constants being log_b(2) and log_b(e) in two parts
TENON_INLINE double log_to_base(double x, double unit, double unit_low, double high, double low) {
  const auto [k, mantissa] = split_any(x);
  const Log1p m = log1p_reduced(mantissa - 1);
  const double a = m.high(), b = m.low(), main = k * unit, part = a * high, sum = main + part;
  const double rest = ((main - sum) + part) + (k * unit_low + ((a + b) * low + b * high));
  return log_special(x, sum + rest);
}

TENON_INLINE double log1p(double x) {
  const double u = 1 + x, v = u - x, error = (1 - v) + (x - (u - v));  // 1 + x = u + error
  const auto [k, mantissa] = split(u);
  const bool reduced = k == 0;
  return log_sum(k, log1p_reduced(reduced ? x : mantissa - 1), reduced ? 0 : error / u);
}

}  // namespace detail

// In float: log(1 + f) = f - f²/2 + f³ P(f).
TENON_INLINE float log(float x) {
  constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;  // k · ln2_high is exact
  const bool subnormal = x < 0x1p-126f;
  const auto [scaled, m] = detail::split_single(subnormal ? x * 0x1p23f : x);
  const float k = subnormal ? scaled - 23 : scaled, f = m - 1, square = f * f;
  const float p = detail::poly(f, 0.33333331180030046, -0.24999996957950882, 0.200007157488921, -0.16667802319501254,
                               0.1424905764569748, -0.12425687331451106, 0.1168541992348674, -0.11479733846637635,
                               0.06971611471451178);
  const float rest = square * (f * p) + k * ln2_low;
  return detail::log_special(x, k * ln2_high + (f + (rest - 0.5f * square)));
}
TENON_INLINE double log(double x) {
  const auto [k, m] = detail::split_any(x);
  return detail::log_special(x, detail::log_sum(k, detail::log1p_reduced(m - 1), 0));
}

TENON_INLINE float log2(float x) {
  const auto [k, m] = detail::split(x);
  return detail::log_special(x, static_cast<float>(k + detail::log1p_reduced_float(m - 1) * detail::log2_e));
}
TENON_INLINE double log2(double x) { return detail::log_to_base(x, 1, 0, 0x1.7154765200000p+0, 0x1.705fc2eefa200p-33); }

TENON_INLINE float log10(float x) {
  constexpr double log10_2 = 0x1.34413509f79ffp-2, log10_e = 0x1.bcb7b1526e50ep-2;
  const auto [k, m] = detail::split(x);
  return detail::log_special(x, static_cast<float>(k * log10_2 + detail::log1p_reduced_float(m - 1) * log10_e));
}
TENON_INLINE double log10(double x) {
  return detail::log_to_base(x, 0x1.3441350800000p-2, 0x1.f79fef311f12bp-34, 0x1.bcb7b15200000p-2,
                             0x1.b9438ca9aadd5p-36);
}

TENON_INLINE float log1p(float x) {
  const auto y = detail::log_special(x + 1, static_cast<float>(detail::log1p_float(x)));
  return x == 0 ? x : y;
}
TENON_INLINE double log1p(double x) {
  const double y = detail::log_special(x + 1, detail::log1p(x));
  return detail::abs(x) < 0x1p-54 ? x : y;
}

TENON_INLINE float asinh(float x) {
  const double a = detail::abs(x);
  const auto y =
      static_cast<float>(detail::copysign(detail::log1p_float(a + a * a / (1 + detail::sqrt(a * a + 1))), x));
  return detail::abs(x) < static_cast<float>(detail::infinity) ? y : x;
}
TENON_INLINE double asinh(double x) {
  const double a = detail::abs(x);
  const bool large = a > 0x1p60;
  const double y = detail::log1p(large ? a : a + a * a / (1 + detail::sqrt(a * a + 1))) + (large ? detail::ln_2 : 0);
  return a >= 0x1p-28 && a < detail::infinity ? detail::copysign(y, x) : x;
}

TENON_INLINE float acosh(float x) {
  const double t = x - 1.0;
  const auto y = static_cast<float>(detail::log1p_float(t + detail::sqrt(t * (t + 2))));
  const float inside = x >= 1 ? y : static_cast<float>(detail::not_a_number);
  return x < static_cast<float>(detail::infinity) ? inside : x;
}
TENON_INLINE double acosh(double x) {
  const double t = x - 1;
  const bool large = x > 0x1p60;
  const double y = detail::log1p(large ? x : t + detail::sqrt(t * (t + 2))) + (large ? detail::ln_2 : 0);
  const double inside = x >= 1 ? y : detail::not_a_number;
  return x < detail::infinity ? inside : x;
}

TENON_INLINE float atanh(float x) {
  const double a = detail::abs(x);
  const double y = detail::copysign(0.5 * detail::log_special(1 - a, detail::log1p_float(2 * a / (1 - a))), x);
  return static_cast<float>(a == 1 ? detail::copysign(detail::infinity, x) : y);
}
TENON_INLINE double atanh(double x) {
  const double a = detail::abs(x);
  const double y = detail::copysign(0.5 * detail::log_special(1 - a, detail::log1p(2 * a / (1 - a))), x);
  const double inside = a == 1 ? detail::copysign(detail::infinity, x) : y;
  return a < 0x1p-28 ? x : inside;
}

// log(1 + e^x)
TENON_INLINE float softplus(float x) {
  const double y = detail::log1p_float(detail::exp_float(-detail::abs(x)).value());
  return static_cast<float>(detail::at_least(0.0f, x) + y);
}
TENON_INLINE double softplus(double x) { return detail::at_least(0.0, x) + log1p(exp(-detail::abs(x))); }

// log(x / (1 - x)); close to 1/2, where that is lost in rounding, 2 atanh(2x - 1)
TENON_INLINE double logit(double x) {
  const double near = 2 * atanh(2 * x - 1), far = log(x / (1 - x));
  return detail::abs(x - 0.5) < 0.25 ? near : far;
}
TENON_INLINE float logit(float x) { return static_cast<float>(logit(static_cast<double>(x))); }

// log(e^a + e^b)
TENON_INLINE float logaddexp(float a, float b) {
  const double x = a, y = b, gap = x == y ? 0.0 : detail::abs(x - y);
  const double ratio = detail::power_float(-detail::at_most(150.0, gap) * detail::log2_e).value();
  const double sum = (x > y ? x : y) + detail::log1p_float(ratio);
  return static_cast<float>(gap >= 0 ? sum : x + y);
}
TENON_INLINE double logaddexp(double a, double b) {
  const double gap = a == b ? 0.0 : detail::abs(a - b);
  const double sum = (a > b ? a : b) + log1p(exp(-gap));
  return gap >= 0 ? sum : a + b;
}

}  // namespace tenon::scalar
