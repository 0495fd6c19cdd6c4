// cholesky, triangular equations, LU for the user.
#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {

namespace {

// The factor; where there is none an error, or info has the order of the first minor that is not positive.
Tensor factor(const char* op, const Tensor& a, bool upper, Tensor* info) {
  const Tensor t = checked(op, a);
  check_square(op, t);
  if (upper) return adjoint(factor(op, adjoint(t), false, info));
  Tensor l;
  if (info) *info = zeros(batch(t), DType::int32);
  {
    const NoGrad guard;
    l = clone(t.detach());
    if (t.numel() > 0)
      check_result(
          op,
          lapack::cholesky({t.dtype(), l.data(), info ? info->data<std::int32_t>() : nullptr, count(t), t.size(-1)}), t,
          "no factor exists for", ", which is not positive definite;");
  }
  if (autograd::needs_grad(t)) autograd::attach(l, "cholesky", {&t, 1}, derive::cholesky(l));
  return l;
}

}  // namespace

Tensor cholesky(const Tensor& a, bool upper) { return factor("linalg.cholesky", a, upper, nullptr); }

std::vector<Tensor> cholesky_ex(const Tensor& a, bool upper, bool check_errors) {
  Tensor info;
  const Tensor l = factor("linalg.cholesky_ex", a, upper, check_errors ? nullptr : &info);
  return {l, info.defined() ? info : zeros(batch(l), DType::int32)};
}

Tensor solve_triangular(const char* op, const Tensor& a, const Tensor& b, const Triangle& triangle) {
  const Dims shape = common_batch(op, a, b);
  const bool shared = count(a) == 1;
  Tensor x;
  {
    const NoGrad guard;
    const bool turned = triangle.adjoint && is_complex(b.dtype());  // conj(F) X = B is F conj(X) = conj(B)
    const Tensor columns = own_columns(expand_batch(turned ? conj(b.detach()) : b.detach(), shape));
    const Tensor f = contiguous(shared ? a.detach() : expand_batch(a.detach(), shape));
    // Of the transposed matrix, which is what stands there column by column.
    if (columns.numel() > 0)
      check_result(op,
                   lapack::triangular({a.dtype(), f.data(), columns.data(), shape.product(), a.size(-1), b.size(-1),
                                       triangle.upper, triangle.unit,
                                       triangle.adjoint ? lapack::Side::plain : lapack::Side::transposed, shared}),
                   a);
    x = contiguous(mT(turned ? conj(columns) : columns));
  }
  const Tensor inputs[] = {a, b};
  if (autograd::needs_grad(inputs))
    autograd::attach(x, "solve_triangular", inputs, derive::solve_triangular(a, b, x, triangle));
  return x;
}

Tensor solve_triangular(const Tensor& a, const Tensor& b, bool upper, bool left, bool unitriangular) {
  constexpr const char* op = "linalg.solve_triangular";
  Tensor A = a, B = b;
  checked(op, A, B);
  check_square(op, A);
  if (B.size(left ? -2 : -1) != A.size(-1))
    errors::fail<ShapeError>(op, "the right-hand side must have ", A.size(-1), left ? " rows" : " columns",
                             "; got shapes ", a.shape(), " and ", b.shape());
  if (left) return solve_triangular(op, A, B, {upper, unitriangular, false});
  return mT(solve_triangular(op, mT(A), mT(B), {!upper, unitriangular, false}));
}

Tensor cholesky_solve(const Tensor& b, const Tensor& factor, bool upper) {
  constexpr const char* op = "cholesky_solve";
  Tensor B = b, f = factor;
  checked(op, B, f);
  check_square(op, f);
  if (B.size(-2) != f.size(-1))
    errors::fail<ShapeError>(op, "the right-hand side must have ", f.size(-1), " rows; got shapes ", b.shape(), " and ",
                             factor.shape());
  const Triangle first{upper, false, upper}, second{upper, false, !upper};
  return solve_triangular(op, f, solve_triangular(op, f, B, first), second);
}

Tensor cholesky_inverse(const Tensor& factor, bool upper) {
  constexpr const char* op = "cholesky_inverse";
  const Tensor f = checked(op, factor);
  check_square(op, f);
  return cholesky_solve(expand(eye(f.size(-1), {}, 0, f.dtype()), f.shape()), f, upper);
}

std::vector<Tensor> lu_factor(const Tensor& a) {
  constexpr const char* op = "linalg.lu_factor";
  const Tensor t = checked(op, a);
  const std::int64_t m = t.size(-2), n = t.size(-1);
  std::vector<Tensor> out;
  {
    const NoGrad guard;
    const Tensor columns = own_columns(t.detach());
    out = {{}, empty(batch(t, {std::min(m, n)}), DType::int32)};
    if (t.numel() > 0)
      check_result(op, lapack::lu({t.dtype(), columns.data(), out[1].data<std::int32_t>(), count(t), m, n}), t);
    out[0] = contiguous(mT(columns));
  }
  if (autograd::needs_grad(t)) autograd::attach(out, "lu_factor", {&t, 1}, derive::lu_factor(out[0], out[1]));
  return out;
}

std::vector<Tensor> lu_factor_ex(const Tensor& a, bool check_errors) {
  std::vector<Tensor> out = lu_factor(a);
  const Tensor info = first_zero(out[0].detach());
  if (check_errors && any(info).item<bool>()) {
    const std::int64_t which = argmax(ne(reshape(info, {-1}), 0).to(DType::int32)).item<std::int64_t>();
    check_result("linalg.lu_factor_ex", which + 1, a, "the factor U has a 0 on the diagonal for", ";");
  }
  out.push_back(info);
  return out;
}

Tensor rows_of_pivots(const Tensor& pivots, std::int64_t m) {
  const NoGrad guard;
  const Tensor p = contiguous(to(pivots, DType::int64));
  Dims shape = p.shape();
  const std::int64_t k = shape.back();
  shape[shape.size() - 1] = m;
  const Tensor rows = empty(shape, DType::int64);
  const std::int64_t matrices = m ? rows.numel() / m : 0;
  const std::int64_t* from = p.data<std::int64_t>();
  std::int64_t* to = rows.data<std::int64_t>();
  for (std::int64_t i = 0; i < matrices; ++i, to += m) {
    for (std::int64_t r = 0; r < m; ++r) to[r] = r;
    for (std::int64_t r = 0; r < k; ++r) {
      const std::int64_t other = from[i * k + r] - 1;
      if (other < 0 || other >= m)
        errors::fail("linalg.lu_solve", "the pivots must be from 1 to ", m, ", as lu_factor gives them; got ",
                     other + 1);
      std::swap(to[r], to[other]);
    }
  }
  return rows;
}

// The permutation P with a = P L U.
static Tensor permutation(const Tensor& pivots, std::int64_t m, DType d) {
  const Tensor rows = rows_of_pivots(pivots, m);
  return mT(to(eq(unsqueeze(rows, {-1}), arange(m)), d));
}

std::vector<Tensor> lu(const Tensor& a) {
  const std::vector<Tensor> packed = lu_factor(a);
  const Tensor& f = packed[0];
  const std::int64_t m = f.size(-2), k = std::min(m, f.size(-1));
  const Tensor l = add(tril(narrow(f, -1, 0, k), -1), eye(m, k, 0, f.dtype()));
  return {permutation(packed[1], m, f.dtype()), l, triu(narrow(f, -2, 0, k))};
}

Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Tensor& b, bool left, bool adjoint) {
  constexpr const char* op = "linalg.lu_solve";
  Tensor f = lu, B = b;
  checked(op, f, B);
  check_square(op, f);
  if (pivots.device() != f.device()) errors::device_mismatch(op, f.device(), pivots.device());
  if (!is_integral(pivots.dtype()) || pivots.shape() != batch(f, {f.size(-1)}))
    errors::fail<ShapeError>(op, "the pivots must be int32 of shape ", batch(f, {f.size(-1)}),
                             ", as lu_factor gives them; got ", pivots.dtype(), " of shape ", pivots.shape());
  if (!left) {
    // X a = B is a^H X^H = B^H.
    return linalg::adjoint(lu_solve(f, pivots, linalg::adjoint(B), true, !adjoint));
  }
  if (B.size(-2) != f.size(-1))
    errors::fail<ShapeError>(op, "the right-hand side must have ", f.size(-1), " rows; got shapes ", lu.shape(),
                             " and ", b.shape());
  const Tensor p = permutation(pivots, f.size(-1), f.dtype());
  if (!adjoint)
    return solve_triangular(op, f, solve_triangular(op, f, matmul(mT(p), B), {false, true, false}),
                            {true, false, false});
  return matmul(p, solve_triangular(op, f, solve_triangular(op, f, B, {true, false, true}), {false, true, true}));
}

}  // namespace tenon::linalg
