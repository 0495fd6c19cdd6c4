// Convolutions of 3 x 3 taps by Winograd's F(2 x 2, 3 x 3): tiles of 2 x 2 outputs are formed in a transformed space,
// where a tap costs 16 multiplications for each channel instead of 36 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016). The products of all tiles' elements at one place are a matrix product.
//
// Error: 16 products of sums. An output differs from the exact one by at most (channels + 10) * 2^-24 * 64 * channels *
// max|x| * max|w|, about 7 times the bound of the plain sum. An infinity would meet its negative: where an output is not
// finite, the call is left to the plain sum.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/winograd.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <atomic>

#include "backends/cpu/convolution.h"
#include "backends/cpu/panels-inl.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace winograd {

namespace hn = hwy::HWY_NAMESPACE;

constexpr Size kPlaces = 16, kRows = Tile<float>::rows, kColumns = Tile<float>::columns, L = kLanes<float>;

// Elements of one place; the next one's do not fall into the same sets of a cache.
constexpr Size apart(Size n) { return n + 5 * 64 / static_cast<Size>(sizeof(float)); }

template <class T>
T* memory(int slot, Size n) {
  return static_cast<T*>(scratch(slot, static_cast<std::size_t>(n) * sizeof(T) + kVectorBytes));
}

// What all boxes share. A box is some rows of tiles.
struct Plan {
  const Gather& g;
  const Size down = (g.axis[1].out + 1) / 2, across = (g.axis[2].out + 1) / 2;  // tiles of an image
  const Size panels = (g.rows + kRows - 1) / kRows;  // of output channels
  // Of a box: one place's elements stay in the L2 cache while they meet all channels of the output.
  const Size rows = std::max<Size>(best_filled((g.channels > 128 ? 128 : 256) / across, across, kColumns), 1);
  const Size boxes = (g.batch * down + rows - 1) / rows;
  const float* weights = nullptr;  // places, panels, channels, rows of a panel
};

// Some tiles of one row of a box: from tile `across` of row `down` of an image, at a column of a panel.
struct Piece {
  Size image, down, across, panel, column, length;
};

template <class F>
void each_piece(const Plan& p, Size begin, Size end, F&& f) {
  for (Size row = begin, at = 0; row < end; ++row)
    for (Size i = 0; i < p.across;) {
      const Size n = std::min(p.across - i, kColumns - at % kColumns);
      f(Piece{row / p.down, row % p.down, i, at / kColumns, at % kColumns, n});
      i += n;
      at += n;
    }
}

// ---- weights ----

// Channels at once: places lie far apart, and would push each other out of the cache.
constexpr Size kAtOnce = 16;

// The three taps of 16 channels along one axis.
HWY_INLINE void transform_three(const float* a, const float* b, const float* c, float (*out)[16]) {
  for (int r = 0; r < 16; ++r) {
    const float outer = a[r] + c[r];
    out[0][r] = a[r];
    out[1][r] = 0.5f * (outer + b[r]);
    out[2][r] = 0.5f * (outer - b[r]);
    out[3][r] = c[r];
  }
}
// taps: 9 rows of 16. place: of the tap that reads element (i / 3, i % 3). out: places, kAtOnce channels, kRows.
void transform_taps(const float* taps, const Size (&place)[9], float* out) {
  alignas(64) float half[3][4][16], all[4][16];
  const auto tap = [&](int i) { return taps + place[i] * 16; };
  for (int j = 0; j < 3; ++j) transform_three(tap(j), tap(3 + j), tap(6 + j), half[j]);
  for (int i = 0; i < 4; ++i) {
    transform_three(half[0][i], half[1][i], half[2][i], all);
    for (int j = 0; j < 4; ++j) std::memcpy(out + (4 * i + j) * kAtOnce * kRows, all[j], kRows * sizeof(float));
  }
}
// One panel of output channels.
void transform_weights(const Plan& p, Size group, Size panel, float* out) {
  const Gather& g = p.g;
  const Size first = panel * kRows, rows = std::min<Size>(kRows, g.rows - first);
  const float* w = static_cast<const float*>(g.w) + group * g.rows * g.channels * 9 + first * g.w_row;
  Size place[9];  // of the tap that reads the element (i / 3, i % 3)
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      place[(g.axis[1].offset[i] - g.axis[1].least) * 3 + g.axis[2].offset[j] - g.axis[2].least] =
          g.axis[1].tap[i] * 3 + g.axis[2].tap[j];
  alignas(64) float taps[kAtOnce * 9 * 16 + L] = {}, places[kPlaces][kAtOnce][kRows];
  for (Size c0 = 0; c0 < g.channels; c0 += kAtOnce) {
    const Size n = std::min(kAtOnce, g.channels - c0);
    const float* from = w + c0 * g.w_channel;
    if (g.w_channel == 9) turn(from, g.w_row, rows, 9 * n, taps, Size{16});
    else
      for (Size i = 0; i < 9 * n; ++i)
        for (Size r = 0; r < rows; ++r) taps[i * 16 + r] = from[r * g.w_row + i / 9 * g.w_channel + i % 9];
    for (Size c = 0; c < n; ++c) transform_taps(taps + c * 9 * 16, place, &places[0][c][0]);
    for (Size i = 0; i < kPlaces; ++i)
      std::memcpy(out + ((i * p.panels + panel) * g.channels + c0) * kRows, places[i],
                  static_cast<std::size_t>(n * kRows) * sizeof(float));
  }
}

// ---- elements ----

// The four sums of each tile of one row of x, those of one kind side by side. padded: the row with zeros around it.
void transform_row(const Plan& p, Size width, const float* padded, float* out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<Size>(hn::Lanes(d));
  for (Size t = 0; t < p.across; t += lanes) {
    hn::Vec<decltype(d)> even, odd, next_even, next_odd;
    hn::LoadInterleaved2(d, padded + 2 * t, even, odd);
    hn::LoadInterleaved2(d, padded + 2 * t + 2, next_even, next_odd);
    hn::StoreU(hn::Sub(even, next_even), d, out + t);
    hn::StoreU(hn::Add(odd, next_even), d, out + width + t);
    hn::StoreU(hn::Sub(next_even, odd), d, out + 2 * width + t);
    hn::StoreU(hn::Sub(odd, next_odd), d, out + 3 * width + t);
  }
}

// n columns of a panel that has room for so many, of one kind and all four rows of places.
HWY_INLINE void transform_columns(const float* const (&row)[4], Size at, Size n, Size room, Size of_place, float* to) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<Size>(hn::Lanes(d));
  for (Size q = 0; q < n; q += lanes) {
    const auto a = hn::LoadU(d, row[0] + at + q), b = hn::LoadU(d, row[1] + at + q), c = hn::LoadU(d, row[2] + at + q),
               e = hn::LoadU(d, row[3] + at + q);
    const auto put = [&](int i, hn::Vec<decltype(d)> v) HWY_ATTR {
      float* place = to + 4 * i * of_place + q;
      if (q + lanes <= room) hn::StoreU(v, d, place);  // what is too much is written again, by the next piece
      else hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(room - q)), d, place);
    };
    put(0, hn::Sub(a, c));
    put(1, hn::Add(b, c));
    put(2, hn::Sub(c, b));
    put(3, hn::Sub(b, e));
  }
}

// What a box reads: places, panels, channels, columns.
void transform_box(const Plan& p, Size group, Size begin, Size end, Size panels, float* out) {
  const Gather& g = p.g;
  const Size of_plane = g.axis[1].in * g.axis[2].in, width = round_up(p.across, L) + L;
  const Size of_place = apart(panels * g.channels * kColumns), of_padded = 2 * width + 2 + g.axis[2].in;
  const Size rows = 2 * std::min(end - begin, p.down) + 2;
  float* padded = memory<float>(0, rows * (of_padded + 4 * width));
  float* lines = padded + rows * of_padded;
  std::fill(padded, lines + rows * 4 * width, 0.0f);
  for (Size c = 0; c < g.channels; ++c) {
    Size image = -1, line = 0;  // of the first of the lines
    // All rows are copied before they are read: the processor waits for what it reads at once after it was written.
    const auto prepare = [&](Size n, Size from) {
      const Size count = 2 * (std::min(end - n * p.down, p.down) - from) + 2;
      const float* x = static_cast<const float*>(g.x) + ((n * g.groups + group) * g.channels + c) * of_plane;
      image = n;
      line = 2 * from;
      for (Size i = 0; i < count; ++i) {
        const Size row = line + i + g.axis[1].least;
        float* to = padded + i * of_padded - g.axis[2].least;
        if (row < 0 || row >= g.axis[1].in) std::fill_n(to, g.axis[2].in, 0.0f);
        else std::memcpy(to, x + row * g.axis[2].in, static_cast<std::size_t>(g.axis[2].in) * sizeof(float));
      }
      for (Size i = 0; i < count; ++i) transform_row(p, width, padded + i * of_padded, lines + i * 4 * width);
    };
    each_piece(p, begin, end, [&](const Piece& t) {
      if (t.image != image) prepare(t.image, t.down);
      const float* row[4];
      for (int i = 0; i < 4; ++i) row[i] = lines + (2 * t.down + i - line) * 4 * width + t.across;
      float* to = out + (t.panel * g.channels + c) * kColumns + t.column;
      for (int j = 0; j < 4; ++j)
        transform_columns(row, j * width, t.length, kColumns - t.column, of_place, to + j * of_place);
    });
  }
}

// ---- outputs ----

// The outputs of one channel and panel of tiles: two rows of 2 * kColumns. sums: a row of kColumns for each place.
// Returns 0, or NaN if one is not finite.
float transform_sums(const float* sums, Size of_place, float bias, float* out) {
  const hn::ScalableTag<float> d;
  auto seen = hn::Zero(d);
  const Size lanes = static_cast<Size>(hn::Lanes(d));
  for (Size q = 0; q < kColumns; q += lanes) {
    const auto at = [&](int i, int j) { return hn::LoadU(d, sums + (4 * i + j) * of_place + q); };
    decltype(seen) s[2][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const auto a = at(1, j), b = at(2, j);
      s[0][j] = hn::Add(hn::Add(at(0, j), a), b);
      s[1][j] = hn::Sub(hn::Sub(a, b), at(3, j));
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const auto even = hn::Add(hn::Add(hn::Add(s[i][0], s[i][1]), s[i][2]), hn::Set(d, bias));
      const auto odd = hn::Add(hn::Sub(hn::Sub(s[i][1], s[i][2]), s[i][3]), hn::Set(d, bias));
      seen = hn::Add(seen, hn::Add(hn::Sub(even, even), hn::Sub(odd, odd)));
      hn::StoreInterleaved2(even, odd, d, out + i * 2 * kColumns + 2 * q);
    }
  }
  alignas(64) float all[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(seen, d, all);
  float any = 0;
  for (Size i = 0; i < lanes; ++i) any += all[i];
  return any;
}

// Some panels of output channels of a box. Returns whether all outputs are finite.
bool run_box(const Plan& p, Size group, Size box, Size panel_begin, Size panel_end) {
  const Gather& g = p.g;
  const Size begin = box * p.rows, end = std::min(begin + p.rows, g.batch * p.down);
  const Size tiles = (end - begin) * p.across, columns = (tiles + kColumns - 1) / kColumns;
  const Size height = g.axis[1].out, width = g.axis[2].out;
  const Size of_place = apart(columns * g.channels * kColumns);
  float* elements = memory<float>(1, kPlaces * of_place);
  // Places, panels of channels, panels of tiles, rows, columns.
  const Size of_tile = kRows * kColumns, of_sums = apart((panel_end - panel_begin) * columns * of_tile);
  float* sums = memory<float>(2, kPlaces * of_sums);
  if (const Size filled = tiles % kColumns)  // the last panel's other columns
    for (Size i = 0; i < kPlaces * g.channels; ++i) {
      float* row = elements + i / g.channels * of_place + ((columns - 1) * g.channels + i % g.channels) * kColumns;
      std::fill(row + filled, row + kColumns, 0.0f);
    }
  transform_box(p, group, begin, end, columns, elements);
  const auto rows_of = [&](Size panel) { return std::min<Size>(kRows, g.rows - panel * kRows); };
  for (Size i = 0; i < kPlaces; ++i)
    for (Size panel = panel_begin; panel < panel_end; ++panel)
      for (Size j = 0; j < columns; ++j)
        block(p.weights + (i * p.panels + panel) * g.channels * kRows,
              elements + i * of_place + j * g.channels * kColumns, rows_of(panel), kColumns, g.channels,
              sums + i * of_sums + ((panel - panel_begin) * columns + j) * of_tile, kColumns, false);
  float seen = 0;
  for (Size panel = panel_begin; panel < panel_end; ++panel) {
    const Size first = panel * kRows, rows = rows_of(panel);
    const float* of_panel = sums + (panel - panel_begin) * columns * of_tile;
    for (Size r = 0; r < rows; ++r) {
      const Size channel = group * g.rows + first + r;
      const float bias = g.bias ? static_cast<const float*>(g.bias)[channel] : 0.0f;
      alignas(64) float y[4 * kColumns];
      Size formed = -1;
      each_piece(p, begin, end, [&](const Piece& t) {
        if (t.panel != formed) seen += transform_sums(of_panel + t.panel * of_tile + r * kColumns, of_sums, bias, y);
        formed = t.panel;
        float* to = static_cast<float*>(g.out) +
                    ((t.image * g.groups * g.rows + channel) * height + 2 * t.down) * width + 2 * t.across;
        const auto n = static_cast<std::size_t>(std::min(2 * t.length, width - 2 * t.across)) * sizeof(float);
        std::memcpy(to, y + 2 * t.column, n);
        if (2 * t.down + 1 < height) std::memcpy(to + width, y + 2 * kColumns + 2 * t.column, n);
      });
    }
  }
  return seen == 0;
}

bool run(const Gather& g) {
  Plan p{g};
  float* weights = memory<float>(3, g.groups * kPlaces * p.panels * g.channels * kRows);
  const Size of_group = kPlaces * p.panels * g.channels * kRows;
  parallel_for(g.groups * p.panels, std::max<Size>(kGrain / (g.channels * kRows * 9), 1), [&](Size i, Size end) {
    for (; i < end; ++i) transform_weights(p, i / p.panels, i % p.panels, weights + i / p.panels * of_group);
  });
  std::atomic<bool> finite = true;
  const Size boxes = g.groups * p.boxes, shares = std::clamp<Size>(2 * max_threads() / boxes, 1, p.panels);
  parallel_tasks(boxes * shares, [&](Size i) {
    const Size share = i % shares, box = i / shares % p.boxes, group = i / shares / p.boxes;
    Plan own{g};
    own.weights = weights + group * of_group;
    if (!run_box(own, group, box, share * p.panels / shares, (share + 1) * p.panels / shares)) finite = false;
  });
  return finite;
}

}  // namespace winograd

void add_winograd(ConvolutionTable& t) { t.winograd = &winograd::run; }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_winograd);
void add_winograd_products(ConvolutionTable& t) { HWY_DYNAMIC_DISPATCH(add_winograd)(t); }

bool suits_winograd(const Gather& g) {
  const auto slides = [](const GatherAxis& a) {
    return a.stride == 1 && a.step == 1 && a.first == 0 && a.size == a.out && a.tap.size() == 3 && a.reach == 2 &&
           a.least <= 0;
  };
  const auto stands = [](const GatherAxis& a) { return a.in == 1 && a.out == 1 && a.size == 1 && a.tap.size() == 1; };
  // Fewer channels than these, or tiles, pay for no transforms. What is transformed must not take too much memory: weights
  // 64 MB, a row of tiles 32 KB for each channel.
  if (g.rows * g.channels > 1 << 20 || g.axis[2].out > 1024) return false;
  return g.dtype == DType::float32 && g.channels >= 64 && g.rows >= 64 && g.kernel[0] == 1 && g.kernel[1] == 3 &&
         g.kernel[2] == 3 && stands(g.axis[0]) && slides(g.axis[1]) && slides(g.axis[2]) &&
         g.batch * g.axis[1].out * g.axis[2].out >= 64;
}
}  // namespace tenon::cpu
#endif
