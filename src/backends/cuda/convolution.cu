// Convolutions as matrix products whose operands are gathered while tiles are loaded (implicit GEMM): the matrix of all
// windows is never formed. Where a group has few channels, as in depthwise ones, a thread makes each output by itself. The
// sums of weights' gradients over images and windows are cut into parts that follow from the shape alone. float16 and
// bfloat16 are summed in float32 and rounded once.
#include <algorithm>

#include "backends/cuda/group.cuh"
#include "backends/cuda/operations.h"
#include "backends/cuda/tiles.cuh"
#include "backends/cuda/windows.cuh"

namespace tenon::cuda {
namespace {

constexpr unsigned kTile = 64;
constexpr std::int64_t kFewRows = 8;  // tiles would be empty for the most part

// out[row, column] of each group: the sum over channels and taps of w * x. A column is a position of an image.
template <class T>
struct Gather {
  using Sum = Computed<T>;
  const T *x, *w, *bias;
  T* out;
  WindowSpace windows;
  bool by_output;  // out has the windows and x the elements; else the other way round
  std::uint32_t groups, rows, channels;  // of a group
  std::uint32_t images;
  Divisor positions;  // of an image of out
  std::uint32_t x_size;  // of an image of x
  std::int64_t w_group, w_row, w_channel;

  struct Column {
    std::uint32_t image, position;
    Place place;
  };
  TENON_KERNEL std::uint32_t columns() const { return images * positions.d; }
  TENON_KERNEL Column column(std::uint32_t i) const {
    const std::uint32_t image = positions.quotient(i), position = i - image * positions.d;
    return {image, position, WindowSpace::place(position, by_output ? windows.of_out : windows.of_in)};
  }
  TENON_KERNEL Sum element(const Column& c, std::uint32_t group, std::uint32_t channel, const Place& tap) const {
    const std::int32_t at = by_output ? windows.element(c.place, tap) : windows.window(c.place, tap);
    if (at < 0) return Sum(0);
    return scalar::convert<Sum>(x[((std::int64_t{c.image} * groups + group) * channels + channel) * x_size + at]);
  }
  TENON_KERNEL Sum weight(std::uint32_t group, std::int64_t row, std::uint32_t channel, std::uint32_t tap) const {
    return scalar::convert<Sum>(w[group * w_group + row * w_row + channel * w_channel + tap]);
  }
  TENON_KERNEL void write_sum(std::uint32_t group, std::int64_t row, const Column& c, Sum sum) const {
    const std::int64_t channel = std::int64_t{group} * rows + row;
    if (bias) sum += scalar::convert<Sum>(bias[channel]);
    out[(std::int64_t{c.image} * groups * rows + channel) * positions.d + c.position] = scalar::convert<T>(sum);
  }
};

template <class T>
struct ConvolveTiles {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Sum = Computed<T>;
  using Shared = TilePair<Sum, kTile>;
  Gather<T> g;
  Divisor taps, down, across;  // tiles

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint32_t of_row = across.quotient(t.block()), group = down.quotient(of_row);
    const std::uint32_t row = (of_row - group * down.d) * kTile, first = (t.block() - of_row * across.d) * kTile;
    TileSums<Sum, kTile> sums(t);
    const std::uint32_t own = first + t.thread() % kTile, columns = g.columns();  // the column that this thread loads
    const auto column = g.column(own < columns ? own : 0);
    multiply_tiles<Sum, kTile>(
        t, t.shared<Shared>(), sums, std::int64_t{g.channels} * taps.d, true,
        [&](std::int64_t k, unsigned r) {
          const std::uint32_t channel = taps.quotient(static_cast<std::uint32_t>(k));
          if (row + r >= g.rows) return Sum(0);
          return g.weight(group, row + r, channel, static_cast<std::uint32_t>(k) - channel * taps.d);
        },
        false,
        [&](std::int64_t k, unsigned) {
          if (own >= columns) return Sum(0);
          const std::uint32_t channel = taps.quotient(static_cast<std::uint32_t>(k));
          const std::uint32_t tap = static_cast<std::uint32_t>(k) - channel * taps.d;
          return g.element(column, group, channel, WindowSpace::place(tap, g.windows.of_kernel));
        });
    for (unsigned j = 0; j < sums.kEach; ++j) {
      const std::uint32_t i = first + sums.column(j);
      if (i >= columns) continue;
      const auto to = g.column(i);
      for (unsigned r = 0; r < sums.kEach; ++r)
        if (row + sums.row(r) < g.rows) g.write_sum(group, row + sums.row(r), to, sums.sum[r][j]);
    }
  }
};

template <class T>
struct ConvolveDirectly {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  Gather<T> g;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint64_t columns = g.columns();
    for (std::uint64_t k = t.index(); k < columns * g.groups * g.rows; k += t.stride()) {
      const auto channel = static_cast<std::uint32_t>(k / columns), group = channel / g.rows,
                 row = channel - group * g.rows;
      const auto column = g.column(static_cast<std::uint32_t>(k - channel * columns));
      Computed<T> sum = 0;
      for (std::uint32_t c = 0; c < g.channels; ++c)
        for (std::uint32_t tap = 0; tap < g.windows.taps; ++tap)
          sum +=
              g.weight(group, row, c, tap) * g.element(column, group, c, WindowSpace::place(tap, g.windows.of_kernel));
      g.write_sum(group, row, column, sum);
    }
  }
};

// ---- the weight's gradient: w[row, column] is the sum over images and windows of y * x; a column is a channel and a tap ----

template <class T>
struct WeightGather {
  using Sum = Computed<T>;
  const T *y, *x;
  Sum* parts;  // [parts][groups, rows, columns]
  WindowSpace windows;
  std::uint32_t groups, rows, channels;  // of a group
  Divisor taps, positions;
  std::uint32_t n, part;  // summands, and those of a part

  TENON_KERNEL std::uint32_t columns() const { return channels * taps.d; }
  TENON_KERNEL std::uint32_t begin(std::uint32_t of_part) const { return of_part * part; }
  TENON_KERNEL std::uint32_t size(std::uint32_t of_part) const {
    const std::uint32_t left = n - begin(of_part);
    return left < part ? left : part;
  }
  TENON_KERNEL Sum gradient(std::uint32_t i, std::uint32_t group, std::uint32_t row) const {
    const std::uint32_t image = positions.quotient(i);
    return scalar::convert<Sum>(
        y[((std::int64_t{image} * groups + group) * rows + row) * positions.d + (i - image * positions.d)]);
  }
  TENON_KERNEL Sum element(std::uint32_t i, std::uint32_t group, std::uint32_t channel, const Place& tap) const {
    const std::uint32_t image = positions.quotient(i);
    const Place o = WindowSpace::place(i - image * positions.d, windows.of_out);
    const std::int32_t at = windows.element(o, tap);
    if (at < 0) return Sum(0);
    return scalar::convert<Sum>(
        x[((std::int64_t{image} * groups + group) * channels + channel) * windows.in_numel + at]);
  }
  TENON_KERNEL void write_sum(std::uint32_t of_part, std::uint32_t group, std::uint32_t row, std::uint32_t column,
                              Sum sum) const {
    parts[((std::int64_t{of_part} * groups + group) * rows + row) * columns() + column] = sum;
  }
};

template <class T>
struct WeightTiles {
  static constexpr unsigned kThreads = kTileThreads;
  static constexpr bool kTogether = true;
  using Sum = Computed<T>;
  using Shared = TilePair<Sum, kTile>;
  WeightGather<T> g;
  Divisor down, across, groups;

  TENON_KERNEL void operator()(const Thread& t) const {
    const std::uint32_t of_row = across.quotient(t.block()), of_group = down.quotient(of_row),
                        part = groups.quotient(of_group), group = of_group - part * groups.d;
    const std::uint32_t row = (of_row - of_group * down.d) * kTile, first = (t.block() - of_row * across.d) * kTile;
    const std::uint32_t begin = g.begin(part), own = first + t.thread() % kTile, columns = g.columns();
    const std::uint32_t channel = g.taps.quotient(own < columns ? own : 0);
    const Place tap = WindowSpace::place((own < columns ? own : 0) - channel * g.taps.d, g.windows.of_kernel);
    TileSums<Sum, kTile> sums(t);
    multiply_tiles<Sum, kTile>(
        t, t.shared<Shared>(), sums, g.size(part), true,
        [&](std::int64_t k, unsigned r) {
          return row + r < g.rows ? g.gradient(begin + static_cast<std::uint32_t>(k), group, row + r) : Sum(0);
        },
        false,
        [&](std::int64_t k, unsigned) {
          return own < columns ? g.element(begin + static_cast<std::uint32_t>(k), group, channel, tap) : Sum(0);
        });
    for (unsigned i = 0; i < sums.kEach; ++i)
      for (unsigned j = 0; j < sums.kEach; ++j)
        if (row + sums.row(i) < g.rows && first + sums.column(j) < columns)
          g.write_sum(part, group, row + sums.row(i), first + sums.column(j), sums.sum[i][j]);
  }
};

// A block for each weight and part.
template <class T>
struct WeightDirectly {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = true;
  using Sum = Computed<T>;
  struct Shared {
    Sum warp[kThreads / kWarp];
  };
  WeightGather<T> g;

  TENON_KERNEL void operator()(const Thread& t) const {
    std::uint32_t rest = t.block();
    const auto next = [&](std::uint32_t n) {
      const std::uint32_t i = rest % n;
      rest /= n;
      return i;
    };
    const std::uint32_t column = next(g.columns()), row = next(g.rows), group = next(g.groups), part = rest;
    const std::uint32_t channel = g.taps.quotient(column), begin = g.begin(part);
    const Place tap = WindowSpace::place(column - channel * g.taps.d, g.windows.of_kernel);
    Sum sum = 0;
    for (std::uint32_t k = t.thread(); k < g.size(part); k += kThreads)
      sum += g.gradient(begin + k, group, row) * g.element(begin + k, group, channel, tap);
    sum = over_block(t, sum, t.shared<Shared>().warp, Plus());
    if (t.thread() == 0) g.write_sum(part, group, row, column, sum);
  }
};

template <class T>
struct AddParts {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  const Computed<T>* parts;
  T* out;
  std::uint64_t n;
  std::uint32_t count;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t i = t.index(); i < n; i += t.stride()) {
      Computed<T> sum = 0;
      for (std::uint32_t p = 0; p < count; ++p) sum += parts[p * n + i];
      out[i] = scalar::convert<T>(sum);
    }
  }
};

// ---- calls ----

std::uint32_t narrow(std::int64_t n) { return static_cast<std::uint32_t>(n); }
std::int64_t tiles(std::int64_t n) { return blocks_for(n, kTile); }

// Images of at most 2^31 positions together.
template <class T>
void convolve(const Context& context, const ConvolutionCall& c) {
  const bool by_output = c.kind == Convolution::output;
  const std::int64_t taps = c.windows.kernel.numel();
  const std::int64_t positions = (by_output ? c.windows.out : c.windows.in).numel();
  const std::int64_t x_size = (by_output ? c.windows.in : c.windows.out).numel();
  const std::int64_t rows = by_output ? c.out_channels : c.in_channels,
                     channels = by_output ? c.in_channels : c.out_channels;
  const std::int64_t most =
      std::min((kMostPositions - kTile) / positions,
               std::max<std::int64_t>(kMostPositions / (c.groups * tiles(rows)) / tiles(positions), 1));
  for (std::int64_t from = 0; from < c.batch; from += most) {
    const std::int64_t images = std::min(most, c.batch - from);
    const Gather<T> g{static_cast<const T*>(c.a) + from * c.groups * channels * x_size,
                      static_cast<const T*>(c.b),
                      static_cast<const T*>(c.bias),
                      static_cast<T*>(c.out) + from * c.groups * rows * positions,
                      WindowSpace(c.windows),
                      by_output,
                      narrow(c.groups),
                      narrow(rows),
                      narrow(channels),
                      narrow(images),
                      Divisor(narrow(positions)),
                      narrow(x_size),
                      rows * channels * taps,
                      by_output ? channels * taps : taps,
                      by_output ? taps : rows * taps};
    if (rows < kFewRows) {
      launch(context, blocks_for(images * positions * c.groups * rows, 256), ConvolveDirectly<T>{g});
      continue;
    }
    const std::int64_t down = tiles(rows), across = tiles(images * positions);
    launch(context, c.groups * down * across,
           ConvolveTiles<T>{g, Divisor(narrow(taps)), Divisor(narrow(down)), Divisor(narrow(across))});
  }
}

constexpr std::int64_t kLeastPart = 1024, kManyBlocks = 1024;

template <class T>
void weight(const Context& context, const ConvolutionCall& c) {
  const std::int64_t taps = c.windows.kernel.numel(), columns = c.in_channels * taps,
                     weights = c.groups * c.out_channels * columns;
  const std::int64_t n = c.batch * c.windows.out.numel();
  const bool directly = c.out_channels * columns < kTile;
  const std::int64_t down = tiles(c.out_channels), across = tiles(columns);
  const std::int64_t blocks = directly ? weights : c.groups * down * across;
  const std::int64_t wanted = std::min(blocks_for(n, kLeastPart), std::max<std::int64_t>(kManyBlocks / blocks, 1));
  const std::int64_t part = (n + wanted - 1) / wanted, parts = (n + part - 1) / part;
  const Scratch sums(context, parts * weights * static_cast<std::int64_t>(sizeof(Computed<T>)));
  const WeightGather<T> g{static_cast<const T*>(c.a),
                          static_cast<const T*>(c.b),
                          sums.get<Computed<T>>(),
                          WindowSpace(c.windows),
                          narrow(c.groups),
                          narrow(c.out_channels),
                          narrow(c.in_channels),
                          Divisor(narrow(taps)),
                          Divisor(narrow(c.windows.out.numel())),
                          narrow(n),
                          narrow(part)};
  if (directly) launch(context, parts * weights, WeightDirectly<T>{g});
  else
    launch(context, parts * blocks,
           WeightTiles<T>{g, Divisor(narrow(down)), Divisor(narrow(across)), Divisor(narrow(c.groups))});
  const AddParts<T> add{sums.get<Computed<T>>(), static_cast<T*>(c.out), static_cast<std::uint64_t>(weights),
                        narrow(parts)};
  launch(context, blocks_for(weights, add.kThreads), add);
}

template <class T>
void run(const Context& context, const ConvolutionCall& c) {
  if (c.kind == Convolution::weight) weight<T>(context, c);
  else convolve<T>(context, c);
}

// Whether all that has 32 bits suffices.
bool fits(const ConvolutionCall& c) {
  const std::int64_t taps = c.windows.kernel.numel(), channels = std::max(c.in_channels, c.out_channels);
  if (!WindowSpace::fits(c.windows) || channels * taps >= kMostPositions || c.groups * channels >= kMostPositions)
    return false;
  if (c.kind == Convolution::weight) return c.batch * c.windows.out.numel() < kMostPositions;
  return std::max(c.windows.in.numel(), c.windows.out.numel()) < kMostPositions - kTile;
}

}  // namespace

Status convolution(const Context& context, const ConvolutionCall& c) {
  if (!is_floating(c.dtype) || is_float8(c.dtype) || !fits(c)) return Status::unavailable;
  if (c.batch == 0 || c.groups == 0) return Status::ok;
  switch (c.dtype) {
    case DType::float16: run<half>(context, c); break;
    case DType::bfloat16: run<bfloat16>(context, c); break;
    case DType::float32: run<float>(context, c); break;
    default: run<double>(context, c);
  }
  return Status::ok;
}

}  // namespace tenon::cuda
