// The CPU's tables of 1-d kernels. A kernel sees contiguous blocks of one dtype only; elementwise.cc packs
// what is strided, repeated or of another dtype.
#pragma once

#include <cstdint>

#include "tenon/backend.h"

namespace tenon::cpu {

// out[i] = f(in[0][i], ...). out may be one of the inputs.
using Kernel = void (*)(const void* const* in, void* out, std::int64_t n);
// dst[i] = convert(src[i * stride]); strides in bytes.
using Pack = void (*)(const void* src, std::int64_t src_stride, void* dst, std::int64_t dst_stride, std::int64_t n);

struct KernelTable {
  Kernel elementwise[kOps][kDTypes];  // by op and compute dtype; null where the rule has no such dtype
  Pack cast[kDTypes][kDTypes];        // from, to
};

// The table for this CPU, filled at first use with the best of the compiled targets.
const KernelTable& kernels();

// Writes past the cache: for results so large that they would only evict what is still needed.
void stream_copy(void* dst, const void* src, std::int64_t bytes);

}  // namespace tenon::cpu
