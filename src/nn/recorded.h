// How a fused operation is differentiated twice: the gradient of its formula in single operations is recorded by itself.
#pragma once

#include <span>
#include <vector>

#include "nn/support.h"

namespace tenon::nn {

// The gradients of the inputs from those of f(inputs), a vector of tensors, recorded. Undefined ones get none.
template <class F>
Grads recorded(F&& f, std::span<const Tensor> inputs, std::span<const Tensor> gs) {
  // Views of the inputs: hooks of the user's on the inputs themselves wait for the whole gradient.
  std::vector<Tensor> at(inputs.begin(), inputs.end()), wanted, roots, gradients;
  for (Tensor& t : at)
    if (needs_grad(t)) wanted.push_back(t = view(t, t.shape()));
  const std::vector<Tensor> ys = f(std::span<const Tensor>(at));
  for (std::size_t i = 0; i < ys.size(); ++i) {
    if (!gs[i].defined() || !needs_grad(ys[i])) continue;
    roots.push_back(ys[i]);
    gradients.push_back(gs[i]);
  }
  Grads out(inputs.size());
  if (wanted.empty() || roots.empty()) return out;
  Grads found = autograd::grad(roots, wanted, gradients, true, true, true);
  for (std::size_t i = 0, k = 0; i < at.size(); ++i)
    if (k < wanted.size() && at[i].defined() && at[i].is_same(wanted[k])) out[i] = std::move(found[k++]);
  return out;
}

}  // namespace tenon::nn
