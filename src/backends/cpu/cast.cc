// Conversions between all dtypes, contiguous (per target) and strided.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/cast.cc"
#include "backends/cpu/targets.h"

#include <cstring>

#include "backends/cpu/kernels.h"
#include "backends/scalar/convert.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Bools are read as bytes, since a borrowed one may hold any: as integers they are 0 or 1.
template <class From, class To>
void cast_contiguous(const void* src, void* dst, std::int64_t n) {
  constexpr bool truth = std::is_same_v<From, bool>;
  const auto* s = static_cast<const std::conditional_t<truth, std::uint8_t, From>*>(src);
  To* d = static_cast<To*>(dst);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (truth) d[i] = scalar::convert<To>(static_cast<std::uint8_t>(s[i] != 0));
    else d[i] = scalar::convert<To>(s[i]);
  }
}

template <class From>
void add_casts_from(void (**row)(const void*, void*, std::int64_t)) {
#define X(to, to_type, ...) row[static_cast<int>(DType::to)] = &cast_contiguous<From, to_type>;
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

void add_casts(void (*(*table)[kDTypes])(const void*, void*, std::int64_t)) {
#define X(from, from_type, ...) add_casts_from<from_type>(table[static_cast<int>(DType::from)]);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
namespace {

using Contiguous = void (*)(const void*, void*, std::int64_t);
Contiguous g_contiguous[kDTypes][kDTypes];

template <class To, class From>
To converted(const char* p) {
  if constexpr (std::is_same_v<From, bool>)
    return scalar::convert<To>(static_cast<std::uint8_t>(*reinterpret_cast<const std::uint8_t*>(p) != 0));
  else return scalar::convert<To>(*reinterpret_cast<const From*>(p));
}

template <class From, class To>
void cast_strided(const void* src, std::int64_t ss, void* dst, std::int64_t ds, std::int64_t n) {
  if (ss == sizeof(From) && ds == sizeof(To)) {
    if constexpr (std::is_same_v<From, To>) std::memcpy(dst, src, static_cast<std::size_t>(n) * sizeof(To));
    else g_contiguous[static_cast<int>(dtype_of<From>)][static_cast<int>(dtype_of<To>)](src, dst, n);
    return;
  }
  const char* s = static_cast<const char*>(src);
  char* d = static_cast<char*>(dst);
  if (ds == sizeof(To)) {
    To* out = static_cast<To*>(dst);
    for (std::int64_t i = 0; i < n; ++i) out[i] = converted<To, From>(s + i * ss);
  } else {
    for (std::int64_t i = 0; i < n; ++i) *reinterpret_cast<To*>(d + i * ds) = converted<To, From>(s + i * ss);
  }
}

template <class From>
void add_strided(Pack* row) {
#define X(to, to_type, ...) row[static_cast<int>(DType::to)] = &cast_strided<From, to_type>;
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

HWY_EXPORT(add_casts);

}  // namespace

void add_cast_kernels(KernelTable& t) {
  HWY_DYNAMIC_DISPATCH(add_casts)(g_contiguous);
#define X(from, from_type, ...) add_strided<from_type>(t.cast[static_cast<int>(DType::from)]);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu
#endif
