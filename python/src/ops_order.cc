// Rows: extrema with their places, selections by rank.
#include "op.h"
#include "tenon/ops/order.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

// Along dim, or of the flattened tensor.
template <Tensor (*F)(const Tensor&, const Dims&, std::int64_t)>
Tensor parted(const Tensor& t, const Dims& kth, const std::optional<std::int64_t>& dim, Any, Any) {
  return dim ? F(t, kth, *dim) : F(flatten(t), kth, 0);
}

}  // namespace

void def_order(Ops& ops) {
  ops.def(
         "topk",
         +[](const Tensor& t, std::int64_t k, std::int64_t dim, bool largest, bool) {
           return topk(t, k, dim, largest);
         },
         "A named tuple (values, indices) of the k largest elements along dim, or the smallest.\n\n"
         "New tensors: values of input's dtype, in order, and where they stood (int64). NaNs are above all numbers.\n"
         "They are in order whatever sorted says. The gradient goes back with each element.\n"
         "ValueError for k below 0 or above the dimension's size, IndexError for a dimension that is not there.\n\n"
         "largest: True for the largest elements, False for the smallest.\n\n"
         "k: how many elements are taken.\n\n"
         ">>> tenon.topk(tenon.tensor([3, 1, 4, 1, 5]), 2).values\n"
         "tensor([5, 4])",
         "input"_a, "k"_a, "dim"_a = -1, "largest"_a = true, "sorted"_a = true)
      .with_out()
      .returns("ValuesIndices");
  ops.def("kthvalue", &kthvalue,
          "A named tuple (values, indices) of the k-th smallest elements along dim; k counts from 1.\n\n"
          "New tensors without dim, or with it as 1 with keepdim; indices are int64. NaNs are above all numbers.\n"
          "ValueError for k below 1 or above the dimension's size, IndexError for a dimension that is not there.\n\n"
          "k: which of the elements in order, from 1 on.\n\n"
          ">>> tenon.kthvalue(tenon.tensor([3, 1, 2]), 2).indices\n"
          "tensor(2)",
          "input"_a, "k"_a, "dim"_a = -1, "keepdim"_a = false)
      .with_out()
      .returns("ValuesIndices");
  ops.def("mode", &mode,
          "A named tuple (values, indices) of the most frequent elements along dim, the smallest of several.\n\n"
          "New tensors without dim, or with it as 1 with keepdim; indices, int64, say where each is last.\n"
          "ValueError for no elements, TypeError for complex numbers and float8, IndexError for a dimension that is\n"
          "not there.\n\n"
          ">>> tenon.mode(tenon.tensor([3, 1, 3, 1, 2])).values\n"
          "tensor(1)",
          "input"_a, "dim"_a = -1, "keepdim"_a = false)
      .with_out()
      .returns("ValuesIndices");
  ops.def("aminmax", &aminmax,
          "A named tuple (min, max) of the smallest and the largest elements over dim: amin and amax.\n\n"
          "New tensors of input's dtype; NaN if there is one. dim: an int, a tuple, or None for all dimensions.\n"
          "ValueError for no elements, IndexError for a dimension that is not there, TypeError for complex numbers\n"
          "and float8.\n\n"
          ">>> tenon.aminmax(tenon.tensor([3, 1, 2])).max\n"
          "tensor(3)",
          "input"_a, kw_only, "dim"_a = none, "keepdim"_a = false)
      .with_out()
      .returns("MinMax");
  ops.def("ptp", &ptp,
          "The largest minus the smallest element over dim: a new tensor of input's dtype.\n\n"
          "dim: an int, a tuple, or None for all dimensions; keepdim keeps them with size 1. ValueError for no\n"
          "elements, IndexError for a dimension that is not there, TypeError for bool, complex numbers and float8.\n\n"
          ">>> tenon.ptp(tenon.tensor([3, 1, 2]))\n"
          "tensor(2)",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .numpy(
          "ptp", +[](const Tensor& t, const Axes& axes, bool keepdim) { return ptp(t, axes, keepdim); },
          "\n"
          "A new tensor, or out. axis: an int, a tuple, or None for all; keepdims keeps them with size 1. ValueError for\n"
          "no elements, IndexError for an axis that is not there, TypeError for bool, complex numbers and float8.",
          "a"_a, "axis"_a = none, "out"_a, "keepdims"_a = false);
  ops.def("cummax", &cummax,
          "A named tuple (values, indices) of the largest of the elements up to each one along dim.\n\n"
          "New tensors of input's shape; indices, int64, say where it is last. From a NaN on the values are NaN.\n"
          "IndexError for a dimension that is not there, TypeError for complex numbers and float8.\n\n"
          ">>> tenon.cummax(tenon.tensor([1, 3, 2]), 0).values\n"
          "tensor([1, 3, 3])",
          "input"_a, "dim"_a)
      .with_out()
      .returns("ValuesIndices");
  ops.def("cummin", &cummin,
          "A named tuple (values, indices) of the smallest of the elements up to each one along dim.\n\n"
          "New tensors of input's shape; indices, int64, say where it is last. From a NaN on the values are NaN.\n"
          "IndexError for a dimension that is not there, TypeError for complex numbers and float8.\n\n"
          ">>> tenon.cummin(tenon.tensor([2, 1, 3]), 0).values\n"
          "tensor([2, 1, 1])",
          "input"_a, "dim"_a)
      .with_out()
      .returns("ValuesIndices");
  ops.def("partition", &parted<&partition>,
          "The elements along dim, with those at the ranks kth where sorting puts them. A copy.\n\n"
          "Smaller elements stand before, larger ones behind; here all are in order. dim=None: of the flat tensor.\n"
          "kth: an int or a sequence. kind and order are NumPy's, and ignored. ValueError for a rank out of range,\n"
          "IndexError for a dimension that is not there.\n\n"
          "kind: ignored; NumPy's signature has it. order: ignored, too.\n\n"
          ">>> tenon.partition(tenon.tensor([3, 1, 2]), 1)\n"
          "tensor([1, 2, 3])",
          "input"_a, "kth"_a, "dim"_a = -1, "kind"_a = "introselect", "order"_a = none)
      .function_only()
      .numpy("partition", {"a", "kth", "axis"});
  ops.def("argpartition", &parted<&argpartition>,
          "The positions that partition the elements along dim: a new int64 tensor.\n\n"
          "As partition's: kth an int or a sequence, dim=None for the flat tensor. ValueError for a rank out of\n"
          "range, IndexError for a dimension that is not there.\n\n"
          "kth: an int or a sequence of ints: the positions whose elements are right.\n\n"
          "kind: ignored; NumPy's signature has it. order: ignored, too.\n\n"
          ">>> tenon.argpartition(tenon.tensor([3, 1, 2]), 1)\n"
          "tensor([1, 2, 0])",
          "input"_a, "kth"_a, "dim"_a = -1, "kind"_a = "introselect", "order"_a = none)
      .function_only()
      .numpy("argpartition", {"a", "kth", "axis"});
  ops.def("lexsort", &lexsort,
          "The positions that sort by the last key, equal ones by the key before it, and so on: a new int64 tensor.\n\n"
          "keys: tensors of one shape, or the rows of one tensor. ValueError for no keys and for shapes that differ,\n"
          "IndexError for a dimension that is not there.\n\n"
          ">>> tenon.lexsort((tenon.tensor([2, 1, 3]), tenon.tensor([0, 0, -1])))\n"
          "tensor([2, 1, 0])",
          "keys"_a, "dim"_a = -1)
      .function_only()
      .numpy("lexsort", {"keys", "axis"});
}

}  // namespace tenon::py
