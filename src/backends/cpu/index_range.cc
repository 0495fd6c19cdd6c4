// The smallest and the largest of many indices.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/index_range.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <mutex>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Of as many of the first indices as it returns, at once; of four vectors at a time, since one would wait for itself.
std::int64_t vectors_here(const std::int64_t* indices, std::int64_t n, std::int64_t* low, std::int64_t* high) {
  const hn::ScalableTag<std::int64_t> d;
  constexpr std::int64_t N = HWY_LANES(std::int64_t);
  if (n < 4 * N) return 0;
  auto low0 = hn::Set(d, indices[0]), low1 = low0, low2 = low0, low3 = low0;
  auto high0 = low0, high1 = low0, high2 = low0, high3 = low0;
  std::int64_t i = 0;
  for (; i + 4 * N <= n; i += 4 * N) {
    const auto a = hn::LoadU(d, indices + i), b = hn::LoadU(d, indices + i + N);
    const auto c = hn::LoadU(d, indices + i + 2 * N), e = hn::LoadU(d, indices + i + 3 * N);
    low0 = hn::Min(low0, a), high0 = hn::Max(high0, a);
    low1 = hn::Min(low1, b), high1 = hn::Max(high1, b);
    low2 = hn::Min(low2, c), high2 = hn::Max(high2, c);
    low3 = hn::Min(low3, e), high3 = hn::Max(high3, e);
  }
  HWY_ALIGN std::int64_t lows[N], highs[N];
  hn::Store(hn::Min(hn::Min(low0, low1), hn::Min(low2, low3)), d, lows);
  hn::Store(hn::Max(hn::Max(high0, high1), hn::Max(high2, high3)), d, highs);
  *low = *std::min_element(lows, lows + N);
  *high = *std::max_element(highs, highs + N);
  return i;
}

// Of n > 0 indices.
void range_here(const std::int64_t* indices, std::int64_t n, std::int64_t* low, std::int64_t* high) {
  *low = *high = indices[0];
  const std::int64_t vectors = vectors_here(indices, n, low, high);
  for (std::int64_t i = vectors; i < n; ++i) {
    *low = std::min(*low, indices[i]);
    *high = std::max(*high, indices[i]);
  }
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(range_here);

Status index_range(const IndexRangeCall& c) {
  if (c.n == 0) return Status::ok;
  std::int64_t low = c.indices[0], high = low;
  std::mutex mutex;
  parallel_for(c.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t l, h;
    HWY_DYNAMIC_DISPATCH(range_here)(c.indices + begin, end - begin, &l, &h);
    const std::lock_guard lock(mutex);
    low = std::min(low, l);
    high = std::max(high, h);
  });
  c.range[0] = low;
  c.range[1] = high;
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
