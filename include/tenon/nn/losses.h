// Losses: how far predictions are from what they should be.
// What holds for all operations stands in tenon/ops.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tenon/tensor.h"

namespace tenon::nn {

// What becomes of the losses of the elements: nothing, their mean, their sum.
enum class Reduce : std::uint8_t { none, mean, sum };
// Throws ValueError for another name than "none", "mean" and "sum".
TENON_API Reduce reduce_by(const char* op, const std::string& name);

// ---- losses.cc: element by element; one of x and target is repeated to the other's shape, and ShapeError says where both
// would have to be. They are promoted, integers to the default float.
// Each is one pass, and so is its gradient. weight, of x's shape where it is defined, scales the losses; the mean is
// divided by the sum of the weights in mse_loss and l1_loss, by the number of elements in the others. ----
TENON_API Tensor mse_loss(const Tensor& x, const Tensor& target, Reduce reduce = Reduce::mean,
                          const Tensor& weight = {});  // (x - target)^2
TENON_API Tensor l1_loss(const Tensor& x, const Tensor& target, Reduce reduce = Reduce::mean,
                         const Tensor& weight = {});  // |x - target|
// 0.5 d^2 / beta below beta, d - 0.5 beta above, of the distance d. Throws ValueError for a negative beta.
TENON_API Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, Reduce reduce = Reduce::mean, double beta = 1);
// 0.5 d^2 up to delta, delta (d - 0.5 delta) above. Throws ValueError unless delta is positive.
TENON_API Tensor huber_loss(const Tensor& x, const Tensor& target, Reduce reduce = Reduce::mean, double delta = 1,
                            const Tensor& weight = {});
// -(target log x + (1 - target) log(1 - x)) of probabilities x, with logarithms of -100 at least. x and target have one
// shape, to which weight broadcasts. Throws ShapeError, and ValueError for an x outside of [0, 1] on the CPU.
TENON_API Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight = {},
                                      Reduce reduce = Reduce::mean);
// The same of x = sigmoid(logits), formed without overflow. pos_weight, which broadcasts to x, scales what a target of 1
// costs.
TENON_API Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, const Tensor& weight = {},
                                                  Reduce reduce = Reduce::mean, const Tensor& pos_weight = {});

// ---- cross_entropy.cc ----
// The target of an x (n, classes, ...), or (classes): integers, the classes, in x's shape without the dimension of the
// classes; or probabilities in x's shape. weight (classes) scales the classes.
//
// -log softmax(x)[target] * weight[target], or the sum over the classes for probabilities. label_smoothing mixes the
// target with the same probability for each class. Elements whose target is ignore_index have no loss. The mean of
// classes is divided by the sum of their weights, that of probabilities by the number of elements. float16 and bfloat16
// are rounded once.
//
// Throws ShapeError, DtypeError, ValueError for a smoothing outside of [0, 1], IndexError for a class that is not there.
TENON_API Tensor cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight = {},
                               std::int64_t ignore_index = -100, Reduce reduce = Reduce::mean,
                               double label_smoothing = 0);
// The same of logarithms of probabilities x and classes.
TENON_API Tensor nll_loss(const Tensor& x, const Tensor& target, const Tensor& weight = {},
                          std::int64_t ignore_index = -100, Reduce reduce = Reduce::mean);

// ---- linear_cross_entropy.cc ----
// cross_entropy(linear(input, linear_weight, linear_bias), target, ...), whose scores are formed for some rows at a time,
// and never all together: with many classes they would be the largest tensor. input (n, features) or (features);
// linear_weight (classes, features), or (classes, outputs ..., features) for several scores of each class and sample,
// with a target (n, outputs ...), or (n, classes, outputs ...) for probabilities; linear_bias: linear_weight's shape
// without its last dimension. rows: how many at a time, 0 for what is fast. wide: the loss of halves stays float32. Sums
// over rows are formed in float32 at least. Higher derivatives, and those of probabilities and weight, form all scores.
// ignore_index: -100 unless it is given.
//
// Throws as cross_entropy, and ValueError for an ignore_index beside probabilities.
TENON_API Tensor linear_cross_entropy(const Tensor& input, const Tensor& linear_weight, const Tensor& target,
                                      const Tensor& linear_bias = {}, const Tensor& weight = {},
                                      Reduce reduce = Reduce::mean, std::optional<std::int64_t> ignore_index = {},
                                      double label_smoothing = 0, std::int64_t rows = 0, bool wide = false);

// ---- ctc.cc ----
// -log of the probability of label sequences, over all ways to align them with the steps (Graves et al., 2006). log_probs:
// (T, N, C), or (T, C) for one sample. targets: (N, S), or (sum of target_lengths) one after the other. Lengths: integers,
// one for each sample. The mean is that of the losses divided by their labels' number, or 1. A sample whose labels do not
// fit into its steps has the loss inf, or 0 with zero_infinity, and no gradient. float16 and bfloat16 are rounded once.
// Throws ShapeError, DtypeError, and ValueError for lengths and labels out of range.
TENON_API Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                          const Tensor& target_lengths, std::int64_t blank = 0, Reduce reduce = Reduce::mean,
                          bool zero_infinity = false);

}  // namespace tenon::nn
