// Kernels of SpecialRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_special.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
void add_special(KernelTable& t) { add_rows<SpecialRules>(t); }
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_special);
void add_special_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_special)(t); }
}  // namespace tenon::cpu
#endif
