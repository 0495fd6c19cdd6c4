// Attention, forwards: rows are rescaled when a tile of keys has a larger score.
#include "backends/cuda/attention.cuh"

namespace tenon::cuda {
namespace {

template <class T>
struct AttentionForward {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Space = AttentionSpace<T>;
  static constexpr unsigned kTile = Space::kTile;
  struct Shared {
    TilePair<T, kTile> strips;
    typename Space::Tile weights;  // [key][query]
    T highest[kTile], sum[kTile], factor[kTile];  // of each query: so far, and what sums so far are multiplied by
  };
  Space s;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& shared = t.shared<Shared>();
    const auto w = s.work(t.block(), s.query_tiles, s.heads);
    typename Space::Sums sums[kChunks] = {typename Space::Sums(t), typename Space::Sums(t)};
    if (t.thread() < kTile) shared.highest[t.thread()] = -scalar::kInf<T>;
    if (t.thread() < kTile) shared.sum[t.thread()] = T(0);
    const std::int64_t end = s.causal && w.row + kTile < s.keys ? w.row + kTile : s.keys;
    for (std::int64_t j = 0; j < end; j += kTile) {
      const auto products = s.products(t, shared.strips, s.q, s.k, w.batch, w.head, w.row, j);
      for (unsigned a = 0; a < products.kEach; ++a)
        for (unsigned b = 0; b < products.kEach; ++b)
          shared.weights[products.column(b)][products.row(a)] =
              s.score(w.batch, w.head, w.row + products.row(a), j + products.column(b), products.sum[a][b]);
      t.sync();
      for (unsigned r = t.warp(); r < kTile; r += kThreads / kWarp) weigh(t, shared, w, r, j);
      t.sync();
      const unsigned depth = Space::size(s.keys, j);
#pragma unroll
      for (unsigned c = 0; c < kChunks; ++c) {
        const std::int64_t column = w.column + c * kTile;
        if (column >= s.v.columns) continue;
        for (unsigned a = 0; a < sums[c].kEach; ++a)
          for (unsigned b = 0; b < sums[c].kEach; ++b) sums[c].sum[a][b] *= shared.factor[sums[c].row(a)];
        multiply_resident<T, kTile>(t, shared.weights, shared.strips.b, sums[c], depth, [&](unsigned d, unsigned x) {
          return s.v.read(w.batch, w.head / s.per_key_head, j + d, column + x);
        });
      }
    }
    write(t, shared, w, sums);
  }

 private:
  // The scores of row r become weights, whose sum counts before any is dropped.
  TENON_KERNEL void weigh(const Thread& t, Shared& shared, const typename Space::Work& w, unsigned r,
                          std::int64_t j) const {
    T most = shared.highest[r];
    for (unsigned x = t.lane(); x < kTile; x += kWarp) most = shared.weights[x][r] > most ? shared.weights[x][r] : most;
    most = over_warp(t, most, [](T a, T b) { return b > a ? b : a; });
    // A row without any score so far has no highest one to be shifted by.
    const T shift = most == -scalar::kInf<T> ? T(0) : most;
    T sum = 0;
    for (unsigned x = t.lane(); x < kTile; x += kWarp) {
      const T weight = scalar::exp(shared.weights[x][r] - shift);
      sum += weight;
      shared.weights[x][r] = weight == T(0) ? weight : weight * s.keep(w.batch, w.head, w.row + r, j + x);
    }
    sum = over_warp(t, sum, Plus());
    if (t.lane() != 0) return;
    const T before = shared.highest[r], factor = before == -scalar::kInf<T> ? T(0) : scalar::exp(before - shift);
    shared.factor[r] = factor;
    shared.sum[r] = shared.sum[r] * factor + sum;
    shared.highest[r] = most;
  }
  // What sees no key is 0.
  TENON_KERNEL void write(const Thread& t, const Shared& shared, const typename Space::Work& w,
                          const typename Space::Sums (&sums)[kChunks]) const {
#pragma unroll
    for (unsigned c = 0; c < kChunks; ++c)
#pragma unroll
      for (unsigned a = 0; a < sums[c].kEach; ++a) {
        const unsigned r = sums[c].row(a);
        if (w.row + r >= s.queries) continue;
        const T sum = shared.sum[r], factor = sum == T(0) ? T(0) : 1 / sum;
#pragma unroll
        for (unsigned b = 0; b < sums[c].kEach; ++b) {
          const std::int64_t column = w.column + c * kTile + sums[c].column(b);
          if (column < s.out.columns) s.out.at(w.batch, w.head, w.row + r)[column] = sums[c].sum[a][b] * factor;
        }
      }
    if (w.column > 0 || t.thread() >= Space::size(s.queries, w.row)) return;
    const T sum = shared.sum[t.thread()];
    s.lse[s.query(w.batch, w.head, w.row + t.thread())] =
        sum == T(0) ? -scalar::kInf<T> : shared.highest[t.thread()] + scalar::log(sum);
  }
};

template <class T>
void forward(const Context& context, const AttentionCall& c) {
  const AttentionSpace<T> s(c, c.value_width, nullptr);
  launch(context, c.batch * c.heads * s.query_tiles * s.slabs, AttentionForward<T>{s});
}

}  // namespace

Status attention(const Context& context, const AttentionCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.mask.data && !is_bool(c.mask_dtype) && c.mask_dtype != c.dtype) return Status::unavailable;
  if (c.batch == 0) return Status::ok;
  if (c.kind == Attention::backward) return attention_backward(context, c);
  if (c.dtype == DType::float64) forward<double>(context, c);
  else forward<float>(context, c);
  return Status::ok;
}

}  // namespace tenon::cuda
