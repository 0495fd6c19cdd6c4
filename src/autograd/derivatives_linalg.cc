// The gradients of decompositions of matrices. Of eigh: M. Giles, "Collected matrix derivative results for forward and
// reverse mode algorithmic differentiation" (2008), 3.1. Of svd: J. Townsend, "Differentiating the singular value
// decomposition" (2016); its complex part as in PyTorch's svd_backward.
#include "autograd/derivatives.h"
#include "core/errors.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::derive {
namespace {

using In = const Tensor&;

Tensor product(In a, In b) { return tenon::matmul(a, b); }
Tensor adjoint(In t) { return cj(mT(t)); }
Tensor row(In t) { return unsqueeze(t, {-2}); }
Tensor column(In t) { return unsqueeze(t, {-1}); }
// The unit matrix of like's size, dtype and device.
Tensor identity(In like) { return eye(like.size(-1), {}, 0, like.dtype(), like.device()); }
// x[j] - x[i], and 1 on the diagonal, where nothing is to be divided.
Tensor differences(In x) { return add(sub(row(x), column(x)), identity(x)); }
Tensor skew(In t) { return sub(t, adjoint(t)); }

}  // namespace

BackwardOfMany eigh(const Tensor& w, const Tensor& v) {
  return [w = Saved::output(w, "eigh", 0), v = Saved::output(v, "eigh", 1)](std::span<const Tensor> gs) -> Grads {
    const Tensor vectors = v.get();
    Tensor inner;
    if (gs[1].defined()) {
      const Tensor values = w.get(), turned = product(adjoint(vectors), gs[1]);
      // Half of it, since only this part of the vectors' gradient turns them.
      const Tensor off = mul(sub(1, identity(values)), 0.5);
      inner = div(mul(skew(turned), off), differences(values));
    }
    if (gs[0].defined()) {
      const Tensor diagonal = mul(identity(gs[0]), column(gs[0]));
      inner = inner.defined() ? add(inner, diagonal) : to(diagonal, vectors.dtype());
    }
    return {product(product(vectors, inner), adjoint(vectors))};
  };
}

BackwardOfMany svd(const Tensor& u_, const Tensor& s_, const Tensor& vh_) {
  return [u = Saved::output(u_, "svd", 0), s = Saved::output(s_, "svd", 1),
          vh = Saved::output(vh_, "svd", 2)](std::span<const Tensor> gs) -> Grads {
    const Tensor S = s.get(), all_u = u.get(), all_vh = vh.get();
    const std::int64_t m = all_u.size(-2), n = all_vh.size(-1), k = S.size(-1);
    if (k == 0) {
      Dims shape = all_u.shape();
      shape[shape.size() - 1] = n;
      return {zeros_of(shape, all_u)};
    }
    if ((gs[0].defined() && all_u.size(-1) > k) || (gs[2].defined() && all_vh.size(-2) > k))
      errors::fail<GradError>("svd", "the vectors of full_matrices=True have no gradient; use full_matrices=False");
    const Tensor U = narrow(all_u, -1, 0, k), Vh = narrow(all_vh, -2, 0, k);
    Tensor inner;
    if (gs[0].defined() || gs[2].defined()) {
      const Tensor E = sub(add(square(row(S)), identity(S)), square(column(S)));
      Tensor of_u, of_v;
      if (gs[0].defined()) of_u = mul(skew(product(adjoint(U), gs[0])), row(S));
      if (gs[2].defined()) of_v = mul(column(S), skew(product(Vh, adjoint(gs[2]))));
      inner = div(of_u.defined() && of_v.defined() ? add(of_u, of_v) : of_u.defined() ? of_u : of_v, E);
      if (is_complex(U.dtype())) {
        // The phases of a pair of vectors are free together: what is left on the diagonal is that of U alone.
        inner = mul(inner, sub(1, identity(S)));
        if (gs[0].defined())
          inner = add(inner, mul(identity(S), div(skew(product(adjoint(U), gs[0])), mul(column(S), 2))));
      }
    }
    if (gs[1].defined()) {
      const Tensor diagonal = mul(identity(gs[1]), column(gs[1]));
      inner = inner.defined() ? add(inner, diagonal) : to(diagonal, U.dtype());
    }
    Tensor out = product(product(U, inner), Vh);
    if (m > k && gs[0].defined()) {  // what turns the columns of U out of their space
      const Tensor t = div(gs[0], row(S));
      out = add(out, product(sub(t, product(U, product(adjoint(U), t))), Vh));
    }
    if (n > k && gs[2].defined()) {
      const Tensor t = div(gs[2], column(S));
      out = add(out, product(U, sub(t, product(product(t, adjoint(Vh)), Vh))));
    }
    return {out};
  };
}

}  // namespace tenon::derive
