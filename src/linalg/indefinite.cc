// Factors of symmetric matrices that need not be positive definite.
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {

std::vector<Tensor> ldl_factor_ex(const Tensor& a, bool hermitian, bool check_errors) {
  constexpr const char* op = "linalg.ldl_factor";
  const Tensor t = checked(op, a);
  check_square(op, t);
  if (autograd::needs_grad(t))
    errors::fail<GradError>(op, "it has no gradient; use tensor.detach(), or solve() for equations");
  const std::int64_t n = t.size(-1);
  const Tensor columns = own_columns(t), pivots = empty(batch(t, {n}), DType::int32),
               info = zeros(batch(t), DType::int32);
  if (t.numel() > 0)
    check_result(op,
                 lapack::ldl({t.dtype(), columns.data(), pivots.data<std::int32_t>(), info.data<std::int32_t>(),
                              count(t), n, hermitian && is_complex(t.dtype())}),
                 t);
  if (check_errors && info.numel() > 0 && any(info).item<bool>()) {
    const std::int64_t which = argmax(ne(reshape(info, {-1}), 0).to(DType::int32)).item<std::int64_t>();
    check_result(op, which + 1, t, "the factor D is singular for", ";");
  }
  return {contiguous(tril(mT(columns))), pivots, info};
}

Tensor ldl_solve(const Tensor& ld, const Tensor& pivots, const Tensor& b, bool hermitian) {
  constexpr const char* op = "linalg.ldl_solve";
  Tensor f = ld, B = b;
  checked(op, f, B);
  check_square(op, f);
  if (autograd::needs_grad(f)) errors::fail<GradError>(op, "the factors have no gradient; use tensor.detach()");
  const std::int64_t n = f.size(-1), k = B.size(-1);
  if (pivots.device() != f.device()) errors::device_mismatch(op, f.device(), pivots.device());
  if (pivots.dtype() != DType::int32 || pivots.shape() != batch(f, {n}))
    errors::fail<ShapeError>(op, "the pivots must be int32 of shape ", batch(f, {n}),
                             ", as ldl_factor gives them; got ", pivots.dtype(), " of shape ", pivots.shape());
  if (B.size(-2) != n)
    errors::fail<ShapeError>(op, "the right-hand side must have ", n, " rows; got shapes ", ld.shape(), " and ",
                             b.shape());
  const Dims shape = common_batch(op, f, B);
  Tensor x;
  {
    const NoGrad guard;
    const Tensor factors = own_columns(expand_batch(f, shape)), columns = own_columns(expand_batch(B.detach(), shape)),
                 places = contiguous(squeeze(expand_batch(unsqueeze(pivots, {-1}), shape), Dims{-1}));
    if (columns.numel() > 0)
      check_result(op,
                   lapack::ldl_solve({f.dtype(), factors.data(), places.data<std::int32_t>(), columns.data(),
                                      shape.product(), n, k, hermitian && is_complex(f.dtype())}),
                   f, "the pivots are not those of ldl_factor for", ";");
    x = contiguous(mT(columns));
  }
  if (autograd::needs_grad(B)) {
    const bool turned = !hermitian && is_complex(f.dtype());  // the adjoint of a symmetric A is conj(A)
    autograd::attach(x, "ldl_solve", {&B, 1}, [f, pivots, turned, hermitian](const Tensor& g) -> std::vector<Tensor> {
      const Tensor y = ldl_solve(f, pivots, turned ? conj(g) : g, hermitian);
      return {turned ? conj(y) : y};
    });
  }
  return x;
}

}  // namespace tenon::linalg
