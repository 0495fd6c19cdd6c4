// The graph that backward() runs: nodes, edges, hooks and saved tensors. autograd.h is what most code needs.
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

using Grads = std::vector<Tensor>;  // undefined where there is none

// Where a gradient flows to: an output of the node that made a tensor. A leaf has a node of its own, AccumulateGrad,
// which adds to .grad.
struct Edge {
  Ref<Node> node;
  std::uint32_t output = 0;

  Edge() = default;
  Edge(Ref<Node> n, std::uint32_t o = 0) : node(std::move(n)), output(o) {}
  explicit operator bool() const { return static_cast<bool>(node); }
};

// What the engine knows of a node's output: it adds up and converts gradients to this.
struct OutputInfo {
  Dims shape;
  DType dtype = DType::float32;
  Device device;

  OutputInfo() = default;
  explicit OutputInfo(const Tensor& t) : shape(t.shape()), dtype(t.dtype()), device(t.device()) {}
};

// ---- hooks: functions of the user's that the engine calls ----

// Gets a tensor's whole gradient. Returns what takes its place, or an undefined tensor.
using TensorHook = std::function<Tensor(const Tensor& g)>;
// Gets the gradients of a node's outputs before the node runs, and may replace them.
using NodePreHook = std::function<void(Grads& of_outputs)>;
// Gets the gradients that a node made of its inputs, and may replace them.
using NodeHook = std::function<void(Grads& of_inputs, std::span<const Tensor> of_outputs)>;
// Gets a leaf after its .grad was added to.
using LeafHook = std::function<void(const Tensor& leaf)>;

struct Hooks;

// Removes a hook. It does not keep the node alive.
class TENON_API HookHandle {
 public:
  HookHandle() = default;
  HookHandle(std::shared_ptr<Hooks> hooks, std::uint64_t id) : hooks_(std::move(hooks)), id_(id) {}
  // Nothing happens if it was removed before.
  void remove();

 private:
  std::shared_ptr<Hooks> hooks_;
  std::uint64_t id_ = 0;
};

// ---- nodes ----

// One recorded operation of n outputs.
class TENON_API Node {
 public:
  explicit Node(const char* op) : op_(op) {}
  virtual ~Node();
  // The gradients of the inputs from those of the outputs; of both, those that nobody needs or has are undefined.
  virtual Grads backward(std::span<const Tensor> gs) = 0;
  // Drops what was saved. Runs once, and never while backward() runs.
  virtual void free_saved() = 0;

  const char* op() const { return op_; }
  std::uint64_t sequence() const { return sequence_; }
  bool freed() const { return (running_.load(std::memory_order_relaxed) & kFreed) != 0; }
  const std::vector<Edge>& edges() const { return edges_; }
  std::uint32_t outputs() const { return static_cast<std::uint32_t>(more_outputs_.size()) + 1; }
  const OutputInfo& output(std::uint32_t i) const { return i == 0 ? output_ : more_outputs_[i - 1]; }
  // The leaf whose .grad this node adds to; null for an operation's node.
  TensorImpl* leaf() const { return leaf_; }

  // Says where the gradients flow to, and numbers the node: the engine runs higher numbers first, and all nodes among
  // the edges have theirs.
  void connect(std::vector<Edge> edges);
  // The next output; the first call is for output 0.
  void set_output(std::uint32_t i, OutputInfo info);

  // python: an object that the function holds, shown to Python's garbage collector; null for none.
  HookHandle add_hook(NodeHook hook, void* python = nullptr);
  HookHandle add_prehook(NodePreHook hook, void* python = nullptr);
  HookHandle add_tensor_hook(std::uint32_t output, TensorHook hook, void* python = nullptr);
  HookHandle add_leaf_hook(LeafHook hook, void* python = nullptr);
  Hooks* hooks() const { return hooks_.load(std::memory_order_acquire); }

  void retain() {
    if (leaf_) leaf_->retain();
    else refs_.fetch_add(1, std::memory_order_relaxed);
  }
  void release();
  int use_count() const { return refs_.load(std::memory_order_relaxed); }

  // The Python object that stands for this node, while there is one; and a Python object that the node holds (a
  // Function's context), shown to the garbage collector.
  void* wrapper = nullptr;
  void* python = nullptr;

 protected:
  void set_op(const char* op) { op_ = op; }
  TensorImpl* leaf_ = nullptr;  // its reference count is the node's, too

 private:
  friend struct Engine;
  Hooks& made_hooks();  // made where there are none

  static constexpr std::uint32_t kFreed = 1u << 31;
  const char* op_;
  std::uint64_t sequence_ = 0;
  std::vector<Edge> edges_;
  OutputInfo output_;
  std::vector<OutputInfo> more_outputs_;
  std::atomic<int> refs_{1};
  std::atomic<std::uint32_t> running_{0};  // how many threads run it, and whether it was freed
  std::atomic<Hooks*> hooks_{nullptr};  // owned_hooks_', once there are any
  std::shared_ptr<Hooks> owned_hooks_;
  Node* next_dying_ = nullptr;  // release()
};

// ---- saved tensors ----

// Replaces how tensors are saved: gets the tensor, and returns a function that gives it back.
using Pack = std::function<std::function<Tensor()>(const Tensor&)>;

struct SavedTensor;

// A tensor kept for backward. get() throws GradError if its bytes have been written since.
class TENON_API Saved {
 public:
  Saved() = default;
  Saved(Tensor t, const char* op);
  // For a node's own output i: holds no reference back to the node; get() puts the history back, which is the
  // node that the engine is running.
  static Saved output(const Tensor& t, const char* op, std::uint32_t i = 0);
  Tensor get() const;
  bool defined() const { return t_.defined() || unpack_; }

 private:
  Saved(Tensor t, const char* op, std::int32_t output);
  Tensor t_;
  Edge history_;
  const char* op_ = nullptr;
  std::uint32_t version_ = 0;
  std::int32_t output_ = -1;  // of the node itself
  std::uint64_t fingerprint_ = 0;
  std::shared_ptr<const SavedTensor> listed_;  // where the fingerprint is taken later
  std::shared_ptr<const std::function<Tensor()>> unpack_;  // in the place of t_
};

namespace autograd {

// What is saved on this thread goes through the pack that was pushed last.
TENON_API void push_saved_tensors_hooks(Pack pack);
TENON_API void pop_saved_tensors_hooks();
// While a message is set, push_saved_tensors_hooks() throws GradError with it. Returns the one before; "" for none.
TENON_API std::string disable_saved_tensors_hooks(std::string message);

}  // namespace autograd
}  // namespace tenon
