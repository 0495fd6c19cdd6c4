// Rows: products.
#include "linalg.h"

#include "core/errors.h"
#include "op.h"
#include "tenon/linalg.h"
#include "tenon/ops/linalg.h"
#include "tenon/ops/products.h"
#include "tenon/ops/reduce.h"
#include "tenon/ops/view.h"

namespace tenon::py {

linalg::NormOrder to_norm_order(PyObject* o, const Where& w) {
  if (o == Py_None) return {};
  if (PyUnicode_Check(o)) return to_string(o, w);
  return to_double(o, w);
}

namespace {

// (x, ord, axis, keepdims)
PyObject* norm_of_numpy(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto ord = to_norm_order(args[1], {"norm", "ord"});
  const Axes axes = argument<Axes>(def, args, 2);
  const bool keepdims = argument<bool>(def, args, 3);
  return computed(kLongWork, [&] { return linalg::norm(t, ord, axes, keepdims); }, t);
}
// (x, /, *, keepdims, ord)
PyObject* matrix_norm(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const bool keepdims = argument<bool>(def, args, 1);
  const auto ord = to_norm_order(args[2], {"matrix_norm", "ord"});
  return computed(kLongWork, [&] { return linalg::matrix_norm(t, ord, {-2, -1}, keepdims); }, t);
}
Tensor vector_norm(const Tensor& t, const Axes& axes, bool keepdims, double ord) {
  return norm(t, ord, axes, keepdims);
}
Tensor matrix_diagonal(const Tensor& t, std::int64_t offset) { return diagonal(t, offset, -2, -1); }
Tensor matrix_trace(const Tensor& t, std::int64_t offset, const std::optional<DType>& dtype) {
  return trace(t, offset, -2, -1, dtype);
}

void def_linalg_of_numpy(Ops& ops) {
  ops.raw(
         "norm", &norm_of_numpy,
         "The norm of vectors or of matrices, as numpy.linalg.norm chooses it: a new tensor of a real float.\n\n"
         "With the gradient. Along one axis the vectors' p-norm, along two the matrices'; without ord the square root of "
         "the sum of squares. ord: for vectors a number p, inf, -inf or 0; for matrices 'fro', 'nuc', 1, -1, inf, -inf, 2 "
         "or -2. axis: an int or two ints; None for all dimensions. ValueError for another ord and, with ord, for more than "
         "two axes; IndexError for an axis that is not there; TypeError for float8.\n\n"
         ">>> tenon.numpy.linalg.norm(tenon.tensor([[3.0, 4.0], [6.0, 8.0]]), axis=1)\n"
         "tensor([ 5., 10.])",
         "x"_a, "ord"_a = none, "axis"_a = none, "keepdims"_a = false)
      .numpy_only("linalg.norm");
  ops.def(
         "vector_norm", &vector_norm,
         "The p-norms of vectors along axes, of all elements by default: a new tensor of a real float.\n\n"
         "ord: the order p of the norm, also inf, -inf and 0. IndexError for an axis that is not there, ValueError for a "
         "repeated one and, with inf and -inf, for no elements, TypeError for float8.\n\n"
         ">>> tenon.numpy.linalg.vector_norm(tenon.tensor([3.0, 4.0]))\n"
         "tensor(5.)",
         "x"_a, pos_only, kw_only, "axis"_a = none, "keepdims"_a = false, "ord"_a = 2)
      .no_out()
      .numpy_only("linalg.vector_norm");
  ops.raw(
         "matrix_norm", &matrix_norm,
         "The norms of the matrices in the last two dimensions: a new tensor of a real float.\n\n"
         "ord: 'fro', 'nuc', 1, -1, inf, -inf, 2 or -2 (ValueError for another). IndexError for fewer than two dimensions, "
         "TypeError for float8.\n\n"
         ">>> tenon.numpy.linalg.matrix_norm(tenon.tensor([[1.0, 2.0], [2.0, 4.0]]))\n"
         "tensor(5.)",
         "x"_a, pos_only, kw_only, "keepdims"_a = false, "ord"_a = "fro")
      .numpy_only("linalg.matrix_norm");
  ops.def(
         "multi_dot", &multi_dot,
         "The product of matrices, in the order of fewest multiplications: a new tensor, or out.\n\n"
         "The first and the last may be vectors. ValueError where inner sizes differ and for no matrices, TypeError for "
         "float8.\n\n"
         ">>> tenon.numpy.linalg.multi_dot([tenon.eye(2), tenon.ones(2, 3), tenon.ones(3)])\n"
         "tensor([3., 3.])",
         "arrays"_a, kw_only, "out"_a)
      .long_work()
      .numpy_only("linalg.multi_dot");
  ops.def("diagonal", &matrix_diagonal,
          "A view of a diagonal of each matrix in the last two dimensions.\n\n"
          "ValueError for fewer than two dimensions.\n\n"
          ">>> tenon.numpy.linalg.diagonal(tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor([1, 4])",
          "x"_a, pos_only, kw_only, "offset"_a = 0)
      .no_out()
      .numpy_only("linalg.diagonal");
  ops.def("trace", &matrix_trace,
          "The sum along a diagonal of each matrix in the last two dimensions: a new tensor.\n\n"
          "ValueError for fewer than two dimensions, TypeError for float8.\n\n"
          ">>> tenon.numpy.linalg.trace(tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor(5)",
          "x"_a, pos_only, kw_only, "offset"_a = 0, "dtype"_a = none)
      .no_out()
      .numpy_only("linalg.trace");
}

}  // namespace

void def_linalg(Ops& ops) {
  def_linalg_of_numpy(ops);
  ops.def("matmul", &matmul,
          "The matrix product a @ b; leading dimensions broadcast, 1-D operands are a row (a) or a column (b).\n\n"
          "A new tensor of the promoted dtype, without the dimensions of 1-D operands. Integers exactly\n"
          "(wrapping around), bools by or.\n"
          "ValueError where the inner sizes differ, for 0-d operands and for leading dimensions that do not\n"
          "broadcast; TypeError for float8.\n\n"
          ">>> tenon.matmul(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([1, 1]))\n"
          "tensor([3, 7])",
          "input"_a, "other"_a)
      .autocast(Autocast::lower);
  ops.def("mv", &mv,
          "The product of a matrix and a vector: a new 1-D tensor of the promoted dtype.\n\n"
          "ValueError for another number of dimensions and where the inner sizes differ, TypeError for float8.\n\n"
          ">>> tenon.mv(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([1, 1]))\n"
          "tensor([3, 7])",
          "input"_a, "vec"_a);
  ops.def("dot", &dot,
          "The inner product of two vectors of one length; nothing is conjugated. A new 0-d tensor of the "
          "promoted dtype.\n\n"
          "ValueError for another number of dimensions and where the lengths differ, TypeError for float8.\n\n"
          "tensor: the other vector, of the same length.\n\n"
          ">>> tenon.dot(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
          "tensor(11)",
          "input"_a, "tensor"_a);
  ops.def("outer", &outer,
          "The products of all elements of one vector with all of another: a new matrix of the promoted dtype.\n\n"
          "ValueError for another number of dimensions than one, TypeError for float8.\n\n"
          ">>> tenon.outer(tenon.tensor([1, 2]), tenon.tensor([3, 4]))\n"
          "tensor([[3, 4],\n"
          "        [6, 8]])",
          "input"_a, "vec2"_a)
      .long_work()
      .alias("ger");
}

}  // namespace tenon::py
