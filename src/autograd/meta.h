// What a tensor carries if it takes part in differentiation.
#pragma once

#include <memory>

#include "tenon/autograd.h"

namespace tenon {

struct AutogradMeta {
  bool requires_grad = false;  // a leaf's own flag
  Ref<Node> node;              // the operation that made it; null for leaves
  Tensor grad;
  std::shared_ptr<Tensor> retained;  // in the place of grad: retain_grad()'s, which the node fills

  // What .grad is. Whoever reads or changes it holds gradient_mutex() of it (tape.h).
  Tensor& gradient() { return retained ? *retained : grad; }
};

}  // namespace tenon
