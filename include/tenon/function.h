// Operations with a backward of your own:
//
//   struct Cube : autograd::Function<Cube> {
//     static constexpr const char* name = "cube";
//     static Tensor forward(autograd::Context& ctx, const Tensor& x, double scale) {
//       ctx.save({x});
//       ctx.state = scale;
//       return mul(mul(mul(x, x), x), scale);
//     }
//     static Grads backward(autograd::Context& ctx, std::span<const Tensor> gs) {
//       const Tensor x = ctx.saved()[0];
//       return {mul(mul(gs[0], mul(x, x)), 3 * std::any_cast<double>(ctx.state))};
//     }
//   };
//   Tensor y = Cube::apply(x, 2.0);
#pragma once

#include <any>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/autograd.h"

namespace tenon::autograd {

// Tensors that forward kept for backward. get() throws GradError for one that was written since, and once the graph has
// been freed.
class TENON_API SavedTensors {
 public:
  std::vector<Tensor> get() const;

 private:
  friend class CustomNode;
  mutable std::mutex mutex_;  // another thread may free the graph
  std::vector<Saved> list_;
  std::string op_;
  bool freed_ = false;
};

// What an operation of the user's says about its outputs.
struct Record {
  std::vector<Tensor> inputs;  // the tensors among its arguments
  std::vector<Tensor> outputs;  // undefined for what is no tensor
  std::vector<Tensor> dirty;  // inputs that it wrote to in place, which are outputs, too
  std::vector<Tensor> fixed;  // outputs without a gradient
  std::vector<Tensor> saved;  // for backward
};

// The node of an operation of the user's.
class TENON_API CustomNode : public Node {
 public:
  explicit CustomNode(std::string name);
  // The gradients of the inputs. gs has one entry for each output: zeros, or undefined without materialize, where no
  // gradient came.
  virtual Grads run(std::span<const Tensor> gs) = 0;

  // Gives the outputs this node, and returns them. An output that is an input, or a view, is returned as a tensor of its
  // own over the same memory. Throws as check_inplace() for what is dirty.
  std::vector<Tensor> record(const Record& r);

  bool materialize = true;
  const std::shared_ptr<SavedTensors>& saved() const { return saved_; }

  Grads backward(std::span<const Tensor> gs) final;
  void free_saved() final;

 private:
  std::string name_;
  std::shared_ptr<SavedTensors> saved_ = std::make_shared<SavedTensors>();
  std::vector<OutputInfo> infos_;  // also of outputs that have no gradient
};

// What forward and backward share.
class Context {
 public:
  std::any state;  // anything that is no tensor
  std::vector<bool> needs_input_grad;  // of the tensors among forward's arguments
  bool materialize = true;  // whether backward gets zeros where no gradient came

  // Keeps tensors for backward: inputs, outputs and others.
  void save(std::vector<Tensor> tensors) { record_.saved = std::move(tensors); }
  std::vector<Tensor> saved() const { return saved_->get(); }
  // Says that forward writes to an input, which it returns; that an output has no gradient.
  void mark_dirty(const Tensor& t) { record_.dirty.push_back(t); }
  void mark_non_differentiable(const Tensor& t) { record_.fixed.push_back(t); }

 private:
  template <class>
  friend class Function;
  Record record_;
  std::shared_ptr<SavedTensors> saved_;
};

// Derived has a name, forward(Context&, arguments...), which returns a tensor or a vector of them and is not recorded, and
// backward(Context&, gradients), which returns a gradient for each tensor among the arguments, in their order.
template <class Derived>
class Function {
 public:
  template <class... A>
  static auto apply(A&&... arguments) {
    auto context = std::make_shared<Context>();
    Record& r = context->record_;
    (collect(r.inputs, arguments), ...);
    for (const Tensor& t : r.inputs) context->needs_input_grad.push_back(needs_grad(t));
    using Result = decltype(Derived::forward(*context, arguments...));
    const bool records = needs_grad(r.inputs);
    const auto result = [&] {
      const NoGrad guard;
      return Derived::forward(*context, arguments...);
    }();
    if (!records) {
      for (const Tensor& t : r.dirty) after_inplace(t, Derived::name);
      return result;
    }
    if constexpr (std::is_same_v<Result, Tensor>) r.outputs = {result};
    else r.outputs = result;
    auto node = Ref<FunctionNode>::adopt(new FunctionNode(context));
    node->materialize = context->materialize;
    context->saved_ = node->saved();
    std::vector<Tensor> outputs = node->record(std::exchange(r, {}));
    if constexpr (std::is_same_v<Result, Tensor>) return outputs[0];
    else return outputs;
  }

 private:
  struct FunctionNode final : CustomNode {
    explicit FunctionNode(std::shared_ptr<Context> c) : CustomNode(Derived::name), context(std::move(c)) {}
    Grads run(std::span<const Tensor> gs) override { return Derived::backward(*context, gs); }
    std::shared_ptr<Context> context;
  };
  template <class T>
  static void collect(std::vector<Tensor>& inputs, const T& argument) {
    if constexpr (std::is_same_v<T, Tensor>) inputs.push_back(argument);
  }
};

}  // namespace tenon::autograd
