// Reverse-mode differentiation: the graph, the engine and what operations use to record themselves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tenon/tensor.h"

namespace tenon {

// Whether operations are recorded on this thread; at first they are.
TENON_API bool grad_enabled();
TENON_API void set_grad_enabled(bool on);

// While it lives, its thread records nothing.
class NoGrad {
 public:
  NoGrad() : was_(grad_enabled()) { set_grad_enabled(false); }
  ~NoGrad() { set_grad_enabled(was_); }
  NoGrad(const NoGrad&) = delete;

 private:
  bool was_;
};

using Grads = std::vector<Tensor>;  // one per input, undefined where there is none

// Where a gradient flows to: the node that made a tensor, or a leaf.
struct Edge {
  Ref<Node> node;
  Tensor leaf;
  Dims shape;  // of the tensor that the gradient belongs to; the engine reduces to it
  DType dtype = DType::float32;
  Device device;
  explicit operator bool() const { return node || leaf.defined(); }
};

// One recorded operation.
class TENON_API Node {
 public:
  explicit Node(const char* op) : op_(op) {}
  virtual ~Node() = default;
  // The gradients of the inputs from that of the output. Entries whose edge is empty may stay undefined.
  virtual Grads backward(const Tensor& g) = 0;
  // Drops what was saved.
  virtual void free_saved() = 0;

  const char* op() const { return op_; }
  std::uint64_t sequence() const { return sequence_; }
  bool freed() const { return freed_; }
  const std::vector<Edge>& edges() const { return edges_; }
  // Says where the gradients flow to, and numbers the node: the engine runs higher numbers first, and all nodes among
  // the edges have theirs.
  void connect(std::vector<Edge> edges);
  std::shared_ptr<Tensor> retained;  // where to add up the output's gradient, if it is wanted

  void retain() { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release();

 private:
  friend struct Engine;
  const char* op_;
  std::uint64_t sequence_ = 0;
  std::vector<Edge> edges_;
  std::atomic<int> refs_{1};
  bool freed_ = false;
  Node* next_dying_ = nullptr;  // release()
};

// The border guard (on by default): a saved tensor whose bytes others may write is fingerprinted when it is saved, or
// when it is first lent to somebody after that, and compared before backward uses it.
TENON_API void set_border_guard(bool on);
TENON_API bool border_guard();

struct SavedTensor;

// A tensor kept for backward. get() throws GradError if its bytes have been written since.
class TENON_API Saved {
 public:
  Saved() = default;
  Saved(Tensor t, const char* op);
  // For a node's own output: holds no reference back to the node; get() puts the history back, which is the
  // node that the engine is running.
  static Saved output(const Tensor& t, const char* op);
  Tensor get() const;

 private:
  Saved(Tensor t, const char* op, bool is_output);
  Tensor t_;
  Ref<Node> node_;  // its history
  const char* op_ = nullptr;
  std::uint32_t version_ = 0;
  bool is_output_ = false;
  std::uint64_t fingerprint_ = 0;
  std::shared_ptr<const SavedTensor> listed_;  // where the fingerprint is taken later
};

// The gradient of an operation as a function of g; made in derivatives*.cc only.
using Backward = std::function<Grads(const Tensor& g)>;

namespace autograd {

// Whether one of them requires grad while this thread records.
TENON_API bool needs_grad(const Tensor& t);
template <class... T>
bool needs_grad(const Tensor& t, const T&... more) {
  return needs_grad(t) || needs_grad(more...);
}
TENON_API bool needs_grad(std::span<const Tensor> ts);

// Gives y a node for op over the inputs, unless y holds integers or bools. Call it only if one of them needs a
// gradient.
TENON_API void attach(const Tensor& y, const char* op, std::span<const Tensor> inputs, Backward backward);
TENON_API void attach(const Tensor& y, Ref<Node> node, std::span<const Tensor> inputs);
// Where t's gradient flows to; empty if it requires none.
TENON_API Edge edge_of(const Tensor& t);

// In-place operations: check before the write, rebase after it. Throws ReadOnlyError, RuntimeError where elements
// share memory (expanded views), and GradError as check_leaf, for views taken under NoGrad, and for a gradient that
// would flow into integers or bools.
TENON_API void check_inplace(const Tensor& t, const char* op, bool grad_flows_in);
// For what changes the geometry alone. While this thread records, throws GradError for a leaf that requires grad and
// for a view of one.
TENON_API void check_leaf(const Tensor& t, const char* op);
// Makes node t's history, and moves what retain_grad() asked for.
void set_node(const Tensor& t, Ref<Node> node);
// Bumps the version; if node is given, makes it t's history (and its base's, if t is a view).
TENON_API void after_inplace(const Tensor& t, const char* op, Ref<Node> node = {});

// Adds the gradients of the roots to the .grad of the leaves that require grad, and of tensors after retain_grad(); to
// that of the inputs alone where they are given. gradients: one for each root, of its shape; an undefined one is 1 for a
// root of one element. Frees what was saved unless retain_graph (what saved nothing may run again); is recorded itself
// with create_graph. Throws ShapeError; GradError for a root that requires no grad or lacks a gradient, a graph that was
// freed, a saved tensor that was written since, an operation without derivative.
TENON_API void backward(std::span<const Tensor> roots, std::span<const Tensor> gradients, bool retain_graph,
                        bool create_graph, const std::vector<Tensor>* inputs = nullptr);
// The gradients with respect to the inputs, without touching any .grad. Throws as backward(), and GradError for an
// input that requires no grad; also for one that is not in the graph, unless allow_unused makes its gradient undefined.
TENON_API Grads grad(std::span<const Tensor> roots, std::span<const Tensor> inputs, std::span<const Tensor> gradients,
                     bool retain_graph, bool create_graph, bool allow_unused);
// Makes t a leaf that requires no grad. Throws GradError for views.
TENON_API void detach_(const Tensor& t);
// The operation that made t; null for leaves.
TENON_API Ref<Node> node_of(const Tensor& t);

}  // namespace autograd
}  // namespace tenon
