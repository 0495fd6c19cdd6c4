// What the lanes of a warp, or all threads of a block, know together. f(a, b) is exact in any order, or its order is always
// the same: lanes are folded in halves, warps one after the other.
#pragma once

#include "backends/cuda/kernel.h"

namespace tenon::cuda {

// In all lanes of the warp.
template <class X, class F>
TENON_KERNEL X over_warp(const Thread& t, X x, F f) {
  for (unsigned by = kWarp / 2; by > 0; by /= 2) {
    const X other = t.shuffle_down(x, by);
    if (t.lane() + by < kWarp) x = f(x, other);
  }
  return t.shuffle(x, 0);
}

// In all threads of the block. shared: one for each warp.
template <class X, class F>
TENON_KERNEL X over_block(const Thread& t, X x, X* shared, F f) {
  x = over_warp(t, x, f);
  if (t.lane() == 0) shared[t.warp()] = x;
  t.sync();
  x = shared[0];
  for (unsigned w = 1; w < t.threads() / kWarp; ++w) x = f(x, shared[w]);
  t.sync();  // before the next values
  return x;
}

struct Plus {
  template <class X>
  TENON_KERNEL X operator()(X a, X b) const {
    return a + b;
  }
};

// Some lines of elements: each has a warp, or a block where it is long.
inline constexpr unsigned kLineThreads = 256;
inline constexpr std::int64_t kLongLine = 1024;

struct LineGroup {
  bool by_block;

  explicit LineGroup(std::int64_t length) : by_block(length > kLongLine) {}
  std::int64_t blocks(std::int64_t lines) const { return by_block ? lines : blocks_for(lines, kLineThreads / kWarp); }
  TENON_KERNEL std::uint64_t line(const Thread& t) const {
    return by_block ? t.block() : std::uint64_t{t.block()} * (kLineThreads / kWarp) + t.warp();
  }
  TENON_KERNEL unsigned lane(const Thread& t) const { return by_block ? t.thread() : t.lane(); }
  TENON_KERNEL unsigned lanes() const { return by_block ? kLineThreads : kWarp; }
  // shared: one for each warp of the block.
  template <class X>
  TENON_KERNEL X sum(const Thread& t, X x, X* shared) const {
    return by_block ? over_block(t, x, shared, Plus()) : over_warp(t, x, Plus());
  }
};

}  // namespace tenon::cuda
