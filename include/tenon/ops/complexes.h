// Complex numbers from their parts.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// real + imag i; both broadcast, and are float32 or float64 alike. Throws DtypeError.
TENON_API Tensor complex_of(const Tensor& real, const Tensor& imag);
// abs (cos(angle) + sin(angle) i). Throws as complex_of.
TENON_API Tensor polar(const Tensor& abs, const Tensor& angle);

}  // namespace tenon
