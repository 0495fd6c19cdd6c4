// Recurrent layers over whole sequences.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tenon/calls_nn.h"
#include "tenon/tensor.h"

namespace tenon::nn {

using tenon::Cell;  // calls_nn.h says what a step of each does

struct RecurrentOptions {
  bool biases = true;
  std::int64_t layers = 1;
  double dropout = 0;  // of the outputs of all layers but the last, in training
  bool training = false;
  bool bidirectional = false;
  bool batch_first = false;  // x and the output are (batch, steps, ...)
  // Of packed sequences: x is (elements of all steps, features), and step t has the first batch_sizes[t] of the batch.
  std::vector<std::int64_t> batch_sizes = {};
};

// {output, h} or, of an lstm, {output, h, c}: the output is (steps, batch, directions * out), or packed as x is; the
// states are (layers * directions, batch, out). x: (steps, batch, features). states: {h} or {h, c} before the first
// step. params, for each layer and direction: w_ih (parts * hidden, features), w_hh (parts * hidden, out), with biases
// b_ih and b_hh (parts * hidden); and w_hr (out, hidden) for an lstm whose h is w_hr @ h'. All in one dtype of floats;
// float16 and bfloat16 are computed in float32 and rounded once. Throws ShapeError, DtypeError, and ValueError for
// another number of params and batch sizes that grow.
TENON_API std::vector<Tensor> recurrent(Cell cell, const Tensor& x, std::span<const Tensor> states,
                                        std::span<const Tensor> params, const RecurrentOptions& options);
// One step: x (batch, features), states (batch, hidden); biases may be undefined. {h} or {h, c}.
TENON_API std::vector<Tensor> recurrent_cell(Cell cell, const Tensor& x, std::span<const Tensor> states,
                                             const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih = {},
                                             const Tensor& b_hh = {});

}  // namespace tenon::nn
