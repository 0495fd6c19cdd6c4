// Kernels of FloatingRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_floating.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
void add_floating(KernelTable& t) { add_rows<FloatingRules>(t); }
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_floating);
void add_floating_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_floating)(t); }
}  // namespace tenon::cpu
#endif
