// The gradients of equations, inverses and determinants: M. Giles, "An extended collection of matrix derivative results
// for forward and reverse mode algorithmic differentiation" (2008), 2.2.2 to 2.2.4.
#include <cmath>
#include <limits>

#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"

namespace tenon::linalg::derive {
namespace {

using In = const Tensor&;
using tenon::derive::cj;
using tenon::derive::zeros_of;

Tensor product(In a, In b) { return tenon::matmul(a, b); }
Tensor identity(In like) { return eye(like.size(-1), {}, 0, like.dtype(), like.device()); }
Tensor for_matrices(In t) { return unsqueeze(t, {-2, -1}); }
double epsilon(DType d) {
  return itemsize(real_dtype(d)) == 4 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
}

// Which matrices have pivots so different in size that the inverse would have no digit left; bools (...).
Tensor nearly_singular(const Factors& f) {
  const NoGrad guard;
  const Tensor sizes = abs(tenon::diagonal(f.lu, 0, -2, -1));
  return le(amin(sizes, Dims{-1}),
            mul(amax(sizes, Dims{-1}), 10 * static_cast<double>(f.lu.size(-1)) * epsilon(f.lu.dtype())));
}

// The adjugate and the determinant of a small matrix by the recursion of Faddeev and LeVerrier: polynomials.
struct Polynomials {
  Tensor adjugate, det;
};
Polynomials faddeev_leverrier(In c) {
  const std::int64_t n = c.size(-1);
  Tensor m = identity(c), sum;
  for (std::int64_t k = 1;; ++k) {
    const Tensor p = product(c, m);
    sum = div(trace(p), static_cast<double>(-k));
    if (k == n) break;
    m = add(p, mul(identity(c), sum));
  }
  const double sign = n % 2 ? 1 : -1;
  return {mul(m, sign), mul(sum, -sign)};
}

// The adjugate of a nearly singular matrix. In the frame of its singular vectors, which are constants, it is a block of
// the large singular values, which has an inverse, and one of the small ones, whose Schur complement C is about 0:
// polynomials of C are exact there. So derivatives of all orders are those of the polynomial that a determinant is.
Tensor adjugate_of_singular(In a) {
  std::vector<Tensor> frame;
  std::int64_t large = 0;
  Tensor phase;
  {
    const NoGrad guard;
    frame = linalg::svd(a.detach(), false);
    const double bound = amax(frame[1]).item<double>() * std::sqrt(epsilon(a.dtype()));
    for (std::int64_t i = 0; i < frame[1].numel(); ++i) large += tenon::select(frame[1], 0, i).item<double>() > bound;
    phase = mul(linalg::det(frame[0]), linalg::det(frame[2]));
  }
  const Tensor uh = adjoint(frame[0]), v = adjoint(frame[2]), m = product(product(uh, a), v);
  const std::int64_t small = a.size(-1) - large;
  const auto block = [&](bool row, bool column) {
    return narrow(narrow(m, 0, row ? large : 0, row ? small : large), 1, column ? large : 0, column ? small : large);
  };
  Tensor adjugate;
  if (large == 0) {
    adjugate = faddeev_leverrier(m).adjugate;
  } else {
    const Tensor inverse = linalg::inv(block(false, false)), right = product(inverse, block(false, true)),
                 left = product(block(true, false), inverse);
    const Polynomials c = faddeev_leverrier(sub(block(true, true), product(left, block(false, true))));
    const Tensor corner = add(mul(inverse, c.det), product(product(right, c.adjugate), left));
    const Tensor top[] = {corner, neg(product(right, c.adjugate))},
                 bottom[] = {neg(product(c.adjugate, left)), c.adjugate};
    const Tensor rows[] = {tenon::cat(top, 1), tenon::cat(bottom, 1)};
    adjugate = mul(tenon::cat(rows, 0), linalg::det(block(false, false)));
  }
  return mul(product(product(v, adjugate), uh), phase);
}

// Matrix by matrix, as they need it.
Tensor adjugates(In a, In singular) {
  const std::int64_t n = a.size(-1);
  const Tensor all = tenon::reshape(a, {-1, n, n}), which = tenon::reshape(singular, {-1});
  std::vector<Tensor> out;
  for (std::int64_t i = 0; i < which.numel(); ++i) {
    const Tensor one = tenon::select(all, 0, i);
    out.push_back(tenon::select(which, 0, i).item<bool>() ? adjugate_of_singular(one)
                                                          : mul(linalg::inv(one), linalg::det(one)));
  }
  return tenon::reshape(tenon::stack(out), a.shape());
}

}  // namespace

Backward solve(const Tensor& a_, const Tensor& b_, const Tensor& x_, const Factors& f, bool adjoint) {
  const bool na = autograd::needs_grad(a_), nb = autograd::needs_grad(b_);
  return [a = Saved(a_, "solve"), x = na ? Saved::output(x_, "solve") : Saved(), f, adjoint, na, nb](In g) -> Grads {
    Grads out(2);
    const Tensor of_b = linalg::solve("linalg.solve", a.get(), f, g, !adjoint);
    if (nb) out[1] = of_b;
    if (na) {
      const Tensor solution = x.get();
      out[0] = neg(adjoint ? product(solution, linalg::adjoint(of_b)) : product(of_b, linalg::adjoint(solution)));
    }
    return out;
  };
}

Backward inv(const Tensor& y_) {
  return [y = Saved::output(y_, "inv")](In g) -> Grads {
    const Tensor turned = adjoint(y.get());
    return {neg(product(turned, product(g, turned)))};
  };
}

Backward det(const Tensor& a_, const Tensor& y_, const Factors& f) {
  return [a = Saved(a_, "det"), y = Saved::output(y_, "det"), f](In g) -> Grads {
    const Tensor A = a.get();
    if (A.numel() == 0) return {zeros_of(A.shape(), A)};
    const Tensor singular = nearly_singular(f);
    if (any(singular).item<bool>()) return {mul(adjoint(adjugates(A, singular)), for_matrices(g))};
    const Tensor scaled = mul(identity(A), for_matrices(mul(g, cj(y.get()))));
    return {linalg::solve("linalg.det", A, f, scaled, true)};
  };
}

BackwardOfMany slogdet(const Tensor& a_, const Tensor& sign_, const Factors& f) {
  return [a = Saved(a_, "slogdet"), sign = Saved::output(sign_, "slogdet", 0), f](std::span<const Tensor> gs) -> Grads {
    const Tensor A = a.get();
    if (A.numel() == 0) return {zeros_of(A.shape(), A)};
    Tensor g = gs[1];
    if (is_complex(A.dtype()) && gs[0].defined()) {
      const Tensor turn = mul(imag(mul(conj(gs[0]), sign.get())), complex128(0, -1));
      g = g.defined() ? add(g, turn) : turn;
    }
    if (!g.defined()) return {zeros_of(A.shape(), A)};  // the sign of a real determinant is constant
    return {linalg::solve("linalg.slogdet", A, f, mul(identity(A), for_matrices(g)), true)};
  };
}

}  // namespace tenon::linalg::derive
