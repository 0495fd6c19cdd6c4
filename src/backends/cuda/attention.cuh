// Scaled dot-product attention by tiles (Dao et al., "FlashAttention", 2022): what its kernels have in common. A tile of
// queries meets one tile of keys after the other; their scores stay in shared memory. Where columns are more than a block's
// threads can hold, several blocks ("slabs") form the same scores for columns of their own.
#pragma once

#include "backends/cuda/group.cuh"
#include "backends/cuda/operations.h"
#include "backends/cuda/tiles.cuh"
#include "backends/scalar/elementwise.h"
#include "backends/scalar/philox.h"

namespace tenon::cuda {

template <class T>
inline constexpr unsigned kAttentionTile = sizeof(T) == 4 ? 64 : 32;
inline constexpr unsigned kChunks = 2;  // tiles of columns that a block holds

// Matrices of all heads.
template <class T>
struct HeadRows {
  T* data;
  std::int64_t strides[3];
  std::int64_t rows, columns;

  HeadRows(const Heads& h, std::int64_t n_rows, std::int64_t n_columns)
      : data(static_cast<T*>(h.data)),
        strides{h.strides[0], h.strides[1], h.strides[2]},
        rows(n_rows),
        columns(n_columns) {}
  TENON_KERNEL T* at(std::int64_t batch, std::int64_t head, std::int64_t row) const {
    return data + batch * strides[0] + head * strides[1] + row * strides[2];
  }
  // 0 outside.
  TENON_KERNEL T read(std::int64_t batch, std::int64_t head, std::int64_t row, std::int64_t column) const {
    return row < rows && column < columns ? at(batch, head, row)[column] : T(0);
  }
};

template <class T>
struct AttentionSpace {
  static constexpr unsigned kTile = kAttentionTile<T>;
  using Sums = TileSums<T, kTile>;
  using Tile = T[kTile][kTile + 1];

  HeadRows<T> q, k, v, out, g, dq, dk, dv;
  Heads mask;
  std::int64_t mask_column;
  T* lse;
  T* dots;  // of each query, that of its output and its gradient
  std::int64_t batch, heads, key_heads, queries, keys;
  std::uint32_t per_key_head, query_tiles, key_tiles, slabs;
  T scale, dropout, kept;
  bool causal, bool_mask;
  std::uint64_t seed, offset;
  const std::uint64_t* state;

  AttentionSpace(const AttentionCall& c, std::int64_t columns, T* of_dots)
      : q(c.q, c.queries, c.width),
        k(c.k, c.keys, c.width),
        v(c.v, c.keys, c.value_width),
        out(c.out, c.queries, c.value_width),
        g(c.g, c.queries, c.value_width),
        dq(c.dq, c.queries, c.width),
        dk(c.dk, c.keys, c.width),
        dv(c.dv, c.keys, c.value_width),
        mask(c.mask),
        mask_column(c.mask_column),
        lse(static_cast<T*>(c.lse)),
        dots(of_dots),
        batch(c.batch),
        heads(c.heads),
        key_heads(c.key_heads),
        queries(c.queries),
        keys(c.keys),
        per_key_head(static_cast<std::uint32_t>(c.heads / c.key_heads)),
        query_tiles(static_cast<std::uint32_t>(blocks_for(c.queries, kTile))),
        key_tiles(static_cast<std::uint32_t>(blocks_for(c.keys, kTile))),
        slabs(static_cast<std::uint32_t>(blocks_for(columns, kTile * kChunks))),
        scale(static_cast<T>(c.scale)),
        dropout(static_cast<T>(c.dropout)),
        kept(static_cast<T>(1 / (1 - c.dropout))),
        causal(c.causal),
        bool_mask(is_bool(c.mask_dtype)),
        seed(c.seed),
        offset(c.offset),
        state(c.state) {}

  // What a block works on: a tile of rows of one head, and a slab of columns.
  struct Work {
    std::int64_t batch, head, row;
    std::int64_t column;
  };
  TENON_KERNEL Work work(std::uint32_t block, std::uint32_t tiles, std::int64_t n_heads) const {
    const std::uint32_t of_tile = block / slabs, of_head = of_tile / tiles,
                        b = of_head / static_cast<std::uint32_t>(n_heads);
    return {b, of_head - b * static_cast<std::uint32_t>(n_heads), std::int64_t{of_tile - of_head * tiles} * kTile,
            std::int64_t{block - of_tile * slabs} * kTile * kChunks};
  }
  TENON_KERNEL static unsigned size(std::int64_t n, std::int64_t from) {
    return n - from < kTile ? static_cast<unsigned>(n - from) : kTile;
  }

  // The products of the tiles' rows.
  TENON_KERNEL Sums products(const Thread& t, TilePair<T, kTile>& strips, const HeadRows<T>& a, const HeadRows<T>& b,
                             std::int64_t at_batch, std::int64_t head, std::int64_t i, std::int64_t j) const {
    Sums sums(t);
    multiply_tiles<T, kTile>(
        t, strips, sums, a.columns, true, [&](std::int64_t d, unsigned r) { return a.read(at_batch, head, i + r, d); },
        true, [&](std::int64_t d, unsigned r) { return b.read(at_batch, head / per_key_head, j + r, d); });
    return sums;
  }
  TENON_KERNEL T score(std::int64_t at_batch, std::int64_t head, std::int64_t i, std::int64_t j, T product) const {
    if (i >= queries || j >= keys || (causal && j > i)) return -scalar::kInf<T>;
    const T x = scalar::mul_(product, scale);  // not fused with what follows: large scores must cancel exactly
    if (!mask.data) return x;
    const std::int64_t at = at_batch * mask.strides[0] + head * mask.strides[1] + i * mask.strides[2] + j * mask_column;
    if (!bool_mask) return x + static_cast<const T*>(mask.data)[at];
    return read<bool>(static_cast<const char*>(mask.data) + at) ? x : -scalar::kInf<T>;
  }
  // What a weight is multiplied by: 0, or 1 / (1 - dropout).
  TENON_KERNEL T keep(std::int64_t at_batch, std::int64_t head, std::int64_t i, std::int64_t j) const {
    if (dropout == T(0)) return T(1);
    const scalar::Uniform<T> unit{T(0), T(1), sizeof(T) == 4 ? T(0x1.fffffep-1) : T(0x1.fffffffffffffp-1)};
    const std::int64_t place = ((at_batch * heads + head) * queries + i) * keys + j;
    const scalar::Place from(seed, offset, state);
    return scalar::number_at(unit, from.seed, from.offset + static_cast<std::uint64_t>(place)) < dropout ? T(0) : kept;
  }
  TENON_KERNEL std::int64_t query(std::int64_t at_batch, std::int64_t head, std::int64_t i) const {
    return (at_batch * heads + head) * queries + i;
  }
};

Status attention_backward(const Context& context, const AttentionCall& call);

}  // namespace tenon::cuda
