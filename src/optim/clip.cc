// The size of all gradients together, and its limit.
#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/foreach.h"
#include "tenon/ops/join.h"
#include "tenon/ops/reduce.h"
#include "tenon/optim.h"

namespace tenon::optim {
namespace {

// Half precision would overflow where the gradients are still fine.
DType wide(DType d) { return is_half(d) ? DType::float32 : real_dtype(d); }

}  // namespace

Tensor total_norm(std::span<const Tensor> tensors, double p) {
  if (tensors.empty()) return zeros({});
  std::vector<Tensor> norms;
  norms.reserve(tensors.size());
  for (const Tensor& t : tensors) {
    if (!(is_floating(t.dtype()) || is_complex(t.dtype())) || is_float8(t.dtype()))
      errors::dtype_not_supported("total_norm", t.dtype(), "floats and complex numbers");
    if (std::isinf(p) && t.numel() == 0) continue;
    norms.push_back(norm(is_half(t.dtype()) ? t.to(DType::float32) : t, p));
    if (norms.back().device() != norms[0].device()) norms.back() = norms.back().to(norms[0].device());
  }
  if (norms.empty()) return zeros({}, wide(tensors[0].dtype()), tensors[0].device());
  return norm(stack(norms), p);
}

void scale_to_norm(std::span<const Tensor> tensors, double max_norm, const Tensor& norm) {
  const Tensor factor = minimum(div(max_norm, add(norm, 1e-6)), 1.0);
  // One for each dtype and device, since a tensor of another one would set the dtype that is computed in.
  std::vector<Tensor> made, factors;
  for (const Tensor& t : tensors) {
    const auto same = [&](const Tensor& f) { return f.dtype() == wide(t.dtype()) && f.device() == t.device(); };
    auto found = std::find_if(made.begin(), made.end(), same);
    if (found == made.end()) found = made.insert(made.end(), factor.to(t.device()).to(wide(t.dtype())));
    factors.push_back(*found);
  }
  foreach_(Op::mul, tensors, {Each(std::span<const Tensor>(factors))});
}

Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, double p, bool error_if_nonfinite) {
  const NoGrad guard;
  std::vector<Tensor> gradients;
  for (const Tensor& t : parameters)
    if (Tensor g = t.grad(); g.defined()) gradients.push_back(std::move(g));
  Tensor norm = total_norm(gradients, p);
  if (error_if_nonfinite && !std::isfinite(norm.item<double>()))
    errors::fail<RuntimeError>("clip_grad_norm_", "the total norm of order ", p, " is ", norm.item<double>(),
                               "; error_if_nonfinite=False scales by it all the same");
  scale_to_norm(gradients, max_norm, norm);
  return norm;
}

}  // namespace tenon::optim
