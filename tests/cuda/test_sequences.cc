// Recurrent layers and the loss of label sequences, forwards and backwards.
#include "compare.h"
#include "tenon/elementwise/math.h"
#include "tenon/nn/losses.h"
#include "tenon/nn/recurrent.h"

namespace tenon {
namespace {

using namespace test;
using List = std::vector<Tensor>;

// The input, the states and the params of layers (and directions) one after the other.
List network(Cell cell, std::int64_t batch, std::int64_t features, std::int64_t hidden, std::int64_t width,
             const nn::RecurrentOptions& o, std::int64_t elements, DType d) {
  const std::int64_t parts = cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1, directions = o.bidirectional ? 2 : 1;
  List all;
  const auto add = [&](const Dims& shape) { all.push_back(uniform(shape, -0.7, 0.7, all.size() + 1, d)); };
  if (o.batch_sizes.empty()) add({elements / batch, batch, features});
  else add({elements, features});
  add({o.layers * directions, batch, width});
  if (cell == Cell::lstm) add({o.layers * directions, batch, hidden});
  for (std::int64_t k = 0; k < o.layers * directions; ++k) {
    add({parts * hidden, k < directions ? features : directions * width});
    add({parts * hidden, width});
    if (o.biases) add({parts * hidden}), add({parts * hidden});
    if (width != hidden) add({width, hidden});
  }
  return all;
}

void check(Cell cell, const std::string& what, std::int64_t batch, std::int64_t hidden, std::int64_t width,
           const nn::RecurrentOptions& o, std::int64_t elements, DType d = DType::float64) {
  const std::size_t states = cell == Cell::lstm ? 2 : 1;
  compare_gradients(
      what + " " + std::to_string(static_cast<int>(cell)), d == DType::float64 ? 1e-9 : 1e-4,
      [&](const List& t) {
        const std::span<const Tensor> all(t);
        return nn::recurrent(cell, t[0], all.subspan(1, states), all.subspan(1 + states), o);
      },
      network(cell, batch, 6, hidden, width, o, elements, d));
}

TEST(Kernels, recurrent) {
  for (const Cell cell : {Cell::lstm, Cell::gru, Cell::rnn_tanh, Cell::rnn_relu}) {
    nn::RecurrentOptions o;
    check(cell, "steps", 3, 10, 10, o, 3 * 5);
    check(cell, "float32", 3, 10, 10, o, 3 * 5, DType::float32);
    check(cell, "one step", 70, 5, 5, o, 70);
    o.layers = 2;
    o.bidirectional = true;
    check(cell, "layers", 2, 7, 7, o, 2 * 4);
    o.batch_sizes = {4, 4, 2, 1};
    check(cell, "packed", 4, 7, 7, o, 11);
    o.biases = false;
    check(cell, "without biases", 4, 7, 7, o, 11);
  }
  nn::RecurrentOptions o;
  check(Cell::lstm, "projected", 3, 10, 4, o, 3 * 5);
  o.bidirectional = true;
  o.batch_sizes = {3, 2, 2};
  check(Cell::lstm, "projected and packed", 3, 10, 4, o, 7);
}

TEST(Kernels, ctc) {
  const std::int64_t steps = 30, batch = 5, classes = 7;
  const Tensor labels = add(whole({batch, 12}), 0);
  const Tensor targets = add(remainder(labels, classes - 1), 1);  // not the blank
  const Tensor targets_of_one = full({1, 200}, 2, DType::int64);
  const auto loss = [](const Tensor& x, const Tensor& y, const Tensor& n, const Tensor& m) {
    return nn::ctc_loss(log_softmax(x, -1), y, n, m, 0, nn::Reduce::none);
  };
  for (const DType d : {DType::float32, DType::float64}) {
    compare_gradient(
        "ctc", d == DType::float64 ? 1e-9 : 1e-4,
        [&](const List& t) { return where(isinf(loss(t[0], t[1], t[2], t[3])), 7, loss(t[0], t[1], t[2], t[3])); },
        {numbers({steps, batch, classes}, d), targets, tensor<std::int64_t>({30, 29, 12, 0, 30}),
         tensor<std::int64_t>({12, 5, 12, 0, 0})});
    compare_gradient(
        "many states", d == DType::float64 ? 1e-8 : 1e-3, [&](const List& t) { return loss(t[0], t[1], t[2], t[3]); },
        {numbers({410, 1, 3}, d), targets_of_one, tensor<std::int64_t>({410}), tensor<std::int64_t>({200})});
  }
}

}  // namespace
}  // namespace tenon
