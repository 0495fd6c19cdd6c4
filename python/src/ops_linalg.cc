// Rows: products.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops/linalg.h"

namespace tenon::py {
namespace {

void need_ndim(const char* op, const Tensor& t, int ndim, const char* wanted) {
  if (t.ndim() != ndim) errors::wrong_ndim(op, t.ndim(), wanted);
}

}  // namespace

void def_linalg(Ops& ops) {
  ops.def("matmul", &matmul,
          "The matrix product a @ b; leading dimensions broadcast, 1-D operands are a row (a) or a column (b).\n\n"
          "A new tensor of the promoted dtype, without the dimensions of 1-D operands. Integers exactly\n"
          "(wrapping around), bools by or.\n"
          "ValueError where the inner sizes differ, for 0-d operands and for leading dimensions that do not\n"
          "broadcast; TypeError for float8.",
          "input"_a, "other"_a)
      .numpy("matmul")
      .array_api("matmul");
  ops.def(
      "mm",
      +[](const Tensor& a, const Tensor& b) {
        need_ndim("mm", a, 2, "two matrices (matmul broadcasts)");
        need_ndim("mm", b, 2, "two matrices (matmul broadcasts)");
        return matmul(a, b);
      },
      "The product of two matrices; no broadcasting. A new tensor of the promoted dtype.\n\n"
      "ValueError for another number of dimensions and where the inner sizes differ, TypeError for float8.",
      "input"_a, "mat2"_a);
  ops.def(
      "bmm",
      +[](const Tensor& a, const Tensor& b) {
        need_ndim("bmm", a, 3, "two batches of matrices (matmul broadcasts)");
        need_ndim("bmm", b, 3, "two batches of matrices (matmul broadcasts)");
        if (a.shape()[0] != b.shape()[0]) errors::matmul_mismatch("bmm", a.shape(), b.shape());
        return matmul(a, b);
      },
      "The products of two batches of matrices; no broadcasting. A new tensor of the promoted dtype.\n\n"
      "ValueError for another number of dimensions than three and where the batches or inner sizes differ,\n"
      "TypeError for float8.",
      "input"_a, "mat2"_a);
  ops.def("mv", &mv,
          "The product of a matrix and a vector: a new 1-D tensor of the promoted dtype.\n\n"
          "ValueError for another number of dimensions and where the inner sizes differ, TypeError for float8.",
          "input"_a, "vec"_a);
  ops.def("dot", &dot,
          "The inner product of two vectors of one length; nothing is conjugated. A new 0-d tensor of the "
          "promoted dtype.\n\n"
          "ValueError for another number of dimensions and where the lengths differ, TypeError for float8.",
          "input"_a, "tensor"_a);
  ops.def("outer", &outer,
          "The products of all elements of one vector with all of another: a new matrix of the promoted dtype.\n\n"
          "ValueError for another number of dimensions than one, TypeError for float8.",
          "input"_a, "vec2"_a)
      .long_work()
      .alias("ger");
}

}  // namespace tenon::py
