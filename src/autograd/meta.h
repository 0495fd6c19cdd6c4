// What a tensor carries if it takes part in differentiation.
#pragma once

#include <atomic>
#include <memory>

#include "tenon/node.h"

namespace tenon {

struct AutogradMeta {
  std::atomic<bool> requires_grad{false};  // a leaf's own flag; another thread may change it
  Edge history;                            // the operation that made it; empty for leaves
  std::unique_ptr<Node> accumulate;        // where a leaf's gradients flow to; made with the flag
  Tensor grad;
  std::shared_ptr<Tensor> retained;  // in the place of grad: retain_grad()'s, which the node's hooks fill

  // What .grad is. Whoever reads or changes it holds gradient_mutex() of it (tape.h).
  Tensor& gradient() { return retained ? *retained : grad; }
};

}  // namespace tenon
