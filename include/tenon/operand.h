// What elementwise operations take: a tensor or a number.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "tenon/complex.h"
#include "tenon/scalar.h"

namespace tenon {

class Tensor;
enum class Op : std::uint8_t;  // a row of elementwise.def; tenon/op.h has the enumerators

// A C++ number: real, or complex128, complex64 or std::complex<double>.
template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_convertible_v<T, complex128>;

// An operand: a tensor, which it refers to and which outlives it, or a number that takes part weakly in promotion.
class Operand {
 public:
  Operand(const Tensor& t) : tensor_(&t) {}
  Operand(const Scalar& s) : scalar_(s) {}
  template <Number T>
  Operand(T v) {
    if constexpr (std::is_arithmetic_v<T>) scalar_ = v;
    else scalar_ = complex128(v);
  }

  bool is_tensor() const { return tensor_ != nullptr; }
  const Tensor& tensor() const { return *tensor_; }
  const Scalar& scalar() const { return scalar_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar scalar_;
};

}  // namespace tenon
