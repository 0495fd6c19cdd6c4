// Masks: how many elements are true, where they are, and what is read or written there. Tiles of the mask are counted; the
// counts' sums say where each tile's elements come among all that are true.
#include "backends/cuda/bytes.h"
#include "backends/cuda/element.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

constexpr unsigned kBlock = 256, kEach = 8;
constexpr std::int64_t kTile = std::int64_t{kBlock} * kEach;

// What is done with the k-th true element, which is element i of the mask.
struct WritePosition {
  std::int64_t* out;
  TENON_KERNEL void at(std::int64_t i, std::int64_t k) const { out[k] = i; }
};
template <int N>
struct MoveMasked {
  Bytes<N>* base;
  Bytes<N>* values;
  bool get;
  TENON_KERNEL void at(std::int64_t i, std::int64_t k) const {
    if (get) values[k] = base[i];
    else base[i] = values[k];
  }
};

struct Tiles {
  const bool* mask;
  std::int64_t n;
  std::int64_t* counts;  // of each tile...
  const std::int64_t* up_to;  // ...and of all tiles up to it; null: counts are made
  std::int64_t most;  // true elements that there is room for
};

template <class F>
struct MaskTiles {
  static constexpr unsigned kThreads = kBlock;
  static constexpr bool kTogether = true;
  struct Shared {
    unsigned warp[kThreads / kWarp];
  };
  Tiles tiles;
  F f;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    std::int64_t before = tiles.up_to ? tiles.up_to[t.block()] - tiles.counts[t.block()] : 0;
    std::int64_t total = 0;
    for (unsigned k = 0; k < kEach; ++k) {
      const std::int64_t i = std::int64_t{t.block()} * kTile + k * kThreads + t.thread();
      const bool is_true = i < tiles.n && read<bool>(tiles.mask + i);
      const unsigned bits = t.ballot(is_true);
      if (t.lane() == 0) shared.warp[t.warp()] = bit_count(bits);
      t.sync();
      unsigned mine = bit_count(bits & ((1u << t.lane()) - 1)), all = 0;
      for (unsigned w = 0; w < kThreads / kWarp; ++w) {
        if (w < t.warp()) mine += shared.warp[w];
        all += shared.warp[w];
      }
      t.sync();  // before the next counts
      if (tiles.up_to && is_true && before + mine < tiles.most) f.at(i, before + mine);
      before += all;
      total += all;
    }
    if (!tiles.up_to && t.thread() == 0) tiles.counts[t.block()] = total;
  }
};

template <int N>
struct FillMasked {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const bool* mask;
  std::int64_t n;
  Bytes<N>* base;
  const Bytes<N>* value;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < static_cast<std::uint64_t>(n); i += t.stride())
      if (read<bool>(mask + i)) base[i] = *value;
  }
};

// Calls f.at(i, k) for the true elements, of which there are `most` unless others write the mask meanwhile.
template <class F>
Status each_true(const Context& context, const bool* mask, std::int64_t n, std::int64_t most, const F& f) {
  const std::int64_t count = (n + kTile - 1) / kTile;
  const Scratch counts(context, count * 8), sums(context, count * 8);
  Tiles tiles{mask, n, counts.get<std::int64_t>(), nullptr, most};
  launch(context, count, MaskTiles<WritePosition>{tiles, {nullptr}});
  ScanCall s{};
  s.op = Scan::sum;
  s.in_dtype = s.compute = s.out_dtype = DType::int64;
  s.out = sums.get<void>();
  s.in = counts.get<void>();
  s.lines.n = count;
  s.lines.in_stride = s.lines.out_stride = 8;
  const Status status = scan(context, s);
  tiles.up_to = sums.get<std::int64_t>();
  launch(context, count, MaskTiles<F>{tiles, f});
  return status;
}

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
  return each_true(context, c.mask, c.n, c.count, WritePosition{c.out});
}

Status masked(const Context& context, const MaskedCall& c) {
  if (c.mode == IndexMode::accumulate || (c.mode == IndexMode::get && c.one_value)) return Status::unavailable;
  if (c.n == 0 || (!c.one_value && c.count == 0)) return Status::ok;
  Status status = Status::ok;
  by_size(static_cast<std::int64_t>(itemsize(c.dtype)), [&]<int N>() {
    auto *base = static_cast<Bytes<N>*>(c.base), *values = static_cast<Bytes<N>*>(c.values);
    if (c.one_value) launch(context, blocks_for(c.n, 256), FillMasked<N>{c.mask, c.n, base, values});
    else status = each_true(context, c.mask, c.n, c.count, MoveMasked<N>{base, values, c.mode == IndexMode::get});
  });
  return status;
}

}  // namespace tenon::cuda
