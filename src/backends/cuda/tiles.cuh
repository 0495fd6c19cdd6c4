// Matrix products by tiles in shared memory: a block of 256 threads makes a square of sums, of which each thread has some in
// registers. Sums along the depth are formed in one order.
#pragma once

#include "backends/cuda/element.h"

namespace tenon::cuda {

inline constexpr unsigned kTileThreads = 256, kTileSide = 16, kTileDepth = 16;

// A strip of kTileDepth steps of an operand. A column more, so that writes along the depth meet different banks.
template <class T, unsigned kTile>
using TileStrip = T[kTileDepth][kTile + 1];

template <class T, unsigned kTile>
struct TilePair {
  TileStrip<T, kTile> a, b;
};

// The sums of a thread: rows row(i) and columns column(j) of the tile.
template <class T, unsigned kTile>
struct TileSums {
  static constexpr unsigned kEach = kTile / kTileSide;
  T sum[kEach][kEach];
  unsigned x, y;

  TENON_KERNEL explicit TileSums(const Thread& t) : sum{}, x(t.thread() % kTileSide), y(t.thread() / kTileSide) {}
  TENON_KERNEL unsigned row(unsigned i) const { return y + i * kTileSide; }
  TENON_KERNEL unsigned column(unsigned j) const { return x + j * kTileSide; }

  // a, b: [depth][row], [depth][column].
  template <class A, class B>
  TENON_KERNEL void add(const A& a, const B& b, unsigned depth) {
    for (unsigned d = 0; d < depth; ++d) {
      T left[kEach], right[kEach];
      for (unsigned i = 0; i < kEach; ++i) left[i] = a[d][row(i)];
      for (unsigned j = 0; j < kEach; ++j) right[j] = b[d][column(j)];
      for (unsigned i = 0; i < kEach; ++i)
        for (unsigned j = 0; j < kEach; ++j) sum[i][j] = static_cast<T>(sum[i][j] + left[i] * right[j]);
    }
  }
};

// a.T @ b over `depth` steps. load_a(step, row), load_b(step, column): zeros outside. along: whether neighbouring threads
// take neighbouring steps of that operand; else each thread keeps its row or column.
template <class T, unsigned kTile, class A, class B>
TENON_KERNEL void multiply_tiles(const Thread& t, TilePair<T, kTile>& shared, TileSums<T, kTile>& sums,
                                 std::int64_t depth, bool a_along, A load_a, bool b_along, B load_b) {
  for (std::int64_t from = 0; from < depth; from += kTileDepth) {
    for (unsigned i = t.thread(); i < kTileDepth * kTile; i += kTileThreads) {
      const unsigned ad = a_along ? i % kTileDepth : i / kTile, ar = a_along ? i / kTileDepth : i % kTile;
      const unsigned bd = b_along ? i % kTileDepth : i / kTile, bc = b_along ? i / kTileDepth : i % kTile;
      shared.a[ad][ar] = from + ad < depth ? load_a(from + ad, ar) : T(0);
      shared.b[bd][bc] = from + bd < depth ? load_b(from + bd, bc) : T(0);
    }
    t.sync();
    sums.add(shared.a, shared.b, depth - from < kTileDepth ? static_cast<unsigned>(depth - from) : kTileDepth);
    t.sync();  // before the strips are overwritten
  }
}

// The same with an `a` that lies in shared memory already, [step][row].
template <class T, unsigned kTile, class A, class B>
TENON_KERNEL void multiply_resident(const Thread& t, const A& a, TileStrip<T, kTile>& strip, TileSums<T, kTile>& sums,
                                    unsigned depth, B load_b) {
  for (unsigned from = 0; from < depth; from += kTileDepth) {
    for (unsigned i = t.thread(); i < kTileDepth * kTile; i += kTileThreads)
      strip[i / kTile][i % kTile] = from + i / kTile < depth ? load_b(from + i / kTile, i % kTile) : T(0);
    t.sync();
    sums.add(a + from, strip, depth - from < kTileDepth ? depth - from : kTileDepth);
    t.sync();  // before the strip is overwritten
  }
}

}  // namespace tenon::cuda
