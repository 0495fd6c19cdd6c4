// The graph: recording, saved tensors, views and writes in place. engine.cc runs it; derivatives*.cc know the calculus.
#include <cstdint>
#include <mutex>

#include "autograd/derivatives.h"
#include "autograd/guard.h"
#include "autograd/tape.h"
#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local bool t_grad_enabled = true;

// A node whose gradient is a closure from derivatives*.cc.
class FunctionNode final : public Node {
 public:
  FunctionNode(const char* op, Backward backward) : Node(op), backward_(std::move(backward)) {}
  Grads backward(const Tensor& g) override { return backward_(g); }
  void free_saved() override { backward_ = nullptr; }

 private:
  Backward backward_;
};

// The view of a base that starts `bytes` after it. The view may be one of parts of complex numbers, or of pairs as
// complex numbers, which may begin with any of the base's.
Tensor window(const Tensor& base, DType dtype, const Dims& shape, const Dims& strides, std::int64_t bytes) {
  if (is_complex(dtype) == is_complex(base.dtype()) && bytes % base.itemsize() == 0)
    return as_strided(base, shape, strides, bytes / base.itemsize());
  const Tensor parts = is_complex(base.dtype()) ? view_as_real(base) : base;
  const std::int64_t offset = bytes / parts.itemsize();
  if (!is_complex(dtype)) return as_strided(parts, shape, strides, offset);
  Dims pair_shape = shape, pair_strides = strides;
  for (auto& s : pair_strides) s *= 2;
  pair_shape.push_back(2);
  pair_strides.push_back(1);
  return view_as_complex(as_strided(parts, pair_shape, pair_strides, offset));
}

// base with the elements of one of its views replaced: the history of a base after its view was written.
class ReplaceSlice final : public Node {
 public:
  ReplaceSlice(const char* op, const Tensor& base, const Tensor& view)
      : Node(op),
        dtype_(view.dtype()),
        base_shape_(base.shape()),
        base_strides_(base.strides()),
        shape_(view.shape()),
        strides_(view.strides()),
        bytes_(view.data() - base.data()) {}

  Grads backward(const Tensor& g) override {
    // The gradient is laid out as the base is, so that the view's strides mean the same elements.
    Tensor like = empty_like_layout(g);
    copy_(like, g);
    Tensor view = window(like, dtype_, shape_, strides_, bytes_);
    Tensor to_view = clone(view);
    fill_(view, 0);
    return {like, to_view};
  }
  void free_saved() override {}

 private:
  Tensor empty_like_layout(const Tensor& g) const {
    const auto [low, high] = extent(base_shape_, base_strides_);
    const Tensor flat = empty({high - low + 1}, g.dtype(), g.device());
    return alias(flat, -low, base_shape_, base_strides_);
  }
  DType dtype_;
  Dims base_shape_, base_strides_, shape_, strides_;
  std::int64_t bytes_;
};

// Whether a view's base got another history since the view's own was made. What shows the bytes as another dtype
// has no gradient.
bool outdated(const TensorImpl* view) {
  return view->base && view->base_history != view->base->history &&
         real_dtype(view->dtype) == real_dtype(view->base->dtype);
}

}  // namespace

AutogradMeta& meta(const Tensor& t) {
  if (!t.impl()->grad_meta) t.impl()->grad_meta = new AutogradMeta;
  return *t.impl()->grad_meta;
}

bool grad_enabled() { return t_grad_enabled; }
void set_grad_enabled(bool on) { t_grad_enabled = on; }

void Node::connect(std::vector<Edge> edges) {
  static std::atomic<std::uint64_t> next{1};
  edges_ = std::move(edges);
  sequence_ = next.fetch_add(1, std::memory_order_relaxed);
}

void Node::release() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
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

// ---- saved tensors ----

Saved::Saved(Tensor t, const char* op) : Saved(std::move(t), op, false) {}
Saved::Saved(Tensor t, const char* op, bool is_output) : op_(op), is_output_(is_output) {
  if (!t.defined()) return;
  version_ = t.storage().version();
  // Without the tensor's history, which may come to contain the node that keeps it: a cycle. Leaves have none.
  const bool requires_grad = !is_output && t.requires_grad();
  if (requires_grad) node_ = autograd::node_of(t);
  const bool alone = !t.impl()->base && t.impl()->refs.load(std::memory_order_relaxed) == 1;  // it was moved here
  t_ = is_output || (requires_grad && !node_) || alone ? std::move(t) : t.detach();
  if (!border_guard() || !t_.device().is_cpu()) return;
  if (guard::fingerprint_at_once(t_)) fingerprint_ = guard::fingerprint(t_);
  else listed_ = std::make_shared<SavedTensor>(t_);
}

Saved Saved::output(const Tensor& t, const char* op) { return {t.detach(), op, true}; }

Tensor Saved::get() const {
  if (!t_.defined()) return t_;
  Engine::used_saved = true;
  if (t_.storage().version() != version_)
    errors::saved_was_modified(op_, t_.storage().last_writer(), version_, t_.storage().version());
  const std::uint64_t wanted = listed_ ? guard::fingerprint_of(*listed_) : fingerprint_;
  if (wanted && border_guard() && guard::fingerprint(t_) != wanted)
    errors::saved_was_written_outside(op_, t_.shape(), t_.dtype());
  const Ref<Node> node = is_output_ ? Ref<Node>(Engine::running) : node_;
  if (!t_grad_enabled || !node) return t_;
  Tensor t = t_.detach();
  meta(t).node = node;
  return t;
}

// ---- recording ----

namespace autograd {

bool needs_grad(const Tensor& t) { return t_grad_enabled && t.requires_grad(); }
bool needs_grad(std::span<const Tensor> ts) {
  for (const Tensor& t : ts)
    if (needs_grad(t)) return true;
  return false;
}

Ref<Node> node_of(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (outdated(p)) {
    // The base was written in place: this view's history is now a slice of the base's.
    const Tensor base{Ref<TensorImpl>(p->base)};
    p->base_history = p->base->history;
    const bool was = std::exchange(t_grad_enabled, true);
    const Tensor fresh = window(base, t.dtype(), t.shape(), t.strides(), t.data() - base.data());
    t_grad_enabled = was;
    set_node(t, fresh.impl()->grad_meta ? fresh.impl()->grad_meta->node : Ref<Node>());
  }
  return p->grad_meta ? p->grad_meta->node : Ref<Node>();
}

Edge edge_of(const Tensor& t) {
  Edge e;
  e.shape = t.shape();
  e.dtype = t.dtype();
  e.device = t.device();
  if (!t.requires_grad()) return e;
  e.node = node_of(t);
  if (!e.node) e.leaf = t;
  return e;
}

void attach(const Tensor& y, Ref<Node> node, std::span<const Tensor> inputs) {
  if (!is_differentiable(y.dtype())) return;
  std::vector<Edge> edges;
  edges.reserve(inputs.size());
  for (const Tensor& t : inputs) edges.push_back(t.defined() ? edge_of(t) : Edge());
  node->connect(std::move(edges));
  meta(y).node = std::move(node);
}

void attach(const Tensor& y, const char* op, std::span<const Tensor> inputs, Backward backward) {
  attach(y, Ref<Node>::adopt(new FunctionNode(op, std::move(backward))), inputs);
}

void check_leaf(const Tensor& t, const char* op) {
  if (!t_grad_enabled) return;
  const TensorImpl* p = t.impl();
  if (p->grad_meta && p->grad_meta->requires_grad && !p->grad_meta->node) errors::inplace_on_leaf(op, false);
  const AutogradMeta* base = p->base ? p->base->grad_meta : nullptr;
  if (base && base->requires_grad && !base->node) errors::inplace_on_leaf(op, true);
}

void set_node(const Tensor& t, Ref<Node> node) {
  AutogradMeta& m = meta(t);
  if (m.retained) {
    if (m.node) m.node->retained = nullptr;
    if (node) node->retained = m.retained;
  }
  m.node = std::move(node);
}

void check_inplace(const Tensor& t, const char* op, bool grad_flows_in) {
  if (t.read_only()) errors::read_only(op);
  if (!t.is_contiguous() && overlaps_itself(t.shape(), t.strides()))
    errors::overlapping_output(op, t.shape(), t.strides());
  if (!t_grad_enabled) return;
  check_leaf(t, op);
  if (!t.impl()->base) return;
  const Tensor base{Ref<TensorImpl>(t.impl()->base)};
  if (real_dtype(base.dtype()) != real_dtype(t.dtype())) {
    if (grad_flows_in || base.requires_grad())
      errors::fail<GradError>(op, "a gradient cannot flow through a view of ", base.dtype(), " elements as ", t.dtype(),
                              "; use .detach() or no_grad()");
  } else if (!t.requires_grad() && base.requires_grad()) {
    errors::fail<GradError>(op,
                            "the tensor is a view, taken under no_grad(), of one that requires grad; write under "
                            "no_grad(), or take the view outside it");
  }
}

void after_inplace(const Tensor& t, const char* op, Ref<Node> node) {
  t.storage().bump_version(op);
  if (!node) return;
  TensorImpl* p = t.impl();
  if (!p->base) {
    set_node(t, std::move(node));
    ++p->history;
    return;
  }
  const Tensor base{Ref<TensorImpl>(p->base)};
  auto replaced = Ref<Node>::adopt(new ReplaceSlice(op, base, t));
  Edge to_view;
  to_view.node = node;
  to_view.shape = t.shape();
  to_view.dtype = t.dtype();
  to_view.device = t.device();
  replaced->connect({edge_of(base), to_view});
  set_node(base, std::move(replaced));
  ++p->base->history;  // t becomes a slice of the new base when it is used
  if (t.retains_grad()) (void)node_of(t);
}

void detach_(const Tensor& t) {
  TensorImpl* p = t.impl();
  if (p->base)
    errors::fail<GradError>("detach_", "a view cannot leave the history of its base; use .detach(), or detach_() of ",
                            "the base");
  if (!p->grad_meta) return;
  AutogradMeta& m = *p->grad_meta;
  if (m.node) m.node->retained = nullptr;
  if (m.retained) m.grad = *std::exchange(m.retained, nullptr);
  m.node = {};
  m.requires_grad = false;
}

}  // namespace autograd

// ---- the tensor's side ----

bool Tensor::requires_grad() const {
  const TensorImpl* p = p_.get();
  if (p->grad_meta && (p->grad_meta->requires_grad || p->grad_meta->node)) return true;
  return outdated(p) && Tensor(Ref<TensorImpl>(p->base)).requires_grad();
}

Tensor& Tensor::set_requires_grad(bool on) {
  if (on && !is_differentiable(dtype())) errors::not_differentiable("requires_grad_", dtype());
  if (!is_leaf()) {
    if (!on) errors::fail<GradError>("requires_grad_", "only a leaf can stop requiring grad; use .detach()");
    return *this;
  }
  if (on || p_->grad_meta) meta(*this).requires_grad = on;
  return *this;
}

bool Tensor::is_leaf() const { return !requires_grad() || !autograd::node_of(*this); }

Tensor Tensor::grad() const {
  AutogradMeta* m = p_->grad_meta;
  if (!m) return {};
  const Tensor& grad = m->gradient();
  std::lock_guard lock(gradient_mutex(grad));
  return grad;
}

void Tensor::set_grad(Tensor g) {
  if (g.defined()) {
    if (g.is_same(*this)) errors::fail<GradError>("grad", "a tensor cannot be its own gradient; assign a copy");
    if (g.dtype() != dtype())
      errors::fail<DtypeError>("grad", "the dtype must be the tensor's, ", dtype(), "; got ", g.dtype());
    if (g.device() != device()) errors::device_mismatch("grad", device(), g.device());
    if (g.shape() != shape()) errors::wrong_shape("grad", g.shape(), shape());
  }
  if (!g.defined() && !p_->grad_meta) return;
  Tensor& grad = meta(*this).gradient();
  std::lock_guard lock(gradient_mutex(grad));
  std::swap(grad, g);  // the old one dies outside
}

void Tensor::retain_grad() {
  if (!requires_grad())
    errors::fail<GradError>("retain_grad", "the tensor requires no grad; call requires_grad_() before it is made");
  const Ref<Node> node = autograd::node_of(*this);
  if (!node || retains_grad()) return;
  AutogradMeta& m = meta(*this);
  m.retained = std::make_shared<Tensor>(std::move(m.grad));
  node->retained = m.retained;
}

bool Tensor::retains_grad() const { return p_->grad_meta && p_->grad_meta->retained; }

Tensor Tensor::detach() const { return alias(*this, 0, shape(), strides()); }

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph) const {
  autograd::backward({this, 1}, {&gradient, 1}, retain_graph, create_graph);
}

}  // namespace tenon
