// The SIMD targets that kernels are compiled for: SSE4 (x86-64-v2, the baseline), AVX2 and AVX-512 on x86;
// what Highway offers elsewhere. No include guard: each kernel file includes it once, after HWY_TARGET_INCLUDE.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
