// Attention, backwards: the weights are formed again from the sums that forward left. One kernel adds up the queries'
// gradients over tiles of keys, another those of keys and values over tiles of queries, in order: nothing is added by two
// blocks.
#include <algorithm>

#include "backends/cuda/attention.cuh"

namespace tenon::cuda {
namespace {

// A warp for each query.
template <class T>
struct AttentionDots {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  AttentionSpace<T> s;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t k = std::uint64_t{t.block()} * (kThreads / kWarp) + t.warp();
    const std::uint64_t all = static_cast<std::uint64_t>(s.batch * s.heads * s.queries);
    const auto of_head = static_cast<std::int64_t>(k) / s.queries,
               row = static_cast<std::int64_t>(k) - of_head * s.queries;
    const std::int64_t batch = of_head / s.heads, head = of_head - batch * s.heads;
    T dot = 0;
    for (std::int64_t i = t.lane(); k < all && i < s.g.columns; i += kWarp)
      dot += s.g.at(batch, head, row)[i] * s.out.at(batch, head, row)[i];
    dot = over_warp(t, dot, Plus());
    if (k < all && t.lane() == 0) s.dots[k] = dot;
  }
};

template <class T>
struct AttentionTiles {
  TilePair<T, kAttentionTile<T>> strips;
  typename AttentionSpace<T>::Tile weights, gradients;  // of the weights as they were used, and of the products
};

// Of queries from i and keys from j: the weights and the gradients of the scores' products. by_query: [query][key].
// They are whole when multiply_resident has waited for its strip.
template <class T>
TENON_KERNEL void weigh(const Thread& t, const AttentionSpace<T>& s, AttentionTiles<T>& tiles, std::int64_t batch,
                        std::int64_t head, std::int64_t i, std::int64_t j, bool by_query) {
  const auto products = s.products(t, tiles.strips, s.q, s.k, batch, head, i, j);
  const auto of_weights = s.products(t, tiles.strips, s.g, s.v, batch, head, i, j);
#pragma unroll
  for (unsigned a = 0; a < products.kEach; ++a) {
    const unsigned r = products.row(a);
    const bool there = i + r < s.queries;
    const T lse = there ? s.lse[s.query(batch, head, i + r)] : T(0);
    const T dot = there ? s.dots[s.query(batch, head, i + r)] : T(0);
#pragma unroll
    for (unsigned b = 0; b < products.kEach; ++b) {
      const unsigned x = products.column(b);
      const T score = s.score(batch, head, i + r, j + x, products.sum[a][b]);
      const T weight = lse == -scalar::kInf<T> ? T(0) : scalar::exp(score - lse);
      const T keep = weight == T(0) ? T(1) : s.keep(batch, head, i + r, j + x);
      const T gradient = weight * (of_weights.sum[a][b] * keep - dot) * s.scale;
      const unsigned p = by_query ? r : x, q = by_query ? x : r;
      tiles.weights[p][q] = weight * keep;
      tiles.gradients[p][q] = gradient;
    }
  }
}

// The sums of all chunks of columns from w.column on, to rows from w.row on.
template <class T>
TENON_KERNEL void write_sums(const HeadRows<T>& to, const typename AttentionSpace<T>::Work& w,
                             const typename AttentionSpace<T>::Sums (&sums)[kChunks]) {
#pragma unroll
  for (unsigned c = 0; c < kChunks; ++c)
#pragma unroll
    for (unsigned a = 0; a < sums[c].kEach; ++a)
#pragma unroll
      for (unsigned b = 0; b < sums[c].kEach; ++b) {
        const std::int64_t row = w.row + sums[c].row(a), column = w.column + c * kAttentionTile<T> + sums[c].column(b);
        if (row < to.rows && column < to.columns) to.at(w.batch, w.head, row)[column] = sums[c].sum[a][b];
      }
}

// sums += tile.T @ rows from `row` on, of a head.
template <class T>
TENON_KERNEL void add_rows(const Thread& t, AttentionTiles<T>& tiles, const typename AttentionSpace<T>::Tile& tile,
                           typename AttentionSpace<T>::Sums (&sums)[kChunks], const HeadRows<T>& rows,
                           std::int64_t batch, std::int64_t head, std::int64_t row, std::int64_t column) {
#pragma unroll
  for (unsigned c = 0; c < kChunks; ++c) {
    const std::int64_t from = column + c * kAttentionTile<T>;
    if (from >= rows.columns) continue;
    multiply_resident<T, kAttentionTile<T>>(
        t, tile, tiles.strips.b, sums[c], AttentionSpace<T>::size(rows.rows, row),
        [&](unsigned d, unsigned x) { return rows.read(batch, head, row + d, from + x); });
  }
}

template <class T>
struct AttentionQueries {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Space = AttentionSpace<T>;
  using Shared = AttentionTiles<T>;
  Space s;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    const auto w = s.work(t.block(), s.query_tiles, s.heads);
    typename Space::Sums sums[kChunks] = {typename Space::Sums(t), typename Space::Sums(t)};
    const std::int64_t end = s.causal && w.row + Space::kTile < s.keys ? w.row + Space::kTile : s.keys;
    for (std::int64_t j = 0; j < end; j += Space::kTile) {
      weigh(t, s, shared, w.batch, w.head, w.row, j, false);
      add_rows(t, shared, shared.gradients, sums, s.k, w.batch, w.head / s.per_key_head, j, w.column);
    }
    write_sums<T>(s.dq, w, sums);
  }
};

template <class T>
struct AttentionKeys {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Space = AttentionSpace<T>;
  using Shared = AttentionTiles<T>;
  Space s;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    const auto w = s.work(t.block(), s.key_tiles, s.key_heads);
    typename Space::Sums of_keys[kChunks] = {typename Space::Sums(t), typename Space::Sums(t)};
    typename Space::Sums of_values[kChunks] = {typename Space::Sums(t), typename Space::Sums(t)};
    for (std::int64_t head = w.head * s.per_key_head; head < (w.head + 1) * s.per_key_head; ++head)
      for (std::int64_t i = s.causal ? w.row : 0; i < s.queries; i += Space::kTile) {
        weigh(t, s, shared, w.batch, head, i, w.row, true);
        add_rows(t, shared, shared.weights, of_values, s.g, w.batch, head, i, w.column);
        add_rows(t, shared, shared.gradients, of_keys, s.q, w.batch, head, i, w.column);
      }
    write_sums<T>(s.dk, w, of_keys);
    write_sums<T>(s.dv, w, of_values);
  }
};

template <class T>
void backward(const Context& context, const AttentionCall& c) {
  const std::int64_t rows = c.batch * c.heads * c.queries;
  const Scratch dots(context, rows * static_cast<std::int64_t>(sizeof(T)));
  const AttentionSpace<T> of_queries(c, c.width, dots.get<T>()),
      of_keys(c, std::max(c.width, c.value_width), dots.get<T>());
  launch(context, blocks_for(rows, AttentionDots<T>::kThreads / kWarp), AttentionDots<T>{of_queries});
  launch(context, c.batch * c.heads * of_queries.query_tiles * of_queries.slabs, AttentionQueries<T>{of_queries});
  launch(context, c.batch * c.key_heads * of_keys.key_tiles * of_keys.slabs, AttentionKeys<T>{of_keys});
}

}  // namespace

Status attention_backward(const Context& context, const AttentionCall& c) {
  if (c.dtype == DType::float64) backward<double>(context, c);
  else backward<float>(context, c);
  return Status::ok;
}

}  // namespace tenon::cuda
