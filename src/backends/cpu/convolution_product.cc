// The output of a convolution, and the gradient of its input: products of weights with elements that are gathered.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/convolution_product.cc"
#include "backends/cpu/targets.h"

#include <array>
#include <span>
#include <utility>

#include "backends/cpu/convolution-inl.h"
#include "backends/cpu/panels-inl.h"
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
using DirectTile = void (*)(const T* a, const T* x, const Size* offset, Size k, T* c, Size ldc, bool add);
template <class T, int Rows, int Vectors>
void direct_tile(const T* HWY_RESTRICT a, const T* HWY_RESTRICT x, const Size* HWY_RESTRICT offset, Size k,
                 T* HWY_RESTRICT c, Size ldc, bool add) {
  // Few sums would wait for each other: of two or four steps each has its own.
  constexpr int kSplit = Rows * Vectors >= 8 ? 1 : Rows * Vectors >= 4 ? 2 : 4;
  Vector<T> sum[Rows][Vectors] = {}, other[kSplit][Rows][Vectors] = {};
  const auto step = [&](Size p, Vector<T>(&s)[Rows][Vectors]) HWY_ATTR {
    Vector<T> y[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) y[j] = load(x + offset[p] + j * kLanes<T>);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) s[i][j] = multiply_add(s[i][j], a[p * Rows + i], y[j]);
  };
  Size p = 0;
  if constexpr (kSplit > 1)
    for (; p + kSplit <= k; p += kSplit)
#pragma GCC unroll 4
      for (int q = 0; q < kSplit; ++q) step(p + q, other[q]);
  for (; p < k; ++p) step(p, sum);
  if constexpr (kSplit > 1)
#pragma GCC unroll 4
    for (int q = 0; q < kSplit; ++q)
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Vectors; ++j) sum[i][j] += other[q][i][j];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) {
      T* to = c + i * ldc + j * kLanes<T>;
      store(to, add ? load(to) + sum[i][j] : sum[i][j]);
    }
}

template <class T>
struct Tiles {
  static constexpr int kRows = Tile<T>::rows, kVectors = Tile<T>::vectors;
  template <int... I>
  static constexpr auto packed(std::integer_sequence<int, I...>) {
    return std::array<PackedTile<T>, sizeof...(I)>{&packed_tile<T, I + 1>...};
  }
  template <int Vectors, int... I>
  static constexpr auto direct(std::integer_sequence<int, I...>) {
    return std::array<DirectTile<T>, sizeof...(I)>{&direct_tile<T, I + 1, Vectors>...};
  }
  static constexpr auto kPacked = packed(std::make_integer_sequence<int, kRows>());
  // From so few output channels on, packing b would cost more than it saves.
  static constexpr int kFewRows = std::min(kRows, Tile<T>::many_registers ? 6 : 3);
  static constexpr auto kDirect = direct<kVectors>(std::make_integer_sequence<int, kFewRows>());
  static constexpr auto kWide = direct<2 * kVectors>(std::make_integer_sequence<int, kFewRows>());
};

constexpr Size kWeights = 512 << 10;  // bytes of a block of them

// What all boxes share.
template <class T>
struct Plan {
  const Gather& g;
  const Size k;
  Panels panels;
  bool direct;
  int width;  // of a panel of columns
  Size k_block;
  Boxes boxes;
  Layout layout;
  std::vector<Size> offsets;
  Size furthest;               // of the offsets
  const T* weights = nullptr;  // packed: groups, blocks of k, panels, k, rows

  static constexpr int kColumns = Tile<T>::columns;
  // Panels of b of one box take a part of the L2 cache.
  static constexpr Size kPacked = (Tile<T>::wide ? 1 << 20 : 384 << 10) / sizeof(T);

  static Size most_outputs(const Gather& g, Size k_block, Size panels) {
    // Weights that are larger than the cache are read once for each box.
    const bool large = g.rows * k_block > kPacked;
    Size most = std::clamp<Size>((large ? 2 : 1) * kPacked / k_block, 4 * kColumns, 1024);
    // A box for each thread; where there are many panels, threads share one's rows.
    const Size all = g.batch * g.axis[0].out * g.axis[1].out * g.axis[2].out * g.groups,
               threads = max_threads() == 1 || panels > 8 ? 1 : 2 * max_threads();
    while (most > 4 * kColumns && all < most * threads) most /= 2;
    return most;
  }
  Plan(const Gather& gather, bool can_be_in_place)
      : g(gather),
        k(g.channels * g.taps()),
        panels(g.rows, Tile<T>::rows),
        direct(g.rows <= Tiles<T>::kFewRows),
        width(direct && g.axis[2].out > kColumns ? 2 * kColumns : kColumns),
        k_block(std::max<Size>(direct ? k : std::min(k, Blocks<T>::k), 1)),
        boxes(g.batch, g, most_outputs(g, k_block, panels.count), kColumns),
        layout(g, boxes, g.channels, can_be_in_place && !direct),
        offsets(layout.offsets(g, g.channels)),
        furthest(offsets.empty() ? 0 : *std::max_element(offsets.begin(), offsets.end())) {}
};

// turn() of rows that end where the next panel begins.
template <class T>
void turn_panel(const T* s, Size line, Size rows, Size k, T* out) {
  const Size tail = std::min(k, (kLanes<T> + rows - 1) / rows);  // what it may write behind its end
  turn(s, line, rows, k - tail, out, rows);
  for (Size p = k - tail; p < k; ++p)
    for (Size r = 0; r < rows; ++r) out[p * rows + r] = s[r * line + p];
}

// One panel of the weights, for all blocks of k. in_order: the places are 0, 1, 2, ...
template <class S, class T>
void pack_weights(const Plan<T>& p, const std::vector<Size>& places, bool in_order, Size group, Size panel, T* out) {
  const Gather& g = p.g;
  const Size first = p.panels.first(panel), rows = p.panels.of(panel);
  const S* from = static_cast<const S*>(g.w) + group * g.rows * g.channels * g.all_taps() + first * g.w_row;
  for (Size k0 = 0; k0 < p.k; k0 += p.k_block) {
    const Size k = std::min(p.k_block, p.k - k0);
    T* to = out + k0 * g.rows + first * k;
    if constexpr (kTurns<S, T>) {
      if (in_order) {
        turn_panel(from + k0, g.w_row, rows, k, to);
        continue;
      }
    }
    for (Size i = k0; i < k0 + k; ++i, to += rows) {
      const S* s = from + places[static_cast<std::size_t>(i)];
      for (Size r = 0; r < rows; ++r) to[r] = widen<T>(s[r * g.w_row]);
    }
  }
}

// A vector of a panel's row: where it is read, and where in the row it stands.
struct Move {
  Size from;
  int to, length;
};
// Some of a panel's columns: outputs that lie next to each other, from the box's first one on.
struct Piece {
  Size to;
  int column, length;
};

// The columns of one box, in panels.
template <class T>
struct Columns {
  static constexpr int L = kLanes<T>;
  const int width;
  std::vector<Move> moves{};
  std::vector<Piece> pieces{};
  struct Panel {
    std::size_t move, piece;  // the first ones
  };
  std::vector<Panel> panels{};

  explicit Columns(int w) : width(w) {}

  // The next n outputs of the box are read at `from`, and lie at `to`. A panel that is full is ended.
  void add(Size from, Size to, Size step, Size n) {
    while (n > 0) {
      if (room_ == 0) next();
      const int part = static_cast<int>(std::min<Size>(room_, n)), column = width - room_;
      for (int q = 0; q < part; q += L) moves.push_back({from + q, column + q, std::min(L, part - q)});
      const bool joins =
          step == 1 && pieces.size() > panels.back().piece && pieces.back().to + pieces.back().length == to;
      if (joins) pieces.back().length += part;
      else pieces.push_back({to, column, part});
      from += part;
      to += part * step;
      room_ -= part;
      n -= part;
    }
  }
  void next() {
    panels.push_back({moves.size(), pieces.size()});
    room_ = width;
  }
  Size count() const { return static_cast<Size>(panels.size()); }
  std::span<const Move> moves_of(Size j) const { return part(moves, &Panel::move, j); }
  std::span<const Piece> pieces_of(Size j) const { return part(pieces, &Panel::piece, j); }

 private:
  template <class V>
  auto part(const V& all, std::size_t Panel::* first, Size j) const {
    const auto i = static_cast<std::size_t>(j);
    const std::size_t begin = panels[i].*first, end = i + 1 < panels.size() ? panels[i + 1].*first : all.size();
    return std::span(all).subspan(begin, end - begin);
  }
  int room_ = 0;
};

// Those of boxes of this size.
template <class T>
void find_columns(const Plan<T>& p, const Size (&size)[4], Columns<T>& out) {
  const Gather& g = p.g;
  const GatherAxis &planes = g.axis[0], &rows = g.axis[1], &last = g.axis[2];
  const Size of_image = g.groups * g.rows * planes.size * rows.size * last.size;
  for (Size n = 0; n < size[0]; ++n)
    for (Size d = 0; d < size[1]; ++d)
      for (Size h = 0; h < size[2]; ++h) {
        if (p.direct) out.next();
        out.add(n * p.layout.image + d * planes.stride * p.layout.plane + h * rows.stride * p.layout.row,
                n * of_image + (d * planes.step * rows.size + h * rows.step) * last.size, last.step, size[3]);
      }
}
// Where the first output of a box lies, in the first channel of a group.
Size first_output(const Gather& g, Size group, const Box& box) {
  const auto at = [&](int i) { return g.axis[i].first + box.begin[i + 1] * g.axis[i].step; };
  const Size channel = (box.begin[0] * g.groups + group) * g.rows;
  return ((channel * g.axis[0].size + at(0)) * g.axis[1].size + at(1)) * g.axis[2].size + at(2);
}

// Columns of the panel for these offsets. Whole vectors are copied where x does not end; what is too much is written
// again, by the next move, row or panel.
template <class T>
void pack_panel(const T* x, const T* end, Size furthest, const Size* offset, Size k, std::span<const Move> moves,
                T* out) {
  constexpr int C = Tile<T>::columns, L = kLanes<T>;
  const std::size_t n = moves.size();
  const Move* m = moves.data();
  const bool whole = n == static_cast<std::size_t>(C / L) && m[n - 1].from == m[0].from + C - L && m[n - 1].length == L;
  if (x + furthest + m[n - 1].from + L > end) {
    for (Size p = 0; p < k; ++p, out += C)
      for (std::size_t i = 0; i < n; ++i)
        std::memcpy(out + m[i].to, x + offset[p] + m[i].from, static_cast<std::size_t>(m[i].length) * sizeof(T));
  } else if (whole) {
    for (Size p = 0; p < k; ++p, out += C) {
      const T* from = x + offset[p] + m[0].from;
#pragma GCC unroll 4
      for (int q = 0; q < C; q += L) store(out + q, load(from + q));
    }
  } else if (n == 3) {
    for (Size p = 0; p < k; ++p, out += C) {
      const T* from = x + offset[p];
#pragma GCC unroll 3
      for (int i = 0; i < 3; ++i) store(out + m[i].to, load(from + m[i].from));
    }
  } else {
    for (Size p = 0; p < k; ++p, out += C) {
      const T* from = x + offset[p];
      for (std::size_t i = 0; i < n; ++i) store(out + m[i].to, load(from + m[i].from));
    }
  }
}

// Where the tiles of a panel of columns put their sums: in the output itself, if they are outputs as they are, else
// beside each other.
template <class S, class T>
struct Target {
  const Plan<T>& p;
  Size group;
  S* out;  // the box's first output
  std::span<const Piece> pieces;
  T* sums;  // [rows][width]

  Size of_channel() const { return p.g.axis[0].size * p.g.axis[1].size * p.g.axis[2].size; }
  bool in_place() const {
    return std::is_same_v<S, T> && pieces.size() == 1 && pieces[0].length == p.width && p.g.axis[2].step == 1;
  }
  T* row(Size m) const {
    return in_place() ? reinterpret_cast<T*>(out) + pieces[0].to + m * of_channel() : sums + m * p.width;
  }
  Size ld() const { return in_place() ? of_channel() : p.width; }
  T bias(Size m) const { return p.g.bias ? widen<T>(static_cast<const S*>(p.g.bias)[group * p.g.rows + m]) : T(0); }

  // Before the first sums. Whether these are to be added to what is there.
  bool begin(Size from, Size rows) const {
    if (!in_place() || !p.g.bias) return false;
    for (Size m = from; m < from + rows; ++m) std::fill_n(row(m), p.width, bias(m));
    return true;
  }
  // After the last ones.
  void end(Size from, Size rows) const {
    if (in_place()) return;
    const Size step = p.g.axis[2].step;
    for (const Piece& piece : pieces)
      for (Size m = from; m < from + rows; ++m) {
        const T *s = sums + m * p.width + piece.column, add = bias(m);
        S* to = out + piece.to + m * of_channel();
        if (step == 1)
          for (int q = 0; q < piece.length; ++q) to[q] = narrow<S>(s[q] + add);
        else
          for (int q = 0; q < piece.length; ++q) to[q * step] = narrow<S>(s[q] + add);
      }
  }
};

// Some panels of rows of a box. A block of the weights stays in the L2 cache while it meets all columns.
template <class S, class T>
void packed_box(const Plan<T>& p, Size group, S* out, const T* x, const T* end, const Columns<T>& columns,
                Size panel_begin, Size panel_end) {
  constexpr int C = Tile<T>::columns;
  const Size n = columns.count();
  T* packed = static_cast<T*>(scratch(1, static_cast<std::size_t>(n * C * p.k_block + kLanes<T>) * sizeof(T)));
  T* sums = static_cast<T*>(scratch(2, static_cast<std::size_t>(n * C * p.g.rows) * sizeof(T)));
  const T* weights = p.weights + group * p.g.rows * p.k;
  const Size block = std::max<Size>(kWeights / static_cast<Size>(sizeof(T)) / (p.panels.each * p.k_block), 1);
  for (Size k0 = 0; k0 == 0 || k0 < p.k; k0 += p.k_block) {
    const Size k = std::min(p.k_block, p.k - k0);
    const bool first = k0 == 0, last = k0 + k >= p.k;
    for (Size i0 = panel_begin; i0 < panel_end; i0 += block)
      for (Size j = 0; j < n; ++j) {
        T* b = packed + j * C * k;
        if (i0 == panel_begin && k > 0)
          pack_panel(x, end, p.furthest, p.offsets.data() + k0, k, columns.moves_of(j), b);
        const Target<S, T> target{p, group, out, columns.pieces_of(j), sums + j * C * p.g.rows};
        for (Size i = i0; i < std::min(i0 + block, panel_end); ++i) {
          const Size row = p.panels.first(i), rows = p.panels.of(i);
          const bool add = first ? target.begin(row, rows) : true;
          Tiles<T>::kPacked[static_cast<std::size_t>(rows - 1)](weights + k0 * p.g.rows + row * k, b, k,
                                                                target.row(row), target.ld(), add);
          if (last) target.end(row, rows);
        }
      }
  }
}

template <class S, class T>
void direct_box(const Plan<T>& p, Size group, S* out, const T* x, const Columns<T>& columns) {
  T* sums = static_cast<T*>(scratch(2, static_cast<std::size_t>(p.width * p.g.rows) * sizeof(T)));
  const T* weights = p.weights + group * p.g.rows * p.k;
  const auto& tiles = p.width == Tile<T>::columns ? Tiles<T>::kDirect : Tiles<T>::kWide;
  for (Size j = 0; j < columns.count(); ++j) {
    const Target<S, T> target{p, group, out, columns.pieces_of(j), sums};
    for (Size i = 0; i < p.panels.count; ++i) {
      const Size row = p.panels.first(i), rows = p.panels.of(i);
      tiles[static_cast<std::size_t>(rows - 1)](weights + row * p.k, x + columns.moves_of(j)[0].from, p.offsets.data(),
                                                p.k, target.row(row), target.ld(), target.begin(row, rows));
      target.end(row, rows);
    }
  }
}

template <class S, class T>
void run_box(const Plan<T>& p, const Columns<T>& of_full_boxes, Size group, const Box& box, Size panel_begin,
             Size panel_end) {
  const Gather& g = p.g;
  const Size of_channel = g.axis[0].in * g.axis[1].in * g.axis[2].in;
  const S* source = static_cast<const S*>(g.x) + group * g.channels * of_channel;
  const T *x = nullptr, *end = nullptr;
  if (p.layout.in_place) {
    if constexpr (std::is_same_v<S, T>) {
      end = static_cast<const T*>(g.x) + g.batch * g.groups * g.channels * of_channel;
      x = source + p.layout.begin(g, box);
    }
  } else if (p.k > 0) {
    // A row's last vectors reach beyond it.
    T* copy = static_cast<T*>(scratch(0, static_cast<std::size_t>(p.layout.numel + p.width) * sizeof(T)));
    stage(g, p.layout, box, source, g.channels, copy);
    x = copy;
    end = copy + p.layout.numel + p.width;
  }
  Columns<T> own(p.width);
  const bool is_full = std::equal(box.size, box.size + 4, p.boxes.full);
  if (!is_full) find_columns(p, box.size, own);
  const Columns<T>& columns = is_full ? of_full_boxes : own;
  S* out = static_cast<S*>(g.out) + first_output(g, group, box);
  if (p.direct) direct_box(p, group, out, x, columns);
  else packed_box(p, group, out, x, end, columns, panel_begin, panel_end);
}

template <class S>
struct Of {
  static void run(const Gather& g) {
    using T = Compute<S>;
    Plan<T> p(g, std::is_same_v<S, T>);
    if (g.rows == 0 || p.boxes.count() == 0) return;
    const std::vector<Size> places = g.weight_places();
    T* weights = static_cast<T*>(scratch(3, static_cast<std::size_t>(g.groups * g.rows * p.k) * sizeof(T)));
    p.weights = weights;
    bool in_order = true;
    for (std::size_t i = 0; i < places.size(); ++i) in_order = in_order && places[i] == static_cast<Size>(i);
    const Size panels = g.groups * p.panels.count;
    parallel_for(panels, std::max<Size>(kGrain / std::max<Size>(p.k * p.panels.each, 1), 1), [&](Size i, Size end) {
      for (; i < end; ++i) {
        const Size group = i / p.panels.count;
        pack_weights<S>(p, places, in_order, group, i % p.panels.count, weights + group * g.rows * p.k);
      }
    });
    // Where there are few boxes, several threads share one's rows.
    Columns<T> columns(p.width);
    find_columns(p, p.boxes.full, columns);
    const Size boxes = p.boxes.count() * g.groups;
    const Size shares = p.direct ? 1 : std::clamp<Size>(2 * max_threads() / boxes, 1, p.panels.count);
    parallel_tasks(boxes * shares, [&](Size i) {
      const Size share = i % shares, box = i / shares % p.boxes.count(), group = i / shares / p.boxes.count();
      run_box<S>(p, columns, group, p.boxes.at(box), share * p.panels.count / shares,
                 (share + 1) * p.panels.count / shares);
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
