// Rows: normalization.
#include "nn.h"
#include "tenon/nn/normalization.h"

namespace tenon::py {
namespace {

constexpr const char* kShared =
    "\n\nA new tensor of input's shape and dtype; float16 and bfloat16 are computed in float32 and rounded once.\n"
    "ValueError for shapes that do not fit, TypeError for complex numbers, integers and float8."
    "\n\neps: is added to the variance. ";
constexpr const char* kChannels =
    "input: (batch, channels, ...). weight: a factor for each channel; None for 1. bias: a number for each channel,\n"
    "which is added; None for 0. ";
constexpr const char* kLast =
    "normalized_shape: the sizes of input's last dimensions, over which it is normalized. weight: factors of that\n"
    "shape; None for 1. ";
constexpr const char* kRunning =
    "running_mean: the mean of each channel so far, or None. running_var: the variance of each channel so far, or\n"
    "None. momentum: how much of them the input's own statistics replace, in place. ";

void def_over_last(Ops& ops) {
  ops.def(
         "layer_norm",
         +[](const Tensor& x, const Dims& shape, MaybeTensor weight, MaybeTensor bias, double eps) {
           return nn::layer_norm(x, shape, given(weight), given(bias), eps);
         },
         text({"input with mean 0 and variance 1 over its last dimensions, times weight, plus bias.", kShared, kLast,
               "bias: numbers of that shape, which are added; None for 0.",
               "\n\n>>> tenon.nn.functional.layer_norm(tenon.tensor([1.0, 3.0]), (2,))\n"
               "tensor([-1.0000,  1.0000])"}),
         "input"_a, "normalized_shape"_a, "weight"_a = none, "bias"_a = none, "eps"_a = 1e-5)
      .autocast(Autocast::first)
      .no_out()
      .nn_only();
  ops.def(
         "rms_norm",
         +[](const Tensor& x, const Dims& shape, MaybeTensor weight, const std::optional<double>& eps) {
           return nn::rms_norm(x, shape, given(weight), eps);
         },
         text({"input divided by the root of the mean of its squares over its last dimensions, times weight.", kShared,
               kLast,
               "eps: is added to the mean of the squares; None for the distance from 1 to the next number of\n"
               "input's dtype.",
               "\n\n>>> tenon.nn.functional.rms_norm(tenon.tensor([1.0, 7.0]), (2,))\n"
               "tensor([0.2000, 1.4000])"}),
         "input"_a, "normalized_shape"_a, "weight"_a = none, "eps"_a = none)
      .no_out()
      .nn_only();
}

}  // namespace

void def_nn_normalization(Ops& ops) {
  def_over_last(ops);
  ops.def(
         "group_norm",
         +[](const Tensor& x, std::int64_t groups, MaybeTensor weight, MaybeTensor bias, double eps) {
           return nn::group_norm(x, groups, given(weight), given(bias), eps);
         },
         text({"input with mean 0 and variance 1 over each group of channels, times weight, plus bias.", kShared,
               kChannels,
               "num_groups: divides the number of channels; ValueError otherwise, and where a group has one element.",
               "\n\n>>> tenon.nn.functional.group_norm(tenon.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)\n"
               "tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])"}),
         "input"_a, "num_groups"_a, "weight"_a = none, "bias"_a = none, "eps"_a = 1e-5)
      .autocast(Autocast::first)
      .no_out()
      .nn_only();
  ops.def(
         "batch_norm",
         +[](const Tensor& x, MaybeTensor mean, MaybeTensor var, MaybeTensor weight, MaybeTensor bias, bool training,
             double momentum, double eps) {
           return nn::batch_norm(x, {given(mean), given(var)}, given(weight), given(bias), training, momentum, eps);
         },
         text({"Each channel of input with mean 0 and variance 1, times weight, plus bias.", kShared, kChannels,
               kRunning,
               "training: whether the batch's own statistics are used, which the running ones then learn;\n"
               "ValueError for one element for each channel, or for no running statistics otherwise.",
               "\n\n>>> x = tenon.tensor([[1.0, 0.0], [3.0, 4.0]])\n"
               ">>> tenon.nn.functional.batch_norm(x, None, None, training=True)\n"
               "tensor([[-1.0000, -1.0000],\n"
               "        [ 1.0000,  1.0000]])"}),
         "input"_a, "running_mean"_a, "running_var"_a, "weight"_a = none, "bias"_a = none, "training"_a = false,
         "momentum"_a = 0.1, "eps"_a = 1e-5)
      .autocast(Autocast::first)
      .no_out()
      .nn_only();
  ops.def(
         "instance_norm",
         +[](const Tensor& x, MaybeTensor mean, MaybeTensor var, MaybeTensor weight, MaybeTensor bias, bool own,
             double momentum, double eps) {
           return nn::instance_norm(x, {given(mean), given(var)}, given(weight), given(bias), own, momentum, eps);
         },
         text({"Each channel of each of the batch with mean 0 and variance 1, times weight, plus bias.", kShared,
               kChannels, kRunning,
               "use_input_stats: whether input's own statistics are used, whose mean over the batch the running ones\n"
               "then learn; ValueError for one element in a channel, or for no running statistics otherwise.",
               "\n\n>>> tenon.nn.functional.instance_norm(tenon.tensor([[[1.0, 3.0], [2.0, 8.0]]]))\n"
               "tensor([[[-1.0000,  1.0000],\n"
               "         [-1.0000,  1.0000]]])"}),
         "input"_a, "running_mean"_a = none, "running_var"_a = none, "weight"_a = none, "bias"_a = none,
         "use_input_stats"_a = true, "momentum"_a = 0.1, "eps"_a = 1e-5)
      .autocast(Autocast::first)
      .no_out()
      .nn_only();
  ops.def(
         "local_response_norm", &nn::local_response_norm,
         "input / (k + alpha * m)**beta, m the mean of input**2 over size neighbouring channels, zeros beyond them.\n\n"
         "A new tensor of input's shape and dtype; float16 and bfloat16 are computed in float32 and rounded once.\n"
         "ValueError for fewer than 3 dimensions and a size that is not positive; TypeError for complex numbers,\n"
         "integers and float8.\n\n"
         "input: (batch, channels, ..., sizes). size: the number of channels. alpha: a factor of the mean. beta: the\n"
         "power. k: is added to the mean.\n\n"
         ">>> tenon.nn.functional.local_response_norm(tenon.ones(1, 2, 1), 2, alpha=1.0, beta=1.0)\n"
         "tensor([[[0.6667],\n"
         "         [0.5000]]])",
         "input"_a, "size"_a, "alpha"_a = 1e-4, "beta"_a = 0.75, "k"_a = 1.0)
      .no_out()
      .nn_only();
}

}  // namespace tenon::py
