// Matrices and their diagonals.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon {

// ---- diagonal.cc ----
// A new matrix with a vector on its k-th diagonal (above the main one for k > 0) and 0 elsewhere, or the k-th diagonal
// of a matrix as a copy. Throws ShapeError for other numbers of dimensions.
TENON_API Tensor diag(const Tensor& t, std::int64_t k = 0);
// diag of all elements in row-major order as one vector.
TENON_API Tensor diagflat(const Tensor& t, std::int64_t k = 0);
// New matrices with t's last dimension on their diagonals: dim1 and dim2 of the result.
TENON_API Tensor diag_embed(const Tensor& t, std::int64_t offset = 0, std::int64_t dim1 = -2, std::int64_t dim2 = -1);
// Where column - row <= offset (tril) or >= offset (triu) in a matrix: int64, shape (2, n), in row-major order. Throws
// ValueError for negative sizes.
TENON_API Tensor tril_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0, Device device = kCpu);
TENON_API Tensor triu_indices(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0, Device device = kCpu);
// Writes the values, repeated as needed, to the diagonal: of a matrix (with wrap the diagonal begins again below the
// first square, after a row without), or the elements whose indices are all equal, in a tensor of equal sizes. Throws
// as copy_; ShapeError for fewer than two dimensions and for more of different sizes, ValueError without values.
TENON_API Tensor& fill_diagonal_(Tensor& self, const Tensor& values, bool wrap = false);
// The matrix whose columns are powers of a vector's elements: n of them (as many as elements), from the highest down to
// x**0, or ascending. Integers and bools in int64 (uint64 stays). Throws ShapeError, ValueError for n < 0.
TENON_API Tensor vander(const Tensor& x, std::optional<std::int64_t> n = {}, bool increasing = false);

}  // namespace tenon
