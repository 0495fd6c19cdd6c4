// Products: of vectors and matrices, over any dimensions, and Einstein's sums. All are made of matmul, mul and sum, so
// that they work on every device and have gradients of every order.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// ---- einsum.cc ----
// Sums of products by Einstein's convention: "ij,jk->ik". A letter names a dimension; "..." stands for those that have
// no letter, which broadcast. Without "->" the result has the dimensions of "..." and then the letters that stand once,
// in the order of the alphabet (capitals first). Dimensions of one letter have one size, or size 1, which is repeated;
// a letter that stands twice in one operand takes its diagonal. Sums and products are formed in the promoted dtype, or
// in `dtype`, to which the operands are converted first; bools are joined by or and and. A view where one operand is
// neither summed nor converted.
//
// Three operands or more are joined two by two. path says which: positions in the list of what is left, where each
// result goes to the end. Without it the pair is next whose result is smallest beside what it replaces.
//
// Throws ValueError for an equation that is malformed or does not fit the number of operands, ShapeError where it does
// not fit their shapes, DtypeError for float8.
TENON_API Tensor einsum(const std::string& equation, std::span<const Tensor> operands, std::optional<DType> dtype = {},
                        std::span<const Dims> path = {});
// The equation of lists of numbers from 0 to 51, which stand for the letters A to Z and a to z; kEllipsis for "...".
inline constexpr std::int64_t kEllipsis = -1;
TENON_API std::string einsum_equation(std::span<const Dims> operands, const std::optional<Dims>& result = {});

// ---- contract.cc ----
// Sums of products over the last `axes` dimensions of a and the first of b, or over the pairs that two lists of
// dimensions name: the sizes of the other dimensions of a, and then of b's. Throws ShapeError where sizes or lengths
// differ, IndexError for dimensions that are not there, ValueError for repeated ones and for a negative number.
TENON_API Tensor tensordot(const Tensor& a, const Tensor& b, std::int64_t axes = 2);
TENON_API Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& a_axes, const Dims& b_axes);
// Over the last dimension of both; the product where one has none.
TENON_API Tensor inner(const Tensor& a, const Tensor& b);
// NumPy's dot: over a's last dimension and b's last but one (the only one of a vector); the product where one has none.
TENON_API Tensor numpy_dot(const Tensor& a, const Tensor& b);
// Of all elements of both in row-major order, a conjugated: shape ().
TENON_API Tensor vdot(const Tensor& a, const Tensor& b);
// Over one dimension of both, which have one size there, a conjugated; the others broadcast.
TENON_API Tensor vecdot(const Tensor& a, const Tensor& b, std::int64_t dim = -1);
// (..., m, n) times (..., n), and (..., m), conjugated, times (..., m, n); the dimensions before broadcast.
TENON_API Tensor matvec(const Tensor& a, const Tensor& x);
TENON_API Tensor vecmat(const Tensor& x, const Tensor& a);
// The Kronecker product: each element of a times b. Sizes are multiplied, after the shorter shape got 1s in front.
TENON_API Tensor kron(const Tensor& a, const Tensor& b);
// a[i] * b[j] of all elements of both in row-major order: shape (a.numel(), b.numel()).
TENON_API Tensor outer_flat(const Tensor& a, const Tensor& b);
// The vector products along a dimension of 3 elements; the other dimensions broadcast.
TENON_API Tensor cross(const Tensor& a, const Tensor& b, std::int64_t dim = -1);
// The sum of the diagonal of two dimensions, which go; dtypes as sum.
TENON_API Tensor trace(const Tensor& t, std::int64_t offset = 0, std::int64_t dim1 = 0, std::int64_t dim2 = 1,
                       std::optional<DType> dtype = {});

// ---- matrices.cc: PyTorch's products of matrices ----
TENON_API Tensor mm(const Tensor& a, const Tensor& b);  // of two matrices
TENON_API Tensor bmm(const Tensor& a, const Tensor& b);  // of two stacks (n, ...) of matrices
// beta * input + alpha * (a @ b). input, which does not matter (NaN, too) where beta is 0, is broadcast to the product.
// Throws ShapeError, and TypeError for a factor of a higher kind than the dtype. Half precision is rounded once.
TENON_API Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                       const Scalar& alpha = 1);  // matrices
TENON_API Tensor addmv(const Tensor& input, const Tensor& a, const Tensor& x, const Scalar& beta = 1,
                       const Scalar& alpha = 1);  // a matrix and a vector
TENON_API Tensor addr(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                      const Scalar& alpha = 1);  // the outer product of two vectors
TENON_API Tensor addbmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                        const Scalar& alpha = 1);  // the sum of a stack's products
TENON_API Tensor baddbmm(const Tensor& input, const Tensor& a, const Tensor& b, const Scalar& beta = 1,
                         const Scalar& alpha = 1);  // stacks
// The product of a chain of matrices in the order of fewest multiplications; the first and the last may be vectors. Of
// one matrix itself. Throws ValueError of none, ShapeError.
TENON_API Tensor multi_dot(std::span<const Tensor> ts);

}  // namespace tenon
