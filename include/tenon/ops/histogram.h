// Counting elements by value.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// Differentiable by weights; the sizes of results are read to the host.

// How often each of 0, 1, 2, ... is among t's elements, 1-d integers: int64 of the largest element + 1, minlength at
// least. With weights their sums, in the weights' floating dtype, or float64. Throws DtypeError for other
// dtypes, ValueError for negative elements, ShapeError for more dimensions and for weights of another shape.
TENON_API Tensor bincount(const Tensor& t, const Tensor& weights = {}, std::int64_t minlength = 0);

// The edges of bins: their number, between the extremes of the elements or of a range; or the edges themselves, 1-d and
// ascending; or the name of a rule that chooses the number: auto, fd, doane, scott, stone, rice, sturges or sqrt.
struct Bins {
  std::int64_t count = 10;
  Tensor edges;
  std::string rule;
  std::optional<std::pair<double, double>> range;
};
struct Histogram {
  Tensor counts, edges;
};
// n + 1 edges, in t's floating dtype, float64 for integers and bools, or as they are given. Differentiable by the
// elements, if these determine the range. Throws ValueError for no bin, for edges that descend, for a range that is not
// finite or descends, and for another rule; DtypeError for complex.
TENON_API Tensor histogram_bin_edges(const Tensor& t, const Bins& bins = {});
// How many elements are in each bin, int64; with weights of t's shape their sums, in their dtype. The last bin holds its
// upper edge, too. density: divided by the total and the width of the bin, in float. Throws as histogram_bin_edges, and
// ShapeError for weights of another shape.
TENON_API Histogram histogram(const Tensor& t, const Bins& bins = {}, const Tensor& weights = {}, bool density = false);
// PyTorch's: the counts of `bins` equal bins from min to max, in t's floating dtype; the extremes where both are 0.
// Elements outside and NaNs count nowhere. Throws ValueError for no bin and for max < min.
TENON_API Tensor histc(const Tensor& t, std::int64_t bins = 100, double min = 0, double max = 0);
// For points (n, d) the counts in the grid of d edges: float64, or the weights' sums. Bins are one for each dimension.
// Throws as histogram.
struct HistogramDD {
  Tensor counts;
  std::vector<Tensor> edges;
};
TENON_API HistogramDD histogramdd(const Tensor& points, std::span<const Bins> bins, const Tensor& weights = {},
                                  bool density = false);

}  // namespace tenon
