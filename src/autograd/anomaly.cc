#include "autograd/anomaly.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "core/errors.h"
#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/ops/reduce.h"

namespace tenon {
namespace anomaly {

std::atomic<int> mode{kOff};

namespace {

std::atomic<autograd::Whereabouts> g_whereabouts{nullptr};
// A pointer alone needs no destructor, which could run after objects that it needs.
constinit thread_local std::shared_ptr<const autograd::Recorded>* t_failure = nullptr;

bool checks_nan() { return mode.load(std::memory_order_relaxed) == kCheckNan; }

bool has_nan(const Tensor& t) {
  if (!t.defined() || !is_differentiable(t.dtype()) || t.numel() == 0) return false;
  const NoGrad off;
  return any(isnan(t.detach())).item<bool>();
}

std::shared_ptr<const autograd::Recorded> recorded_of(Node& n) {
  if (Hooks* h = n.hooks()) {
    const std::lock_guard lock(h->mutex);
    if (h->trace) return h->trace->recorded;
  }
  return std::make_shared<autograd::Recorded>(autograd::Recorded{n.op(), false, {}, nullptr});
}

void leave(std::shared_ptr<const autograd::Recorded> failure) {
  delete std::exchange(t_failure, failure ? new std::shared_ptr(std::move(failure)) : nullptr);
}

bool made_nan(Node& n) {
  Hooks* h = n.hooks();
  if (!h) return false;
  const std::lock_guard lock(h->mutex);
  return h->trace && h->trace->nan;
}

// The operation behind n whose output was the first NaN; null where none was looked at.
Ref<Node> first_nan(const Ref<Node>& n) {
  Ref<Node> first;
  std::vector<Ref<Node>> left{n};
  std::unordered_set<const Node*> seen{n.get()};
  while (!left.empty()) {
    const Ref<Node> at = std::move(left.back());
    left.pop_back();
    if (!made_nan(*at)) continue;  // what is behind it has not reached the loss
    if (!first || at->sequence() < first->sequence()) first = at;
    for (const Edge& e : at->edges()) {
      if (e && !e.node->leaf() && seen.insert(e.node.get()).second) left.push_back(e.node);
    }
  }
  return first;
}

}  // namespace

void record(Node& n, std::span<const Tensor> outputs) {
  auto recorded = std::make_shared<autograd::Recorded>(autograd::Recorded{n.op(), true, {}, nullptr});
  if (const auto whereabouts = g_whereabouts.load()) recorded->frames = whereabouts();
  if (Engine::running) recorded->parent = recorded_of(*Engine::running);
  auto trace = std::make_unique<Trace>(Trace{std::move(recorded), false});
  if (checks_nan())
    for (const Tensor& y : outputs) trace->nan = trace->nan || has_nan(y);
  Hooks& hooks = Engine::hooks_of(n);
  const std::lock_guard lock(hooks.mutex);
  hooks.trace = std::move(trace);
}

void failed(Node& n) {
  if (!t_failure) leave(recorded_of(n));
}

void check(const Node& n, std::span<const Tensor> of_inputs) {
  if (!checks_nan()) return;
  for (std::size_t i = 0; i < of_inputs.size(); ++i)
    if (i < n.edges().size() && n.edges()[i] && has_nan(of_inputs[i]))
      errors::fail<GradError>("backward", n.op(), " returned nan values in its ", static_cast<std::int64_t>(i),
                              "th output, the gradient of its operand ", static_cast<std::int64_t>(i));
}

void check_root(const Tensor& root) {
  leave(nullptr);
  if (!checks_nan() || !has_nan(root)) return;
  const Edge history = autograd::history_of(root);
  const Ref<Node> first = history ? first_nan(history.node) : Ref<Node>();
  if (!first)
    errors::fail<GradError>("backward", "the loss is NaN; compute it in anomaly mode, too, to see where it became so");
  leave(recorded_of(*first));
  errors::fail<GradError>("backward", "the loss is NaN; the first operation whose result was NaN is ", first->op());
}

}  // namespace anomaly

namespace autograd {

void set_anomaly_mode(bool on, bool check_nan) {
  anomaly::mode = !on ? anomaly::kOff : check_nan ? anomaly::kCheckNan : anomaly::kOn;
}
bool anomaly_mode() { return anomaly::on(); }
bool anomaly_checks_nan() { return anomaly::checks_nan(); }
void set_whereabouts(Whereabouts whereabouts) { anomaly::g_whereabouts = whereabouts; }
std::shared_ptr<const Recorded> take_failure() {
  if (!anomaly::t_failure) return nullptr;
  const auto failure = *anomaly::t_failure;
  anomaly::leave(nullptr);
  return failure;
}

}  // namespace autograd
}  // namespace tenon
