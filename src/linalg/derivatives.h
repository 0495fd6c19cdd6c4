// The gradients of linear algebra, as autograd/derivatives.h has those of the primitives, eigh and svd.
#pragma once

#include "autograd/derivatives.h"
#include "linalg/support.h"

namespace tenon::linalg::derive {

// By the factors that the operation has found; adjoint: x solves a^H x = b.
Backward solve(const Tensor& a, const Tensor& b, const Tensor& x, const Factors& f, bool adjoint);
Backward inv(const Tensor& y);
Backward det(const Tensor& a, const Tensor& y, const Factors& f);
BackwardOfMany slogdet(const Tensor& a, const Tensor& sign, const Factors& f);
Backward solve_triangular(const Tensor& a, const Tensor& b, const Tensor& x, const Triangle& t);
Backward cholesky(const Tensor& l);
BackwardOfMany qr(const Tensor& q, const Tensor& r);
BackwardOfMany eig(const Tensor& w, const Tensor& v, DType dtype);  // of a matrix of this dtype
BackwardOfMany lu_factor(const Tensor& lu, const Tensor& pivots);
Backward pinv(const Tensor& a, const Tensor& p, bool hermitian);
Backward lstsq(const Tensor& a, const Tensor& b, double rcond);
Backward matrix_exp(const Tensor& a);

}  // namespace tenon::linalg::derive
