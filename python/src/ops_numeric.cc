// Rows: elementwise operations of several primitives, and questions about elements.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

using Pair = std::pair<Tensor, Tensor>;

std::vector<Tensor> listed(Pair p) { return {std::move(p.first), std::move(p.second)}; }

}  // namespace

void def_numeric(Ops& ops) {
  ops.def("float_power", &float_power,
          "a to the power b in float64, or in complex128 for complex numbers.\n\n"
          "Elementwise, with broadcasting, into a new tensor. ValueError for shapes that do not broadcast,\n"
          "TypeError for what is no tensor or array.\n\n"
          ">>> tenon.float_power(tenon.tensor([2, 3]), 2)\n"
          "tensor([4., 9.], dtype=tenon.float64)",
          "input"_a, "exponent"_a);
  ops.def(
      "divmod", +[](const Operand& a, const Operand& b) { return listed(divmod(a, b)); },
      "A pair (a // b, a % b): the quotient, rounded down, and the remainder, with the sign of b.\n\n"
      "Elementwise, with broadcasting, into new tensors of the promoted dtype. Integers divided by zero give 0.\n"
      "ValueError for shapes that do not broadcast, TypeError for bool, complex numbers and float8,\n"
      "OverflowError for a Python integer that the dtype cannot hold.\n\n"
      ">>> tenon.tensor([7, -7]).divmod(2)\n"
      "(tensor([ 3, -4]), tensor([1, 1]))",
      "input"_a, "other"_a);
  ops.def(
      "modf", +[](const Tensor& x) { return listed(modf(x)); },
      "A pair (fraction, whole), both with the sign of x: 2.5 gives 0.5 and 2.0.\n\n"
      "New tensors of x's dtype; integers and bools become the default float. Of infinity the fraction is 0.\n"
      "TypeError for complex numbers and float8.\n\n"
      ">>> tenon.modf(tenon.tensor([1.5, -2.25]))\n"
      "(tensor([ 0.5000, -0.2500]), tensor([ 1., -2.]))",
      "input"_a);
  ops.def(
      "frexp", +[](const Tensor& x) { return listed(frexp(x)); },
      "A pair (mantissa, exponent) with x = mantissa * 2**exponent exactly and 0.5 <= |mantissa| < 1.\n\n"
      "New tensors: of x's dtype (integers and bools become the default float), with the gradient, and int32. 0,\n"
      "infinity and NaN are their own mantissas, with exponent 0. TypeError for complex numbers and float8.\n\n"
      ">>> tenon.frexp(tenon.tensor([8.0, 0.75]))\n"
      "(tensor([0.5000, 0.7500]), tensor([4, 0], dtype=tenon.int32))",
      "input"_a);
  ops.def("isreal", &isreal,
          "Whether the imaginary part is 0.\n\n"
          "A new bool tensor: true everywhere for real dtypes. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.isreal(tenon.tensor([1 + 0j, 1j]))\n"
          "tensor([ True, False])",
          "input"_a)
      .numpy("isreal");
  ops.def("iscomplex", &iscomplex,
          "Whether the imaginary part is not 0.\n\n"
          "A new bool tensor: false everywhere for real dtypes. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.iscomplex(tenon.tensor([1 + 0j, 1j]))\n"
          "tensor([False,  True])",
          "input"_a)
      .function_only()
      .numpy("iscomplex");
}

}  // namespace tenon::py
