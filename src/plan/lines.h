// What works along one dimension: scans and softmax. Exported for the tests; no part of the public API.
#pragma once

#include "tenon/calls.h"
#include "tenon/tensor.h"

namespace tenon {

// in and out have one shape; a tensor without dimensions is one line of one element. dim is normalised.
TENON_API ScanCall plan_scan(Scan op, const Tensor& in, int dim, const Tensor& out);
// They also have one dtype.
TENON_API SoftmaxCall plan_softmax(bool log, const Tensor& in, int dim, const Tensor& out);

}  // namespace tenon
