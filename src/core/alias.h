// alias() in two steps, for views of few instructions: their geometry is written where it stays.
#pragma once

#include "tenon/tensor.h"

namespace tenon {

// Everything of t but its geometry; data is t's first element. With a base it is a view of it.
Ref<TensorImpl> begin_alias(const TensorImpl& t, TensorImpl* base = nullptr);
// When data, shape and strides are there.
Tensor end_alias(Ref<TensorImpl> p);

}  // namespace tenon
