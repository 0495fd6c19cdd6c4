// The loops of chains.h, and which steps they stand for.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/chains.cc"
#include "backends/cpu/targets.h"

#include <hwy/highway.h>

#include <algorithm>

#include "backends/cpu/chains.h"
#include "backends/scalar/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class T>
struct ScaledStep {  // c / (sqrt(a) + b) * d + e: an optimizer's step
  HWY_INLINE T operator()(T a, T b, T c, T d, T e) const {
    return scalar::ops::muladd{}(T(c / (scalar::ops::sqrt{}(a) + b)), d, e);
  }
};
template <class T>
struct MeanSquare {  // (a * b) * e + c * d: the average of squares
  HWY_INLINE T operator()(T a, T b, T c, T d, T e) const { return scalar::ops::muladd{}(T(a * b), e, T(c * d)); }
};

template <class T>
struct AddedProduct {  // a * b * c + d: addcmul
  HWY_INLINE T operator()(T a, T b, T c, T d) const { return scalar::ops::muladd{}(c, T(a * b), d); }
};
template <class T>
struct AddedQuotient {  // a / b * c + d: addcdiv
  HWY_INLINE T operator()(T a, T b, T c, T d) const { return scalar::ops::muladd{}(c, T(a / b), d); }
};
template <class T>
struct TanhSlope {  // c * (b - a²): the gradient of tanh, by its result
  HWY_INLINE T operator()(T a, T b, T c) const { return c * (b - a * a); }
};

// b · F(a): the gradient of an activation with a derivative of its own.
template <class F, class T>
void slope(const void* const* in, void* out, std::int64_t n) {
  const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[1]);
  T* o = static_cast<T*>(out);
  if constexpr (scalar::PartlyVectorised<typename F::mapped, T>) {
    if (o != b) return scalar::map<typename F::mapped>(a, o, n, [b](T y, std::int64_t i) { return b[i] * y; });
  }
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = b[i] * F{}(a[i]);
}

template <class F, class T>
void three(const void* const* in, void* out, std::int64_t n) {
  const auto at = [&](int i) { return static_cast<const T*>(in[i]); };
  const T *a = at(0), *b = at(1), *c = at(2);
  T* o = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = F{}(a[i], b[i], c[i]);
}
template <class F, class T>
void four(const void* const* in, void* out, std::int64_t n) {
  const auto at = [&](int i) { return static_cast<const T*>(in[i]); };
  const T *a = at(0), *b = at(1), *c = at(2), *d = at(3);
  T* o = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = F{}(a[i], b[i], c[i], d[i]);
}
template <class F, class T>
void five(const void* const* in, void* out, std::int64_t n) {
  const auto at = [&](int i) { return static_cast<const T*>(in[i]); };
  const T *a = at(0), *b = at(1), *c = at(2), *d = at(3), *e = at(4);
  T* o = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = F{}(a[i], b[i], c[i], d[i], e[i]);
}

std::span<const Chain> all_chains() {
  static constexpr Chain all[] = {
      {4,
       5,
       {Op::sqrt, Op::add, Op::div, Op::muladd},
       {{0}, {~0, 1}, {2, ~1}, {~2, 3, 4}},
       &five<ScaledStep<float>, float>,
       &five<ScaledStep<double>, double>},
      {3,
       5,
       {Op::mul, Op::mul, Op::muladd},
       {{0, 1}, {2, 3}, {~0, 4, ~1}},
       &five<MeanSquare<float>, float>,
       &five<MeanSquare<double>, double>},
      {3,
       3,
       {Op::square, Op::sub, Op::mul},
       {{0}, {1, ~0}, {2, ~1}},
       &three<TanhSlope<float>, float>,
       &three<TanhSlope<double>, double>},
      {2,
       4,
       {Op::mul, Op::muladd},
       {{0, 1}, {2, ~0, 3}},
       &four<AddedProduct<float>, float>,
       &four<AddedProduct<double>, double>},
      {2,
       4,
       {Op::div, Op::muladd},
       {{0, 1}, {2, ~0, 3}},
       &four<AddedQuotient<float>, float>,
       &four<AddedQuotient<double>, double>},
      {2,
       2,
       {Op::gelu_slope, Op::mul},
       {{0}, {1, ~0}},
       &slope<scalar::ops::gelu_slope, float>,
       &slope<scalar::ops::gelu_slope, double>},
      {2,
       2,
       {Op::gelu_tanh_slope, Op::mul},
       {{0}, {1, ~0}},
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
  const int last = first + chain.steps - 1;
  const auto between = [&](int r) { return r >= first && r < last; };
  for (int s = step + chain.steps; s < c.steps; ++s)
    for (int k = 0; k < info(c.step[s].op).arity; ++k)
      if (between(c.step[s].in[k])) return false;
  for (int j = 0; j < c.outputs; ++j)
    if (between(c.output[j])) return false;
  return true;
}
}  // namespace tenon::cpu
#endif
