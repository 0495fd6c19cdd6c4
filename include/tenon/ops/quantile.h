// Medians and quantiles.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <string>

#include "tenon/ops/sort.h"
#include "tenon/tensor.h"

namespace tenon {

// The q-quantiles of the elements over dims, for q from 0 to 1: q's shape, then what is left of t's. method is one of
// NumPy's thirteen (Hyndman and Fan 1996): linear, lower, higher, midpoint, nearest, inverted_cdf,
// averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen, weibull, median_unbiased and
// normal_unbiased. lower, higher, nearest, inverted_cdf and closest_observation give elements, in t's dtype; the others
// t's floating dtype, or the default float for integers and bools. A NaN gives NaN. The gradient goes to the elements,
// and to q where the method is continuous; GradError for a q that requires grad with another method. q is read to the
// host. Throws ValueError for another method, for q outside its range and for no elements, DtypeError for complex.
TENON_API Tensor quantile(const Tensor& t, const Tensor& q, const Axes& dims = {}, bool keepdim = false,
                          const std::string& method = "linear");
// The same for q from 0 to 100.
TENON_API Tensor percentile(const Tensor& t, const Tensor& q, const Axes& dims = {}, bool keepdim = false,
                            const std::string& method = "linear");
// The same without the NaNs: NaN where there is nothing else, and of no elements.
TENON_API Tensor nanquantile(const Tensor& t, const Tensor& q, const Axes& dims = {}, bool keepdim = false,
                             const std::string& method = "linear");
TENON_API Tensor nanpercentile(const Tensor& t, const Tensor& q, const Axes& dims = {}, bool keepdim = false,
                               const std::string& method = "linear");
// The same of elements that weigh: the first, in order, up to which the weights are q of their sum; the method is
// inverted_cdf. weights: of t's shape, or 1-d along the one dim. ValueError for negative weights, whose sum is read to the
// host; GradError for weights that require grad, by which this has no derivative.
TENON_API Tensor weighted_quantile(const Tensor& t, const Tensor& q, const Tensor& weights, const Axes& dims = {},
                                   bool keepdim = false, bool skip_nan = false);
// The element in the middle, or the mean of the two: NumPy's medians. In t's floating dtype, or the default float. NaN
// if there is a NaN, and of no elements; nanmedian leaves NaNs out. Throw DtypeError for complex.
TENON_API Tensor median(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor nanmedian(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The element in the middle, or the lower one of the two: PyTorch's medians, in t's dtype. A NaN if there is one;
// nan_lower_median leaves NaNs out. Throw ValueError of no elements, DtypeError for complex.
TENON_API ValuesIndices lower_median(const Tensor& t, std::int64_t dim, bool keepdim = false);
TENON_API ValuesIndices nan_lower_median(const Tensor& t, std::int64_t dim, bool keepdim = false);
// The same of all elements: without dimensions; NaN of no floats.
TENON_API Tensor lower_median(const Tensor& t);
TENON_API Tensor nan_lower_median(const Tensor& t);

}  // namespace tenon
