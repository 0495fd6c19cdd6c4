// The gradient of a convolution's weight: for each channel and tap, sums over all outputs of gradients times what they
// met there.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/convolution_weight.cc"
#include "backends/cpu/targets.h"

#include <array>
#include <utility>

#include "backends/cpu/convolution-inl.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/transpose.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace weight {

// c[Rows][Vectors] += the sum over outputs of x, one element for each row, times a row of g. The rows of x begin at
// offset[0], offset[1], ... and are read where they lie.
template <class T>
using SpreadTile = void (*)(const T* x, const Size* offset, const Run* runs, Size n, const T* g, T* c, Size ldc);
template <class T, int Rows, int Vectors>
void spread_tile(const T* HWY_RESTRICT x, const Size* offset, const Run* runs, Size n, const T* HWY_RESTRICT g,
                 T* HWY_RESTRICT c, Size ldc) {
  constexpr int L = kLanes<T>;
  Vector<T> sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j) sum[i][j] = load(c + i * ldc + j * L);
  for (Size r = 0; r < n; ++r) {
    const T* row[Rows];
    for (int i = 0; i < Rows; ++i) row[i] = x + offset[i] + runs[r].from;
    for (Size q = 0; q < runs[r].length; ++q, g += Vectors * L) {
      Vector<T> y[Vectors];
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) y[j] = load(g + j * L);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) sum[i][j] = multiply_add(sum[i][j], row[i][q], y[j]);
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Vectors; ++j) store(c + i * ldc + j * L, sum[i][j]);
}

// c[Rows][Columns] += the sums over outputs of Rows gradients times Columns places of x, vectors along the outputs.
// What lies behind the last output of a run is masked away.
template <class T>
using InnerTile = void (*)(const T* x, const Size* offset, const Run* runs, Size n, const T* g, Size ldg, T* c,
                           Size ldc);
template <class T, int Rows, int Columns>
void inner_tile(const T* HWY_RESTRICT x, const Size* offset, const Run* runs, Size n, const T* HWY_RESTRICT g, Size ldg,
                T* HWY_RESTRICT c, Size ldc) {
  constexpr int L = kLanes<T>;
  using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  Vector<Bits> lane;
  for (int l = 0; l < L; ++l) lane[l] = l;
  Vector<T> sum[Rows][Columns] = {};
  for (Size r = 0; r < n; ++r) {
    const T* place[Columns];
    for (int j = 0; j < Columns; ++j) place[j] = x + offset[j] + runs[r].from;
    const auto step = [&](Size q, auto&& masked) HWY_ATTR {
      Vector<T> y[Rows];
#pragma GCC unroll 4
      for (int i = 0; i < Rows; ++i) y[i] = masked(load(g + i * ldg + q));
#pragma GCC unroll 8
      for (int j = 0; j < Columns; ++j) {
        const Vector<T> v = masked(load(place[j] + q));
#pragma GCC unroll 4
        for (int i = 0; i < Rows; ++i) sum[i][j] += y[i] * v;
      }
    };
    Size q = 0;
    for (; q + L <= runs[r].length; q += L) step(q, [](Vector<T> v) HWY_ATTR { return v; });
    if (q < runs[r].length) {
      const Vector<Bits> keep = lane < static_cast<Bits>(runs[r].length - q);
      step(q,
           [&](Vector<T> v) HWY_ATTR { return reinterpret_cast<Vector<T>>(reinterpret_cast<Vector<Bits>>(v) & keep); });
    }
    g += runs[r].length;
  }
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j) {
      alignas(64) T lanes[L];
      store(lanes, sum[i][j]);
      for (int half = L / 2; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) lanes[l] += lanes[l + half];
      c[i * ldc + j] += lanes[0];
    }
}

template <class T>
struct Tiles {
  static constexpr bool kMany = Tile<T>::many_registers;
  static constexpr int kVectors = kMany ? 4 : 2, kRows = kMany ? 8 : 6;
  static constexpr int rows(int vectors) { return std::min(kRows, (kMany ? 24 : 12) / vectors); }
  static constexpr int kInnerRows = kMany ? 4 : 2, kInnerColumns = kMany ? 6 : 4;

  template <int Vectors, int... I>
  static constexpr auto spread(std::integer_sequence<int, I...>) {
    return std::array<SpreadTile<T>, kRows>{&spread_tile<T, I + 1, Vectors>...};
  }
  template <int... V>
  static constexpr auto all_spread(std::integer_sequence<int, V...>) {
    return std::array{spread<V + 1>(std::make_integer_sequence<int, rows(V + 1)>())...};
  }
  template <int Rows, int... J>
  static constexpr auto inner(std::integer_sequence<int, J...>) {
    return std::array<InnerTile<T>, kInnerColumns>{&inner_tile<T, Rows, J + 1>...};
  }
  template <int... I>
  static constexpr auto all_inner(std::integer_sequence<int, I...>) {
    return std::array{inner<I + 1>(std::make_integer_sequence<int, kInnerColumns>())...};
  }
  static constexpr auto kSpread = all_spread(std::make_integer_sequence<int, kVectors>());  // [vectors - 1][rows - 1]
  static constexpr auto kInner = all_inner(std::make_integer_sequence<int, kInnerRows>());  // [rows - 1][columns - 1]
};

// Sums of some images, for all groups: each [channels * taps][rows], padded, or for inner products [rows][channels *
// taps]. How many there are depends on the shape alone, so that results have the same bits for any number of threads.
template <class T>
struct Plan {
  const Gather& g;
  const bool swapped;  // x and the gradients have changed roles
  const Size taps, k;
  bool inner;
  Size vectors;  // of rows that are worked on together
  Size padded;  // rows, in whole panels of so many vectors
  Size chunks, images;  // so many chunks of so many images
  Size blocks, channels;  // so many blocks of so many channels
  Boxes boxes;
  Layout layout;
  std::vector<Size> offsets;

  static constexpr Size kFewRows = 8, kFewSums = 48;
  static constexpr Size kTasks = 16, kBlock = 256;  // of channels * taps at least in a block
  static constexpr Size kSums = Size{8} << 20;  // bytes of all chunks
  static constexpr Size kOutputs =
      1024;  // of a chunk at least: to add up its sums takes as long as some hundred outputs
  static constexpr Size kPanel = 128 << 10;  // bytes of the gradients that a tile reads

  static Size most_chunks(const Gather& g) {
    const Size outputs = g.batch * g.axis[0].out * g.axis[1].out * g.axis[2].out;
    return std::clamp<Size>(outputs / kOutputs, 1, std::min(g.batch, kTasks));
  }
  static Size parts(Size n, Size each) { return (n + each - 1) / each; }
  // n in panels of at most `most` that are about as large.
  static Size even(Size n, Size most) { return parts(n, parts(n, most)); }
  Size of_group() const { return inner ? g.rows * k : padded * k; }
  Size of_chunk() const { return g.groups * of_group(); }

  Plan(const Gather& gather, bool is_swapped, bool can_be_in_place)
      : g(gather),
        swapped(is_swapped),
        taps(g.taps()),
        k(g.channels * taps),
        inner(g.rows < kFewRows || k < kFewSums),
        vectors(even(parts(g.rows, kLanes<T>), Tiles<T>::kVectors)),
        padded(round_up(g.rows, vectors * kLanes<T>)),
        chunks(
            std::clamp<Size>(kSums / static_cast<Size>(sizeof(T)) / std::max<Size>(of_chunk(), 1), 1, most_chunks(g))),
        images(parts(g.batch, chunks)),
        blocks(std::clamp<Size>(kTasks / (chunks * g.groups), 1, std::clamp<Size>(k / kBlock, 1, g.channels))),
        channels(parts(g.channels, blocks)),
        boxes(images, g,
              inner ? 1024 : std::max<Size>(kPanel / static_cast<Size>(sizeof(T)) / (vectors * kLanes<T>), 64),
              kLanes<T>),
        layout(g, boxes, channels, can_be_in_place && !inner),
        offsets(layout.offsets(g, channels)) {
    chunks = parts(g.batch, images);
    blocks = parts(g.channels, channels);
  }
};

// The gradients of a box: rows of outputs, each padded; or for tiles that spread them panels of [outputs][vectors].
template <class S, class T>
const T* take_gradients(const Plan<T>& p, Size group, Size image, const Box& box) {
  const Gather& g = p.g;
  const Size of_channel = g.axis[0].out * g.axis[1].out * g.axis[2].out, n = box.numel(), each = box.of_image();
  const S* from = static_cast<const S*>(g.w) + ((image + box.begin[0]) * g.groups + group) * g.rows * of_channel +
                  (box.begin[1] * g.axis[1].out + box.begin[2]) * g.axis[2].out + box.begin[3];
  const Size width = p.vectors * kLanes<T>, panels = p.padded / width;
  const Size size = p.inner ? g.rows * n + kLanes<T> : panels * width * n;
  T* to = static_cast<T*>(scratch(1, static_cast<std::size_t>(size) * sizeof(T)));
  if (p.inner) {
    for (Size m = 0; m < g.rows; ++m)
      for (Size i = 0; i < box.size[0]; ++i) {
        const S* s = from + (i * g.groups * g.rows + m) * of_channel;
        T* row = to + m * n + i * each;
        for (Size q = 0; q < each; ++q) row[q] = widen<T>(s[q]);
      }
    return to;
  }
  for (Size j = 0; j < panels; ++j) {
    const Size rows = std::min(width, g.rows - j * width);
    T* panel = to + j * width * n;
    if (rows < width) std::memset(panel, 0, static_cast<std::size_t>(width * n) * sizeof(T));
    for (Size i = 0; i < box.size[0]; ++i) {
      const S* s = from + (i * g.groups * g.rows + j * width) * of_channel;
      T* at = panel + i * each * width;
      if constexpr (std::is_same_v<S, T>) {
        constexpr auto size_of = static_cast<Size>(sizeof(T));
        transpose(reinterpret_cast<const char*>(s), of_channel * size_of, reinterpret_cast<char*>(at), width * size_of,
                  rows, each, size_of, false);
      } else {
        for (Size m = 0; m < rows; ++m)
          for (Size q = 0; q < each; ++q) at[q * width + m] = widen<T>(s[m * of_channel + q]);
      }
    }
  }
  return to;
}

// Adds what a box of outputs gives to the sums of some channels.
template <class T>
void add_box(const Plan<T>& p, const Box& box, const std::vector<Run>& runs, const T* x, const T* g, Size k, T* sums) {
  const Size n = static_cast<Size>(runs.size()), outputs = box.numel();
  const Size* offset = p.offsets.data();
  if (p.inner) {
    constexpr Size R = Tiles<T>::kInnerRows, C = Tiles<T>::kInnerColumns;
    for (Size i = 0; i < p.g.rows; i += R)
      for (Size j = 0; j < k; j += C) {
        const Size rows = std::min(R, p.g.rows - i), columns = std::min(C, k - j);
        Tiles<T>::kInner[static_cast<std::size_t>(rows - 1)][static_cast<std::size_t>(columns - 1)](
            x, offset + j, runs.data(), n, g + i * outputs, outputs, sums + i * p.k + j, p.k);
      }
    return;
  }
  constexpr int L = kLanes<T>;
  const Size width = p.vectors * L;
  for (Size j = 0; j < p.padded; j += width, g += outputs * width) {
    const Size rows_of_tile = Tiles<T>::rows(static_cast<int>(p.vectors));
    for (Size i = 0; i < k; i += rows_of_tile) {
      const Size rows = std::min(rows_of_tile, k - i);
      Tiles<T>::kSpread[static_cast<std::size_t>(p.vectors - 1)][static_cast<std::size_t>(rows - 1)](
          x, offset + i, runs.data(), n, g, sums + i * p.padded + j, p.padded);
    }
  }
}

template <class S, class T>
void run_task(const Plan<T>& p, Size chunk, Size group, Size block, T* sums) {
  const Gather& g = p.g;
  const Size first = block * p.channels, channels = std::min(p.channels, g.channels - first), k = channels * p.taps;
  T* to = sums + chunk * p.of_chunk() + group * p.of_group() + first * p.taps * (p.inner ? 1 : p.padded);
  if (p.inner) {
    for (Size m = 0; m < g.rows; ++m) std::memset(to + m * p.k, 0, static_cast<std::size_t>(k) * sizeof(T));
  } else {
    std::memset(to, 0, static_cast<std::size_t>(k * p.padded) * sizeof(T));
  }
  const Size image = chunk * p.images, of_channel = g.axis[0].in * g.axis[1].in * g.axis[2].in;
  Boxes boxes = p.boxes;
  boxes.set_images(std::min(p.images, g.batch - image));
  std::vector<Run> runs;
  T* copy = static_cast<T*>(scratch(0, static_cast<std::size_t>(p.layout.numel + kLanes<T>) * sizeof(T)));
  Pace pace;
  for (Size i = 0; i < boxes.count(); ++i) {
    const Box box = boxes.at(i);
    const S* from = static_cast<const S*>(g.x) + ((image * g.groups + group) * g.channels + first) * of_channel;
    const T* x = copy;
    if (!p.layout.in_place) stage(g, p.layout, box, from, channels, copy);
    else if constexpr (std::is_same_v<S, T>) x = from + p.layout.begin(g, box);
    find_runs(g, p.layout, box, runs);
    add_box(p, box, runs, x, take_gradients<S>(p, group, image, box), k, to);
    pace.did(box.numel() * k * g.rows / 16);
  }
}

// The chunks' sums in their order, as weights: some rows of a group. They are taken in squares, so that lines of the
// cache are read and written whole whichever way they lie.
constexpr Size kTogether = 64;
template <class S, class T>
void add_up(const Plan<T>& p, Size group, Size row, Size rows, const T* sums) {
  const Gather& g = p.g;
  const Size step = p.inner ? 1 : p.padded, of_row = p.inner ? p.k : 1;
  const T* from = sums + group * p.of_group() + row * of_row;
  S* out = static_cast<S*>(g.out) + group * g.rows * p.k;
  if constexpr (std::is_same_v<S, T>) {
    constexpr auto size = static_cast<Size>(sizeof(T));
    if (p.chunks == 1 && !p.inner && !p.swapped)
      return transpose(reinterpret_cast<const char*>(from), step * size, reinterpret_cast<char*>(out + row * p.k),
                       p.k * size, p.k, rows, size, false);
  }
  alignas(64) T sum[kTogether][kTogether];
  for (Size i = 0; i < p.k; i += kTogether) {
    const Size n = std::min(kTogether, p.k - i);
    for (Size c = 0; c < p.chunks; ++c)
      for (Size q = 0; q < n; ++q) {
        const T* HWY_RESTRICT s = from + c * p.of_chunk() + (i + q) * step;
        T* HWY_RESTRICT to = sum[q];
        if (c == 0 && of_row == 1) std::copy_n(s, rows, to);
        else if (of_row == 1)
          for (Size r = 0; r < rows; ++r) to[r] += s[r];
        else
          for (Size r = 0; r < rows; ++r) to[r] = c == 0 ? s[r * of_row] : to[r] + s[r * of_row];
      }
    if (p.swapped) {
      for (Size q = 0; q < n; ++q) {
        S* to = out + (i + q) * g.rows + row;
        for (Size r = 0; r < rows; ++r) to[r] = narrow<S>(sum[q][r]);
      }
    } else if constexpr (std::is_same_v<S, T>) {
      constexpr auto size = static_cast<Size>(sizeof(T));
      transpose(reinterpret_cast<const char*>(sum), kTogether * size, reinterpret_cast<char*>(out + row * p.k + i),
                p.k * size, n, rows, size, false);
    } else {
      for (Size r = 0; r < rows; ++r)
        for (Size q = 0; q < n; ++q) out[(row + r) * p.k + i + q] = narrow<S>(sum[q][r]);
    }
  }
}

// With one tap that moves over all elements, x and the gradients can change roles: the smaller one is brought into
// another order.
bool gains_by_swapping(const Gather& g) {
  bool pointwise = g.rows > g.channels;
  for (const GatherAxis& a : g.axis)
    pointwise = pointwise && a.in == a.out && a.stride == 1 && a.least == 0 && a.tap.size() == 1;
  return pointwise;
}

template <class S>
struct Of {
  static void run(const Gather& given) {
    using T = Compute<S>;
    if (given.rows * given.channels * given.taps() == 0) return;
    Gather g = given;
    const bool swapped = gains_by_swapping(g);
    if (swapped) {
      std::swap(g.x, g.w);
      std::swap(g.rows, g.channels);
    }
    const Plan<T> p(g, swapped, std::is_same_v<S, T>);
    T* sums = static_cast<T*>(scratch(3, static_cast<std::size_t>(p.chunks * p.of_chunk()) * sizeof(T)));
    parallel_tasks(p.chunks * g.groups * p.blocks, [&](Size i) {
      run_task<S>(p, i / p.blocks / g.groups, i / p.blocks % g.groups, i % p.blocks, sums);
    });
    const Size parts = Plan<T>::parts(g.rows, kTogether);
    parallel_for(g.groups * parts, std::max<Size>(kGrain / kTogether / (p.k * p.chunks), 1), [&](Size i, Size end) {
      for (; i < end; ++i) {
        const Size row = i % parts * kTogether;
        add_up<S>(p, i / parts, row, std::min(kTogether, g.rows - row), sums);
      }
    });
  }
};

}  // namespace weight

void add_weights_of_convolutions(ConvolutionTable& t) { add_floats<weight::Of>(t.weight); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_weights_of_convolutions);
void add_convolution_weights(ConvolutionTable& t) { HWY_DYNAMIC_DISPATCH(add_weights_of_convolutions)(t); }
}  // namespace tenon::cpu
#endif
