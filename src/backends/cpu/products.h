// tenon's own matrix products: for every dtype, any strides, on one thread.
#pragma once

#include <cstdint>

#include "tenon/dtype.h"

namespace tenon::cpu {

// c = a @ b for one matrix; strides in elements, any sign. No size is 0.
struct MatrixProduct {
  const void *a, *b;
  void* c;
  std::int64_t m, n, k;
  std::int64_t a_strides[2], b_strides[2], c_strides[2];
};

using Product = void (*)(const MatrixProduct&);

struct ProductTable {
  Product gemm[kDTypes];
  Product gemv[kDTypes];  // n == 1
  Product flat[kDTypes];  // for few rows, where b_strides[1] == c_strides[1] == 1; null: none
  bool wide = false;      // 512-bit vectors: floating and complex products are as fast as a BLAS' or faster
  std::int64_t rows = 48, columns = 48;  // of gemm's tiles of float32, or multiples of them
};

// Of one core's L2 cache; where the system does not tell, what the smallest of today's processors have.
std::int64_t l2_bytes();

// float8 entries are null. Integers wrap, bool is or-and, half and bfloat16 are rounded once.
const ProductTable& products();

}  // namespace tenon::cpu
