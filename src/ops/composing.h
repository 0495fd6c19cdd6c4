// What operations that are composed of others share: dtypes, and slices along one dimension.
#pragma once

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/index.h"
#include "tenon/ops/join.h"
#include "tenon/ops/reduce.h"
#include "tenon/ops/sort.h"
#include "tenon/ops/view.h"

namespace tenon {

// t in a dtype with fractions: integers and bools in the default float.
inline Tensor fractional(const Tensor& t) { return is_differentiable(t.dtype()) ? t : to(t, default_float()); }
// What takes several steps takes them in float32, where the result is float16 or bfloat16.
inline Tensor widened(const Tensor& t) { return is_half(t.dtype()) ? to(t, DType::float32) : t; }
// Integers meet floats in float64, as in NumPy: float32 would call 2**24 + 1 and 2.0**24 equal.
inline Tensor beside(const Tensor& t, const Tensor& other) {
  return !is_differentiable(t.dtype()) && is_differentiable(other.dtype()) ? to(t, DType::float64) : t;
}
// What several steps are taken in: float32 at least, float64 for integers, which tells most of them apart.
inline Tensor precise(const Tensor& t) { return is_differentiable(t.dtype()) ? widened(t) : to(t, DType::float64); }
inline Tensor rounded(const Tensor& t, DType d) { return to(t, d); }
inline std::vector<Tensor> rounded(std::vector<Tensor> ts, DType d) {
  for (Tensor& t : ts) t = to(t, d);
  return ts;
}
// f of t, computed in what is precise for it and rounded once: f's tensor, or tensors.
template <class F>
auto rounded_once(const Tensor& t, F&& f) {
  return rounded(f(precise(t)), is_differentiable(t.dtype()) ? t.dtype() : default_float());
}

// t without the mean over dims of the elements that the mask names; 0 elsewhere.
Tensor centred(const Tensor& t, const Tensor& mask, const Axes& dims);

// The elements that a reduction over dims combines, side by side in a last dimension.
struct Slices {
  Tensor rows;     // a view where the strides allow it
  Dims kept;       // the result's shape without the reduced dimensions
  Dims kept_ones;  // with them as 1
  std::int64_t count() const { return rows.shape().back(); }
  const Dims& shape(bool keepdim) const { return keepdim ? kept_ones : kept; }
};
TENON_API Slices slices(const char* op, const Tensor& t, const Axes& dims);

// A 1-d tensor of these numbers on a device.
TENON_API Tensor vector_of(std::span<const std::int64_t> v, Device device);
TENON_API Tensor vector_of(std::span<const double> v, Device device);

// The positions of the true elements of a 1-d mask: int64. Reads their number to the host.
inline Tensor positions_of(const Tensor& mask) { return reshape(nonzero(mask), {-1}); }

// Throws OverflowError, ValueError for NaN, where integers of this dtype have no room for values that are computed from
// numbers: the one rule of numbers that enter a tensor. Reads two of them to the host.
void require_room(const char* op, const Tensor& values, DType dtype);

// start, start + step, ...: n numbers, each formed in float64.
Tensor iota(const char* op, std::int64_t n, double start, double step, DType dtype, Device device);

// n values, from the first again where there are fewer.
Tensor repeated(const Tensor& values, std::int64_t n);

// Indices that select element (i0, .., indices[i0, .., in], .., in) of a tensor of this shape, but for dimension dim.
std::vector<Index> along(const Tensor& indices, const Dims& shape, int dim);

namespace errors {
// Raises unless t holds real numbers that have an order.
inline void check_real(const char* op, const Tensor& t) {
  if (is_complex(t.dtype())) dtype_not_supported(op, t.dtype(), "real numbers");
  if (is_float8(t.dtype())) dtype_not_supported(op, t.dtype(), "all other numbers");
}
}  // namespace errors

}  // namespace tenon
