// Loops whose bodies are written once for what the compiler widens and for vectors of AVX-512's own functions.
#if defined(TENON_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_LANES_INL_H_
#undef TENON_LANES_INL_H_
#else
#define TENON_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include <concepts>
#include <cstdint>

#include "backends/cpu/math-inl.h"
#include "backends/scalar/math.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Elements from q on as a loop's body takes them: one that the compiler widens, or a vector of AVX-512's own functions.
template <class T>
struct OneLane {
  TENON_INLINE T get(const T* p, std::int64_t q) const { return p[q]; }
  TENON_INLINE void put(T* p, std::int64_t q, T v) const { p[q] = v; }
};
template <class T, class F>
TENON_INLINE void over_lanes(std::int64_t n, F&& body) {
#pragma GCC ivdep
  for (std::int64_t q = 0; q < n; ++q) body(OneLane<T>(), q);
}
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
// n of them, or all.
TENON_INLINE __mmask16 first_of_16(std::int64_t n) {
  return n < 16 ? static_cast<__mmask16>((1u << n) - 1) : static_cast<__mmask16>(0xffff);
}
struct AllLanes {
  TENON_INLINE V get(const float* p, std::int64_t q) const { return _mm512_loadu_ps(p + q); }
  TENON_INLINE void put(float* p, std::int64_t q, V v) const { _mm512_storeu_ps(p + q, v); }
  TENON_INLINE V kept(V v) const { return v; }  // 0 where there is no element
};
struct SomeLanes {
  __mmask16 mask;
  TENON_INLINE V get(const float* p, std::int64_t q) const { return _mm512_maskz_loadu_ps(mask, p + q); }
  TENON_INLINE void put(float* p, std::int64_t q, V v) const { _mm512_mask_storeu_ps(p + q, mask, v); }
  TENON_INLINE V kept(V v) const { return _mm512_maskz_mov_ps(mask, v); }
};
template <class T, class F>
  requires std::same_as<T, float>
TENON_INLINE void over_lanes(std::int64_t n, F&& body) {
  std::int64_t q = 0;
  for (; q + 16 <= n; q += 16) body(AllLanes(), q);
  if (q < n) body(SomeLanes{first_of_16(n - q)}, q);
}
#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
