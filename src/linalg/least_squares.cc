// What rests on singular values: pseudoinverses, ranks, least squares, condition numbers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"

namespace tenon::linalg {
namespace {

double epsilon(DType d) {
  return itemsize(real_dtype(d)) == 4 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

Tensor bound_of(const char* op, const std::optional<Tensor>& t, const char* name) {
  if (is_complex(t->dtype())) errors::fail<DtypeError>(op, name, " must be real; got ", t->dtype());
  return unsqueeze(t->detach(), {-1});
}

// Which singular values (..., k) count: bools.
Tensor counting(const char* op, const Tensor& s, const Tensor& a, const Tolerance& tolerance) {
  const double machine = static_cast<double>(std::max(a.size(-2), a.size(-1))) * epsilon(a.dtype());
  if (s.size(-1) == 0) return zeros(s.shape(), DType::bool_);
  const Tensor largest = amax(s, Dims{-1}, true);
  Tensor bound;
  if (tolerance.rtol) bound = mul(largest, bound_of(op, tolerance.rtol, "rtol"));
  if (tolerance.atol) {
    const Tensor atol = bound_of(op, tolerance.atol, "atol");
    // An atol of 0 alone leaves the default, as in PyTorch.
    if (!bound.defined()) bound = mul(largest, where(gt(atol, 0), 0., machine));
    bound = maximum(bound, atol);
  } else if (!bound.defined()) {
    bound = mul(largest, machine);
  }
  return gt(s, bound);
}

// a = U diag(S) Vh with S >= 0; of the eigenvalues for hermitian.
std::vector<Tensor> values_and_vectors(const Tensor& a, bool hermitian) {
  if (!hermitian) return svd(a, false);
  const std::vector<Tensor> r = eigh(a);
  const Tensor turn = where(lt(r[0], 0), -1, 1);
  return {r[1], abs(r[0]), mul(unsqueeze(to(turn, r[0].dtype()), {-1}), adjoint(r[1]))};
}

Tensor inverted(const Tensor& s, const Tensor& counts) { return where(counts, div(1, where(counts, s, 1)), 0); }

}  // namespace

Tensor pinv(const Tensor& a, const Tolerance& tolerance, bool hermitian) {
  constexpr const char* op = "linalg.pinv";
  const Tensor t = checked(op, a);
  if (hermitian) check_square(op, t);
  Tensor p;
  {
    const NoGrad guard;
    const std::vector<Tensor> r = values_and_vectors(t.detach(), hermitian);
    const Tensor s = inverted(r[1], counting(op, r[1], t, tolerance));
    p = matmul(mul(adjoint(r[2]), to(unsqueeze(s, {-2}), r[1].dtype())), adjoint(r[0]));
  }
  if (autograd::needs_grad(t)) autograd::attach(p, "pinv", {&t, 1}, derive::pinv(t, p, hermitian));
  return p;
}

Tensor matrix_rank(const Tensor& a, const Tolerance& tolerance, bool hermitian) {
  constexpr const char* op = "linalg.matrix_rank";
  const NoGrad guard;
  const Tensor t = checked(op, a.detach());
  if (hermitian) check_square(op, t);
  const Tensor s = hermitian ? abs(eigvalsh(t)) : svdvals(t);
  return sum(counting(op, s, t, tolerance), Dims{-1});
}

std::vector<Tensor> lstsq(const Tensor& a, const Tensor& b, std::optional<double> rcond) {
  constexpr const char* op = "linalg.lstsq";
  if (a.ndim() < 2) errors::wrong_ndim(op, a.ndim(), "at least 2 dimensions, the matrices' being the last");
  const bool vector = b.ndim() == a.ndim() - 1 && b.shape() == batch(a, {a.size(-2)});
  Tensor A = a, B = vector ? unsqueeze(b, {-1}) : b;
  checked(op, A, B);
  const std::int64_t m = A.size(-2), n = A.size(-1);
  if (B.size(-2) != m)
    errors::fail<ShapeError>(op, "the right-hand side must have ", m, " rows; got shapes ", a.shape(), " and ",
                             b.shape());
  common_batch(op, A, B);
  const double bound = rcond ? *rcond : static_cast<double>(std::max(m, n)) * epsilon(A.dtype());
  Tensor x, s, counts;
  {
    const NoGrad guard;
    const std::vector<Tensor> r = svd(A.detach(), false);
    s = r[1];
    counts = counting(op, s, A, {{}, full({}, bound, DType::float64)});
    const Tensor turned = matmul(adjoint(r[0]), B.detach());
    x = matmul(adjoint(r[2]), mul(to(unsqueeze(inverted(s, counts), {-1}), s.dtype()), turned));
  }
  const Tensor inputs[] = {A, B};
  if (autograd::needs_grad(inputs)) autograd::attach(x, "lstsq", inputs, derive::lstsq(A, B, bound));
  const Tensor rank = sum(counts, Dims{-1});
  Tensor residuals = empty({0}, real_dtype(A.dtype()));
  if (m > n && all(eq(rank, n)).item<bool>()) {
    const Tensor rest = sub(matmul(A, x), B);
    residuals = sum(is_complex(rest.dtype()) ? real(mul(conj(rest), rest)) : square(rest), Dims{-2});
    if (vector) residuals = squeeze(residuals, Dims{-1});
  }
  return {vector ? squeeze(x, Dims{-1}) : x, residuals, rank, s};
}

Tensor cond(const Tensor& a, const NormOrder& ord) {
  constexpr const char* op = "linalg.cond";
  const Tensor t = checked(op, a);
  const auto* number = std::get_if<double>(&ord);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (std::holds_alternative<std::monostate>(ord) || (number && std::abs(*number) == 2)) {
    const Tensor s = svdvals(t);
    if (s.size(-1) == 0) return zeros(batch(t), s.dtype());
    const Tensor first = select(s, -1, 0), last = select(s, -1, -1);
    const Tensor zero = eq(last, 0);
    if (number && *number < 0) return div(last, where(zero, 1, first));
    return where(zero, infinity, div(first, where(zero, 1, last)));
  }
  check_square(op, t);
  const Tensor singular = any(eq(diagonal(factorize(op, t).lu, 0, -2, -1), 0), Dims{-1});
  const Tensor regular = where(unsqueeze(singular, {-2, -1}), eye(t.size(-1), {}, 0, t.dtype()), t);
  const Tensor r = mul(matrix_norm(t, ord), matrix_norm(inv(regular), ord));
  return where(singular, infinity, r);
}

}  // namespace tenon::linalg
