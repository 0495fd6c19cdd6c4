// Nodes: their connections and their end.
#include "autograd/hooks.h"
#include "autograd/tape.h"
#include "core/errors.h"
#include "tenon/node.h"

namespace tenon {

Node::~Node() {
  if (Hooks* h = hooks()) h->clear();  // a handle may outlive the node
}

void Node::connect(std::vector<Edge> edges) {
  static std::atomic<std::uint64_t> next{1};
  edges_ = std::move(edges);
  sequence_ = next.fetch_add(1, std::memory_order_relaxed);
}

void Node::set_output(std::uint32_t i, OutputInfo info) {
  if (i == 0) {
    output_ = std::move(info);
    return;
  }
  if (more_outputs_.size() < i) more_outputs_.resize(i);
  more_outputs_[i - 1] = std::move(info);
}

void Node::release() {
  if (leaf_) return leaf_->release();
  // Whoever holds the last reference needs no atomic subtraction.
  if (refs_.load(std::memory_order_acquire) != 1 && refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // A graph may be deeper than the stack: nodes that die while another is being destroyed wait in a list. It needs no
  // destructor of its own, since graphs may outlive their thread's objects.
  static constinit thread_local Node* dying = nullptr;
  static constinit thread_local bool draining = false;
  next_dying_ = std::exchange(dying, this);
  if (draining) return;
  draining = true;
  while (Node* n = dying) {
    dying = n->next_dying_;
    delete n;
  }
  draining = false;
}

Engine::Use::Use(Node& n) : node_(n) {
  std::uint32_t now = n.running_.load(std::memory_order_relaxed);
  do {
    if (now & Node::kFreed) errors::graph_freed(n.op());
  } while (!n.running_.compare_exchange_weak(now, now + 1, std::memory_order_acquire, std::memory_order_relaxed));
}

Engine::Use::~Use() {
  // Only one thread sees the count fall to 0 with the node closed: nobody enters after that.
  if (node_.running_.fetch_sub(1, std::memory_order_acq_rel) == (Node::kFreed | 1)) node_.free_saved();
}

}  // namespace tenon
