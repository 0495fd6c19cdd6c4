// What of memory a call of a backend may touch.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon {

// The bytes around an operand's pointer: [low, high), unless it is empty.
struct Reach {
  std::int64_t low = 0, high;
  bool empty;

  // n elements that lie next to each other.
  explicit Reach(DType d, std::int64_t n = 1) : high(n * static_cast<std::int64_t>(itemsize(d))), empty(n == 0) {}
  // Such bytes n times, a stride (in bytes) apart.
  Reach& along(std::int64_t n, std::int64_t stride) {
    if (n == 0) empty = true;
    if (n > 1) (stride < 0 ? low : high) += (n - 1) * stride;
    return *this;
  }
  // The same for all dimensions of a loop.
  template <class AnyLoop>
  Reach& over(const AnyLoop& loop, int operand) {
    if (loop.numel == 0) empty = true;
    for (int d = 0; d < loop.ndim; ++d) along(loop.shape[d], loop.strides[operand][d]);
    return *this;
  }
};

}  // namespace tenon
