// Shapes and diagonals under NumPy's signatures.
#include "numpy_families.h"
#include "tenon/ops/diagonal.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/shape.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

PyObject* invoke_reshape(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  PyObject* size = args[1] != Py_None ? args[1] : args[3];
  if (size == Py_None) wrong_type({"reshape", "shape"}, "an int or a sequence of ints", size);
  const Dims shape = to_dims(size, {"reshape", "shape"});
  const auto copy = argument<std::optional<bool>>(def, args, 4);
  if (!copy && args[2] == def.args[2].default_value) return computed(t.numel(), [&] { return reshape(t, shape); }, t);
  const Layout order = layout(argument<std::string>(def, args, 2), def.name);
  return computed(t.numel(), [&] { return reshape(t, shape, order, copy); }, t);
}

}  // namespace

void reshaping(OpDef& d, std::nullptr_t) {
  d.arguments("a"_a, pos_only, "shape"_a = none, "order"_a = "C", kw_only, "newshape"_a = none, "copy"_a = none);
  d.invoke = &invoke_reshape;
  d.document(
      "order: how elements are read and placed: 'C' by rows, 'F' by columns, 'A' as 'F' for memory that lies so.\n"
      "copy: True for a copy always, False for a view or ValueError. newshape: shape's old name. ValueError where\n"
      "the numbers of elements differ, for other negative sizes and for another order.\n\n"
      ">>> tenon.numpy.reshape(tenon.arange(4), (2, 2), order='F')\n"
      "tensor([[0, 2],\n"
      "        [1, 3]])");
}
void transposing(OpDef& d) {
  Ops::bind(
      d, +[](const Tensor& t, const Axes& axes) { return axes ? permute(t, *axes) : T(t); }, "a"_a, "axes"_a = none);
  d.document(
      "A view. axes: the order of the dimensions; reversed without them. IndexError for an axis that is not there,\n"
      "ValueError for a repeated one and for a missing one.\n\n"
      ">>> tenon.numpy.transpose(tenon.zeros(2, 3, 4), (1, 0, 2)).shape\n"
      "(3, 2, 4)");
}
void transposing(OpDef& d, std::nullptr_t) { transposing(d); }
void transposing(OpDef& d, Tensor (*)(const Tensor&, const Dims&)) { transposing(d); }
void swapping(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, std::int64_t)) {
  Ops::bind(d, f, "a"_a, "axis1"_a, "axis2"_a);
  d.document(
      "IndexError for an axis that is not there.\n\n"
      ">>> tenon.numpy.swapaxes(tenon.zeros(2, 3, 4), 0, 2).shape\n"
      "(4, 3, 2)");
}
void moving(OpDef& d, Tensor (*f)(const Tensor&, const Dims&, const Dims&)) {
  Ops::bind(d, f, "a"_a, "source"_a, "destination"_a);
  d.document(
      "source, destination: ints, or tuples of one length. IndexError for an axis that is not there, ValueError\n"
      "for a repeated one and for tuples of two lengths.\n\n"
      ">>> tenon.numpy.moveaxis(tenon.zeros(2, 3, 4), 0, -1).shape\n"
      "(3, 4, 2)");
}
void expanding(OpDef& d, Tensor (*f)(const Tensor&, const Dims&)) {
  Ops::bind(d, f, "a"_a, "axis"_a);
  d.document(
      "axis: an int, or a tuple for several. IndexError for a place that the result does not have, ValueError for\n"
      "a repeated one.\n\n"
      ">>> tenon.numpy.expand_dims(tenon.zeros(3), (0, 2)).shape\n"
      "(1, 3, 1)");
}
void squeezing(OpDef& d, Tensor (*)(const Tensor&, const Axes&)) {
  Ops::bind(
      d, +[](const Tensor& t, const Axes& axis) { return axis ? squeeze_exactly(t, *axis) : squeeze(t); }, "a"_a,
      "axis"_a = none);
  d.document(
      "axis: an int or a tuple, all by default. IndexError for an axis that is not there, ValueError for a\n"
      "repeated one and for one of another size than 1.\n\n"
      ">>> tenon.numpy.squeeze(tenon.zeros(1, 3, 1), 0).shape\n"
      "(3, 1)");
}
void broadcasting(OpDef& d, Tensor (*)(const Tensor&, const Dims&)) {
  Ops::bind(
      d, +[](const Tensor& t, const Dims& shape, bool) { return expand(t, shape); }, "array"_a, "shape"_a,
      "subok"_a = false);
  d.document(
      "ValueError where a size is neither 1 nor the given one; writing to repeated elements is a RuntimeError.\n"
      "subok is accepted for NumPy's sake.\n\n"
      ">>> tenon.numpy.broadcast_to(tenon.arange(3), (2, 3))\n"
      "tensor([[0, 1, 2],\n"
      "        [0, 1, 2]])");
}
void flipping(OpDef& d, Tensor (*f)(const Tensor&, const Axes&)) {
  Ops::bind(d, f, "m"_a, "axis"_a = none);
  d.document(
      "m: a tensor of any shape. axis: an int or a tuple, all by default. IndexError for an axis that is not there,\n"
      "ValueError for a repeated one.\n\n"
      ">>> tenon.numpy.flip(tenon.arange(3))\n"
      "tensor([2, 1, 0])");
}
void flipping_one(OpDef& d, Tensor (*f)(const Tensor&)) {
  Ops::bind(d, f, "m"_a);
  d.document(d.name == "flipud" ? "m: a tensor of any shape; a 0-d one is as it is.\n\n"
                                  ">>> tenon.numpy.flipud(tenon.tensor([[1, 2], [3, 4]]))\n"
                                  "tensor([[3, 4],\n"
                                  "        [1, 2]])"
                                : "m: a tensor of two dimensions at least (IndexError for fewer).\n\n"
                                  ">>> tenon.numpy.fliplr(tenon.tensor([[1, 2], [3, 4]]))\n"
                                  "tensor([[2, 1],\n"
                                  "        [4, 3]])");
}
void rolling(OpDef& d, Tensor (*f)(const Tensor&, const Dims&, const Axes&)) {
  Ops::bind(d, f, "a"_a, "shift"_a, "axis"_a = none);
  d.document(
      "shift, axis: ints or tuples; one of them may be an int for all, and shifts of one axis add up. Without\n"
      "axis: of the flat tensor, in its shape. IndexError for an axis that is not there, ValueError for tuples of\n"
      "two lengths.\n\n"
      ">>> tenon.numpy.roll(tenon.arange(4), 1)\n"
      "tensor([3, 0, 1, 2])");
}
void turning(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, const Axes&)) {
  Ops::bind(d, f, "m"_a, "k"_a = 1, "axes"_a = Object::steal(Py_BuildValue("(ii)", 0, 1)));
  d.document(
      "m: a tensor of two dimensions at least. k: the number of right angles. IndexError for an axis that is not there,\n"
      "ValueError for a repeated one, for axes that are not two, and for fewer than two dimensions.\n\n"
      ">>> tenon.numpy.rot90(tenon.tensor([[1, 2], [3, 4]]))\n"
      "tensor([[2, 4],\n"
      "        [1, 3]])");
}
void diagonals(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t, std::int64_t, std::int64_t)) {
  Ops::bind(d, f, "a"_a, "offset"_a = 0, "axis1"_a = 0, "axis2"_a = 1);
  d.document(
      "An offset beyond the matrix gives no elements. IndexError for an axis that is not there, ValueError for a\n"
      "repeated one and for fewer than two dimensions.\n\n"
      ">>> tenon.numpy.diagonal(tenon.tensor([[1, 2], [3, 4]]))\n"
      "tensor([1, 4])");
}
void on_diagonal(OpDef& d, Tensor (*f)(const Tensor&, std::int64_t)) {
  const bool views = d.name == "diag";
  if (views) f = +[](const Tensor& t, std::int64_t k) { return t.ndim() == 2 ? diagonal(t, k) : diag(t, k); };
  Ops::bind(d, f, "v"_a, "k"_a = 0);
  d.document(
      views ? "k: which one; above the main one for positive numbers. A view of a matrix, a new matrix for a\n"
              "vector. ValueError for another number of dimensions.\n\n"
              ">>> tenon.numpy.diag(tenon.tensor([[1, 2], [3, 4]]))\n"
              "tensor([1, 4])"
            : "k: which one; above the main one for positive numbers. A new tensor. TypeError for what is no tensor\n"
              "or array.\n\n"
              ">>> tenon.numpy.diagflat([[1, 2]])\n"
              "tensor([[1, 0],\n"
              "        [0, 2]])");
}

}  // namespace tenon::py
