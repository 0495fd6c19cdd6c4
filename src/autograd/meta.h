// What a tensor carries if it takes part in differentiation. Operations of several threads may read and replace it.
#pragma once

#include <sched.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "tenon/node.h"

namespace tenon {

// Held for a few instructions, where a mutex would cost more than the work.
class SpinLock {
 public:
  void lock() {
    while (locked_.exchange(true, std::memory_order_acquire)) sched_yield();
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

struct AutogradMeta {
  AutogradMeta() = default;
  explicit AutogradMeta(Edge history) : recorded_(static_cast<bool>(history)), history_(std::move(history)) {}
  ~AutogradMeta() { delete accumulate(); }
  AutogradMeta(const AutogradMeta&) = delete;

  std::atomic<bool> requires_grad{false};  // a leaf's own flag; another thread may change it

  // The operation that made the tensor; empty for leaves.
  bool recorded() const { return recorded_.load(std::memory_order_acquire); }
  Edge history() const {
    if (!recorded()) return {};
    const std::lock_guard guard(lock_);
    return history_;
  }
  // Returns the old one, whose end may run code of others.
  [[nodiscard]] Edge set_history(Edge history) {
    const std::lock_guard guard(lock_);
    recorded_.store(static_cast<bool>(history), std::memory_order_release);
    return std::exchange(history_, std::move(history));
  }

  // Where a leaf's gradients flow to: null before it first required grad, then the same to the end.
  Node* accumulate() const { return accumulate_.load(std::memory_order_acquire); }
  void set_accumulate(std::unique_ptr<Node> node) {
    Node* none = nullptr;
    if (accumulate_.compare_exchange_strong(none, node.get(), std::memory_order_acq_rel)) (void)node.release();
  }

  // What retain_grad() has put in the place of .grad, which the node's hooks fill; null for none.
  std::shared_ptr<Tensor> retained() const {
    if (!retains()) return nullptr;
    const std::lock_guard guard(lock_);
    return retained_;
  }
  bool retains() const { return retains_.load(std::memory_order_acquire); }
  std::shared_ptr<Tensor> set_retained(std::shared_ptr<Tensor> t) {
    const std::lock_guard guard(lock_);
    retains_.store(static_cast<bool>(t), std::memory_order_release);
    return std::exchange(retained_, std::move(t));
  }

  // Where .grad stands. Whoever reads or changes what stands there holds gradient_mutex() of it (tape.h).
  std::shared_ptr<Tensor> gradient() {
    if (auto r = retained()) return r;
    return {std::shared_ptr<void>(), &grad};  // owns nothing
  }
  Tensor grad;

 private:
  mutable SpinLock lock_;
  std::atomic<bool> recorded_{false}, retains_{false};
  std::atomic<Node*> accumulate_{nullptr};
  Edge history_;
  std::shared_ptr<Tensor> retained_;
};

}  // namespace tenon
