// Rows: products.
#include "core/errors.h"
#include "op.h"

namespace tenon::py {
namespace {

void need_ndim(const char* op, const Tensor& t, int ndim, const char* wanted) {
  if (t.ndim() != ndim) errors::wrong_ndim(op, t.ndim(), wanted);
}

}  // namespace

void def_linalg(Ops& ops) {
  ops.def("matmul", &matmul,
          "The matrix product a @ b; leading dimensions broadcast, 1-D operands are a row (a) or a column "
          "(b).\n\n"
          "ValueError where the inner sizes differ. Floats and complex numbers by BLAS, integers exactly.",
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
      "The product of two matrices; no broadcasting.", "input"_a, "mat2"_a);
  ops.def(
      "bmm",
      +[](const Tensor& a, const Tensor& b) {
        need_ndim("bmm", a, 3, "two batches of matrices (matmul broadcasts)");
        need_ndim("bmm", b, 3, "two batches of matrices (matmul broadcasts)");
        if (a.shape()[0] != b.shape()[0]) errors::matmul_mismatch("bmm", a.shape(), b.shape());
        return matmul(a, b);
      },
      "The products of two batches of matrices; no broadcasting.", "input"_a, "mat2"_a);
  ops.def("mv", &mv, "The product of a matrix and a vector.", "input"_a, "vec"_a);
  ops.def("dot", &dot, "The inner product of two vectors of one length; nothing is conjugated.", "input"_a, "tensor"_a);
  ops.def("outer", &outer, "The products of all elements of one vector with all of another, as a matrix.", "input"_a,
          "vec2"_a)
      .long_work()
      .alias("ger");
}

}  // namespace tenon::py
