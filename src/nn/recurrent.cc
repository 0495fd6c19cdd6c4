// Recurrent networks: layers, directions, packed sequences.
#include "tenon/nn/recurrent.h"

#include <numeric>

#include "nn/recurrent.h"
#include "nn/support.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops.h"

namespace tenon::nn {

const char* name_of(Cell cell) {
  constexpr const char* names[] = {"lstm", "gru", "rnn_tanh", "rnn_relu"};
  return names[static_cast<int>(cell)];
}

namespace {

namespace at = layer_input;

std::int64_t params_of(const RecurrentOptions& o, bool projects) { return (o.biases ? 4 : 2) + (projects ? 1 : 0); }

void check_shape(const char* op, const char* what, const Tensor& t, const Dims& wanted) {
  if (t.shape() != wanted) errors::fail<ShapeError>(op, what, " must have shape ", wanted, "; got ", t.shape());
}

// The params of one layer and direction, in their places among the inputs of a layer.
void take_params(std::vector<Tensor>& in, std::span<const Tensor> params, bool biases) {
  in[at::w_ih] = params[0];
  in[at::w_hh] = params[1];
  if (biases) in[at::b_ih] = params[2], in[at::b_hh] = params[3];
  const std::size_t rest = biases ? 4 : 2;
  if (params.size() > rest) in[at::w_hr] = params[rest];
}

// out: the width of h; hidden: that of c.
void check_layer(const char* op, Cell cell, std::span<const Tensor> in, std::int64_t features) {
  if (in[at::w_hh].ndim() != 2) errors::wrong_ndim(op, in[at::w_hh].ndim(), "weights of 2 dimensions");
  const std::int64_t rows = in[at::w_hh].size(0), hidden = rows / parts_of(cell);
  const std::int64_t out = in[at::w_hr].defined() ? in[at::w_hr].size(0) : hidden;
  check_shape(op, "w_hh", in[at::w_hh], {hidden * parts_of(cell), out});
  check_shape(op, "w_ih", in[at::w_ih], {rows, features});
  for (const auto b : {at::b_ih, at::b_hh})
    if (in[b].defined()) check_shape(op, "a bias", in[b], {rows});
  if (in[at::w_hr].defined()) check_shape(op, "w_hr", in[at::w_hr], {out, hidden});
}

Tensor dropped(const Tensor& t, double p) {
  if (p == 0) return t;
  if (p == 1) return mul(t, 0);
  const Tensor kept = ge(rand(t.shape(), t.dtype(), t.device()), p);
  return mul(t, mul(to(kept, t.dtype()), 1 / (1 - p)));
}

// The sequences as steps of elements.
struct Sequence {
  Tensor x;  // (elements, features)
  std::vector<std::int64_t> batch_sizes;
  std::int64_t batch = 0;
};

Sequence sequence_of(const char* op, const Tensor& x, const RecurrentOptions& o) {
  Sequence s;
  if (o.batch_sizes.empty()) {
    if (x.ndim() != 3)
      errors::wrong_ndim(op, x.ndim(),
                         o.batch_first ? "an input (batch, steps, features)" : "an input (steps, batch, features)");
    const Tensor by_step = o.batch_first ? transpose(x, 0, 1) : x;
    if (by_step.size(0) == 0) errors::fail<ShapeError>(op, "input must have a step at least; got shape ", x.shape());
    s.batch = by_step.size(1);
    s.batch_sizes.assign(static_cast<std::size_t>(by_step.size(0)), s.batch);
    s.x = reshape(by_step, {by_step.size(0) * s.batch, by_step.size(2)});
    return s;
  }
  if (x.ndim() != 2) errors::wrong_ndim(op, x.ndim(), "packed data (elements, features)");
  s.x = x;
  s.batch_sizes = o.batch_sizes;
  s.batch = s.batch_sizes[0];
  std::int64_t last = s.batch;
  for (const std::int64_t n : s.batch_sizes) {
    if (n <= 0 || n > last)
      errors::fail(op, "batch_sizes must be positive and must not grow; got ", n, " after ", last);
    last = n;
  }
  const std::int64_t elements = std::accumulate(s.batch_sizes.begin(), s.batch_sizes.end(), std::int64_t{0});
  if (elements != x.size(0))
    errors::fail<ShapeError>(op, "batch_sizes must add up to the ", x.size(0), " elements of the data; got ", elements);
  return s;
}

void check_states(const char* op, Cell cell, std::span<const Tensor> states) {
  const std::int64_t wanted = cell == Cell::lstm ? 2 : 1, n = static_cast<std::int64_t>(states.size());
  if (n != wanted)
    errors::fail(op, wanted == 2 ? "hx must be the two states h and c; got " : "hx must be the state h; got ", n);
}

DType dtype_of_all(const char* op, const Tensor& x, std::span<const Tensor> states, std::span<const Tensor> params) {
  DType d = x.dtype();
  for (const auto& list : {states, params})
    for (const Tensor& t : list) {
      d = promoted(d, t);
      check_devices(op, x, {&t});
    }
  if (!is_floating(d) || is_float8(d)) errors::dtype_not_supported(op, d, "floats");
  return d;
}

std::vector<Tensor> converted(std::span<const Tensor> ts, DType d) {
  std::vector<Tensor> out;
  for (const Tensor& t : ts) out.push_back(as(t, d));
  return out;
}

}  // namespace

std::vector<Tensor> recurrent(Cell cell, const Tensor& x, std::span<const Tensor> states,
                              std::span<const Tensor> params, const RecurrentOptions& o) {
  const char* op = name_of(cell);
  const bool lstm = cell == Cell::lstm;
  const auto directions = static_cast<std::int64_t>(o.bidirectional ? 2 : 1), all = o.layers * directions;
  const auto given = static_cast<std::int64_t>(params.size());
  const bool projects = lstm && given == all * params_of(o, true);
  const std::int64_t each = params_of(o, projects);
  if (all <= 0 || given != all * each)
    errors::fail(op, "expected ", all * params_of(o, false), " params for ", all, " layers and directions; got ",
                 given);
  check_states(op, cell, states);
  if (!(o.dropout >= 0 && o.dropout <= 1)) errors::fail(op, "dropout must be from 0 to 1; got ", o.dropout);
  const DType d = dtype_of_all(op, x, states, params), compute = widened(d);
  const std::vector<Tensor> weights = converted(params, compute), before = converted(states, compute);
  const Sequence s = sequence_of(op, to(x, compute), o);
  Tensor y = s.x;
  std::vector<Tensor> hs, cs;
  for (std::int64_t layer = 0; layer < o.layers; ++layer) {
    std::vector<Tensor> ys;
    for (std::int64_t direction = 0; direction < directions; ++direction) {
      const std::int64_t k = layer * directions + direction;
      std::vector<Tensor> in(at::count);
      take_params(in, std::span(weights).subspan(static_cast<std::size_t>(k * each), static_cast<std::size_t>(each)),
                  o.biases);
      check_layer(op, cell, in, y.size(1));
      check_shape(op, "the state h", before[0], {all, s.batch, in[at::w_hh].size(1)});
      if (lstm) check_shape(op, "the state c", before[1], {all, s.batch, in[at::w_hh].size(0) / 4});
      in[at::x] = y;
      in[at::h] = select(before[0], 0, k);
      if (lstm) in[at::c] = select(before[1], 0, k);
      const std::vector<Tensor> out = recurrent_layer({cell, direction == 1, s.batch_sizes}, in);
      ys.push_back(out[0]);
      hs.push_back(out[1]);
      if (lstm) cs.push_back(out[2]);
    }
    y = ys.size() == 1 ? ys[0] : cat(ys, 1);
    if (o.training && layer + 1 < o.layers) y = dropped(y, o.dropout);
  }
  if (o.batch_sizes.empty()) {
    y = reshape(y, {static_cast<std::int64_t>(s.batch_sizes.size()), s.batch, y.size(1)});
    if (o.batch_first) y = transpose(y, 0, 1);
  }
  std::vector<Tensor> out{y, stack(hs, 0)};
  if (lstm) out.push_back(stack(cs, 0));
  return rounded(std::move(out), d);
}

std::vector<Tensor> recurrent_cell(Cell cell, const Tensor& x, std::span<const Tensor> states, const Tensor& w_ih,
                                   const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  const char* op = name_of(cell);
  if (x.ndim() != 2) errors::wrong_ndim(op, x.ndim(), "an input (batch, features)");
  check_states(op, cell, states);
  const Tensor params[] = {w_ih, w_hh, b_ih, b_hh};
  const DType d = dtype_of_all(op, x, states, params);
  std::vector<Tensor> in(at::count);
  in[at::x] = to(x, widened(d));
  in[at::h] = as(states[0], widened(d));
  if (cell == Cell::lstm) in[at::c] = as(states[1], widened(d));
  for (std::size_t i = 0; i < 4; ++i) in[at::w_ih + i] = as(params[i], widened(d));
  check_layer(op, cell, in, x.size(1));
  for (const Tensor& t : states) check_shape(op, "a state", t, {x.size(0), w_hh.size(1)});
  const std::vector<Tensor> out = recurrent_layer({cell, false, {x.size(0)}}, in);
  return rounded(std::vector<Tensor>(out.begin() + 1, out.end()), d);
}

}  // namespace tenon::nn
