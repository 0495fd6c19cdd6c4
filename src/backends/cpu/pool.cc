// Pools: the largest element, or the sum, of windows over planes, and the gradient of the sum. A row of outputs takes
// one tap after the other, so that loops run along rows and vectorise.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/pool.cc"
#include "backends/cpu/targets.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "backends/cpu/backend.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/pool.h"
#include "backends/cpu/products-inl.h"
#include "backends/cpu/scratch.h"
#include "backends/scalar/convert.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {
namespace pools {

using Size = std::int64_t;

// What is compared: float16 and bfloat16 as float, bools by truth value.
template <class S>
struct ValueOf {
  using type =
      std::conditional_t<std::is_same_v<S, bool>, std::uint8_t, std::conditional_t<std::is_arithmetic_v<S>, S, float>>;
};
template <class S>
using Value = typename ValueOf<S>::type;

struct Range {
  Size begin, end;
};

// Outputs o whose element o * stride + offset lies in the input.
Range outputs_of(const Windows& w, int i, Size offset) {
  const Size s = w.stride[i], first = offset < 0 ? (-offset + s - 1) / s : 0;
  const Size end = offset < w.in[i] ? (w.in[i] - offset + s - 1) / s : 0;
  return {std::min(first, w.out[i]), std::clamp(end, std::min(first, w.out[i]), w.out[i])};
}
// Taps of window o whose element lies in the input.
Range taps_of(const Windows& w, int i, Size o) {
  const Size first = o * w.stride[i] - w.padding[i], step = w.dilation[i];
  const Size begin = first < 0 ? (-first + step - 1) / step : 0;
  return {begin, std::clamp((w.in[i] - first + step - 1) / step, begin, std::max(begin, w.kernel[i]))};
}
Size element(const Windows& w, int i, Size o, Size tap) { return o * w.stride[i] - w.padding[i] + tap * w.dilation[i]; }
// The first element that a window sees; some one for a window between whose taps the input lies.
Size first_element(const Windows& w, int i, Size o) {
  return std::min(element(w, i, o, taps_of(w, i, o).begin), w.in[i] - 1);
}

// f(row, offset, outputs) for each tap of a row of outputs: the input's row, and which outputs read which of its
// elements.
template <class F>
HWY_INLINE void each_tap(const Windows& w, Size od, Size oh, F&& f) {
  const Range ds = taps_of(w, 0, od), hs = taps_of(w, 1, oh);
  for (Size d = ds.begin; d < ds.end; ++d)
    for (Size h = hs.begin; h < hs.end; ++h)
      for (Size k = 0; k < w.kernel[2]; ++k) {
        const Size offset = k * w.dilation[2] - w.padding[2];
        f(element(w, 0, od, d) * w.in[1] + element(w, 1, oh, h), offset, outputs_of(w, 2, offset));
      }
}
// f(stride) with the frequent strides as constants.
template <class F>
HWY_INLINE void with_stride(Size stride, F&& f) {
  if (stride == 1) f(std::integral_constant<Size, 1>());
  else if (stride == 2) f(std::integral_constant<Size, 2>());
  else f(stride);
}

// f(o, elements' row in the plane, begin, end) for each row of each window of an adaptive pool.
template <class F>
HWY_INLINE void each_part(const PoolCall& c, F&& f) {
  const Windows& w = c.windows;
  Size o = 0;
  for (Size od = 0; od < w.out[0]; ++od)
    for (Size oh = 0; oh < w.out[1]; ++oh)
      for (Size ow = 0; ow < w.out[2]; ++ow, ++o)
        for (Size d = c.begin[0][od]; d < c.end[0][od]; ++d)
          for (Size h = c.begin[1][oh]; h < c.end[1][oh]; ++h)
            f(o, (d * w.in[1] + h) * w.in[2], c.begin[2][ow], c.end[2][ow]);
}

// Whether v takes the place of best: nothing takes a NaN's.
template <class T>
HWY_INLINE bool is_above(T v, T best) {
  if constexpr (std::is_floating_point_v<T>) return !(v <= best) & (best == best);
  else return v > best;
}
template <class T>
constexpr T lowest() {
  if constexpr (std::is_floating_point_v<T>) return -std::numeric_limits<T>::infinity();
  else return std::numeric_limits<T>::lowest();
}

template <class S>
void adaptive_max(const PoolCall& c, const S* in, S* out, Size* positions) {
  using T = Value<S>;
  Size last = -1;
  T best{};
  each_part(c, [&](Size o, Size row, Size begin, Size end) HWY_ATTR {
    for (Size i = row + begin; i < row + end; ++i) {
      const T v = scalar::convert<T>(in[i]);
      if (o == last && !is_above(v, best)) continue;
      last = o;
      best = v;
      out[o] = in[i];
      if (positions) positions[o] = i;
    }
  });
}

// A row of outputs of a plane, and the taps whose rows lie in the input.
struct Row {
  const Windows& w;
  Size od, oh;
  Range ds, hs;

  Row(const Windows& windows, Size d, Size h) : w(windows), od(d), oh(h), ds(taps_of(w, 0, d)), hs(taps_of(w, 1, h)) {}
  // f(the place of the first element of the input's row).
  template <class F>
  HWY_INLINE void each(F&& f) const {
    for (Size d = ds.begin; d < ds.end; ++d)
      for (Size h = hs.begin; h < hs.end; ++h) f((element(w, 0, od, d) * w.in[1] + element(w, 1, oh, h)) * w.in[2]);
  }
};

// Where all elements are minus infinity, the first one is the largest.
template <class S>
void max_of_window(const Row& r, Size o, const S* in, S* out, Size* position) {
  using T = Value<S>;
  const Windows& w = r.w;
  const Range ks = taps_of(w, 2, o);
  T best = lowest<T>();
  Size at = (first_element(w, 0, r.od) * w.in[1] + first_element(w, 1, r.oh)) * w.in[2] + first_element(w, 2, o);
  r.each([&](Size row) HWY_ATTR {
    for (Size k = ks.begin; k < ks.end; ++k) {
      const Size i = row + element(w, 2, o, k);
      const T v = scalar::convert<T>(in[i]);
      if (!is_above(v, best)) continue;
      best = v;
      at = i;
    }
  });
  *out = scalar::convert<S>(best);
  if (position) *position = at;
}

// p[0], p[Stride], p[2 * Stride], ...
template <int Stride, class T>
HWY_INLINE Vector<T> load_every(const T* p) {
  if constexpr (Stride == 1) return load(p);
  constexpr int L = kLanes<T>;
  const Vector<T> a = load(p), b = load(p + L - 1);  // reads no element behind the last one
  return [&]<std::size_t... I>(std::index_sequence<I...>) HWY_ATTR {
    return __builtin_shufflevector(
        a, b, (2 * static_cast<int>(I) < L ? 2 * static_cast<int>(I) : 2 * static_cast<int>(I) + 1)...);
  }(std::make_index_sequence<static_cast<std::size_t>(L)>());
}

// Rows of a plane with minus infinity around them, so that vectors of windows reach beyond neither end.
template <class T>
struct Padded {
  Size before = 0, pitch = 0;
  std::vector<Size> first;  // by output, the first element that its window sees

  explicit Padded(const Windows& w) {
    const Size outputs = (w.out[2] + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    for (Size o = 0; o < outputs; ++o) first.push_back(first_element(w, 2, std::min(o, w.out[2] - 1)));
    const Size reach = (outputs - 1) * w.stride[2] + (w.kernel[2] - 1) * w.dilation[2] + 1;
    before = w.padding[2];
    pitch = std::max(before + w.in[2], reach) + kLanes<T>;
  }
  const T* copy(const Windows& w, const T* in) const {
    const Size rows = w.in[0] * w.in[1];
    T* to = static_cast<T*>(scratch(0, static_cast<std::size_t>(rows * pitch) * sizeof(T)));
    for (Size r = 0; r < rows; ++r, in += w.in[2]) {
      T* row = to + r * pitch;
      std::fill_n(row, before, lowest<T>());
      std::copy_n(in, w.in[2], row + before);
      std::fill(row + before + w.in[2], row + pitch, lowest<T>());
    }
    return to;
  }
};

// A row of outputs, a vector of windows at a time. rows: padded ones.
template <int Stride, class T>
void max_of_vectors(const Row& r, const Padded<T>& padded, const T* rows, T* out, Size* positions) {
  using Place = std::conditional_t<sizeof(T) == 8, Size, std::int32_t>;
  constexpr int L = kLanes<T>;
  const Windows& w = r.w;
  Vector<Place> lane;
  for (int i = 0; i < L; ++i) lane[i] = i * Stride;
  const Size top = (first_element(w, 0, r.od) * w.in[1] + first_element(w, 1, r.oh)) * w.in[2];
  for (Size o = 0; o < w.out[2]; o += L) {
    Vector<T> best = lowest<T>() - Vector<T>{};
    Vector<Place> at;
    for (int i = 0; i < L; ++i) at[i] = static_cast<Place>(top + padded.first[static_cast<std::size_t>(o + i)]);
    r.each([&](Size row) HWY_ATTR {
      const T* from = rows + row / w.in[2] * padded.pitch + o * Stride;
      for (Size k = 0; k < w.kernel[2]; ++k) {
        const Size tap = k * w.dilation[2];
        const Vector<T> v = load_every<Stride>(from + tap);
        const Vector<Place> above = ~(v <= best) & (best == best);
        best = above ? v : best;
        at = above ? static_cast<Place>(row + o * Stride - w.padding[2] + tap) + lane : at;
      }
    });
    const Size n = std::min<Size>(L, w.out[2] - o);
    alignas(64) T values[L];
    store(n == L ? out + o : values, best);
    if (n < L) std::copy_n(values, n, out + o);
    if (positions)
      for (Size i = 0; i < n; ++i) positions[o + i] = at[i];
  }
}

// f(row, outputs, their places) for each row of outputs of a plane.
template <class S, class F>
HWY_INLINE void each_row(const Windows& w, S* out, Size* positions, F&& f) {
  for (Size od = 0; od < w.out[0]; ++od)
    for (Size oh = 0; oh < w.out[1]; ++oh, out += w.out[2]) {
      f(Row(w, od, oh), out, positions);
      if (positions) positions += w.out[2];
    }
}

template <class S>
struct MaxOf {
  static void run(const PoolCall& c, Size begin, Size end) {
    const Windows& w = c.windows;
    const Size in_size = w.in.numel(), out_size = w.out.numel();
    const auto each_plane = [&](auto&& f) {
      for (Size p = begin; p < end; ++p)
        f(static_cast<const S*>(c.in) + p * in_size, static_cast<S*>(c.out) + p * out_size,
          c.positions ? c.positions + p * out_size : nullptr);
    };
    if (c.begin[0])
      return each_plane([&](const S* in, S* out, Size* positions) { adaptive_max(c, in, out, positions); });
    if constexpr (std::is_floating_point_v<S>) {
      const bool fits = sizeof(S) == 8 || in_size < std::numeric_limits<std::int32_t>::max();
      if (fits && w.stride[2] <= 2 && w.out[2] >= kLanes<S> / 4) {
        const Padded<S> padded(w);
        const auto row = w.stride[2] == 1 ? &max_of_vectors<1, S> : &max_of_vectors<2, S>;
        return each_plane([&](const S* in, S* out, Size* positions) {
          const S* rows = padded.copy(w, in);
          each_row(w, out, positions, [&](const Row& r, S* to, Size* at) { row(r, padded, rows, to, at); });
        });
      }
    }
    each_plane([&](const S* in, S* out, Size* positions) {
      each_row(w, out, positions, [&](const Row& r, S* to, Size* at) {
        for (Size o = 0; o < w.out[2]; ++o) max_of_window(r, o, in, to + o, at ? at + o : nullptr);
      });
    });
  }
};

template <class T>
struct SumOf {
  static void run(const PoolCall& c, Size begin, Size end) {
    const Windows& w = c.windows;
    const Size in_size = w.in.numel(), out_size = w.out.numel();
    for (Size p = begin; p < end; ++p) {
      const T* in = static_cast<const T*>(c.in) + p * in_size;
      T* out = static_cast<T*>(c.out) + p * out_size;
      std::fill_n(out, out_size, T(0));
      if (c.begin[0]) {
        each_part(c, [&](Size o, Size row, Size first, Size last) HWY_ATTR {
          for (Size i = first; i < last; ++i) out[o] += in[row + i];
        });
        continue;
      }
      for (Size od = 0; od < w.out[0]; ++od)
        for (Size oh = 0; oh < w.out[1]; ++oh, out += w.out[2])
          each_tap(w, od, oh, [&](Size row, Size offset, Range os) HWY_ATTR {
            const T* HWY_RESTRICT from = in + row * w.in[2] + offset;
            T* HWY_RESTRICT to = out;
            with_stride(w.stride[2], [&](auto stride) HWY_ATTR {
              for (Size o = os.begin; o < os.end; ++o) to[o] += from[o * stride];
            });
          });
    }
  }
};

template <class T>
struct SumGradientOf {
  static void run(const PoolCall& c, Size begin, Size end) {
    const Windows& w = c.windows;
    const Size in_size = w.in.numel(), out_size = w.out.numel();
    for (Size p = begin; p < end; ++p) {
      const T* g = static_cast<const T*>(c.in) + p * out_size;
      T* out = static_cast<T*>(c.out) + p * in_size;
      std::fill_n(out, in_size, T(0));
      if (c.begin[0]) {
        each_part(c, [&](Size o, Size row, Size first, Size last) HWY_ATTR {
          for (Size i = first; i < last; ++i) out[row + i] += g[o];
        });
        continue;
      }
      for (Size od = 0; od < w.out[0]; ++od)
        for (Size oh = 0; oh < w.out[1]; ++oh, g += w.out[2])
          each_tap(w, od, oh, [&](Size row, Size offset, Range os) HWY_ATTR {
            T* HWY_RESTRICT to = out + row * w.in[2] + offset;
            const T* HWY_RESTRICT from = g;
            with_stride(w.stride[2], [&](auto stride) HWY_ATTR {
              for (Size o = os.begin; o < os.end; ++o) to[o * stride] += from[o];
            });
          });
    }
  }
};

}  // namespace pools

void add_pool_kernels(PoolTable& t) {
  const auto add = [&]<class T>(T) {
    constexpr int i = static_cast<int>(dtype_of<T>);
    t.kernel[static_cast<int>(Pool::max)][i] = &pools::MaxOf<T>::run;
    t.kernel[static_cast<int>(Pool::sum)][i] = &pools::SumOf<T>::run;
    t.kernel[static_cast<int>(Pool::sum_gradient)][i] = &pools::SumGradientOf<T>::run;
  };
  add(float{});
  add(double{});
}

#if HWY_ONCE
// The largest of other numbers, one by one: no target is faster than another, and each costs 1.5 s of compiling.
void add_scalar_pool_kernels(PoolTable& t) {
  for (int i = 0; i < kDTypes; ++i)
    dispatch(static_cast<DType>(i), [&]<class S>() {
      if constexpr (std::is_integral_v<S> || std::is_same_v<S, half> || std::is_same_v<S, bfloat16>)
        t.kernel[static_cast<int>(Pool::max)][i] = &pools::MaxOf<S>::run;
    });
}
#endif

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::cpu {
HWY_EXPORT(add_pool_kernels);

Status pool(const PoolCall& c) {
  static const PoolTable* table = [] {
    auto* t = new PoolTable{};
    HWY_DYNAMIC_DISPATCH(add_pool_kernels)(*t);
    HWY_STATIC_DISPATCH(add_scalar_pool_kernels)(*t);
    return t;
  }();
  const Pooled kernel = table->kernel[static_cast<int>(c.kind)][static_cast<int>(c.dtype)];
  if (!kernel) return Status::unavailable;
  const std::int64_t work = std::max(c.windows.in.numel(), c.windows.out.numel() * c.windows.kernel.numel());
  parallel_for(c.planes, std::max<std::int64_t>(kGrain / std::max<std::int64_t>(work, 1), 1),
               [&](std::int64_t begin, std::int64_t end) { kernel(c, begin, end); });
  return Status::ok;
}
}  // namespace tenon::cpu
#endif
