// The uniform elementwise primitives: their enumeration, dtype rules and C++ functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "tenon/tensor.h"

namespace tenon {

enum class Op : std::uint8_t {
#define UNARY(name, ...) name,
#define BINARY(name, ...) name,
#define TERNARY(name, ...) name,
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
  count
};

// Which dtypes an op takes, what it computes in and what it returns. float16 and bfloat16 compute in float32; float8
// is taken by logical and any alone.
//                    operands                       result
enum class Rule : std::uint8_t {
  arithmetic,     // all but float8                 the promoted dtype
  numeric,        // integers, floats, complex      the promoted dtype
  ordered,        // bool, integers, floats         the promoted dtype
  real,           // integers, floats               the promoted dtype
  integral,       // bool, integers                 the promoted dtype
  shift,          // integers                       the promoted dtype
  floating,       // floats, complex; integers and bool become the default float
  real_floating,  // floats; integers and bool become the default float
  magnitude,      // all but float8                 the promoted dtype, real for complex
  phase,          // floats, complex (as floating)  real
  compare,        // all but float8                 bool
  order,          // bool, integers, floats         bool
  logical,        // all, by truth value            bool
  classify,       // as floating                    bool
  order1,         // as real_floating               bool
  select,         // (bool or uint8, x, y)          the promoted dtype of x and y
  any,            // one operand, any dtype         the same
};

struct OpInfo {
  std::string_view name;
  int arity;
  Rule rule;
  std::string_view numpy_name;      // "" where NumPy has no such function
  std::string_view array_api_name;  // "" where the standard has none
  std::string_view doc;
};

// op's row of elementwise.def.
TENON_API const OpInfo& info(Op op);
inline constexpr int kOps = static_cast<int>(Op::count);

// What one call computes in and returns.
struct ElementwiseTypes {
  DType compute;      // of the kernel's operands
  DType kernel_out;   // of the kernel's result
  DType result;       // of the tensor
};
// Throws DtypeError where the rule refuses the promoted dtype.
TENON_API ElementwiseTypes elementwise_types(Op op, DType promoted);

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

// Runs one primitive: promotes, broadcasts, plans, computes and records the gradient. The result is new, its dimensions
// in memory in the order of the operands' where these agree. CPU tensors without dimensions may join tensors on a
// device. Throws ShapeError where shapes do not broadcast, DtypeError where the rule refuses a dtype, OverflowError for
// an integer out of the bounds of the dtype (comparisons take any), DeviceError for tensors on different devices.
//
// With out given, writes into it and returns it; out may be an operand or overlap one. Throws DtypeError if it is of a
// lower kind than the result, ShapeError unless it has the result's shape, GradError where a gradient would be
// recorded, ReadOnlyError, RuntimeError where elements of out share memory.
TENON_API Tensor elementwise(Op op, std::span<const Operand> operands, const Tensor* out = nullptr);
// self is the first operand and gets the result, converted to its dtype. Throws as elementwise with out, but records
// the gradient; GradError for a leaf that requires grad, or a view of one, while gradients are recorded.
TENON_API Tensor& elementwise_(Op op, Tensor& self, std::span<const Operand> others);

// tenon::add(a, b) and so on: for each row of elementwise.def, which says what it computes, elementwise() without out.
#define UNARY(name, ...) \
  inline Tensor name(const Operand& x) { return elementwise(Op::name, {&x, 1}); }
#define BINARY(name, ...)                                  \
  inline Tensor name(const Operand& a, const Operand& b) { \
    const Operand ab[] = {a, b};                           \
    return elementwise(Op::name, ab);                      \
  }
#define TERNARY(name, ...)                                                   \
  inline Tensor name(const Operand& a, const Operand& b, const Operand& c) { \
    const Operand abc[] = {a, b, c};                                         \
    return elementwise(Op::name, abc);                                       \
  }
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY

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
