// Rows: decompositions, what rests on singular values, and functions of matrices. tenon.linalg and tenon.numpy.linalg name
// the arguments and results of those that begin with _.
#include "core/errors.h"
#include "linalg.h"
#include "op.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

using MaybeTensor = const std::optional<Tensor>&;

linalg::QrMode qr_mode(const std::string& mode) {
  for (auto [known, value] :
       {std::pair{"reduced", linalg::QrMode::reduced}, std::pair{"complete", linalg::QrMode::complete},
        std::pair{"r", linalg::QrMode::r}, std::pair{"raw", linalg::QrMode::raw}})
    if (mode == known) return value;
  errors::fail("linalg.qr", "mode is 'reduced', 'complete', 'r' or 'raw'; got '", mode, "'");
}
std::vector<Tensor> qr_of_mode(const Tensor& a, const std::string& mode) { return linalg::qr(a, qr_mode(mode)); }
Tensor pinv(const Tensor& a, MaybeTensor atol, MaybeTensor rtol, bool hermitian) {
  return linalg::pinv(a, {atol, rtol}, hermitian);
}
Tensor matrix_rank(const Tensor& a, MaybeTensor atol, MaybeTensor rtol, bool hermitian) {
  return linalg::matrix_rank(a, {atol, rtol}, hermitian);
}
PyObject* cond(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto p = to_norm_order(args[1], {"linalg.cond", "p"});
  return computed(kLongWork, [&] { return linalg::cond(t, p); }, t);
}
// (A, ord, dim, keepdim)
PyObject* matrix_norm(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto ord = to_norm_order(args[1], {"linalg.matrix_norm", "ord"});
  const Dims dims = argument<Dims>(def, args, 2);
  const bool keepdim = argument<bool>(def, args, 3);
  return computed(kLongWork, [&] { return linalg::matrix_norm(t, ord, dims, keepdim); }, t);
}
PyObject* norm(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto ord = to_norm_order(args[1], {"linalg.norm", "ord"});
  const Axes dims = argument<Axes>(def, args, 2);
  const bool keepdim = argument<bool>(def, args, 3);
  return computed(kLongWork, [&] { return linalg::norm(t, ord, dims, keepdim); }, t);
}
QRResult qr_some(const Tensor& a, bool some) {
  const auto r = linalg::qr(a, some ? linalg::QrMode::reduced : linalg::QrMode::complete);
  return {r[0], r[1]};
}
SVDResult svd_some(const Tensor& a, bool some, bool compute_uv) {
  if (!compute_uv) {  // PyTorch's vectors are zeros then
    const Tensor s = linalg::svdvals(a);
    const std::int64_t m = a.size(-2), n = a.size(-1);
    Dims u = a.shape(), v = a.shape();
    u[u.size() - 1] = m;
    v[v.size() - 2] = n;
    const DType d = is_differentiable(a.dtype()) ? a.dtype() : s.dtype();
    return {zeros(u, d), s, zeros(v, d)};
  }
  const auto r = linalg::svd(a, !some);
  return {r[0], r[1], mT(is_complex(r[2].dtype()) ? conj(r[2]) : r[2])};
}
Tensor pinverse(const Tensor& a, double rcond) { return linalg::pinv(a, {{}, full({}, rcond, DType::float64)}); }
std::vector<Tensor> ldl_factor(const Tensor& a, bool hermitian) {
  auto r = linalg::ldl_factor_ex(a, hermitian, true);
  r.pop_back();
  return r;
}
Tensor lu_solve(const Tensor& b, const Tensor& lu, const Tensor& pivots) { return linalg::lu_solve(lu, pivots, b); }
Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular) {
  return linalg::solve_triangular(a, b, upper, left, unitriangular);
}

void def_named_by_pytorch(Ops& ops) {
  ops.def(
         "cholesky", &linalg::cholesky,
         "The triangular factor of Hermitian positive definite matrices: a new tensor.\n\n"
         "upper: the upper triangular U with U^H U = input; else the lower L with L L^H = input, by that triangle of input. "
         "As tenon.linalg.cholesky(). ValueError for matrices that are not square or not positive definite, TypeError for "
         "half precision and float8.\n\n"
         ">>> tenon.cholesky(tenon.tensor([[4.0, 2.0], [2.0, 2.0]]))\n"
         "tensor([[2., 0.],\n"
         "        [1., 1.]])",
         "input"_a, "upper"_a = false)
      .long_work();
  ops.def(
         "cholesky_solve", &linalg::cholesky_solve,
         "x with L L^H x = B for a triangular factor L: a new tensor.\n\n"
         "input: matrices B of shape (..., n, k). input2: a factor L from cholesky(), of shape (..., n, n). upper: L is an upper "
         "triangular U, with U^H U x = B. ValueError for shapes that do not fit, TypeError for half precision and float8.\n\n"
         ">>> tenon.cholesky_solve(tenon.ones(2, 1), tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))\n"
         "tensor([[0.2500],\n"
         "        [1.0000]])",
         "input"_a, "input2"_a, "upper"_a = false)
      .long_work();
  ops.def(
         "cholesky_inverse", &linalg::cholesky_inverse,
         "The inverse of L L^H for a triangular factor L: a new tensor.\n\n"
         "input: a factor L from cholesky(), of shape (..., n, n). upper: it is an upper triangular U, of U^H U. ValueError for "
         "matrices that are not square, TypeError for half precision and float8.\n\n"
         ">>> tenon.cholesky_inverse(tenon.tensor([[2.0, 0.0], [0.0, 1.0]]))\n"
         "tensor([[0.2500, 0.0000],\n"
         "        [0.0000, 1.0000]])",
         "input"_a, "upper"_a = false)
      .long_work();
  ops.def(
         "lu_solve", &lu_solve,
         "x with A x = b by the factors of A: a new tensor.\n\n"
         "input: matrices b of shape (..., n, k). LU_data: the factors that tenon.linalg.lu_factor() returns, of shape (..., n, n). "
         "LU_pivots: the pivots of the same, (..., n). ValueError for shapes that do not fit and pivots out of range, "
         "TypeError for half precision and float8.\n\n"
         ">>> LU, pivots = tenon.linalg.lu_factor(tenon.tensor([[2.0, 0.0], [0.0, 4.0]]))\n"
         ">>> tenon.lu_solve(tenon.tensor([[2.0], [8.0]]), LU, pivots)\n"
         "tensor([[1.],\n"
         "        [2.]])",
         "input"_a, "LU_data"_a, "LU_pivots"_a)
      .long_work();
  ops.def("pinverse", &pinverse,
          "The Moore-Penrose inverses of matrices: a new tensor.\n\n"
          "rcond: singular values up to rcond times the largest count as 0. ValueError for fewer than two dimensions, "
          "TypeError for half precision and float8.\n\n"
          ">>> tenon.pinverse(tenon.tensor([[2.0], [0.0]]))\n"
          "tensor([[0.5000, 0.0000]])",
          "input"_a, "rcond"_a = 1e-15)
      .long_work();
  ops.def("qr", &qr_some,
          "Orthonormal columns Q and upper triangular R with Q R = input: new tensors.\n\n"
          "some: as many columns as the smaller size; False for a square Q. ValueError for fewer than two dimensions, "
          "TypeError for half precision and float8.\n\n"
          ">>> tenon.qr(tenon.ones(3, 2)).Q.shape\n"
          "(3, 2)",
          "input"_a, "some"_a = true)
      .returns("QRResult")
      .with_out()
      .long_work();
  ops.def(
         "svd", &svd_some,
         "The singular value decomposition input = U diag(S) V^H: new tensors.\n\n"
         "tenon.linalg.svd() returns V^H. some: as many columns as there are singular values; False for square U and V. "
         "compute_uv: False for the values alone, beside zeros. ValueError for fewer than two dimensions, TypeError for half "
         "precision and float8.\n\n"
         ">>> tenon.svd(tenon.tensor([[3.0, 0.0], [0.0, 4.0]])).S\n"
         "tensor([4., 3.])",
         "input"_a, "some"_a = true, "compute_uv"_a = true)
      .returns("SVDResult")
      .with_out()
      .long_work();
  ops.def(
         "matrix_exp", &linalg::matrix_exp,
         "The exponentials of square matrices: a new tensor.\n\n"
         "By Pade's approximation with scaling and squaring (Higham 2005). ValueError for matrices that are not square, "
         "TypeError for half precision and float8.\n\n"
         ">>> tenon.matrix_exp(tenon.zeros(2, 2))\n"
         "tensor([[1., 0.],\n"
         "        [0., 1.]])",
         "input"_a)
      .no_out()
      .long_work();
  ops.def(
         "matrix_power", &linalg::matrix_power,
         "The n-th power of square matrices: a new tensor, itself for n=1.\n\n"
         "n: the exponent; a negative one takes the power of the inverse. ValueError for matrices that are not square, and "
         "for singular ones with a negative n; TypeError for float8.\n\n"
         ">>> tenon.matrix_power(tenon.tensor([[1, 1], [0, 1]]), 5)\n"
         "tensor([[1, 5],\n"
         "        [0, 1]])",
         "input"_a, "n"_a)
      .long_work();
}

}  // namespace

void def_factorizations(Ops& ops) {
  def_named_by_pytorch(ops);
  const auto hide = [](auto row) { row.autocast(Autocast::full).function_only().with_out().long_work(); };
  hide(ops.def("_eigh", &linalg::eigh, "tenon.linalg.eigh", "input"_a, "upper"_a = false));
  hide(ops.def("_eigvalsh", &linalg::eigvalsh, "tenon.linalg.eigvalsh", "input"_a, "upper"_a = false));
  hide(ops.def("_svd", &linalg::svd, "tenon.linalg.svd", "input"_a, "full_matrices"_a = true));
  hide(ops.def("_svdvals", &linalg::svdvals, "tenon.linalg.svdvals", "input"_a));
  hide(ops.def("_cholesky", &linalg::cholesky, "tenon.linalg.cholesky", "A"_a, "upper"_a = false));
  hide(ops.def("_solve_triangular", &solve_triangular, "tenon.linalg.solve_triangular", "A"_a, "B"_a, "upper"_a,
               "left"_a = true, "unitriangular"_a = false));
  hide(ops.def("_qr", &qr_of_mode, "tenon.linalg.qr", "A"_a, "mode"_a = "reduced"));
  hide(ops.def("_eig", &linalg::eig, "tenon.linalg.eig", "A"_a));
  hide(ops.def("_eigvals", &linalg::eigvals, "tenon.linalg.eigvals", "A"_a));
  hide(ops.def("_lu", &linalg::lu, "tenon.linalg.lu", "A"_a));
  hide(ops.def("_lu_factor", &linalg::lu_factor, "tenon.linalg.lu_factor", "A"_a));
  hide(ops.def("_cholesky_ex", &linalg::cholesky_ex, "tenon.linalg.cholesky_ex", "A"_a, "upper"_a = false,
               "check_errors"_a = false));
  hide(ops.def("_lu_factor_ex", &linalg::lu_factor_ex, "tenon.linalg.lu_factor_ex", "A"_a, "check_errors"_a = false));
  hide(ops.def("_ldl_factor", &ldl_factor, "tenon.linalg.ldl_factor", "A"_a, "hermitian"_a = false));
  hide(ops.def("_ldl_factor_ex", &linalg::ldl_factor_ex, "tenon.linalg.ldl_factor_ex", "A"_a, "hermitian"_a = false,
               "check_errors"_a = false));
  hide(ops.def("_ldl_solve", &linalg::ldl_solve, "tenon.linalg.ldl_solve", "LD"_a, "pivots"_a, "B"_a,
               "hermitian"_a = false));
  hide(ops.def("_householder_product", &linalg::householder_product, "tenon.linalg.householder_product", "A"_a,
               "tau"_a));
  hide(ops.def("_lu_solve", &linalg::lu_solve, "tenon.linalg.lu_solve", "LU"_a, "pivots"_a, "B"_a, "left"_a = true,
               "adjoint"_a = false));
  hide(ops.def("_pinv", &pinv, "tenon.linalg.pinv", "A"_a, "atol"_a = none, "rtol"_a = none, "hermitian"_a = false));
  hide(ops.def("_matrix_rank", &matrix_rank, "tenon.linalg.matrix_rank", "A"_a, "atol"_a = none, "rtol"_a = none,
               "hermitian"_a = false));
  hide(ops.def("_matrix_exp", &linalg::matrix_exp, "tenon.linalg.matrix_exp", "A"_a));
  ops.def("_matrix_power", &linalg::matrix_power, "tenon.linalg.matrix_power", "A"_a, "n"_a)
      .autocast(Autocast::lower)
      .function_only()
      .with_out()
      .long_work();
  ops.def("_lstsq", &linalg::lstsq, "tenon.linalg.lstsq", "A"_a, "B"_a, "rcond"_a = none)
      .autocast(Autocast::full)
      .function_only()
      .long_work();
  ops.raw("_cond", &cond, "tenon.linalg.cond", "A"_a, "p"_a = none).function_only().with_out().arrays(1);
  ops.raw("_matrix_norm", &matrix_norm, "tenon.linalg.matrix_norm", "A"_a, "ord"_a, "dim"_a, "keepdim"_a = false)
      .function_only()
      .with_out()
      .arrays(1);
  ops.raw("_norm", &norm, "tenon.linalg.norm", "A"_a, "ord"_a = none, "dim"_a = none, "keepdim"_a = false)
      .function_only()
      .with_out()
      .arrays(1);
}

}  // namespace tenon::py
