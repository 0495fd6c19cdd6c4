// Reductions. The elements of a result are cut into chunks whose size follows from the shape alone. A chunk is folded by a
// warp or a block ("rows"), or by one thread beside those of neighbouring results ("columns"); the chunks' states are
// merged in a second kernel. So results have the same bits whatever the grid.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "backends/cuda/folds.cuh"
#include "backends/cuda/group.cuh"
#include "backends/cuda/layout.h"

namespace tenon::cuda {

// The elements of a result that lie in one layout.
struct ReduceInput {
  const char* data;
  DType dtype;
  bool truth;  // they are converted to bool first
  Layout<2> kept, reduced;  // strides[0]: output, strides[1]: input
  std::int64_t position;  // of the first element among all that are reduced
  std::uint32_t chunk;  // elements
  std::uint32_t chunks;
};
struct ReduceOutput {
  char* data;
  DType dtype;
  double correction;
  void* states;  // of chunk c and result r at c * results + r; null: results are written
  std::uint32_t first_chunk;
};

template <class F>
TENON_KERNEL typename F::Input reduce_input(const ReduceInput& in, const char* p) {
  if (in.truth) return static_cast<typename F::Input>(load_as<bool>(p, in.dtype));
  return load_as<typename F::Input>(p, in.dtype);
}

// Elements begin, begin + step, ... of a chunk.
template <class F>
TENON_KERNEL typename F::State fold_chunk(const ReduceInput& in, const char* data, std::uint32_t begin,
                                          std::uint32_t end, std::uint32_t step) {
  typename F::State s = F::identity();
  for (std::uint32_t i = begin; i < end; i += step) {
    std::int64_t at[2];
    in.reduced.offsets(i, at);
    F::add(s, reduce_input<F>(in, data + at[1]), in.position + i);
  }
  return s;
}

template <class F>
TENON_KERNEL void leave_state(const ReduceInput& in, const ReduceOutput& out, std::uint32_t result, std::uint32_t chunk,
                              std::int64_t offset, const typename F::State& s) {
  if (out.states)
    static_cast<typename F::State*>(out.states)[std::int64_t{out.first_chunk + chunk} * in.kept.numel + result] = s;
  else store_as(out.data + offset, out.dtype, F::finish(s, out.correction));
}

// The states of a warp as one.
template <class F>
TENON_KERNEL typename F::State merge_warp(const Thread& t, typename F::State s) {
  return over_warp(t, s, [](const auto& a, const auto& b) { return F::merge(a, b); });
}

inline constexpr unsigned kReduceThreads = 256;

template <class F>
struct ReduceRows {
  static constexpr unsigned kThreads = kReduceThreads;
  static constexpr bool kTogether = true;
  struct Shared {
    typename F::State warp[kThreads / kWarp];
  };
  ReduceInput in;
  ReduceOutput out;
  unsigned lanes;  // that fold one chunk: a warp or the whole block

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t item = lanes == kThreads ? t.block() : std::uint64_t{t.block()} * (kThreads / kWarp) + t.warp();
    const std::uint64_t results = in.kept.numel;
    const auto chunk = static_cast<std::uint32_t>(item / results), result = static_cast<std::uint32_t>(item % results);
    const bool works = item < results * in.chunks;
    std::int64_t at[2] = {};
    in.kept.offsets(result, at);
    const std::uint32_t begin = chunk * in.chunk;
    const std::uint32_t end =
        works ? begin + (in.reduced.numel - begin < in.chunk ? in.reduced.numel - begin : in.chunk) : 0;
    const char* data = in.data + at[1];
    const unsigned lane = lanes == kThreads ? t.thread() : t.lane();
    typename F::State s = works ? fold_chunk<F>(in, data, begin + lane, end, lanes) : F::identity();
    s = merge_warp<F>(t, s);
    if (lanes == kThreads) {
      Shared& shared = t.shared<Shared>();
      if (t.lane() == 0) shared.warp[t.warp()] = s;
      t.sync();
      s = F::identity();
      for (unsigned w = 0; w < kThreads / kWarp && lane == 0; ++w) s = F::merge(s, shared.warp[w]);
    }
    if (lane != 0 || !works) return;
    if constexpr (requires { F::in_order(s); })
      if (F::in_order(s)) s = fold_chunk<F>(in, data, begin, end, 1);
    leave_state<F>(in, out, result, chunk, at[0], s);
  }
};

template <class F>
struct ReduceColumns {
  static constexpr unsigned kThreads = kReduceThreads;
  static constexpr bool kTogether = false;
  ReduceInput in;
  ReduceOutput out;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t results = in.kept.numel;
    for (std::uint64_t item = t.index(); item < results * in.chunks; item += t.stride()) {
      const auto chunk = static_cast<std::uint32_t>(item / results),
                 result = static_cast<std::uint32_t>(item % results);
      std::int64_t at[2];
      in.kept.offsets(result, at);
      const std::uint32_t begin = chunk * in.chunk, left = in.reduced.numel - begin;
      const std::uint32_t end = begin + (left < in.chunk ? left : in.chunk);
      leave_state<F>(in, out, result, chunk, at[0], fold_chunk<F>(in, in.data + at[1], begin, end, 1));
    }
  }
};

// A warp for each result.
template <class F>
struct ReduceMerge {
  static constexpr unsigned kThreads = kReduceThreads;
  static constexpr bool kTogether = true;
  using State = typename F::State;
  ReduceOutput out;
  Layout<2> kept;
  std::uint32_t chunks;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t result = std::uint64_t{t.block()} * (kThreads / kWarp) + t.warp(), results = kept.numel;
    const State* states = static_cast<const State*>(out.states);
    const bool works = result < results;
    State s = F::identity();
    for (std::uint32_t c = t.lane(); works && c < chunks; c += kWarp) s = F::merge(s, states[c * results + result]);
    s = merge_warp<F>(t, s);
    if (t.lane() != 0 || !works) return;
    if constexpr (requires { F::in_order(s); })
      if (F::in_order(s)) {
        s = F::identity();
        for (std::uint32_t c = 0; c < chunks; ++c) s = F::merge(s, states[c * results + result]);
      }
    std::int64_t at[2];
    kept.offsets(static_cast<std::uint32_t>(result), at);
    store_as(out.data + at[0], out.dtype, F::finish(s, out.correction));
  }
};

// One reduction over kept results that fit a layout.
template <class F>
class Reducing {
 public:
  Reducing(const Context& context, const ReduceCall& c) : context_(context), c_(c) {
    std::int64_t position = 0;
    pieces<2>(c.reduced, 2, [&](const Layout<2>& l, const std::int64_t* at) {
      parts_.push_back({l, at[1], position});
      position += l.numel;
    });
  }

  void run(const Layout<2>& kept, const std::int64_t* at) {
    const bool columns = c_.strip >= 0 || c_.reduced.numel < 16;
    const std::uint32_t chunk = !columns ? 1u << 16 : kept.numel >= (1u << 16) ? ~0u : 1024u;
    const auto chunks_of = [&](std::uint32_t n) { return n / chunk + (n % chunk ? 1 : 0); };
    std::uint32_t all = 0;
    for (const Part& p : parts_) all += chunks_of(p.layout.numel);
    ReduceOutput out{static_cast<char*>(c_.out) + at[0], c_.out_dtype, c_.correction, nullptr, 0};
    const std::int64_t bytes =
        all == 1 ? 0 : std::int64_t{all} * kept.numel * static_cast<std::int64_t>(sizeof(typename F::State));
    const Scratch states(context_, bytes);
    if (all != 1) out.states = states.get<void>();
    for (const Part& p : parts_) {
      const ReduceInput in{static_cast<const char*>(c_.in) + at[1] + p.offset,
                           c_.in_dtype,
                           is_bool(c_.compute),
                           kept,
                           p.layout,
                           p.position,
                           chunk,
                           chunks_of(p.layout.numel)};
      fold(in, out, columns);
      out.first_chunk += in.chunks;
    }
    if (all != 1) {
      const ReduceMerge<F> merge{out, kept, all};
      launch(context_, blocks_for(kept.numel, merge.kThreads / kWarp), merge);
    }
  }

 private:
  struct Part {
    Layout<2> layout;
    std::int64_t offset, position;
  };

  void fold(const ReduceInput& in, const ReduceOutput& out, bool columns) {
    const std::int64_t items = std::int64_t{in.kept.numel} * in.chunks;
    if (columns) {
      launch(context_, std::min(blocks_for(items, kReduceThreads), kMaxBlocks), ReduceColumns<F>{in, out});
      return;
    }
    const unsigned lanes = in.reduced.numel > 1024 ? kReduceThreads : kWarp;
    launch(context_, blocks_for(items * lanes, kReduceThreads), ReduceRows<F>{in, out, lanes});
  }

  const Context& context_;
  const ReduceCall& c_;
  std::vector<Part> parts_;
};

template <class F>
void run_reduction(const Context& context, const ReduceCall& c) {
  Loop kept = c.kept;
  // Neighbouring threads have neighbouring results along the strip.
  if (c.strip >= 0 && kept.ndim > 0)
    for (int d = c.strip; d + 1 < kept.ndim; ++d) {
      std::swap(kept.shape[d], kept.shape[d + 1]);
      for (int k = 0; k < 2; ++k) std::swap(kept.strides[k][d], kept.strides[k][d + 1]);
    }
  Reducing<F> reducing(context, c);
  pieces<2>(kept, 2, [&](const Layout<2>& layout, const std::int64_t* at) { reducing.run(layout, at); });
}

}  // namespace tenon::cuda
