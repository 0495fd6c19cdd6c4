// One layer of a recurrent network as one node.
#include "nn/recorded.h"
#include "nn/recurrent_steps.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

namespace at = layer_input;

// A part of the gates, of as many as there are.
Tensor part(const Tensor& t, std::int64_t k, std::int64_t of) {
  const std::int64_t n = t.size(1) / of;
  return narrow(t, 1, k * n, n);
}

// One step in single operations. states: h, c.
void single_step(Cell cell, const Tensor& gx, const Tensor& gh, Tensor& h, Tensor& c) {
  const auto both = [&](std::int64_t k, std::int64_t of) { return add(part(gx, k, of), part(gh, k, of)); };
  if (cell == Cell::lstm) {
    c = add(mul(sigmoid(both(1, 4)), c), mul(sigmoid(both(0, 4)), tanh(both(2, 4))));
    h = mul(sigmoid(both(3, 4)), tanh(c));
  } else if (cell == Cell::gru) {
    const Tensor z = sigmoid(both(1, 3)), n = tanh(add(part(gx, 2, 3), mul(sigmoid(both(0, 3)), part(gh, 2, 3))));
    h = add(n, mul(z, sub(h, n)));
  } else {
    h = cell == Cell::rnn_tanh ? tanh(add(gx, gh)) : relu(add(gx, gh));
  }
}

// The rows of `now`, then those of `before` that the step did not reach.
Tensor replaced(const Tensor& now, const Tensor& before) {
  const std::int64_t n = now.size(0), all = before.size(0);
  if (n == all) return now;
  const Tensor both[] = {now, rows(before, n, all - n)};
  return cat(both, 0);
}

// The layer in single operations, for gradients that are recorded.
std::vector<Tensor> formula(const LayerPlan& plan, std::span<const Tensor> in) {
  const auto plus = [](const Tensor& t, const Tensor& b) { return b.defined() ? add(t, b) : t; };
  const Tensor projected = plus(matmul(in[at::x], mT(in[at::w_ih])), in[at::b_ih]);
  Tensor h = in[at::h], c = in[at::c];
  const std::size_t steps = plan.steps();
  std::vector<Tensor> ys(steps);
  std::int64_t from = plan.reverse ? in[at::x].size(0) : 0;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t t = plan.reverse ? steps - 1 - i : i;
    const std::int64_t n = plan.batch_sizes[t];
    if (plan.reverse) from -= n;
    Tensor h_now = rows(h, 0, n), c_now = c.defined() ? rows(c, 0, n) : c;
    const Tensor of_state = plus(matmul(h_now, mT(in[at::w_hh])), in[at::b_hh]);
    single_step(plan.cell, rows(projected, from, n), of_state, h_now, c_now);
    if (in[at::w_hr].defined()) h_now = matmul(h_now, mT(in[at::w_hr]));
    ys[t] = h_now;
    h = replaced(h_now, h);
    if (c.defined()) c = replaced(c_now, c);
    if (!plan.reverse) from += n;
  }
  std::vector<Tensor> out{cat(ys, 0), h};
  if (c.defined()) out.push_back(c);
  return out;
}

}  // namespace

std::vector<Tensor> recurrent_layer(const LayerPlan& plan, std::span<const Tensor> in) {
  const char* op = name_of(plan.cell);
  const bool flows = any_needs_grad(in);
  Kept kept;
  std::vector<Tensor> out(2);
  {
    const NoGrad guard;
    Tensor h = clone(in[at::h]), c = in[at::c].defined() ? clone(in[at::c]) : Tensor();
    out[0] = run_forward(plan, in, h, c, flows ? &kept : nullptr);
    out[1] = h;
    if (c.defined()) out.push_back(c);
  }
  if (!flows) return out;
  std::vector<Saved> saved;
  Wanted wanted;
  for (std::size_t i = 0; i < in.size(); ++i) {
    saved.emplace_back(in[i], op);
    wanted[i] = needs_grad(in[i]);
  }
  const bool gated = plan.cell == Cell::lstm || plan.cell == Cell::gru;  // others need the output
  const Saved y = gated ? Saved() : Saved::output(out[0], op);
  autograd::attach(out, op, in, [plan, kept, saved, wanted, y](std::span<const Tensor> gs) -> Grads {
    std::vector<Tensor> inputs;
    for (const Saved& s : saved) inputs.push_back(s.get());
    if (!grad_enabled()) return run_backward(plan, inputs, wanted, y.get(), kept, gs);
    return recorded([&](std::span<const Tensor> v) { return formula(plan, v); }, inputs, gs);
  });
  return out;
}

}  // namespace tenon::nn
