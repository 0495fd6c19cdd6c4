// How well numbers fit a distribution.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace tenon::test {

// Kolmogorov's and Smirnov's distance of numbers from a continuous distribution, times the root of their number: above 1.95 once
// in 1000 times, above 2.3 once in 20000.
template <class F>
double kolmogorov(std::vector<double> x, F&& distribution) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double d = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = distribution(x[i]);
    d = std::max({d, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return d * std::sqrt(n);
}

// Pearson's chi-squared of whole numbers >= 0 against the probability of each, in bins of 25 expected numbers or more, as a
// normal number (Wilson and Hilferty 1931): above 4 once in 30000 times.
template <class F>
double chi_squared(const std::vector<double>& x, F&& probability) {
  const auto n = static_cast<double>(x.size());
  const double last = *std::max_element(x.begin(), x.end());
  std::vector<double> counts(static_cast<std::size_t>(last) + 1);
  for (double v : x) ++counts[static_cast<std::size_t>(v)];
  double chi = 0, seen = 0, expected = 0, left = n;
  int bins = 0;
  const auto close = [&](double wanted) {
    if (wanted > 0) chi += (seen - wanted) * (seen - wanted) / wanted, ++bins;
    seen = expected = 0;
  };
  for (double k = 0; k <= last; ++k) {
    const double share = n * probability(k);
    expected += share, left -= share;
    seen += counts[static_cast<std::size_t>(k)];
    if (expected >= 25 && left >= 25) close(expected);
  }
  close(expected + std::max(left, 0.0));  // and all above
  const double spread = 2 / (9.0 * std::max(bins - 1, 1));
  return (std::cbrt(chi / std::max(bins - 1, 1)) - (1 - spread)) / std::sqrt(spread);
}

// Whether mean and variance lie within 5 standard errors, by the distribution's variance and fourth central moment.
inline bool moments_fit(const std::vector<double>& x, double mean, double variance, double fourth) {
  const auto n = static_cast<double>(x.size());
  double m = 0, v = 0;
  for (double y : x) m += (y - mean) / n;
  for (double y : x) v += (y - mean) * (y - mean) / n;
  return std::abs(m) <= 5 * std::sqrt(variance / n) &&
         std::abs(v - variance) <= 5 * std::sqrt((fourth - variance * variance) / n) + 1e-9 * variance;
}

}  // namespace tenon::test
