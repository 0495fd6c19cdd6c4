// PyTorch's products of matrices: their shapes are checked here, matmul computes.
#include <cstddef>
#include <limits>

#include "core/errors.h"
#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

void need_ndim(const char* op, const Tensor& t, int ndim, const char* wanted) {
  if (t.ndim() != ndim) errors::wrong_ndim(op, t.ndim(), wanted);
}
void need_matrices(const char* op, const Tensor& a, const Tensor& b) {
  need_ndim(op, a, 2, "two matrices (matmul broadcasts)");
  need_ndim(op, b, 2, "two matrices (matmul broadcasts)");
  if (a.shape()[1] != b.shape()[0]) errors::matmul_mismatch(op, a.shape(), b.shape());
}
void need_stacks(const char* op, const Tensor& a, const Tensor& b) {
  need_ndim(op, a, 3, "two stacks of matrices (matmul broadcasts)");
  need_ndim(op, b, 3, "two stacks of matrices (matmul broadcasts)");
  if (a.shape()[0] != b.shape()[0] || a.shape()[2] != b.shape()[1]) errors::matmul_mismatch(op, a.shape(), b.shape());
}

bool is_number(const Scalar& s, double value) { return !s.is_complex() && s.to<double>() == value; }

// beta * input + alpha * product(a, b), in the promoted dtype of the three.
template <class Product>
Tensor plus(const char* op, const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta,
            const Scalar& alpha, Product product) {
  const DType d = promote(promote(a.dtype(), b.dtype()), input.dtype());
  for (const Scalar& s : {alpha, beta})
    if (!s.keeps_kind(d)) errors::number_loses_kind(op, s, d);
  const bool scaled = !is_number(alpha, 1) || !is_number(beta, 0);
  Tensor r = scaled ? product(widened(a), widened(b)) : product(a, b);
  if (!is_number(alpha, 1)) r = mul(r, alpha);
  if (!is_number(beta, 0)) {
    const Tensor given = expand(widened(input), r.shape());
    r = add(is_number(beta, 1) ? given : mul(given, beta), r);
  } else {
    expand(input, r.shape());  // its shape has to fit all the same
  }
  return to(r, d);
}

// The cheapest splits of the chains i..k, by dynamic programming (Godbole 1973).
struct Splits {
  std::vector<std::vector<double>> cost;
  std::vector<std::vector<std::size_t>> at;
};
Splits cheapest(const std::vector<double>& sizes) {
  const std::size_t n = sizes.size() - 1;
  Splits s{{n, std::vector<double>(n, 0)}, {n, std::vector<std::size_t>(n, 0)}};
  for (std::size_t length = 1; length < n; ++length) {
    for (std::size_t i = 0; i + length < n; ++i) {
      const std::size_t k = i + length;
      s.cost[i][k] = std::numeric_limits<double>::infinity();
      for (std::size_t m = i; m < k; ++m) {
        const double cost = s.cost[i][m] + s.cost[m + 1][k] + sizes[i] * sizes[m + 1] * sizes[k + 1];
        if (cost >= s.cost[i][k]) continue;
        s.cost[i][k] = cost;
        s.at[i][k] = m;
      }
    }
  }
  return s;
}
Tensor chain(std::span<const Tensor> ts, const Splits& s, std::size_t i, std::size_t k) {
  if (i == k) return ts[i];
  const std::size_t m = s.at[i][k];
  return matmul(chain(ts, s, i, m), chain(ts, s, m + 1, k));
}

}  // namespace

Tensor mm(const Tensor& a, const Tensor& b) {
  need_matrices("mm", a, b);
  return matmul(a, b);
}
Tensor bmm(const Tensor& a, const Tensor& b) {
  need_stacks("bmm", a, b);
  return matmul(a, b);
}

Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  need_matrices("addmm", a, b);
  return plus("addmm", input, a, b, beta, alpha, matmul);
}
Tensor addmv(const Tensor& input, const Tensor& a, const Tensor& x, const Scalar& beta, const Scalar& alpha) {
  need_ndim("addmv", a, 2, "a matrix and a vector");
  need_ndim("addmv", x, 1, "a matrix and a vector");
  if (a.shape()[1] != x.shape()[0]) errors::matmul_mismatch("addmv", a.shape(), x.shape());
  return plus("addmv", input, a, x, beta, alpha, matmul);
}
Tensor addr(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  need_ndim("addr", a, 1, "two vectors");
  need_ndim("addr", b, 1, "two vectors");
  return plus("addr", input, a, b, beta, alpha, outer);
}
Tensor addbmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  need_stacks("addbmm", a, b);
  // The sum over the stack is one product of matrices side by side.
  const auto summed = [](const Tensor& x, const Tensor& y) {
    const std::int64_t n = x.shape()[0], m = x.shape()[1], k = x.shape()[2];
    return matmul(reshape(permute(x, {1, 0, 2}), {m, n * k}), reshape(y, {n * k, y.shape()[2]}));
  };
  return plus("addbmm", input, a, b, beta, alpha, summed);
}
Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta, const Scalar& alpha) {
  need_stacks("baddbmm", a, b);
  return plus("baddbmm", input, a, b, beta, alpha, matmul);
}

Tensor multi_dot(std::span<const Tensor> ts) {
  if (ts.empty()) errors::fail("multi_dot", "it takes one matrix or more; got none");
  std::vector<Tensor> chained(ts.begin(), ts.end());
  const std::size_t n = ts.size();
  for (std::size_t i = 0; i < n; ++i) {
    const bool may_be_vector = (i == 0 || i == n - 1) && ts[i].ndim() == 1;
    if (!may_be_vector) need_ndim("multi_dot", ts[i], 2, "matrices (the first and the last may be vectors)");
  }
  if (n == 1) return ts[0];
  if (ts[0].ndim() == 1) chained[0] = unsqueeze(ts[0], {0});
  if (ts[n - 1].ndim() == 1) chained[n - 1] = unsqueeze(ts[n - 1], {1});
  std::vector<double> sizes;
  for (std::size_t i = 0; i < n; ++i) {
    sizes.push_back(static_cast<double>(chained[i].shape()[0]));
    if (i + 1 < n && chained[i].shape()[1] != chained[i + 1].shape()[0])
      errors::matmul_mismatch("multi_dot", ts[i].shape(), ts[i + 1].shape());
  }
  sizes.push_back(static_cast<double>(chained[n - 1].shape()[1]));
  DType d = ts[0].dtype();
  for (const Tensor& t : ts) d = promote(d, t.dtype());
  if (n > 2)
    for (Tensor& t : chained) t = widened(t);
  Tensor r = to(chain(chained, cheapest(sizes), 0, n - 1), d);
  if (ts[n - 1].ndim() == 1) r = squeeze(r, Dims{-1});
  if (ts[0].ndim() == 1) r = squeeze(r, Dims{0});
  return r;
}

}  // namespace tenon
