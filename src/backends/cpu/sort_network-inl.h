// Sorting up to 16 vectors by a network: no branch depends on the keys. The vectors are the rows of a matrix. Its columns are
// sorted first, then merged in groups of 2, 4, 8 and 16, as in Bramas, "A novel hybrid quicksort algorithm vectorized
// using AVX-512" (2017), and Blacher et al., "Fast and Robust Vectorized In-Place Sorting of Primitive Types" (2021).
// Included once per SIMD target.
#if defined(TENON_SORT_NETWORK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SORT_NETWORK_INL_H_
#undef TENON_SORT_NETWORK_INL_H_
#else
#define TENON_SORT_NETWORK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Loops over rows are unrolled, so that arrays of vectors become registers.
constexpr int kNetworkRows = 16;

template <class V>
HWY_INLINE void order(V& low, V& high) {
  const V smaller = hn::Min(low, high);
  high = hn::Max(low, high);
  low = smaller;
}

// Batcher's comparators for 16 elements.
struct ColumnNetwork {
  struct Pair {
    int low, high;
  } pairs[63] = {};
  constexpr ColumnNetwork() {
    int count = 0;
    for (int p = 1; p < 16; p *= 2)
      for (int k = p; k > 0; k /= 2)
        for (int j = k % p; j + k < 16; j += 2 * k)
          for (int i = j; i < (j + k < 16 - k ? j + k : 16 - k); ++i)
            if (i / (2 * p) == (i + k) / (2 * p)) pairs[count++] = {i, i + k};
  }
};

// The other order within each group of `Group` lanes.
template <int Group, class D, class V>
HWY_INLINE V reverse_groups(D d, V v) {
  if constexpr (Group == 2) return hn::Reverse2(d, v);
  else if constexpr (Group == 4) return hn::Reverse4(d, v);
  else if constexpr (Group == 8) return hn::Reverse8(d, v);
  else return hn::Reverse(d, v);
}

// Each group of `Half` lanes changes places with its neighbour.
template <int Half, class D, class V>
HWY_INLINE V swap_halves(D d, V v) {
  constexpr std::size_t bytes = Half * sizeof(hn::TFromD<D>);
  if constexpr (bytes == 16) return hn::SwapAdjacentBlocks(v);
  else if constexpr (Half == 1) return hn::Reverse2(d, v);
  else return hn::Shuffle1032(v);
}

// From every 2 * Half lanes the first Half of `low` and the last of `high`.
template <int Half, class D, class V>
HWY_INLINE V join_halves(D d, V low, V high) {
  constexpr std::size_t bytes = Half * sizeof(hn::TFromD<D>);
  if constexpr (bytes * 2 == hn::MaxLanes(D()) * sizeof(hn::TFromD<D>)) {
    return hn::ConcatUpperLower(d, high, low);
  } else if constexpr (bytes == 16) {
    return hn::OddEvenBlocks(high, low);
  } else if constexpr (Half == 1) {
    return hn::OddEven(high, low);
  } else {
    const hn::RepartitionToWide<D> wide;
    return hn::BitCast(d, hn::OddEven(hn::BitCast(wide, high), hn::BitCast(wide, low)));
  }
}

template <int Half, class D, class V>
HWY_INLINE V order_lanes(D d, V v, V partners) {
  return join_halves<Half>(d, hn::Min(v, partners), hn::Max(v, partners));
}

template <int Half, int Rows, class D, class V>
HWY_INLINE void order_halves(D d, V (&v)[Rows]) {
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) v[i] = order_lanes<Half>(d, v[i], swap_halves<Half>(d, v[i]));
}

// Columns that are sorted in groups of Group / 2 become sorted in groups of Group, row by row.
template <int Group, int Rows, class D, class V>
HWY_INLINE void merge_columns(D d, V (&v)[Rows]) {
#pragma GCC unroll 4
  for (int span = kNetworkRows; span > 1; span /= 2)
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
      if (i % span >= span / 2) {
        v[i] = reverse_groups<Group>(d, v[i]);
        order(v[i / span * span + span - 1 - i % span], v[i]);
      }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) v[i] = order_lanes<Group / 2>(d, v[i], reverse_groups<Group>(d, v[i]));
  if constexpr (Group >= 16) order_halves<4, Rows>(d, v);
  if constexpr (Group >= 8) order_halves<2, Rows>(d, v);
  if constexpr (Group >= 4) order_halves<1, Rows>(d, v);
}

// Sorts Rows vectors at `keys`. Rows that are missing up to 16 count as infinite: their comparators change nothing.
template <int Rows, class D, class K>
HWY_NOINLINE void sort_network(D d, K* keys) {
  constexpr int lanes = hn::MaxLanes(D());
  static constexpr ColumnNetwork columns;
  hn::Vec<D> v[Rows];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) v[i] = hn::LoadU(d, keys + i * lanes);
#pragma GCC unroll 63
  for (int i = 0; i < 63; ++i)  // NOLINT(modernize-loop-convert): unrolled by its count
    if (columns.pairs[i].high < Rows) order(v[columns.pairs[i].low], v[columns.pairs[i].high]);
  if constexpr (lanes >= 2) merge_columns<2, Rows>(d, v);
  if constexpr (lanes >= 4) merge_columns<4, Rows>(d, v);
  if constexpr (lanes >= 8) merge_columns<8, Rows>(d, v);
  if constexpr (lanes >= 16) merge_columns<16, Rows>(d, v);
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) hn::StoreU(v[i], d, keys + i * lanes);
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
