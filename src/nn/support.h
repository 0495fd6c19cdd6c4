// What the operations of neural networks share.
#pragma once

#include <string>

#include "core/errors.h"
#include "ops/composing.h"
#include "tenon/autograd.h"

namespace tenon::nn {

// Optional tensors are undefined where they were not given.
inline bool needs_grad(const Tensor& t) { return t.defined() && autograd::needs_grad(t); }
inline bool any_needs_grad(std::span<const Tensor> ts) {
  for (const Tensor& t : ts)
    if (needs_grad(t)) return true;
  return false;
}
inline DType promoted(DType d, const Tensor& t) { return t.defined() ? promote(d, t.dtype()) : d; }
inline Tensor as(const Tensor& t, DType d) { return t.defined() ? to(t, d) : t; }
// For what is computed in float32 and rounded once.
inline DType widened(DType d) { return is_half(d) ? DType::float32 : d; }

// The dtype that tensors of floats have in common; integers among them become the default float.
inline DType common_float(const char* op, std::initializer_list<const Tensor*> ts) {
  DType d = DType::bool_;
  for (const Tensor* t : ts) d = promoted(d, *t);
  if (!is_differentiable(d)) d = default_float();
  if (is_complex(d) || is_float8(d)) errors::dtype_not_supported(op, d, "real floats");
  return d;
}
// Throws DeviceError unless all that are defined are where the first is.
inline void check_devices(const char* op, const Tensor& first, std::initializer_list<const Tensor*> others) {
  for (const Tensor* t : others)
    if (t->defined() && t->device() != first.device()) errors::device_mismatch(op, first.device(), t->device());
}

}  // namespace tenon::nn
