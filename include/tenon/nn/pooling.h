// Pools over one, two or three dimensions: what windows have in common.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tenon/calls_nn.h"
#include "tenon/ops/sort.h"
#include "tenon/tensor.h"

namespace tenon::nn {

// Of each dimension, or one number for all of them.
struct PoolOptions {
  Dims kernel, stride{}, padding{0}, dilation{1};  // no stride: the kernel's size
  bool ceil_mode = false;  // a window that begins in the input counts, even if it ends behind the padding
};
// The size along each dimension; none: the input's.
using OutputSize = std::vector<std::optional<std::int64_t>>;

// t is (N, C, ...) or (C, ...), with `dims` dimensions that windows move over.

// The largest element of each window, NaN above all numbers, and its place in its plane: the first of equal ones.
// Without places that tensor is undefined. Throws ShapeError for shapes that windows do not fit into, ValueError for
// options out of range, DtypeError for complex.
TENON_API ValuesIndices max_pool(int dims, const Tensor& t, const PoolOptions& o, bool places = true);
// The mean of each window. count_include_pad: with the padding's zeros; divisor: instead of the number of elements.
// Integers become the default float. Throws as max_pool(), and ValueError for a divisor of 0.
TENON_API Tensor avg_pool(int dims, const Tensor& t, const PoolOptions& o, bool count_include_pad = true,
                          std::optional<std::int64_t> divisor = {});
// (the sum of x^p over each window)^(1/p): the root of the mean times the kernel's size. Throws as avg_pool(), and
// ValueError for p = 0.
TENON_API Tensor lp_pool(int dims, const Tensor& t, double p, const PoolOptions& o);
// The same over windows that divide the input into so many parts, as equal as can be.
TENON_API ValuesIndices adaptive_max_pool(int dims, const Tensor& t, const OutputSize& size, bool places = true);
TENON_API Tensor adaptive_avg_pool(int dims, const Tensor& t, const OutputSize& size);
// Zeros, with t's elements at the places that max_pool() gave. size: along each dimension (or t's whole shape); by
// default what the options would have pooled. Throws ShapeError, ValueError for a size that they would not have,
// IndexError for places outside of it.
TENON_API Tensor max_unpool(int dims, const Tensor& t, const Tensor& places, const PoolOptions& o,
                            const std::optional<Dims>& size = {});

// Sums over windows and their gradient: each other's derivatives. The shapes are those of all of x and y.
struct PoolShape {
  const char* op;  // for messages
  Windows windows;
  Dims x, y;
  std::vector<std::int64_t> begin[kWindowDims], end[kWindowDims];  // of an adaptive pool's windows; else empty
};
TENON_API Tensor pool_sum(const Tensor& x, const PoolShape& s);
TENON_API Tensor pool_sum_gradient(const Tensor& y, const PoolShape& s);

}  // namespace tenon::nn
