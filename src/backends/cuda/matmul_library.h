// Matrix products by cuBLASLt, where it is installed.
#pragma once

#include "backends/cuda/context.h"
#include "tenon/calls.h"

namespace tenon::cuda {

// False, with results that are still to be formed, where there is no library, or none for these dtypes and layouts. Throws
// Error where it fails, and for a version that does not fit.
bool multiply_by_library(const Context& context, const MatmulCall& call);

}  // namespace tenon::cuda
