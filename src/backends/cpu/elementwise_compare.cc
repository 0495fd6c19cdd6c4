// Kernels of CompareRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_compare.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"
#include "backends/scalar/mixed.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class F, class A, class B>
void mixed_kernel(const void* const* in, void* out, std::int64_t n) {
  const auto* a = static_cast<const A*>(in[0]);
  const auto* b = static_cast<const B*>(in[1]);
  auto* o = static_cast<bool*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) o[i] = scalar::mixed<F>(a[i], b[i]);
}
template <Kernel K>
void swapped(const void* const* in, void* out, std::int64_t n) {
  const void* const other[] = {in[1], in[0]};
  K(other, out, n);
}

// a O b, and b R a, which says the same.
template <class F, class A, class B>
void add_pair(KernelTable& t, Op o, Op r) {
  constexpr int a = mixed_place(dtype_of<A>), b = mixed_place(dtype_of<B>);
  t.mixed[static_cast<int>(o)][a][b] = &mixed_kernel<F, A, B>;
  t.mixed[static_cast<int>(r)][b][a] = &swapped<&mixed_kernel<F, A, B>>;
}
template <class F>
void add_mixed(KernelTable& t, Op o, Op r) {
  add_pair<F, std::int64_t, double>(t, o, r);
  add_pair<F, std::uint64_t, double>(t, o, r);
  add_pair<F, std::int64_t, std::uint64_t>(t, o, r);
}

void add_compare(KernelTable& t) {
  add_rows<CompareRules>(t);
  add_mixed<scalar::ops::eq>(t, Op::eq, Op::eq);
  add_mixed<scalar::ops::ne>(t, Op::ne, Op::ne);
  add_mixed<scalar::ops::lt>(t, Op::lt, Op::gt);
  add_mixed<scalar::ops::le>(t, Op::le, Op::ge);
  add_mixed<scalar::ops::gt>(t, Op::gt, Op::lt);
  add_mixed<scalar::ops::ge>(t, Op::ge, Op::le);
}
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_compare);
void add_compare_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_compare)(t); }
}  // namespace tenon::cpu
#endif
