// Rows: distances, complex numbers from their parts, blocks and combinations.
#include "in_place.h"
#include "op.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

Tensor distances(const Tensor& x1, const Tensor& x2, double p, const std::string& compute_mode) {
  return cdist(x1, x2, p, euclidean(compute_mode));
}

}  // namespace

void def_distance(Ops& ops) {
  ops.def("cdist", &distances,
          "The p-norms of the differences of all rows of x1 and all rows of x2.\n\n"
          "x1: of shape (..., P, M). x2: of shape (..., R, M); the batches broadcast. p: the order of the norm, 0 to\n"
          "infinity. compute_mode: 'use_mm_for_euclid_dist_if_necessary' forms Euclidean distances by a matrix\n"
          "product where P or R is above 25, 'use_mm_for_euclid_dist' always, 'donot_use_mm_for_euclid_dist' never.\n"
          "By the first, distances that a product would give few digits are formed from the differences. The gradient\n"
          "of equal rows is 0. A new tensor of shape (..., P, R). ValueError for other shapes, for p below 0 and for\n"
          "another mode, TypeError for complex numbers.\n\n"
          ">>> tenon.cdist(tenon.tensor([[0.0, 0.0], [3.0, 0.0]]), tenon.tensor([[0.0, 4.0]]))\n"
          "tensor([[4.],\n"
          "        [5.]])",
          "x1"_a, "x2"_a, "p"_a = 2.0, "compute_mode"_a = "use_mm_for_euclid_dist_if_necessary")
      .function_only()
      .long_work();
  ops.def("dist", &dist,
          "The p-norm of input - other.\n\n"
          "other: a tensor; both broadcast. p: the order of the norm. A new 0-d tensor. ValueError for shapes that do\n"
          "not broadcast.\n\n"
          ">>> tenon.dist(tenon.tensor([3.0, 0.0]), tenon.tensor([0.0, 4.0]))\n"
          "tensor(5.)",
          "input"_a, "other"_a, "p"_a = 2.0);
  ops.def("renorm", &renorm,
          "The tensor with each slice along dim, whose p-norm is above maxnorm, scaled down to it.\n\n"
          "p: the order of the norm. maxnorm: a number. A new tensor. IndexError for a dimension that is not there,\n"
          "ValueError for fewer than two dimensions, for p that is not positive and for a negative maxnorm, TypeError\n"
          "for integers.\n\n"
          ">>> tenon.renorm(tenon.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1)\n"
          "tensor([[0.6000, 0.8000],\n"
          "        [0.3000, 0.4000]])",
          "input"_a, "p"_a, "dim"_a, "maxnorm"_a);
  ops.def("renorm_", &in_place<&renorm, double, std::int64_t, double>,
          "Scales each slice along dim, whose p-norm is above maxnorm, down to it; returns the tensor.\n\n"
          "p: the order of the norm. maxnorm: a number. IndexError for a dimension that is not there, ValueError for\n"
          "fewer than two dimensions, for p that is not positive, for a negative maxnorm and for read-only memory,\n"
          "TypeError for integers, RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
          ">>> tenon.tensor([[3.0, 4.0], [0.3, 0.4]]).renorm_(2, 0, 1)\n"
          "tensor([[0.6000, 0.8000],\n"
          "        [0.3000, 0.4000]])",
          "input"_a, "p"_a, "dim"_a, "maxnorm"_a)
      .method_only();
  ops.def("complex", &complex_of,
          "Complex numbers from their real and imaginary parts.\n\n"
          "real, imag: float32, or float64 both; they broadcast. A new tensor of complex64 or complex128. TypeError\n"
          "for other dtypes, ValueError for shapes that do not broadcast.\n\n"
          ">>> tenon.complex(tenon.tensor([1.0]), tenon.tensor([2.0]))\n"
          "tensor([1.+2.j])",
          "real"_a, "imag"_a)
      .function_only();
  ops.def(
         "polar", &polar,
         "Complex numbers from their absolute values and angles.\n\n"
         "abs, angle: float32, or float64 both; they broadcast. The angle is in radians. A new tensor of complex64 or\n"
         "complex128. TypeError for other dtypes, ValueError for shapes that do not broadcast.\n\n"
         ">>> tenon.polar(tenon.tensor([2.0]), tenon.tensor([0.0]))\n"
         "tensor([2.+0.j])",
         "abs"_a, "angle"_a)
      .function_only();
  ops.def("logcumsumexp", &logcumsumexp,
          "log(exp(x[0]) + ... + exp(x[i])) along dim, shifted so that nothing overflows.\n\n"
          "A new tensor of input's shape. IndexError for a dimension that is not there, TypeError for complex numbers\n"
          "and float8.\n\n"
          ">>> tenon.logcumsumexp(tenon.tensor([0.0, 0.0, 1000.0]), 0)\n"
          "tensor([0.0000e+00, 6.9315e-01, 1.0000e+03])",
          "input"_a, "dim"_a);
  ops.raw(
         "block_diag",
         +[](const OpDef& def, PyObject* const* args) {
           const auto ts = argument<std::vector<Tensor>>(def, args, 0);
           std::int64_t n = 0;
           for (const Tensor& t : ts) n += t.numel();
           return computed(n, [&] { return block_diag(ts); }, ts);
         },
         "The matrices along the diagonal of a matrix of zeros.\n\n"
         "tensors: of at most two dimensions; vectors count as rows, 0-d tensors as (1, 1). A new tensor of the promoted\n"
         "dtype. ValueError for more dimensions.\n\n"
         ">>> tenon.block_diag(tenon.tensor([[1, 2]]), tenon.tensor(3))\n"
         "tensor([[1, 2, 0],\n"
         "        [0, 0, 3]])",
         rest("tensors"_a))
      .function_only()
      .with_out();
  ops.raw(
         "cartesian_prod",
         +[](const OpDef& def, PyObject* const* args) {
           const auto ts = argument<std::vector<Tensor>>(def, args, 0);
           return computed(kLongWork, [&] { return cartesian_prod(ts); }, ts);
         },
         "All rows of one element of each tensor, the last changing fastest.\n\n"
         "tensors: 1-D. A new tensor of shape (n, number of tensors); a copy of a single one. ValueError for other numbers\n"
         "of dimensions and for no tensor.\n\n"
         ">>> tenon.cartesian_prod(tenon.tensor([1, 2]), tenon.tensor([5, 6]))\n"
         "tensor([[1, 5],\n"
         "        [1, 6],\n"
         "        [2, 5],\n"
         "        [2, 6]])",
         rest("tensors"_a))
      .function_only()
      .with_out();
  ops.def(
         "combinations", &combinations,
         "All ways to choose r elements of a 1-D tensor, in its order.\n\n"
         "r: how many. with_replacement: True lets an element be chosen again. A new tensor of shape (n, r), empty for\n"
         "r = 0. ValueError for another number of dimensions and for a negative r.\n\n"
         ">>> tenon.combinations(tenon.tensor([1, 2, 3]))\n"
         "tensor([[1, 2],\n"
         "        [1, 3],\n"
         "        [2, 3]])",
         "input"_a, "r"_a = 2, "with_replacement"_a = false)
      .function_only()
      .long_work();
}

}  // namespace tenon::py
