// Products of Householder's reflectors.
#include "core/errors.h"
#include "linalg/support.h"

namespace tenon::linalg {

// The compact form (Schreiber and Van Loan 1989): H_1 ... H_k = 1 - V T V^H, where T = D (1 + S D)^-1 with D = diag(tau) and
// S what of V^H V is above the diagonal. It is products and one triangular equation, which have gradients.
Tensor householder_product(const Tensor& a, const Tensor& tau) {
  constexpr const char* op = "linalg.householder_product";
  if (tau.ndim() == 0) errors::wrong_ndim(op, 0, "scales of one dimension or more");
  Tensor A = a, scales = unsqueeze(tau, {-1});
  checked(op, A, scales);
  const std::int64_t m = A.size(-2), n = A.size(-1), k = scales.size(-2);
  if (n > m || k > n)
    errors::fail<ShapeError>(op, "no more scales than columns, and no more columns than rows are needed; got shapes ",
                             a.shape(), " and ", tau.shape());
  if (batch(A) != batch(scales))
    errors::fail<ShapeError>(op, "the reflectors and scales must have the same dimensions before; got shapes ",
                             a.shape(), " and ", tau.shape());
  const DType d = A.dtype();
  const Tensor v = add(tril(narrow(A, -1, 0, k), -1), eye(m, k, 0, d)), factors = mT(scales);
  const Tensor one = eye(k, {}, 0, d), overlaps = triu(matmul(adjoint(v), v), 1);
  const Tensor rows =
      linalg::solve_triangular(add(one, mul(overlaps, factors)), adjoint(narrow(v, -2, 0, n)), true, true, true);
  return sub(eye(m, n, 0, d), matmul(mul(v, factors), rows));
}

}  // namespace tenon::linalg
