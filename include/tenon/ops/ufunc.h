// What NumPy's ufuncs do besides the call, for every elementwise operation: reduce, accumulate, reduceat, outer and at.
//
// Where a reduction or scan kernel computes the same (add, maximum, logical_and, ...) it is used. The rest is made of
// the operation itself, on every device and with its gradient: associative operations in halving passes, in float32
// for float16 and bfloat16 and rounded once; others element after element.
// Throws ValueError for an operation that is not binary; DtypeError for a comparison of other elements than bools.
#pragma once

#include <optional>
#include <span>

#include "tenon/casting.h"
#include "tenon/operand.h"
#include "tenon/ops/index.h"

namespace tenon {

enum class Op : std::uint8_t;  // tenon/op.h

namespace ufunc {

// The value that changes no other one, and the result of no elements: none for operations without one.
TENON_API std::optional<Scalar> identity(Op op, DType dtype);

// op of all elements along dims, from the first to the last. where: a bool tensor that broadcasts with t and says which
// elements take part. initial: the first operand, and the result of no elements. In dtype, to which t is converted
// first; by default t's, integers and bools as sum and prod have it.
// Throws ValueError for no elements, and for where, if op has no identity and initial is missing; and for several dims
// of an operation that is not associative.
TENON_API Tensor reduce(Op op, const Tensor& t, const Axes& dims, bool keepdim = false, std::optional<DType> dtype = {},
                        const Tensor& where = {}, const std::optional<Operand>& initial = {});
// The results so far along dim: t's shape, dtypes as reduce.
TENON_API Tensor accumulate(Op op, const Tensor& t, std::int64_t dim = 0, std::optional<DType> dtype = {});
// For each index i and the next one j, op of the elements i to j - 1 along dim (of i alone where j <= i); after the
// last index, to the end. IndexError for an index that is not there.
TENON_API Tensor reduceat(Op op, const Tensor& t, const Dims& indices, std::int64_t dim = 0,
                          std::optional<DType> dtype = {});
// op of every pair: shape a.shape() + b.shape().
TENON_API Tensor outer(Op op, const Tensor& a, const Tensor& b);
// t[indices] = op(t[indices], values), once for each index: an element that is named twice is changed twice. values is
// missing for unary operations. Throws as index_put_, and DtypeError where the result is of a higher kind than t.
TENON_API void at_(Op op, Tensor& t, std::span<const Index> indices, const std::optional<Operand>& values = {});

}  // namespace ufunc

// mean, var and std of the elements where a bool tensor, which broadcasts with t, is true; NaN where there are none.
TENON_API Tensor mean_where(const Tensor& t, const Tensor& where, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor var_where(const Tensor& t, const Tensor& where, const Axes& dims = {}, double correction = 1,
                           bool keepdim = false);
TENON_API Tensor std_where(const Tensor& t, const Tensor& where, const Axes& dims = {}, double correction = 1,
                           bool keepdim = false);

}  // namespace tenon
