// What of an operand a call may touch: checked when the call is made, as a GPU does when it runs.
#pragma once

#include "backends/sim/memory.h"
#include "tenon/loop.h"

namespace tenon::sim {

// The bytes around a pointer that an access reaches.
struct Extent {
  std::int64_t low = 0, high = 0;  // relative to the pointer; high is exclusive
  bool empty = false;

  explicit Extent(std::int64_t itemsize) : high(itemsize) {}
  Extent& along(std::int64_t n, std::int64_t stride) {
    if (n == 0) empty = true;
    if (n > 1) (stride < 0 ? low : high) += (n - 1) * stride;
    return *this;
  }
  template <class AnyLoop>
  Extent& over(const AnyLoop& loop, int operand) {
    if (loop.numel == 0) empty = true;
    for (int d = 0; d < loop.ndim; ++d) along(loop.shape[d], loop.strides[operand][d]);
    return *this;
  }
};

// One call's operands on one device.
class Checker {
 public:
  Checker(const char* call, int device, const Memory& memory) : call_(call), device_(device), memory_(memory) {}

  void operand(const char* what, const void* p, const Extent& e) const {
    const char* at = static_cast<const char*>(p);
    if (!e.empty && !memory_.is_live(at + e.low, at + e.high)) fault(call_, what, p, device_);
  }

 private:
  const char* call_;
  int device_;
  const Memory& memory_;
};

}  // namespace tenon::sim
