// Rows: activation functions and short formulas, each one pass over memory.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops/activations.h"

namespace tenon::py {
namespace {

constexpr const char* kAddcmul =
    "input + value * tensor1 * tensor2, elementwise, with broadcasting, in one pass.\n\n"
    "A new tensor of the promoted dtype. value: a number.\n"
    "TypeError for float8; ValueError for shapes that do not broadcast; OverflowError for a Python integer that\n"
    "the dtype cannot hold.\n\n"
    ">>> tenon.addcmul(tenon.ones(2), tenon.tensor([1.0, 2.0]), 3.0, value=0.5)\n"
    "tensor([2.5000, 4.0000])";
constexpr const char* kAddcdiv =
    "input + value * tensor1 / tensor2, elementwise, with broadcasting, in one pass.\n\n"
    "A new tensor of the promoted dtype; integers become the default float. value: a number.\n"
    "TypeError for float8; ValueError for shapes that do not broadcast; OverflowError for a Python integer that\n"
    "the dtype cannot hold.\n\n"
    ">>> tenon.addcdiv(tenon.ones(2), tenon.tensor([1.0, 2.0]), 4.0)\n"
    "tensor([1.2500, 1.5000])";

std::string in_place(const char* sign) {
  return errors::text(
      "Overwrites the tensor with it + value * tensor1 ", sign,
      " tensor2 and returns it; one pass.\n\n"
      "TypeError for a result of a higher kind; ValueError unless the others broadcast to the tensor's shape and\n"
      "for read-only memory; RuntimeError for a leaf that requires grad and for elements that share memory.");
}

// What the functions of one tensor say about dtypes.
constexpr const char* kReal =
    "\n\nElementwise, into a new tensor of input's dtype, in one pass; NaN stays NaN. Integers and bools become the\n"
    "default float. TypeError for complex numbers and float8.";

const char* real(const char* what) { return (new std::string(std::string(what) + kReal))->c_str(); }

}  // namespace

void def_activations(Ops& ops) {
  ops.def("addcmul", &addcmul, kAddcmul, "input"_a, "tensor1"_a, "tensor2"_a, kw_only, "value"_a = 1);
  ops.def("addcdiv", &addcdiv, kAddcdiv, "input"_a, "tensor1"_a, "tensor2"_a, kw_only, "value"_a = 1);
  static const std::string times = in_place("*"), over = in_place("/");
  ops.def("addcmul_", &addcmul_, times.c_str(), "input"_a, "tensor1"_a, "tensor2"_a, kw_only, "value"_a = 1)
      .example(
          ">>> t = tenon.ones(2)\n"
          ">>> t.addcmul_(tenon.tensor([1., 3.]), tenon.tensor([2., 4.]), value=10)\n"
          "tensor([ 21., 121.])")
      .method_only();
  ops.def("addcdiv_", &addcdiv_, over.c_str(), "input"_a, "tensor1"_a, "tensor2"_a, kw_only, "value"_a = 1)
      .example(
          ">>> t = tenon.ones(2)\n"
          ">>> t.addcdiv_(tenon.tensor([1., 3.]), tenon.tensor([2., 4.]))\n"
          "tensor([1.5000, 1.7500])")
      .method_only();
  ops.def("hardtanh", &hardtanh,
          "input limited to [min_val, max_val]; the gradient is 0 at the bounds, too.\n\n"
          "Elementwise, into a new tensor of the promoted dtype; NaN stays NaN. TypeError for complex numbers and\n"
          "float8.\n\n"
          ">>> tenon.hardtanh(tenon.tensor([-2.0, 0.5, 2.0]))\n"
          "tensor([-1.0000,  0.5000,  1.0000])",
          "input"_a, "min_val"_a = -1, "max_val"_a = 1)
      .function_only();
  ops.def(
         "relu6", &relu6,
         "input limited to [0, 6]; the gradient is 0 at the bounds, too.\n\n"
         "Elementwise, into a new tensor of input's dtype; NaN stays NaN. TypeError for complex numbers and float8.\n\n"
         ">>> tenon.relu6(tenon.tensor([-1.0, 3.0, 8.0]))\n"
         "tensor([0., 3., 6.])",
         "input"_a)
      .function_only();
  ops.def("hardsigmoid", &hardsigmoid, real("input / 6 + 1/2 limited to [0, 1]."), "input"_a)
      .example(
          ">>> tenon.hardsigmoid(tenon.tensor([-4.0, 0.0, 1.5]))\n"
          "tensor([0.0000, 0.5000, 0.7500])")
      .function_only();
  ops.def("hardswish", &hardswish, real("input * hardsigmoid(input)."), "input"_a)
      .example(
          ">>> tenon.hardswish(tenon.tensor([-4.0, 0.0, 3.0]))\n"
          "tensor([-0., 0., 3.])")
      .function_only();
  ops.def("mish", &mish, real("input * tanh(softplus(input))."), "input"_a)
      .example(
          ">>> tenon.mish(tenon.tensor([-1.0, 0.0, 2.0]))\n"
          "tensor([-0.3034,  0.0000,  1.9440])")
      .function_only();
  ops.def("selu", &selu,
          real("1.0507 * input where it is positive, 1.0507 * 1.67326 * (exp(input) - 1) elsewhere (Klambauer et al.,\n"
               "2017)."),
          "input"_a)
      .example(
          ">>> tenon.selu(tenon.tensor([-1.0, 0.0, 2.0]))\n"
          "tensor([-1.1113,  0.0000,  2.1014])")
      .function_only();
  ops.def("celu", &celu,
          real("input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere. ValueError for alpha = 0."),
          "input"_a, "alpha"_a = 1.0)
      .example(
          ">>> tenon.celu(tenon.tensor([-1.0, 0.0, 2.0]))\n"
          "tensor([-0.6321,  0.0000,  2.0000])")
      .function_only();
  ops.def("softsign", &softsign, real("input / (1 + |input|)."), "input"_a)
      .example(
          ">>> tenon.softsign(tenon.tensor([-1.0, 0.0, 3.0]))\n"
          "tensor([-0.5000,  0.0000,  0.7500])")
      .function_only();
  ops.def("tanhshrink", &tanhshrink, real("input - tanh(input)."), "input"_a)
      .example(
          ">>> tenon.tanhshrink(tenon.tensor([-1.0, 0.0, 1.0]))\n"
          "tensor([-0.2384,  0.0000,  0.2384])")
      .function_only();
  ops.def("softshrink", &softshrink,
          real("input pulled towards 0 by lambd, and 0 where |input| <= lambd. ValueError for a negative lambd."),
          "input"_a, "lambd"_a = 0.5)
      .example(
          ">>> tenon.softshrink(tenon.tensor([-1.0, 0.25, 2.0]))\n"
          "tensor([-0.5000,  0.0000,  1.5000])")
      .function_only();
  ops.def("hardshrink", &hardshrink, real("input where |input| > lambd, 0 elsewhere."), "input"_a, "lambd"_a = 0.5)
      .example(
          ">>> tenon.hardshrink(tenon.tensor([-1.0, 0.25, 2.0]))\n"
          "tensor([-1.,  0.,  2.])");
  ops.def("threshold", &threshold,
          "input where it is greater than threshold, value elsewhere.\n\n"
          "Elementwise, into a new tensor of the promoted dtype; NaN stays NaN. TypeError for complex numbers and\n"
          "float8.\n\n"
          "value: what stands in place of elements up to the threshold.\n\n"
          ">>> tenon.threshold(tenon.tensor([0.5, 1.5]), 1.0, -1.0)\n"
          "tensor([-1.0000,  1.5000])",
          "input"_a, "threshold"_a, "value"_a)
      .function_only();
}

}  // namespace tenon::py
