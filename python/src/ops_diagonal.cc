// Rows: matrices and their diagonals.
#include "core/errors.h"
#include "numpy_families.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

// A number as a tensor that fits self: as an assignment takes it.
Tensor& fill_with(Tensor& self, const Operand& value, bool wrap) {
  const Tensor values = value.is_tensor() ? value.tensor() : full({}, value.scalar(), self.dtype(), self.device());
  return fill_diagonal_(self, values, wrap);
}

template <Tensor (*F)(std::int64_t, std::int64_t, std::int64_t, Device)>
Tensor places(std::int64_t rows, std::int64_t columns, std::int64_t offset, DType dtype, Device device) {
  return to(F(rows, columns, offset, device), dtype);
}

}  // namespace

void def_diagonal(Ops& ops) {
  ops.def("diag", &diag,
          "A matrix with a vector on a diagonal, or a diagonal of a matrix.\n\n"
          "diagonal: which one; above the main one for positive numbers. A new tensor of input's dtype (a copy of a\n"
          "matrix's diagonal). ValueError for another number of dimensions than 1 and 2.\n\n"
          ">>> tenon.diag(tenon.tensor([1, 2]), 1)\n"
          "tensor([[0, 1, 0],\n"
          "        [0, 0, 2],\n"
          "        [0, 0, 0]])",
          "input"_a, "diagonal"_a = 0)
      .numpy("diag", on_diagonal);
  ops.def("diagflat", &diagflat,
          "A matrix with all elements of input, in row-major order, on a diagonal.\n\n"
          "offset: which one; above the main one for positive numbers. A new tensor of input's dtype. TypeError for\n"
          "what is no tensor or array.\n\n"
          ">>> tenon.diagflat(tenon.tensor([1, 2]))\n"
          "tensor([[1, 0],\n"
          "        [0, 2]])",
          "input"_a, "offset"_a = 0)
      .numpy("diagflat", on_diagonal);
  ops.def("diag_embed", &diag_embed,
          "Matrices with input's last dimension on their diagonals.\n\n"
          "offset: which diagonal; dim1, dim2: where the matrices' rows and columns stand in the result. A new tensor\n"
          "of input's dtype. IndexError for a dimension that is not there, ValueError for a repeated one and for a\n"
          "0-d tensor.\n\n"
          ">>> tenon.diag_embed(tenon.tensor([1, 2]))\n"
          "tensor([[1, 0],\n"
          "        [0, 2]])",
          "input"_a, "offset"_a = 0, "dim1"_a = -2, "dim2"_a = -1);
  ops.def("tril_indices", &places<&tril_indices>,
          "The places on and below a diagonal of a matrix, row by row.\n\n"
          "A new tensor of shape (2, n): rows and columns; dtype: int64 unless given. ValueError for negative sizes,\n"
          "TypeError for what is no dtype.\n\n"
          "row: the number of rows. col: the number of columns.\n\n"
          ">>> tenon.tril_indices(2, 2)\n"
          "tensor([[0, 1, 1],\n"
          "        [0, 0, 1]])",
          "row"_a, "col"_a, "offset"_a = 0, kw_only, "dtype"_a = "int64", "device"_a = none)
      .function_only()
      .no_out();
  ops.def("triu_indices", &places<&triu_indices>,
          "The places on and above a diagonal of a matrix, row by row.\n\n"
          "A new tensor of shape (2, n): rows and columns; dtype: int64 unless given. ValueError for negative sizes,\n"
          "TypeError for what is no dtype.\n\n"
          "row: the number of rows. col: the number of columns.\n\n"
          ">>> tenon.triu_indices(2, 2)\n"
          "tensor([[0, 0, 1],\n"
          "        [0, 1, 1]])",
          "row"_a, "col"_a, "offset"_a = 0, kw_only, "dtype"_a = "int64", "device"_a = none)
      .function_only()
      .no_out();
  ops.def("fill_diagonal_", &fill_with,
          "Writes a number, or values in turn, to the main diagonal in place; returns the tensor.\n\n"
          "Of more than two dimensions, of equal sizes, the elements whose indices are equal. wrap: in a high matrix\n"
          "the diagonal begins again below the first square, after a row without. ValueError for fewer than two\n"
          "dimensions, for different sizes of more than two, without values and for read-only memory; OverflowError\n"
          "and TypeError as fill_(); RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(2, 2).fill_diagonal_(1)\n"
          "tensor([[1., 0.],\n"
          "        [0., 1.]])",
          "input"_a, "value"_a, "wrap"_a = false)
      .method_only();
  ops.def("vander", &vander,
          "The matrix whose columns are powers of a vector's elements, from the highest down.\n\n"
          "N: how many columns, by default as many as elements; increasing: from x**0 on. A new tensor of x's dtype,\n"
          "int64 for smaller integers and bools. ValueError for another number of dimensions than one and for a\n"
          "negative N.\n\n"
          ">>> tenon.vander(tenon.tensor([2, 3]), 3)\n"
          "tensor([[4, 2, 1],\n"
          "        [9, 3, 1]])",
          "x"_a, "N"_a = none, "increasing"_a = false)
      .function_only()
      .numpy("vander");
}

}  // namespace tenon::py
