// add(a, b), where(condition, a, b), lt(a, b) and so on: arithmetic, choice, comparison and logic. The rows say what each
// computes, op.h's elementwise() what is promoted, broadcast, recorded and refused.
#pragma once

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

#include "tenon/elementwise/declare.h"
#include "tenon/elementwise/arithmetic.names"
#include "tenon/elementwise/logic.names"
#include "tenon/elementwise/undeclare.h"

// add, sub, mul, div and neg.
inline Tensor operator+(const Tensor& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Operand& b) { return div(a, b); }
inline Tensor operator-(const Tensor& a) { return neg(a); }
template <Number T>
Tensor operator+(T a, const Tensor& b) {
  return add(a, b);
}
template <Number T>
Tensor operator-(T a, const Tensor& b) {
  return sub(a, b);
}
template <Number T>
Tensor operator*(T a, const Tensor& b) {
  return mul(a, b);
}
template <Number T>
Tensor operator/(T a, const Tensor& b) {
  return div(a, b);
}

}  // namespace tenon
