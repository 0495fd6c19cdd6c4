// Decompositions of matrices by the LAPACK that the loaded BLAS has (tenon/blas.h).
#pragma once

#include <cstdint>

#include "tenon/dtype.h"
#include "tenon/macros.h"

namespace tenon::lapack {

// Matrices lie one after another, row-major and without gaps. dtype: float32, float64, complex64 or complex128.

// values: n for each matrix, real, ascending. The matrices are replaced: with vectors, row i holds the conjugated
// eigenvector i. Only one triangle of them is read.
struct EighCall {
  DType dtype;
  void* matrices;
  void* values;
  std::int64_t count, n;
  bool vectors, upper;
};

// values: k = min(m, n) for each matrix, real, descending. u: m x k or, full, m x m; vh: k x n or, full, n x n; both
// null where only the values are wanted. The matrices, m x n, are lost.
struct SvdCall {
  DType dtype;
  void* matrices;
  void *values, *u, *vh;
  std::int64_t count, m, n;
  bool full;
};

inline constexpr std::int64_t kNoLibrary = -1, kTooLarge = -2;
// 0, one of the above, or the number, from 1, of a matrix for which the algorithm found no result.
TENON_API std::int64_t eigh(const EighCall& call);
TENON_API std::int64_t svd(const SvdCall& call);

}  // namespace tenon::lapack
