// What the operations of tenon::linalg and their gradients share.
#pragma once

#include <initializer_list>

#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/linalg.h"
#include "tenon/ops.h"

namespace tenon::linalg {

inline Tensor adjoint(const Tensor& t) { return is_complex(t.dtype()) ? conj(mT(t)) : mT(t); }

// a as LAPACK takes it: of two dimensions or more, float32, float64, complex64 or complex128, on the CPU.
Tensor checked(const char* op, const Tensor& a);
// The same of two operands in their promoted dtype.
void checked(const char* op, Tensor& a, Tensor& b);
void check_square(const char* op, const Tensor& a);
// The shape before the matrices, and more dimensions.
Dims batch(const Tensor& a, std::initializer_list<std::int64_t> more = {});
// The shape before the matrices that two stacks have together.
Dims common_batch(const char* op, const Tensor& a, const Tensor& b);
// t with these dimensions before its matrices.
Tensor expand_batch(const Tensor& t, const Dims& batch);
// Matrices (..., n, k) column by column, as (..., k, n): a copy of its own.
Tensor own_columns(const Tensor& b);
// The number of matrices in a.
inline std::int64_t count(const Tensor& a) { return batch(a).product(); }

inline constexpr const char* kNotFinite = "no result was found for";
inline constexpr const char* kDoesItHold = "; does it hold NaN or infinities?";
// Throws for what a call of LAPACK returned: LinAlgError "<what> matrix 3 (row-major, from 0)<why>; got shape ...".
void check_result(const char* op, std::int64_t result, const Tensor& a, const char* what = kNotFinite,
                  const char* why = kDoesItHold);

// The LU factors of the transposed matrices, (..., n, n), and pivots, (..., n); without history.
struct Factors {
  Tensor lu, pivots;
  bool lenient = false;  // solve() divides by a pivot of 0
};
// Of the diagonals of triangular factors: the place, from 1, of the first 0, or 0; int32.
Tensor first_zero(const Tensor& factors);
Factors factorize(const char* op, const Tensor& a);
// x with a x = b, or a^H x = b with adjoint, by the factors of a. a and b have matrices last, and each their own batch.
Tensor solve(const char* op, const Tensor& a, const Factors& f, const Tensor& b, bool adjoint);

// x with a x = b, or a^H x = b with adjoint, for triangular a.
struct Triangle {
  bool upper, unit, adjoint;
};
Tensor solve_triangular(const char* op, const Tensor& a, const Tensor& b, const Triangle& triangle);
// Which row of (..., m, n) stands where after LAPACK's swaps: int64 (..., m).
Tensor rows_of_pivots(const Tensor& pivots, std::int64_t m);

}  // namespace tenon::linalg
