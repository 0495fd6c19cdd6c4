// The kernels on the host way, as the device cuda:0 of these tests.
#pragma once

#include "helpers.h"

#include <string>

#include "tenon/backend.h"
#include "tenon/devices.h"

extern "C" {
const tenon::Backend* tenon_backend();
void tenon_cudahost_order(const char* name);
void tenon_cudahost_refuse_allocations(int count);
}

namespace tenon::test {

inline constexpr Device kCuda{DeviceType::cuda, 0};

// Before anything asks for a backend.
inline const bool g_registered = [] {
  register_backend(DeviceType::cuda, tenon_backend());
  return true;
}();

inline constexpr const char* kOrders[] = {"forward", "reversed", "7"};

}  // namespace tenon::test
