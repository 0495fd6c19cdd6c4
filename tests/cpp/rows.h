// What tests of sorting and selection share: rows in patterns that are hard to sort.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "tenon/ops.h"

namespace tenon::rows {

inline Tensor of(std::vector<double> v, DType dtype = DType::float64) {
  Tensor t = empty(Dims{static_cast<std::int64_t>(v.size())}, DType::float64);
  std::copy(v.begin(), v.end(), t.data<double>());
  return to(t, dtype);
}
inline std::vector<double> values(const Tensor& t) {
  const Tensor d = contiguous(to(t.detach(), DType::float64));
  return {d.data<double>(), d.data<double>() + d.numel()};
}
using List = std::vector<double>;

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

// What a row may look like: at(i, n) of small integers, which every dtype holds.
using Pattern = int (*)(std::int64_t i, std::int64_t n);
inline constexpr Pattern kPatterns[] = {
    [](std::int64_t i, std::int64_t) { return static_cast<int>(i * 7919 % 127); },
    [](std::int64_t i, std::int64_t n) { return static_cast<int>(i * 127 / n); },
    [](std::int64_t i, std::int64_t n) { return static_cast<int>((n - 1 - i) * 127 / n); },
    [](std::int64_t, std::int64_t) { return 5; },
    [](std::int64_t i, std::int64_t) { return static_cast<int>(i & 1); },
    [](std::int64_t i, std::int64_t n) { return i == n / 2 ? 1 : 0; },
    [](std::int64_t i, std::int64_t n) { return static_cast<int>(std::min(i, n - 1 - i) % 127); },
    [](std::int64_t i, std::int64_t) { return static_cast<int>(i % 16); },
};

// Rows of n elements in the pattern, each row one above the last.
template <class T>
void fill(const Tensor& t, Pattern at, std::int64_t n) {
  for (std::int64_t k = 0; k < t.numel(); ++k) {
    const std::int64_t row = k / n;
    t.data<T>()[k] = static_cast<T>(static_cast<double>(at(k % n, n) + row));
  }
}

template <class T>
bool comes_before(T a, T b) {
  if constexpr (std::is_arithmetic_v<T>) return a < b || (b != b && a == a);
  else if constexpr (requires { a.im; }) return comes_before(a.re, b.re);
  else return comes_before(static_cast<float>(a), static_cast<float>(b));
}

}  // namespace tenon::rows
