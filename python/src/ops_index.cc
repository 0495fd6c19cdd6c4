// Rows: selection by indices and masks. t[...] itself stands in indexing.cc.
#include "core/errors.h"
#include "op.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/index.h"
#include "tenon/ops/join.h"
#include "tenon/ops/reduce.h"
#include "tenon/ops/take.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

PyObject* nonzero_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const bool as_tuple = argument<bool>(def, args, 1);
  Tensor r = without_gil(t.numel(), [&] { return nonzero(as_tuple && t.ndim() == 0 ? view(t, {1}) : t); }, t);
  return as_tuple ? to_python(unbind(r, 1)) : to_python(std::move(r));
}

Tensor take_along_axis(const Tensor& t, const Tensor& indices, const std::optional<std::int64_t>& axis) {
  if (!axis && indices.ndim() != 1) errors::wrong_ndim("take_along_axis", indices.ndim(), "1-D indices for axis=None");
  return take_along_dim(t, indices, axis);
}

PyObject* nonzero_in_tuple(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (t.ndim() == 0) errors::fail(def.name, "a tensor of 0 dimensions has no indices; use atleast_1d(t)");
  return to_python(unbind(without_gil(t.numel(), [&] { return nonzero(t); }, t), 1));
}
void nonzero_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc =
      "The indices of the elements that are not zero: a tuple of a new int64 tensor for each dimension.\n\n"
      "Any dtype. ValueError for a 0-d tensor.\n\n"
      ">>> tenon.numpy.nonzero(tenon.tensor([0, 3, 4]))\n"
      "(tensor([1, 2]),)";
  d.arguments("a"_a);
  d.invoke = &nonzero_in_tuple;
  d.returns = "tuple[Tensor, ...]";
}

Tensor compress_of_numpy(const Tensor& condition, const Tensor& t, const std::optional<std::int64_t>& axis) {
  return compress(t, condition, axis);
}
Tensor choose_of_numpy(const Tensor& t, std::span<const Tensor> choices, const std::string& mode) {
  return choose(t, choices, bounds(mode));
}

Tensor lookup(const Tensor& t, const Tensor& indices, const std::optional<std::int64_t>& dim, const std::string& mode) {
  return take(t, indices, dim, bounds(mode));
}

}  // namespace

void def_index(Ops& ops) {
  ops.def("take", &lookup,
          "The elements at integer indices (negative ones from the end): of the flat tensor, or along dim. A "
          "copy.\n\n"
          "The indices' shape takes the place of the dimension. mode: 'raise', or 'wrap' or 'clip' for indices beyond\n"
          "the end (ValueError for others).\n"
          "IndexError for an index or a dimension that is not there, TypeError for indices that are no\n"
          "integers.\n\n"
          "index: positions in the flat tensor, or along dim where it is given.\n\n"
          ">>> tenon.take(tenon.tensor([10, 20, 30]), tenon.tensor([2, 0]))\n"
          "tensor([30, 10])",
          "input"_a, "index"_a, "dim"_a = none, kw_only, "mode"_a = "raise")
      .numpy("take", &lookup,
             "A copy, or out. The indices' shape takes the place of the axis. mode: 'raise', or 'wrap' or 'clip' for\n"
             "indices beyond the end (ValueError for others). IndexError for an index or an axis that is not there,\n"
             "TypeError for indices that are no integers.\n\n"
             ">>> tenon.numpy.take(tenon.tensor([5, 6, 7]), [0, -1])\n"
             "tensor([5, 7])",
             "a"_a, "indices"_a, "axis"_a = none, "out"_a, "mode"_a = "raise")
      .array_api("take");
  ops.def("index_select", &index_select,
          "The entries along dim at 1-D integer indices (negative ones from the end). A copy.\n\n"
          "IndexError for an index or a dimension that is not there, TypeError for indices that are no\n"
          "integers, ValueError for more than one dimension of them.\n\n"
          ">>> tenon.index_select(tenon.tensor([10, 20, 30]), 0, tenon.tensor([2, 0]))\n"
          "tensor([30, 10])",
          "input"_a, "dim"_a, "index"_a);
  ops.def(
      "gather",
      +[](const Tensor& t, std::int64_t dim, const Tensor& index, bool sparse_grad) {
        if (sparse_grad) errors::fail("gather", "the gradient is dense: leave sparse_grad out");
        return gather(t, dim, index);
      },
      "out[i][j] = input[index[i][j]][j] for dim 0, and so for others: of index's shape. A copy.\n\n"
      "IndexError for an index or a dimension that is not there, TypeError for indices that are no\n"
      "integers, ValueError for another number of dimensions than input's and for sizes above its.\n"
      "sparse_grad: only False, PyTorch's default: the gradient is dense (ValueError).\n\n"
      ">>> tenon.gather(tenon.tensor([[1, 2], [3, 4]]), 1, tenon.tensor([[0], [1]]))\n"
      "tensor([[1],\n"
      "        [4]])",
      "input"_a, "dim"_a, "index"_a, kw_only, "sparse_grad"_a = false);
  ops.def(
         "take_along_dim",
         +[](const Tensor& t, const Tensor& index, const std::optional<std::int64_t>& dim) {
           return take_along_dim(t, index, dim);
         },
         "The elements at one index for each slice along dim, as argsort gives them. A copy.\n\n"
         "The other dimensions of both broadcast. Of the flat tensors without dim.\n"
         "IndexError for an index or a dimension that is not there, TypeError for indices that are no\n"
         "integers, ValueError for another number of dimensions than input's.\n\n"
         ">>> tenon.take_along_dim(tenon.tensor([[3, 1], [2, 4]]), tenon.tensor([[1, 0], [0, 1]]), dim=1)\n"
         "tensor([[1, 3],\n"
         "        [2, 4]])",
         "input"_a, "index"_a, "dim"_a = none)
      .numpy(
          "take_along_axis", &take_along_axis,
          "A copy. arr: what is read. The other dimensions of both broadcast; for axis=None indices of the flat tensor. IndexError for an\n"
          "index or an axis that is not there, ValueError for another number of dimensions than arr's, TypeError for\n"
          "indices that are no integers.\n\n"
          ">>> tenon.numpy.take_along_axis(tenon.tensor([[5, 6], [7, 8]]), [[1], [0]], axis=1)\n"
          "tensor([[6],\n"
          "        [7]])",
          "arr"_a, "indices"_a, "axis"_a = -1)
      .array_api("take_along_axis");
  ops.def("masked_fill", &masked_fill,
          "A copy with value where the bool mask holds; mask and tensor broadcast.\n\n"
          "value: a number or a 0-d tensor. TypeError for a mask that is not bool and for a value of a higher\n"
          "kind than the tensor's, ValueError for shapes that do not broadcast and for a value with dimensions,\n"
          "OverflowError for a Python integer that the dtype cannot hold.\n\n"
          ">>> tenon.masked_fill(tenon.tensor([1, 2, 3]), tenon.tensor([True, False, True]), 0)\n"
          "tensor([0, 2, 0])",
          "input"_a, "mask"_a, "value"_a);
  ops.def(
         "masked_fill_",
         +[](Tensor& t, const Tensor& mask, const Operand& value) -> Tensor& {
           return copy_(t, masked_fill(t, mask, value));
         },
         "Overwrites the tensor with value where the bool mask, broadcast to its shape, holds; returns it.\n\n"
         "masked_fill's errors, and ValueError for read-only memory, RuntimeError for a leaf that requires\n"
         "grad and for elements that share memory.\n\n"
         ">>> tenon.tensor([1, 2, 3]).masked_fill_(tenon.tensor([True, False, True]), 0)\n"
         "tensor([0, 2, 0])",
         "input"_a, "mask"_a, "value"_a)
      .method_only();
  ops.def("masked_select", &masked_select,
          "The elements where the bool mask holds, 1-D; mask and tensor broadcast. A copy.\n\n"
          "TypeError for a mask that is not bool, ValueError for shapes that do not broadcast.\n\n"
          ">>> tenon.masked_select(tenon.tensor([1, 2, 3]), tenon.tensor([True, False, True]))\n"
          "tensor([1, 3])",
          "input"_a, "mask"_a);
  ops.raw("nonzero", &nonzero_any,
          "The indices of the elements that are not zero: a new int64 tensor of one row for each.\n\n"
          "as_tuple: a tuple with one new 1-D tensor for each dimension. Any dtype. TypeError for what is no\n"
          "tensor or array.\n\n"
          ">>> tenon.nonzero(tenon.tensor([0, 7, 0, 9]))\n"
          "tensor([[1],\n"
          "        [3]])",
          "input"_a, kw_only, "as_tuple"_a = false)
      .with_out()
      .returns("Any")
      .numpy("nonzero", nonzero_of_numpy)
      .array_api("nonzero");
  ops.def("argwhere", &nonzero,
          "The indices of the elements that are not zero: a new int64 tensor of one row for each.\n\n"
          "Any dtype. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.argwhere(tenon.tensor([[0, 1], [1, 0]]))\n"
          "tensor([[0, 1],\n"
          "        [1, 0]])",
          "input"_a)
      .no_out()
      .numpy("argwhere", {"a"});
  ops.def(
         "flatnonzero", +[](const Tensor& t) { return flatten(nonzero(flatten(t))); },
         "The indices in the flat tensor of the elements that are not zero: a new 1-D int64 tensor.\n\n"
         "Any dtype. TypeError for what is no tensor or array.\n\n"
         ">>> tenon.numpy.flatnonzero(tenon.tensor([[0, 3], [4, 0]]))\n"
         "tensor([1, 2])",
         "a"_a)
      .no_out()
      .numpy_only("flatnonzero");
  ops.def(
         "extract",
         +[](const Tensor& condition, const Tensor& t) { return compress(t, flatten(condition), std::nullopt); },
         "The elements where a condition holds, both flattened. A copy.\n\n"
         "condition: by truth value; a shorter one ends the selection. arr: what is read. IndexError for a longer one that holds beyond the\n"
         "end.\n\n"
         ">>> t = tenon.arange(4)\n"
         ">>> tenon.numpy.extract(t % 2 == 0, t)\n"
         "tensor([0, 2])",
         "condition"_a, "arr"_a)
      .no_out()
      .numpy_only("extract");
  ops.def("compress", &compress_of_numpy,
          "The entries along the axis, or the elements of the flat tensor, where a condition holds. A copy.\n\n"
          "condition: 1-D, by truth value; a shorter one ends the selection. IndexError for an axis that is not there\n"
          "and for a longer condition that holds beyond the end, ValueError for another number of dimensions.\n\n"
          ">>> tenon.numpy.compress([True, False, True], tenon.tensor([5, 6, 7]))\n"
          "tensor([5, 7])",
          "condition"_a, "a"_a, "axis"_a = none, "out"_a)
      .numpy_only("compress");
  ops.def(
         "choose", &choose_of_numpy,
         "For each element i of a the element of choices[i] at its place; all of them broadcast. A copy.\n\n"
         "choices: a sequence of arrays, or a tensor of them. mode: 'raise', or 'wrap' or 'clip' for numbers beyond them (ValueError for others). ValueError for a\n"
         "choice that is not there and for shapes that do not broadcast, TypeError for numbers that are no integers.\n\n"
         ">>> tenon.numpy.choose([1, 0], [[1, 2], [3, 4]])\n"
         "tensor([3, 2])",
         "a"_a, "choices"_a, "out"_a, "mode"_a = "raise")
      .numpy_only("choose");
}

}  // namespace tenon::py
