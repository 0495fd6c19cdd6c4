// Loops over every function of scalar/math.h, compiled for each SIMD target, for the test and the benchmark.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backends/cpu/kernels.h"
#include "backends/scalar/math.h"

namespace tenon::scalar {

template <class T> using Loop = void (*)(const T* x, const T* y, T* out, std::int64_t n);

struct Function {
  std::string_view name;
  int arity;
  Loop<float> float_loop;
  Loop<double> double_loop;
};

struct Target {
  const char* name;
  bool available;
  std::vector<Function> functions;
};

// clang-format off
#define FOR_EACH_FUNCTION(UNARY, PARTLY, BINARY) \
  UNARY(exp) UNARY(exp2) UNARY(expm1) UNARY(log) UNARY(log2) UNARY(log10) UNARY(log1p) PARTLY(sin, Sin) PARTLY(cos, Cos) \
  PARTLY(tan, Tan) UNARY(asin) UNARY(acos) UNARY(atan) BINARY(atan2) UNARY(sinh) UNARY(cosh) UNARY(tanh) UNARY(asinh) \
  UNARY(acosh) UNARY(atanh) BINARY(pow) BINARY(hypot) UNARY(cbrt) UNARY(erf) UNARY(erfc) UNARY(erfinv) UNARY(lgamma) \
  UNARY(digamma) UNARY(i0) UNARY(i0e) UNARY(i1) UNARY(i1e) UNARY(sigmoid) UNARY(silu) PARTLY(gelu, Gelu) \
  PARTLY(gelu_slope, GeluSlope) PARTLY(gelu_tanh, GeluTanh) PARTLY(gelu_tanh_slope, GeluTanhSlope) UNARY(softplus) \
  UNARY(logit) BINARY(logaddexp) UNARY(sinc) UNARY(rint) UNARY(trunc) UNARY(floor) UNARY(ceil) BINARY(copysign) BINARY(nextafter)
// clang-format on

#define UNARY_LOOP(f)                                                                             \
  template <class T> void f(const T* __restrict x, const T*, T* __restrict out, std::int64_t n) { \
    for (std::int64_t i = 0; i < n; i++) out[i] = scalar::f(x[i]);                                \
  }
#define PARTLY_LOOP(f, F)                                                                         \
  template <class T> void f(const T* __restrict x, const T*, T* __restrict out, std::int64_t n) { \
    if constexpr (PartlyVectorised<F, T>) scalar::map<F>(x, out, n);                              \
    else                                                                                          \
      for (std::int64_t i = 0; i < n; i++) out[i] = scalar::f(x[i]);                              \
  }
#define BINARY_LOOP(f)                                                                                         \
  template <class T> void f(const T* __restrict x, const T* __restrict y, T* __restrict out, std::int64_t n) { \
    for (std::int64_t i = 0; i < n; i++) out[i] = scalar::f(x[i], y[i]);                                       \
  }
#define UNARY_ROW(f) {#f, 1, f<float>, f<double>},
#define PARTLY_ROW(f, F) {#f, 1, f<float>, f<double>},
#define BINARY_ROW(f) {#f, 2, f<float>, f<double>},
#define DEFINE_LOOPS                                      \
  FOR_EACH_FUNCTION(UNARY_LOOP, PARTLY_LOOP, BINARY_LOOP) \
  inline std::vector<Function> functions() { return {FOR_EACH_FUNCTION(UNARY_ROW, PARTLY_ROW, BINARY_ROW)}; }

namespace sse4 {
DEFINE_LOOPS
}
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
DEFINE_LOOPS
}
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")
namespace avx512 {
DEFINE_LOOPS
}
#pragma GCC pop_options

// What the library runs on this CPU, for functions of which a target has a form of its own (cpu/math-inl.h).
namespace library {
template <Op op, class T> void loop(const T* x, const T* y, T* out, std::int64_t n) {
  const void* in[] = {x, y};
  cpu::kernels().elementwise[static_cast<int>(op)][static_cast<int>(dtype_of<T>)](in, out, n);
}
#define LIBRARY_ROW(f) {#f, 1, loop<Op::f, float>, loop<Op::f, double>},
inline std::vector<Function> functions() {
  // clang-format off
  return {LIBRARY_ROW(exp) LIBRARY_ROW(exp2) LIBRARY_ROW(expm1) LIBRARY_ROW(log) LIBRARY_ROW(log2) LIBRARY_ROW(log10) LIBRARY_ROW(log1p)
          LIBRARY_ROW(sin) LIBRARY_ROW(cos) LIBRARY_ROW(tan) LIBRARY_ROW(asin) LIBRARY_ROW(acos) LIBRARY_ROW(atan) LIBRARY_ROW(sinh) LIBRARY_ROW(cosh)
          LIBRARY_ROW(tanh) LIBRARY_ROW(asinh) LIBRARY_ROW(acosh) LIBRARY_ROW(atanh) LIBRARY_ROW(sigmoid) LIBRARY_ROW(sqrt) LIBRARY_ROW(cbrt)};
  // clang-format on
}
}  // namespace library

inline std::vector<Target> targets() {
  return {{"sse4", true, sse4::functions()},
          {"avx2", bool(__builtin_cpu_supports("avx2")) && bool(__builtin_cpu_supports("fma")), avx2::functions()},
          {"avx512", bool(__builtin_cpu_supports("avx512dq")) && bool(__builtin_cpu_supports("avx512vl")),
           avx512::functions()},
          {"library", true, library::functions()}};
}

}  // namespace tenon::scalar
