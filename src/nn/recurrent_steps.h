// What a layer keeps of each step, and the steps themselves, forwards and backwards.
#pragma once

#include <array>

#include "nn/recurrent.h"
#include "nn/support.h"

namespace tenon::nn {

// The elements of all steps, one after the other.
struct Kept {
  Tensor gates;  // after their functions: (elements, parts * hidden); of an rnn the output serves
  Tensor h_before, c_before;  // the states that each step read
  Tensor c_tanh;  // of the state after it
  Tensor h_part;  // gru: what r is multiplied with
  Tensor unprojected;  // lstm with w_hr: h before the projection
};

inline Tensor rows(const Tensor& t, std::int64_t from, std::int64_t n) { return narrow(t, 0, from, n); }

// Fills y and keeps what backward needs, in `kept` if it is not null. Advances the states, which are copies.
Tensor run_forward(const LayerPlan& plan, std::span<const Tensor> in, Tensor& h, Tensor& c, Kept* kept);
// Which of layer_input have a gradient.
using Wanted = std::array<bool, layer_input::count>;
// The gradients of the inputs that are wanted from those of y, h and c, of which some are undefined. y: of an rnn alone.
Grads run_backward(const LayerPlan& plan, std::span<const Tensor> in, const Wanted& wanted, const Tensor& y,
                   const Kept& kept, std::span<const Tensor> gs);

}  // namespace tenon::nn
