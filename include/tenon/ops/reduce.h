// Reductions, scans and softmax.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// The reduced dimensions go, or stay with size 1 with keepdim.
//
// Without dtype, bools and signed integers are added and multiplied in int64, unsigned ones in uint64, others in their
// own dtype; with it the elements are converted to it first, float8 too. Of no elements 0 and 1.
TENON_API Tensor sum(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor prod(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// sum / n in dtype, a float or complex one; by default t's, or the default float for integers and bools, which are
// added in float64. NaN of no elements. DtypeError for float8, without a dtype, and for other dtypes.
TENON_API Tensor mean(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// The sum of |x - mean|^2 / max(n - correction, 0), and its square root: NumPy's ddof. In t's floating dtype, that of
// the components for complex numbers, the default float for integers and bools.
TENON_API Tensor var(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor std(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
// {var(), mean()} and {std(), mean()}, as the outputs of one operation.
TENON_API std::vector<Tensor> var_mean(const Tensor& t, const Axes& dims = {}, double correction = 1,
                                       bool keepdim = false);
TENON_API std::vector<Tensor> std_mean(const Tensor& t, const Axes& dims = {}, double correction = 1,
                                       bool keepdim = false);
// NaN if there is one; equal extrema share the gradient. Throws DtypeError for complex, ValueError of no elements.
TENON_API Tensor amin(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor amax(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The position along dim, or in the flattened tensor, as int64: the first of equal elements (the first NaN, if there
// is one). Throws as amin.
TENON_API Tensor argmin(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor argmax(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
// By truth value (NaN is true), of any dtype: bool, and the number of true elements as int64. false, true, 0 of none.
TENON_API Tensor any(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor all(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor count_nonzero(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// log(sum(exp(t))), shifted by the maximum so that nothing overflows; in the default float for integers and bools.
// Throws DtypeError for complex. -inf of no elements.
TENON_API Tensor logsumexp(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// The same of the elements so far, along dim: t's shape.
TENON_API Tensor logcumsumexp(const Tensor& t, std::int64_t dim);
// sum(|x|^p)^(1/p), of all the elements as one vector; the largest and smallest |x| for p = +-inf, the number that are
// not 0 for p = 0. Dtype as var. Throws ValueError for p = +-inf of no elements. DtypeError for float8.
TENON_API Tensor norm(const Tensor& t, double p = 2, const Axes& dims = {}, bool keepdim = false);
// Sums and products of the elements so far, along dim: t's shape, dtypes as sum.
TENON_API Tensor cumsum(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
TENON_API Tensor cumprod(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
// y[i] = a[i] y[i - 1] + b[i] along dim, y[-1] being 0: of two tensors of one shape and floating or complex dtype, formed
// in float64. Throws ShapeError, DtypeError, IndexError.
TENON_API Tensor linear_recurrence(const Tensor& a, const Tensor& b, std::int64_t dim);
// exp(x) / sum(exp(x)) along dim, and its logarithm, without overflow: t's shape, the default float for integers and
// bools. Throw DtypeError for complex.
TENON_API Tensor softmax(const Tensor& t, std::int64_t dim);
TENON_API Tensor log_softmax(const Tensor& t, std::int64_t dim);

}  // namespace tenon
