// Rows: recurrent layers over whole sequences, and their steps.
#include "nn.h"
#include "tenon/nn/recurrent.h"
#include "tenon/ops/copy.h"

namespace tenon::py {
namespace {

using nn::Cell;
using Tensors = std::span<const Tensor>;

nn::RecurrentOptions options(bool biases, std::int64_t layers, double dropout, bool train, bool bidirectional,
                             bool batch_first, MaybeTensor batch_sizes) {
  nn::RecurrentOptions o{biases, layers, dropout, train, bidirectional, batch_first, {}};
  if (batch_sizes) {
    const Tensor sizes = contiguous(to(*batch_sizes, DType::int64, kCpu));
    o.batch_sizes.assign(sizes.data<std::int64_t>(), sizes.data<std::int64_t>() + sizes.numel());
  }
  return o;
}

std::vector<Tensor> lstm(const Tensor& x, Tensors hx, Tensors params, bool biases, std::int64_t layers, double dropout,
                         bool train, bool bidirectional, bool batch_first, MaybeTensor batch_sizes) {
  return nn::recurrent(Cell::lstm, x, hx, params,
                       options(biases, layers, dropout, train, bidirectional, batch_first, batch_sizes));
}
template <Cell cell>
std::vector<Tensor> of_one_state(const Tensor& x, const Tensor& hx, Tensors params, bool biases, std::int64_t layers,
                                 double dropout, bool train, bool bidirectional, bool batch_first,
                                 MaybeTensor batch_sizes) {
  return nn::recurrent(cell, x, {&hx, 1}, params,
                       options(biases, layers, dropout, train, bidirectional, batch_first, batch_sizes));
}

std::vector<Tensor> lstm_cell(const Tensor& x, Tensors hx, const Tensor& w_ih, const Tensor& w_hh, MaybeTensor b_ih,
                              MaybeTensor b_hh) {
  return nn::recurrent_cell(Cell::lstm, x, hx, w_ih, w_hh, given(b_ih), given(b_hh));
}
template <Cell cell>
Tensor cell_of_one_state(const Tensor& x, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh, MaybeTensor b_ih,
                         MaybeTensor b_hh) {
  return nn::recurrent_cell(cell, x, {&hx, 1}, w_ih, w_hh, given(b_ih), given(b_hh))[0];
}

constexpr const char* kLayers =
    "\n\nIn the promoted dtype of floats; float16 and bfloat16 are computed in float32 and rounded once.\n"
    "ValueError for shapes that do not fit, another number of params and a dropout outside of [0, 1]; TypeError for\n"
    "complex numbers, integers and float8."
    "\n\ninput: (steps, batch, features), or packed data (elements, features) with batch_sizes. params: for each layer\n"
    "and direction weight_ih, weight_hh, then bias_ih and bias_hh with has_biases. has_biases: whether there are\n"
    "biases. num_layers: how many layers. dropout: of the outputs of all layers but the last, where train is True.\n"
    "train: whether dropout works. bidirectional: whether each layer has a second direction, from the last step.\n"
    "batch_first: whether input and output are (batch, steps, ...). batch_sizes: of packed data, how many of the batch\n"
    "each step has; None for all. ";
constexpr const char* kCell =
    "\n\nIn the promoted dtype of floats; float16 and bfloat16 are computed in float32 and rounded once.\n"
    "ValueError for shapes that do not fit; TypeError for complex numbers, integers and float8."
    "\n\ninput: (batch, features). w_ih: (parts * hidden, features). w_hh: (parts * hidden, hidden). b_ih, b_hh:\n"
    "(parts * hidden), or None. ";
constexpr const char* kState =
    "hx: (layers * directions, batch, hidden). Two new tensors: the output of each step "
    "(steps,\nbatch, directions * hidden) and the last states.";

template <class F>
void def_layer(Ops& ops, const char* name, F f, const char* doc) {
  ops.def(name, f, doc, "input"_a, "hx"_a, "params"_a, "has_biases"_a = true, "num_layers"_a = 1, "dropout"_a = 0.0,
          "train"_a = false, "bidirectional"_a = false, "batch_first"_a = false, "batch_sizes"_a = none)
      .autocast(Autocast::lower)
      .function_only()
      .long_work();
}
template <class F>
void def_cell(Ops& ops, const char* name, F f, const char* doc) {
  ops.def(name, f, doc, "input"_a, "hx"_a, "w_ih"_a, "w_hh"_a, "b_ih"_a = none, "b_hh"_a = none)
      .autocast(Autocast::lower)
      .function_only()
      .no_out();
}

}  // namespace

void def_nn_recurrent(Ops& ops) {
  def_layer(
      ops, "lstm", &lstm,
      text({"A long short-term memory over whole sequences; tenon.nn.LSTM is the module.", kLayers,
            "hx: the states h and c, each (layers * directions, batch, hidden). New tensors: the output of\n"
            "each step (steps, batch, directions * hidden) and the last h and c. A fifth of the params, of shape\n"
            "(out, hidden), projects h.",
            "\n\n>>> hx = tenon.zeros(1, 1, 1), tenon.zeros(1, 1, 1)\n"
            ">>> y, h, c = tenon.lstm(tenon.ones(2, 1, 1), hx, [tenon.ones(4, 1), tenon.ones(4, 1)], False)\n"
            ">>> y.flatten()\n"
            "tensor([0.3696, 0.6505])"}));
  def_layer(ops, "gru", &of_one_state<Cell::gru>,
            text({"Gated recurrent units over whole sequences; tenon.nn.GRU is the module.", kLayers, kState,
                  "\n\n>>> w = tenon.ones(3, 1)\n"
                  ">>> y, h = tenon.gru(tenon.ones(2, 1, 1), tenon.zeros(1, 1, 1), [w, w], False)\n"
                  ">>> y.flatten()\n"
                  "tensor([0.2048, 0.3468])"}));
  def_layer(ops, "rnn_tanh", &of_one_state<Cell::rnn_tanh>,
            text({"h = tanh(weight_ih @ x + weight_hh @ h) over whole sequences; tenon.nn.RNN is the module.", kLayers,
                  kState,
                  "\n\n>>> w = tenon.ones(1, 1)\n"
                  ">>> y, h = tenon.rnn_tanh(tenon.ones(2, 1, 1), tenon.zeros(1, 1, 1), [w, w], False)\n"
                  ">>> y.flatten()\n"
                  "tensor([0.7616, 0.9427])"}));
  def_layer(ops, "rnn_relu", &of_one_state<Cell::rnn_relu>,
            text({"h = relu(weight_ih @ x + weight_hh @ h) over whole sequences; tenon.nn.RNN is the module.", kLayers,
                  kState,
                  "\n\n>>> w = tenon.ones(1, 1)\n"
                  ">>> y, h = tenon.rnn_relu(tenon.ones(2, 1, 1), tenon.zeros(1, 1, 1), [w, w], False)\n"
                  ">>> y.flatten()\n"
                  "tensor([1., 2.])"}));
  def_cell(ops, "lstm_cell", &lstm_cell,
           text({"One step of a long short-term memory; tenon.nn.LSTMCell is the module.", kCell,
                 "hx: the states h and c, each (batch, hidden). Two new tensors: h and c after the step.",
                 "\n\n>>> hx = tenon.zeros(1, 1), tenon.zeros(1, 1)\n"
                 ">>> tenon.lstm_cell(tenon.ones(1, 1), hx, tenon.ones(4, 1), tenon.ones(4, 1))\n"
                 "(tensor([[0.3696]]), tensor([[0.5568]]))"}));
  def_cell(ops, "gru_cell", &cell_of_one_state<Cell::gru>,
           text({"One step of a gated recurrent unit; tenon.nn.GRUCell is the module.", kCell,
                 "hx: the state (batch, hidden). A new tensor of its shape.",
                 "\n\n>>> tenon.gru_cell(tenon.ones(1, 1), tenon.zeros(1, 1), tenon.ones(3, 1), tenon.ones(3, 1))\n"
                 "tensor([[0.2048]])"}));
  def_cell(
      ops, "rnn_tanh_cell", &cell_of_one_state<Cell::rnn_tanh>,
      text({"tanh(w_ih @ input + w_hh @ hx) with biases; tenon.nn.RNNCell is the module.", kCell,
            "hx: the state (batch, hidden). A new tensor of its shape.",
            "\n\n>>> tenon.rnn_tanh_cell(tenon.ones(1, 1), tenon.zeros(1, 1), tenon.ones(1, 1), tenon.ones(1, 1))\n"
            "tensor([[0.7616]])"}));
  def_cell(
      ops, "rnn_relu_cell", &cell_of_one_state<Cell::rnn_relu>,
      text({"relu(w_ih @ input + w_hh @ hx) with biases; tenon.nn.RNNCell is the module.", kCell,
            "hx: the state (batch, hidden). A new tensor of its shape.",
            "\n\n>>> tenon.rnn_relu_cell(tenon.ones(1, 1), tenon.zeros(1, 1), tenon.ones(1, 1), tenon.ones(1, 1))\n"
            "tensor([[1.]])"}));
}

}  // namespace tenon::py
