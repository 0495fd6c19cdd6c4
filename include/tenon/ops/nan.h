// Reductions and scans that leave NaNs out.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon {

// As the reductions and scans without "nan", of the elements that are no NaN; integers and bools have none. Complex
// numbers are NaN where one of the parts is. A NaN gets the gradient 0.
TENON_API Tensor nansum(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
TENON_API Tensor nanprod(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// NaN where all elements are NaN, or none is there.
TENON_API Tensor nanmean(const Tensor& t, const Axes& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// NaN also where there are not more elements than the correction.
TENON_API Tensor nanvar(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor nanstd(const Tensor& t, const Axes& dims = {}, double correction = 1, bool keepdim = false);
TENON_API Tensor nanmin(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
TENON_API Tensor nanmax(const Tensor& t, const Axes& dims = {}, bool keepdim = false);
// Throw ValueError where all elements are NaN, too; that is read to the host.
TENON_API Tensor nanargmin(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor nanargmax(const Tensor& t, std::optional<std::int64_t> dim = {}, bool keepdim = false);
TENON_API Tensor nancumsum(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
TENON_API Tensor nancumprod(const Tensor& t, std::int64_t dim, std::optional<DType> dtype = {});
// NaN replaced by nan, infinities by posinf and neginf: by default the dtype's largest and smallest numbers. Complex
// numbers part by part. Integers and bools as they are, a copy. Throws DtypeError for float8.
TENON_API Tensor nan_to_num(const Tensor& t, const Scalar& nan = 0., std::optional<Scalar> posinf = {},
                            std::optional<Scalar> neginf = {});
TENON_API Tensor& nan_to_num_(Tensor& self, const Scalar& nan = 0., std::optional<Scalar> posinf = {},
                              std::optional<Scalar> neginf = {});

}  // namespace tenon
