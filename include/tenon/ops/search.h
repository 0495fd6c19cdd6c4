// Places among sorted numbers.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// Int64, no gradients.

// Where each value belongs among ascending numbers: before equal ones, or behind them with right. NaNs are above all
// numbers. sorted is 1-d, or has the values' dimensions but the last: then each row of values is sought in its own row.
// sorter: the positions that put sorted in order. Integers and floats meet in float64. Throws ShapeError, DtypeError for
// complex into real and float8.
TENON_API Tensor searchsorted(const Tensor& sorted, const Tensor& values, bool right = false,
                              const Tensor& sorter = {});
// Which bin each value is in: searchsorted(bins, values, !right) for ascending bins, counted from the other end for
// descending ones. Throws ValueError for bins that are neither.
TENON_API Tensor digitize(const Tensor& values, const Tensor& bins, bool right = false);

}  // namespace tenon
