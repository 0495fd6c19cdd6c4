// Runs a reduction: cuts it into what a kernel folds at a time.
//
// Either each result's elements are folded as a run ("runs"), or a strip of neighbouring results is folded row by
// row ("strips"), as the plan says. Long reductions are cut into chunks whose number and size
// follow from the shape alone; the chunks' states are merged pairwise. So results have the same bits for any
// number of threads.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>

#include "backends/cpu/backend.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/pack.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/reduce.h"
#include "backends/cpu/ways.h"

namespace tenon::cpu {

namespace {

// Of the latest large call: calls at the same time from other threads may follow it, since no result depends on it.
std::atomic<bool> asks_ahead = false;

}  // namespace

bool reads_ask_ahead() { return asks_ahead.load(std::memory_order_relaxed); }

const ReduceTable& reduce_kernels() {
  static const ReduceKernel(*table)[kReductions][kDTypes] = [] {
    auto* t = new ReduceKernel[1][kReductions][kDTypes]{};
    add_sum_kernels(*t);
    add_extremum_kernels(*t);
    add_position_kernels(*t);
    add_logic_kernels(*t);
    add_count_kernels(*t);
    add_moment_kernels(*t);
    return t;
  }();
  return *table;
}

namespace {

constexpr std::int64_t kPackBytes = 16384;
// A chunk of a run costs some ten microseconds. Strips merge a state per column and chunk, so theirs are longer.
constexpr std::int64_t kRunChunk = kGrain, kStripChunk = 4 * kGrain;
constexpr std::int64_t kBatch = 64;  // results that are finished together

struct Reducer {
  const ReduceCall& c;
  const ReduceKernel& k;
  std::int64_t size;       // of an input's element
  std::int64_t packed;     // of an element as the kernel reads it
  bool converts;
  Pack cast_in, cast_out;

  Reducer(const ReduceCall& call, const ReduceKernel& kernel)
      : c(call),
        k(kernel),
        size(static_cast<std::int64_t>(itemsize(c.in_dtype))),
        packed(static_cast<std::int64_t>(itemsize(c.compute))),
        converts(c.compute != c.in_dtype),
        cast_in(c.in_dtype, c.compute),
        cast_out(kernel.result, c.out_dtype) {}

  // Writes the results of n states, kBatch at a time.
  void write(const char* states, std::int64_t n, char* out, std::int64_t stride) const {
    const auto result = static_cast<std::int64_t>(itemsize(k.result));
    if (!k.finish) {
      cast_out(states, result, out, stride, n);
      return;
    }
    alignas(16) char values[kBatch * 16];
    for (std::int64_t i = 0; i < n; i += kBatch) {
      const std::int64_t m = std::min(kBatch, n - i);
      k.finish(states + i * k.state_bytes, m, c.correction, values);
      cast_out(values, result, out + i * stride, stride, m);
    }
  }

  // Merges the elements begin to end of one result, whose first lies at `in`.
  void run(void* state, char* in, std::int64_t begin, std::int64_t end) const {
    if (begin == end) return;
    const Loop& r = c.reduced;
    if (r.ndim == 0 || (r.ndim == 1 && r.strides[1][0] == size)) {
      if (!converts) {
        k.run(state, in + begin * size, end - begin, begin);
        return;
      }
    }
    alignas(64) char buffer[kPackBytes];
    const std::int64_t capacity = kPackBytes / packed;
    Cursor cursor(r, 1, in, begin);
    for (std::int64_t at = begin; at < end;) {
      // Long contiguous runs need no packing.
      const bool direct = !converts && r.strides[1][r.ndim - 1] == size && r.shape[r.ndim - 1] >= 256;
      const std::int64_t n = std::min(direct ? end - at : capacity, end - at);
      cursor.advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t m) {
        if (direct) k.run(state, p, m, at + done);
        else cast_in(p, stride, buffer + done * packed, packed, m);
      });
      if (!direct) k.run(state, buffer, n, at);
      at += n;
    }
  }

  // Merges the rows begin to end of `cols` results that are `stride` bytes apart in the input.
  void strip(char* states, char* in, std::int64_t stride, std::int64_t cols, std::int64_t begin,
             std::int64_t end) const {
    if (begin == end) return;
    alignas(64) char buffer[kPackBytes];
    const bool direct = !converts && (stride == size || cols == 1);
    const std::int64_t capacity = std::max<std::int64_t>(kPackBytes / (packed * cols), 1);
    Cursor cursor(c.reduced, 1, in, begin);
    cursor.advance(end - begin, [&](char* p, std::int64_t row_stride, std::int64_t done, std::int64_t rows) {
      if (direct) {
        columns(states, p, row_stride, rows, cols, begin + done);
        return;
      }
      for (std::int64_t r = 0; r < rows; r += capacity) {
        const std::int64_t n = std::min(capacity, rows - r);
        for (std::int64_t i = 0; i < n; ++i)
          cast_in(p + (r + i) * row_stride, stride, buffer + i * cols * packed, packed, cols);
        k.columns(states, buffer, cols * packed, n, cols, begin + done + r);
      }
    });
  }

  // Few columns make short loops: where rows follow each other, several are taken as one.
  void columns(char* states, const char* in, std::int64_t stride, std::int64_t rows, std::int64_t cols,
               std::int64_t position) const {
    // A power of two, for the sake of whole vectors.
    const std::int64_t group = cols < 64 && stride == cols * size
                                   ? static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(256 / cols)))
                                   : 1;
    if (group > 1 && rows >= 16 * group) {
      alignas(64) char wide[256 * kMaxStateBytes];
      k.start(wide, cols * group);
      k.columns(wide, in, stride * group, rows / group, cols * group, 0);
      if (positional())
        for (std::int64_t j = 0; j < cols * group; ++j) {
          std::int64_t row;
          char* state = wide + j * k.state_bytes;
          std::memcpy(&row, state, sizeof row);
          row = position + row * group + j / cols;
          std::memcpy(state, &row, sizeof row);
        }
      for (std::int64_t g = 0; g < group; ++g) k.merge(states, wide + g * cols * k.state_bytes, cols);
      in += rows / group * group * stride;
      position += rows / group * group;
      rows %= group;
    }
    if (rows > 0) k.columns(states, in, stride, rows, cols, position);
  }
  bool positional() const { return c.op == Reduction::argmin || c.op == Reduction::argmax; }
};

// Merges `count` groups of n states that follow each other into the first, neighbours first.
void merge_pairwise(const ReduceKernel& k, char* states, std::int64_t count, std::int64_t n) {
  const std::int64_t bytes = n * k.state_bytes;
  for (std::int64_t step = 1; step < count; step *= 2)
    for (std::int64_t i = 0; i + step < count; i += 2 * step)
      k.merge(states + i * bytes, states + (i + step) * bytes, n);
}

void reduce_runs(const Reducer& r) {
  const ReduceCall& c = r.c;
  const ReduceKernel& k = r.k;
  const std::int64_t n = c.reduced.numel, chunks = std::max<std::int64_t>((n + kRunChunk - 1) / kRunChunk, 1);
  if (chunks == 1) {
    parallel_for(c.kept.numel, std::max<std::int64_t>(kGrain / std::max<std::int64_t>(n, 16), 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   alignas(16) char states[kBatch * kMaxStateBytes];
                   for_pairs(c.kept, c.in, c.out, begin, end, kBatch,
                             [&](char* p, std::int64_t stride, char* q, std::int64_t out_stride, std::int64_t m) {
                               k.start(states, m);
                               for (std::int64_t i = 0; i < m; ++i)
                                 r.run(states + i * k.state_bytes, p + i * stride, 0, n);
                               r.write(states, m, q, out_stride);
                             });
                 });
    return;
  }
  const std::unique_ptr<char[]> memory(new char[static_cast<std::size_t>(c.kept.numel * chunks * k.state_bytes)]);
  parallel_for(c.kept.numel * chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t from = i % chunks * kRunChunk;
      char* state = memory.get() + i * k.state_bytes;
      k.start(state, 1);
      for_pairs(c.kept, c.in, c.out, i / chunks, i / chunks + 1, 1,
                [&](char* p, std::int64_t, char*, std::int64_t, std::int64_t) {
                  r.run(state, p, from, std::min(n, from + kRunChunk));
                });
    }
  });
  std::int64_t i = 0;
  for_pairs(c.kept, c.in, c.out, 0, c.kept.numel, 1,
            [&](char*, std::int64_t, char* q, std::int64_t out_stride, std::int64_t) {
              char* states = memory.get() + i++ * chunks * k.state_bytes;
              merge_pairwise(k, states, chunks, 1);
              r.write(states, 1, q, out_stride);
            });
}

// The kept loop with its strip dimension innermost, cut off from the others.
struct Strips {
  Loop others;
  std::int64_t size, in_stride, out_stride, width, per_row;

  Strips(const Loop& kept, int dim, std::int64_t item)
      : others(kept), size(kept.shape[dim]), in_stride(kept.strides[1][dim]), out_stride(kept.strides[0][dim]) {
    for (int d = dim; d + 1 < kept.ndim; ++d) {
      others.shape[d] = kept.shape[d + 1];
      for (int k = 0; k < 2; ++k) others.strides[k][d] = kept.strides[k][d + 1];
    }
    --others.ndim;
    others.numel = kept.numel / size;
    // 4 KB of a row, so that eight rows and the states stay in the L1 cache.
    width = std::min<std::int64_t>(size, std::clamp<std::int64_t>(4096 / item, 256, kMaxColumns));
    per_row = (size + width - 1) / width;
  }
  std::int64_t count() const { return others.numel * per_row; }
  std::int64_t columns(std::int64_t strip) const { return std::min(width, size - strip % per_row * width); }
  std::pair<char*, char*> pointers(std::int64_t strip, const void* in, void* out) const {
    const std::int64_t first = strip % per_row * width;
    std::pair<char*, char*> p;
    Cursor from(others, 1, static_cast<char*>(const_cast<void*>(in)), strip / per_row);
    Cursor to(others, 0, static_cast<char*>(out), strip / per_row);
    from.advance(1, [&](char* q, std::int64_t, std::int64_t, std::int64_t) { p.first = q + first * in_stride; });
    to.advance(1, [&](char* q, std::int64_t, std::int64_t, std::int64_t) { p.second = q + first * out_stride; });
    return p;
  }
};

void reduce_strips(const Reducer& r, int dim) {
  const ReduceCall& c = r.c;
  const ReduceKernel& k = r.k;
  const Strips s(c.kept, dim, r.size);
  const std::int64_t rows = c.reduced.numel, strips = s.count();
  // A multiple of 128 rows, which is what kernels fold at once. Many strips are enough to share out.
  std::int64_t chunk_rows = strips >= 64 ? rows : std::max<std::int64_t>(kStripChunk / s.width, 1);
  chunk_rows = std::max<std::int64_t>((chunk_rows + 127) / 128 * 128, 128);
  const std::int64_t chunks = std::max<std::int64_t>((rows + chunk_rows - 1) / chunk_rows, 1);
  const std::int64_t cost = s.width * std::min(chunk_rows, rows);
  const std::int64_t grain = std::max<std::int64_t>(kGrain / std::max<std::int64_t>(cost, 1), 1);
  if (chunks == 1) {
    parallel_for(strips, grain, [&](std::int64_t begin, std::int64_t end) {
      alignas(64) char states[kMaxColumns * kMaxStateBytes];
      for (std::int64_t i = begin; i < end; ++i) {
        const auto [in, out] = s.pointers(i, c.in, c.out);
        k.start(states, s.columns(i));
        r.strip(states, in, s.in_stride, s.columns(i), 0, rows);
        r.write(states, s.columns(i), out, s.out_stride);
      }
    });
    return;
  }
  const std::int64_t bytes = s.width * k.state_bytes;
  const std::unique_ptr<char[]> memory(new char[static_cast<std::size_t>(strips * chunks * bytes)]);
  const auto states_of = [&](std::int64_t strip, std::int64_t chunk) {
    return memory.get() + strip * chunks * bytes + chunk * s.columns(strip) * k.state_bytes;
  };
  parallel_for(strips * chunks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      // Strips of the same rows follow each other: they share pages.
      const std::int64_t strip = i % strips, from = i / strips * chunk_rows;
      char* states = states_of(strip, i / strips);
      k.start(states, s.columns(strip));
      r.strip(states, s.pointers(strip, c.in, c.out).first, s.in_stride, s.columns(strip), from,
              std::min(rows, from + chunk_rows));
    }
  });
  parallel_for(strips, std::max<std::int64_t>(kGrain / (s.width * chunks), 1),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   merge_pairwise(k, states_of(i, 0), chunks, s.columns(i));
                   r.write(states_of(i, 0), s.columns(i), s.pointers(i, c.in, c.out).second, s.out_stride);
                 }
               });
}

}  // namespace

Status reduce(const ReduceCall& c) {
  const ReduceKernel& k = reduce_kernels()[static_cast<int>(c.op)][static_cast<int>(c.compute)];
  if (!k.run) return Status::unavailable;
  if (c.kept.numel == 0) return Status::ok;
  const Reducer r(c, k);
  if (c.kept.ndim == 0 && c.reduced.numel <= kRunChunk) {
    alignas(16) char state[kMaxStateBytes];
    k.start(state, 1);
    r.run(state, static_cast<char*>(const_cast<void*>(c.in)), 0, c.reduced.numel);
    r.write(state, 1, static_cast<char*>(c.out), static_cast<std::int64_t>(itemsize(c.out_dtype)));
    return Status::ok;
  }
  const auto run = [&] { c.strip < 0 ? reduce_runs(r) : reduce_strips(r, c.strip); };
  const std::int64_t elements = c.kept.numel * c.reduced.numel;
  if (elements * static_cast<std::int64_t>(itemsize(c.in_dtype)) < kAheadFrom) {
    run();
    return Status::ok;
  }
  constexpr int of_reductions = -1;  // kinds of elementwise calls begin with the operation
  const Kind kind{of_reductions, static_cast<int>(c.op), static_cast<int>(c.in_dtype),
                  c.strip < 0,   Kind::size(elements),   max_threads()};
  Trial trial(ways_of(kind, 2), elements);
  asks_ahead.store(trial.way() == kAskAhead, std::memory_order_relaxed);
  run();
  trial.ended();
  return Status::ok;
}

}  // namespace tenon::cpu
