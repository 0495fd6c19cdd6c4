// Sorting contiguous rows by vectors, compiled per SIMD target.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon::cpu {

struct SortKernels {
  // out = the rows of `in` in order; they may be the same memory.
  using Values = void (*)(const void* in, void* out, std::int64_t rows, std::int64_t n, bool descending);
  // out = the stable order's indices. Elements of at most 32 bits, n < 2^32.
  using Indices = void (*)(const void* in, std::int64_t* out, std::int64_t rows, std::int64_t n, bool descending);

  Values values[kDTypes] = {};    // null for complex dtypes
  Indices indices[kDTypes] = {};  // null for complex dtypes and those of 64 bits
  void (*keys)(std::int64_t* keys, std::int64_t n);
};

const SortKernels& sort_kernels();

}  // namespace tenon::cpu
