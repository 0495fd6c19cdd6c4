// The gradients of fully connected layers: products again, so that second derivatives come by themselves.
#include "nn/derivatives.h"
#include "nn/support.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn::derive {

using tenon::derive::cj;

Backward linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  const bool of_x = needs_grad(x), of_w = needs_grad(w), of_b = needs_grad(b);
  return [x = kept_for(of_w, x, "linear"), w = kept_for(of_x, w, "linear"), of_x, of_w, of_b,
          single = w.ndim() == 1](const Tensor& grad) -> Grads {
    const Tensor g = single ? unsqueeze(grad, {-1}) : grad;
    std::int64_t rows = 1;  // not by numel(), which is 0 where there are no outputs
    for (int d = 0; d + 1 < g.ndim(); ++d) rows *= g.size(d);
    const Tensor folded = of_w || of_b ? reshape(g, {rows, g.size(-1)}) : Tensor();
    Grads out(3);
    if (of_x) {
      const Tensor weight = w.get();
      out[0] = matmul(g, cj(single ? unsqueeze(weight, {0}) : weight));
    }
    if (of_w) {
      const Tensor input = x.get();
      out[1] = matmul(mT(folded), cj(reshape(input, {rows, input.size(-1)})));
      if (single) out[1] = squeeze(out[1], Dims{0});
    }
    if (of_b) out[2] = single ? sum(grad) : sum(folded, Dims{0});
    return out;
  };
}

}  // namespace tenon::nn::derive
