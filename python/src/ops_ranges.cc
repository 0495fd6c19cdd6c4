// Rows: ranges, grids and triangles.
#include "numpy_families.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"

namespace tenon::py {

using MaybeDType = std::optional<DType>;
using MaybeDevice = std::optional<Device>;

void def_ranges(Ops& ops) {
  ops.def(
         "arange",
         +[](const Scalar& start, const std::optional<Scalar>& end, const Scalar& step, const MaybeDType& d, Device v,
             bool grad) { return leaf(end ? arange(start, *end, step, d, v) : arange(0, start, step, d, v), grad); },
         "start, start + step, ... below end (above it, for a negative step). arange(end) starts at 0.\n\n"
         "A new 1-D tensor, empty where step leads away from end. dtype: int64 if all three are ints,\n"
         "otherwise the default float.\n"
         "ValueError for a step of 0 and for a range without end, TypeError for complex numbers, OverflowError\n"
         "for numbers that an integer dtype cannot hold, RuntimeError for requires_grad of integers.\n\n"
         ">>> tenon.arange(1, 10, 3)\n"
         "tensor([1, 4, 7])",
         "start"_a = 0, "end"_a = none, "step"_a = 1, kw_only, "dtype"_a = none, "device"_a = none,
         "requires_grad"_a = false)
      .function_only()
      .long_work()
      .numpy("arange", ranging)
      .array_api("arange");
  ops.def(
         "linspace",
         +[](const Operand& start, const Operand& end, std::int64_t steps, bool endpoint, const MaybeDType& d,
             const MaybeDevice& v,
             bool grad) { return leaf(to(linspace(start, end, steps, endpoint, d, v.value_or(kCpu)), {}, v), grad); },
         "steps numbers from start to end, evenly spaced; without endpoint, end is left out.\n\n"
         "A new 1-D tensor of the default float (complex, if start or end is) unless dtype is given. With an integer\n"
         "dtype the ends are cut to integers, then the numbers between them, as in PyTorch (tenon.numpy's rounds down).\n"
         "Ends may be arrays, too, which broadcast: the steps are along a new first dimension, the dtype is theirs, at least\n"
         "the default float, and the gradient flows to them.\n"
         "ValueError for negative steps and for shapes that do not broadcast, TypeError for steps that are no int, for what\n"
         "is no number and for complex numbers in a real dtype.\n\n"
         "endpoint: whether end is the last value.\n\n"
         ">>> tenon.linspace(0, 1, 5)\n"
         "tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])",
         "start"_a, "end"_a, "steps"_a, kw_only, "endpoint"_a = true, "dtype"_a = none, "device"_a = none,
         "requires_grad"_a = false)
      .function_only()
      .long_work()
      .numpy("linspace", spacing)
      .array_api("linspace");
  ops.def(
         "logspace",
         +[](const Operand& start, const Operand& end, std::int64_t steps, double base, const MaybeDType& d,
             const MaybeDevice& v, bool grad) {
           const Device device = v.value_or(kCpu);
           if (!start.is_tensor() && !end.is_tensor())
             return leaf(logspace(start.scalar(), end.scalar(), steps, base, d, device), grad);
           return leaf(to(logspace(start, end, steps, true, base, 0, d, device), {}, v), grad);
         },
         "base to the powers linspace(start, end, steps).\n\n"
         "A new 1-D tensor of the default float (complex, if start or end is) unless dtype is given. Ends may be arrays, as\n"
         "linspace's.\n"
         "ValueError for negative steps and for shapes that do not broadcast, TypeError for steps that are no int, for what\n"
         "is no number and for complex numbers in a real dtype.\n\n"
         "base: what is raised to the powers.\n\n"
         ">>> tenon.logspace(0, 2, 3)\n"
         "tensor([  1.,  10., 100.])",
         "start"_a, "end"_a, "steps"_a, "base"_a = 10.0, kw_only, "dtype"_a = none, "device"_a = none,
         "requires_grad"_a = false)
      .function_only()
      .long_work()
      .numpy("logspace", spacing_by_powers);
  ops.def(
         "eye",
         +[](std::int64_t n, const std::optional<std::int64_t>& m, std::int64_t k, const MaybeDType& d, Device v,
             bool grad) { return leaf(eye(n, m, k, d, v), grad); },
         "Ones on the k-th diagonal of n rows and m (n unless given) columns, zeros elsewhere.\n\n"
         "A new tensor of the default float unless dtype is given; a k beyond the matrix gives zeros.\n"
         "ValueError for negative sizes, TypeError for what is no dtype, RuntimeError for requires_grad of\n"
         "integers and bools.\n\n"
         ">>> tenon.eye(2, 3)\n"
         "tensor([[1., 0., 0.],\n"
         "        [0., 1., 0.]])",
         "n"_a, "m"_a = none, "k"_a = 0, kw_only, "dtype"_a = none, "device"_a = none, "requires_grad"_a = false)
      .function_only()
      .long_work()
      .numpy("eye", on_diagonal_line)
      .array_api("eye");
  ops.def("tril", &tril,
          "The lower triangles of the last two dimensions, up to and with a diagonal; zeros above.\n\n"
          "A new tensor of input's shape and dtype; a vector counts as every row of a square matrix.\n"
          "ValueError for a 0-d tensor, TypeError for float8.\n\n"
          ">>> tenon.tril(tenon.ones(2, 2))\n"
          "tensor([[1., 0.],\n"
          "        [1., 1.]])",
          "input"_a, "diagonal"_a = 0)
      .numpy("tril", {"m", "k"})
      .array_api("tril");
  ops.def("triu", &triu,
          "The upper triangles of the last two dimensions, from a diagonal on; zeros below.\n\n"
          "A new tensor of input's shape and dtype; a vector counts as every row of a square matrix.\n"
          "ValueError for a 0-d tensor, TypeError for float8.\n\n"
          ">>> tenon.triu(tenon.ones(2, 2))\n"
          "tensor([[1., 1.],\n"
          "        [0., 1.]])",
          "input"_a, "diagonal"_a = 0)
      .numpy("triu", {"m", "k"})
      .array_api("triu");
  ops.def(
         "tril_", +[](Tensor& t, std::int64_t k) -> Tensor& { return copy_(t, tril(t, k)); },
         "As tril, in place; returns the tensor.\n\n"
         "ValueError for fewer than two dimensions and for read-only memory, RuntimeError for a leaf that requires grad,\n"
         "TypeError for float8.\n\n"
         ">>> tenon.ones(2, 2).tril_()\n"
         "tensor([[1., 0.],\n"
         "        [1., 1.]])",
         "input"_a, "diagonal"_a = 0)
      .method_only();
  ops.def(
         "triu_", +[](Tensor& t, std::int64_t k) -> Tensor& { return copy_(t, triu(t, k)); },
         "As triu, in place; returns the tensor.\n\n"
         "ValueError for fewer than two dimensions and for read-only memory, RuntimeError for a leaf that requires grad,\n"
         "TypeError for float8.\n\n"
         ">>> tenon.ones(2, 2).triu_()\n"
         "tensor([[1., 1.],\n"
         "        [0., 1.]])",
         "input"_a, "diagonal"_a = 0)
      .method_only();
  ops.def(
         "meshgrid", +[](std::span<const Tensor> ts, const std::string& indexing) { return meshgrid(ts, indexing); },
         "Coordinate grids of 1-D tensors: a tuple with one tensor for each, all of the grid's shape.\n\n"
         "indexing: 'ij' (the first tensor along the first dimension) or 'xy' (NumPy's default). Views:\n"
         "nothing is copied.\n"
         "ValueError for tensors of more than one dimension and for another indexing.\n\n"
         ">>> tenon.meshgrid(tenon.tensor([1, 2]), tenon.tensor([3, 4]), indexing=\"ij\")\n"
         "(tensor([[1, 1],\n"
         "        [2, 2]]), tensor([[3, 4],\n"
         "        [3, 4]]))",
         variadic("tensors"_a), kw_only, "indexing"_a = "ij")
      .function_only()
      .numpy("meshgrid", gridding)
      .array_api("meshgrid");
}

}  // namespace tenon::py
