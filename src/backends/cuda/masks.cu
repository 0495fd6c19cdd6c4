// Masks: how many elements are true, and where.
#include "backends/cuda/element.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

constexpr unsigned kBlock = 256, kEach = 8;
constexpr std::int64_t kTile = std::int64_t{kBlock} * kEach;

// Each tile's count, or the positions of its true elements after those of the tiles before.
struct MaskTiles {
  static constexpr unsigned kThreads = kBlock;
  static constexpr bool kTogether = true;
  struct Shared {
    unsigned warp[kThreads / kWarp];
  };
  const bool* mask;
  std::int64_t n;
  std::int64_t* counts;       // of each tile...
  const std::int64_t* up_to;  // ...and of all tiles up to it; null: counts are made
  std::int64_t* out;
  std::int64_t most;  // positions that there is room for

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    std::int64_t before = up_to ? up_to[t.block()] - counts[t.block()] : 0;
    std::int64_t total = 0;
    for (unsigned k = 0; k < kEach; ++k) {
      const std::int64_t i = std::int64_t{t.block()} * kTile + k * kThreads + t.thread();
      const bool is_true = i < n && read<bool>(mask + i);
      const unsigned bits = t.ballot(is_true);
      if (t.lane() == 0) shared.warp[t.warp()] = bit_count(bits);
      t.sync();
      unsigned mine = bit_count(bits & ((1u << t.lane()) - 1)), all = 0;
      for (unsigned w = 0; w < kThreads / kWarp; ++w) {
        if (w < t.warp()) mine += shared.warp[w];
        all += shared.warp[w];
      }
      t.sync();  // before the next counts
      if (up_to && is_true && before + mine < most) out[before + mine] = i;
      before += all;
      total += all;
    }
    if (!up_to && t.thread() == 0) counts[t.block()] = total;
  }
};

}  // namespace

Status count_true(const Context& context, const CountTrueCall& c) {
  if (c.n == 0) return Status::ok;
  const Scratch count(context, 8);
  ReduceCall r{};
  r.op = Reduction::count_nonzero;
  r.in_dtype = r.compute = DType::bool_;
  r.out_dtype = DType::int64;
  r.out = count.get<void>();
  r.in = c.mask;
  r.kept.ndim = 0;
  r.reduced.ndim = 1;
  r.reduced.numel = r.reduced.shape[0] = c.n;
  r.reduced.strides[0][0] = 0;
  r.reduced.strides[1][0] = 1;
  r.strip = -1;
  const Status status = reduce(context, r);
  check(runtime::read_back(context.stream, c.count, count.get<void>(), 8));
  return status;
}

Status true_positions(const Context& context, const TruePositionsCall& c) {
  if (c.n == 0 || c.count == 0) return Status::ok;
  const std::int64_t tiles = (c.n + kTile - 1) / kTile;
  const Scratch counts(context, tiles * 8), sums(context, tiles * 8);
  MaskTiles k{c.mask, c.n, counts.get<std::int64_t>(), nullptr, c.out, c.count};
  launch(context, tiles, k);
  ScanCall s{};
  s.op = Scan::sum;
  s.in_dtype = s.compute = s.out_dtype = DType::int64;
  s.out = sums.get<void>();
  s.in = counts.get<void>();
  s.lines.n = tiles;
  s.lines.in_stride = s.lines.out_stride = 8;
  const Status status = scan(context, s);
  k.up_to = sums.get<std::int64_t>();
  launch(context, tiles, k);
  return status;
}

}  // namespace tenon::cuda
