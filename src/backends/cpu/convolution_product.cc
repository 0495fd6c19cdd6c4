// The output of a convolution, and the gradient of its input: products of weights with elements that are gathered.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/convolution_product.cc"
#include "backends/cpu/targets.h"

#include <array>
#include <utility>

#include "backends/cpu/convolution-inl.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace product {

// Panels of the output's channels: all but the last one have as many rows.
struct Panels {
  Size rows, each, count;

  Panels(Size m, Size most) : rows(m), count((m + most - 1) / most) { each = (m + count - 1) / count; }
  Size first(Size i) const { return i * each; }
  Size of(Size i) const { return std::min(each, rows - i * each); }
};

// c[R x C] (+)= a[k x R] @ b[k x C], all packed.
template <class T>
using PackedTile = void (*)(const T* a, const T* b, Size k, T* c, Size ldc, bool add);
template <class T, int Rows>
void packed_tile(const T* a, const T* b, Size k, T* c, Size ldc, bool add) {
  tile<T, Rows, Tile<T>::vectors, true>(a, 0, 0, b, Tile<T>::columns, k, c, ldc, add);
}

// The same with b where it lies: its row p begins at x + offset[p].
template <class T>
using DirectTile = void (*)(const T* a, const T* x, const Size* offset, Size k, T* c, Size ldc);
template <class T, int Rows, int Vectors>
void direct_tile(const T* HWY_RESTRICT a, const T* HWY_RESTRICT x, const Size* HWY_RESTRICT offset, Size k,
                 T* HWY_RESTRICT c, Size ldc) {
  Vector<T> sum[Rows][Vectors] = {};
  for (Size p = 0; p < k; ++p, a += Rows) {
    Vector<T> y[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) y[j] = load(x + offset[p] + j * kLanes<T>);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sum[i][j] = multiply_add(sum[i][j], a[i], y[j]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) store(c + i * ldc + j * kLanes<T>, sum[i][j]);
}

template <class T>
struct Tiles {
  static constexpr int kRows = Tile<T>::rows, kVectors = Tile<T>::vectors;
  template <int... I>
  static constexpr auto packed(std::integer_sequence<int, I...>) {
    return std::array<PackedTile<T>, sizeof...(I)>{&packed_tile<T, I + 1>...};
  }
  template <int... I>
  static constexpr auto direct(std::integer_sequence<int, I...>) {
    return std::array<DirectTile<T>, sizeof...(I)>{&direct_tile<T, I + 1, kVectors>...};
  }
  static constexpr auto kPacked = packed(std::make_integer_sequence<int, kRows>());
  static constexpr auto kDirect = direct(std::make_integer_sequence<int, kRows>());
};

// What all boxes share.
template <class T>
struct Plan {
  const Gather& g;
  const Size taps, k;
  Panels panels;
  bool direct;
  Size k_block;
  Boxes boxes;
  Layout layout;
  std::vector<Size> offsets;
  const T* weights = nullptr;  // packed: groups, blocks of k, panels, k, rows

  static constexpr int kColumns = Tile<T>::columns;
  // Panels of b of one box take a part of the L2 cache.
  static constexpr Size kPacked = (Tile<T>::wide ? 1 << 20 : 384 << 10) / sizeof(T);

  static Size most_outputs(const Gather& g, Size k_block) {
    Size most = std::clamp<Size>(kPacked / std::max<Size>(k_block, 1), 4 * kColumns, 1024);
    const Size all = g.batch * g.axis[0].out * g.axis[1].out * g.axis[2].out * g.groups;
    while (most > 4 * kColumns && all < most * 4 * max_threads()) most /= 2;
    return most;
  }
  Plan(const Gather& gather, bool can_be_in_place)
      : g(gather),
        taps(g.taps()),
        k(g.channels * taps),
        panels(g.rows, Tile<T>::rows),
        direct(g.rows <= kDirectRows),
        k_block(std::max<Size>(direct ? k : std::min(k, Blocks<T>::k), 1)),
        boxes(g.batch, g, most_outputs(g, k_block)),
        layout(g, boxes, g.channels, can_be_in_place && !direct),
        offsets(layout.offsets(g, g.channels)) {}

  // From so few output channels on, packing b would cost more than it saves.
  static constexpr Size kDirectRows = 6;
  // Outputs that a row takes of the sums.
  Size pitch(const Box& box) const { return direct ? round_up(box.size[3], kColumns) : box.size[3]; }
  Size columns(const Box& box) const { return round_up(box.numel() / box.size[3] * pitch(box), kColumns); }
};

// One panel of the weights, for all blocks of k.
template <class S, class T>
void pack_weights(const Plan<T>& p, const std::vector<Size>& places, Size group, Size panel, T* out) {
  const Gather& g = p.g;
  const Size first = p.panels.first(panel), rows = p.panels.of(panel);
  const S* from =
      static_cast<const S*>(g.w) + group * g.rows * g.channels * g.all_taps() + first * g.w_row;
  for (Size k0 = 0; k0 < p.k; k0 += p.k_block) {
    const Size k = std::min(p.k_block, p.k - k0);
    T* to = out + k0 * g.rows + first * k;
    for (Size i = k0; i < k0 + k; ++i, to += rows) {
      const S* s = from + i / p.taps * g.w_channel + places[static_cast<std::size_t>(i % p.taps)];
      for (Size r = 0; r < rows; ++r) to[r] = widen<T>(s[r * g.w_row]);
    }
  }
}

// A part of a panel's columns that lies in one piece.
struct Segment {
  Size from;
  int to, length;
};
struct Segments {
  std::vector<Segment> all;
  std::vector<int> begin;  // by panel, and the end

  void find(const std::vector<Run>& runs, int columns) {
    all.clear();
    begin.assign(1, 0);
    int room = columns;
    for (const Run& r : runs)
      for (Size done = 0; done < r.length;) {
        const int n = static_cast<int>(std::min<Size>(room, r.length - done));
        all.push_back({r.from + done, columns - room, n});
        done += n;
        room -= n;
        if (room > 0) continue;
        begin.push_back(static_cast<int>(all.size()));
        room = columns;
      }
    if (room < columns) begin.push_back(static_cast<int>(all.size()));
  }
  Size panels() const { return static_cast<Size>(begin.size()) - 1; }
};

// Columns of the panel for these offsets. Whole vectors are copied where x does not end; what is too much is written
// again, by the next segment, row or panel.
template <class T>
void pack_panel(const T* x, const T* end, const Size* offset, Size k, const Segment* s, int n, T* out) {
  constexpr int C = Tile<T>::columns, L = kLanes<T>;
  if (n == 1 && s->length == C) {
    for (Size p = 0; p < k; ++p, out += C) {
      const T* from = x + offset[p] + s->from;
#pragma GCC unroll 4
      for (int q = 0; q < C; q += L) store(out + q, load(from + q));
    }
    return;
  }
  for (Size p = 0; p < k; ++p, out += C) {
    for (int i = 0; i < n; ++i) {
      const T* from = x + offset[p] + s[i].from;
      T* to = out + s[i].to;
      for (int q = 0; q < s[i].length; q += L) {
        if (from + q + L <= end) store(to + q, load(from + q));
        else std::memcpy(to + q, from + q, static_cast<std::size_t>(std::min(L, s[i].length - q)) * sizeof(T));
      }
    }
  }
}

// The sums of a box, [rows][columns].
template <class T>
void packed_sums(const Plan<T>& p, const T* x, const T* end, const T* weights, const Segments& segments, Size columns,
                 Size panel_begin, Size panel_end, T* sums) {
  constexpr int C = Tile<T>::columns;
  const Size n = segments.panels();
  T* packed = static_cast<T*>(scratch(1, static_cast<std::size_t>(n * C * p.k_block + kLanes<T>) * sizeof(T)));
  for (Size k0 = 0; k0 == 0 || k0 < p.k; k0 += p.k_block) {
    const Size k = std::min(p.k_block, p.k - k0);
    const Size* offset = p.offsets.data() + k0;
    for (Size j = 0; j < n; ++j) {
      const int first = segments.begin[static_cast<std::size_t>(j)], last = segments.begin[static_cast<std::size_t>(j) + 1];
      T* b = packed + j * C * k;
      pack_panel(x, end, offset, k, segments.all.data() + first, last - first, b);
      for (Size i = panel_begin; i < panel_end; ++i) {
        const Size row = p.panels.first(i);
        Tiles<T>::kPacked[static_cast<std::size_t>(p.panels.of(i) - 1)](weights + k0 * p.g.rows + row * k, b, k,
                                                                        sums + row * columns + j * C, columns, k0 > 0);
      }
    }
  }
}

template <class T>
void direct_sums(const Plan<T>& p, const T* x, const T* weights, const std::vector<Run>& runs, Size pitch,
                 Size columns, T* sums) {
  constexpr int C = Tile<T>::columns;
  for (Size i = 0; i < p.panels.count; ++i) {
    const auto tile = Tiles<T>::kDirect[static_cast<std::size_t>(p.panels.of(i) - 1)];
    T* to = sums + p.panels.first(i) * columns;
    for (const Run& r : runs) {
      for (Size q = 0; q < r.length; q += C)
        tile(weights + p.panels.first(i) * p.k, x + r.from + q, p.offsets.data(), p.k, to + q, columns);
      to += pitch;
    }
  }
}

// Sums become outputs: with the bias, and rounded where they were wider.
template <class S, class T>
void write(const Plan<T>& p, Size group, const Box& box, Size row_begin, Size row_end, const T* sums) {
  const Gather& g = p.g;
  const GatherAxis &planes = g.axis[0], &rows = g.axis[1], &last = g.axis[2];
  const Size pitch = p.pitch(box), columns = p.columns(box), of_image = box.of_image();
  const Size size = planes.size * rows.size * last.size;
  const bool whole = pitch == box.size[3] && planes.step == 1 && rows.step == 1 && last.step == 1;
  const Size length = whole ? of_image : box.size[3], lines = of_image / length;
  for (Size m = row_begin; m < row_end; ++m) {
    const T bias = g.bias ? widen<T>(static_cast<const S*>(g.bias)[group * g.rows + m]) : T(0);
    const T* from = sums + m * columns;
    for (Size n = 0; n < box.size[0]; ++n) {
      S* channel = static_cast<S*>(g.out) + (((box.begin[0] + n) * g.groups + group) * g.rows + m) * size;
      for (Size i = 0; i < lines; ++i) {
        const Size d = box.begin[1] + i / box.size[2], h = box.begin[2] + i % box.size[2];
        S* to = channel + ((planes.first + d * planes.step) * rows.size + rows.first + h * rows.step) * last.size +
                last.first + box.begin[3] * last.step;
        if (last.step == 1)
          for (Size q = 0; q < length; ++q) to[q] = narrow<S>(from[q] + bias);
        else
          for (Size q = 0; q < length; ++q) to[q * last.step] = narrow<S>(from[q] + bias);
        from += whole ? length : pitch;
      }
    }
  }
}

template <class S, class T>
void run_box(const Plan<T>& p, Size group, const Box& box, Size panel_begin, Size panel_end) {
  constexpr int C = Tile<T>::columns;
  const Gather& g = p.g;
  const Size of_channel = g.axis[0].in * g.axis[1].in * g.axis[2].in;
  const S* source = static_cast<const S*>(g.x) + group * g.channels * of_channel;
  const T *x = nullptr, *end = nullptr;
  if (p.layout.in_place) {
    if constexpr (std::is_same_v<S, T>) {
      end = static_cast<const T*>(g.x) + g.batch * g.groups * g.channels * of_channel;
      x = source + box.begin[0] * p.layout.image +
          (box.begin[1] * g.axis[0].stride + g.axis[0].least()) * p.layout.plane +
          (box.begin[2] * g.axis[1].stride + g.axis[1].least()) * p.layout.row + box.begin[3] + g.axis[2].least();
    }
  } else if (p.k > 0) {
    // A row's last vectors reach beyond it.
    T* copy = static_cast<T*>(scratch(0, static_cast<std::size_t>(p.layout.numel + C) * sizeof(T)));
    stage(g, p.layout, box, source, g.channels, copy);
    x = copy;
    end = copy + p.layout.numel + C;
  }
  std::vector<Run> runs;
  Segments segments;
  find_runs(g, p.layout, box, runs);
  const Size columns = p.columns(box);
  T* sums = static_cast<T*>(scratch(2, static_cast<std::size_t>(g.rows * columns) * sizeof(T)));
  const T* weights = p.weights + group * g.rows * p.k;
  if (p.direct) {
    direct_sums(p, x, weights, runs, p.pitch(box), columns, sums);
  } else {
    segments.find(runs, C);
    packed_sums(p, x, end, weights, segments, columns, panel_begin, panel_end, sums);
  }
  write<S>(p, group, box, p.panels.first(panel_begin), std::min(p.panels.first(panel_end), g.rows), sums);
}

template <class S>
struct Of {
  static void run(const Gather& g) {
    using T = Compute<S>;
    Plan<T> p(g, std::is_same_v<S, T>);
    if (g.rows == 0 || p.boxes.count() == 0) return;
    const std::vector<Size> places = g.tap_places();
    T* weights = static_cast<T*>(scratch(3, static_cast<std::size_t>(g.groups * g.rows * p.k) * sizeof(T)));
    p.weights = weights;
    const Size panels = g.groups * p.panels.count;
    parallel_for(panels, std::max<Size>(kGrain / std::max<Size>(p.k * p.panels.each, 1), 1), [&](Size i, Size end) {
      for (; i < end; ++i) {
        const Size group = i / p.panels.count;
        pack_weights<S>(p, places, group, i % p.panels.count, weights + group * g.rows * p.k);
      }
    });
    // Where there are few boxes, several threads share one's rows.
    const Size boxes = p.boxes.count() * g.groups;
    const Size shares = p.direct ? 1 : std::clamp<Size>(2 * max_threads() / boxes, 1, p.panels.count);
    parallel_tasks(boxes * shares, [&](Size i) {
      const Size share = i % shares, box = i / shares % p.boxes.count(), group = i / shares / p.boxes.count();
      run_box<S>(p, group, p.boxes.at(box), share * p.panels.count / shares, (share + 1) * p.panels.count / shares);
    });
  }
};

}  // namespace product

void add_products_of_convolutions(ConvolutionTable& t) { add_floats<product::Of>(t.product); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_products_of_convolutions);
void add_convolution_products(ConvolutionTable& t) { HWY_DYNAMIC_DISPATCH(add_products_of_convolutions)(t); }
}  // namespace tenon::cpu
#endif
