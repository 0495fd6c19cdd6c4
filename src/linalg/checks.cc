// What linalg checks, and the words of its errors.
#include "core/errors.h"
#include "linalg/support.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/lapack.h"

namespace tenon::linalg {

Tensor checked(const char* op, const Tensor& a) {
  if (a.ndim() < 2) errors::wrong_ndim(op, a.ndim(), "at least 2 dimensions, the matrices' being the last");
  const Tensor t = is_differentiable(a.dtype()) ? a : to(a, default_float());
  if (is_half(t.dtype()) || is_float8(t.dtype()))
    errors::dtype_not_supported(op, t.dtype(), "float32, float64, complex64 and complex128");
  if (!t.device().is_cpu()) errors::not_available(op, t.device(), t.dtype());
  return t;
}

void checked(const char* op, Tensor& a, Tensor& b) {
  if (a.device() != b.device()) errors::device_mismatch(op, a.device(), b.device());
  DType d = a.dtype();
  if (d != b.dtype()) {
    d = promote(d, b.dtype());
    a = to(a, d);
    b = to(b, d);
  }
  a = checked(op, a);
  b = checked(op, b);
}

void check_square(const char* op, const Tensor& a) {
  if (a.size(-2) != a.size(-1)) errors::fail<ShapeError>(op, "the matrices must be square; got shape ", a.shape());
}

Dims batch(const Tensor& a, std::initializer_list<std::int64_t> more) {
  Dims shape(std::span<const std::int64_t>(a.shape()).first(static_cast<std::size_t>(a.ndim() - 2)));
  for (auto n : more) shape.push_back(n);
  return shape;
}

Dims common_batch(const char* op, const Tensor& a, const Tensor& b) {
  const Dims of_a = batch(a), of_b = batch(b);
  return of_a == of_b ? of_a : broadcast_shapes(op, of_a, of_b);
}

Tensor expand_batch(const Tensor& t, const Dims& batch) {
  Dims shape = batch;
  shape.push_back(t.size(-2));
  shape.push_back(t.size(-1));
  return t.shape() == shape ? t : expand(t, shape);
}

Tensor own_columns(const Tensor& b) {
  const Tensor columns = mT(b);
  return columns.is_contiguous() ? clone(columns) : contiguous(columns);
}

Tensor first_zero(const Tensor& factors) {
  const NoGrad guard;
  const Tensor zero = to(eq(diagonal(factors, 0, -2, -1), 0), DType::int32);
  if (zero.size(-1) == 0) return zeros(batch(factors), DType::int32);
  return to(mul(amax(zero, Dims{-1}), add(argmax(zero, -1), 1)), DType::int32);
}

void check_result(const char* op, std::int64_t result, const Tensor& a, const char* what, const char* why) {
  if (result == 0) return;
  if (result == lapack::kNoLibrary)
    errors::fail<RuntimeError>(op,
                               "it needs LAPACK, which no loaded BLAS has; install scipy-openblas32, or name a "
                               "library by TENON_BLAS_LIB");
  if (result == lapack::kTooLarge) errors::fail(op, "the matrices are too large for LAPACK; got shape ", a.shape());
  errors::fail<LinAlgError>(op, what, " matrix ", result - 1, " (row-major, from 0)", why, " got shape ", a.shape());
}

}  // namespace tenon::linalg
