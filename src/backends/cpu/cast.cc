// Conversions between all dtypes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/cast.cc"
#include "backends/cpu/targets.h"

#include "backends/cpu/pack.h"
#include "backends/scalar/convert.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Bools are read as bytes, since a borrowed one may hold any: as integers they are 0 or 1.
template <class From, class To>
void convert(const void* src, void* dst, std::int64_t n) {
  constexpr bool truth = std::is_same_v<From, bool>;
  const auto* s = static_cast<const std::conditional_t<truth, std::uint8_t, From>*>(src);
  To* d = static_cast<To*>(dst);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (truth) d[i] = scalar::convert<To>(static_cast<std::uint8_t>(s[i] != 0));
    else d[i] = scalar::convert<To>(s[i]);
  }
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
// F16C converts eight at a time; the compiler does not find it.
template <>
void convert<half, float>(const void* src, void* dst, std::int64_t n) {
  const auto* s = static_cast<const half*>(src);
  float* d = static_cast<float*>(dst);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(d + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(s + i))));
  for (; i < n; ++i) d[i] = scalar::convert<float>(s[i]);
}
template <>
void convert<float, half>(const void* src, void* dst, std::int64_t n) {
  const float* s = static_cast<const float*>(src);
  auto* d = static_cast<half*>(dst);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(s + i), _MM_FROUND_TO_NEAREST_INT));
  for (; i < n; ++i) d[i] = scalar::convert<half>(s[i]);
}
#endif

template <class From, class To>
void add_cast(ConvertTable& t) {
  if constexpr (!std::is_same_v<From, To>)
    t[static_cast<int>(dtype_of<From>)][static_cast<int>(dtype_of<To>)] = &convert<From, To>;
}

template <class From>
void add_casts_from(ConvertTable& t) {
#define X(to, to_type, ...) add_cast<From, to_type>(t);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

void add_casts(ConvertTable& t) {
#define X(from, from_type, ...) add_casts_from<from_type>(t);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_casts);
const ConvertTable& converts() {
  struct Filled {
    ConvertTable at{};
    Filled() { HWY_DYNAMIC_DISPATCH(add_casts)(at); }
  };
  static const Filled table;
  return table.at;
}
}  // namespace tenon::cpu
#endif
