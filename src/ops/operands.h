// What the operands of an elementwise call have in common.
#pragma once

#include <span>
#include <string_view>

#include "tenon/autograd.h"
#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

// The dtype that tensors and numbers are promoted to; numbers take part weakly. skip: operands that take no part, as
// bits.
DType promoted_dtype(std::span<const Operand> in, unsigned skip = 0);

struct Place {
  Dims shape;
  Device device = kCpu;
};
// The shape that all of them broadcast to, and their device, which CPU tensors without dimensions may join. Throws
// ShapeError and DeviceError.
Place common_place(std::string_view op, std::span<const Operand> in);

// A new tensor whose memory runs in the order of the operands' where these agree, so that a transposed operand is read
// as it lies.
Tensor empty_like_operands(const Place& place, DType dtype, std::span<const Operand> in);

// Whether one of them requires grad while this thread records.
inline bool any_needs_grad(std::span<const Operand> in) {
  if (!grad_enabled()) return false;
  for (const Operand& o : in) {
    if (!o.is_tensor()) continue;
    const TensorImpl* p = o.tensor().impl();
    // A view without a history of its own may have one through its base.
    if ((p->meta() || (p->base && p->base->meta())) && o.tensor().requires_grad()) return true;
  }
  return false;
}

// Throws unless a result of this dtype and place may be written to out.
void check_out(std::string_view op, const Tensor& out, DType dtype, const Place& place, bool record);

}  // namespace tenon
