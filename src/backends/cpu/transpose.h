// Operands whose memory runs along another dimension than the output's: 2-d tiles instead of strided rows.
#pragma once

#include <cstdint>

#include "backends/cpu/pack.h"
#include "tenon/calls.h"

namespace tenon::cpu {

// dst[j][i] = src[i][j] for i < rows, j < cols: items of `size` bytes, strides in bytes.
// stream: past the cache, where dst is aligned for it.
void transpose(const char* src, std::int64_t src_stride, char* dst, std::int64_t dst_stride, std::int64_t rows,
               std::int64_t cols, std::int64_t size, bool stream);

// Run the call, and say so, if an input's items lie next to each other along another dimension than the output's.
bool copy_transposed(const ElementwiseCall& c);
bool elementwise_transposed(const ElementwiseCall& c, Kernel kernel, const DType* in_dtype);

}  // namespace tenon::cpu
