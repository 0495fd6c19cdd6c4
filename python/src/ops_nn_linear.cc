// Rows: fully connected layers.
#include "nn.h"
#include "tenon/nn/linear.h"

namespace tenon::py {

void def_nn_linear(Ops& ops) {
  ops.def(
         "linear", +[](const Tensor& x, const Tensor& w, MaybeTensor b) { return nn::linear(x, w, given(b)); },
         "input @ weight.T + bias: a fully connected layer.\n\n"
         "A new tensor (..., out_features) in the promoted dtype; float16 and bfloat16 are rounded once.\n"
         "ValueError for shapes that do not fit, TypeError for float8.\n\n"
         "input: (..., in_features). weight: (out_features, in_features), or (in_features) for one output, whose\n"
         "dimension the result lacks. bias: (out_features), or None.\n\n"
         ">>> tenon.nn.functional.linear(tenon.tensor([1.0, 2.0]), tenon.tensor([[1.0, 1.0], [0.0, 3.0]]))\n"
         "tensor([3., 6.])",
         "input"_a, "weight"_a, "bias"_a = none)
      .autocast(Autocast::lower)
      .no_out()
      .nn_only();
  ops.def(
         "bilinear",
         +[](const Tensor& x1, const Tensor& x2, const Tensor& w, MaybeTensor b) {
           return nn::bilinear(x1, x2, w, given(b));
         },
         "For each output o the sum over i and j of input1[i] * weight[o, i, j] * input2[j], plus bias[o].\n\n"
         "A new tensor (..., out_features) in the promoted dtype; float16 and bfloat16 are rounded once.\n"
         "ValueError for shapes that do not fit, TypeError for float8.\n\n"
         "input1: (..., in1_features). input2: (..., in2_features), with the same dimensions before the last.\n"
         "weight: (out_features, in1_features, in2_features). bias: (out_features), or None.\n\n"
         ">>> x, y = tenon.tensor([[1.0, 2.0]]), tenon.tensor([[3.0]])\n"
         ">>> tenon.nn.functional.bilinear(x, y, tenon.ones(1, 2, 1))\n"
         "tensor([[9.]])",
         "input1"_a, "input2"_a, "weight"_a, "bias"_a = none)
      .no_out()
      .nn_only();
}

}  // namespace tenon::py
