// Conversions between all dtypes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/cast.cc"
#include "backends/cpu/targets.h"

#include "backends/cpu/kernels.h"
#include "backends/scalar/convert.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

template <class From, class To>
void convert(const void* src, void* dst, std::int64_t n) {
  const From* s = static_cast<const From*>(src);
  To* d = static_cast<To*>(dst);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) d[i] = scalar::convert<To>(s[i]);
}

template <class From, class To>
void add_cast(KernelTable& t) {
  if constexpr (!std::is_same_v<From, To>)
    t.convert[static_cast<int>(dtype_of<From>)][static_cast<int>(dtype_of<To>)] = &convert<From, To>;
}

template <class From>
void add_casts_from(KernelTable& t) {
#define X(to, to_type, ...) add_cast<From, to_type>(t);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

void add_casts(KernelTable& t) {
#define X(from, from_type, ...) add_casts_from<from_type>(t);
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_casts);
void add_cast_kernels(KernelTable& t) { HWY_DYNAMIC_DISPATCH(add_casts)(t); }
}  // namespace tenon::cpu
#endif
