// Runs the graph backwards: backward() and grad(). Iterative, since graphs may be deeper than the stack.
#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include "autograd/tape.h"
#include "autograd/walk.h"
#include "core/errors.h"
#include "core/in_use.h"
#include "core/interrupt.h"
#include "tenon/autograd.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon {

[[gnu::tls_model("initial-exec")]] constinit thread_local Node* Engine::running = nullptr;
[[gnu::tls_model("initial-exec")]] constinit thread_local bool Engine::used_saved = false;

namespace autograd {
namespace {

// Adds up a broadcast gradient and converts it to the dtype and device of its tensor. op: what made the gradient.
Tensor fit(Tensor g, const Dims& shape, DType dtype, Device device, const char* op) {
  if (g.shape() != shape) {
    Dims axes;
    const int extra = g.ndim() - shape.size();
    for (int d = 0; d < g.ndim(); ++d) {
      const std::int64_t wanted = d < extra ? 1 : shape[d - extra];
      if (d < extra || (wanted == 1 && g.shape()[d] != 1)) axes.push_back(d);
      else if (wanted != g.shape()[d]) errors::wrong_gradient(op, g.shape(), shape);
    }
    if (extra < 0) errors::wrong_gradient(op, g.shape(), shape);
    g = reshape(sum(g, axes, true), shape);
  }
  if (g.dtype() == dtype && same_memory(g.device(), device)) return g;
  if (is_complex(g.dtype()) && !is_complex(dtype)) g = real(g);
  return to(g, dtype, device);
}
Tensor fit(Tensor g, const Edge& e, const char* op) {
  if (const TensorImpl* leaf = e.node->leaf()) return fit(std::move(g), leaf->shape, leaf->dtype, leaf->device, op);
  const OutputInfo& o = e.node->output(e.output);
  return fit(std::move(g), o.shape, o.dtype, o.device, op);
}

bool unshared(const Tensor& t) {
  return t.impl()->refs.load(std::memory_order_relaxed) == 1 && t.storage().use_count() == 1 && !t.impl()->base;
}

void add_to(Tensor& sum, Tensor g, bool create_graph) {
  if (!sum.defined()) {
    sum = std::move(g);
  } else if (!create_graph && unshared(sum) && sum.is_contiguous()) {
    add_(sum, g, 1);
  } else {
    sum = add(sum, g);
  }
}

// What .grad becomes with a graph of its own. To record it may run Python code, which other threads that want the mutex
// wait for: the sum is formed without it, and again if another backward() was first.
void accumulate_recorded(Tensor& grad, const Tensor& g) {
  for (;;) {
    Tensor before;
    std::uint32_t version = 0;
    {
      std::lock_guard lock(gradient_mutex(grad));
      before = grad;
      if (before.defined()) version = before.storage().version();
    }
    Tensor sum = before.defined() ? add(before, g) : g;
    std::lock_guard lock(gradient_mutex(grad));
    if (grad.impl() != before.impl() || (before.defined() && before.storage().version() != version)) continue;
    std::swap(grad, sum);  // the old one dies outside
    return;
  }
}

// What .grad becomes. Several backward() may add to the same one.
void accumulate(Tensor& grad, Tensor g, bool create_graph) {
  const NoInterrupts whole;
  if (create_graph) return accumulate_recorded(grad, g);
  std::lock_guard lock(gradient_mutex(grad));
  const InUse used = grad.defined() ? InUse(grad) : InUse();
  if (!grad.defined()) {
    grad = unshared(g) && g.is_contiguous() ? std::move(g) : clone(g);
  } else {
    add_(grad, g, 1);
  }
}

// The gradients of a node's outputs, added up so far.
struct Pending {
  Ref<Node> node;
  Tensor one;  // of a node of one output, as most are
  Grads several;
  Tensor& of(std::uint32_t output) {
    if (node->outputs() == 1) return one;
    several.resize(node->outputs());
    return several[output];
  }
  std::span<Tensor> all() { return node->outputs() == 1 ? std::span(&one, 1) : std::span(several); }
};

using Captures = std::map<std::pair<const Node*, std::uint32_t>, Tensor>;

// One call of backward() or grad().
class Run {
 public:
  Run(bool retain_graph, bool create_graph, Captures* captures)
      : retain_(retain_graph), create_(create_graph), captures_(captures) {}
  ~Run() {
    set_grad_enabled(enabled_);
    Engine::running = running_;
    Engine::used_saved = used_saved_;
  }
  void operator()(std::span<const Tensor> roots, std::span<const Tensor> gradients);

 private:
  // No other node that waits needs the one with the highest number (Node::connect).
  std::map<std::uint64_t, Pending, std::greater<>> waiting_;
  // What a plain backward() over leaves without hooks does without.
  struct Extra {
    Walk walk;
    std::unordered_map<const Node*, Pending> leaves;  // those with hooks, which want the whole gradient
  };
  std::unique_ptr<Extra> extra_;

  const bool retain_, create_;
  Captures* const captures_;
  const bool enabled_ = grad_enabled();
  Node* const running_ = Engine::running;
  const bool used_saved_ = Engine::used_saved;

  Tensor start(const Tensor& root, const Tensor& gradient);
  void send(const Edge& e, Tensor g, const char* op);
  void run_hooks(Pending& p);
  void run_node(Pending& p);
  void run_noticed(Pending& p);
  void run_leaf(Pending p);
  void add_to_leaf(Node& leaf, Tensor g);
};

Tensor Run::start(const Tensor& root, const Tensor& gradient) {
  if (!root.requires_grad())
    errors::fail<GradError>("backward",
                            "the tensor has no gradient: none of the tensors it was made from requires "
                            "grad, or it was made under no_grad()");
  if (anomaly::on()) anomaly::check_root(root);
  if (gradient.defined()) {
    if (gradient.shape() != root.shape()) errors::wrong_shape("backward", gradient.shape(), root.shape());
    return gradient;
  }
  if (is_complex(root.dtype()))
    errors::fail<GradError>("backward", "a gradient is implied for real tensors only; got ", root.dtype(),
                            ", pass gradient= or take .real, .imag or .abs()");
  if (root.numel() != 1)
    errors::fail<GradError>("backward", "a gradient is implied for a tensor of one element only; got shape ",
                            root.shape(), ", pass gradient=");
  set_grad_enabled(create_);
  return full(root.shape(), 1, root.dtype(), root.device());
}

void Run::add_to_leaf(Node& leaf, Tensor g) {
  AutogradMeta& m = *leaf.leaf()->meta();
  if (m.requires_grad) accumulate(m.grad, std::move(g), create_);
}

void Run::send(const Edge& e, Tensor g, const char* op) {
  if (!e) return;
  Node& n = *e.node;
  if (!n.leaf()) {
    if (!g.defined() || (extra_ && !extra_->walk.needs(n))) return;
    Pending& p = waiting_[n.sequence()];
    if (!p.node) p.node = e.node;
    add_to(p.of(e.output), fit(std::move(g), e, op), create_);
  } else if (captures_ && !captures_->contains({&n, 0})) {
  } else if (n.hooks()) {
    if (!extra_) extra_ = std::make_unique<Extra>();  // another thread has just given it a hook
    Pending& p = extra_->leaves[&n];
    if (!p.node) p.node = e.node;
    if (g.defined()) add_to(p.one, fit(std::move(g), e, op), create_);
    if (extra_->walk.was_last(n)) {
      run_leaf(std::move(p));
      extra_->leaves.erase(&n);
    }
  } else if (!g.defined()) {
  } else if (!captures_) {
    add_to_leaf(n, fit(std::move(g), e, op));
  } else {
    add_to(captures_->at({&n, 0}), fit(std::move(g), e, op), create_);
  }
}

// Hooks of the tensors, then what asks for their gradients.
void Run::run_hooks(Pending& p) {
  if (!captures_ && !p.node->hooks()) return;
  Hooks* hooks = p.node->hooks();
  std::uint32_t i = 0;
  for (Tensor& g : p.all()) {
    if (hooks && g.defined()) {
      g = hooks::run_tensor_hooks(*p.node, i, std::move(g));
      if (const auto retained = captures_ ? nullptr : hooks->retained_by(i)) accumulate(*retained, g, create_);
    }
    if (captures_ && g.defined()) {
      if (auto it = captures_->find({p.node.get(), i}); it != captures_->end()) it->second = g;
    }
    ++i;
  }
}

void Run::run_leaf(Pending p) {
  Node& n = *p.node;
  if (!p.one.defined()) return;
  run_hooks(p);
  if (captures_) return;
  Hooks& hooks = *n.hooks();
  for (const auto& hook : hooks.of(hooks.before)) {
    Grads gs{p.one};
    (*hook)(gs);
    p.one = gs[0];
  }
  const Grads of_output{p.one};
  add_to_leaf(n, std::move(p.one));
  const Tensor leaf{Ref<TensorImpl>(n.leaf())};
  for (const auto& hook : hooks.of(hooks.leaf)) (*hook)(leaf);
  for (const auto& hook : hooks.of(hooks.after)) {
    Grads none;
    (*hook)(none, of_output);
  }
}

void Run::run_node(Pending& p) {
  Node& n = *p.node;
  run_hooks(p);
  if (captures_ && !extra_->walk.goes_on(n)) return;
  Engine::Use use(n);
  Hooks* hooks = n.hooks();
  Grads kept;  // for the hooks behind the node
  if (hooks) {
    for (const auto& hook : hooks->of(hooks->before)) {
      Grads gs(p.all().begin(), p.all().end());
      (*hook)(gs);
      std::ranges::copy(gs, p.all().begin());
    }
    kept.assign(p.all().begin(), p.all().end());
  }
  Engine::running = &n;
  Engine::used_saved = false;
  Grads gs = n.backward(p.all());
  const bool used_saved = Engine::used_saved;
  if (gs.size() < n.edges().size()) gs.resize(n.edges().size());
  if (hooks)
    for (const auto& hook : hooks->of(hooks->after)) (*hook)(gs, kept);
  if (anomaly::on()) anomaly::check(n, gs);
  for (std::size_t i = 0; i < n.edges().size(); ++i) send(n.edges()[i], std::move(gs[i]), n.op());
  if (!retain_ && used_saved) use.close();
}

// As run_node; in anomaly mode an error leaves behind which node it was.
void Run::run_noticed(Pending& p) {
  if (!anomaly::on()) return run_node(p);
  try {
    run_node(p);
  } catch (...) {
    anomaly::failed(*p.node);
    throw;
  }
}

void Run::operator()(std::span<const Tensor> roots, std::span<const Tensor> gradients) {
  std::vector<std::pair<Edge, Tensor>> starts;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    Tensor g = start(roots[i], i < gradients.size() ? gradients[i] : Tensor());
    starts.emplace_back(edge_of(roots[i]), std::move(g));
  }
  if (captures_ || hooks::any_on_leaves()) {
    extra_ = std::make_unique<Extra>();
    extra_->walk.begin(captures_ != nullptr);
    if (captures_)
      for (const auto& [key, g] : *captures_) extra_->walk.want(key.first);
    for (const auto& [edge, g] : starts) extra_->walk.from(edge);
  }
  set_grad_enabled(create_);
  for (auto& [edge, g] : starts) send(edge, g, "backward");
  starts.clear();
  for (unsigned n = 1; !waiting_.empty(); ++n) {
    if (n % 64 == 0) check_interrupt();
    auto first = waiting_.extract(waiting_.begin());
    run_noticed(first.mapped());
  }
  // Leaves some of whose gradients never came.
  if (extra_)
    for (auto& [node, p] : extra_->leaves) run_leaf(std::move(p));
}

// What a gradient of t is caught by.
std::pair<const Node*, std::uint32_t> key_of(const char* op, const Tensor& t) {
  const Edge e = edge_of(t);
  if (!e)
    errors::fail<GradError>(op, "one of the inputs does not require grad; call requires_grad_() before it is used");
  return {e.node.get(), e.output};
}

}  // namespace

void backward(std::span<const Tensor> roots, std::span<const Tensor> gradients, bool retain_graph, bool create_graph,
              const std::vector<Tensor>* inputs) {
  if (!inputs) return Run(retain_graph, create_graph, nullptr)(roots, gradients);
  if (inputs->empty()) errors::fail("backward", "the inputs must not be empty; leave them out for all leaves");
  Captures captures;
  for (const Tensor& t : *inputs) captures.emplace(key_of("backward", t), Tensor());
  Run(retain_graph, create_graph, &captures)(roots, gradients);
  for (const Tensor& t : *inputs) {
    // Each once, however often it is named.
    if (Tensor g = std::move(captures.at(key_of("backward", t))); g.defined())
      accumulate(*meta(t).gradient(), std::move(g), create_graph);
  }
}

Grads grad(std::span<const Tensor> roots, std::span<const Tensor> inputs, std::span<const Tensor> gradients,
           bool retain_graph, bool create_graph, bool allow_unused) {
  Captures captures;
  std::vector<std::pair<const Node*, std::uint32_t>> keys;
  for (const Tensor& t : inputs) {
    keys.push_back(key_of("grad", t));
    captures.emplace(keys.back(), Tensor());
  }
  Run(retain_graph, create_graph, &captures)(roots, gradients);
  Grads out;
  for (const auto& key : keys) {
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
