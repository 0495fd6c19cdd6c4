// Windows over planes (WindowSizes of calls_nn.h) as kernels see them: positions of 32 bits, quotients by multiplication.
#pragma once

#include <cstdint>

#include "backends/cuda/layout.h"
#include "tenon/calls_nn.h"

namespace tenon::cuda {

// Coordinates in a plane.
struct Place {
  std::int32_t at[kWindowDims];
};

struct WindowSpace {
  std::int32_t in[kWindowDims], out[kWindowDims], kernel[kWindowDims], stride[kWindowDims], dilation[kWindowDims],
      padding[kWindowDims];
  std::uint32_t in_numel, out_numel, taps;
  Divisor of_in[kWindowDims], of_out[kWindowDims], of_kernel[kWindowDims], of_stride[kWindowDims];

  explicit WindowSpace(const Windows& w)
      : in_numel(static_cast<std::uint32_t>(w.in.numel())),
        out_numel(static_cast<std::uint32_t>(w.out.numel())),
        taps(static_cast<std::uint32_t>(w.kernel.numel())) {
    const auto divisor = [](std::int64_t n) { return Divisor(static_cast<std::uint32_t>(n)); };
    for (int i = 0; i < kWindowDims; ++i) {
      in[i] = static_cast<std::int32_t>(w.in[i]);
      out[i] = static_cast<std::int32_t>(w.out[i]);
      kernel[i] = static_cast<std::int32_t>(w.kernel[i]);
      stride[i] = static_cast<std::int32_t>(w.stride[i]);
      dilation[i] = static_cast<std::int32_t>(w.dilation[i]);
      padding[i] = static_cast<std::int32_t>(w.padding[i]);
      of_in[i] = divisor(w.in[i]);
      of_out[i] = divisor(w.out[i]);
      of_kernel[i] = divisor(w.kernel[i]);
      of_stride[i] = divisor(w.stride[i]);
    }
  }
  // Whether all positions and coordinates have 31 bits.
  static bool fits(const Windows& w) {
    for (int i = 0; i < kWindowDims; ++i) {
      if (w.padding[i] >= kMostPositions || w.stride[i] >= kMostPositions || w.dilation[i] >= kMostPositions ||
          w.kernel[i] >= kMostPositions || w.in[i] >= kMostPositions || w.out[i] >= kMostPositions)
        return false;
      if (w.out[i] * w.stride[i] + w.kernel[i] * w.dilation[i] + w.in[i] + w.padding[i] >= kMostPositions) return false;
    }
    return w.in.numel() < kMostPositions && w.out.numel() < kMostPositions && w.kernel.numel() < kMostPositions;
  }

  // The coordinates of a position among planes of these sizes.
  TENON_HD static Place place(std::uint32_t position, const Divisor (&sizes)[kWindowDims]) {
    const std::uint32_t rows = sizes[2].quotient(position), planes = sizes[1].quotient(rows);
    return {{static_cast<std::int32_t>(planes), static_cast<std::int32_t>(rows - planes * sizes[1].d),
             static_cast<std::int32_t>(position - rows * sizes[2].d)}};
  }
  // The element that a tap of window o sees; -1 outside.
  TENON_HD std::int32_t element(const Place& o, const Place& tap) const {
    std::int32_t at = 0;
    for (int i = 0; i < kWindowDims; ++i) {
      const std::int32_t e = o.at[i] * stride[i] - padding[i] + tap.at[i] * dilation[i];
      if (e < 0 || e >= in[i]) return -1;
      at = at * in[i] + e;
    }
    return at;
  }
  // The window of which a tap sees element e; -1 for none.
  TENON_HD std::int32_t window(const Place& e, const Place& tap) const {
    std::int32_t at = 0;
    for (int i = 0; i < kWindowDims; ++i) {
      const std::int32_t begin = e.at[i] + padding[i] - tap.at[i] * dilation[i];
      if (begin < 0) return -1;
      const auto o = static_cast<std::int32_t>(of_stride[i].quotient(static_cast<std::uint32_t>(begin)));
      if (o * stride[i] != begin || o >= out[i]) return -1;
      at = at * out[i] + o;
    }
    return at;
  }
};

}  // namespace tenon::cuda
