// Fills one SIMD target's part of the kernel table for a group of dtype rules. Included once per target by
// Highway's foreach_target from each elementwise_<group>.cc; the loops vectorise for the target by themselves.
#if defined(TENON_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_ELEMENTWISE_INL_H_
#undef TENON_ELEMENTWISE_INL_H_
#else
#define TENON_ELEMENTWISE_INL_H_
#endif

#include <hwy/highway.h>

#include "backends/cpu/kernels.h"
#include "backends/cpu/math-inl.h"
#include "backends/scalar/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// A bool is a byte, and one that was borrowed may hold any: all but 0 are true. (A load as bool would be undefined.)
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
template <class T>
HWY_INLINE T loaded(Stored<T> x) {
  if constexpr (std::is_same_v<T, bool>) return x != 0;
  else return x;
}

// ivdep: an output that is also an input is read and written at the same index only.
template <class F, class In, class Out>
void unary_kernel(const void* const* in, void* out, std::int64_t n) {
  const auto* a = static_cast<const Stored<In>*>(in[0]);
  Out* o = static_cast<Out*>(out);
  if constexpr (std::is_same_v<In, float> && requires { &Wide<F>::of; }) {
    map_wide<F>(a, o, n);
  } else if constexpr (requires { requires scalar::PartlyVectorised<typename F::mapped, In>; }) {
    scalar::map<typename F::mapped>(a, o, n);
  } else {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) o[i] = static_cast<Out>(F{}(loaded<In>(a[i])));
  }
}
template <class F, class In, class Out>
void binary_kernel(const void* const* in, void* out, std::int64_t n) {
  const auto *a = static_cast<const Stored<In>*>(in[0]), *b = static_cast<const Stored<In>*>(in[1]);
  Out* o = static_cast<Out*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = static_cast<Out>(F{}(loaded<In>(a[i]), loaded<In>(b[i])));
}
template <class F, class First, class In>
void ternary_kernel(const void* const* in, void* out, std::int64_t n) {
  const auto* a = static_cast<const Stored<First>*>(in[0]);
  const auto *b = static_cast<const Stored<In>*>(in[1]), *c = static_cast<const Stored<In>*>(in[2]);
  In* o = static_cast<In*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i)
    o[i] = static_cast<In>(F{}(loaded<First>(a[i]), loaded<In>(b[i]), loaded<In>(c[i])));
}

// A choice by bits: the condition, widened to the elements' size, is a mask. (As a select, its other width
// would keep the loop from vectorising.)
template <class Bits>
void select_kernel(const void* const* in, void* out, std::int64_t n) {
  using Word [[gnu::may_alias]] = Bits;
  const auto* a = static_cast<const std::uint8_t*>(in[0]);
  const Word *b = static_cast<const Word*>(in[1]), *c = static_cast<const Word*>(in[2]);
  Word* o = static_cast<Word*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    const Bits mask = static_cast<Bits>(Bits(0) - static_cast<Bits>(a[i] != 0));
    o[i] = static_cast<Bits>((b[i] & mask) | (c[i] & static_cast<Bits>(~mask)));
  }
}

template <class T>
struct real_of_ {
  using type = T;
};
template <class T>
struct real_of_<complex<T>> {
  using type = T;
};

template <class... T>
struct Types {};
using Bool = Types<bool>;
using Signed = Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t>;
using Unsigned = Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using Floats = Types<float, double>;
using Complexes = Types<complex64, complex128>;

// What a kernel of the rule returns where it computes in T.
template <Rule R, class T>
using Result = std::conditional_t<info(R).returns == Returns::boolean, bool,
                                  std::conditional_t<info(R).returns == Returns::real, typename real_of_<T>::type, T>>;

template <class F, Op O, int Arity, Rule R, class T>
void add_kernel(KernelTable& t) {
  using Out = Result<R, T>;
  Kernel& k = t.elementwise[static_cast<int>(O)][static_cast<int>(dtype_of<T>)];
  if constexpr (Arity == 1) k = &unary_kernel<F, T, Out>;
  else if constexpr (Arity == 2) k = &binary_kernel<F, T, Out>;
  else if constexpr (R == Rule::select && sizeof(T) == 1) k = &select_kernel<std::uint8_t>;
  else if constexpr (R == Rule::select && sizeof(T) == 2) k = &select_kernel<std::uint16_t>;
  else if constexpr (R == Rule::select && sizeof(T) == 4) k = &select_kernel<std::uint32_t>;
  else if constexpr (R == Rule::select && sizeof(T) == 8) k = &select_kernel<std::uint64_t>;
  else k = &ternary_kernel<F, std::conditional_t<R == Rule::select, bool, T>, T>;
}
template <class F, Op O, int Arity, Rule R, class... T>
void add_kernels(KernelTable& t, Types<T...>) {
  (add_kernel<F, O, Arity, R, T>(t), ...);
}
template <class F, Op O, int Arity, Rule R>
void add_op(KernelTable& t) {
  constexpr const RuleInfo& rule = info(R);
  if constexpr (rule.bools) add_kernels<F, O, Arity, R>(t, Bool{});
  if constexpr (rule.integers) {
    add_kernels<F, O, Arity, R>(t, Signed{});
    add_kernels<F, O, Arity, R>(t, Unsigned{});
  }
  if constexpr (rule.floats) add_kernels<F, O, Arity, R>(t, Floats{});
  if constexpr (rule.complexes) add_kernels<F, O, Arity, R>(t, Complexes{});
}

// The rows of the table whose rule is in the group.
template <class Group>
void add_rows(KernelTable& t) {
#define UNARY(name, rule, ...) \
  if constexpr (Group::has(Rule::rule)) add_op<scalar::ops::name, Op::name, 1, Rule::rule>(t);
#define BINARY(name, rule, ...) \
  if constexpr (Group::has(Rule::rule)) add_op<scalar::ops::name, Op::name, 2, Rule::rule>(t);
#define TERNARY(name, rule, ...) \
  if constexpr (Group::has(Rule::rule)) add_op<scalar::ops::name, Op::name, 3, Rule::rule>(t);
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
