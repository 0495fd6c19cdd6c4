// Rows: losses.
#include "nn.h"
#include "tenon/nn/losses.h"

namespace tenon::py {
namespace {

using MaybeBool = const std::optional<bool>&;
using Name = const std::string&;

// reduction, or what PyTorch's older arguments mean.
nn::Reduce reduction(const char* op, Name name, MaybeBool size_average = {}, MaybeBool reduce = {}) {
  if (!size_average && !reduce) return nn::reduce_by(op, name);
  if (!reduce.value_or(true)) return nn::Reduce::none;
  return size_average.value_or(true) ? nn::Reduce::mean : nn::Reduce::sum;
}

// The loss, with a warning for a target of another shape, which is seldom meant.
Tensor warned(const char* op, const Tensor& x, const Tensor& target, Tensor loss) {
  if (x.shape() == target.shape()) return loss;
  const PyGILState_STATE gil = PyGILState_Ensure();
  const int failed = PyErr_WarnFormat(PyExc_UserWarning, 1,
                                      "%s: input has the shape %s and target %s; one is repeated to the other's shape",
                                      op, x.shape().str().c_str(), target.shape().str().c_str());
  PyGILState_Release(gil);
  if (failed) throw PythonError{};
  return loss;
}

constexpr const char* kReduction = "\n\nreduction: 'none' for the loss of each element, 'mean' or 'sum'.";
constexpr const char* kOlder = " size_average, reduce: PyTorch's older words for reduction; None.";
constexpr const char* kElements =
    "\n\nA new tensor, without dimensions unless reduction='none', in the promoted dtype; integers become the default\n"
    "float, float16 and bfloat16 are rounded once. One of input and target is repeated to the other's shape, with a\n"
    "warning. ValueError for shapes that do not fit, for (n, 1) beside (n), where both would be repeated, and for another\n"
    "reduction; TypeError for complex numbers and float8."
    "\n\ninput: the predictions. target: what they should be.";
constexpr const char* kWeight = " weight: factors of the losses, in input's shape; None for 1.";
constexpr const char* kProbabilities =
    "\n\nA new tensor, without dimensions unless reduction='none', in the promoted dtype; integers become the default\n"
    "float, float16 and bfloat16 are rounded once. TypeError for complex numbers and float8."
    "\n\ntarget: the probabilities that are wanted, in input's shape. weight: factors of the losses, which broadcast to\n"
    "them; None for 1.";
constexpr const char* kClasses =
    "\n\nA new tensor, without dimensions unless reduction='none', in input's dtype; integers become the default float,\n"
    "float16 and bfloat16 are rounded once. The mean is divided by the sum of the weights of the targets."
    "\n\nweight: a factor for each class; None for 1. ignore_index: a target that has no loss.";

void def_elementwise_losses(Ops& ops) {
  ops.def(
         "mse_loss",
         +[](const Tensor& x, const Tensor& t, MaybeBool average, MaybeBool reduce, Name name, MaybeTensor weight) {
           return warned("mse_loss", x, t,
                         nn::mse_loss(x, t, reduction("mse_loss", name, average, reduce), given(weight)));
         },
         text({"The squared error, (input - target)**2: its mean, unless reduction says otherwise.", kElements, kWeight,
               " The mean is then divided by\ntheir sum.", kReduction, kOlder,
               "\n\n>>> tenon.nn.functional.mse_loss(tenon.tensor([1.0, 4.0]), tenon.tensor([1.0, 2.0]))\n"
               "tensor(2.)"}),
         "input"_a, "target"_a, "size_average"_a = none, "reduce"_a = none, "reduction"_a = "mean", "weight"_a = none)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "l1_loss",
         +[](const Tensor& x, const Tensor& t, MaybeBool average, MaybeBool reduce, Name name, MaybeTensor weight) {
           return warned("l1_loss", x, t,
                         nn::l1_loss(x, t, reduction("l1_loss", name, average, reduce), given(weight)));
         },
         text({"The absolute error, |input - target|: its mean, unless reduction says otherwise.", kElements, kWeight,
               " The mean is then divided by\ntheir sum.", kReduction, kOlder,
               "\n\n>>> tenon.nn.functional.l1_loss(tenon.tensor([1.0, 4.0]), tenon.tensor([1.0, 2.0]))\n"
               "tensor(1.)"}),
         "input"_a, "target"_a, "size_average"_a = none, "reduce"_a = none, "reduction"_a = "mean", "weight"_a = none)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "smooth_l1_loss",
         +[](const Tensor& x, const Tensor& t, MaybeBool average, MaybeBool reduce, Name name, double beta) {
           return warned("smooth_l1_loss", x, t,
                         nn::smooth_l1_loss(x, t, reduction("smooth_l1_loss", name, average, reduce), beta));
         },
         text({"The absolute error d, rounded at 0: 0.5 * d**2 / beta below beta, d - 0.5 * beta above.", kElements,
               " ValueError for a negative beta.", " beta: where the square ends.", kReduction, kOlder,
               "\n\n>>> tenon.nn.functional.smooth_l1_loss(tenon.tensor([1.0, 4.0]), tenon.tensor([0.0, 2.0]))\n"
               "tensor(1.)"}),
         "input"_a, "target"_a, "size_average"_a = none, "reduce"_a = none, "reduction"_a = "mean", "beta"_a = 1.0)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "huber_loss",
         +[](const Tensor& x, const Tensor& t, Name name, double delta, MaybeTensor weight) {
           return warned("huber_loss", x, t, nn::huber_loss(x, t, reduction("huber_loss", name), delta, given(weight)));
         },
         text({"Huber's loss of the distance d: 0.5 * d**2 up to delta, delta * (d - 0.5 * delta) above.", kElements,
               kWeight, " delta: where the square ends; ValueError unless it is positive.", kReduction,
               "\n\n>>> tenon.nn.functional.huber_loss(tenon.tensor([1.0, 4.0]), tenon.tensor([0.0, 2.0]))\n"
               "tensor(1.)"}),
         "input"_a, "target"_a, "reduction"_a = "mean", "delta"_a = 1.0, "weight"_a = none)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "binary_cross_entropy",
         +[](const Tensor& x, const Tensor& t, MaybeTensor weight, MaybeBool average, MaybeBool reduce, Name name) {
           return nn::binary_cross_entropy(x, t, given(weight),
                                           reduction("binary_cross_entropy", name, average, reduce));
         },
         text(
             {"-(target * log(input) + (1 - target) * log(1 - input)) of probabilities, with logarithms of -100 at\nleast.",
              kProbabilities,
              " input: probabilities from 0 to 1; ValueError for others, and for a target of another\n"
              "shape.",
              kReduction, kOlder,
              "\n\n>>> tenon.nn.functional.binary_cross_entropy(tenon.tensor([0.5]), tenon.tensor([1.0]))\n"
              "tensor(0.6931)"}),
         "input"_a, "target"_a, "weight"_a = none, "size_average"_a = none, "reduce"_a = none, "reduction"_a = "mean")
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "binary_cross_entropy_with_logits",
         +[](const Tensor& x, const Tensor& t, MaybeTensor weight, MaybeBool average, MaybeBool reduce, Name name,
             MaybeTensor pos_weight) {
           return nn::binary_cross_entropy_with_logits(
               x, t, given(weight), reduction("binary_cross_entropy_with_logits", name, average, reduce),
               given(pos_weight));
         },
         text(
             {"binary_cross_entropy of sigmoid(input), formed without overflow.", kProbabilities,
              " input: any numbers. ValueError for a target of another shape.", kReduction, kOlder,
              " pos_weight: what a target of 1 counts, of a shape that broadcasts to input's; None for 1.",
              "\n\n>>> tenon.nn.functional.binary_cross_entropy_with_logits(tenon.tensor([0.0]), tenon.tensor([1.0]))\n"
              "tensor(0.6931)"}),
         "input"_a, "target"_a, "weight"_a = none, "size_average"_a = none, "reduce"_a = none, "reduction"_a = "mean",
         "pos_weight"_a = none)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
}

}  // namespace

void def_nn_losses(Ops& ops) {
  def_elementwise_losses(ops);
  ops.def(
         "cross_entropy",
         +[](const Tensor& x, const Tensor& t, MaybeTensor weight, MaybeBool average, std::int64_t ignored,
             MaybeBool reduce, Name name, double smoothing) {
           return nn::cross_entropy(x, t, given(weight), ignored, reduction("cross_entropy", name, average, reduce),
                                    smoothing);
         },
         text(
             {"-log(softmax(input)) of the target's class, times the class's weight; one pass backwards.", kClasses,
              "\n\nIndexError for a class that is not there, which names it; ValueError for shapes that do not fit, a\n"
              "smoothing outside of [0, 1] and another reduction; TypeError for complex numbers and float8."
              "\n\ninput: (batch, classes, ...) or (classes), any numbers. target: the classes, integers in input's\n"
              "shape without its classes; or probabilities in input's shape, whose losses are summed over the\n"
              "classes and whose mean is divided by the number of elements. label_smoothing: how much of the target\n"
              "is spread evenly over the classes.",
              kReduction, kOlder,
              "\n\n>>> logits = tenon.tensor([[2.0, 0.0], [0.0, 2.0]])\n"
              ">>> tenon.nn.functional.cross_entropy(logits, tenon.tensor([0, 1]))\n"
              "tensor(0.1269)"}),
         "input"_a, "target"_a, "weight"_a = none, "size_average"_a = none, "ignore_index"_a = -100, "reduce"_a = none,
         "reduction"_a = "mean", "label_smoothing"_a = 0.0)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "_linear_cross_entropy",
         +[](const Tensor& x, const Tensor& linear_weight, const Tensor& t, MaybeTensor linear_bias, MaybeTensor weight,
             Name name, std::optional<std::int64_t> ignored, double smoothing, std::int64_t rows, bool wide) {
           return nn::linear_cross_entropy(x, linear_weight, t, given(linear_bias), given(weight),
                                           reduction("linear_cross_entropy", name), ignored, smoothing, rows, wide);
         },
         "tenon.nn.functional.linear_cross_entropy by pieces of so many rows, 0 for what is fast; wide: a loss of halves\n"
         "is float32.",
         "input"_a, "linear_weight"_a, "target"_a, "linear_bias"_a, "weight"_a, "reduction"_a, "ignore_index"_a,
         "label_smoothing"_a, "rows"_a, "wide"_a)
      .function_only()
      .no_out()
      .long_work();
  ops.def(
         "nll_loss",
         +[](const Tensor& x, const Tensor& t, MaybeTensor weight, MaybeBool average, std::int64_t ignored,
             MaybeBool reduce, Name name) {
           return nn::nll_loss(x, t, given(weight), ignored, reduction("nll_loss", name, average, reduce));
         },
         text(
             {"-input of the target's class, times the class's weight: cross_entropy of logarithms of probabilities.",
              kClasses,
              "\n\nIndexError for a class that is not there, which names it; ValueError for shapes that do not fit and\n"
              "another reduction; TypeError for complex numbers and float8."
              "\n\ninput: (batch, classes, ...) or (classes), logarithms of probabilities. target: the classes,\n"
              "integers in input's shape without its classes.",
              kReduction, kOlder,
              "\n\n>>> log_p = tenon.log_softmax(tenon.tensor([[2.0, 0.0]]), 1)\n"
              ">>> tenon.nn.functional.nll_loss(log_p, tenon.tensor([1]))\n"
              "tensor(2.1269)"}),
         "input"_a, "target"_a, "weight"_a = none, "size_average"_a = none, "ignore_index"_a = -100, "reduce"_a = none,
         "reduction"_a = "mean")
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
  ops.def(
         "ctc_loss",
         +[](const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths,
             std::int64_t blank, Name name, bool zero_infinity) {
           return nn::ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction("ctc_loss", name),
                               zero_infinity);
         },
         text(
             {"The negative log likelihood of label sequences, over all ways to align them with the steps: connectionist\n"
              "temporal classification (Graves et al., 2006)."
              "\n\nA new tensor, without dimensions unless reduction='none', in log_probs' dtype; float16 and bfloat16 are\n"
              "rounded once. Labels that do not fit into their steps cost inf and have no gradient. ValueError for shapes\n"
              "that do not fit, for lengths and labels out of range, which it names, and for another reduction; TypeError\n"
              "for labels and lengths that are no integers, complex numbers and float8."
              "\n\nlog_probs: log probabilities of the classes at each step, of shape (T, N, C), or (T, C) for one sample.\n"
              "targets: the labels, integers of shape (N, S), or all one after the other, (sum of target_lengths,).\n"
              "input_lengths: how many steps each sample has, of shape (N,). target_lengths: how many labels each sample\n"
              "has, of shape (N,). blank: the class that stands for no label. reduction: 'mean' (of the losses, each divided\n"
              "by its number of labels), 'sum', or 'none' for the loss of each sample. zero_infinity: True makes 0 of\n"
              "losses that are inf."
              "\n\n>>> log_p = tenon.log_softmax(tenon.zeros(3, 1, 2), 2)\n"
              ">>> tenon.nn.functional.ctc_loss(log_p, tenon.tensor([[1]]), [3], [1])\n"
              "tensor(0.2877)"}),
         "log_probs"_a, "targets"_a, "input_lengths"_a, "target_lengths"_a, "blank"_a = 0, "reduction"_a = "mean",
         "zero_infinity"_a = false)
      .autocast(Autocast::full)
      .no_out()
      .nn_only();
}

}  // namespace tenon::py
