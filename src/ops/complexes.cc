// Complex numbers from their parts, which a view joins.
#include "tenon/ops/complexes.h"

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/elementwise/math.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

void check(const char* op, const Tensor& a, const Tensor& b) {
  const auto has_pairs = [](DType d) { return d == DType::float32 || d == DType::float64; };
  if (a.dtype() != b.dtype() || !has_pairs(a.dtype()))
    errors::fail<DtypeError>(op, "both parts are float32, or both float64; got ", a.dtype(), " and ", b.dtype());
}

Tensor joined(const char* op, const Tensor& a, const Tensor& b) {
  const Dims shape = broadcast_shapes(op, a.shape(), b.shape());
  const Tensor parts[] = {expand(a, shape), expand(b, shape)};
  return view_as_complex(stack(parts, -1));
}

}  // namespace

Tensor complex_of(const Tensor& real, const Tensor& imag) {
  check("complex", real, imag);
  return joined("complex", real, imag);
}

Tensor polar(const Tensor& abs, const Tensor& angle) {
  check("polar", abs, angle);
  return joined("polar", mul(abs, cos(angle)), mul(abs, sin(angle)));
}

}  // namespace tenon
