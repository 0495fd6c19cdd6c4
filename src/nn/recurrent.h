// One layer of a recurrent network in one direction: one node, of one product for all steps' inputs and one for each
// step.
#pragma once

#include <span>
#include <vector>

#include "tenon/nn/recurrent.h"

namespace tenon::nn {

constexpr std::int64_t parts_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }
const char* name_of(Cell cell);

// The places of a layer's inputs. Those after the states may be undefined.
namespace layer_input {
enum : std::size_t { x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, count };
}

struct LayerPlan {
  Cell cell;
  bool reverse;
  std::vector<std::int64_t> batch_sizes;  // of each step

  std::size_t steps() const { return batch_sizes.size(); }
};

// in: of layer_input, x (elements, features), states (batch, ...). {y (elements, out), h, c}, without c but for an lstm.
// All are checked, and of one dtype.
std::vector<Tensor> recurrent_layer(const LayerPlan& plan, std::span<const Tensor> in);

}  // namespace tenon::nn
