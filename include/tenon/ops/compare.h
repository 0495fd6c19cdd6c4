// Comparing whole tensors. No gradients.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// Same shape and values, whatever the dtypes, float8 too; NaN equals nothing. Integers and floats meet in float64.
TENON_API bool equal(const Tensor& a, const Tensor& b);
// numpy.isclose: |a - b| <= atol + rtol * |b|, formed in float32 at least (float64 for integers); infinities are close
// to themselves, NaNs with equal_nan only. Bool; a and b broadcast.
TENON_API Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                         bool equal_nan = false);
// Whether all elements are close; true of none.
TENON_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                        bool equal_nan = false);

}  // namespace tenon
