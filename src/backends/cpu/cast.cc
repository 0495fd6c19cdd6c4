// Conversions between all dtypes: kernels for about half of the pairs, two of these in turn for the others.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/cast.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "backends/cpu/pack.h"
#include "backends/scalar/convert.h"

#ifndef TENON_CAST_STEP_
#define TENON_CAST_STEP_
namespace tenon::cpu {
constexpr bool is_small_float(DType d) {
  const DTypeInfo& info = kDTypeInfo[static_cast<int>(d)];
  return info.kind == Kind::float8 || (info.kind == Kind::floating && info.itemsize == 2);
}
constexpr bool is_complex_type(DType d) { return d == DType::complex64 || d == DType::complex128; }
constexpr DType part_of(DType complex) { return complex == DType::complex64 ? DType::float32 : DType::float64; }

// The dtype to convert to first: `to` itself where a kernel does it at once. Another one loses nothing on the way: bools are
// bytes, small floats are exact as float32, small integers are exact as float32, too, others are rounded to small floats
// by way of float64 by scalar::convert(), and a complex number is what its real part is.
constexpr DType step(DType from, DType to) {
  if (from == DType::bool_) return DType::uint8;
  if (is_small_float(from)) return DType::float32;
  if (is_complex_type(from)) return is_complex_type(to) || to == DType::bool_ ? to : part_of(from);
  if (is_complex_type(to)) return from == part_of(to) ? to : part_of(to);
  if (!is_small_float(to) || from == DType::float32 || from == DType::float64) return to;
  return kDTypeInfo[static_cast<int>(from)].itemsize <= 2 ? DType::float32 : DType::float64;
}
}  // namespace tenon::cpu
#endif

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
#if HWY_TARGET <= HWY_AVX3
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(d + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(s + i))));
#endif
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(d + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(s + i))));
  for (; i < n; ++i) d[i] = scalar::convert<float>(s[i]);
}
template <>
void convert<float, half>(const void* src, void* dst, std::int64_t n) {
  const float* s = static_cast<const float*>(src);
  auto* d = static_cast<half*>(dst);
  std::int64_t i = 0;
#if HWY_TARGET <= HWY_AVX3
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d + i),
                        _mm512_cvtps_ph(_mm512_loadu_ps(s + i), _MM_FROUND_TO_NEAREST_INT));
#endif
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(s + i), _MM_FROUND_TO_NEAREST_INT));
  for (; i < n; ++i) d[i] = scalar::convert<half>(s[i]);
}
#endif

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
// Sixteen at a time; of NaNs the upper bits stay, and one that makes them quiet.
template <>
void convert<bfloat16, float>(const void* src, void* dst, std::int64_t n) {
  const auto* s = static_cast<const bfloat16*>(src);
  float* d = static_cast<float*>(dst);
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(s + i));
    _mm512_storeu_si512(d + i, _mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  for (; i < n; ++i) d[i] = scalar::convert<float>(s[i]);
}
template <>
void convert<float, bfloat16>(const void* src, void* dst, std::int64_t n) {
  const float* s = static_cast<const float*>(src);
  auto* d = static_cast<bfloat16*>(dst);
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i x = _mm512_loadu_si512(s + i), upper = _mm512_srli_epi32(x, 16);
    const __m512i odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(0x7fff)), odd), 16);
    const __m512i number =
        _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(_mm512_castsi512_ps(x), _mm512_castsi512_ps(x), _CMP_UNORD_Q),
                             upper, _mm512_set1_epi32(0x40));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d + i), _mm512_cvtepi32_epi16(number));
  }
  for (; i < n; ++i) d[i] = scalar::convert<bfloat16>(s[i]);
}
#endif

template <class From, class To>
void add_cast(ConvertTable& t) {
  if constexpr (!std::is_same_v<From, To> && step(dtype_of<From>, dtype_of<To>) == dtype_of<To>)
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
namespace {

void in_steps(DType from, DType to, const void* src, void* dst, std::int64_t n) {
  constexpr std::int64_t kBlock = 512;
  alignas(64) std::byte between[kBlock * 8];
  const int a = static_cast<int>(from), b = static_cast<int>(step(from, to)), c = static_cast<int>(to);
  const Convert first = converts()[a][b], second = converts()[b][c];
  const auto* s = static_cast<const std::byte*>(src);
  auto* d = static_cast<std::byte*>(dst);
  for (std::int64_t i = 0; i < n; i += kBlock) {
    const std::int64_t m = std::min(kBlock, n - i);
    first(s + i * kDTypeInfo[a].itemsize, between, m);
    second(between, d + i * kDTypeInfo[c].itemsize, m);
  }
}

template <DType from, DType to>
void add_steps(ConvertTable& t) {
  if constexpr (from != to && step(from, to) != to)
    t[static_cast<int>(from)][static_cast<int>(to)] = [](const void* src, void* dst, std::int64_t n) {
      in_steps(from, to, src, dst, n);
    };
}
template <int... d>
void add_all_steps(ConvertTable& t, std::integer_sequence<int, d...>) {
  const auto add_from = [&]<int from>() { (add_steps<static_cast<DType>(from), static_cast<DType>(d)>(t), ...); };
  (add_from.template operator()<d>(), ...);
}

}  // namespace
const ConvertTable& converts() {
  struct Filled {
    ConvertTable at{};
    Filled() {
      HWY_DYNAMIC_DISPATCH(add_casts)(at);
      add_all_steps(at, std::make_integer_sequence<int, kDTypes>());
    }
  };
  static const Filled table;
  return table.at;
}
}  // namespace tenon::cpu
#endif
