// How an elementwise program (program.h) is written: as a function of values, with the names of the primitives.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

#include "tenon/autograd.h"
#include "tenon/op.h"
#include "tenon/program.h"

namespace tenon {

// What a program is written with. (A namespace of its own: its functions are found for values alone.)
namespace steps {

class Builder;

// A value in a program that is being written: an argument, a number or the result of a step.
class Value {
 public:
  template <Number T>
  Value(T number) : number_(number) {}
  bool is_complex() const;  // whether the program is one over complex numbers

 private:
  friend class Builder;
  Value(Builder* builder, std::uint8_t id) : builder_(builder), id_(id) {}
  Builder* builder_ = nullptr;  // null: a number
  std::uint8_t id_ = 0;
  Scalar number_;
};

// Notes the steps. Equal steps and equal numbers become one.
class TENON_API Builder {
 public:
  // arguments: how many. masks: which of them are bools, as bits. complex: what cj() means.
  Builder(const char* name, int arguments, std::uint32_t masks, bool complex);
  Value argument(int i);
  Program finish(std::span<const Value> outputs);
  bool complex() const { return complex_; }
  // Throws RuntimeError beyond the limits of step.h.
  static Value step(Op op, std::initializer_list<const Value*> in);

 private:
  std::uint8_t id(const Value& v);
  Program program_;
  bool complex_;
};

// The primitives over values: add(a, b), where(gt(x, 0), x, 0) and so on.
#define UNARY(name, ...) \
  inline Value name(const Value& x) { return Builder::step(Op::name, {&x}); }
#define BINARY(name, ...) \
  inline Value name(const Value& a, const Value& b) { return Builder::step(Op::name, {&a, &b}); }
#define TERNARY(name, ...) \
  inline Value name(const Value& a, const Value& b, const Value& c) { return Builder::step(Op::name, {&a, &b, &c}); }
#include "tenon/elementwise.names"
#undef UNARY
#undef BINARY
#undef TERNARY

inline bool Value::is_complex() const { return builder_ && builder_->complex(); }
// The conjugate in a program over complex numbers, v itself in one over real ones.
inline Value cj(const Value& v) { return v.is_complex() ? conj(v) : v; }

}  // namespace steps

// The program of f, a function of N values that returns one, or an array of them.
template <std::size_t N, class F>
Program make_program(const char* name, F f, std::uint32_t masks = 0, bool complex = false) {
  steps::Builder builder(name, static_cast<int>(N), masks, complex);
  const auto outputs = [&]<std::size_t... I>(std::index_sequence<I...>) {
    return f(builder.argument(static_cast<int>(I))...);
  }(std::make_index_sequence<N>());
  if constexpr (std::is_same_v<std::remove_cv_t<decltype(outputs)>, steps::Value>) return builder.finish({&outputs, 1});
  else return builder.finish(outputs);
}

namespace detail {
inline bool needs_grad(const Tensor& t) { return t.defined() && autograd::needs_grad(t); }
inline bool needs_grad(const Scalar&) { return false; }
inline bool holds_complex(const Tensor& t) { return t.defined() && is_complex(t.dtype()); }
inline bool holds_complex(const Scalar& s) { return s.is_complex(); }
}  // namespace detail

// f(in...), for tensors (undefined ones where f uses them not) and numbers: as a program, or where a gradient is
// recorded as single operations, whose gradients come from the table. f is a generic lambda without captures.
template <class F, class... In>
Tensor fused(const char* name, F f, const In&... in) {
  static const Program program = make_program<sizeof...(In)>(name, f);
  // One step is an operation, which has a shorter way for small tensors.
  if (program.steps < 2 || (detail::needs_grad(in) || ...)) return f(in...);
  const Operand arguments[] = {Operand(in)...};
  if ((detail::holds_complex(in) || ...)) {
    static const Program complex = make_program<sizeof...(In)>(name, f, 0, true);
    return run_program(complex, arguments);
  }
  return run_program(program, arguments);
}

}  // namespace tenon
