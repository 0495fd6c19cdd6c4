// The types of 1-d kernels, and moving elements between strided places with conversion.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon::cpu {

// out[i] = f(in[0][i], ...). out may be one of the inputs.
using Kernel = void (*)(const void* const* in, void* out, std::int64_t n);
// dst[i] = convert(src[i]).
using Convert = void (*)(const void* src, void* dst, std::int64_t n);
using ConvertTable = Convert[kDTypes][kDTypes];  // from, to; null where they are the same
// The table for this CPU, filled at first use with the best of the compiled targets.
const ConvertTable& converts();

// Moves n elements between strided places and converts them on the way; strides in bytes.
class Pack {
 public:
  Pack() = default;
  Pack(DType from, DType to);
  void operator()(const void* src, std::int64_t src_stride, void* dst, std::int64_t dst_stride, std::int64_t n) const;

 private:
  Convert convert_;
  std::int64_t in_size_, out_size_;
};

// n elements of `size` bytes, at most 8: each of those that lie a stride apart fills a row, the first one what is left of its.
void fill_rows(const char* from, std::int64_t stride, std::int64_t left, std::int64_t row, char* to, std::int64_t size,
               std::int64_t n);

// Writes past the cache: for results so large that they would only evict what is still needed.
void stream_copy(void* dst, const void* src, std::int64_t bytes);

}  // namespace tenon::cpu
