// What of an operand a call may touch: checked when the call is made, as a GPU does when it runs.
#pragma once

#include "backends/sim/device.h"
#include "backends/sim/memory.h"
#include "tenon/reach.h"

namespace tenon::sim {

// One call's operands on one device.
class Checker {
 public:
  Checker(const char* call, int device, const Memory& memory) : call_(call), device_(device), memory_(memory) {}

  void operand(const char* what, const void* p, const Reach& e) const {
    const char* at = static_cast<const char*>(p);
    if (e.empty || memory_.is_live(at + e.low, at + e.high)) return;
    if (!reads_host() || is_device_memory(at)) fault(call_, what, p, device_);
  }

 private:
  const char* call_;
  int device_;
  const Memory& memory_;
};

}  // namespace tenon::sim
