// Quicksort of numbers in place, by vectors: a partition reads from both ends and writes to both, short ranges go through
// a network (sort_network-inl.h). Keys are of 32 or 64 bits, and floats among them have neither NaNs nor -0; whatever
// another thread writes meanwhile, nothing outside the range is touched. Included once per SIMD target.
#if defined(TENON_QUICKSORT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_QUICKSORT_INL_H_
#undef TENON_QUICKSORT_INL_H_
#else
#define TENON_QUICKSORT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "backends/cpu/sort_network-inl.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class K>
class Quicksort {
 public:
  // Sorts keys[0, n).
  static void sort(K* keys, std::int64_t n) {
    Quicksort q(keys + n);
    q.recurse(keys, static_cast<std::size_t>(n), 2 * (64 - __builtin_clzll(static_cast<std::uint64_t>(n) | 1)) + 4);
  }

 private:
  using D = hn::CappedTag<K, 64 / sizeof(K)>;
  using V = hn::Vec<D>;
  static constexpr D d{};
  static constexpr std::size_t N = hn::MaxLanes(D());
  static constexpr std::size_t kNetwork = kNetworkRows * N;
  static constexpr std::size_t kStep = (N * sizeof(K) > 16 ? 4 : 8) * N;  // networks' sizes, fewer for short vectors
  static constexpr std::size_t kBlock = 4 * N;  // what a partition reads at a time
  static constexpr K kLast =
      std::is_floating_point_v<K> ? std::numeric_limits<K>::infinity() : std::numeric_limits<K>::max();
  static constexpr std::size_t kSamples = 9;  // whose median is the pivot
  static constexpr std::size_t kLong = 1 << 20;  // a partition of so many asks whether it is to stop
  static_assert(3 * kBlock <= kNetwork);  // so that the first and the last block do not meet, and block_ holds them

  explicit Quicksort(K* end) : end_(end) {}

  void recurse(K* keys, std::size_t n, int levels) {
    while (n > kNetwork) {
      if (levels-- == 0) {
        std::make_heap(keys, keys + n);
        return std::sort_heap(keys, keys + n);
      }
      if (n >= kLong) check_interrupt();
      const K median = choose_pivot(keys, n);
      const V pivot = hn::Set(d, median);
      if (all_samples_are(median) && all_equal(keys, n, pivot)) return;
      const std::size_t less = partition<false>(keys, n, pivot);
      if (less > 0) {
        recurse(keys, less, levels);
        keys += less;
        n -= less;
      } else {
        // The pivot is the least key: those that are equal to it are in order.
        const std::size_t equal = partition<true>(keys, n, pivot);
        keys += equal;
        n -= equal;
      }
    }
    sort_few(keys, n);
  }

  // The network takes whole vectors. Behind a range lie keys that are not below its own: they may be sorted along.
  void sort_few(K* keys, std::size_t n) {
    if (n < 2) return;
    const std::size_t padded = (n + kStep - 1) / kStep * kStep;
    if (keys + padded <= end_) return network(keys, padded);
    const std::size_t whole = n - n % N;
    for (std::size_t i = 0; i < whole; i += N) hn::Store(hn::LoadU(d, keys + i), d, block_ + i);
    for (std::size_t i = whole; i < padded; i += N) hn::Store(hn::Set(d, kLast), d, block_ + i);
    std::copy(keys + whole, keys + n, block_ + whole);
    network(block_, padded);
    for (std::size_t i = 0; i < whole; i += N) hn::StoreU(hn::Load(d, block_ + i), d, keys + i);
    std::copy(block_ + whole, block_ + n, keys + whole);
  }

  static void network(K* keys, std::size_t n) {
    if (n > 12 * N) return sort_network<16>(d, keys);
    if constexpr (kStep == 4 * N) {
      if (n > 8 * N) return sort_network<12>(d, keys);
      if (n <= 4 * N) return sort_network<4>(d, keys);
    }
    sort_network<8>(d, keys);
  }

  // ---- the pivot: medians of three, of whole vectors at random places, then of their lanes ----

  static V median(V a, V b, V c) { return hn::Max(hn::Min(a, b), hn::Min(hn::Max(a, b), c)); }
  static K median(K a, K b, K c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

  V sample(const K* keys, std::size_t n) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    return hn::LoadU(d, keys + static_cast<std::size_t>(((random_ >> 32) * (n - N)) >> 32));
  }
  V median_of_three(const K* keys, std::size_t n) {
    const V a = sample(keys, n), b = sample(keys, n);
    return median(a, b, sample(keys, n));
  }

  K choose_pivot(const K* keys, std::size_t n) {
    for (std::size_t i = 0; i < kSamples; i += N) {
      V m = median_of_three(keys, n);
      if (n > 8 * kNetwork) {
        const V second = median_of_three(keys, n);
        m = median(m, second, median_of_three(keys, n));
      }
      hn::Store(m, d, block_ + i);
    }
    const K* m = block_;
    return median(median(m[0], m[1], m[2]), median(m[3], m[4], m[5]), median(m[6], m[7], m[8]));
  }

  bool all_samples_are(K pivot) const {
    return std::all_of(block_, block_ + kSamples, [=](K sample) { return sample == pivot; });
  }
  static bool all_equal(const K* keys, std::size_t n, V pivot) {
    for (std::size_t i = 0; i + N <= n; i += N)
      if (!hn::AllTrue(d, hn::Eq(hn::LoadU(d, keys + i), pivot))) return false;
    return hn::AllTrue(d, hn::Eq(hn::LoadU(d, keys + n - N), pivot));
  }

  // ---- the partition ----

  // Puts the keys that are less than the pivot (OrEqual: not above it) first; their number. n > kNetwork.
  template <bool OrEqual>
  std::size_t partition(K* keys, std::size_t n, V pivot) {
    // The first and the last block make room where they lay, as does what no block takes.
    const std::size_t rest = n % kBlock, saved = 2 * kBlock + rest;
    const K *left = keys + kBlock, *right = keys + n - rest - kBlock;
    for (std::size_t i = 0; i < kBlock; i += N) {
      hn::Store(hn::LoadU(d, keys + i), d, block_ + i);
      hn::Store(hn::LoadU(d, right + i), d, block_ + kBlock + i);
    }
    std::copy_n(keys + n - rest, rest, block_ + 2 * kBlock);
    K *low = keys, *high = keys + n;
    // A block comes from the side with less room, so that both have room for one; without a branch, which none could guess.
    while (left != right) {
      const bool from_left = left - low <= high - right;
      const K* from = from_left ? left : right - kBlock;
      left += from_left ? kBlock : 0;
      right -= from_left ? 0 : kBlock;
      V v[kBlock / N];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kBlock / N; ++i) v[i] = hn::LoadU(d, from + i * N);
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kBlock / N; ++i) split<OrEqual>(v[i], pivot, low, high);
    }
    std::size_t i = 0;
    for (; i + 2 * N <= saved; i += N) split<OrEqual>(hn::Load(d, block_ + i), pivot, low, high);
    for (; i < saved; i += N) split_exactly<OrEqual>(hn::Load(d, block_ + i), std::min(N, saved - i), pivot, low, high);
    return static_cast<std::size_t>(low - keys);
  }

  template <bool OrEqual>
  static HWY_INLINE auto is_low(V v, V pivot) {
    if constexpr (OrEqual) return hn::Not(hn::Gt(v, pivot));
    else return hn::Lt(v, pivot);
  }

  // There is room for two vectors.
  template <bool OrEqual>
  static HWY_INLINE void split(V v, V pivot, K*& low, K*& high) {
    const auto mask = is_low<OrEqual>(v, pivot);
    const std::size_t count = hn::CountTrue(d, mask);
    if constexpr (hn::CompressIsPartition<K>::value) {
      const V both = hn::Compress(v, mask);
      hn::StoreU(both, d, low);
      hn::StoreU(both, d, high - N);
      high -= N - count;
    } else {
      hn::StoreU(hn::Compress(v, mask), d, low);
      high -= N - count;
      store_first(hn::CompressNot(v, mask), N - count, high);
    }
    low += count;
  }

  // There is room for the first n lanes, no more.
  template <bool OrEqual>
  static HWY_INLINE void split_exactly(V v, std::size_t n, V pivot, K*& low, K*& high) {
    const auto valid = hn::FirstN(d, n), mask = hn::And(is_low<OrEqual>(v, pivot), valid);
    const std::size_t count = hn::CountTrue(d, mask);
    store_first(hn::Compress(v, mask), count, low);
    low += count;
    high -= n - count;
    store_first(hn::Compress(v, hn::AndNot(mask, valid)), n - count, high);
  }

  // Short vectors have no masked stores: what stands in for them would read and write what lies behind.
  static HWY_INLINE void store_first(V v, std::size_t n, K* to) {
    if constexpr (N * sizeof(K) > 16) {
      hn::BlendedStore(v, hn::FirstN(d, n), d, to);
    } else {
      HWY_ALIGN K lanes[N];
      hn::Store(v, d, lanes);
      std::copy_n(lanes, n, to);
    }
  }

  K* end_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;
  HWY_ALIGN K block_[kNetwork + N];
};

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
