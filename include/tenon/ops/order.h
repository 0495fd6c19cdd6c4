// Extrema with their places, selections by rank.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/ops/sort.h"
#include "tenon/tensor.h"

namespace tenon {

// Of values and indices: the gradient goes to the elements that were taken.
struct MinMax {
  Tensor min, max;
};
// The largest and the smallest along dim, the first of equal ones; a NaN if there is one. Throw DtypeError for complex,
// ValueError of no elements.
TENON_API ValuesIndices max(const Tensor& t, std::int64_t dim, bool keepdim = false);
TENON_API ValuesIndices min(const Tensor& t, std::int64_t dim, bool keepdim = false);
// amin and amax.
TENON_API MinMax aminmax(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// amax - amin. Throws as they do, and DtypeError for bools.
TENON_API Tensor ptp(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The largest (smallest) of the elements so far along dim, the last of equal ones; from the first NaN on the last NaN.
// t's shape. Throw DtypeError for complex.
TENON_API ValuesIndices cummax(const Tensor& t, std::int64_t dim);
TENON_API ValuesIndices cummin(const Tensor& t, std::int64_t dim);
// The k largest (smallest) along dim, in order, the first of equal ones first. NaNs are above all numbers. Throws
// ValueError unless 0 <= k <= the size of dim.
TENON_API ValuesIndices topk(const Tensor& t, std::int64_t k, std::int64_t dim = -1, bool largest = true);
// The k-th smallest along dim, counted from 1. Throws ValueError unless 1 <= k <= the size of dim.
TENON_API ValuesIndices kthvalue(const Tensor& t, std::int64_t k, std::int64_t dim = -1, bool keepdim = false);
// The most frequent along dim, the smallest of equally frequent ones, where it is last. Every NaN is distinct. Throws
// DtypeError for complex, ValueError of no elements.
TENON_API ValuesIndices mode(const Tensor& t, std::int64_t dim = -1, bool keepdim = false);
// The elements in an order in which those at these ranks are where sorting would put them, smaller ones before, larger
// ones behind; and the positions that do it, int64. Here: all in order. Throw ValueError for a rank out of range.
TENON_API Tensor partition(const Tensor& t, const Dims& ranks, std::int64_t dim = -1);
TENON_API Tensor argpartition(const Tensor& t, const Dims& ranks, std::int64_t dim = -1);
// The positions that sort by the last key, equal elements by the one before it, and so on: int64, in the keys' shape.
// Throws ValueError for no keys, ShapeError unless their shapes agree.
TENON_API Tensor lexsort(std::span<const Tensor> keys, std::int64_t dim = -1);

}  // namespace tenon
