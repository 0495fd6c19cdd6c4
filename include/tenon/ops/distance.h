// Distances between vectors.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <string>

#include "tenon/tensor.h"

namespace tenon {

// How cdist() forms Euclidean distances: from the differences, or from a matrix product where that is faster.
enum class Euclidean { differences, products, products_if_many };
// By PyTorch's name of it: "use_mm_for_euclid_dist_if_necessary". Throws ValueError for another one.
TENON_API Euclidean euclidean(const std::string& name);
// The p-norms of the differences of all rows of a (..., P, M) and b (..., R, M): (..., P, R) for batches that broadcast.
// In a floating dtype, the default float for integers. Distances that a product would give few digits (those far below
// the vectors' lengths) are formed from the differences. The gradient of equal vectors is 0. Throws ShapeError, ValueError
// for p < 0, DtypeError for complex.
TENON_API Tensor cdist(const Tensor& a, const Tensor& b, double p = 2, Euclidean how = Euclidean::products_if_many);
// The p-norm of a - b, which broadcast.
TENON_API Tensor dist(const Tensor& a, const Tensor& b, double p = 2);
// t with each slice at an index along dim scaled down to the p-norm `limit`, where its norm is larger. Throws ValueError
// for p <= 0 and limits below 0, ShapeError for fewer than two dimensions, DtypeError for integers.
TENON_API Tensor renorm(const Tensor& t, double p, std::int64_t dim, double limit);

}  // namespace tenon
