// Rows: joining, splitting, repeating.
#include "core/errors.h"
#include "numpy_families.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/join.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

// split(size) and split(sizes).
PyObject* split_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto dim = argument<std::int64_t>(def, args, 2);
  if (is_list(args[1])) return to_python(split(t, argument<Dims>(def, args, 1), dim));
  return to_python(split(t, argument<std::int64_t>(def, args, 1), dim));
}

PyObject* repeat_interleave_any(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  const auto dim = argument<std::optional<std::int64_t>>(def, args, 2);
  const auto size = argument<std::optional<std::int64_t>>(def, args, 3);
  const auto checked = [&](Tensor r) {
    const std::int64_t n = r.ndim() ? r.size(dim && t.ndim() ? *dim : 0) : 1;
    if (size && n != *size) errors::fail("repeat_interleave", "output_size must be ", n, "; got ", *size);
    return r;
  };
  if (PyLong_Check(args[1])) {
    const auto n = argument<std::int64_t>(def, args, 1);
    return computed(t.numel() * std::max<std::int64_t>(n, 1), [&] { return checked(repeat_interleave(t, n, dim)); }, t);
  }
  const bool alone = args[1] == Py_None;  // the indices 0, 1, ..., each as often as the tensor says
  const Tensor repeats = alone ? t : argument<Tensor>(def, args, 1);
  if (alone) t = arange(repeats.numel());
  return computed(kLongWork, [&] { return checked(repeat_interleave(t, repeats, dim)); }, t, repeats);
}

Tensor cat_any(const std::vector<Tensor>& ts, const std::optional<std::int64_t>& dim) {
  if (dim) return cat(ts, *dim);
  std::vector<Tensor> flat;
  flat.reserve(ts.size());
  for (const Tensor& t : ts) flat.push_back(flatten(t));
  return cat(flat, 0);
}

Tensor repeat(const Tensor& t, const Dims& sizes) {
  if (sizes.size() < t.ndim())
    errors::fail("repeat", "one number of repetitions is needed for each of the ", t.ndim(), " dimensions; got ", sizes,
                 ", use tile");
  return tile(t, sizes);
}

}  // namespace

void def_join(Ops& ops) {
  ops.def("cat", &cat_any,
          "Tensors one after the other along dim; None joins the flat tensors. A copy, of the promoted dtype.\n\n"
          "IndexError for a dimension that is not there, ValueError for other sizes that differ, for 0-d\n"
          "tensors and for none, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.cat((tenon.tensor([1, 2]), tenon.tensor([3])))\n"
          "tensor([1, 2, 3])",
          "tensors"_a, "dim"_a = 0)
      .function_only()
      .numpy("concatenate", concatenating, "concat")
      .array_api("concat")
      .alias("concat", "concatenate");
  ops.def("stack", &stack,
          "Tensors of one shape beside each other along a new dimension. A copy, of the promoted dtype.\n\n"
          "ValueError for shapes that differ and for no tensors, IndexError for a place that the result does\n"
          "not have, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.stack((tenon.tensor([1, 2]), tenon.tensor([3, 4])))\n"
          "tensor([[1, 2],\n"
          "        [3, 4]])",
          "tensors"_a, "dim"_a = 0)
      .function_only()
      .numpy("stack", stacking)
      .array_api("stack");
  ops.def("hstack", &hstack,
          "Tensors joined along the second dimension, 1-D ones along the first. A copy, of the promoted dtype.\n\n"
          "ValueError for other sizes that differ and for no tensors, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.hstack((tenon.tensor([1, 2]), tenon.tensor([3])))\n"
          "tensor([1, 2, 3])",
          "tensors"_a)
      .function_only()
      .numpy("hstack", side_by_side);
  ops.def("vstack", &vstack,
          "Tensors joined along the first dimension, 1-D ones as rows. A copy, of the promoted dtype.\n\n"
          "ValueError for other sizes that differ and for no tensors, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.vstack((tenon.tensor([1, 2]), tenon.tensor([3, 4])))\n"
          "tensor([[1, 2],\n"
          "        [3, 4]])",
          "tensors"_a)
      .function_only()
      .numpy("vstack", side_by_side)
      .alias("row_stack");
  ops.def(
         "dstack", &dstack,
         "Tensors joined along the third dimension. A copy, of the promoted dtype.\n\n"
         "Vectors count as (1, size, 1), matrices as (rows, columns, 1). ValueError for other sizes that differ and for\n"
         "no tensors, TypeError for float8 with another dtype.\n\n"
         ">>> tenon.dstack([tenon.zeros(2), tenon.ones(2)]).shape\n"
         "(1, 2, 2)",
         "tensors"_a)
      .function_only()
      .numpy("dstack", side_by_side_as_they_are);
  ops.def("column_stack", &column_stack,
          "Vectors as columns, and matrices, beside each other. A copy, of the promoted dtype.\n\n"
          "ValueError for other sizes that differ and for no tensors, TypeError for float8 with another dtype.\n\n"
          ">>> tenon.column_stack([tenon.zeros(2), tenon.ones(2)])\n"
          "tensor([[0., 1.],\n"
          "        [0., 1.]])",
          "tensors"_a)
      .function_only()
      .numpy("column_stack", side_by_side_as_they_are);
  ops.def(
         "append",
         +[](const Tensor& arr, const Tensor& values, const std::optional<std::int64_t>& axis) {
           return cat_any({arr, values}, axis);
         },
         "The elements of a second array after those of the first.\n\n"
         "A copy, of the promoted dtype. axis: both are flattened without one. IndexError for an axis that is not there,\n"
         "ValueError for other sizes that differ, TypeError for float8 with another dtype.\n\n"
         ">>> tenon.numpy.append(tenon.arange(2), 5)\n"
         "tensor([0, 1, 5])",
         "arr"_a, "values"_a, "axis"_a = none)
      .no_out()
      .numpy_only("append");
  ops.raw("split", &split_any,
          "A tuple of views of the given size (the last may be smaller), or of the given sizes, along dim.\n\n"
          "IndexError for a dimension that is not there, ValueError for a size that is not positive and for\n"
          "sizes that do not add up to the dimension's or are negative.\n\n"
          "split_size_or_sections: the length of each part, or a sequence of lengths.\n\n"
          ">>> tenon.split(tenon.arange(5), 2)\n"
          "(tensor([0, 1]), tensor([2, 3]), tensor([4]))",
          "input"_a, "split_size_or_sections"_a, "dim"_a = 0)
      .returns("tuple[Tensor, ...]")
      .alias("unsafe_split")
      .numpy("split", splitting);
  ops.def("chunk", &chunk,
          "A tuple of at most chunks views of equal size (the last may be smaller) along dim.\n\n"
          "IndexError for a dimension that is not there, ValueError for a number of chunks that is not\n"
          "positive.\n\n"
          "chunks: the number of parts.\n\n"
          ">>> tenon.chunk(tenon.arange(5), 2)\n"
          "(tensor([0, 1, 2]), tensor([3, 4]))",
          "input"_a, "chunks"_a, "dim"_a = 0)
      .alias("unsafe_chunk");
  ops.def("unbind", &unbind,
          "A tuple of views, one for each index along dim.\n\n"
          "IndexError for a dimension that is not there, ValueError for a 0-d tensor.\n\n"
          ">>> tenon.unbind(tenon.tensor([[1, 2], [3, 4]]))\n"
          "(tensor([1, 2]), tensor([3, 4]))",
          "input"_a, "dim"_a = 0)
      .numpy("unstack", unstacking)
      .array_api("unstack")
      .alias("unstack");
  ops.def("tile", &tile,
          "The tensor repeated along each dimension; missing numbers in front count as 1. A copy.\n\n"
          "ValueError for negative numbers.\n\n"
          "dims: ints, or a tuple of them: how often the tensor stands along each dimension.\n\n"
          ">>> tenon.tile(tenon.tensor([1, 2]), (2,))\n"
          "tensor([1, 2, 1, 2])",
          "input"_a, variadic("dims"_a))
      .long_work()
      .numpy("tile", tiling)
      .array_api("tile");
  ops.def("repeat", &repeat,
          "The tensor repeated along each dimension, with at least one number for each. A copy.\n\n"
          "As PyTorch's; NumPy's repeat of single elements is repeat_interleave. ValueError for fewer numbers\n"
          "and for negative ones.\n\n"
          "repeats: ints, or a tuple of them: how often the tensor stands along each dimension.\n\n"
          ">>> tenon.tensor([1, 2]).repeat(2, 2)\n"
          "tensor([[1, 2, 1, 2],\n"
          "        [1, 2, 1, 2]])",
          "input"_a, variadic("repeats"_a))
      .long_work()
      .method_only();
  ops.raw("repeat_interleave", &repeat_interleave_any,
          "Each element repeated in place: a number of times, or as often as a 1-D integer tensor says.\n\n"
          "Along dim, or of the flat tensor. A copy. repeat_interleave(repeats): the indices 0, 1, ... so.\n"
          "output_size: how many there are in the end, if that is known.\n"
          "IndexError for a dimension that is not there, TypeError for repeats that are no integers, ValueError\n"
          "for negative ones, for more than one dimension of them, for another number of them than of elements\n"
          "and for another output_size than theirs.\n\n"
          "repeats: an int, or a tensor with a number for each element along dim.\n\n"
          ">>> tenon.repeat_interleave(tenon.tensor([1, 2]), 2)\n"
          "tensor([1, 1, 2, 2])",
          "input"_a, "repeats"_a = none, "dim"_a = none, kw_only, "output_size"_a = none)
      .with_out()
      .numpy("repeat", repeating)
      .array_api("repeat");
}

}  // namespace tenon::py
