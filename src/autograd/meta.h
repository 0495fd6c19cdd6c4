// What a tensor carries if it takes part in differentiation.
#pragma once

#include "tenon/autograd.h"

namespace tenon {

struct AutogradMeta {
  bool requires_grad = false;  // a leaf's own flag
  Ref<Node> node;              // the operation that made it; null for leaves
  Tensor grad;
};

}  // namespace tenon
