// Recording: which operations get a node, and where its gradients flow to. engine.cc runs the graph; derivatives*.cc
// know the calculus.
#include "autograd/tape.h"

#include "autograd/mutexes.h"
#include "core/alias.h"
#include "core/errors.h"
#include "tenon/autograd.h"

namespace tenon {
namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local bool t_grad_enabled = true;

// A node whose gradient is a closure from derivatives*.cc.
class FunctionNode final : public Node {
 public:
  FunctionNode(const char* op, Backward backward) : Node(op), backward_(std::move(backward)) {}
  Grads backward(std::span<const Tensor> gs) override { return backward_(gs[0]); }
  void free_saved() override { backward_ = nullptr; }

 private:
  Backward backward_;
};

// The same of several outputs.
class FunctionOfMany final : public Node {
 public:
  FunctionOfMany(const char* op, BackwardOfMany backward) : Node(op), backward_(std::move(backward)) {}
  Grads backward(std::span<const Tensor> gs) override { return backward_(gs); }
  void free_saved() override { backward_ = nullptr; }

 private:
  BackwardOfMany backward_;
};

// A leaf's: the end of the graph. The engine adds to .grad itself.
class AccumulateGrad final : public Node {
 public:
  explicit AccumulateGrad(TensorImpl* leaf) : Node("AccumulateGrad") { leaf_ = leaf; }
  Grads backward(std::span<const Tensor>) override { return {}; }
  void free_saved() override {}
};

}  // namespace

namespace {

// t's, or the one that was made where it had none.
AutogradMeta& meta_or(const Tensor& t, std::unique_ptr<AutogradMeta> made) {
  AutogradMeta* there = nullptr;
  if (t.impl()->grad_meta.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *there;
}

// Gives a result, which no other thread has, its history.
void made_by(const Tensor& y, Edge history) {
  if (AutogradMeta* m = y.impl()->meta()) (void)m->set_history(std::move(history));
  else meta_or(y, std::make_unique<AutogradMeta>(std::move(history)));
}

}  // namespace

AutogradMeta& meta(const Tensor& t) {
  AutogradMeta* m = t.impl()->meta();
  return m ? *m : meta_or(t, std::make_unique<AutogradMeta>());
}

bool grad_enabled() { return t_grad_enabled; }
void set_grad_enabled(bool on) { t_grad_enabled = on; }

// ---- recording ----

namespace autograd {

bool needs_grad(const Tensor& t) { return t_grad_enabled && t.requires_grad(); }
bool needs_grad(std::span<const Tensor> ts) {
  for (const Tensor& t : ts)
    if (needs_grad(t)) return true;
  return false;
}

Edge edge_of(const Tensor& t) {
  if (!t.defined() || !t.requires_grad()) return {};
  if (Edge history = history_of(t)) return history;
  const AutogradMeta* m = t.impl()->meta();
  return m && m->accumulate() ? Edge(Ref<Node>(m->accumulate())) : Edge();
}

std::vector<Edge> edges_of(std::span<const Tensor> ts) {
  std::vector<Edge> edges;
  edges.reserve(ts.size());
  for (const Tensor& t : ts) edges.push_back(edge_of(t));
  return edges;
}

void attach(const Tensor& y, Ref<Node> node, std::vector<Edge> edges) {
  if (!is_differentiable(y.dtype())) return;
  node->set_output(0, OutputInfo(y));
  node->connect(std::move(edges));
  if (anomaly::on()) anomaly::record(*node, {&y, 1});
  made_by(y, Edge(std::move(node)));
}

void attach(const Tensor& y, const char* op, std::span<const Tensor> inputs, Backward backward) {
  attach(y, Ref<Node>::adopt(new FunctionNode(op, std::move(backward))), edges_of(inputs));
}

void attach(std::span<const Tensor> ys, Ref<Node> node, std::vector<Edge> edges) {
  node->connect(std::move(edges));
  if (anomaly::on()) anomaly::record(*node, ys);
  std::uint32_t i = 0;
  for (const Tensor& y : ys) {
    node->set_output(i, y.defined() ? OutputInfo(y) : OutputInfo());
    if (y.defined() && is_differentiable(y.dtype())) made_by(y, {node, i});
    ++i;
  }
}

void attach(std::span<const Tensor> ys, const char* op, std::span<const Tensor> inputs, BackwardOfMany backward) {
  attach(ys, Ref<Node>::adopt(new FunctionOfMany(op, std::move(backward))), edges_of(inputs));
}

}  // namespace autograd

// ---- the tensor's side ----

bool Tensor::requires_grad() const {
  const TensorImpl* p = p_.get();
  if (const AutogradMeta* m = p->meta(); m && (m->requires_grad || m->recorded())) return true;
  return outdated(p) && Tensor(Ref<TensorImpl>(p->base)).requires_grad();
}

Tensor& Tensor::set_requires_grad(bool on) {
  if (on && !is_differentiable(dtype())) errors::not_differentiable("requires_grad_", dtype());
  if (!is_leaf()) {
    if (!on) errors::fail<GradError>("requires_grad_", "only a leaf can stop requiring grad; use .detach()");
    return *this;
  }
  if (!on && !p_->meta()) return *this;
  AutogradMeta& m = meta(*this);
  if (on && !m.accumulate()) m.set_accumulate(std::make_unique<AccumulateGrad>(p_.get()));
  m.requires_grad = on;
  return *this;
}

bool Tensor::is_leaf() const { return !requires_grad() || !autograd::history_of(*this); }

std::mutex& gradient_mutex(const Tensor& grad) { return mutex_of<struct Gradients, ForkLevel::gradient>(&grad); }

Tensor Tensor::grad() const {
  AutogradMeta* m = p_->meta();
  if (!m) return {};
  const auto grad = m->gradient();
  std::lock_guard lock(gradient_mutex(*grad));
  return *grad;
}

void Tensor::set_grad(Tensor g) {
  if (g.defined()) {
    if (g.is_same(*this)) errors::fail<GradError>("grad", "a tensor cannot be its own gradient; assign a copy");
    if (g.dtype() != dtype())
      errors::fail<DtypeError>("grad", "the dtype must be the tensor's, ", dtype(), "; got ", g.dtype());
    if (g.device() != device()) errors::device_mismatch("grad", device(), g.device());
    if (g.shape() != shape()) errors::wrong_shape("grad", g.shape(), shape());
  }
  if (!g.defined() && !p_->meta()) return;
  const auto grad = meta(*this).gradient();
  std::lock_guard lock(gradient_mutex(*grad));
  std::swap(*grad, g);  // the old one dies outside
}

void Tensor::retain_grad() {
  if (!requires_grad())
    errors::fail<GradError>("retain_grad", "the tensor requires no grad; call requires_grad_() before it is made");
  const Edge history = autograd::history_of(*this);
  if (!history || retains_grad()) return;
  AutogradMeta& m = meta(*this);
  auto kept = std::make_shared<Tensor>();
  {
    std::lock_guard lock(gradient_mutex(m.grad));
    std::swap(*kept, m.grad);
  }
  m.set_retained(kept);
  hooks::retain(*history.node, history.output, std::move(kept));
}

bool Tensor::retains_grad() const { return p_->meta() && p_->meta()->retains(); }

Tensor Tensor::detach() const {
  Ref<TensorImpl> p = begin_alias(*p_);
  p->shape = shape();
  p->strides = strides();
  return end_alias(std::move(p));
}

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph) const {
  autograd::backward({this, 1}, {&gradient, 1}, retain_graph, create_graph);
}

}  // namespace tenon
