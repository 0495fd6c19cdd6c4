// Who computes with a tensor while other threads run. Its shape, strides and memory change only while nobody does.
#pragma once

#include <sched.h>

#include <utility>

#include "core/errors.h"
#include "tenon/tensor.h"

namespace tenon {

inline constexpr int kChanging = -(1 << 30);  // in TensorImpl::users: below all counts

// A computation's mark on one of its tensors, which it also keeps alive. Waits for a change that is under way: that is
// a few assignments.
class InUse {
 public:
  InUse() = default;
  explicit InUse(const Tensor& t) : p_(t.impl()) {
    while (p_ && p_->users.fetch_add(1, std::memory_order_acquire) < 0) {
      p_->users.fetch_sub(1, std::memory_order_relaxed);
      sched_yield();
    }
  }
  InUse(InUse&& o) noexcept = default;
  InUse& operator=(InUse&& o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~InUse() {
    if (p_) p_->users.fetch_sub(1, std::memory_order_release);
  }

 private:
  Ref<TensorImpl> p_;
};

// The right to change a tensor's geometry. Throws BufferError while it is in use: to wait could be to wait for oneself.
class Changing {
 public:
  Changing(const char* op, const Tensor& t) : p_(t.impl()) {
    int none = 0;
    if (!p_->users.compare_exchange_strong(none, kChanging, std::memory_order_acquire)) errors::in_use(op);
  }
  ~Changing() { p_->users.fetch_sub(kChanging, std::memory_order_release); }
  Changing(const Changing&) = delete;

 private:
  TensorImpl* p_;
};

}  // namespace tenon
