// The steps of recurrent layers: one product for all steps' inputs, the backend's call for the steps, and backwards one
// product for each weight.
#include "nn/recurrent_steps.h"

#include <algorithm>

#include "core/launch.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn {
namespace {

namespace at = layer_input;

void* data(const Tensor& t) { return t.defined() ? t.data() : nullptr; }

// The steps' rows in the order that they are taken in, and what both passes have in common.
struct Steps {
  std::vector<std::int64_t> begin, sizes;
  Tensor w_hh, w_hr, b_ih, b_hh;  // contiguous
  RecurrentCall call{};
  const char* op;

  Steps(const LayerPlan& plan, RecurrentPass pass, std::span<const Tensor> in)
      : sizes(plan.batch_sizes), op(name_of(plan.cell)) {
    std::int64_t from = 0;
    for (const std::int64_t n : sizes) {
      begin.push_back(from);
      from += n;
    }
    if (plan.reverse != (pass == RecurrentPass::backward)) {
      std::reverse(begin.begin(), begin.end());
      std::reverse(sizes.begin(), sizes.end());
    }
    if (sizes.size() > 1) w_hh = contiguous(in[at::w_hh]);  // one step alone has nothing to pack it for
    if (in[at::w_hr].defined()) w_hr = contiguous(in[at::w_hr]);
    if (in[at::b_ih].defined()) b_ih = contiguous(in[at::b_ih]);
    if (in[at::b_hh].defined()) b_hh = contiguous(in[at::b_hh]);
    const std::int64_t parts = parts_of(plan.cell), gates = in[at::w_hh].size(0);
    call.kind = pass;
    call.cell = plan.cell;
    call.dtype = in[at::x].dtype();
    call.steps = static_cast<std::int64_t>(sizes.size());
    call.elements = from;
    call.batch = in[at::h].size(0);
    call.parts = parts;
    call.hidden = gates / parts;
    call.width = in[at::w_hh].size(1);
    call.begin = begin.data();
    call.sizes = sizes.data();
    call.w_hh = data(w_hh);
    call.w_hr = data(w_hr);
    call.b_ih = data(b_ih);
    call.b_hh = data(b_hh);
  }

  void run(const Tensor& at) const { launch(op, at.device(), call.dtype, &Backend::recurrent, call); }
  Tensor buffer(const Tensor& like, std::int64_t columns) const {
    return empty({call.elements, columns}, call.dtype, like.device());
  }
  // Whether a hidden size of 0, or a batch of none, leaves nothing to do.
  bool empty_call() const { return call.elements == 0 || call.hidden == 0 || call.width == 0; }
};

Tensor copied(const Tensor& t, const Tensor& like) {
  return t.defined() ? clone(t) : zeros(like.shape(), like.dtype(), like.device());
}

}  // namespace

Tensor run_forward(const LayerPlan& plan, std::span<const Tensor> in, Tensor& h, Tensor& c, Kept* kept) {
  const bool gru = plan.cell == Cell::gru, lstm = plan.cell == Cell::lstm, projects = in[at::w_hr].defined();
  Steps steps(plan, RecurrentPass::forward, in);
  RecurrentCall& call = steps.call;
  const Tensor gates = matmul(in[at::x], mT(in[at::w_ih]));
  const Tensor of_state = call.w_hh ? Tensor() : contiguous(matmul(h, mT(in[at::w_hh])));
  const auto buffer = [&](bool needed, std::int64_t columns) {
    return needed ? steps.buffer(gates, columns) : Tensor();
  };
  const Tensor y = buffer(true, call.width);
  if (kept) {
    if (lstm || gru) kept->gates = gates;
    kept->h_before = buffer(true, call.width);
    kept->c_before = buffer(lstm, call.hidden);
    kept->c_tanh = buffer(lstm, call.hidden);
    kept->h_part = buffer(gru, call.hidden);
    kept->unprojected = buffer(projects, call.hidden);
    call.gates_out = data(kept->gates);
    call.h_before = data(kept->h_before);
    call.c_before = data(kept->c_before);
    call.c_tanh = data(kept->c_tanh);
    call.h_part = data(kept->h_part);
    call.unprojected = data(kept->unprojected);
  }
  call.gates = data(gates);
  call.of_state = data(of_state);
  call.h = data(h);
  call.c = data(c);
  call.y = data(y);
  if (!steps.empty_call()) steps.run(y);
  return y;
}

Grads run_backward(const LayerPlan& plan, std::span<const Tensor> in, const Wanted& wanted, const Tensor& y,
                   const Kept& kept, std::span<const Tensor> gs) {
  const bool gru = plan.cell == Cell::gru, lstm = plan.cell == Cell::lstm, projects = in[at::w_hr].defined();
  Steps steps(plan, RecurrentPass::backward, in);
  RecurrentCall& call = steps.call;
  const Tensor dh = copied(gs[1], in[at::h]), dc = lstm ? copied(gs[2], in[at::c]) : Tensor();
  const Tensor dy = gs[0].defined() ? contiguous(gs[0]) : Tensor();
  const Tensor of_h = steps.buffer(dh, call.parts * call.hidden),
               of_x = gru ? steps.buffer(dh, call.parts * call.hidden) : of_h;
  const Tensor d_out = projects ? steps.buffer(dh, call.width) : Tensor();
  call.gates = data(kept.gates);
  call.h = data(dh);
  call.c = data(dc);
  call.y = data(y);
  call.h_before = data(kept.h_before);
  call.c_before = data(kept.c_before);
  call.c_tanh = data(kept.c_tanh);
  call.h_part = data(kept.h_part);
  call.dy = data(dy);
  call.d_state = data(of_h);
  call.d_x = gru ? data(of_x) : nullptr;
  call.d_out = data(d_out);
  if (!steps.empty_call()) steps.run(dh);
  Grads out(at::count);
  if (wanted[at::h]) out[at::h] = dh;
  if (wanted[at::h] && !call.w_hh) {
    const Tensor through = matmul(of_h, in[at::w_hh]);
    out[at::h] = gru ? add(dh, through) : through;
  }
  if (wanted[at::c]) out[at::c] = dc;
  if (wanted[at::x]) out[at::x] = matmul(of_x, in[at::w_ih]);
  if (wanted[at::w_ih]) out[at::w_ih] = matmul(mT(of_x), in[at::x]);
  if (wanted[at::w_hh]) out[at::w_hh] = matmul(mT(of_h), kept.h_before);
  if (wanted[at::b_ih]) out[at::b_ih] = sum(of_x, Dims{0});
  if (wanted[at::b_hh]) out[at::b_hh] = gru || !wanted[at::b_ih] ? sum(of_h, Dims{0}) : out[at::b_ih];
  if (wanted[at::w_hr]) out[at::w_hr] = matmul(mT(d_out), kept.unprojected);
  return out;
}

}  // namespace tenon::nn
