// The gradients of reductions, scans, softmax and products.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/derivatives.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon::derive {
namespace {

using In = const Tensor&;

// A gradient of shape x with the reduced axes removed, back to x's number of dimensions.
Tensor restore(const Tensor& g, const Dims& from, const Dims& axes) {
  Dims kept = from;
  for (auto d : axes) kept[static_cast<int>(d)] = 1;
  return reshape(g, kept);
}

Tensor swap(const Tensor& t) { return t.ndim() < 2 ? t : mT(t); }

}  // namespace

Backward sum(const Dims& from, const Dims& axes) {
  return [=](In g) -> Grads { return {expand(restore(g, from, axes), from)}; };
}
Backward prod(const Tensor& x, const Dims& axes, const Tensor&) {
  // The product of all others, by products from the left and from the right: right where factors are zero.
  return [x = Saved(x, "prod"), axes](In g) -> Grads {
    const Tensor t = x.get();
    Dims order;
    std::int64_t n = 1;
    for (int d = 0; d < t.ndim(); ++d)
      if (!axes.contains(d)) order.push_back(d);
    for (auto d : axes) {
      order.push_back(d);
      n *= t.shape()[static_cast<int>(d)];
    }
    const Tensor moved = tenon::permute(t, order);
    Dims flat_shape(
        std::span<const std::int64_t>(moved.shape()).first(static_cast<std::size_t>(t.ndim() - axes.size())));
    flat_shape.push_back(n);
    const Tensor flat = tenon::reshape(moved, flat_shape);
    Dims one_shape = flat_shape;
    one_shape[one_shape.size() - 1] = std::min<std::int64_t>(n, 1);
    const Tensor one = full(one_shape, 1, t.dtype(), t.device());
    auto exclusive = [&](const Tensor& f) {
      const Tensor parts[] = {one, narrow(tenon::cumprod(f, -1), -1, 0, std::max<std::int64_t>(n - 1, 0))};
      return tenon::cat(parts, -1);
    };
    const Dims last{-1};
    const Tensor others = mul(exclusive(flat), flip(exclusive(flip(flat, last)), last));
    Dims g_shape = flat_shape;
    g_shape[g_shape.size() - 1] = 1;
    const Tensor d = mul(tenon::reshape(g, g_shape), cj(others));
    Dims inverse(order.size());
    for (int i = 0; i < order.size(); ++i) inverse[static_cast<int>(order[i])] = i;
    return {tenon::permute(tenon::reshape(d, moved.shape()), inverse)};
  };
}
namespace {

// The gradient of a variance: g times 2 (x - mean) / (n - correction).
Tensor of_variance(In g, In t, const Dims& axes, double correction, In m) {
  double n = 1;
  for (auto d : axes) n *= static_cast<double>(t.shape()[static_cast<int>(d)]);
  const Tensor gr = restore(g, t.shape(), axes);
  if (n <= correction) return mul(gr, where(eq(t, m), NAN, INFINITY));  // divided by 0
  return mul(mul(gr, 2 / (n - correction)), sub(t, m));
}

}  // namespace

Backward var(const Tensor& x, const Dims& axes, double correction) {
  return [x = Saved(x, "var"), axes, correction](In g) -> Grads {
    const Tensor t = x.get();
    return {of_variance(g, t, axes, correction, mean(t, axes, true))};
  };
}
BackwardOfMany var_mean(const Tensor& x, const Dims& axes, double correction) {
  return [x = Saved(x, "var_mean"), axes, correction, from = x.shape()](std::span<const Tensor> gs) -> Grads {
    Tensor out;
    if (gs[0].defined()) {
      const Tensor t = x.get();
      out = of_variance(gs[0], t, axes, correction, mean(t, axes, true));
    }
    if (gs[1].defined()) {
      double n = 1;
      for (auto d : axes) n *= static_cast<double>(from[static_cast<int>(d)]);
      const Tensor of_mean = expand(restore(mul(gs[1], 1 / n), from, axes), from);
      out = out.defined() ? add(out, of_mean) : of_mean;
    }
    return {out};
  };
}
Backward extremum(const Tensor& x, const Dims& axes, const Tensor& y, const char* op) {
  // Equal extrema share the gradient, and so do NaNs.
  return [x = Saved(x, op), y = Saved::output(y, op), axes](In g) -> Grads {
    const Tensor t = x.get();
    const Tensor same = logical_or(eq(t, restore(y.get(), t.shape(), axes)), isnan(t));
    return {where(same, div(restore(g, t.shape(), axes), sum(to(same, t.dtype()), axes, true)), 0)};
  };
}
Backward cumsum(int dim) {
  return [=](In g) -> Grads {
    const Dims d{dim};
    return {flip(tenon::cumsum(flip(g, d), dim), d)};
  };
}
namespace {

// t moved by one along the dimension: its first element is `first`, its last one is gone.
Tensor after(double first, In t, int dim) {
  Dims shape = t.shape();
  const std::int64_t n = shape[dim];
  shape[dim] = 1;
  const Tensor parts[] = {full(shape, first, t.dtype(), t.device()), narrow(t, dim, 0, n - 1)};
  return tenon::cat(parts, dim);
}
// r[i] = g[i] + conj(a[i + 1]) r[i + 1].
Tensor backward_recurrence(In a, In g, int dim) {
  const Dims d{dim};
  return flip(tenon::linear_recurrence(after(0, flip(cj(a), d), dim), flip(g, d), dim), d);
}

}  // namespace

Backward cumprod(const Tensor& x, int dim, const Tensor& y) {
  return [x = Saved(x, "cumprod"), y = Saved::output(y, "cumprod"), dim](In g) -> Grads {
    // dy[j] / dx[i] is the product before i times the product between i and j. Nothing is divided by a factor, which
    // may be 0.
    if (g.ndim() == 0 || g.numel() == 0) return {g};
    return {mul(cj(after(1, y.get(), dim)), backward_recurrence(x.get(), g, dim))};
  };
}
Backward linear_recurrence(const Tensor& a, int dim, const Tensor& y) {
  return [a = Saved(a, "linear_recurrence"), y = Saved::output(y, "linear_recurrence"), dim](In g) -> Grads {
    if (g.ndim() == 0 || g.numel() == 0) return {tenon::mul(g, 0), g};
    const Tensor r = backward_recurrence(a.get(), g, dim);
    return {mul(r, cj(after(0, y.get(), dim))), r};
  };
}
Backward softmax(int dim, const Tensor& y) {
  return [y = Saved::output(y, "softmax"), dim](In g) -> Grads {
    const Tensor p = y.get();
    return {mul(p, sub(g, sum(mul(g, p), Dims{dim}, true)))};
  };
}
Backward log_softmax(int dim, const Tensor& y) {
  return [y = Saved::output(y, "log_softmax"), dim](In g) -> Grads {
    return {sub(g, mul(exp(y.get()), sum(g, Dims{dim}, true)))};
  };
}
Backward matmul(const Tensor& x, const Tensor& z) {
  const bool nx = autograd::needs_grad(x), nz = autograd::needs_grad(z);
  // Each operand is kept only where the other needs it.
  return [x = nz ? Saved(x, "matmul") : Saved(), z = nx ? Saved(z, "matmul") : Saved(), nx, nz, dx = x.ndim(),
          dz = z.ndim()](In g) -> Grads {
    // A vector takes part as a matrix of one row (or column).
    Tensor gm = dz == 1 ? unsqueeze(g, {-1}) : g;
    if (dx == 1) gm = unsqueeze(gm, {-2});
    Grads out(2);
    if (nx) {
      const Tensor q = z.get();
      out[0] = tenon::matmul(gm, cj(swap(dz == 1 ? unsqueeze(q, {1}) : q)));
      // The engine adds up batches; a vector's extra dimension goes here.
      if (dx == 1) out[0] = squeeze(out[0], Dims{-2});
    }
    if (nz) {
      const Tensor p = x.get();
      Tensor pm = dx == 1 ? unsqueeze(p, {0}) : p;
      if (dx > 2 && dz <= 2) {
        // A stack times one matrix: the sum over the stack is part of a single product.
        const std::int64_t rows =
            std::accumulate(pm.shape().begin(), pm.shape().end() - 1, std::int64_t{1}, std::multiplies<>());
        pm = tenon::reshape(pm, {rows, pm.size(-1)});
        gm = tenon::reshape(gm, {rows, gm.size(-1)});
      }
      out[1] = tenon::matmul(cj(swap(pm)), gm);
      if (dz == 1) out[1] = squeeze(out[1], Dims{-1});
    }
    return out;
  };
}
Backward norm2(const Tensor& x, const Dims& axes, const Tensor& y) {
  return [x = Saved(x, "norm"), y = Saved::output(y, "norm"), axes](In g) -> Grads {
    const Tensor t = x.get(), n = restore(y.get(), t.shape(), axes);
    return {mul(restore(g, t.shape(), axes), where(eq(n, 0), 0, div(t, n)))};
  };
}

}  // namespace tenon::derive
