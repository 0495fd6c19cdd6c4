// qr and the eigenvalues of any matrix.
#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {

std::vector<Tensor> qr(const Tensor& a, QrMode mode) {
  constexpr const char* op = "linalg.qr";
  const Tensor t = checked(op, a);
  const bool flows = autograd::needs_grad(t);
  if (flows && mode == QrMode::raw)
    errors::fail<GradError>(op, "mode='raw' has no gradient; use mode='reduced', or detach()");
  if (flows && mode == QrMode::r) return {empty({0}, t.dtype()), qr(t)[1]};  // the gradient needs Q
  const std::int64_t m = t.size(-2), n = t.size(-1), k = std::min(m, n), columns = mode == QrMode::complete ? m : k;
  Tensor q, r;
  {
    const NoGrad guard;
    const Tensor reflectors = own_columns(t.detach()), tau = zeros(batch(t, {k}), t.dtype());
    const std::int64_t matrices = count(t);
    if (t.numel() > 0)
      check_result(op, lapack::qr({t.dtype(), reflectors.data(), tau.data(), matrices, m, n, n, false}), t);
    if (mode == QrMode::raw) return {reflectors, tau};
    r = contiguous(triu(narrow(mT(reflectors), -2, 0, columns)));
    if (mode == QrMode::r) return {empty({0}, t.dtype()), r};
    Tensor vectors = empty(batch(t, {columns, m}), t.dtype());
    if (t.numel() > 0) {
      Tensor first = narrow(vectors, -2, 0, k);
      copy_(first, narrow(reflectors, -2, 0, k));
      check_result(op, lapack::qr({t.dtype(), vectors.data(), tau.data(), matrices, m, n, columns, true}), t);
    } else {  // there is nothing to turn
      copy_(vectors, eye(columns, m, 0, t.dtype()));
    }
    q = contiguous(mT(vectors));
  }
  const std::vector<Tensor> out{q, r};
  if (flows) autograd::attach(out, "qr", {&t, 1}, derive::qr(q, r));
  return out;
}

namespace {

std::vector<Tensor> run_eig(const char* op, const Tensor& t, bool vectors) {
  check_square(op, t);
  const NoGrad guard;
  const std::int64_t n = t.size(-1);
  const DType d = complex_dtype(t.dtype());
  const Tensor w = empty(batch(t, {n}), d), v = vectors ? empty(t.shape(), d) : Tensor();
  if (t.numel() > 0) {
    // LAPACK's loops may not end where there are NaN or infinities.
    const Tensor finite = all(reshape(isfinite(t.detach()), {count(t), n * n}), Dims{-1});
    for (std::int64_t i = 0; i < finite.numel(); ++i)
      if (!select(finite, 0, i).item<bool>()) check_result(op, i + 1, t);
    const Tensor columns = own_columns(t.detach());
    check_result(op, lapack::eig({t.dtype(), columns.data(), w.data(), vectors ? v.data() : nullptr, count(t), n}), t);
  }
  if (!vectors) return {w};
  return {w, contiguous(mT(v))};
}

}  // namespace

std::vector<Tensor> eig(const Tensor& a) {
  const Tensor t = checked("linalg.eig", a);
  std::vector<Tensor> out = run_eig("linalg.eig", t, true);
  if (autograd::needs_grad(t)) autograd::attach(out, "eig", {&t, 1}, derive::eig(out[0], out[1], t.dtype()));
  return out;
}

Tensor eigvals(const Tensor& a) {
  const Tensor t = checked("linalg.eigvals", a);
  if (autograd::needs_grad(t)) return eig(t)[0];  // the gradient needs the vectors
  return run_eig("linalg.eigvals", t, false)[0];
}

}  // namespace tenon::linalg
