// Rows of exponentials: the largest element, and powers of e with their sum.
#if defined(TENON_EXPONENTIALS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_EXPONENTIALS_INL_H_
#undef TENON_EXPONENTIALS_INL_H_
#else
#define TENON_EXPONENTIALS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "backends/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// So many sums side by side, which the compiler keeps in vectors.
constexpr std::int64_t kSums = 32;

template <class T>
T total(T* sums) {
  for (std::int64_t half = kSums / 2; half > 0; half /= 2)
    for (std::int64_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  return sums[0];
}

template <class T>
TENON_INLINE T exp_of(T x) {
  return scalar::exp(x);
}
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
TENON_INLINE V exp_of(V x) { return Wide<scalar::ops::exp>::of(x); }
#endif

// The largest of n elements: -inf of none; NaNs do not count.
template <class T>
T largest_of(const T* x, std::int64_t n) {
  T most[kSums];
  std::fill(most, most + kSums, -INFINITY);
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::int64_t j = 0; j < kSums; ++j) most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
  for (; i < n; ++i) most[0] = x[i] > most[0] ? x[i] : most[0];
  for (std::int64_t half = kSums / 2; half > 0; half /= 2)
    for (std::int64_t j = 0; j < half; ++j) most[j] = most[j + half] > most[j] ? most[j + half] : most[j];
  return most[0];
}

// y = exp(x * factor - highest), and their sum. x and y may be the same.
template <class T>
T exp_sum_of(const T* x, T* y, std::int64_t n, T factor, T highest) {
  T sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::int64_t j = 0; j < kSums; ++j) {
      const T e = exp_of(x[i + j] * factor - highest);
      y[i + j] = e;
      sums[j] += e;
    }
  T sum = total(sums);
  for (; i < n; ++i) sum += y[i] = exp_of(x[i] * factor - highest);
  return sum;
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
template <>
inline float largest_of(const float* x, std::int64_t n) {
  const V least = set(-INFINITY);
  V most[2] = {least, least};
  std::int64_t i = 0;
  for (; i + 32 <= n; i += 32)
    for (int k = 0; k < 2; ++k) most[k] = _mm512_max_ps(_mm512_loadu_ps(x + i + 16 * k), most[k]);
  for (; i < n; i += 16) most[0] = _mm512_max_ps(_mm512_mask_loadu_ps(least, first_of_16(n - i), x + i), most[0]);
  return _mm512_reduce_max_ps(_mm512_max_ps(most[0], most[1]));
}
template <>
inline float exp_sum_of(const float* x, float* y, std::int64_t n, float factor, float highest) {
  V sums[2] = {};
  int turn = 0;
  over_lanes<float>(n, [&](auto lanes, std::int64_t q) __attribute__((always_inline)) {
    const V e = exp_of(lanes.get(x, q) * factor - highest);
    lanes.put(y, q, e);
    sums[turn] += lanes.kept(e);
    turn ^= 1;
  });
  return _mm512_reduce_add_ps(sums[0] + sums[1]);
}
#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
