// Cumulative sums, products and positions.
//
// A line is cut into tiles of a fixed size. A block scans each tile from nothing and leaves the tile's total; the totals of
// a line are scanned by one thread; then each tile adds what precedes it. So results have the same bits for any grid.
// Products are formed in order, by one thread for a line: a part of them may overflow where the whole does not. So are
// lines that lie side by side, where neighbouring threads read neighbouring elements.
#include "backends/cuda/lines.cuh"
#include "backends/cuda/operations.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {
namespace {

template <class T>
struct SumScan {
  using Input = T;
  using State = T;
  TENON_KERNEL static State identity() { return T(0); }
  TENON_KERNEL static State first(T x, std::int64_t) { return x; }
  TENON_KERNEL static State join(State a, State b) { return a + b; }
  TENON_KERNEL static T result(State s) { return s; }
};
template <class T>
struct ProdScan {
  using Input = T;
  using State = T;
  TENON_KERNEL static State identity() { return T(1); }
  TENON_KERNEL static State first(T x, std::int64_t) { return x; }
  TENON_KERNEL static State join(State a, State b) { return a * b; }
  TENON_KERNEL static T result(State s) { return s; }
};
// Of the largest (smallest); the last of equal ones, the last NaN.
template <class T, bool kMax>
struct PositionScan {
  using Input = T;
  struct State {
    std::int64_t index;  // -1: of nothing
    T value;
  };
  TENON_KERNEL static State identity() { return {-1, T(0)}; }
  TENON_KERNEL static State first(T x, std::int64_t position) { return {position, x}; }
  TENON_KERNEL static State join(State a, State b) {
    if (b.index < 0) return a;
    return a.index < 0 || (kMax ? b.value >= a.value : b.value <= a.value) || b.value != b.value ? b : a;
  }
  TENON_KERNEL static std::int64_t result(State s) { return s.index; }
};

constexpr unsigned kThreadsOfScan = 256, kEach = 8;
constexpr std::uint32_t kTile = kThreadsOfScan * kEach;

template <class F>
struct ScanInOrder {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  LineSpace space;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t line = t.index(); line < space.outer.numel; line += t.stride()) {
      char* to;
      const char* from;
      space.find(static_cast<std::uint32_t>(line), to, from);
      typename F::State s = F::identity();
      for (std::int64_t i = 0; i < space.n; ++i) {
        s = F::join(s, F::first(load_as<typename F::Input>(from + i * space.in_stride, space.in_dtype), i));
        store_as(to + i * space.out_stride, space.out_dtype, F::result(s));
      }
    }
  }
};

// First pass (totals are left): each tile's total. Second pass: the results, after what precedes a tile.
template <class F>
struct ScanTiles {
  static constexpr unsigned kThreads = kThreadsOfScan;
  static constexpr bool kTogether = true;
  using State = typename F::State;
  struct Shared {
    State warp[kThreads / kWarp];
  };
  LineSpace space;
  State* totals;  // of a line's tiles, one line after the other; null where a line is one tile
  std::uint32_t tiles;
  bool writes;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    const std::uint32_t line = t.block() / tiles, tile = t.block() - line * tiles;
    char* to;
    const char* from;
    space.find(line, to, from);
    const std::int64_t begin = std::int64_t{tile} * kTile + t.thread() * kEach;
    State own[kEach], all = F::identity();
    for (unsigned k = 0; k < kEach; ++k) {
      const std::int64_t i = begin + k;
      if (i < space.n)
        all = F::join(all, F::first(load_as<typename F::Input>(from + i * space.in_stride, space.in_dtype), i));
      own[k] = all;
    }
    // What precedes this thread: in its warp, then in the warps before.
    State inclusive = all;
    for (unsigned by = 1; by < kWarp; by *= 2) {
      const State other = t.shuffle_up(inclusive, by);
      if (t.lane() >= by) inclusive = F::join(other, inclusive);
    }
    State before = t.shuffle_up(inclusive, 1);
    if (t.lane() == 0) before = F::identity();
    if (t.lane() == kWarp - 1) shared.warp[t.warp()] = inclusive;
    t.sync();
    State of_warps = F::identity();
    for (unsigned w = 0; w < t.warp(); ++w) of_warps = F::join(of_warps, shared.warp[w]);
    before = F::join(of_warps, before);
    if (!writes) {
      if (t.thread() == kThreads - 1) totals[t.block()] = F::join(before, all);
      return;
    }
    if (totals) before = F::join(totals[t.block()], before);
    for (unsigned k = 0; k < kEach; ++k) {
      const std::int64_t i = begin + k;
      if (i < space.n) store_as(to + i * space.out_stride, space.out_dtype, F::result(F::join(before, own[k])));
    }
  }
};

// What precedes each tile, in place of its total.
template <class F>
struct ScanTotals {
  static constexpr unsigned kThreads = 128;
  static constexpr bool kTogether = false;
  typename F::State* totals;
  std::uint32_t lines, tiles;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t line = t.index(); line < lines; line += t.stride()) {
      typename F::State s = F::identity();
      for (std::uint32_t i = 0; i < tiles; ++i) {
        const typename F::State total = totals[line * tiles + i];
        totals[line * tiles + i] = s;
        s = F::join(s, total);
      }
    }
  }
};

template <class F>
void scan_in_order(const Context& context, const LineSpace& space) {
  const ScanInOrder<F> k{space};
  launch(context, blocks_for(space.outer.numel, k.kThreads), k);
}

template <class F>
void scan_tiles(const Context& context, const LineSpace& space) {
  const auto tiles = static_cast<std::uint32_t>((space.n + kTile - 1) / kTile);
  const std::int64_t blocks = std::int64_t{space.outer.numel} * tiles;
  ScanTiles<F> k{space, nullptr, tiles, true};
  if (tiles == 1) return launch(context, blocks, k);
  const Scratch totals(context, blocks * static_cast<std::int64_t>(sizeof(typename F::State)));
  k.totals = totals.get<typename F::State>();
  k.writes = false;
  launch(context, blocks, k);
  launch(context, blocks_for(space.outer.numel, 128), ScanTotals<F>{k.totals, space.outer.numel, tiles});
  k.writes = true;
  launch(context, blocks, k);
}

template <class F>
void run(const Context& context, const ScanCall& c, bool in_order) {
  line_spaces(c.lines, c.out, c.out_dtype, c.in, c.in_dtype, [&](const LineSpace& space) {
    if (in_order || space.n < 64) scan_in_order<F>(context, space);
    else scan_tiles<F>(context, space);
  });
}

}  // namespace

Status scan(const Context& context, const ScanCall& c) {
  const bool side_by_side = c.lines.side_by_side && c.lines.outer.numel >= 1024;
  bool taken = false;
  switch (c.op) {
    case Scan::sum: taken = by_wide(c.compute, [&]<class T>() { run<SumScan<T>>(context, c, side_by_side); }); break;
    case Scan::prod: taken = by_wide(c.compute, [&]<class T>() { run<ProdScan<T>>(context, c, true); }); break;
    case Scan::argmax:
      taken = by_wide_real(c.in_dtype, [&]<class T>() { run<PositionScan<T, true>>(context, c, side_by_side); });
      break;
    case Scan::argmin:
      taken = by_wide_real(c.in_dtype, [&]<class T>() { run<PositionScan<T, false>>(context, c, side_by_side); });
      break;
  }
  return taken ? Status::ok : Status::unavailable;
}

}  // namespace tenon::cuda
