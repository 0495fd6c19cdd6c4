#include "tenon/function.h"

#include <algorithm>

#include "core/errors.h"
#include "tenon/ops/creation.h"

namespace tenon::autograd {
namespace {

bool among(const std::vector<Tensor>& list, const Tensor& t) {
  return std::ranges::any_of(list, [&](const Tensor& u) { return u.defined() && u.is_same(t); });
}

}  // namespace

std::vector<Tensor> SavedTensors::get() const {
  std::vector<Saved> list;
  {
    const std::lock_guard lock(mutex_);
    if (freed_) errors::graph_freed(op_);
    list = list_;
  }
  std::vector<Tensor> out;
  for (const Saved& s : list) out.push_back(s.get());
  return out;
}

CustomNode::CustomNode(std::string name) : Node(nullptr), name_(std::move(name)) {
  set_op(name_.c_str());
  saved_->op_ = name_;
}

std::vector<Tensor> CustomNode::record(const Record& r) {
  std::vector<Tensor> made = r.outputs, recorded(r.outputs.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    Tensor& y = made[i];
    infos_.push_back(y.defined() ? OutputInfo(y) : OutputInfo());
    if (!y.defined()) continue;
    if (among(r.dirty, y)) {
      check_inplace(y, op(), true);
      continue;
    }
    if (y.requires_grad() || y.impl()->base || among(r.inputs, y)) y = y.detach();
    if (!among(r.fixed, r.outputs[i])) recorded[i] = y;
  }
  attach(recorded, Ref<Node>(this), edges_of(r.inputs));
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!made[i].defined() || recorded[i].defined() || !among(r.dirty, made[i])) continue;
    const auto output = static_cast<std::uint32_t>(i);
    set_output(output, OutputInfo(made[i]));
    after_inplace(made[i], op(), is_differentiable(made[i].dtype()) ? Edge(Ref<Node>(this), output) : Edge());
  }
  for (const Tensor& t : r.saved) {
    const auto at =
        std::ranges::find_if(r.outputs, [&](const Tensor& y) { return y.defined() && t.defined() && y.is_same(t); });
    const bool is_output = at != r.outputs.end() && (among(r.dirty, t) || !among(r.inputs, t));
    if (!t.defined()) saved_->list_.emplace_back();
    else if (is_output)
      saved_->list_.push_back(
          Saved::output(t, saved_->op_.c_str(), static_cast<std::uint32_t>(at - r.outputs.begin())));
    else saved_->list_.emplace_back(t, saved_->op_.c_str());
  }
  return made;
}

Grads CustomNode::backward(std::span<const Tensor> gs) {
  Grads of_outputs(gs.begin(), gs.end());
  for (std::size_t i = 0; materialize && i < of_outputs.size(); ++i) {
    const OutputInfo& o = infos_[i];
    if (!of_outputs[i].defined() && is_differentiable(o.dtype)) of_outputs[i] = zeros(o.shape, o.dtype, o.device);
  }
  return run(of_outputs);
}

void CustomNode::free_saved() {
  std::vector<Saved> list;  // what it keeps may run code of others at its end
  const std::lock_guard lock(saved_->mutex_);
  list.swap(saved_->list_);
  saved_->freed_ = true;
}

}  // namespace tenon::autograd
