#include "autograd/hooks.h"

#include <atomic>

#include "autograd/mutexes.h"
#include "autograd/tape.h"
#include "core/errors.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

std::atomic<bool> g_on_leaves{false};

template <class F>
std::shared_ptr<const F> take(Hooks::List<F>& list, std::uint64_t id) {
  for (auto it = list.begin(); it != list.end(); ++it) {
    if (it->id != id) continue;
    auto function = std::move(it->function);
    list.erase(it);
    return function;
  }
  return nullptr;
}

template <class F>
HookHandle add(const std::shared_ptr<Hooks>& h, Hooks::List<F>& list, F f, void* python, std::uint32_t output = 0) {
  std::lock_guard lock(h->mutex);
  const std::uint64_t id = h->next_id++;
  list.push_back({id, std::make_shared<const F>(std::move(f)), python, output});
  return {h, id};
}

}  // namespace

void Hooks::remove(std::uint64_t id) {
  // What is taken out dies when the mutex is free again.
  std::shared_ptr<const void> dying;
  std::lock_guard lock(mutex);
  for (auto take_from : {+[](Hooks& h, std::uint64_t i) -> std::shared_ptr<const void> { return take(h.tensor, i); },
                         +[](Hooks& h, std::uint64_t i) -> std::shared_ptr<const void> { return take(h.before, i); },
                         +[](Hooks& h, std::uint64_t i) -> std::shared_ptr<const void> { return take(h.after, i); },
                         +[](Hooks& h, std::uint64_t i) -> std::shared_ptr<const void> { return take(h.leaf, i); }})
    if (!dying) dying = take_from(*this, id);
}

std::shared_ptr<Tensor> Hooks::retained_by(std::uint32_t output) {
  std::lock_guard lock(mutex);
  for (const auto& [o, where] : retained)
    if (o == output) return where;
  return nullptr;
}

std::vector<void*> Hooks::python_objects() {
  std::lock_guard lock(mutex);
  std::vector<void*> out;
  const auto collect = [&](const auto& list) {
    for (const auto& e : list)
      if (e.python) out.push_back(e.python);
  };
  collect(tensor);
  collect(before);
  collect(after);
  collect(leaf);
  if (metadata) out.push_back(metadata.get());
  return out;
}

void Hooks::clear() {
  List<TensorHook> a;
  List<NodePreHook> b;
  List<NodeHook> c;
  List<LeafHook> d;
  std::shared_ptr<void> e;
  std::lock_guard lock(mutex);
  a.swap(tensor);
  b.swap(before);
  c.swap(after);
  d.swap(leaf);
  e.swap(metadata);
}

void HookHandle::remove() {
  if (const auto hooks = std::exchange(hooks_, nullptr)) hooks->remove(id_);
}

Hooks& Node::made_hooks() {
  if (!hooks()) {
    std::lock_guard lock(mutex_of<struct HooksOfNodes, ForkLevel::hooks>(this));
    if (!hooks()) {
      owned_hooks_ = std::make_shared<Hooks>();
      hooks_.store(owned_hooks_.get(), std::memory_order_release);
    }
  }
  if (leaf_) g_on_leaves.store(true, std::memory_order_relaxed);
  return *hooks();
}

HookHandle Node::add_hook(NodeHook hook, void* python) {
  Hooks& h = made_hooks();
  return add(owned_hooks_, h.after, std::move(hook), python);
}
HookHandle Node::add_prehook(NodePreHook hook, void* python) {
  Hooks& h = made_hooks();
  return add(owned_hooks_, h.before, std::move(hook), python);
}
HookHandle Node::add_tensor_hook(std::uint32_t output, TensorHook hook, void* python) {
  Hooks& h = made_hooks();
  return add(owned_hooks_, h.tensor, std::move(hook), python, output);
}
HookHandle Node::add_leaf_hook(LeafHook hook, void* python) {
  Hooks& h = made_hooks();
  return add(owned_hooks_, h.leaf, std::move(hook), python);
}

namespace hooks {

bool any_on_leaves() { return g_on_leaves.load(std::memory_order_relaxed); }

Tensor run_tensor_hooks(Node& n, std::uint32_t output, Tensor g) {
  Hooks* h = n.hooks();
  if (!h || !g.defined()) return g;
  for (const auto& hook : h->of(h->tensor, output)) {
    const Tensor replaced = (*hook)(g);
    if (!replaced.defined()) continue;
    if (replaced.shape() != g.shape()) errors::wrong_shape("register_hook", replaced.shape(), g.shape());
    g = replaced.dtype() == g.dtype() && same_memory(replaced.device(), g.device())
            ? replaced
            : to(replaced, g.dtype(), g.device());
  }
  return g;
}

void retain(Node& n, std::uint32_t output, std::shared_ptr<Tensor> where) {
  Hooks& h = Engine::hooks_of(n);
  std::lock_guard lock(h.mutex);
  h.retained.emplace_back(output, std::move(where));
}

void stop_retaining(Node& n, std::uint32_t output) {
  Hooks* h = n.hooks();
  if (!h) return;
  std::lock_guard lock(h->mutex);
  std::erase_if(h->retained, [&](const auto& r) { return r.first == output; });
}

}  // namespace hooks

namespace autograd {

HookHandle register_hook(const Tensor& t, TensorHook hook, void* python) {
  const Edge e = edge_of(t);
  if (!e)
    errors::fail<GradError>("register_hook", "the tensor requires no grad; call requires_grad_() before it is used");
  return e.node->add_tensor_hook(e.output, std::move(hook), python);
}

HookHandle register_post_accumulate_grad_hook(const Tensor& leaf, LeafHook hook, void* python) {
  const Edge e = edge_of(leaf);
  if (!e || !e.node->leaf())
    errors::fail<GradError>("register_post_accumulate_grad_hook",
                            "the tensor must be a leaf that requires grad; register_hook() takes any tensor");
  return e.node->add_leaf_hook(std::move(hook), python);
}

}  // namespace autograd
}  // namespace tenon
