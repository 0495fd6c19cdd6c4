// What the C++ tests share: small tensors, their values, their layouts, and the messages of errors.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

template <class T>
Tensor tensor(const std::vector<T>& values, const Dims& shape) {
  Tensor t = empty(shape, dtype_of<T>);
  EXPECT_EQ(t.numel(), static_cast<std::int64_t>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) t.data<T>()[i] = values[i];
  return t;
}
template <class T>
Tensor tensor(const std::vector<T>& values) {
  return tensor(values, Dims{static_cast<std::int64_t>(values.size())});
}
inline Tensor doubles(const std::vector<double>& v) { return tensor<double>(v); }
inline Tensor doubles(const std::vector<double>& v, const Dims& shape) { return tensor<double>(v, shape); }

// Calls f(pointer to the element) for each element in row-major order, by index arithmetic alone.
template <class F>
void each_element(const Tensor& t, F&& f) {
  Dims index(t.ndim(), 0);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t at = 0;
    for (int d = 0; d < t.ndim(); ++d) at += index[d] * t.strides()[d];
    f(t.data() + at * t.itemsize());
    for (int d = t.ndim() - 1; d >= 0 && ++index[d] == t.shape()[d]; --d) index[d] = 0;
  }
}
inline std::vector<Scalar> scalars(const Tensor& t) {
  std::vector<Scalar> out;
  each_element(t, [&](const char* p) { out.push_back(Scalar::load(t.dtype(), p)); });
  return out;
}
template <class T = double>
std::vector<T> values(const Tensor& t) {
  std::vector<T> out;
  for (const Scalar& s : scalars(t)) out.push_back(s.to<T>());
  return out;
}

// 0, 1, 2, ... in this shape.
inline Tensor counting(const Dims& shape, DType dtype = DType::float64) {
  return arange(0, shape.product(), 1, dtype).reshape(shape);
}
inline Tensor uniform(const Dims& shape, double low, double high, std::uint64_t seed, DType dtype = DType::float64) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(low, high);
  Tensor t = empty(shape, DType::complex128);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<complex128>()[i] = {draw(random), draw(random)};
  return is_complex(dtype) ? t.to(dtype) : real(t).to(dtype).contiguous();
}

template <class E = Error, class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const E& e) { return e.what(); } catch (const std::exception& e) {
    ADD_FAILURE() << "another type of error: " << e.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace tenon::test
