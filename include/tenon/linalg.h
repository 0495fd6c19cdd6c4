// Linear algebra: of the matrices in the last two dimensions, each by itself.
#pragma once

#include <cstdint>
#include <optional>
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

// Nothing, a number (p), or "fro" and "nuc", the sum of the singular values.
using NormOrder = std::variant<std::monostate, double, std::string>;

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

// The lower L with a = L L^H of Hermitian positive definite matrices, or the upper L^H; this triangle of a is read. It
// needs no LAPACK. Throws LinAlgError where a is not positive definite.
TENON_API Tensor cholesky(const Tensor& a, bool upper = false);
// {L, info}, without an error where there is no factor: int32 info (...) is the order of the first leading minor that is not
// positive, else 0, and what L holds then is not defined. check_errors: throws as cholesky().
TENON_API std::vector<Tensor> cholesky_ex(const Tensor& a, bool upper = false, bool check_errors = false);
// {Q, R} of (..., m, n): a = Q R with orthonormal columns and R upper triangular. reduced: Q (..., m, k), R (..., k, n)
// with k = min(m, n); complete: Q (..., m, m), R (..., m, n), without a gradient for m > n; r: an empty Q; raw: LAPACK's
// reflectors (..., n, m) and their scales (..., k), without a gradient. The gradient needs the first k columns to be
// linearly independent.
enum class QrMode : std::uint8_t { reduced, complete, r, raw };
TENON_API std::vector<Tensor> qr(const Tensor& a, QrMode mode = QrMode::reduced);
// {w, V}, complex: the eigenvalues (..., n) in LAPACK's order and the eigenvectors as columns of norm 1. For phases and
// equal eigenvalues as eigh().
TENON_API std::vector<Tensor> eig(const Tensor& a);
TENON_API Tensor eigvals(const Tensor& a);
// {P, L, U} with a = P L U of (..., m, n); the pivots are constants of the gradient.
TENON_API std::vector<Tensor> lu(const Tensor& a);
// {LU, pivots} as LAPACK has them: L below the diagonal, U from it on; int32, from 1. The gradient needs the first
// min(m, n) rows that were chosen to be independent.
TENON_API std::vector<Tensor> lu_factor(const Tensor& a);
// {LU, pivots, info}: int32 info (...) is the place, from 1, of the first 0 on U's diagonal, else 0. check_errors: throws
// LinAlgError for one.
TENON_API std::vector<Tensor> lu_factor_ex(const Tensor& a, bool check_errors = false);
// {LD, pivots, info} of symmetric, or of Hermitian, matrices (..., n, n): a = L D L^T or L D L^H with D of blocks of one and
// two rows, by the lower triangle, as LAPACK's xSYTRF and xHETRF have them. info as lu_factor_ex() has it, of D. Has no
// gradient (GradError) and needs LAPACK.
TENON_API std::vector<Tensor> ldl_factor_ex(const Tensor& a, bool hermitian = false, bool check_errors = false);
// x with a x = b by these factors; b: matrices (..., n, k). The gradient is b's alone.
TENON_API Tensor ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b, bool hermitian = false);
// The first n columns of H_1 ... H_k with H_i = 1 - tau_i v_i v_i^H of m rows, as qr's mode raw describes them: v_i is 0 above
// row i, 1 in it, and stands below it in column i of a (..., m, n); tau: (..., k) with k <= n <= m.
TENON_API Tensor householder_product(const Tensor& a, const Tensor& tau);
// x with a x = b, or x a = b, a^H for a, by a's factors from lu_factor().
TENON_API Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left = true,
                          bool adjoint = false);

// ---- equations, inverses, determinants: by LU with partial pivoting, which needs no LAPACK ----
// x with a x = b, or x a = b unless `left`; a: (..., n, n). b is a vector where it has one dimension, or the shape of a
// without the last one; else matrices (..., n, k). The dimensions before broadcast. Throws ShapeError, ValueError for a
// vector on the left side of a, LinAlgError where a pivot is 0: the matrix is singular.
TENON_API Tensor solve(const Tensor& a, const Tensor& b, bool left = true);
TENON_API Tensor inv(const Tensor& a);  // throws as solve()
// {x, info}, without an error for singular matrices: int32 info (...) is the place, from 1, of the first pivot that is 0, else
// 0, and what x holds then is not defined. check_errors: throw as solve().
TENON_API std::vector<Tensor> solve_ex(const Tensor& a, const Tensor& b, bool left = true, bool check_errors = false);
TENON_API std::vector<Tensor> inv_ex(const Tensor& a, bool check_errors = false);
// 1 for no rows. The gradient of a singular matrix is that of the polynomial.
TENON_API Tensor det(const Tensor& a);
// {sign, logarithm of the absolute value}: 0 and -infinity for a singular matrix, for which backward throws LinAlgError.
TENON_API std::vector<Tensor> slogdet(const Tensor& a);
// The logarithm of the determinant: NaN where a real one is negative, -infinity where it is 0.
TENON_API Tensor logdet(const Tensor& a);
// x with a x = b, or x a = b, for triangular a, the other triangle of which is not read, nor with unitriangular the
// diagonal. b: matrices. A 0 on the diagonal gives infinities and NaN.
TENON_API Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left = true,
                                  bool unitriangular = false);
// x with L L^H x = b, or U^H U x = b, for a factor from cholesky(); b: matrices. The inverse of that product.
TENON_API Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper = false);
TENON_API Tensor cholesky_inverse(const Tensor& factor, bool upper = false);
// The inverse of a as a map from its last dimensions to its first `ind`; x with tensordot(a, x, x.ndim()) = b, after
// `dims` of a were moved to its end. Throw ShapeError where these are no square matrices, and as solve().
TENON_API Tensor tensorinv(const Tensor& a, std::int64_t ind = 2);
TENON_API Tensor tensorsolve(const Tensor& a, const Tensor& b, const Axes& dims = {});

// ---- by singular values; which of them count as 0: those up to max(atol, rtol * the largest) ----
// For each matrix or for all; without both rtol is max(m, n) times the dtype's epsilon, with atol alone it is 0.
struct Tolerance {
  std::optional<Tensor> atol, rtol;
};
// The Moore-Penrose inverses (..., n, m); hermitian: by eigh() of the lower triangle. The gradient is that for matrices of
// the same rank.
TENON_API Tensor pinv(const Tensor& a, const Tolerance& tolerance = {}, bool hermitian = false);
// The number of singular values that count: int64.
TENON_API Tensor matrix_rank(const Tensor& a, const Tolerance& tolerance = {}, bool hermitian = false);
// {x, residuals, rank, singular values} with the least sum of squares of a x - b and, among these, of x. b: (..., m, k), or
// (..., m) where it has the shape of a without the last dimension. residuals: these sums for m > n where all ranks are n,
// else an empty tensor.
TENON_API std::vector<Tensor> lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond = {});
// The condition numbers: norm(a) * norm(inv(a)) for matrix_norm's ord, nothing meaning 2; infinity for singular matrices.
TENON_API Tensor cond(const Tensor& a, const NormOrder& ord = {});
// The exponentials of square matrices by Pade's approximation, scaling and squaring.
TENON_API Tensor matrix_exp(const Tensor& a);

// ---- norms, on every device but for those of singular values; integers and bools in the default float ----
// Of the matrices in two dimensions: "fro" (or nothing) of all elements, 1 and -1 the largest and smallest sum of a
// column, infinity and -infinity that of a row, 2 and -2 the largest and smallest singular value, "nuc". Throws
// ValueError for another order, IndexError.
TENON_API Tensor matrix_norm(const Tensor& t, const NormOrder& ord = "fro", const Dims& dims = {-2, -1},
                             bool keepdim = false);
// NumPy's choice: of vectors along one axis, of matrices in two; without ord and axes that of all elements. Throws
// ValueError for another number of axes and for a vector's ord that is a name.
TENON_API Tensor norm(const Tensor& t, const NormOrder& ord = {}, const Axes& dims = {}, bool keepdim = false);
// The n-th power of square matrices by repeated squaring, t itself for n = 1; of the inverse for n < 0. Throws ShapeError,
// LinAlgError.
TENON_API Tensor matrix_power(const Tensor& t, std::int64_t n);

}  // namespace tenon::linalg
