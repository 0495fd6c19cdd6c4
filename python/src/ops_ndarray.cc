// Rows: methods by ndarray's names.
#include "core/errors.h"
#include "numpy_families.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

PyObject* put(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  const Tensor indices = argument<Tensor>(def, args, 1), values = values_for(args[2], t, {"put", "values"});
  const Bounds beyond = bounds(argument<std::string>(def, args, 3));
  without_gil(t.numel(), [&] { put_values_(t, indices, values, beyond); }, t, indices, values);
  return Py_NewRef(Py_None);
}

std::vector<Tensor> unravel(const Tensor& indices, const Dims& shape, const std::string& order) {
  if (order == "C") return unravel_index(indices, shape);
  if (order != "F") errors::fail("unravel_index", "order is 'C' or 'F'; got '", order, "'");
  Dims turned = shape;
  std::reverse(turned.begin(), turned.end());
  std::vector<Tensor> places = unravel_index(indices, turned);
  std::reverse(places.begin(), places.end());
  return places;
}

void fill(Tensor& t, const Operand& value) {
  if (!value.is_tensor()) fill_(t, value.scalar());
  else if (value.tensor().numel() != 1) errors::fail("fill", "a number is needed; got shape ", value.tensor().shape());
  else copy_(t, reshape(value.tensor(), {}));
}

}  // namespace

void def_ndarray(Ops& ops) {
  ops.def(
         "copy", +[](const Tensor& t, const std::string& order) { return clone(t, layout(order, "copy")); },
         "A copy in fresh memory; the gradient flows through.\n\n"
         "order: 'C' by rows, 'F' by columns, 'A' as 'F' for a tensor that lies so, 'K' as the elements lie. ValueError\n"
         "for another.\n\n"
         ">>> t = tenon.tensor([1, 2])\n"
         ">>> t.copy() is t\n"
         "False",
         "input"_a, "order"_a = "C")
      .method_only()
      .no_out()
      .numpy("copy", copying);
  ops.def("fill", &fill,
          "Overwrites all elements with a number, as fill_(), and returns None.\n\n"
          "ValueError for several numbers and for read-only memory; TypeError for a complex number in a real tensor;\n"
          "OverflowError for a Python integer that the dtype cannot hold; RuntimeError for a leaf that requires grad\n"
          "and for elements that share memory.\n\n"
          ">>> t = tenon.zeros(2)\n"
          ">>> t.fill(7)\n"
          ">>> t\n"
          "tensor([7., 7.])",
          "input"_a, "value"_a)
      .method_only();
  ops.raw(
         "put", &put,
         "Writes values, repeated as needed, at indices of the flat tensor, and returns None.\n\n"
         "mode: 'raise', or 'wrap' or 'clip' for indices beyond the end (ValueError for others). IndexError for an\n"
         "index that is not there, TypeError for indices that are no integers and for complex values in a real\n"
         "tensor, OverflowError for a number that the dtype cannot hold, ValueError for NaN in integers and read-only\n"
         "memory, RuntimeError for a leaf that requires grad.\n\n"
         "values: an array_like.\n\n"
         ">>> t = tenon.tensor([1, 2, 3])\n"
         ">>> t.put([0, 2], [7, 9])\n"
         ">>> t\n"
         "tensor([7, 2, 9])",
         "input"_a, "indices"_a, "values"_a, "mode"_a = "raise")
      .method_only()
      .returns("None");
  ops.def("compress", &compress,
          "The entries along dim, or the elements of the flat tensor, where a condition holds. A copy.\n\n"
          "condition: 1-D, by truth value; a shorter one ends the selection. IndexError for a dimension that is not\n"
          "there and for a longer condition that holds beyond the end, ValueError for another number of dimensions.\n\n"
          ">>> tenon.tensor([1, 2, 3]).compress([True, False, True])\n"
          "tensor([1, 3])",
          "input"_a, "condition"_a, "dim"_a = none)
      .method_only();
  ops.def(
         "choose",
         +[](const Tensor& t, std::span<const Tensor> choices, const std::string& mode) {
           return choose(t, choices, bounds(mode));
         },
         "For each element i the element of choices[i] at its place; all of them broadcast. A copy.\n\n"
         "mode: 'raise', or 'wrap' or 'clip' for numbers beyond the choices (ValueError for others). ValueError for\n"
         "a choice that is not there and for shapes that do not broadcast, TypeError for numbers that are no\n"
         "integers.\n\n"
         "choices: a sequence of tensors; element i of the result comes from the tensor that element i of input names.\n"
         "\n"
         ">>> tenon.tensor([0, 1, 0]).choose([tenon.tensor([1, 2, 3]), tenon.tensor([10, 20, 30])])\n"
         "tensor([ 1, 20,  3])",
         "input"_a, "choices"_a, kw_only, "mode"_a = "raise")
      .method_only();
  ops.def("unravel_index", &unravel_index,
          "The indices along each dimension of a shape that indices of the flat tensor mean.\n\n"
          "A tuple with a new int64 tensor for each dimension. IndexError for an index that is not there, TypeError\n"
          "for indices that are no integers, ValueError for a negative size.\n\n"
          "indices: positions in the flat tensor. shape: the tensor's shape.\n\n"
          ">>> tenon.unravel_index(tenon.tensor([5]), (2, 3))\n"
          "(tensor([1]), tensor([2]))",
          "indices"_a, "shape"_a)
      .function_only()
      .numpy(
          "unravel_index", &unravel,
          "A tuple with a new int64 tensor for each dimension. order: 'C', or 'F' where the first dimension goes\n"
          "fastest. IndexError for an index that is not there, TypeError for indices that are no integers, ValueError\n"
          "for a negative size and another order.\n\n"
          ">>> tenon.numpy.unravel_index(5, (2, 3))\n"
          "(tensor(1), tensor(2))",
          "indices"_a, "shape"_a, "order"_a = "C");
}

}  // namespace tenon::py
