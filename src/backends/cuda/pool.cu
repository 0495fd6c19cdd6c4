// Pools: a thread for each window, or for the gradient of sums one for each element, which asks for the windows that see it:
// nothing is added by two threads. Sums are formed in float64.
#include <limits>

#include "backends/cuda/element.h"
#include "backends/cuda/operations.h"
#include "backends/cuda/windows.cuh"

namespace tenon::cuda {
namespace {

// From begin, by steps, to before end.
struct Span {
  std::int32_t begin, end, step;
};

// Windows by their rule, or by lists in device memory.
struct PoolWindows {
  WindowSpace w;
  const std::int64_t *begin[kWindowDims], *end[kWindowDims];  // null without lists

  // The elements that window o of a dimension sees.
  TENON_HD Span elements(int i, std::int32_t o) const {
    if (begin[i]) return {static_cast<std::int32_t>(begin[i][o]), static_cast<std::int32_t>(end[i][o]), 1};
    const std::int32_t step = w.dilation[i];
    std::int32_t first = o * w.stride[i] - w.padding[i];
    const std::int32_t last = first + w.kernel[i] * step;
    if (first < 0) first += (-first + step - 1) / step * step;
    return {first, last < w.in[i] ? last : w.in[i], step};
  }
  // Of lists: the windows that see element e. Neither their begins nor their ends fall.
  TENON_HD Span windows(int i, std::int32_t e) const {
    return {count(end[i], w.out[i], e), count(begin[i], w.out[i], e), 1};
  }

 private:
  // How many numbers of a list that does not fall are at most e.
  TENON_HD static std::int32_t count(const std::int64_t* list, std::int32_t n, std::int32_t e) {
    std::int32_t low = 0;
    while (low < n) {
      const std::int32_t middle = low + (n - low) / 2;
      if (list[middle] <= e) low = middle + 1;
      else n = middle;
    }
    return low;
  }
};

// f(position) for the elements, or windows, of three spans, row by row of planes of these sizes.
template <class F>
TENON_KERNEL void each(const Span (&s)[kWindowDims], const std::int32_t (&sizes)[kWindowDims], F&& f) {
  for (std::int32_t d = s[0].begin; d < s[0].end; d += s[0].step)
    for (std::int32_t h = s[1].begin; h < s[1].end; h += s[1].step)
      for (std::int32_t k = s[2].begin; k < s[2].end; k += s[2].step) f((d * sizes[1] + h) * sizes[2] + k);
}

// What is compared: float16 and bfloat16 as float, bools by truth value.
template <class S>
using Value = std::conditional_t<std::is_same_v<S, bool>, std::uint8_t, Computed<S>>;

template <class S>
struct PoolMax {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  using T = Value<S>;
  PoolWindows p;
  const S* in;
  S* out;
  std::int64_t* positions;
  std::uint64_t n;

  TENON_KERNEL static T lowest() {
    if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
    else return std::numeric_limits<T>::lowest();
  }
  // Whether x takes the place of best: nothing takes a NaN's.
  TENON_KERNEL static bool is_above(T x, T best) { return !(x <= best) && best == best; }

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < n; k += t.stride()) {
      const std::uint64_t plane = k / p.w.out_numel;
      const Place o = WindowSpace::place(static_cast<std::uint32_t>(k - plane * p.w.out_numel), p.w.of_out);
      const S* from = in + plane * p.w.in_numel;
      Span spans[kWindowDims];
      std::int32_t at = 0;  // of the first element that the window sees; of some one where it sees none
      for (int i = 0; i < kWindowDims; ++i) {
        spans[i] = p.elements(i, o.at[i]);
        at = at * p.w.in[i] + (spans[i].begin < p.w.in[i] ? spans[i].begin : p.w.in[i] - 1);
      }
      T best = lowest();
      each(spans, p.w.in, [&](std::int32_t i) {
        const T x = scalar::convert<T>(read<S>(from + i));
        if (!is_above(x, best)) return;
        best = x;
        at = i;
      });
      out[k] = scalar::convert<S>(best);
      if (positions) positions[k] = at;
    }
  }
};

template <class T>
struct PoolSum {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  PoolWindows p;
  const T* in;
  T* out;
  std::uint64_t n;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < n; k += t.stride()) {
      const std::uint64_t plane = k / p.w.out_numel;
      const Place o = WindowSpace::place(static_cast<std::uint32_t>(k - plane * p.w.out_numel), p.w.of_out);
      const T* from = in + plane * p.w.in_numel;
      Span spans[kWindowDims];
      for (int i = 0; i < kWindowDims; ++i) spans[i] = p.elements(i, o.at[i]);
      double sum = 0;
      each(spans, p.w.in, [&](std::int32_t i) { sum += static_cast<double>(from[i]); });
      out[k] = static_cast<T>(sum);
    }
  }
};

template <class T>
struct PoolSumGradient {
  static constexpr unsigned kThreads = 256;
  static constexpr bool kTogether = false;
  PoolWindows p;
  const T* in;
  T* out;
  std::uint64_t n;

  TENON_KERNEL void operator()(const Thread& t) const {
    for (std::uint64_t k = t.index(); k < n; k += t.stride()) {
      const std::uint64_t plane = k / p.w.in_numel;
      const Place e = WindowSpace::place(static_cast<std::uint32_t>(k - plane * p.w.in_numel), p.w.of_in);
      const T* from = in + plane * p.w.out_numel;
      double sum = 0;
      Span spans[kWindowDims];
      if (p.begin[0]) {
        for (int i = 0; i < kWindowDims; ++i) spans[i] = p.windows(i, e.at[i]);
        each(spans, p.w.out, [&](std::int32_t i) { sum += static_cast<double>(from[i]); });
      } else {
        for (std::uint32_t tap = 0; tap < p.w.taps; ++tap) {
          const std::int32_t i = p.w.window(e, WindowSpace::place(tap, p.w.of_kernel));
          if (i >= 0) sum += static_cast<double>(from[i]);
        }
      }
      out[k] = static_cast<T>(sum);
    }
  }
};

template <class K, class T>
void sum(const Context& context, const PoolCall& c, const PoolWindows& windows, std::int64_t n) {
  launch(context, blocks_for(n, K::kThreads),
         K{windows, static_cast<const T*>(c.in), static_cast<T*>(c.out), static_cast<std::uint64_t>(n)});
}

template <class T>
void run(const Context& context, const PoolCall& c, const PoolWindows& windows) {
  const std::int64_t outputs = c.planes * c.windows.out.numel(), elements = c.planes * c.windows.in.numel();
  if (c.kind == Pool::max)
    launch(context, blocks_for(outputs, PoolMax<T>::kThreads),
           PoolMax<T>{windows, static_cast<const T*>(c.in), static_cast<T*>(c.out), c.positions,
                      static_cast<std::uint64_t>(outputs)});
  else if constexpr (std::is_floating_point_v<T>) {
    if (c.kind == Pool::sum) sum<PoolSum<T>, T>(context, c, windows, outputs);
    else sum<PoolSumGradient<T>, T>(context, c, windows, elements);
  }
}

}  // namespace

Status pool(const Context& context, const PoolCall& c) {
  const bool summed = c.kind != Pool::max;
  Windows by_rule = c.windows;
  if (c.begin[0]) by_rule.kernel = by_rule.stride = {};  // lists may have windows that no rule makes
  if (is_complex(c.dtype) || is_float8(c.dtype) || !WindowSpace::fits(by_rule)) return Status::unavailable;
  if (summed && c.dtype != DType::float32 && c.dtype != DType::float64) return Status::unavailable;
  if (c.planes == 0) return Status::ok;
  const WindowSizes& out = c.windows.out;
  const Scratch lists(context, c.begin[0] ? 16 * (out[0] + out[1] + out[2]) : 0);
  PoolWindows windows{WindowSpace(by_rule), {}, {}};
  auto* to = lists.get<std::int64_t>();
  for (int i = 0; i < kWindowDims && c.begin[0]; ++i)
    for (const bool begins : {true, false}) {
      upload(context, to, begins ? c.begin[i] : c.end[i], 8 * out[i]);
      (begins ? windows.begin : windows.end)[i] = to;
      to += out[i];
    }
  dispatch(c.dtype, [&]<class T>() {
    if constexpr (!is_complex(dtype_of<T>) && !is_float8(dtype_of<T>)) run<T>(context, c, windows);
  });
  return Status::ok;
}

}  // namespace tenon::cuda
