// Kernels of ArithmeticRules.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise_arithmetic.cc"
#include "backends/cpu/targets.h"
#include "backends/cpu/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
void add_arithmetic(KernelTable& t) { add_rows<ArithmeticRules>(t); }
}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_arithmetic);
void add_arithmetic_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_arithmetic)(t); }
}  // namespace tenon::cpu
#endif
