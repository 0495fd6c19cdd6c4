// What Highway keeps in a library of its own beside its headers: which instruction sets the CPU has, and which was
// chosen. Defined here, the package needs no library but the C++ runtime's and zlib.
#include <hwy/highway.h>

namespace hwy {

std::int64_t SupportedTargets() {
  static const std::int64_t found = [] {
    std::int64_t targets = HWY_STATIC_TARGET;  // what everything is compiled for
#if HWY_ARCH_X86
    // As Highway has it: each set with what its compilers' attributes name.
    const bool sse4 = __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2");
    const bool avx2 = sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt");
    const bool avx3 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd");
    if (sse4) targets |= HWY_SSE4;
    if (avx2) targets |= HWY_AVX2;
    if (avx3) targets |= HWY_AVX3;
#endif
    return targets;
  }();
  return found;
}

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen;
  return chosen;
}

}  // namespace hwy
