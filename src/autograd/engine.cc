// Runs the graph backwards: backward() and grad(). Iterative, since graphs may be deeper than the stack.
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

#include "autograd/tape.h"
#include "core/errors.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops.h"

namespace tenon {

constinit thread_local Node* Engine::running = nullptr;
constinit thread_local bool Engine::used_saved = false;

namespace autograd {
namespace {

// Adds up a broadcast gradient and converts it to the dtype and device of its tensor.
Tensor fit(Tensor g, const Edge& e) {
  if (g.shape() != e.shape) {
    Dims axes;
    const int extra = g.ndim() - e.shape.size();
    for (int d = 0; d < g.ndim(); ++d)
      if (d < extra || (e.shape[d - extra] == 1 && g.shape()[d] != 1)) axes.push_back(d);
    g = reshape(sum(g, axes, true), e.shape);
  }
  if (is_complex(g.dtype()) && !is_complex(e.dtype)) g = real(g);
  return to(g, e.dtype, e.device);
}

bool unshared(const Tensor& t) {
  return t.impl()->refs.load(std::memory_order_relaxed) == 1 && t.storage().use_count() == 1 && !t.impl()->base;
}

struct Pending {
  Ref<Node> node;
  Tensor g;
};

void add_to(Tensor& sum, Tensor g, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (!create_graph && unshared(sum) && sum.is_contiguous()) {
    const Operand other(g);
    elementwise_(Op::add, sum, {&other, 1});
  } else {
    sum = add(sum, g);
  }
}

// What .grad becomes. Several backward() may add to the same one.
void accumulate(Tensor& grad, Tensor g, bool create_graph) {
  Tensor old;  // dies when the mutex is free again
  std::lock_guard lock(gradient_mutex(grad));
  if (create_graph) {
    old = std::exchange(grad, grad.defined() ? add(grad, g) : g);
  } else if (!grad.defined()) {
    grad = unshared(g) && g.is_contiguous() ? std::move(g) : clone(g);
  } else {
    const Operand other(g);
    elementwise_(Op::add, grad, {&other, 1});
  }
}

using Captures = std::unordered_map<const void*, Tensor>;  // by node, or by impl of a leaf

void run(std::span<const Tensor> roots, std::span<const Tensor> gradients, bool retain_graph, bool create_graph,
         Captures* captures) {
  // No other node that waits needs the one with the highest number (Node::connect).
  std::map<std::uint64_t, Pending, std::greater<>> waiting;
  struct Restore {
    bool enabled = grad_enabled();
    Node* running = Engine::running;
    bool used_saved = Engine::used_saved;
    ~Restore() {
      set_grad_enabled(enabled);
      Engine::running = running;
      Engine::used_saved = used_saved;
    }
  } restore;

  auto send = [&](const Edge& e, Tensor g) {
    if (!g.defined() || !e) return;
    g = fit(std::move(g), e);
    if (e.node) {
      Pending& p = waiting[e.node->sequence()];
      p.node = e.node;
      add_to(p.g, std::move(g), create_graph);
    } else if (!captures) {
      accumulate(meta(e.leaf).grad, std::move(g), create_graph);
    } else if (auto it = captures->find(e.leaf.impl()); it != captures->end()) {
      add_to(it->second, std::move(g), create_graph);
    }
  };

  std::vector<std::pair<Edge, Tensor>> starts;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const Tensor& root = roots[i];
    if (!root.requires_grad())
      errors::fail<GradError>("backward",
                              "the tensor has no gradient: none of the tensors it was made from requires "
                              "grad, or it was made under no_grad()");
    Tensor g = i < gradients.size() ? gradients[i] : Tensor();
    if (!g.defined()) {
      if (is_complex(root.dtype()))
        errors::fail<GradError>("backward", "a gradient is implied for real tensors only; got ", root.dtype(),
                                ", pass gradient= or take .real, .imag or .abs()");
      if (root.numel() != 1)
        errors::fail<GradError>("backward", "a gradient is implied for a tensor of one element only; got shape ",
                                root.shape(), ", pass gradient=");
      set_grad_enabled(create_graph);
      g = full(root.shape(), 1, root.dtype(), root.device());
    } else if (g.shape() != root.shape()) {
      errors::wrong_shape("backward", g.shape(), root.shape());
    }
    starts.emplace_back(edge_of(root), g);
  }
  set_grad_enabled(create_graph);
  for (auto& [edge, g] : starts) send(edge, g);

  while (!waiting.empty()) {
    auto first = waiting.begin();
    Pending p = std::move(first->second);
    waiting.erase(first);
    if (captures) {
      if (auto it = captures->find(p.node.get()); it != captures->end()) it->second = p.g;
    }
    if (p.node->retained && !captures) accumulate(*p.node->retained, p.g, create_graph);
    if (p.node->freed()) errors::graph_freed(p.node->op());
    Engine::running = p.node.get();
    Engine::used_saved = false;
    Grads gs = p.node->backward(p.g);
    for (std::size_t i = 0; i < gs.size() && i < p.node->edges().size(); ++i)
      send(p.node->edges()[i], std::move(gs[i]));
    if (!retain_graph && Engine::used_saved) Engine::free(*p.node);
  }
}

// What a gradient of t is caught by: its node, or a leaf itself.
const void* key_of(const char* op, const Tensor& t) {
  if (!t.requires_grad())
    errors::fail<GradError>(op, "one of the inputs does not require grad; call requires_grad_() before it is used");
  const Ref<Node> node = node_of(t);
  return node ? static_cast<const void*>(node.get()) : t.impl();
}

}  // namespace

void backward(std::span<const Tensor> roots, std::span<const Tensor> gradients, bool retain_graph, bool create_graph,
              const std::vector<Tensor>* inputs) {
  if (!inputs) return run(roots, gradients, retain_graph, create_graph, nullptr);
  if (inputs->empty()) errors::fail("backward", "the inputs must not be empty; leave them out for all leaves");
  Captures captures;
  for (const Tensor& t : *inputs) captures.emplace(key_of("backward", t), Tensor());
  run(roots, gradients, retain_graph, create_graph, &captures);
  for (const Tensor& t : *inputs) {
    // Each once, however often it is named.
    if (Tensor g = std::move(captures.at(key_of("backward", t))); g.defined())
      accumulate(meta(t).gradient(), std::move(g), create_graph);
  }
}

Grads grad(std::span<const Tensor> roots, std::span<const Tensor> inputs, std::span<const Tensor> gradients,
           bool retain_graph, bool create_graph, bool allow_unused) {
  Captures captures;
  std::vector<const void*> keys;
  for (const Tensor& t : inputs) {
    keys.push_back(key_of("grad", t));
    captures.emplace(keys.back(), Tensor());
  }
  run(roots, gradients, retain_graph, create_graph, &captures);
  Grads out;
  for (const void* key : keys) {
    const Tensor& g = captures.at(key);
    if (!g.defined() && !allow_unused)
      errors::fail<GradError>("grad", "input ", static_cast<std::int64_t>(out.size()),
                              " was not used to make the outputs; pass allow_unused=True to get None for it");
    out.push_back(g);
  }
  return out;
}

}  // namespace autograd
}  // namespace tenon
