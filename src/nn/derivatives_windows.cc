// The gradients of convolutions and pools.
#include "nn/derivatives.h"
#include "nn/support.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn::derive {

using In = const Tensor&;

Backward convolution_output(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvolutionShape& s) {
  const bool nx = needs_grad(x), nw = needs_grad(w), nb = needs_grad(bias);
  return
      [x = kept_for(nw, x, s.op), w = kept_for(nx, w, s.op), has_bias = bias.defined(), nx, nw, nb, s](In g) -> Grads {
        Grads out(has_bias ? 3 : 2);
        if (nx) out[0] = nn::convolution_input(g, w.get(), s);
        if (nw) out[1] = nn::convolution_weight(g, x.get(), s);
        if (nb) {
          Dims axes{0};
          for (int d = 2; d < g.ndim(); ++d) axes.push_back(d);
          out[2] = tenon::sum(g, axes);
        }
        return out;
      };
}
Backward convolution_input(const Tensor& y, const Tensor& w, const ConvolutionShape& s) {
  const bool ny = needs_grad(y), nw = needs_grad(w);
  return [y = kept_for(nw, y, s.op), w = kept_for(ny, w, s.op), ny, nw, s](In g) -> Grads {
    Grads out(2);
    if (ny) out[0] = nn::convolution_output(g, w.get(), {}, s);
    if (nw) out[1] = nn::convolution_weight(y.get(), g, s);
    return out;
  };
}
Backward convolution_weight(const Tensor& y, const Tensor& x, const ConvolutionShape& s) {
  const bool ny = needs_grad(y), nx = needs_grad(x);
  return [y = kept_for(nx, y, s.op), x = kept_for(ny, x, s.op), ny, nx, s](In g) -> Grads {
    Grads out(2);
    if (ny) out[0] = nn::convolution_output(x.get(), g, {}, s);
    if (nx) out[1] = nn::convolution_input(y.get(), g, s);
    return out;
  };
}

BackwardOfMany max_pool(const char* op, const Tensor& places, const Dims& from, int dims, DType dtype) {
  return [places = Saved(places, op), from, dims, dtype](std::span<const Tensor> gs) -> Grads {
    // Each plane in one row: places count in it.
    Dims rows(std::span<const std::int64_t>(from).first(static_cast<std::size_t>(from.size() - dims)));
    const auto flat = [&](const Tensor& t) {
      Dims shape = rows;
      shape.push_back(t.numel() / std::max<std::int64_t>(rows.product(), 1));
      return tenon::reshape(t, shape);
    };
    Dims planes = rows;
    planes.push_back(Dims(std::span<const std::int64_t>(from).last(static_cast<std::size_t>(dims))).product());
    const Tensor zero = full(planes, 0, dtype, places.get().device());
    return {tenon::reshape(scatter_add(zero, -1, flat(places.get()), flat(gs[0])), from)};
  };
}
Backward pool_sum(const PoolShape& s) {
  return [s](In g) -> Grads { return {nn::pool_sum_gradient(g, s)}; };
}
Backward pool_sum_gradient(const PoolShape& s) {
  return [s](In g) -> Grads { return {nn::pool_sum(g, s)}; };
}

}  // namespace tenon::nn::derive
