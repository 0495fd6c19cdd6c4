// Distances: of many pairs by a matrix product, whose rounding is mended where distances are short.
#include "tenon/ops/distance.h"

#include <algorithm>

#include "autograd/derivatives.h"
#include "ops/composing.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr std::int64_t kMany = 25;            // rows from which on a product is faster, as in PyTorch
constexpr std::int64_t kElements = 1 << 20;   // of differences at once
constexpr double kShort = 1.0 / 32;  // of the sum of both squares: less keeps fewer than 5 bits less than the dtype

Tensor rows(const Tensor& t, std::int64_t from, std::int64_t n) { return narrow(t, -2, from, n); }

// Some rows at a time, so that the differences stay in the cache.
Tensor by_differences(const Tensor& a, const Tensor& b, double p) {
  const std::int64_t n = a.size(-2), each = std::max<std::int64_t>(1, b.numel());
  const std::int64_t step = std::max<std::int64_t>(1, kElements / each);
  const Tensor others = unsqueeze(b, {-3});
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i == 0 || i < n; i += step) {
    const Tensor some = unsqueeze(rows(a, i, std::min(step, n - i)), {-2});
    parts.push_back(norm(sub(some, others), p, Dims{-1}));
  }
  return parts.size() == 1 ? parts[0] : cat(parts, -2);
}

// The distances at these places of y (batches, P, R).
void form_again(Tensor& y, const Tensor& places, const Tensor& a, const Tensor& b) {
  const std::int64_t p = a.size(-2), r = b.size(-2), m = a.size(-1), n = places.numel();
  const Tensor left = reshape(a, {-1, m}), right = reshape(b, {-1, m});
  Tensor flat = reshape(y, {-1});
  const std::int64_t step = std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, m));
  for (std::int64_t i = 0; i < n; i += step) {
    const Tensor at = narrow(places, 0, i, std::min(step, n - i));
    const Tensor row = floor_divide(at, r), column = add(mul(floor_divide(at, p * r), r), remainder(at, r));
    const Index to[] = {at};
    index_put_(flat, to, norm(sub(index_select(left, 0, row), index_select(right, 0, column)), 2, Dims{-1}));
  }
}

// a and b have the same batches, and p is 2.
Tensor by_products(const Tensor& a, const Tensor& b, bool mend) {
  const Tensor squares = add(unsqueeze(sum(square(a), Dims{-1}), {-1}), unsqueeze(sum(square(b), Dims{-1}), {-2}));
  const Tensor left = sub(squares, mul(matmul(a, mT(b)), 2));
  Tensor y = contiguous(sqrt(maximum(left, 0)));
  if (!mend) return y;
  const Tensor places = positions_of(reshape(lt(left, mul(squares, kShort)), {-1}));
  if (places.numel() > y.numel() / 8) return by_differences(a, b, 2);
  form_again(y, places, a, b);
  return y;
}

Backward of_distances(const Tensor& a, const Tensor& b, const Tensor& y) {
  return [a = Saved(a, "cdist"), b = Saved(b, "cdist"), y = Saved::output(y, "cdist")](const Tensor& g) -> Grads {
    const Tensor x1 = a.get(), x2 = b.get(), distances = y.get(), far = gt(distances, 0);
    const Tensor each = where(far, div(g, where(far, distances, 1)), 0);
    return {sub(mul(x1, sum(each, Dims{-1}, true)), matmul(each, x2)),
            sub(mul(x2, mT(sum(each, Dims{-2}, true))), matmul(mT(each), x1))};
  };
}

Tensor distances(const Tensor& x1, const Tensor& x2, double p, Euclidean how) {
  const bool many = x1.size(-2) > kMany || x2.size(-2) > kMany;
  if (p != 2 || how == Euclidean::differences || (how == Euclidean::products_if_many && !many))
    return by_differences(x1, x2, p);
  // A gradient for each batch: what broadcasts is repeated first.
  Dims of_x1 = x1.shape(), of_x2 = x2.shape();
  of_x1[of_x1.size() - 2] = of_x2[of_x2.size() - 2] = 1;
  const Dims shape = broadcast_shapes("cdist", of_x1, of_x2);
  of_x1 = of_x2 = shape;
  of_x1[shape.size() - 2] = x1.size(-2);
  of_x2[shape.size() - 2] = x2.size(-2);
  const Tensor inputs[] = {expand(x1, of_x1), expand(x2, of_x2)};
  Tensor y;
  {
    NoGrad guard;
    y = by_products(contiguous(inputs[0]), contiguous(inputs[1]), how != Euclidean::products);
  }
  if (autograd::needs_grad(inputs[0]) || autograd::needs_grad(inputs[1]))
    autograd::attach(y, "cdist", inputs, of_distances(inputs[0], inputs[1], y));
  return y;
}

}  // namespace

Euclidean euclidean(const std::string& name) {
  if (name == "use_mm_for_euclid_dist_if_necessary") return Euclidean::products_if_many;
  if (name == "use_mm_for_euclid_dist") return Euclidean::products;
  if (name == "donot_use_mm_for_euclid_dist") return Euclidean::differences;
  errors::fail("cdist",
               "compute_mode is 'use_mm_for_euclid_dist_if_necessary', 'use_mm_for_euclid_dist' or "
               "'donot_use_mm_for_euclid_dist'; got '",
               name, "'");
}

Tensor cdist(const Tensor& a, const Tensor& b, double p, Euclidean how) {
  constexpr const char* op = "cdist";
  if (a.ndim() < 2 || b.ndim() < 2 || a.size(-1) != b.size(-1))
    errors::fail<ShapeError>(op, "rows of one length are needed, shapes (..., P, M) and (..., R, M); got ", a.shape(),
                             " and ", b.shape());
  if (!(p >= 0)) errors::fail(op, "p must not be negative; got ", p);
  const DType d = promote(fractional(a).dtype(), fractional(b).dtype());
  const Tensor x1 = to(a, d), x2 = to(b, d);
  errors::check_real(op, x1);
  return rounded(distances(widened(x1), widened(x2), p, how), d);
}

Tensor dist(const Tensor& a, const Tensor& b, double p) { return norm(sub(a, b), p); }

Tensor renorm(const Tensor& t, double p, std::int64_t dim, double limit) {
  constexpr const char* op = "renorm";
  const int d = normalize_axis(op, dim, t.ndim());
  if (t.ndim() < 2) errors::wrong_ndim(op, t.ndim(), "at least 2 dimensions");
  if (!(p > 0)) errors::fail(op, "p must be positive; got ", p);
  if (!(limit >= 0)) errors::fail(op, "maxnorm must not be negative; got ", limit);
  if (!is_differentiable(t.dtype())) errors::dtype_not_supported(op, t.dtype(), "floating and complex numbers");
  Dims others;
  for (int i = 0; i < t.ndim(); ++i)
    if (i != d) others.push_back(i);
  const Tensor x = widened(t), size = norm(x, p, others, true);
  // As in PyTorch: 1e-7 keeps the quotient of sizes that are just above the limit from rounding up.
  return rounded(mul(x, where(gt(size, limit), div(limit, add(size, 1e-7)), 1)), t.dtype());
}

}  // namespace tenon
