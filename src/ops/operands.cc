#include "ops/operands.h"

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops/view.h"

namespace tenon {

DType promoted_dtype(std::span<const Operand> in, unsigned skip) {
  const auto skipped = [&](std::size_t i) { return i < 32 && (skip >> i & 1); };  // in may be a long list
  bool any = false, numbers = false;
  DType d = DType::bool_;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (skipped(i)) continue;
    if (!in[i].is_tensor()) {
      numbers = true;
      continue;
    }
    const DType own = in[i].tensor().dtype();
    if (!any) d = own;
    else if (own != d) d = promote(d, own);
    any = true;
  }
  if (!numbers) return d;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (skipped(i) || in[i].is_tensor()) continue;
    const Scalar& s = in[i].scalar();
    d = any ? s.promote_with(d) : s.default_dtype();
    any = true;
  }
  return d;
}

Place common_place(std::string_view op, std::span<const Operand> in) {
  Place place;
  bool first = true;
  const Tensor* movable = nullptr;  // only CPU tensors without dimensions so far: they may follow to a device
  for (const Operand& o : in) {
    if (!o.is_tensor()) continue;
    const Tensor& t = o.tensor();
    const bool number = t.device().is_cpu() && t.ndim() == 0;
    if (first) {
      place.shape = t.shape();
      place.device = t.device();
      if (number) movable = &t;
      first = false;
      continue;
    }
    if (place.shape != t.shape()) place.shape = broadcast_shapes(op, place.shape, t.shape());
    if (place.device != t.device() && !number) {
      if (!movable) errors::device_mismatch(op, place.device, t.device());
      place.device = t.device();
    }
    if (!number) place.device = movable ? t.device() : together(place.device, t.device());
    if (!number) movable = nullptr;
  }
  return place;
}

Tensor empty_like_operands(const Place& place, DType dtype, std::span<const Operand> in) {
  Tensor out = empty(place.shape, dtype, place.device);
  if (place.shape.size() < 2) return out;
  const Tensor* like = nullptr;
  for (const Operand& o : in) {
    if (!o.is_tensor() || o.tensor().ndim() != place.shape.size()) continue;
    if (o.tensor().is_contiguous()) return out;
    if (!like) like = &o.tensor();
  }
  if (!like || like->shape() != place.shape) return out;
  const Dims strides = dense_strides(place.shape, memory_order(like->shape(), like->strides()));
  return strides == out.strides() ? out : alias(out, 0, place.shape, strides);
}

void check_out(std::string_view op, const Tensor& out, DType dtype, const Place& place, bool record) {
  if (record || (grad_enabled() && out.requires_grad())) errors::out_requires_grad(op);
  if (!can_cast_same_kind(dtype, out.dtype())) errors::result_does_not_fit(op, dtype, out.dtype());
  if (out.shape() != place.shape) errors::wrong_shape(op, out.shape(), place.shape);
  if (out.device() != place.device) errors::device_mismatch(op, place.device, out.device());
  autograd::check_inplace(out, op.data(), false);
}

}  // namespace tenon
