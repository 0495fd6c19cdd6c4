// The elementwise primitives evaluated one element at a time by the scalar definitions: what the executor,
// with its packing, conversions and SIMD loops, is compared with.
#pragma once

#include "tenon/tenon.h"

namespace tenon::test {

// out = op(in...): the operands are of the compute dtype (the condition of `where` is bool), the result of
// kernel_out.
using Reference = void (*)(const void* const* in, void* out);
// Null where the op is not defined for the dtype.
Reference reference(Op op, DType compute);

}  // namespace tenon::test
