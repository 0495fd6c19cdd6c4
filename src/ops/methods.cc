// The methods of Tensor that are operations.
#include "ops/copy.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/index.h"
#include "tenon/ops/reduce.h"
#include "tenon/ops/view.h"

namespace tenon {

Tensor Tensor::reshape(const Dims& s) const { return tenon::reshape(*this, s); }
Tensor Tensor::permute(const Dims& axes) const { return tenon::permute(*this, axes); }
Tensor Tensor::contiguous() const { return tenon::contiguous(*this); }
// A device gets the number with the call, so that nobody waits.
Tensor Tensor::of(const Scalar& value, std::optional<DType> dtype, Device device) {
  const DType d = dtype.value_or(value.default_dtype());
  Tensor t = empty({}, d, device);
  if (device.is_cpu()) value.store(d, t.data());
  else write("copy", t, value);
  return t;
}

Tensor Tensor::clone() const { return tenon::clone(*this); }
Tensor Tensor::to(DType d) const { return tenon::to(*this, d); }
Tensor Tensor::to(Device d) const { return tenon::to(*this, {}, d); }
Tensor Tensor::sum() const { return tenon::sum(*this); }
Tensor Tensor::operator[](std::int64_t index) const { return tenon::select(*this, 0, index); }

}  // namespace tenon
