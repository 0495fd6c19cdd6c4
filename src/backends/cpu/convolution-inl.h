// What a box of a convolution reads, as a copy with zeros around it. Included once per SIMD target.
#if defined(TENON_CONVOLUTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_CONVOLUTION_INL_H_
#undef TENON_CONVOLUTION_INL_H_
#else
#define TENON_CONVOLUTION_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "backends/cpu/convolution.h"
#include "backends/cpu/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// Zeros up to `end`, and maybe some more within a vector.
template <class T>
HWY_INLINE void fill_zeros(T* to, Size end) {
  for (Size i = 0; i < end; i += kLanes<T>) store(to + i, Vector<T>{});
}

// to[i] = from[first + i * stride], 0 where that is outside of `in` elements. What lies behind n may be overwritten: it
// is the next part or row, which comes later.
template <class T, class S>
HWY_INLINE void copy_part(const S* from, Size in, Size first, Size stride, Size n, T* to) {
  const Size begin = std::clamp<Size>(first >= 0 ? 0 : stride == 1 ? -first : (-first + stride - 1) / stride, 0, n);
  const Size last = stride == 1 ? in - first : (in - first + stride - 1) / stride;
  const Size end = std::clamp<Size>(first < in ? last : 0, begin, n);
  const S* s = from + first;
  fill_zeros(to, begin);
  if (stride == 1) {
    if constexpr (std::is_same_v<S, T>) {
      constexpr int L = kLanes<T>;
      Size i = begin;
      for (; i + L <= end; i += L) store(to + i, load(s + i));
      if (i < end && end - begin >= L) store(to + end - L, load(s + end - L));
      else
        for (; i < end; ++i) to[i] = s[i];
    } else {
      for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[i]);
    }
  } else if (stride == 2) {
    for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[2 * i]);
  } else {
    for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[i * stride]);
  }
  fill_zeros(to + end, n - end);
}

// What a box reads of so many channels; x is the first one of the first image. `to` has room for one more vector.
template <class S, class T>
void stage(const Gather& g, const Layout& l, const Box& box, const S* x, Size channels, T* to) {
  const GatherAxis &planes = g.axis[0], &rows = g.axis[1], &last = g.axis[2];
  const Size of_row = last.in, of_plane = rows.in * of_row, of_channel = planes.in * of_plane,
             of_image = of_channel * g.channels * g.groups;
  const auto extent = [&](int i) { return (box.size[i + 1] - 1) * g.axis[i].stride + g.axis[i].reach + 1; };
  const auto first = [&](int i) { return box.begin[i + 1] * g.axis[i].stride + g.axis[i].least; };
  const Size d_end = extent(0), h_end = extent(1), w_end = extent(2), d0 = first(0), h0 = first(1), w0 = first(2);
  for (Size n = 0; n < box.size[0]; ++n)
    for (Size c = 0; c < channels; ++c)
      for (Size d = 0; d < d_end; ++d) {
        if (!l.reads(0, d, planes.stride)) continue;
        const bool plane_inside = d0 + d >= 0 && d0 + d < planes.in;
        const S* plane = x + (box.begin[0] + n) * of_image + c * of_channel + (d0 + d) * of_plane;
        for (Size h = 0; h < h_end; ++h) {
          if (!l.reads(1, h, rows.stride)) continue;
          const bool inside = plane_inside && h0 + h >= 0 && h0 + h < rows.in;
          T* at = to + n * l.image + c * l.channel + d * l.plane + h * l.row;
          for (Size p = 0; p < last.stride; ++p) {
            const Size n_part = last.stride == 1 ? w_end : (w_end - p + last.stride - 1) / last.stride;
            if (n_part <= 0 || !l.reads(2, p, last.stride)) continue;
            if (inside) copy_part(plane + (h0 + h) * of_row, last.in, w0 + p, last.stride, n_part, at + p * l.part);
            else fill_zeros(at + p * l.part, n_part);
          }
        }
      }
}

// The stored types that have kernels.
template <template <class> class F, class Kernel>
void add_floats(Kernel* row) {
  row[static_cast<int>(DType::float16)] = &F<half>::run;
  row[static_cast<int>(DType::bfloat16)] = &F<bfloat16>::run;
  row[static_cast<int>(DType::float32)] = &F<float>::run;
  row[static_cast<int>(DType::float64)] = &F<double>::run;
}

}  // namespace tenon::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
