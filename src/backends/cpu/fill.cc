// Values repeated along rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/fill.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/pack.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void fill_rows_of(const char* from, std::int64_t stride, std::int64_t left, std::int64_t row, char* to,
                  std::int64_t n) {
  const hn::ScalableTag<T> d;
  constexpr std::int64_t N = HWY_LANES(T);
  T* out = reinterpret_cast<T*>(to);
  for (; n > 0; from += stride, left = row) {
    T value;
    std::memcpy(&value, from, sizeof value);
    const auto v = hn::Set(d, value);
    const std::int64_t these = std::min(left, n);
    std::int64_t i = 0;
    for (; i + N <= these; i += N) hn::StoreU(v, d, out + i);
    if (i < these && i + N <= n) hn::StoreU(v, d, out + i);  // what is too much, the next row overwrites
    else
      for (; i < these; ++i) out[i] = value;
    out += these;
    n -= these;
  }
}

void fill_rows_here(const char* from, std::int64_t stride, std::int64_t left, std::int64_t row, char* to,
                    std::int64_t size, std::int64_t n) {
  switch (size) {
    case 1: return fill_rows_of<std::uint8_t>(from, stride, left, row, to, n);
    case 2: return fill_rows_of<std::uint16_t>(from, stride, left, row, to, n);
    case 4: return fill_rows_of<std::uint32_t>(from, stride, left, row, to, n);
    default: return fill_rows_of<std::uint64_t>(from, stride, left, row, to, n);
  }
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(fill_rows_here);
void fill_rows(const char* from, std::int64_t stride, std::int64_t left, std::int64_t row, char* to, std::int64_t size,
               std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(fill_rows_here)(from, stride, left, row, to, size, n);
}
}  // namespace tenon::cpu
#endif
