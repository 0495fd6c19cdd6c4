// Recurrent layers over whole sequences: the weights are packed once, and a step is a product of packed panels with the
// gates made of its sums while they are in the cache. Rows of the batch know nothing of each other: threads take some of
// them through all steps.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/recurrent.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "backends/cpu/backend.h"
#include "backends/cpu/gates-inl.h"
#include "backends/cpu/panels-inl.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"
#include "core/interrupt.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace recurrent {

// Rows of the batch that one thread has enough to do with; and the multiplications of a step that are worth several.
constexpr Size kRows = 8;
constexpr Size kSplitStep = 2'000'000;

template <class T>
T* at(void* p, Size i) {
  return p ? static_cast<T*>(p) + i : nullptr;
}
template <class T>
const T* at(const void* p, Size i) {
  return p ? static_cast<const T*>(p) + i : nullptr;
}
template <class T>
T* memory(int slot, Size n) {
  return static_cast<T*>(scratch(slot, sizeof(T) * static_cast<std::size_t>(n)));
}
template <class T>
void copy(T* to, const T* from, Size n) {
  std::memcpy(to, from, sizeof(T) * static_cast<std::size_t>(n));
}

// Some rows of the batch, through all steps.
template <class T>
class Layer {
 public:
  explicit Layer(const RecurrentCall& call) : c(call) {
    const bool forward = c.kind == RecurrentPass::forward;
    const Size of_parts = forward ? RightPanels<T>::size(c.width, c.hidden) : 0;
    const Size of_hh = !c.w_hh ? 0 : forward ? c.parts * of_parts : RightPanels<T>::size(gates, c.width);
    const Size of_hr = !c.w_hr   ? 0
                       : forward ? RightPanels<T>::size(c.hidden, c.width)
                                 : RightPanels<T>::size(c.width, c.hidden);
    T* to = memory<T>(1, of_hh + of_hr + 2 * gates);
    const T *w_hh = at<T>(c.w_hh, 0), *w_hr = at<T>(c.w_hr, 0);
    if (w_hh && forward)
      for (Size p = 0; p < c.parts; ++p)
        hh[p] = RightPanels<T>(w_hh + p * c.hidden * c.width, 1, c.width, c.width, c.hidden, to + p * of_parts);
    else if (w_hh) hh[0] = RightPanels<T>(w_hh, c.width, 1, gates, c.width, to);
    to += of_hh;
    if (w_hr)
      hr = forward ? RightPanels<T>(w_hr, 1, c.hidden, c.hidden, c.width, to)
                   : RightPanels<T>(w_hr, c.hidden, 1, c.width, c.hidden, to);
    to += of_hr;
    if (forward) add_biases(to);
  }

  void run() {
    const Size threads = max_threads();
    Size pieces = std::max((c.batch + Blocks<T>::m - 1) / Blocks<T>::m, std::min(threads, c.batch / kRows));
    pieces = std::max<Size>(pieces, 1);
    const Size each = (c.batch + pieces - 1) / pieces;
    const auto piece = [&](Size i) { rows(i * each, std::min(c.batch, (i + 1) * each)); };
    split_ = pieces < threads && each * gates * c.width >= kSplitStep;
    if (pieces > 1 && !split_) return parallel_tasks(pieces, piece);
    for (Size i = 0; i < pieces; ++i) piece(i);
  }

 private:
  static constexpr Size C = Tile<T>::columns;
  const RecurrentCall& c;
  const Size gates = c.parts * c.hidden;
  RightPanels<T> hh[4], hr;
  const T *bias = nullptr, *bias_n = nullptr;  // of the gates' sums, and of a gru's h_n
  bool split_ = false;  // each step over the threads

  void add_biases(T* to) {
    const T *x = at<T>(c.b_ih, 0), *h = at<T>(c.b_hh, 0);
    const Size apart = c.cell == Cell::gru ? 2 * c.hidden : gates;  // from here on r stands between the two
    for (Size i = 0; i < gates; ++i) to[i] = (x ? x[i] : T(0)) + (h && i < apart ? h[i] : T(0));
    bias = to;
    if (c.cell != Cell::gru) return;
    for (Size i = 0; i < c.hidden; ++i) to[gates + i] = h ? h[apart + i] : T(0);
    bias_n = to + gates;
  }

  // f(from, to) of pieces of n columns.
  template <class F>
  void over_columns(Size n, F&& f) const {
    const Size panels = (n + C - 1) / C;
    if (!split_) return f(Size{0}, n);
    parallel_for(panels, 1, [&](Size from, Size to) { f(from * C, std::min(n, to * C)); });
  }

  void rows(Size from, Size to) const {
    Pace pace;
    for (Size s = 0; s < c.steps; ++s) {
      const Size m = std::min(to, c.sizes[s]) - from;
      if (m <= 0) continue;
      pace.did(m * gates * (c.width + 16));
      if (c.kind == RecurrentPass::forward) forward(from, m, c.begin[s] + from);
      else backward(from, m, c.begin[s] + from);
    }
  }

  // Rows of the batch from `row`, whose elements of this step are those from `element`.
  void forward(Size row, Size m, Size element) const {
    T* h = at<T>(c.h, row * c.width);
    if (c.h_before) copy(at<T>(c.h_before, element * c.width), h, m * c.width);
    const T* packed = c.w_hh ? pack(h, m, c.width) : nullptr;
    T* next = !c.w_hr ? h : c.unprojected ? at<T>(c.unprojected, element * c.hidden) : memory<T>(3, m * c.hidden);
    over_columns(c.hidden, [&](Size begin, Size end) {
      for (Size j = begin; j < end; j += C) panel(packed, row, m, element, j, std::min(C, end - j), next);
    });
    if (c.w_hr) multiply(hr, pack(next, m, c.hidden), m, h, c.width, false);
    copy(at<T>(c.y, element * c.width), h, m * c.width);
  }

  static T* pack(const T* a, Size m, Size k) {
    T* to = memory<T>(0, RightPanels<T>::rows_size(m, k));
    RightPanels<T>::pack_rows(a, k, m, k, to);
    return to;
  }
  void multiply(const RightPanels<T>& b, const T* rows, Size m, T* to, Size ld, bool add) const {
    over_columns(b.n, [&](Size j, Size end) { b.multiply(rows, m, j, end - j, to + j, ld, add); });
  }

  // The gates of n columns from j.
  void panel(const T* packed, Size row, Size m, Size element, Size j, Size n, T* next) const {
    const Size padded = block_rows<T>(m);
    T* sums = nullptr;
    if (packed) {
      // The projections of x come from afar, in pieces too short for the processor to foresee.
      constexpr Size kLine = 64 / static_cast<Size>(sizeof(T));
      for (Size r = 0; r < m; ++r)
        for (Size p = 0; p < c.parts; ++p)
          for (Size q = 0; q < n; q += kLine)
            __builtin_prefetch(at<T>(c.gates, (element + r) * gates + p * c.hidden + j + q));
      sums = memory<T>(2, c.parts * padded * C);
      for (Size p = 0; p < c.parts; ++p)
        hh[p].multiply(packed, m, j, C, sums + p * padded * C, C, false);  // whole tiles: the panels' zeros
    }
    for (Size r = 0; r < m; ++r) {
      const Size e = element + r, at_gates = e * gates + j, at_hidden = e * c.hidden + j;
      GateRow<T> g{};
      g.n = n;
      g.sums = packed ? sums + r * C : at<T>(c.of_state, (row + r) * gates + j);
      g.sums_part = packed ? padded * C : c.hidden;
      g.part = c.hidden;
      g.x = at<T>(c.gates, at_gates);
      g.bias = bias + j;
      g.bias_n = bias_n ? bias_n + j : nullptr;
      g.h = at<T>(c.h, (row + r) * c.width + j);  // of a gru, whose h is as wide as its gates
      g.c = at<T>(c.c, (row + r) * c.hidden + j);
      g.next = next + r * c.hidden + j;
      g.kept = at<T>(c.gates_out, at_gates);
      g.c_before = at<T>(c.c_before, at_hidden);
      g.c_tanh = at<T>(c.c_tanh, at_hidden);
      g.h_part = at<T>(c.h_part, at_hidden);
      forward_row(c.cell, g);
    }
  }

  void backward(Size row, Size m, Size element) const {
    T* dh = at<T>(c.h, row * c.width);
    if (c.dy) {
      const T* dy = at<T>(c.dy, element * c.width);
      for (Size i = 0; i < m * c.width; ++i) dh[i] += dy[i];
    }
    T* before = dh;  // the projection
    if (c.w_hr) {
      copy(at<T>(c.d_out, element * c.width), dh, m * c.width);
      before = memory<T>(3, m * c.hidden);
      multiply(hr, pack(dh, m, c.width), m, before, c.hidden, false);
    }
    for (Size r = 0; r < m; ++r) {
      const Size e = element + r, at_hidden = e * c.hidden;
      GradientRow<T> g{};
      g.n = c.hidden;
      g.gates = at<T>(c.gates, e * gates);
      g.c_before = at<T>(c.c_before, at_hidden);
      g.c_tanh = at<T>(c.c_tanh, at_hidden);
      g.h_part = at<T>(c.h_part, at_hidden);
      g.h_before = at<T>(c.h_before, at_hidden);
      g.y = at<T>(c.y, at_hidden);
      g.dh = before + r * c.hidden;
      g.dc = at<T>(c.c, (row + r) * c.hidden);
      g.d = at<T>(c.d_state, e * gates);
      g.d_x = at<T>(c.d_x, e * gates);
      backward_row(c.cell, g);
    }
    if (c.w_hh) multiply(hh[0], pack(at<T>(c.d_state, element * gates), m, gates), m, dh, c.width, c.cell == Cell::gru);
  }
};

template <class T>
void run(const RecurrentCall& c) {
  Layer<T>(c).run();
}

}  // namespace recurrent

void recurrent_float(const RecurrentCall& c) { recurrent::run<float>(c); }
void recurrent_double(const RecurrentCall& c) { recurrent::run<double>(c); }

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(recurrent_float);
HWY_EXPORT(recurrent_double);

Status recurrent(const RecurrentCall& c) {
  if (c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.steps == 0 || c.batch == 0) return Status::ok;
  if (c.dtype == DType::float32) HWY_DYNAMIC_DISPATCH(recurrent_float)(c);
  else HWY_DYNAMIC_DISPATCH(recurrent_double)(c);
  return Status::ok;
}

}  // namespace tenon::cpu
#endif
