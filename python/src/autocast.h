// Automatic mixed precision: which dtype an operation of the binding casts its floating arguments to.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon::py {

// What a row asks for while autocast is on. The rows of PyTorch's lists for the CPU have one.
enum class Autocast : std::uint8_t {
  none,
  lower,  // the dtype of the region
  full,   // float32: what loses digits otherwise
  first,  // as it is, but the result has the first argument's dtype, whatever that of weights is
};

// Each thread's own. The dtype that operations on this device cast to; none: autocast is off there.
std::optional<DType> autocast_dtype(DeviceType device);
void set_autocast_dtype(DeviceType device, std::optional<DType> dtype);
// Whether it is on for some device.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local bool autocasting;

// t as an operation with that policy sees it. float64, integers and what is on a device without autocast stay.
Tensor autocast(Autocast policy, const Tensor& t);

}  // namespace tenon::py
