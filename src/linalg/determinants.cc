// Determinants by LU.
#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {
namespace {

void run(const Factors& f, const Tensor& det, const Tensor& sign, const Tensor& logarithm) {
  const auto data = [](const Tensor& t) { return t.defined() ? t.data() : nullptr; };
  lapack::lu_det({f.lu.dtype(), f.lu.data(), f.pivots.data<std::int32_t>(), data(det), data(sign), data(logarithm),
                  count(f.lu), f.lu.size(-1)});
}

}  // namespace

Tensor det(const Tensor& a) {
  constexpr const char* op = "linalg.det";
  const Tensor t = checked(op, a);
  check_square(op, t);
  const Factors f = factorize(op, t);
  const Tensor y = empty(batch(t), t.dtype());
  run(f, y, {}, {});
  if (autograd::needs_grad(t)) autograd::attach(y, "det", {&t, 1}, derive::det(t, y, f));
  return y;
}

std::vector<Tensor> slogdet(const Tensor& a) {
  constexpr const char* op = "linalg.slogdet";
  const Tensor t = checked(op, a);
  check_square(op, t);
  const Factors f = factorize(op, t);
  const std::vector<Tensor> out{empty(batch(t), t.dtype()), empty(batch(t), real_dtype(t.dtype()))};
  run(f, {}, out[0], out[1]);
  if (autograd::needs_grad(t)) autograd::attach(out, "slogdet", {&t, 1}, derive::slogdet(t, out[0], f));
  return out;
}

Tensor logdet(const Tensor& a) {
  const std::vector<Tensor> r = slogdet(a);
  if (is_complex(r[0].dtype())) return add(r[1], log(r[0]));
  return where(lt(r[0], 0), std::numeric_limits<double>::quiet_NaN(), r[1]);
}

}  // namespace tenon::linalg
