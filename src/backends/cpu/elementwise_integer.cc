// Kernels of IntegerRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_integer.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
void add_integer(KernelTable& t) { add_rows<IntegerRules>(t); }
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_integer);
void add_integer_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_integer)(t); }
}  // namespace tenon::cpu
#endif
