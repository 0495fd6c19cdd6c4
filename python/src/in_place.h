// Rows in place whose operation makes a new tensor.
#pragma once

#include "tenon/autograd.h"
#include "tenon/ops/copy.h"

namespace tenon::py {

// What F returns is written to its first argument, of which a gradient may need what was there before.
template <auto F, class... A>
Tensor& in_place(Tensor& t, A... more) {
  return copy_(t, F(autograd::needs_grad(t) ? clone(t) : t, more...));
}

}  // namespace tenon::py
