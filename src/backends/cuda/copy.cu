// Copies, fills and casts of any layout.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "backends/cuda/bytes.h"
#include "backends/cuda/element.h"
#include "backends/cuda/layout.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/runtime.h"

namespace tenon::cuda {
namespace {

template <int N>
struct Fill {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  char* out;
  Bytes<N> value;
  Layout<1> layout;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < layout.numel; i += t.stride()) {
      std::int64_t at[1];
      layout.offsets(static_cast<std::uint32_t>(i), at);
      *reinterpret_cast<Bytes<N>*>(out + at[0]) = value;
    }
  }
};

template <int N>
struct Move {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  char* out;
  const char* in;
  Layout<2> layout;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < layout.numel; i += t.stride()) {
      std::int64_t at[2];
      layout.offsets(static_cast<std::uint32_t>(i), at);
      *reinterpret_cast<Bytes<N>*>(out + at[0]) = *reinterpret_cast<const Bytes<N>*>(in + at[1]);
    }
  }
};

template <class From>
struct Cast {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  char* out;
  const char* in;
  DType to;
  Layout<2> layout;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < layout.numel; i += t.stride()) {
      std::int64_t at[2];
      layout.offsets(static_cast<std::uint32_t>(i), at);
      store_as(out + at[0], to, read<From>(in + at[1]));
    }
  }
};

// Matrices whose rows lie contiguously in the output and whose columns do in the input, through tiles in shared memory,
// so that both are read and written in whole lines.
template <int N>
struct Transpose {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  static constexpr unsigned kTile = 32;
  struct Shared {
    Bytes<N> tile[kTile][kTile + 1];  // a column more, so that a column lies in different banks
  };
  char* out;
  const char* in;
  std::int64_t rows, columns;  // of the output
  std::int64_t out_row, in_column;  // strides in bytes
  Divisor tiles_down, tiles_across;
  Layout<2> batch;

  TENON_KERNEL void operator()(const Thread& t) const {
    Shared& s = t.shared<Shared>();
    const std::uint32_t down = tiles_across.quotient(t.block()), across = t.block() - down * tiles_across.d;
    const std::uint32_t b = tiles_down.quotient(down);
    std::int64_t at[2];
    batch.offsets(b, at);
    const std::int64_t row = std::int64_t{down - b * tiles_down.d} * kTile, column = std::int64_t{across} * kTile;
    const unsigned x = t.lane();
    for (unsigned y = t.warp(); y < kTile; y += kThreads / 32)
      if (row + x < rows && column + y < columns)
        s.tile[y][x] = *reinterpret_cast<const Bytes<N>*>(in + at[1] + (row + x) * N + (column + y) * in_column);
    t.sync();
    for (unsigned y = t.warp(); y < kTile; y += kThreads / 32)
      if (row + y < rows && column + x < columns)
        *reinterpret_cast<Bytes<N>*>(out + at[0] + (row + y) * out_row + (column + x) * N) = s.tile[x][y];
  }
};

void fill(const Context& context, const ElementwiseCall& c, std::int64_t item) {
  pieces<1>(c.loop, 1, [&](const Layout<1>& layout, const std::int64_t* at) {
    by_size(item, [&]<int N>() {
      Fill<N> k;
      k.out = static_cast<char*>(c.data[0]) + at[0];
      std::memcpy(k.value.byte, c.value[1], N);
      k.layout = layout;
      launch(context, blocks_for(layout.numel, k.kThreads), k);
    });
  });
}

// Larger items, where runs of both sides allow it. Returns their size.
std::int64_t widen(Loop& loop, const void* out, const void* in, std::int64_t item) {
  if (loop.ndim == 0) return item;
  const int inner = loop.ndim - 1;
  if (loop.strides[0][inner] != item || loop.strides[1][inner] != item) return item;
  std::uint64_t bits = reinterpret_cast<std::uintptr_t>(out) | reinterpret_cast<std::uintptr_t>(in) |
                       static_cast<std::uint64_t>(loop.shape[inner] * item);
  for (int d = 0; d < inner; ++d)
    bits |= static_cast<std::uint64_t>(loop.strides[0][d]) | static_cast<std::uint64_t>(loop.strides[1][d]);
  std::int64_t wide = 16;
  while (wide > item && (bits & static_cast<std::uint64_t>(wide - 1)) != 0) wide /= 2;
  if (wide <= item) return item;
  loop.numel /= wide / item;
  loop.shape[inner] /= wide / item;
  loop.strides[0][inner] = loop.strides[1][inner] = wide;
  return wide;
}

// The dimension along which the input is contiguous, where that is not the output's; -1: there is none worth the tiles.
int transposed_dimension(const Loop& loop, std::int64_t item) {
  const int inner = loop.ndim - 1;
  if (loop.ndim < 2 || loop.strides[0][inner] != item || loop.strides[1][inner] == item || loop.shape[inner] < 8)
    return -1;
  for (int d = 0; d < inner; ++d)
    if (loop.strides[1][d] == item && loop.shape[d] >= 8) return d;
  return -1;
}

bool transpose(const Context& context, const ElementwiseCall& c, std::int64_t item) {
  const Loop& loop = c.loop;
  const int dim = transposed_dimension(loop, item), inner = loop.ndim - 1;
  if (dim < 0 || loop.ndim - 2 > kLayoutDims) return false;
  Layout<2> batch;
  std::int64_t matrices = 1;
  for (int d = 0; d < inner; ++d) {
    if (d == dim) continue;
    matrices *= loop.shape[d];
    batch.shape[batch.ndim] = Divisor(static_cast<std::uint32_t>(loop.shape[d]));
    for (int k = 0; k < 2; ++k) batch.strides[k][batch.ndim] = loop.strides[k][d];
    ++batch.ndim;
  }
  const auto tiles = [](std::int64_t n) { return (n + 31) / 32; };
  const std::int64_t down = tiles(loop.shape[dim]), across = tiles(loop.shape[inner]);
  if (matrices >= kMostPositions || matrices * down * across >= kMostPositions) return false;
  by_size(item, [&]<int N>() {
    Transpose<N> k;
    k.out = static_cast<char*>(c.data[0]);
    k.in = static_cast<const char*>(c.data[1]);
    k.rows = loop.shape[dim];
    k.columns = loop.shape[inner];
    k.out_row = loop.strides[0][dim];
    k.in_column = loop.strides[1][inner];
    k.tiles_down = Divisor(static_cast<std::uint32_t>(down));
    k.tiles_across = Divisor(static_cast<std::uint32_t>(across));
    k.batch = batch;
    launch(context, matrices * down * across, k);
  });
  return true;
}

void move(const Context& context, const ElementwiseCall& c, std::int64_t item) {
  const bool whole =
      c.loop.ndim == 0 || (c.loop.ndim == 1 && c.loop.strides[0][0] == item && c.loop.strides[1][0] == item);
  if (whole) return copy_bytes(context, c.data[0], c.data[1], c.loop.numel * item);
  if (transpose(context, c, item)) return;
  Loop loop = c.loop;
  const std::int64_t wide = widen(loop, c.data[0], c.data[1], item);
  pieces<2>(loop, 2, [&](const Layout<2>& layout, const std::int64_t* at) {
    by_size(wide, [&]<int N>() {
      Move<N> k{static_cast<char*>(c.data[0]) + at[0], static_cast<const char*>(c.data[1]) + at[1], layout};
      launch(context, blocks_for(layout.numel, k.kThreads), k);
    });
  });
}

// Bytes that travel as the kernel's parameter.
struct Deposit {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  static constexpr std::int64_t kMost = 4000;
  unsigned char* to;
  std::uint32_t n;
  unsigned char bytes[kMost];

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < n; i += t.stride()) to[i] = bytes[i];
  }
};

}  // namespace

void copy_bytes(const Context& context, void* to, const void* from, std::int64_t bytes) {
  CopyCall c{};
  c.kind = Copy::to_peer;
  c.dst = to;
  c.src = from;
  c.bytes = bytes;
  c.src_device = c.dst_device = context.device;
  c.asynchronous = true;
  check(runtime::copy(context.stream, c));
}

void upload(const Context& context, void* to, const void* host, std::int64_t bytes) {
  for (std::int64_t from = 0; from < bytes; from += Deposit::kMost) {
    Deposit k;
    k.to = static_cast<unsigned char*>(to) + from;
    k.n = static_cast<std::uint32_t>(std::min(Deposit::kMost, bytes - from));
    std::memcpy(k.bytes, static_cast<const unsigned char*>(host) + from, k.n);
    launch(context, 1, k);
  }
}

Status copy_elements(const Context& context, const ElementwiseCall& c) {
  if (c.loop.numel == 0) return Status::ok;
  const auto item = static_cast<std::int64_t>(itemsize(c.dtype[0]));
  if (c.immediate[1]) {
    if (c.dtype[1] != c.dtype[0]) return Status::unavailable;  // a number comes in the output's dtype
    fill(context, c, item);
  } else if (c.dtype[0] == c.dtype[1] && !is_bool(c.dtype[0])) {
    move(context, c, item);
  } else {
    pieces<2>(c.loop, 2, [&](const Layout<2>& layout, const std::int64_t* at) {
      dispatch(c.dtype[1], [&]<class From>() {
        Cast<From> k{static_cast<char*>(c.data[0]) + at[0], static_cast<const char*>(c.data[1]) + at[1], c.dtype[0],
                     layout};
        launch(context, blocks_for(layout.numel, k.kThreads), k);
      });
    });
  }
  return Status::ok;
}

}  // namespace tenon::cuda
