// Weighted means and covariances.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// In a floating or complex dtype, the default float for integers and bools.

struct WeightedMean {
  Tensor mean, weights;
};
// sum(t * weights) / sum(weights) over dims, and the latter, in the promoted dtype and the mean's shape. weights: of t's
// shape, or of its sizes along dims; undefined: all 1. Throws ShapeError for other weights, DtypeError for float8.
TENON_API WeightedMean average(const Tensor& t, const Tensor& weights, const Axes& dims = {}, bool keepdim = false);

struct CovOptions {
  Tensor y;  // more variables, of t's form
  bool rows = true;  // whether rows are variables, or columns
  double correction = 1;  // what the number of observations is lowered by
  Tensor fweights;  // how often each observation counts: integers, 1-d
  Tensor aweights;  // how much it weighs: 1-d
};
// The covariances of the variables, (k, k), or without dimensions for one variable: of each with the conjugates of the
// others. t is (variables, observations), or 1-d for one variable. Differentiable by t, y and aweights. NaN or infinite
// for too few observations. Throws ShapeError, DtypeError for fweights that are no integers.
TENON_API Tensor cov(const Tensor& t, const CovOptions& options = {});
// The same divided by the standard deviations: from -1 to 1.
TENON_API Tensor corrcoef(const Tensor& t, const CovOptions& options = {});

}  // namespace tenon
