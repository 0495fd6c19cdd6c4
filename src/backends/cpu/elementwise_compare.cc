// Kernels of CompareRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_compare.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
void add_compare(KernelTable& t) { add_rows<CompareRules>(t); }
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_compare);
void add_compare_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_compare)(t); }
}  // namespace tenon::cpu
#endif
