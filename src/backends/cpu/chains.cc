// The loops of chains.h, and which steps they stand for.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/chains.cc"
#include "backends/cpu/targets.h"

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "backends/cpu/chains.h"
#include "backends/scalar/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// c / y of floats by a reciprocal's guess, a step of Newton's and the quotient's remainder: a division takes three times
// as long, and the processor's divider is busy with roots. Where that could overflow or lose digits the division itself;
// each element for itself, since results must not depend on their neighbours.
template <class D, class V>
HWY_INLINE V quotient([[maybe_unused]] D d, V c, V y) {
#if HWY_NATIVE_FMA
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    const V low = hn::Set(d, 0x1p-60f), high = hn::Set(d, 0x1p60f), size = hn::Abs(c);
    V r = hn::ApproximateReciprocal(y);
    r = hn::MulAdd(hn::NegMulAdd(y, r, hn::Set(d, 1.0f)), r, r);
    V q = hn::Mul(c, r);
    q = hn::MulAdd(hn::NegMulAdd(q, y, c), r, q);
    const auto usual =
        hn::And(hn::And(hn::Ge(y, low), hn::Le(y, high)), hn::And(hn::Ge(size, low), hn::Le(size, high)));
    if (HWY_LIKELY(hn::AllTrue(d, usual))) return q;
    return hn::IfThenElse(usual, q, hn::Div(c, y));
  }
#endif
  return hn::Div(c, y);
}

struct ScaledStep {  // c / (sqrt(a) + b) * d + e: an optimizer's step
  template <class D, class V>
  static HWY_INLINE void run(D d, const V (&in)[5], V (&out)[1]) {
    out[0] = hn::MulAdd(quotient(d, in[2], hn::Add(hn::Sqrt(in[0]), in[1])), in[3], in[4]);
  }
};
struct MeanSquare {  // (a * b) * e + c * d: the average of squares
  template <class D, class V>
  static HWY_INLINE void run(D, const V (&in)[5], V (&out)[1]) {
    out[0] = hn::MulAdd(hn::Mul(in[0], in[1]), in[4], hn::Mul(in[2], in[3]));
  }
};
struct Adam {  // the averages of the gradient and of its square, and the step: all of Adam's but its decay
  template <class D, class V>
  static HWY_INLINE void run(D d, const V (&in)[9], V (&out)[3]) {
    const V mean = in[0], gradient = in[1], rest1 = in[2];
    out[0] = hn::MulAdd(rest1, hn::Sub(gradient, mean), mean);
    MeanSquare::run(d, {gradient, in[3], in[4], in[5], gradient}, reinterpret_cast<V(&)[1]>(out[1]));
    ScaledStep::run(d, {out[1], in[6], out[0], in[7], in[8]}, reinterpret_cast<V(&)[1]>(out[2]));
  }
};

struct AddedProduct {  // a * b * c + d: addcmul
  template <class D, class V>
  static HWY_INLINE void run(D, const V (&in)[4], V (&out)[1]) {
    out[0] = hn::MulAdd(in[2], hn::Mul(in[0], in[1]), in[3]);
  }
};
struct AddedQuotient {  // a / b * c + d: addcdiv
  template <class D, class V>
  static HWY_INLINE void run(D, const V (&in)[4], V (&out)[1]) {
    out[0] = hn::MulAdd(in[2], hn::Div(in[0], in[1]), in[3]);
  }
};
struct TanhSlope {  // c * (b - a²): the gradient of tanh, by its result
  template <class D, class V>
  static HWY_INLINE void run(D, const V (&in)[3], V (&out)[1]) {
    out[0] = hn::Mul(in[2], hn::NegMulAdd(in[0], in[0], in[1]));
  }
};

template <class F, class T, int Inputs, int Outputs>
void loop(const void* const* in, void* const* out, std::int64_t n) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const T* from[Inputs];
  T* to[Outputs];
#pragma GCC unroll 16
  for (int k = 0; k < Inputs; ++k) from[k] = static_cast<const T*>(in[k]);
#pragma GCC unroll 16
  for (int k = 0; k < Outputs; ++k) to[k] = static_cast<T*>(out[k]);
  V x[Inputs], y[Outputs];
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
#pragma GCC unroll 16
    for (int k = 0; k < Inputs; ++k) x[k] = hn::LoadU(d, from[k] + i);
    F::run(d, x, y);
#pragma GCC unroll 16
    for (int k = 0; k < Outputs; ++k) hn::StoreU(y[k], d, to[k] + i);
  }
  if (i == n) return;
  const std::size_t rest = static_cast<std::size_t>(n - i) * sizeof(T);  // by the same code: the bits must not differ
  T edge[HWY_MAX_BYTES / sizeof(T)] = {};
#pragma GCC unroll 16
  for (int k = 0; k < Inputs; ++k) {
    std::memcpy(edge, from[k] + i, rest);
    x[k] = hn::LoadU(d, edge);
  }
  F::run(d, x, y);
#pragma GCC unroll 16
  for (int k = 0; k < Outputs; ++k) {
    hn::StoreU(y[k], d, edge);
    std::memcpy(to[k] + i, edge, rest);
  }
}

// b · F(a): the gradient of an activation with a derivative of its own.
template <class F, class T>
void slope(const void* const* in, void* const* out, std::int64_t n) {
  const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
  T* o = static_cast<T*>(out[0]);
  if constexpr (scalar::PartlyVectorised<typename F::mapped, T>) {
    if (o != b) return scalar::map<typename F::mapped>(a, o, n, [b](T y, std::int64_t i) { return b[i] * y; });
  }
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = b[i] * F{}(a[i]);
}

std::span<const Chain> all_chains() {
  static constexpr Chain all[] = {
      {8,
       9,
       3,
       {Op::lerp, Op::mul, Op::mul, Op::muladd, Op::sqrt, Op::add, Op::div, Op::muladd},
       {{0, 1, 2}, {1, 3}, {4, 5}, {~1, 1, ~2}, {~3}, {~4, 6}, {~0, ~5}, {~6, 7, 8}},
       {0, 3, 7},
       &loop<Adam, float, 9, 3>,
       &loop<Adam, double, 9, 3>},
      {4,
       5,
       1,
       {Op::sqrt, Op::add, Op::div, Op::muladd},
       {{0}, {~0, 1}, {2, ~1}, {~2, 3, 4}},
       {3},
       &loop<ScaledStep, float, 5, 1>,
       &loop<ScaledStep, double, 5, 1>},
      {3,
       5,
       1,
       {Op::mul, Op::mul, Op::muladd},
       {{0, 1}, {2, 3}, {~0, 4, ~1}},
       {2},
       &loop<MeanSquare, float, 5, 1>,
       &loop<MeanSquare, double, 5, 1>},
      {3,
       3,
       1,
       {Op::square, Op::sub, Op::mul},
       {{0}, {1, ~0}, {2, ~1}},
       {2},
       &loop<TanhSlope, float, 3, 1>,
       &loop<TanhSlope, double, 3, 1>},
      {2,
       4,
       1,
       {Op::mul, Op::muladd},
       {{0, 1}, {2, ~0, 3}},
       {1},
       &loop<AddedProduct, float, 4, 1>,
       &loop<AddedProduct, double, 4, 1>},
      {2,
       4,
       1,
       {Op::div, Op::muladd},
       {{0, 1}, {2, ~0, 3}},
       {1},
       &loop<AddedQuotient, float, 4, 1>,
       &loop<AddedQuotient, double, 4, 1>},
      {2,
       2,
       1,
       {Op::gelu_slope, Op::mul},
       {{0}, {1, ~0}},
       {1},
       &slope<scalar::ops::gelu_slope, float>,
       &slope<scalar::ops::gelu_slope, double>},
      {2,
       2,
       1,
       {Op::gelu_tanh_slope, Op::mul},
       {{0}, {1, ~0}},
       {1},
       &slope<scalar::ops::gelu_tanh_slope, float>,
       &slope<scalar::ops::gelu_tanh_slope, double>},
  };
  return all;
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(all_chains);
std::span<const Chain> chains() {
  static const std::span<const Chain> all = HWY_DYNAMIC_DISPATCH(all_chains)();
  return all;
}

bool matches(const Chain& chain, const ProgramCall& c, int step, std::uint8_t (&in)[kMaxChainInputs]) {
  if (step + chain.steps > c.steps) return false;
  const int first = c.inputs + c.numbers + step;  // the register of the chain's first result
  bool bound[kMaxChainInputs] = {};
  for (int s = 0; s < chain.steps; ++s) {
    const Step& given = c.step[step + s];
    if (given.op != chain.op[s] || c.register_dtype[first + s] != c.register_dtype[first]) return false;
    for (int k = 0; k < info(given.op).arity; ++k) {
      const int wanted = chain.in[s][k], r = given.in[k];
      if (wanted < 0) {
        if (r != first + ~wanted) return false;
      } else if (bound[wanted] ? in[wanted] != r : r >= first) {
        return false;
      } else {
        in[wanted] = static_cast<std::uint8_t>(r);
        bound[wanted] = true;
      }
    }
  }
  const auto between = [&](int r) {
    return r >= first && r < first + chain.steps &&
           std::find(chain.kept, chain.kept + chain.outputs, r - first) == chain.kept + chain.outputs;
  };
  for (int s = step + chain.steps; s < c.steps; ++s)
    for (int k = 0; k < info(c.step[s].op).arity; ++k)
      if (between(c.step[s].in[k])) return false;
  for (int j = 0; j < c.outputs; ++j)
    if (between(c.output[j])) return false;
  return true;
}
}  // namespace tenon::cpu
#endif
