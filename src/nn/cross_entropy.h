// What cross_entropy shares with the loss that forms its scores piece by piece.
#pragma once

#include "nn/support.h"
#include "tenon/nn/losses.h"

namespace tenon::nn {

// Throws ShapeError unless weight, where there is one, has a number for each class.
void check_class_weight(const char* op, const Tensor& weight, std::int64_t classes);
// Throws ValueError outside of [0, 1].
void check_smoothing(const char* op, double label_smoothing);

// cross_entropy() by another name, in errors and histories.
Tensor cross_entropy_as(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                        std::int64_t ignore_index, Reduce reduce, double label_smoothing);

// What a mean is divided by in its gradient: where nothing counts, the mean is NaN and the gradient 0.
Tensor divisor(const Tensor& total);
// From the sum of all losses and what they count together.
Tensor cross_entropy_mean(const Tensor& all, const Tensor& total);

// As in cross_entropy(); probabilities and weight in the scores' dtype.
struct CrossEntropyTarget {
  Tensor target, weight;
  std::int64_t ignore_index;
  double label_smoothing;
};

struct LossAndGradient {
  Tensor loss, gradient;
  Tensor total;  // what the losses count together
};

// Of scores x in float32 or float64, with the gradient of x from that of the loss, g, where it is defined. Nothing is
// recorded.
LossAndGradient cross_entropy_part(const char* op, const Tensor& x, const CrossEntropyTarget& t, Reduce reduce,
                                   const Tensor& g);

}  // namespace tenon::nn
