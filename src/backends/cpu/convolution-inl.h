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

#include "backends/cpu/convolution.h"
#include "backends/cpu/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tenon::cpu::HWY_NAMESPACE {

// to[i] = from[first + i * stride], 0 where that is not below `in`.
template <class T, class S>
void copy_part(const S* from, Size in, Size first, Size stride, Size n, T* to) {
  const Size begin = std::clamp<Size>(first >= 0 ? 0 : (-first + stride - 1) / stride, 0, n);
  const Size end = std::clamp<Size>(first < in ? (in - first + stride - 1) / stride : 0, begin, n);
  std::memset(to, 0, static_cast<std::size_t>(begin) * sizeof(T));
  const S* s = from + first;
  if (stride == 1) {
    for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[i]);
  } else if (stride == 2) {
    for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[2 * i]);
  } else {
    for (Size i = begin; i < end; ++i) to[i] = widen<T>(s[i * stride]);
  }
  std::memset(to + end, 0, static_cast<std::size_t>(n - end) * sizeof(T));
}

// What a box reads of so many channels, of which the first one of the first image is x.
template <class S, class T>
void stage(const Gather& g, const Layout& l, const Box& box, const S* x, Size channels, T* to) {
  const GatherAxis &planes = g.axis[0], &rows = g.axis[1], &last = g.axis[2];
  const Size of_row = last.in, of_plane = rows.in * of_row, of_channel = planes.in * of_plane,
             of_image = of_channel * g.channels * g.groups;
  const auto extent = [&](int i) { return (box.size[i + 1] - 1) * g.axis[i].stride + g.axis[i].reach() + 1; };
  const auto first = [&](int i) { return box.begin[i + 1] * g.axis[i].stride + g.axis[i].least(); };
  const Size d_end = extent(0), h_end = extent(1), w_end = extent(2);
  for (Size n = 0; n < box.size[0]; ++n)
    for (Size c = 0; c < channels; ++c)
      for (Size d = 0; d < d_end; ++d) {
        if (!l.reads(0, d, planes.stride)) continue;
        for (Size h = 0; h < h_end; ++h) {
          if (!l.reads(1, h, rows.stride)) continue;
          const Size plane = first(0) + d, row = first(1) + h;
          const bool inside = plane >= 0 && plane < planes.in && row >= 0 && row < rows.in;
          const S* from = x + (box.begin[0] + n) * of_image + c * of_channel + plane * of_plane + row * of_row;
          T* at = to + n * l.image + c * l.channel + d * l.plane + h * l.row;
          for (Size p = 0; p < last.stride; ++p) {
            if (!l.reads(2, p, last.stride)) continue;
            const Size n_part = (w_end - p + last.stride - 1) / last.stride;
            if (n_part <= 0) continue;
            if (inside) copy_part(from, last.in, first(2) + p, last.stride, n_part, at + p * l.part);
            else std::memset(at + p * l.part, 0, static_cast<std::size_t>(n_part) * sizeof(T));
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
