// Equations and inverses by LU.
#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {
namespace {

constexpr const char *kSingular = "Singular", *kUnsolved = ", so no unique solution exists; lstsq takes singular ones;",
                     *kNoInverse = ", which has no inverse; pinv takes singular ones;";

bool is_vector(const Tensor& a, const Tensor& b) {
  return b.ndim() == 1 || (b.ndim() == a.ndim() - 1 && b.shape() == batch(a, {a.size(-1)}));
}

}  // namespace

Factors factorize(const char* op, const Tensor& a) {
  const NoGrad guard;
  const std::int64_t n = a.size(-1);
  const Factors f{clone(a.detach()), empty(batch(a, {n}), DType::int32)};
  if (a.numel() > 0)
    check_result(op, lapack::lu({a.dtype(), f.lu.data(), f.pivots.data<std::int32_t>(), count(a), n, n}), a);
  return f;
}

Tensor solve(const char* op, const Tensor& a, const Factors& f, const Tensor& b, bool adjoint) {
  const Dims shape = common_batch(op, a, b);
  const std::int64_t n = a.size(-1), matrices = shape.product();
  const bool shared = count(a) == 1;
  Tensor x;
  {
    const NoGrad guard;
    const bool turned = adjoint && is_complex(b.dtype());  // conj(F) X = B is F conj(X) = conj(B)
    const Tensor columns = own_columns(expand_batch(turned ? conj(b.detach()) : b.detach(), shape));
    const Factors own =
        shared || batch(a) == shape
            ? f
            : Factors{contiguous(expand_batch(f.lu, shape)),
                      contiguous(squeeze(expand_batch(unsqueeze(f.pivots, {-1}), shape), Dims{-1})), f.lenient};
    if (n > 0)
      check_result(
          op,
          lapack::lu_solve({a.dtype(), own.lu.data(), own.pivots.data<std::int32_t>(), columns.data(), matrices, n,
                            b.size(-1), adjoint ? lapack::Side::plain : lapack::Side::transposed, shared, f.lenient}),
          a, kSingular, kUnsolved);
    x = contiguous(mT(turned ? conj(columns) : columns));
  }
  const Tensor inputs[] = {a, b};
  if (autograd::needs_grad(inputs)) autograd::attach(x, "solve", inputs, derive::solve(a, b, x, f, adjoint));
  return x;
}

namespace {

// As first_zero() of the factors of a, by those of the transposed matrices, which the equations are solved by.
Tensor singular_pivots(const Factors& f, const Tensor& a) {
  const NoGrad guard;
  const Tensor info = first_zero(f.lu);
  if (info.numel() == 0 || !any(info).item<bool>()) return info;
  const Tensor own = first_zero(lu_factor(a.detach())[0]);
  return to(where(logical_and(ne(info, 0), ne(own, 0)), own, info), DType::int32);
}

// x, and where the factors of a have a 0: then an error, or info has its place.
Tensor solution(const char* op, const Tensor& a, const Tensor& b, bool left, Tensor* info) {
  if (a.ndim() < 2) errors::wrong_ndim(op, a.ndim(), "at least 2 dimensions, the matrices' being the last");
  if (b.ndim() == 0) errors::wrong_ndim(op, 0, "a right-hand side of one dimension or more");
  check_square(op, a);
  const bool vector = is_vector(a, b);
  if (vector && !left)
    errors::fail(op, "left=False takes matrices on the right-hand side, no vectors; got shapes ", a.shape(), " and ",
                 b.shape());
  Tensor A = a, B = vector ? unsqueeze(b, {-1}) : b;
  checked(op, A, B);
  if (B.size(left ? -2 : -1) != A.size(-1))
    errors::fail<ShapeError>(op, "the right-hand side must have ", A.size(-1), left ? " rows" : " columns",
                             "; got shapes ", a.shape(), " and ", b.shape());
  if (!left) A = mT(A), B = mT(B);
  Factors f = factorize(op, A);
  f.lenient = info != nullptr;
  if (info) *info = singular_pivots(f, A);
  const Tensor x = solve(op, A, f, B, false);
  return vector ? squeeze(x, Dims{-1}) : left ? x : mT(x);
}

Tensor inverse(const char* op, const Tensor& a, Tensor* info) {
  const Tensor t = checked(op, a);
  check_square(op, t);
  const std::int64_t n = t.size(-1);
  Tensor y;
  {
    const NoGrad guard;
    const Factors f = factorize(op, t);
    // The inverse of the transposed matrix, column by column.
    y = clone(expand(eye(n, {}, 0, t.dtype()), t.shape()));
    if (t.numel() > 0)
      check_result(op,
                   lapack::lu_solve({t.dtype(), f.lu.data(), f.pivots.data<std::int32_t>(), y.data(), count(t), n, n,
                                     lapack::Side::plain, false, info != nullptr}),
                   t, kSingular, kNoInverse);
    if (info) *info = singular_pivots(f, t);
  }
  if (autograd::needs_grad(t)) autograd::attach(y, "inv", {&t, 1}, derive::inv(y));
  return y;
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b, bool left) { return solution("linalg.solve", a, b, left, nullptr); }

std::vector<Tensor> solve_ex(const Tensor& a, const Tensor& b, bool left, bool check_errors) {
  constexpr const char* op = "linalg.solve_ex";
  Tensor info;
  const Tensor x = solution(op, a, b, left, check_errors ? nullptr : &info);
  return {x, info.defined() ? info : zeros(batch(a), DType::int32)};
}

Tensor inv(const Tensor& a) { return inverse("linalg.inv", a, nullptr); }

std::vector<Tensor> inv_ex(const Tensor& a, bool check_errors) {
  Tensor info;
  const Tensor y = inverse("linalg.inv_ex", a, check_errors ? nullptr : &info);
  return {y, info.defined() ? info : zeros(batch(a), DType::int32)};
}

Tensor tensorinv(const Tensor& a, std::int64_t ind) {
  constexpr const char* op = "linalg.tensorinv";
  if (ind <= 0) errors::fail(op, "ind must be positive; got ", ind);
  Dims rows, turned;
  std::int64_t n = 1;
  for (int i = 0; i < a.ndim(); ++i) (i < ind ? rows : turned).push_back(a.shape()[i]);
  n = rows.product();
  if (turned.product() != n)
    errors::fail<ShapeError>(op, "the first ", ind, " dimensions must have as many elements as the others; got shape ",
                             a.shape());
  for (std::int64_t d : rows) turned.push_back(d);
  return reshape(inverse(op, reshape(a, {n, n}), nullptr), turned);
}

Tensor tensorsolve(const Tensor& a, const Tensor& b, const Axes& dims) {
  constexpr const char* op = "linalg.tensorsolve";
  Tensor t = a;
  if (dims) {
    Dims to_end(static_cast<std::int64_t>(dims->size()));
    for (int i = 0; i < to_end.size(); ++i) to_end[i] = i - to_end.size();
    t = movedim(a, *dims, to_end);
  }
  if (t.ndim() < b.ndim())
    errors::fail<ShapeError>(op, "a must have the dimensions of b, and those of the solution; got shapes ", a.shape(),
                             " and ", b.shape());
  Dims shape;
  for (int i = b.ndim(); i < t.ndim(); ++i) shape.push_back(t.shape()[i]);
  const std::int64_t n = shape.product();
  if (n != b.numel())
    errors::fail<ShapeError>(op, "the solution of shape ", shape, " must have as many elements as b; got shapes ",
                             a.shape(), " and ", b.shape());
  if (t.numel() != n * n)
    errors::fail<ShapeError>(op, "a must have ", n, " * ", n, " elements; got shapes ", a.shape(), " and ", b.shape());
  return reshape(solution(op, reshape(t, {n, n}), reshape(b, {n}), true, nullptr), shape);
}

}  // namespace tenon::linalg
