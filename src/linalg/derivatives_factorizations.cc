// The gradients of factorizations of matrices. Cholesky: I. Murray, "Differentiation of the Cholesky decomposition"
// (2016). QR: D. Roberts and L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide, and
// deep matrices and their software implementation" (2020). Eigenvalues of any matrix: C. Boeddeker et al., "On the
// computation of complex-valued gradients with application to statistically optimum beamforming" (2017), (4.77). The
// pseudoinverse: G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems"
// (1973). The exponential: N. Higham, "Functions of Matrices" (2008), (3.16).
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
Tensor by_triangle(In a, In b, const Triangle& t) {
  return linalg::solve_triangular("linalg.solve_triangular", a, b, t);
}
// b a^{-H} for triangular a.
Tensor divided(In b, In a, const Triangle& t) { return adjoint(by_triangle(a, adjoint(b), t)); }
// The Hermitian matrix whose upper triangle t has; the imaginary part of its diagonal goes.
Tensor mirrored(In t) { return mul(add(t, adjoint(t)), sub(1, mul(to(identity(t), real_dtype(t.dtype())), 0.5))); }

// Of the pseudoinverse p of a, by its own gradient.
Tensor of_pinv(In g, In p, In a) {
  const Tensor ph = adjoint(p), gh = adjoint(g), left = product(gh, p), right = product(p, gh);
  // The parts that leave the column space and the row space.
  const Tensor out = sub(product(left, ph), product(a, product(p, product(left, ph))));
  const Tensor turned = product(ph, right);
  return add(sub(out, product(ph, product(g, ph))), sub(turned, product(product(turned, p), a)));
}

}  // namespace

Backward solve_triangular(const Tensor& a_, const Tensor& b_, const Tensor& x_, const Triangle& t) {
  const bool na = autograd::needs_grad(a_), nb = autograd::needs_grad(b_);
  return [a = Saved(a_, "solve_triangular"), x = na ? Saved::output(x_, "solve_triangular") : Saved(), t, na,
          nb](In g) -> Grads {
    Grads out(2);
    const Tensor of_b = by_triangle(a.get(), g, {t.upper, t.unit, !t.adjoint});
    if (nb) out[1] = of_b;
    if (na) {
      const Tensor solution = x.get();
      const Tensor of_a = neg(t.adjoint ? product(solution, adjoint(of_b)) : product(of_b, adjoint(solution)));
      out[0] = t.upper ? triu(of_a, t.unit) : tril(of_a, t.unit ? -1 : 0);
    }
    return out;
  };
}

Backward cholesky(const Tensor& l_) {
  return [l = Saved::output(l_, "cholesky")](In g) -> Grads {
    const Tensor L = l.get(), inner = mul(mirrored(adjoint(tril(product(adjoint(L), g)))), 0.5);
    const Triangle lower{false, false, true};
    return {by_triangle(L, adjoint(by_triangle(L, inner, lower)), lower)};
  };
}

BackwardOfMany qr(const Tensor& q_, const Tensor& r_) {
  return [q = Saved::output(q_, "qr", 0), r = Saved::output(r_, "qr", 1)](std::span<const Tensor> gs) -> Grads {
    const Tensor all_q = q.get(), all_r = r.get();
    const std::int64_t m = all_q.size(-2), n = all_r.size(-1), k = std::min(m, n);
    if (all_q.size(-1) > k && gs[0].defined())
      errors::fail<GradError>("qr", "the columns that mode='complete' adds have no gradient; use mode='reduced'");
    const Tensor Q = narrow(all_q, -1, 0, k), R = narrow(all_r, -2, 0, k), R1 = narrow(R, -1, 0, k);
    Tensor gq = gs[0], gr = gs[1].defined() ? triu(narrow(gs[1], -2, 0, k)) : Tensor(), rest;
    if (n > k && gr.defined()) {  // the columns that Q does not come from are Q times theirs of R
      const Tensor g2 = narrow(gr, -1, k, n - k);
      rest = product(Q, g2);
      const Tensor more = product(Q, product(narrow(R, -1, k, n - k), adjoint(g2)));
      gq = gq.defined() ? add(gq, more) : more;
      gr = narrow(gr, -1, 0, k);
    }
    Tensor inner;
    if (gr.defined()) inner = product(gr, adjoint(R1));
    if (gq.defined()) {
      const Tensor turned = product(adjoint(Q), gq);
      inner = inner.defined() ? sub(inner, turned) : neg(turned);
    }
    Tensor out = product(Q, mirrored(triu(inner)));
    if (gq.defined()) out = add(out, gq);
    out = divided(out, R1, {true, false, false});
    if (n > k) {
      const Tensor parts[] = {out, rest.defined() ? rest : zeros_of(batch(out, {m, n - k}), out)};
      out = tenon::cat(parts, -1);
    }
    return {out};
  };
}

BackwardOfMany eig(const Tensor& w_, const Tensor& v_, DType dtype) {
  return
      [w = Saved::output(w_, "eig", 0), v = Saved::output(v_, "eig", 1), dtype](std::span<const Tensor> gs) -> Grads {
        const Tensor V = v.get(), vh = adjoint(V);
        Tensor inner;
        if (gs[1].defined()) {
          const Tensor W = conj(w.get()), turned = product(vh, gs[1]);
          const Tensor lengths = real(tenon::diagonal(turned, 0, -2, -1));
          const Tensor off = sub(turned, product(vh, mul(V, unsqueeze(lengths, {-2}))));
          const Tensor gaps = add(sub(unsqueeze(W, {-2}), unsqueeze(W, {-1})), identity(V));
          inner = div(mul(off, sub(1, identity(V))), gaps);
        }
        if (gs[0].defined()) {
          const Tensor diagonal = mul(identity(V), unsqueeze(gs[0], {-1}));
          inner = inner.defined() ? add(inner, diagonal) : diagonal;
        }
        const Tensor out = linalg::solve(vh, product(inner, vh));
        return {is_complex(dtype) ? out : real(out)};
      };
}

BackwardOfMany lu_factor(const Tensor& lu_, const Tensor& pivots) {
  return [lu = Saved::output(lu_, "lu_factor", 0), pivots](std::span<const Tensor> gs) -> Grads {
    const Tensor f = lu.get(), g = gs[0];
    const std::int64_t m = f.size(-2), n = f.size(-1), k = std::min(m, n);
    const auto part = [k](In t, bool row, bool column) {
      const Tensor rows = narrow(t, -2, row ? k : 0, row ? t.size(-2) - k : k);
      return narrow(rows, -1, column ? k : 0, column ? t.size(-1) - k : k);
    };
    const Tensor f1 = part(f, false, false), l = add(tril(f1, -1), identity(f1)), u = triu(f1);
    const Tensor g1 = part(g, false, false);
    Tensor of_l = product(adjoint(l), tril(g1, -1)), of_u = product(triu(g1), adjoint(u));
    const Triangle upper{true, false, false}, unit_lower{false, true, true};
    Tensor other;
    if (n > k) {
      of_l = sub(of_l, product(part(g, false, true), adjoint(part(f, false, true))));
      other = by_triangle(f1, part(g, false, true), unit_lower);
    } else if (m > k) {
      of_u = sub(of_u, product(adjoint(part(f, true, false)), part(g, true, false)));
      other = divided(part(g, true, false), f1, upper);
    }
    Tensor out = by_triangle(f1, divided(add(tril(of_l, -1), triu(of_u)), f1, upper), unit_lower);
    if (other.defined()) {
      const Tensor parts[] = {out, other};
      out = tenon::cat(parts, n > k ? -1 : -2);
    }
    // Row i of it belongs to the row that was swapped there.
    const Tensor rows = argsort(rows_of_pivots(pivots, m), -1);
    return {take_along_dim(out, unsqueeze(rows, {-1}), -2)};
  };
}

Backward pinv(const Tensor& a_, const Tensor& p_, bool hermitian) {
  return [a = Saved(a_, "pinv"), p = Saved::output(p_, "pinv"), hermitian](In g) -> Grads {
    const Tensor A = a.get();
    if (!hermitian) return {of_pinv(g, p.get(), A)};
    const Tensor out = of_pinv(g, p.get(), add(tril(A), adjoint(tril(A, -1))));  // what was read
    return {mul(add(out, adjoint(out)), 0.5)};
  };
}

Backward lstsq(const Tensor& a_, const Tensor& b_, double rcond) {
  const bool na = autograd::needs_grad(a_), nb = autograd::needs_grad(b_);
  return [a = Saved(a_, "lstsq"), b = na ? Saved(b_, "lstsq") : Saved(), rcond, na, nb](In g) -> Grads {
    Grads out(2);
    const Tensor A = a.get(), p = linalg::pinv(A, {{}, full({}, rcond, DType::float64)});
    if (nb) out[1] = product(adjoint(p), g);
    if (na) out[0] = of_pinv(product(g, adjoint(b.get())), p, A);
    return out;
  };
}

Backward matrix_exp(const Tensor& a_) {
  return [a = Saved(a_, "matrix_exp")](In g) -> Grads {
    const Tensor ah = adjoint(a.get());
    const std::int64_t n = ah.size(-1);
    if (ah.numel() == 0) return {zeros_of(ah.shape(), ah)};
    // It is linear in g: of size 1, g does not make the block matrix be scaled more than a needs.
    Tensor size;
    {
      const NoGrad guard;
      size = amax(abs(g.detach()), Dims{-2, -1}, true);
      size = where(gt(size, 0), size, 1);
    }
    const Tensor top[] = {ah, div(g, size)}, bottom[] = {zeros_of(ah.shape(), ah), ah};
    const Tensor rows[] = {tenon::cat(top, -1), tenon::cat(bottom, -1)};
    return {mul(narrow(narrow(linalg::matrix_exp(tenon::cat(rows, -2)), -2, 0, n), -1, n, n), size)};
  };
}

}  // namespace tenon::linalg::derive
