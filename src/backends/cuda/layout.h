// Where elements lie: loops as kernels see them. 32-bit positions, quotients by multiplication, at most eight
// dimensions; pieces() cuts what is larger.
#pragma once

#include <cstdint>

#include "tenon/loop.h"
#include "tenon/macros.h"

namespace tenon::cuda {

inline constexpr int kLayoutDims = 8;
inline constexpr std::int64_t kMostPositions = std::int64_t{1} << 31;  // a layout has fewer

// n / d by a multiplication, for n < 2^31 (Granlund and Montgomery 1994).
struct Divisor {
  std::uint32_t d = 1, multiplier = 0, shift = 0;

  Divisor() = default;
  explicit Divisor(std::uint32_t divisor) : d(divisor) {
    while (shift < 32 && (std::uint64_t{1} << shift) < d) ++shift;
    multiplier = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - d)) / d + 1);
  }
  TENON_HD std::uint32_t quotient(std::uint32_t n) const {
#if defined(__CUDA_ARCH__)
    const std::uint32_t high = __umulhi(n, multiplier);
#else
    const auto high = static_cast<std::uint32_t>((std::uint64_t{n} * multiplier) >> 32);
#endif
    return (high + n) >> shift;
  }
};

// Strides in bytes; the last dimension is the innermost.
template <int N>
struct Layout {
  int ndim = 0;
  std::uint32_t numel = 1;
  Divisor shape[kLayoutDims];
  std::int64_t strides[N][kLayoutDims];

  // The offsets of `count` operands at a position.
  template <int Count = N>
  TENON_HD void offsets(std::uint32_t position, std::int64_t (&at)[N], int count = Count) const {
    for (int k = 0; k < count; ++k) at[k] = 0;
    for (int d = ndim - 1; d >= 0; --d) {
      const std::uint32_t rest = shape[d].quotient(position), i = position - rest * shape[d].d;
      for (int k = 0; k < count; ++k) at[k] += static_cast<std::int64_t>(i) * strides[k][d];
      position = rest;
    }
  }
};

// Calls f(layout, offsets) for pieces that a layout can describe; offsets: where each of `count` operands' piece begins.
template <int N, class AnyLoop, class F>
void pieces(const AnyLoop& loop, int count, F&& f) {
  // The dimensions from `first` on, the outermost of which has `outermost` steps.
  const auto layout = [&](int first, std::int64_t outermost, std::int64_t numel) {
    Layout<N> l;
    l.ndim = loop.ndim - first;
    l.numel = static_cast<std::uint32_t>(numel);
    for (int d = 0; d < l.ndim; ++d) {
      l.shape[d] = Divisor(static_cast<std::uint32_t>(d == 0 ? outermost : loop.shape[first + d]));
      for (int k = 0; k < count; ++k) l.strides[k][d] = loop.strides[k][first + d];
    }
    return l;
  };
  const auto run = [&](const auto& self, int first, std::int64_t numel, const std::int64_t* at) -> void {
    const bool many = loop.ndim - first > kLayoutDims;
    if (numel < kMostPositions && !many) {
      f(layout(first, first < loop.ndim ? loop.shape[first] : 1, numel), at);
      return;
    }
    // Along the outermost dimension: in as few pieces as fit, or step by step.
    const std::int64_t n = loop.shape[first], inner = numel / n;
    const bool by_steps = many || inner >= kMostPositions;
    const std::int64_t most = by_steps ? 1 : (kMostPositions - 1) / inner;
    for (std::int64_t i = 0; i < n; i += most) {
      const std::int64_t steps = n - i < most ? n - i : most;
      std::int64_t here[N];
      for (int k = 0; k < count; ++k) here[k] = at[k] + i * loop.strides[k][first];
      if (by_steps) self(self, first + 1, inner, here);
      else f(layout(first, steps, steps * inner), here);
    }
  };
  const std::int64_t at[N] = {};
  if (loop.numel > 0) run(run, 0, loop.numel, at);
}

}  // namespace tenon::cuda
