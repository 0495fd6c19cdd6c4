// New, row-major tensors.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// value, 0 or 1 everywhere. full's dtype is by default the value's own (Scalar::default_dtype); otherwise the value is
// converted as by to(), but OverflowError for an integer out of bounds, DtypeError for a complex one in another dtype.
TENON_API Tensor full(const Dims& shape, const Scalar& value, std::optional<DType> dtype = {}, Device device = kCpu);
TENON_API Tensor zeros(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
TENON_API Tensor ones(const Dims& shape, DType dtype = default_float(), Device device = kCpu);
// ceil((stop - start) / step) numbers start + i * step, 1-d: int64 where the three are integers, otherwise the default
// float, formed in float64. Throws TypeError for complex numbers, ValueError for step 0 and for what is no finite
// number of elements, OverflowError for integers beyond int64 or the integer dtype.
TENON_API Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step = 1,
                        std::optional<DType> dtype = {}, Device device = kCpu);
inline Tensor arange(const Scalar& stop) { return arange(0, stop); }
// `steps` numbers at equal distances from start to stop, which comes last exactly, or is left out without endpoint:
// 1-d, the default float or complex. With an integer dtype the ends are cut to integers, then the numbers between them, as
// in PyTorch. ValueError for steps < 0, DtypeError for complex into real.
// Ends may be tensors, which broadcast: the numbers stand along a new first dimension, the dtype is theirs, for integers
// the default float, and the gradient flows to them.
TENON_API Tensor linspace(const Operand& start, const Operand& stop, std::int64_t steps, bool endpoint = true,
                          std::optional<DType> dtype = {}, Device device = kCpu);
// base to the powers linspace(start, stop, steps), formed in float64 or complex128; dtype and errors as its.
TENON_API Tensor logspace(const Scalar& start, const Scalar& stop, std::int64_t steps, double base = 10,
                          std::optional<DType> dtype = {}, Device device = kCpu);
// NumPy's forms: along a new dimension `dim` of the result; the numbers of an integer dtype are rounded down. Throws
// ValueError for n < 0 and, in geomspace, for an end of 0; DtypeError for complex into real.
TENON_API Tensor linspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, std::int64_t dim,
                          std::optional<DType> dtype = {}, Device device = kCpu);
// The distance between linspace's numbers; NaN where there is none.
TENON_API Tensor linspace_step(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint = true);
// base to the powers linspace(start, stop, n).
TENON_API Tensor logspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint, const Operand& base,
                          std::int64_t dim, std::optional<DType> dtype = {}, Device device = kCpu);
// Numbers of which each is the one before times a constant. The ends are exact.
TENON_API Tensor geomspace(const Operand& start, const Operand& stop, std::int64_t n, bool endpoint = true,
                           std::int64_t dim = 0, std::optional<DType> dtype = {}, Device device = kCpu);
// Shape (n, m), m = n by default: 1 where column - row == k, 0 elsewhere. The default float.
TENON_API Tensor eye(std::int64_t n, std::optional<std::int64_t> m = {}, std::int64_t k = 0,
                     std::optional<DType> dtype = {}, Device device = kCpu);
// t with 0 where column - row > k (tril) or < k (triu), for the matrices of its last two dimensions. The dtype
// is t's; a vector counts as every row of a square matrix. Throws ShapeError for 0-d tensors, DtypeError for float8.
TENON_API Tensor tril(const Tensor& t, std::int64_t k = 0);
TENON_API Tensor triu(const Tensor& t, std::int64_t k = 0);
// Views of n tensors of at most one dimension, each repeated along the others' dimensions to their n-d grid: dimension
// i has the size of tensor i ("ij"), or the first two change places ("xy"). Throws ShapeError, ValueError.
// sparse: each keeps size 1 in the others' dimensions.
TENON_API std::vector<Tensor> meshgrid(std::span<const Tensor> ts, const std::string& indexing = "ij",
                                       bool sparse = false);
// Shape (n, m), m = n by default: 1 where column - row <= k, 0 elsewhere. The default float.
TENON_API Tensor tri(std::int64_t n, std::optional<std::int64_t> m = {}, std::int64_t k = 0,
                     std::optional<DType> dtype = {}, Device device = kCpu);

}  // namespace tenon
