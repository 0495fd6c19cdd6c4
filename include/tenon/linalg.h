// Decompositions of matrices: of the last two dimensions, each matrix by itself.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tenon/error.h"
#include "tenon/tensor.h"

namespace tenon::linalg {

// An algorithm found no result. In Python: NumPy's LinAlgError, which is a ValueError.
class TENON_API LinAlgError : public ValueError {
 public:
  using ValueError::ValueError;
};

// Of float32, float64, complex64 and complex128 on the CPU; integers and bools in the default float. Throw ShapeError for
// fewer than two dimensions, DtypeError for other dtypes, LinAlgError where LAPACK does not converge (NaN, infinities),
// RuntimeError without a LAPACK, DeviceError on a device.

// {w, V} of symmetric or Hermitian matrices (..., n, n): the eigenvalues (..., n), real and ascending, and the
// eigenvectors as columns. One triangle is read, the lower one unless `upper`. The sign (the phase) of an eigenvector is
// LAPACK's choice, so functions that depend on it have no gradient; where eigenvalues are equal that of the vectors is
// not finite.
TENON_API std::vector<Tensor> eigh(const Tensor& a, bool upper = false);
TENON_API Tensor eigvalsh(const Tensor& a, bool upper = false);
// {U, S, Vh} of (..., m, n): a = U diag(S) Vh with orthonormal columns and rows, S real and descending. U is (..., m, k)
// and Vh (..., k, n) with k = min(m, n), or (..., m, m) and (..., n, n) with full_matrices; what the latter adds has no
// gradient (GradError). For signs and equal singular values as eigh().
TENON_API std::vector<Tensor> svd(const Tensor& a, bool full_matrices = true);
TENON_API Tensor svdvals(const Tensor& a);

// ---- equations, inverses, determinants: by LU with partial pivoting, which needs no LAPACK ----
// x with a x = b, or x a = b unless `left`; a: (..., n, n). b is a vector where it has one dimension, or the shape of a
// without the last one; else matrices (..., n, k). The dimensions before broadcast. Throws ShapeError, ValueError for a
// vector on the left side of a, LinAlgError where a pivot is 0: the matrix is singular.
TENON_API Tensor solve(const Tensor& a, const Tensor& b, bool left = true);
TENON_API Tensor inv(const Tensor& a);  // throws as solve()
// 1 for no rows. The gradient of a singular matrix is that of the polynomial.
TENON_API Tensor det(const Tensor& a);
// {sign, logarithm of the absolute value}: 0 and -infinity for a singular matrix, for which backward throws LinAlgError.
TENON_API std::vector<Tensor> slogdet(const Tensor& a);
// The logarithm of the determinant: NaN where a real one is negative, -infinity where it is 0.
TENON_API Tensor logdet(const Tensor& a);
// The inverse of a as a map from its last dimensions to its first `ind`; x with tensordot(a, x, x.ndim()) = b, after
// `dims` of a were moved to its end. Throw ShapeError where these are no square matrices, and as solve().
TENON_API Tensor tensorinv(const Tensor& a, std::int64_t ind = 2);
TENON_API Tensor tensorsolve(const Tensor& a, const Tensor& b, const Axes& dims = {});

// ---- norms, on every device but for those of singular values; integers and bools in the default float ----
// Nothing, a number (p), or "fro" and "nuc", the sum of the singular values.
using NormOrder = std::variant<std::monostate, double, std::string>;
// Of the matrices in two dimensions: "fro" (or nothing) of all elements, 1 and -1 the largest and smallest sum of a
// column, infinity and -infinity that of a row, 2 and -2 the largest and smallest singular value, "nuc". Throws
// ValueError for another order, IndexError.
TENON_API Tensor matrix_norm(const Tensor& t, const NormOrder& ord = "fro", const Dims& dims = {-2, -1},
                             bool keepdim = false);
// NumPy's choice: of vectors along one axis, of matrices in two; without ord and axes that of all elements. Throws
// ValueError for another number of axes and for a vector's ord that is a name.
TENON_API Tensor norm(const Tensor& t, const NormOrder& ord = {}, const Axes& dims = {}, bool keepdim = false);
// The n-th power of square matrices by repeated squaring, t itself for n = 1. Throws ShapeError, ValueError for n < 0.
TENON_API Tensor matrix_power(const Tensor& t, std::int64_t n);

}  // namespace tenon::linalg
