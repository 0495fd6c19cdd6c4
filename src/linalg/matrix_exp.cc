// The exponential of matrices by Pade's approximation of degree 3 to 13 and squaring: N. Higham, "The scaling and squaring
// method for the matrix exponential revisited" (2005), algorithm 2.3.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "linalg/derivatives.h"
#include "core/errors.h"
#include "linalg/support.h"
#include "tenon/autograd.h"

namespace tenon::linalg {
namespace {

// The largest 1-norm for which the degree is exact to float64's precision (Higham, table 2.3).
struct Degree {
  int m;
  double bound;
};
constexpr Degree kDegrees[] = {{3, 1.495585217958292e-2},
                               {5, 2.539398330063230e-1},
                               {7, 9.504178996162932e-1},
                               {9, 2.097847961257068e0},
                               {13, 5.371920351148152e0}};

// b[j] = (2m - j)! m! / ((2m)! (m - j)! j!)
std::vector<double> coefficients(int m) {
  std::vector<double> b{1};
  for (int j = 1; j <= m; ++j) b.push_back(b.back() * (m - j + 1) / (static_cast<double>(2 * m - j + 1) * j));
  return b;
}

// p(A) / p(-A), with the odd part u and the even part v of p.
Tensor pade(const Tensor& a, int m) {
  const std::vector<double> b = coefficients(m);
  const Tensor one = eye(a.size(-1), {}, 0, a.dtype()), square = matmul(a, a);
  const auto c = [&](int i) { return b[static_cast<std::size_t>(i)]; };
  Tensor u, v;
  if (m < 13) {
    u = mul(one, c(1));
    v = mul(one, c(0));
    Tensor power = square;
    for (int i = 2; i < m; i += 2) {
      v = add(v, mul(power, c(i)));
      u = add(u, mul(power, c(i + 1)));
      if (i + 2 < m) power = matmul(power, square);
    }
  } else {
    const Tensor fourth = matmul(square, square), sixth = matmul(fourth, square);
    const auto sum = [&](int i) { return add(add(mul(sixth, c(i + 4)), mul(fourth, c(i + 2))), mul(square, c(i))); };
    u = add(add(matmul(sixth, sum(9)), sum(3)), mul(one, c(1)));
    v = add(add(matmul(sixth, sum(8)), sum(2)), mul(one, c(0)));
  }
  u = matmul(a, u);
  const Tensor below = sub(v, u);
  return solve("linalg.matrix_exp", below, factorize("linalg.matrix_exp", below), add(v, u), false);
}

Tensor exponential(const Tensor& a) {
  const Tensor norms = matrix_norm(a, 1.0);
  const double largest = amax(where(isfinite(norms), norms, 0)).item<double>();
  for (const Degree& d : kDegrees)
    if (largest <= d.bound) return pade(a, d.m);
  // Each matrix is halved as often as it needs: more would cost digits.
  const double bound = kDegrees[4].bound;
  const Tensor halvings = where(isfinite(norms), maximum(ceil(log2(div(norms, bound))), 0), 0);
  const Tensor scaled = mul(a, to(unsqueeze(exp2(neg(halvings)), {-2, -1}), norms.dtype()));
  Tensor r = pade(scaled, 13);
  const int most = static_cast<int>(amax(halvings).item<double>());
  const bool alike = amin(halvings).item<double>() == most;
  for (int i = 0; i < most; ++i) {
    const Tensor squared = matmul(r, r);
    r = alike ? squared : where(unsqueeze(gt(halvings, i), {-2, -1}), squared, r);
  }
  return r;
}

}  // namespace

Tensor matrix_exp(const Tensor& a) {
  constexpr const char* op = "linalg.matrix_exp";
  const Tensor t = checked(op, a);
  check_square(op, t);
  Tensor y;
  {
    const NoGrad guard;
    y = t.numel() == 0 ? clone(t.detach()) : exponential(t.detach());
  }
  if (autograd::needs_grad(t)) autograd::attach(y, "matrix_exp", {&t, 1}, derive::matrix_exp(t));
  return y;
}

}  // namespace tenon::linalg
