// A stable sort of keys with the positions that they come from: tiles by merging in shared memory, then runs of twice the
// length by finding each element's place in the run beside. (CUB's radix sort is to come for the dtypes that it has.)
#pragma once

#include <cstdint>
#include <utility>

#include "backends/cuda/kernel.h"

namespace tenon::cuda {

// Ascending by `group`, then by `high`, then by `low`.
struct WideKey {
  std::uint64_t group, high, low;
  TENON_HD friend bool operator<(WideKey a, WideKey b) {
    return a.group != b.group ? a.group < b.group : a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};

template <class Key>
struct Sorted {
  Key key;
  std::uint32_t position;
};

// How many of the n sorted elements at `run` come before x; of equal ones, those count where `before_equals`.
template <class Key>
TENON_KERNEL std::uint32_t rank_in(const Sorted<Key>* run, std::uint32_t n, Key x, bool before_equals) {
  std::uint32_t low = 0, high = n;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const bool before = before_equals ? !(x < run[middle].key) : run[middle].key < x;
    low = before ? middle + 1 : low;
    high = before ? high : middle;
  }
  return low;
}

// Where element i of a row of n goes when runs of `length` are merged two by two.
template <class Key>
TENON_KERNEL std::uint32_t merged_place(const Sorted<Key>* row, std::uint32_t n, std::uint32_t i,
                                        std::uint32_t length) {
  const std::uint32_t own = i / length * length, pair = own / (2 * length) * (2 * length);
  const bool second = own != pair;
  const std::uint32_t other = second ? pair : own + length;
  const std::uint32_t left = other < n ? n - other : 0, count = left < length ? left : length;
  return pair + (i - own) + (count ? rank_in(row + other, count, row[i].key, second) : 0);
}

template <class Key>
struct SortTiles {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  static constexpr std::uint32_t kTile = 1024;
  struct Shared {
    Sorted<Key> from[kTile], to[kTile];
  };
  Sorted<Key>* data;  // rows of n
  std::uint32_t n, tiles;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& s = t.shared<Shared>();
    const std::uint32_t row = t.block() / tiles, begin = (t.block() - row * tiles) * kTile;
    const std::uint32_t count = n - begin < kTile ? n - begin : kTile;
    Sorted<Key>* tile = data + std::uint64_t{row} * n + begin;
    for (std::uint32_t i = t.thread(); i < count; i += kThreads) s.from[i] = tile[i];
    t.sync();
    Sorted<Key>*from = s.from, *to = s.to;
    for (std::uint32_t length = 1; length < count; length *= 2) {
      for (std::uint32_t i = t.thread(); i < count; i += kThreads) to[merged_place(from, count, i, length)] = from[i];
      t.sync();
      Sorted<Key>* other = from;
      from = to;
      to = other;
    }
    for (std::uint32_t i = t.thread(); i < count; i += kThreads) tile[i] = from[i];
  }
};

template <class Key>
struct SortMerge {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const Sorted<Key>* from;
  Sorted<Key>* to;
  std::uint32_t n, length;
  std::uint64_t numel;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < numel; k += t.stride()) {
      const std::uint64_t row = k / n;
      const auto i = static_cast<std::uint32_t>(k - row * n);
      to[row * n + merged_place(from + row * n, n, i, length)] = from[k];
    }
  }
};

// Sorts rows of n in place of one of the two; returns which of them has the result.
template <class Key>
Sorted<Key>* sort_rows(const Context& context, Sorted<Key>* data, Sorted<Key>* other, std::int64_t rows,
                       std::uint32_t n) {
  constexpr std::uint32_t tile = SortTiles<Key>::kTile;
  const std::uint32_t tiles = n / tile + (n % tile ? 1 : 0);
  launch(context, rows * tiles, SortTiles<Key>{data, n, tiles});
  const std::uint64_t numel = static_cast<std::uint64_t>(rows) * n;
  for (std::uint64_t length = tile; length < n; length *= 2) {
    const SortMerge<Key> k{data, other, n, static_cast<std::uint32_t>(length), numel};
    launch(context, blocks_for(static_cast<std::int64_t>(numel), k.kThreads), k);
    std::swap(data, other);
  }
  return data;
}

}  // namespace tenon::cuda
