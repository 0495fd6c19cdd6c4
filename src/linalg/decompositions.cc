// eigh and svd: what is asked of LAPACK, and its errors.
#include "autograd/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {
namespace {

std::vector<Tensor> run_eigh(const char* op, const Tensor& a, bool upper, bool vectors) {
  const std::int64_t n = a.size(-1);
  check_square(op, a);
  const NoGrad guard;
  const Tensor work = clone(a.detach()), w = empty(batch(a, {n}), real_dtype(a.dtype()));
  if (a.numel() > 0) check_result(op, lapack::eigh({a.dtype(), work.data(), w.data(), count(a), n, vectors, upper}), a);
  if (!vectors) return {w};
  const Tensor v = mT(work);
  return {w, contiguous(is_complex(a.dtype()) ? conj(v) : v)};
}

std::vector<Tensor> run_svd(const char* op, const Tensor& a, bool full, bool vectors) {
  const std::int64_t m = a.size(-2), n = a.size(-1), k = std::min(m, n);
  const NoGrad guard;
  const Tensor work = clone(a.detach()), s = empty(batch(a, {k}), real_dtype(a.dtype()));
  Tensor u, vh;
  if (vectors) {
    u = empty(batch(a, {m, full ? m : k}), a.dtype());
    vh = empty(batch(a, {full ? n : k, n}), a.dtype());
  }
  if (a.numel() > 0) {
    const lapack::SvdCall call{
        a.dtype(), work.data(), s.data(), vectors ? u.data() : nullptr, vectors ? vh.data() : nullptr, count(a),
        m,         n,           full};
    check_result(op, lapack::svd(call), a);
  } else if (vectors) {  // there is nothing to turn
    copy_(u, eye(m, u.size(-1), 0, a.dtype()));
    copy_(vh, eye(vh.size(-2), n, 0, a.dtype()));
  }
  if (!vectors) return {s};
  return {u, s, vh};
}

}  // namespace

std::vector<Tensor> eigh(const Tensor& a, bool upper) {
  const Tensor t = checked("linalg.eigh", a);
  std::vector<Tensor> out = run_eigh("linalg.eigh", t, upper, true);
  if (autograd::needs_grad(t)) autograd::attach(out, "eigh", {&t, 1}, tenon::derive::eigh(out[0], out[1]));
  return out;
}

Tensor eigvalsh(const Tensor& a, bool upper) {
  const Tensor t = checked("linalg.eigvalsh", a);
  if (autograd::needs_grad(t)) return eigh(t, upper)[0];  // the gradient needs the vectors
  return run_eigh("linalg.eigvalsh", t, upper, false)[0];
}

std::vector<Tensor> svd(const Tensor& a, bool full_matrices) {
  const Tensor t = checked("linalg.svd", a);
  std::vector<Tensor> out = run_svd("linalg.svd", t, full_matrices, true);
  if (autograd::needs_grad(t)) autograd::attach(out, "svd", {&t, 1}, tenon::derive::svd(out[0], out[1], out[2]));
  return out;
}

Tensor svdvals(const Tensor& a) {
  const Tensor t = checked("linalg.svdvals", a);
  if (autograd::needs_grad(t)) return svd(t, false)[1];
  return run_svd("linalg.svdvals", t, false, false)[0];
}

}  // namespace tenon::linalg
