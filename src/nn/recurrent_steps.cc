// The steps of recurrent layers. Gates lie part by part, so that the programs of a step read and write whole rows side by
// side.
#include "nn/recurrent_steps.h"

#include <algorithm>
#include <array>

#include "tenon/elementwise.h"
#include "tenon/op.h"
#include "tenon/ops.h"
#include "tenon/program_steps.h"

namespace tenon::nn {
namespace {

namespace at = layer_input;

void run(const Program& p, std::initializer_list<Operand> in, std::initializer_list<Tensor> out) {
  const ProgramArguments one{std::span(in.begin(), in.size()), std::span(out.begin(), out.size())};
  run_program(p, {&one, 1});
}
void run(Op op, std::initializer_list<Operand> in, const Tensor& out) {
  elementwise(op, std::span(in.begin(), in.size()), &out);
}

// Where each step's rows lie, in the order that the steps are taken in.
struct Step {
  std::int64_t from, n;
};
std::vector<Step> steps_of(const LayerPlan& plan) {
  std::vector<Step> out;
  std::int64_t from = 0;
  for (const std::int64_t n : plan.batch_sizes) {
    out.push_back({from, n});
    from += n;
  }
  if (plan.reverse) std::reverse(out.begin(), out.end());
  return out;
}

Tensor part(const Tensor& gates, std::int64_t k) { return select(gates, 0, k); }
// The gates of a step.
Tensor gates_of(const Tensor& t, const Step& s) { return narrow(t, 1, s.from, s.n); }
// (parts * hidden, ...) by part.
Tensor by_part(const Tensor& w, Cell cell) {
  const std::int64_t parts = parts_of(cell);
  return reshape(w, {parts, w.size(0) / parts, w.ndim() == 1 ? 1 : w.size(1)});
}
// w.T by part, as a product reads it fastest: each step would transpose it again (38 us against 57 of (32, 128) by
// (128, 512)).
Tensor turned(const Tensor& w, Cell cell) { return contiguous(mT(by_part(w, cell))); }
// x @ w.T + b by part: (parts, rows, hidden).
Tensor projected(const Tensor& x, const Tensor& w_turned, const Tensor& b, Cell cell) {
  const Tensor y = matmul(x, w_turned);
  if (b.defined()) run(Op::add, {y, mT(by_part(b, cell))}, y);
  return y;
}

// ---- forwards: gates hold the projection of x and get what the functions make of them ----

void lstm_forward(const Tensor& gates, const Tensor& of_state, const Tensor& c, const Tensor& h) {
  static const Program cell =
      make_program<5>("lstm", [](const auto& i, const auto& f, const auto& g, const auto& o, const auto& c) {
        const auto next = muladd(i, g, mul(f, c));
        return std::array{next, mul(o, tanh(next))};
      });
  run(Op::add, {gates, of_state}, gates);
  const Tensor first = narrow(gates, 0, 0, 2), g = part(gates, 2), o = part(gates, 3);
  run(Op::sigmoid, {first}, first);
  run(Op::tanh, {g}, g);
  run(Op::sigmoid, {o}, o);
  run(cell, {part(gates, 0), part(gates, 1), g, o, c}, {c, h});
}

void gru_forward(const Tensor& gates, const Tensor& of_state, const Tensor& h) {
  static const Program cell = make_program<7>("gru", [](const auto& xr, const auto& xz, const auto& xn, const auto& hr,
                                                        const auto& hz, const auto& hn, const auto& h) {
    const auto r = sigmoid(add(xr, hr)), z = sigmoid(add(xz, hz)), n = tanh(muladd(r, hn, xn));
    return std::array{r, z, n, muladd(z, sub(h, n), n)};
  });
  const Tensor r = part(gates, 0), z = part(gates, 1), n = part(gates, 2);
  run(cell, {r, z, n, part(of_state, 0), part(of_state, 1), part(of_state, 2), h}, {r, z, n, h});
}

void rnn_forward(bool tanh_, const Tensor& gates, const Tensor& of_state, const Tensor& h) {
  static const Program with_tanh =
      make_program<2>("rnn_tanh", [](const auto& x, const auto& h) { return tanh(add(x, h)); });
  static const Program with_relu =
      make_program<2>("rnn_relu", [](const auto& x, const auto& h) { return relu(add(x, h)); });
  run(tanh_ ? with_tanh : with_relu, {gates, of_state}, {h});
}

// ---- backwards: d is the gradient of the gates before their functions; dh and dc are those of the states ----

// dh: of the step's h before the projection. Makes d and what goes to c before.
void lstm_backward(const Tensor& gates, const Tensor& c_before, const Tensor& c, const Tensor& dh, const Tensor& dc,
                   const Tensor& d) {
  static const Program of_c = make_program<4>("lstm", [](const auto& dh, const auto& dc, const auto& o, const auto& c) {
    const auto t = tanh(c);
    return std::array{muladd(mul(dh, o), sub(1, square(t)), dc), mul(mul(dh, t), mul(o, sub(1, o)))};
  });
  static const Program of_gates =
      make_program<5>("lstm", [](const auto& dc, const auto& i, const auto& f, const auto& g, const auto& before) {
        return std::array{mul(mul(dc, g), mul(i, sub(1, i))), mul(mul(dc, before), mul(f, sub(1, f))),
                          mul(mul(dc, i), sub(1, square(g))), mul(dc, f)};
      });
  run(of_c, {dh, dc, part(gates, 3), c}, {dc, part(d, 3)});
  run(of_gates, {dc, part(gates, 0), part(gates, 1), part(gates, 2), c_before},
      {part(d, 0), part(d, 1), part(d, 2), dc});
}

// d: of the projection of the state, whose last part is not that of x's: d_n. Leaves in dh what goes to h before directly.
void gru_backward(const Tensor& gates, const Tensor& h_part, const Tensor& h_before, const Tensor& dh, const Tensor& d,
                  const Tensor& d_n) {
  static const Program cell = make_program<6>(
      "gru", [](const auto& dh, const auto& r, const auto& z, const auto& n, const auto& part, const auto& before) {
        const auto of_n = mul(mul(dh, sub(1, z)), sub(1, square(n)));
        return std::array{mul(mul(of_n, part), mul(r, sub(1, r))), mul(mul(dh, sub(before, n)), mul(z, sub(1, z))),
                          of_n, mul(dh, z)};
      });
  const Tensor r = part(gates, 0);
  run(cell, {dh, r, part(gates, 1), part(gates, 2), h_part, h_before}, {part(d, 0), part(d, 1), d_n, dh});
  run(Op::mul, {d_n, r}, part(d, 2));
}

void rnn_backward(bool tanh_, const Tensor& y, const Tensor& dh, const Tensor& d) {
  static const Program of_tanh =
      make_program<2>("rnn_tanh", [](const auto& g, const auto& y) { return mul(g, sub(1, square(y))); });
  static const Program of_relu =
      make_program<2>("rnn_relu", [](const auto& g, const auto& y) { return where(gt(y, 0), g, 0); });
  run(tanh_ ? of_tanh : of_relu, {dh, y}, {d});
}

Tensor plus(const Tensor& a, const Tensor& b) { return a.defined() && b.defined() ? add(a, b) : a.defined() ? a : b; }

Tensor copied(const Tensor& t, const Tensor& like) {
  return t.defined() ? clone(t) : zeros(like.shape(), like.dtype(), like.device());
}

}  // namespace

Tensor run_forward(const LayerPlan& plan, std::span<const Tensor> in, Tensor& h, Tensor& c, Kept* kept) {
  const Cell cell = plan.cell;
  const bool gru = cell == Cell::gru, lstm = cell == Cell::lstm, projects = in[at::w_hr].defined();
  const std::int64_t elements = in[at::x].size(0), hidden = in[at::w_hh].size(0) / parts_of(cell);
  // The bias of the state's projection is added to x's, where nothing stands between them.
  const Tensor gates =
      projected(in[at::x], turned(in[at::w_ih], cell), gru ? in[at::b_ih] : plus(in[at::b_ih], in[at::b_hh]), cell);
  const auto buffer = [&](bool needed, std::int64_t columns) {
    return needed ? empty({elements, columns}, gates.dtype(), gates.device()) : Tensor();
  };
  const auto keep = [](const Tensor& all, const Step& s, const Tensor& values) {
    if (!all.defined()) return;
    Tensor to = rows(all, s.from, s.n);
    copy_(to, values);
  };
  const Tensor y = buffer(true, h.size(1));
  Kept k;
  if (kept) {
    if (lstm || gru) k.gates = gates;
    k.h_before = buffer(true, h.size(1));
    k.c_before = buffer(lstm, hidden);
    k.c_after = buffer(lstm, hidden);
    k.h_part = buffer(gru, hidden);
    k.unprojected = buffer(projects, hidden);
    *kept = k;
  }
  const Tensor w_hh = turned(in[at::w_hh], cell);
  for (const Step& s : steps_of(plan)) {
    Tensor h_now = rows(h, 0, s.n);
    const Tensor c_now = lstm ? rows(c, 0, s.n) : Tensor(), g = gates_of(gates, s);
    keep(k.h_before, s, h_now);
    keep(k.c_before, s, c_now);
    const Tensor of_state = projected(h_now, w_hh, gru ? in[at::b_hh] : Tensor(), cell);
    if (gru) keep(k.h_part, s, part(of_state, 2));
    const Tensor next = projects ? empty({s.n, hidden}, y.dtype(), y.device()) : h_now;
    if (lstm) lstm_forward(g, of_state, c_now, next);
    else if (gru) gru_forward(g, of_state, next);
    else rnn_forward(cell == Cell::rnn_tanh, part(g, 0), part(of_state, 0), next);
    keep(k.c_after, s, c_now);
    keep(k.unprojected, s, next);
    if (projects) copy_(h_now, matmul(next, mT(in[at::w_hr])));
    keep(y, s, h_now);
  }
  return y;
}

namespace {

// The gradients of both projections, for all elements and as the products want them: (elements, parts * hidden).
struct Flat {
  Tensor of_h, of_x;  // the same but for a gru's last part

  Flat(const LayerPlan& plan, std::int64_t elements, std::int64_t columns, const Tensor& like)
      : of_h(empty({elements, columns}, like.dtype(), like.device())),
        of_x(plan.cell == Cell::gru ? empty(of_h.shape(), of_h.dtype(), of_h.device()) : of_h) {}

  // d: (parts, n, hidden).
  void take(const Step& s, const Tensor& d) const {
    Tensor to = reshape(rows(of_h, s.from, s.n), {s.n, d.size(0), d.size(2)});
    copy_(to, permute(d, {1, 0, 2}));
  }
  void take_x(const Step& s, const Tensor& d_n) const {
    const std::int64_t hidden = d_n.size(1);
    Tensor to = narrow(rows(of_x, s.from, s.n), 1, 2 * hidden, hidden);
    copy_(to, d_n);
  }
  void finish() const {
    if (of_x.is_same(of_h)) return;
    const std::int64_t shared = of_h.size(1) / 3 * 2;
    Tensor to = narrow(of_x, 1, 0, shared);
    copy_(to, narrow(of_h, 1, 0, shared));
  }
};

}  // namespace

Grads run_backward(const LayerPlan& plan, std::span<const Tensor> in, const Tensor& y, const Kept& kept,
                   std::span<const Tensor> gs) {
  const bool gru = plan.cell == Cell::gru, lstm = plan.cell == Cell::lstm, projects = in[at::w_hr].defined();
  const Tensor &weight = in[at::w_hh], &like = kept.h_before;
  const std::int64_t elements = like.size(0), parts = parts_of(plan.cell), hidden = weight.size(0) / parts;
  const Tensor dh = copied(gs[1], in[at::h]), dc = lstm ? copied(gs[2], in[at::c]) : Tensor();
  const Flat flat(plan, elements, parts * hidden, like);
  const Tensor all = empty({parts, in[at::h].size(0), hidden}, like.dtype(), like.device());
  const Tensor all_n = gru ? empty({in[at::h].size(0), hidden}, like.dtype(), like.device()) : Tensor();
  const Tensor d_y = projects ? empty(like.shape(), like.dtype(), like.device()) : Tensor();
  std::vector<Step> steps = steps_of(plan);
  std::reverse(steps.begin(), steps.end());
  for (const Step& s : steps) {
    const auto of = [&](const Tensor& t) { return rows(t, s.from, s.n); };
    Tensor dh_now = rows(dh, 0, s.n);
    if (gs[0].defined()) run(Op::add, {dh_now, of(gs[0])}, dh_now);
    Tensor before = dh_now;  // the projection
    if (projects) {
      Tensor to = of(d_y);
      copy_(to, dh_now);
      before = matmul(dh_now, in[at::w_hr]);
    }
    const Tensor d = narrow(all, 1, 0, s.n), d_n = gru ? rows(all_n, 0, s.n) : Tensor();
    if (lstm) lstm_backward(gates_of(kept.gates, s), of(kept.c_before), of(kept.c_after), before, rows(dc, 0, s.n), d);
    else if (gru) gru_backward(gates_of(kept.gates, s), of(kept.h_part), of(kept.h_before), before, d, d_n);
    else rnn_backward(plan.cell == Cell::rnn_tanh, of(y), before, part(d, 0));
    flat.take(s, d);
    if (gru) flat.take_x(s, d_n);
    const Tensor through = matmul(of(flat.of_h), weight);
    if (gru) run(Op::add, {dh_now, through}, dh_now);
    else copy_(dh_now, through);
  }
  flat.finish();
  Grads out(at::count);
  out[at::x] = matmul(flat.of_x, in[at::w_ih]);
  out[at::h] = dh;
  out[at::c] = dc;
  out[at::w_ih] = matmul(mT(flat.of_x), in[at::x]);
  out[at::w_hh] = matmul(mT(flat.of_h), kept.h_before);
  if (in[at::b_ih].defined()) out[at::b_ih] = sum(flat.of_x, Dims{0});
  if (in[at::b_hh].defined()) out[at::b_hh] = gru ? sum(flat.of_h, Dims{0}) : out[at::b_ih];
  if (projects) out[at::w_hr] = matmul(mT(d_y), kept.unprojected);
  return out;
}

}  // namespace tenon::nn
