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

// P A = L U of m x n matrices, which lie column by column (so a row-major matrix is factored as its transposed one), in
// place, as LAPACK's xGETRF leaves it; pivots: min(m, n) for each, from 1. It needs no library, and finds factors of
// singular matrices, too.
struct LuCall {
  DType dtype;
  void* matrices;
  std::int32_t* pivots;
  std::int64_t count, m, n;
};

// F X = B, F^T X = B or F^H X = B, by the factors of F; columns: k of them for each of `count`, replaced by the
// solutions. Fails for a singular F, and divides by 0 if lenient. shared: all have the first factors.
enum class Side : std::uint8_t { plain, transposed, adjoint };
struct LuSolveCall {
  DType dtype;
  const void* factors;
  const std::int32_t* pivots;
  void* columns;
  std::int64_t count, n, k;
  Side side;
  bool shared, lenient;
};

// Of the factors of n x n matrices: the determinants, their signs (the phases) and the logarithms of their absolute
// values; null for what is not wanted (signs come with logarithms).
struct LuDetCall {
  DType dtype;
  const void* factors;
  const std::int32_t* pivots;
  void *determinants, *signs, *logarithms;
  std::int64_t count, n;
};

// A = L L^H of n x n matrices in place, by the lower triangle; the other is filled with 0. Where A is not positive
// definite it fails, or info (null, or one for each matrix, else 0) has the order of the first minor that is not. It needs
// no library.
struct CholeskyCall {
  DType dtype;
  void* matrices;
  std::int32_t* info;
  std::int64_t count, n;
};

// F X = B, F^T X = B or F^H X = B, with F triangular, column by column, and columns as in LuSolveCall. unit: the diagonal
// is 1, whatever stands there. It needs no library.
struct TriangularCall {
  DType dtype;
  const void* matrices;
  void* columns;
  std::int64_t count, n, k;
  bool lower, unit;
  Side side;
  bool shared;
};

// Of m x n matrices, column by column: the triangular factor and below it the reflectors, as xGEQRF leaves them, with
// their scales: min(m, n) for each. With `vectors` they hold the reflectors of an m x n matrix in m x columns, which
// become the orthonormal columns.
struct QrCall {
  DType dtype;
  void *matrices, *tau;
  std::int64_t count, m, n, columns;
  bool vectors;
};

// values: n complex ones for each of the n x n matrices, which lie column by column and are lost; vectors: complex, of
// norm 1, the columns of n x n for each, or null.
struct EigCall {
  DType dtype;
  void *matrices, *values, *vectors;
  std::int64_t count, n;
};

// A = L D L^T, or L D L^H with hermitian, of n x n matrices column by column, in place, by the lower triangle, as xSYTRF
// (xHETRF) leaves it; pivots: n for each. info: for each the first block of D that is singular, or 0.
struct LdlCall {
  DType dtype;
  void* matrices;
  std::int32_t *pivots, *info;
  std::int64_t count, n;
  bool hermitian;
};

// A X = B by these factors; columns: k of them for each matrix, replaced by the solutions.
struct LdlSolveCall {
  DType dtype;
  const void* factors;
  const std::int32_t* pivots;
  void* columns;
  std::int64_t count, n, k;
  bool hermitian;
};

inline constexpr std::int64_t kNoLibrary = -1, kTooLarge = -2;
// 0, one of the above, or the number, from 1, of a matrix for which the algorithm found no result.
TENON_API std::int64_t eigh(const EighCall& call);
TENON_API std::int64_t svd(const SvdCall& call);
TENON_API std::int64_t lu(const LuCall& call);
TENON_API std::int64_t lu_solve(const LuSolveCall& call);
TENON_API std::int64_t cholesky(const CholeskyCall& call);
TENON_API std::int64_t triangular(const TriangularCall& call);
TENON_API std::int64_t qr(const QrCall& call);
TENON_API std::int64_t eig(const EigCall& call);
TENON_API std::int64_t ldl(const LdlCall& call);
TENON_API std::int64_t ldl_solve(const LdlSolveCall& call);
TENON_API void lu_det(const LuDetCall& call);

}  // namespace tenon::lapack
