// Norms by NumPy's choice, and powers of matrices.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/linalg.h"
#include "tenon/ops.h"

namespace tenon::linalg {
namespace {

// The two dimensions of the matrices, from 0 on.
Dims matrix_axes(const char* op, const Tensor& t, const Dims& dims) {
  const Dims axes = normalize_axes(op, dims, t.ndim());
  if (axes.size() != 2) errors::fail(op, "two dimensions are needed, those of the matrices; got ", dims);
  return axes;
}

// A function of the singular values, which are the last dimension.
template <class F>
Tensor of_singular_values(const Tensor& t, const Dims& axes, bool keepdim, F&& f) {
  Tensor r = f(svdvals(movedim(t, axes, {-2, -1})));
  if (!keepdim) return r;
  Dims places = axes;
  std::sort(places.begin(), places.end());
  return unsqueeze(r, places);
}

}  // namespace

Tensor matrix_norm(const Tensor& t, const NormOrder& ord, const Dims& dims, bool keepdim) {
  static constexpr const char* kOp = "linalg.matrix_norm";
  const Dims axes = matrix_axes(kOp, t, dims);
  const auto* name = std::get_if<std::string>(&ord);
  const auto* number = std::get_if<double>(&ord);
  if (name ? *name == "fro" : !number) return tenon::norm(t, 2, axes, keepdim);
  if (name && *name == "nuc")
    return of_singular_values(t, axes, keepdim, [](const Tensor& s) { return sum(s, Dims{-1}); });
  const double size = number ? std::abs(*number) : 0;
  const auto extreme = [&](const Tensor& values, int axis, bool keep) {
    if (*number < 0) return amin(values, Dims{axis}, keep);
    return values.numel() ? amax(values, Dims{axis}, keep) : sum(values, Dims{axis}, keep);  // 0 of none
  };
  if (size == 2) return of_singular_values(t, axes, keepdim, [&](const Tensor& s) { return extreme(s, -1, false); });
  if (size == 1 || std::isinf(size)) {
    const int summed = size == 1 ? 0 : 1;  // 1: the sums of columns; infinity: those of rows
    const Tensor sums = tenon::norm(t, 1, Dims{axes[summed]}, true);
    const Tensor r = extreme(sums, static_cast<int>(axes[1 - summed]), true);
    return keepdim ? r : squeeze(r, axes);
  }
  static constexpr const char* kKnown = "ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2 for matrices; got ";
  if (name) errors::fail(kOp, kKnown, "'", *name, "'");
  errors::fail(kOp, kKnown, *number);
}

Tensor norm(const Tensor& t, const NormOrder& ord, const Axes& dims, bool keepdim) {
  static constexpr const char* kOp = "linalg.norm";
  const bool plain = std::holds_alternative<std::monostate>(ord);
  const Dims axes = normalize_axes(kOp, dims, t.ndim());
  if (plain && !dims) return tenon::norm(t, 2, {}, keepdim);
  const auto* name = std::get_if<std::string>(&ord);
  if (axes.size() == 2) return matrix_norm(t, name && *name == "f" ? NormOrder("fro") : ord, axes, keepdim);
  if (axes.size() != 1) errors::fail(kOp, "one or two axes are needed; got ", axes);
  if (name) errors::fail(kOp, "ord '", *name, "' is for matrices, not for vectors");
  return tenon::norm(t, plain ? 2 : std::get<double>(ord), axes, keepdim);
}

Tensor matrix_power(const Tensor& t, std::int64_t n) {
  static constexpr const char* kOp = "linalg.matrix_power";
  if (t.ndim() < 2 || t.size(-1) != t.size(-2))
    errors::fail<ShapeError>(kOp, "the matrices must be square; got shape ", t.shape());
  if (n == std::numeric_limits<std::int64_t>::min()) errors::fail(kOp, "n is too large; got ", n);
  if (n < 0) return matrix_power(inv(t), -n);
  if (n == 0) {
    const Tensor one = expand(eye(t.size(-1), {}, 0, t.dtype(), t.device()), t.shape());
    // The gradient is 0, and is there.
    return autograd::needs_grad(t) ? where(zeros(t.shape(), DType::bool_, t.device()), t, one) : one.clone();
  }
  // By squaring: t**1, t**2, t**4, ...
  Tensor result, square = t;
  for (std::int64_t left = n; left > 0; left >>= 1) {
    if (left & 1) result = result.defined() ? matmul(result, square) : square;
    if (left > 1) square = matmul(square, square);
  }
  return result;
}

}  // namespace tenon::linalg
