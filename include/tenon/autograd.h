// Reverse-mode differentiation: the graph, the engine and what operations use to record themselves.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tenon/node.h"
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

// The border guard (on by default): a saved tensor whose bytes others may write is fingerprinted when it is saved, or
// when it is first lent to somebody after that, and compared before backward uses it.
TENON_API void set_border_guard(bool on);
TENON_API bool border_guard();

// The gradient of an operation as a function of g; made in derivatives*.cc only.
using Backward = std::function<Grads(const Tensor& g)>;
// The same of an operation of several outputs: gs has one entry for each, undefined where no gradient came.
using BackwardOfMany = std::function<Grads(std::span<const Tensor> gs)>;

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
TENON_API void attach(const Tensor& y, Ref<Node> node, std::vector<Edge> edges);
// The same with one node for all outputs. Those that are undefined, integers or bools get no history.
TENON_API void attach(std::span<const Tensor> ys, const char* op, std::span<const Tensor> inputs,
                      BackwardOfMany backward);
TENON_API void attach(std::span<const Tensor> ys, Ref<Node> node, std::vector<Edge> edges);
// Where t's gradient flows to; empty if it requires none, or is undefined.
TENON_API Edge edge_of(const Tensor& t);
TENON_API std::vector<Edge> edges_of(std::span<const Tensor> ts);

// In-place operations: check before the write, rebase after it. Throws ReadOnlyError, RuntimeError where elements
// share memory (expanded views), and GradError as check_leaf, for views taken under NoGrad, and for a gradient that
// would flow into integers or bools.
TENON_API void check_inplace(const Tensor& t, const char* op, bool grad_flows_in);
// For what changes the geometry alone. While this thread records, throws GradError for a leaf that requires grad and
// for a view of one.
TENON_API void check_leaf(const Tensor& t, const char* op);
// For what changes the geometry. Throws BufferError for a leaf that a graph, a view or other handles need as it is.
TENON_API void check_sole(const Tensor& t, const char* op);
// Gives t another history, and moves what retain_grad() asked for.
void set_history(const Tensor& t, Edge history);
// Bumps the version; if a history is given, makes it t's (and its base's, if t is a view).
TENON_API void after_inplace(const Tensor& t, const char* op, Edge history = {});

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
// The operation that made t, and which of its outputs t is; null for leaves.
TENON_API Edge history_of(const Tensor& t);
inline Ref<Node> node_of(const Tensor& t) { return history_of(t).node; }

// Calls the hook with t's whole gradient, each time that backward() or grad() has it. Later hooks see what earlier ones
// returned. A write in place gives t another gradient, which hooks from before do not see. Throws GradError for a
// tensor that requires no grad. python: as Node::add_hook().
TENON_API HookHandle register_hook(const Tensor& t, TensorHook hook, void* python = nullptr);
// Calls the hook after backward() has added to a leaf's .grad, as soon as no more will come. Throws GradError for what
// is no leaf that requires grad.
TENON_API HookHandle register_post_accumulate_grad_hook(const Tensor& leaf, LeafHook hook, void* python = nullptr);

}  // namespace autograd
}  // namespace tenon
