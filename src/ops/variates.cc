// Gamma, Poisson and binomial variables: rejection on the host, each number by words of its own.
#include "tenon/ops/variates.h"

#include <cmath>

#include "backends/scalar/math.h"
#include "backends/scalar/philox.h"
#include "core/capture.h"
#include "core/interrupt.h"
#include "ops/composing.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"

namespace tenon {
namespace {

// Streams of words that the kinds of scalar/philox.h leave free.
enum class Words : std::uint32_t { gamma = 7, poisson = 8, binomial = 9 };

// The uniform numbers of one variable: as many as it asks for, two of each Philox block.
class Uniforms {
 public:
  Uniforms(std::uint64_t seed, std::uint64_t place, Words stream)
      : seed_(seed), counter_(scalar::counter_of(place, static_cast<std::uint32_t>(stream))) {}
  std::uint64_t word() {
    if ((used_ & 1) == 0) {
      const scalar::Words block = scalar::philox(counter_, seed_);
      ++counter_.w[3];
      first_ = block.w[0] | std::uint64_t{block.w[1]} << 32;
      second_ = block.w[2] | std::uint64_t{block.w[3]} << 32;
    }
    return used_++ & 1 ? second_ : first_;
  }
  double next() { return scalar::positive_unit(word()); }  // in (0, 1)

 private:
  std::uint64_t seed_, first_ = 0, second_ = 0;
  scalar::Words counter_;
  int used_ = 0;
};

Generator& chosen(Generator* g) { return g ? *g : default_generator(); }

void check_parameter(const char* op, const char* what, const Tensor& t, const Tensor& good) {
  if (t.numel() == 0 || all(good).item<bool>()) return;
  const auto at = argmin(to(reshape(good, {-1}), DType::int32)).item<std::int64_t>();
  errors::fail(op, what, "; got ", select(reshape(t, {-1}), 0, at).item<double>(), " at element ", at);
}

Tensor on_host(const char* op, const Tensor& t) {
  if (!is_floating(t.dtype()) || is_float8(t.dtype()))
    errors::dtype_not_supported(op, t.dtype(), "float16, bfloat16, float32 and float64");
  refuse_in_capture(op, current_stream(t.device()));
  // A copy in any case: another thread may write to the memory between the check and the loops, which would not end.
  return contiguous(to(t.detach(), DType::float64, kCpu, true));
}

// ---- gamma ----

void check_shapes(const char* op, const Tensor& a) {
  check_parameter(op, "shapes must be positive and finite", a, logical_and(gt(a, 0), isfinite(a)));
}

// Marsaglia and Tsang's proposal from a normal x and a uniform u: d v, or a negative number where it is rejected.
double proposal(double d, double c, double x, double u) {
  const double root = 1 + c * x;
  if (root <= 0) return -1;
  const double v = root * root * root, z = x * x, t = c * x;
  if (u < 1 - 0.0331 * z * z) return d * v;
  // 1 - v + log v, which would lose all its digits for large d.
  const double less = scalar::detail::log1p_less(t * (3 + t * (3 + t)));
  return std::log(u) < 0.5 * z + d * less ? d * v : -1;
}

double redrawn(double d, double c, Uniforms&& from) {
  for (;;) {
    const std::uint64_t a = from.word(), b = from.word();
    const auto pair = scalar::normal_pair(a, b, 1.0);
    for (double x : {pair.x, pair.y})
      if (const double y = proposal(d, c, x, from.next()); y >= 0) return y;
  }
}

// ---- the slope of gamma variables ----

// From the power series of P: with r_0 = 1, r_n = r_(n - 1) x / (a + n) the density is r_0 a / x times a factor, and
// dP / da the sum of r_n (log x - digamma(a + n + 1)) times the same.
double slope_by_series(double a, double x) {
  double r = 1, psi = scalar::digamma(a + 1), logarithm = std::log(x), sum = logarithm - psi, total = 1;
  for (double n = a + 1; r > 1e-17 * total; ++n) {
    r *= x / n;
    psi += 1 / n;
    sum += r * (logarithm - psi);
    total += r;
  }
  return -x / a * sum;
}

// From the expansion of Cornish and Fisher (1938), x = a + z sqrt(a) + (z² - 1) / 3 + ..., with the z of x.
double slope_by_expansion(double a, double x) {
  const double s = std::sqrt(a);
  double z = (x - a) / s;
  const auto second = [](double v) { return v * v * v - 7 * v; };
  const auto third = [](double v) { return 3 * v * v * v * v + 7 * v * v - 16; };
  for (int i = 0; i < 4; ++i) {
    const double value = a + z * s + (z * z - 1) / 3 + second(z) / (36 * s) - third(z) / (810 * a);
    const double rise = s + 2 * z / 3 + (3 * z * z - 7) / (36 * s) - (12 * z * z * z + 14 * z) / (810 * a);
    z -= (value - x) / rise;
  }
  return 1 + z / (2 * s) - second(z) / (72 * a * s) + third(z) / (810 * a * a);
}

double slope(double a, double x) {
  if (!(x > 0) || !std::isfinite(x)) return x == 0 ? 0 : std::numeric_limits<double>::quiet_NaN();
  return a < 2000 ? slope_by_series(a, x) : slope_by_expansion(a, x);
}

// ---- Poisson and binomial ----

// Inversion ends at a term this small. The first is above 1e-7 for means below 10, so those that follow fall, and u lies beyond
// the rounded sum of all.
constexpr double kNone = 1e-20;

double log_factorial(double k) { return scalar::lgamma(k + 1); }

// From here on the logarithms of factorials would cancel: at 1e8 by 1e-6, at 1e18 by far more than 1.
constexpr double kLarge = 1e8;

// The logarithm of the probability of k for the mean m.
[[gnu::noinline]] double poisson_share_of_large(double k, double m) {
  return std::log(scalar::detail::gamma_density(k, m));
}
double poisson_share(double k, double m) {
  return m < kLarge ? k * std::log(m) - m - log_factorial(k) : poisson_share_of_large(k, m);
}

double poisson_of(double rate, Uniforms from) {
  if (rate < 10) {
    double term = std::exp(-rate), u = from.next();
    double k = 0;
    for (; u > term && term > kNone; ++k, term *= rate / k) u -= term;
    return k;
  }
  const double root = std::sqrt(rate), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b,
               scale = std::log(1.1239 + 1.1328 / (b - 3.4)), inner = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = from.next() - 0.5, v = from.next(), edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + rate + 0.43);
    if (edge >= 0.07 && v <= inner) return k;
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    if (std::log(v) + scale - std::log(a / (edge * edge) + b) <= poisson_share(k, rate)) return k;
  }
}

// p <= 1/2
double binomial_of_lower(double n, double p, Uniforms from) {
  if (n * p < 10) {
    const double odds = p / (1 - p);
    double term = std::exp(n * std::log1p(-p)), u = from.next(), k = 0;
    for (; u > term && k < n && term > kNone; ++k, term *= odds * (n - k + 1) / k) u -= term;
    return k;
  }
  const double root = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * root, a = -0.0873 + 0.0248 * b + 0.01 * p,
               centre = n * p + 0.5, alpha = (2.83 + 5.1 / b) * root, inner = 0.92 - 4.2 / b,
               odds = std::log(p / (1 - p));
  // The logarithm of the probability of k, but for a constant: log n! + n log(1 - p), or poisson_share(n, n).
  const auto share = [&](double k) {
    return n < kLarge ? k * odds - log_factorial(k) - log_factorial(n - k)
                      : poisson_share(k, n * p) + poisson_share(n - k, n * (1 - p));
  };
  const double most = share(std::floor((n + 1) * p));
  for (;;) {
    const double u = from.next() - 0.5, v = from.next(), edge = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / edge + b) * u + centre);
    if (k < 0 || k > n) continue;
    if (edge >= 0.07 && v <= inner) return k;
    if (std::log(v * alpha / (a / (edge * edge) + b)) <= share(k) - most) return k;
  }
}

double binomial_of(double n, double p, Uniforms from) {
  return p <= 0.5 ? binomial_of_lower(n, p, from) : n - binomial_of_lower(n, 1 - p, from);
}

}  // namespace

Tensor standard_gamma(const Tensor& alpha, Generator* g) {
  constexpr const char* op = "standard_gamma";
  const Tensor a = on_host(op, alpha);
  Tensor out;
  {
    const NoGrad guard;
    check_shapes(op, a);
    const std::int64_t n = a.numel();
    Generator& from = chosen(g);
    const std::uint64_t seed = from.seed(), first = from.advance(n);
    const Tensor normals = randn({n}, DType::float64, kCpu, &from), uniforms = rand({n}, DType::float64, kCpu, &from);
    const Tensor y = empty(a.shape(), DType::float64);
    const double *shapes = a.data<double>(), *x = normals.data<double>(), *u = uniforms.data<double>();
    double* to_ = y.data<double>();
    Pace pace;
    for (std::int64_t i = 0; i < n; ++i) {
      pace.did(1);
      // Below 1 the variable of a + 1 times a power of a uniform number.
      const bool below = shapes[i] < 1;
      const double d = shapes[i] + (below ? 1 : 0) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
      double v = proposal(d, c, x[i], u[i]);
      if (v < 0 || below) {
        Uniforms own(seed, first + static_cast<std::uint64_t>(i), Words::gamma);
        const double power = below ? std::pow(own.next(), 1 / shapes[i]) : 1;
        if (v < 0) v = redrawn(d, c, std::move(own));
        v *= power;
      }
      to_[i] = v;
    }
    out = to(y, alpha.dtype(), alpha.device());
  }
  if (autograd::needs_grad(alpha))
    autograd::attach(out, op, {&alpha, 1},
                     [a = Saved(alpha, op), y = Saved::output(out, op)](const Tensor& grad) -> std::vector<Tensor> {
                       return {mul(grad, gamma_slope(a.get(), y.get()))};
                     });
  return out;
}

Tensor gamma_slope(const Tensor& alpha, const Tensor& x) {
  constexpr const char* op = "gamma_slope";
  const Tensor a = on_host(op, alpha), v = on_host(op, x);
  if (a.shape() != v.shape()) errors::wrong_shape(op, v.shape(), a.shape());
  Tensor out;
  {
    const NoGrad guard;
    check_shapes(op, a);
    const Tensor y = empty(a.shape(), DType::float64);
    Pace pace;
    for (std::int64_t i = 0; i < a.numel(); ++i) {
      pace.did(64);
      y.data<double>()[i] = slope(a.data<double>()[i], v.data<double>()[i]);
    }
    out = to(y, alpha.dtype(), alpha.device());
  }
  const Tensor inputs[] = {alpha, x};
  if (autograd::needs_grad(inputs))
    autograd::attach(out, op, inputs,
                     [](const Tensor&) -> std::vector<Tensor> { errors::no_derivative("standard_gamma"); });
  return out;
}

Tensor poisson(const Tensor& rate, Generator* g) {
  constexpr const char* op = "poisson";
  const NoGrad guard;
  const Tensor r = on_host(op, rate);
  check_parameter(op, "rates must be finite and not negative", r, logical_and(ge(r, 0), isfinite(r)));
  const Tensor y = empty(r.shape(), DType::float64);
  Generator& from = chosen(g);
  const std::uint64_t seed = from.seed(), first = from.advance(r.numel());
  Pace pace;
  for (std::int64_t i = 0; i < r.numel(); ++i) {
    pace.did(4);
    y.data<double>()[i] =
        poisson_of(r.data<double>()[i], {seed, first + static_cast<std::uint64_t>(i), Words::poisson});
  }
  return to(y, rate.dtype(), rate.device());
}

Tensor binomial(const Tensor& count, const Tensor& prob, Generator* g) {
  constexpr const char* op = "binomial";
  const NoGrad guard;
  if (count.device() != prob.device()) errors::device_mismatch(op, count.device(), prob.device());
  const Dims shape = broadcast_shapes(op, count.shape(), prob.shape());
  const Tensor n = on_host(op, expand(count, shape)), p = on_host(op, expand(prob, shape));
  check_parameter(op, "counts must be whole numbers, finite and not negative", n,
                  logical_and(ge(n, 0), logical_and(isfinite(n), eq(n, floor(n)))));
  check_parameter(op, "probabilities must lie between 0 and 1", p, logical_and(ge(p, 0), le(p, 1)));
  const Tensor y = empty(shape, DType::float64);
  Generator& from = chosen(g);
  const std::uint64_t seed = from.seed(), first = from.advance(y.numel());
  Pace pace;
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    pace.did(4);
    y.data<double>()[i] = binomial_of(n.data<double>()[i], p.data<double>()[i],
                                      {seed, first + static_cast<std::uint64_t>(i), Words::binomial});
  }
  return to(y, count.dtype(), count.device());
}

}  // namespace tenon
