// Tensors kept for backward: by reference with their version, or packed as the user's hooks say.
#include "autograd/guard.h"
#include "autograd/tape.h"
#include "core/errors.h"
#include "tenon/autograd.h"

namespace tenon {
namespace {

// This thread's packs, and why there may be none.
struct Packs {
  std::vector<Pack> stack;
  std::string disabled;
};
// Whether there are any: all that most threads ask.
[[gnu::tls_model("initial-exec")]] constinit thread_local bool t_packs = false;
Packs& packs() {
  static thread_local Packs p;
  return p;
}

}  // namespace

Saved::Saved(Tensor t, const char* op) : Saved(std::move(t), op, -1) {}
Saved::Saved(Tensor t, const char* op, std::int32_t output) : op_(op), output_(output) {
  if (!t.defined()) return;
  version_ = t.storage().version();
  // Without the tensor's history, which may come to contain the node that keeps it: a cycle. Leaves have none.
  const bool requires_grad = output < 0 && t.requires_grad();
  if (requires_grad) history_ = autograd::history_of(t);
  if (t_packs) {
    if (requires_grad && !history_) history_ = autograd::edge_of(t);
    const Pack pack = packs().stack.back();
    const NoGrad guard;
    const Tensor bare = t.detach();
    unpack_ = std::make_shared<const std::function<Tensor()>>(pack(bare));
    if (bare.storage().version() != version_)
      errors::fail<GradError>("saved_tensors_hooks",
                              "the pack hook changed the tensor in place; it must work on a copy");
    return;
  }
  const bool alone = !t.impl()->base && t.impl()->refs.load(std::memory_order_relaxed) == 1;  // it was moved here
  t_ = output >= 0 || (requires_grad && !history_) || alone ? std::move(t) : t.detach();
  if (!border_guard() || !t_.device().host_reads()) return;
  if (guard::fingerprint_at_once(t_)) fingerprint_ = guard::fingerprint(t_);
  else listed_ = std::make_shared<SavedTensor>(t_);
}

Saved Saved::output(const Tensor& t, const char* op, std::uint32_t i) {
  return {t.detach(), op, static_cast<std::int32_t>(i)};
}

Tensor Saved::get() const {
  if (!defined()) return {};
  Engine::used_saved = true;
  Tensor bare = t_;
  if (unpack_) {
    const NoGrad guard;
    bare = (*unpack_)();
    if (!bare.defined()) errors::fail<GradError>("saved_tensors_hooks", "the unpack hook must return a tensor");
  } else {
    if (t_.storage().version() != version_)
      errors::saved_was_modified(op_, t_.storage().last_writer(), version_, t_.storage().version());
    const std::uint64_t wanted = listed_ ? guard::fingerprint_of(*listed_) : fingerprint_;
    if (wanted && border_guard()) t_.storage().wait_for_device();
    if (wanted && border_guard() && guard::fingerprint(t_) != wanted)
      errors::saved_was_written_outside(op_, t_.shape(), t_.dtype());
  }
  if (!grad_enabled()) return bare;
  const Edge history = output_ >= 0 ? Edge(Ref<Node>(Engine::running), static_cast<std::uint32_t>(output_)) : history_;
  if (!history) return bare;
  Tensor t = bare.detach();
  (void)meta(t).set_history(history);
  return t;
}

namespace autograd {

void push_saved_tensors_hooks(Pack pack) {
  Packs& p = packs();
  if (!p.disabled.empty()) errors::fail<GradError>("saved_tensors_hooks", p.disabled);
  p.stack.push_back(std::move(pack));
  t_packs = true;
}

void pop_saved_tensors_hooks() {
  Packs& p = packs();
  if (!p.stack.empty()) p.stack.pop_back();
  t_packs = !p.stack.empty();
}

std::string disable_saved_tensors_hooks(std::string message) {
  Packs& p = packs();
  if (!message.empty() && !p.stack.empty())
    errors::fail<GradError>("disable_saved_tensors_hooks", "hooks are in use on this thread: ", message);
  return std::exchange(p.disabled, std::move(message));
}

}  // namespace autograd
}  // namespace tenon
