// Rows: products.
#include "op.h"
#include "tenon/linalg.h"
#include "tenon/ops/linalg.h"

namespace tenon::py {

void def_linalg(Ops& ops) {
  ops.def("matmul", &matmul,
          "The matrix product a @ b; leading dimensions broadcast, 1-D operands are a row (a) or a column (b).\n\n"
          "A new tensor of the promoted dtype, without the dimensions of 1-D operands. Integers exactly\n"
          "(wrapping around), bools by or.\n"
          "ValueError where the inner sizes differ, for 0-d operands and for leading dimensions that do not\n"
          "broadcast; TypeError for float8.\n\n"
          ">>> tenon.matmul(tenon.tensor([[1, 2], [3, 4]]), tenon.tensor([1, 1]))\n"
          "tensor([3, 7])",
          "input"_a, "other"_a);
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
  // tenon.linalg names the results.
  ops.def("_eigh", &linalg::eigh, "tenon.linalg.eigh", "input"_a, "upper"_a = false).function_only().long_work();
  ops.def("_eigvalsh", &linalg::eigvalsh, "tenon.linalg.eigvalsh", "input"_a, "upper"_a = false)
      .function_only()
      .long_work();
  ops.def("_svd", &linalg::svd, "tenon.linalg.svd", "input"_a, "full_matrices"_a = true).function_only().long_work();
  ops.def("_svdvals", &linalg::svdvals, "tenon.linalg.svdvals", "input"_a).function_only().long_work();
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
