// Rows: other geometries over the same bytes.
#include "core/errors.h"
#include "dtype.h"
#include "numpy_families.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/join.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/numeric.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

// transpose(dim0, dim1), and NumPy's transpose(), transpose(axes) and transpose(*axes).
PyObject* transpose_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (args[1] == Py_None) return to_python(T(t));
  if (args[2] == Py_None) return to_python(permute(t, argument<Dims>(def, args, 1)));
  const auto first = argument<std::int64_t>(def, args, 1), second = argument<std::int64_t>(def, args, 2);
  if (args[3] == Py_None) return to_python(transpose(t, first, second));
  Dims dims{first, second};
  for (const std::int64_t d : argument<Dims>(def, args, 3)) dims.push_back(d);
  return to_python(permute(t, dims));
}

bool means_dtype(PyObject* o) {
  return is_dtype(o) || PyUnicode_Check(o) || PyType_Check(o) || (!PyIndex_Check(o) && !PySequence_Check(o));
}

// view(*shape) and view(dtype).
PyObject* view_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  PyObject* what = args[2] != Py_None ? args[2] : args[1];
  if (what == Py_None) errors::fail<TypeError>("view", "a shape or a dtype is missing");
  if (args[2] != Py_None || means_dtype(what)) return to_python(view(t, to_dtype(what, {"view", "dtype"})));
  return to_python(view(t, to_dims(what, {"view", "shape"})));
}

void def_element_order(Ops& ops) {
  ops.def("permute", &permute,
          "A view with the dimensions in another order.\n\n"
          "IndexError for a dimension that is not there, ValueError for a repeated one and for a missing one.\n\n"
          ">>> tenon.permute(tenon.zeros(2, 3, 4), (2, 0, 1)).shape\n"
          "(4, 2, 3)",
          "input"_a, variadic("dims"_a))
      .no_out()
      .numpy("permute_dims", transposing)
      .array_api("permute_dims")
      .alias("permute_dims");
  ops.raw("transpose", &transpose_any,
          "A view with two dimensions swapped, or, as NumPy's, with all reversed or in the order given.\n\n"
          "transpose(dim0, dim1), transpose(), transpose(axes) or transpose(*axes) with more than two of them.\n"
          "IndexError for a dimension that is not there, ValueError for a repeated one and for a missing one.\n\n"
          ">>> tenon.transpose(tenon.zeros(2, 3), 0, 1).shape\n"
          "(3, 2)",
          "input"_a, "dim0"_a = none, "dim1"_a = none, variadic("dims"_a = none))
      .numpy("transpose", transposing);
  ops.def("swapaxes", &transpose,
          "A view with two dimensions swapped.\n\n"
          "IndexError for a dimension that is not there.\n\n"
          ">>> tenon.swapaxes(tenon.zeros(2, 3), 0, 1).shape\n"
          "(3, 2)",
          "input"_a, "axis0"_a, "axis1"_a)
      .no_out()
      .numpy("swapaxes", swapping);
  ops.def("swapdims", &transpose,
          "A view with two dimensions swapped.\n\n"
          "IndexError for a dimension that is not there.\n\n"
          ">>> tenon.swapdims(tenon.zeros(2, 3), 0, 1).shape\n"
          "(3, 2)",
          "input"_a, "dim0"_a, "dim1"_a)
      .no_out();
  ops.def(
         "t",
         +[](const Tensor& t) {
           if (t.ndim() > 2) errors::wrong_ndim("t", t.ndim(), "at most two dimensions; use .mT");
           return T(t);
         },
         "A view of a matrix with rows and columns swapped; vectors and numbers are as they are.\n\n"
         "ValueError for more than two dimensions.\n\n"
         ">>> tenon.t(tenon.tensor([[1, 2], [3, 4]]))\n"
         "tensor([[1, 3],\n"
         "        [2, 4]])",
         "input"_a)
      .no_out();
  ops.def(
         "adjoint", +[](const Tensor& t) { return is_complex(t.dtype()) ? conj(mT(t)) : mT(t); },
         "The last two dimensions swapped, complex elements conjugated: a view of real tensors, a copy of "
         "complex ones.\n\n"
         "ValueError for fewer than two dimensions.\n\n"
         ">>> tenon.adjoint(tenon.tensor([[1j, 2], [3, 4]]))\n"
         "tensor([[0.-1.j, 3.-0.j],\n"
         "        [2.-0.j, 4.-0.j]])",
         "input"_a)
      .no_out();
  ops.def("movedim", &movedim,
          "A view with dimensions moved to other places; the others keep their order.\n\n"
          "source, destination: ints, or tuples of one length.\n"
          "IndexError for a dimension that is not there, ValueError for a repeated one and for tuples of two\n"
          "lengths.\n\n"
          ">>> tenon.movedim(tenon.zeros(2, 3, 4), 0, 2).shape\n"
          "(3, 4, 2)",
          "input"_a, "source"_a, "destination"_a)
      .no_out()
      .numpy("moveaxis", moving)
      .array_api("moveaxis")
      .alias("moveaxis");
  ops.def(
         "flip", +[](const Tensor& t, const Axes& dims) { return flip(t, dims); },
         "The elements in reverse order along dims (all): a view with negative strides, which shares the memory.\n\n"
         "IndexError for a dimension that is not there, ValueError for a repeated one.\n\n"
         ">>> tenon.flip(tenon.tensor([1, 2, 3]), 0)\n"
         "tensor([3, 2, 1])",
         "input"_a, variadic("dims"_a = none))
      .no_out()
      .numpy("flip", flipping)
      .array_api("flip");
  ops.def(
         "flipud", +[](const Tensor& t) { return flip(t, Dims{0}); },
         "The rows in reverse order: a view.\n\n"
         "Of the first dimension; a 0-d tensor is as it is. TypeError for what is no tensor or array.\n\n"
         ">>> tenon.flipud(tenon.tensor([[1, 2], [3, 4]]))\n"
         "tensor([[3, 4],\n"
         "        [1, 2]])",
         "input"_a)
      .no_out()
      .numpy("flipud", flipping_one);
  ops.def(
         "fliplr", +[](const Tensor& t) { return flip(t, Dims{1}); },
         "The columns in reverse order: a view.\n\n"
         "Of the second dimension; IndexError where there is none.\n\n"
         ">>> tenon.fliplr(tenon.tensor([[1, 2], [3, 4]]))\n"
         "tensor([[2, 1],\n"
         "        [4, 3]])",
         "input"_a)
      .no_out()
      .numpy("fliplr", flipping_one);
  ops.def("roll", &roll,
          "The elements moved along dims, those pushed out coming back at the other end. A copy.\n\n"
          "shifts, dims: ints or tuples; one of them may be an int for all. Shifts of one\n"
          "dimension add up. Without dims: of the flat tensor, in its shape.\n"
          "IndexError for a dimension that is not there, ValueError for tuples of two lengths.\n\n"
          ">>> tenon.roll(tenon.arange(4), 1)\n"
          "tensor([3, 0, 1, 2])",
          "input"_a, "shifts"_a, "dims"_a = none)
      .numpy("roll", rolling)
      .array_api("roll");
  ops.def(
         "rot90",
         +[](const Tensor& t, std::int64_t k, const Axes& dims) { return rot90(t, k, dims.value_or(Dims{0, 1})); },
         "Turned k times by 90 degrees, from the first of dims (0, 1) towards the second: a view.\n\n"
         "IndexError for a dimension that is not there, ValueError for a repeated one, for dims that are not\n"
         "two, and for fewer than two dimensions.\n\n"
         "k: how often it is turned by 90 degrees. dims: the plane, from the first dimension to the second.\n\n"
         ">>> tenon.rot90(tenon.tensor([[1, 2], [3, 4]]))\n"
         "tensor([[2, 4],\n"
         "        [1, 3]])",
         "input"_a, "k"_a = 1, "dims"_a = none)
      .numpy("rot90", turning);
}

void def_inplace_views(Ops& ops) {
  static constexpr const char* kRest =
      " in place; returns the tensor.\n\n"
      "Its own shape and strides change, its memory does not move. RuntimeError for a leaf that requires grad,\n"
      "IndexError for a dimension that is not there.";
  const auto doc = [](const char* first) { return std::string(first) + kRest; };
  ops.def("transpose_", &transpose_, doc("Swaps two dimensions").c_str(), "input"_a, "dim0"_a, "dim1"_a)
      .example(
          ">>> tenon.zeros(2, 3).transpose_(0, 1).shape\n"
          "(3, 2)")
      .method_only()
      .keeps_gil()
      .alias("swapaxes_", "swapdims_");
  ops.def("t_", &t_,
          "Swaps rows and columns of a matrix in place; returns the tensor.\n\n"
          "Its own shape and strides change, its memory does not move. RuntimeError for a leaf that requires grad,\n"
          "ValueError for more than two dimensions.",
          "input"_a)
      .example(
          ">>> tenon.zeros(2, 3).t_().shape\n"
          "(3, 2)")
      .method_only()
      .keeps_gil();
  ops.def("squeeze_", &squeeze_, doc("Drops dimensions of size 1 (those of dim, or all)").c_str(), "input"_a,
          "dim"_a = none)
      .example(
          ">>> tenon.zeros(1, 2, 1).squeeze_().shape\n"
          "(2,)")
      .method_only()
      .keeps_gil();
  ops.def(
         "unsqueeze_", +[](Tensor& t, std::int64_t dim) -> Tensor& { return unsqueeze_(t, Dims{dim}); },
         doc("Adds a dimension of size 1 at dim").c_str(), "input"_a, "dim"_a)
      .example(
          ">>> tenon.zeros(2).unsqueeze_(0).shape\n"
          "(1, 2)")
      .method_only()
      .keeps_gil();
}

// reshape(*shape), in an order of elements, with a word about copies.
PyObject* reshape_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const Dims shape = argument<Dims>(def, args, 1);
  const Layout order = layout(to_string(args[2], {"reshape", "order"}), "reshape");
  const auto copy = argument<std::optional<bool>>(def, args, 3);
  return computed(t.numel(), [&] { return reshape(t, shape, order, copy); }, t);
}

// flatten(start_dim, end_dim), and NumPy's flatten(order), which copies.
PyObject* flatten_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  PyObject* order = PyUnicode_Check(args[1]) ? args[1] : args[3];
  if (order == Py_None) {
    const auto start = argument<std::int64_t>(def, args, 1), end = argument<std::int64_t>(def, args, 2);
    return computed(t.numel(), [&] { return flatten(t, start, end); }, t);
  }
  const Layout wanted = layout(to_string(order, {"flatten", "order"}), "flatten");
  const auto flat = [&] {
    const Tensor r = ravel(t, wanted);
    return r.shares_storage(t) ? clone(r) : r;
  };
  return computed(t.numel(), flat, t);
}

void def_sizes(Ops& ops) {
  ops.raw("reshape", &reshape_any,
          "Another shape: a view where the strides allow it, otherwise a copy. One size may be -1.\n\n"
          "order: how elements are read and placed: 'C' by rows, 'F' by columns, 'A' as 'F' for memory that lies so.\n"
          "copy: True for a copy always, False for a view or ValueError. ValueError where the numbers of elements\n"
          "differ, for other negative sizes and for another order.\n\n"
          ">>> tenon.reshape(tenon.arange(6), (2, -1))\n"
          "tensor([[0, 1, 2],\n"
          "        [3, 4, 5]])",
          "input"_a, variadic("shape"_a), kw_only, "order"_a = "C", "copy"_a = none)
      .numpy("reshape", reshaping)
      .array_api("reshape");
  ops.all().back()->of_ints = &reshape;
  ops.all().back()->types = {"ArrayLike", "Ints", "_str", "_bool | None"};
  ops.raw("view", &view_any,
          "The same memory in another shape, or as another dtype.\n\n"
          "view(*shape): ValueError where the strides do not allow it (reshape copies then) or the numbers of\n"
          "elements differ; one size may be -1.\n"
          "view(dtype): the bytes are read as that dtype; between sizes of items the last dimension shrinks or\n"
          "grows. ValueError where it does not divide or is not contiguous, RuntimeError where a gradient is\n"
          "recorded. TypeError without either.\n\n"
          ">>> t = tenon.arange(6)\n"
          ">>> t.view(2, 3)\n"
          "tensor([[0, 1, 2],\n"
          "        [3, 4, 5]])",
          "input"_a, variadic("shape"_a = none), "dtype"_a = none)
      .method_only();
  ops.def(
         "view_as", +[](const Tensor& t, const Tensor& o) { return view(t, o.shape()); },
         "view(other.shape): the same memory in another's shape.\n\n"
         "ValueError where the strides do not allow it or the numbers of elements differ.\n\n"
         ">>> tenon.arange(4).view_as(tenon.zeros(2, 2))\n"
         "tensor([[0, 1],\n"
         "        [2, 3]])",
         "input"_a, "other"_a)
      .method_only()
      .no_out();
  ops.def(
         "reshape_as", +[](const Tensor& t, const Tensor& o) { return reshape(t, o.shape()); },
         "reshape(other.shape): a view where the strides allow it, otherwise a copy.\n\n"
         "ValueError where the numbers of elements differ.\n\n"
         ">>> tenon.tensor([1, 2, 3, 4]).reshape_as(tenon.zeros(2, 2))\n"
         "tensor([[1, 2],\n"
         "        [3, 4]])",
         "input"_a, "other"_a)
      .method_only()
      .no_out();
  ops.def(
         "expand_as", +[](const Tensor& t, const Tensor& o) { return expand(t, o.shape()); },
         "expand(other.shape): a view that repeats dimensions of size 1 without memory.\n\n"
         "ValueError where a size is neither 1 nor the other's; writing to repeated elements is a\n"
         "RuntimeError.\n\n"
         ">>> tenon.tensor([[1], [2]]).expand_as(tenon.zeros(2, 3))\n"
         "tensor([[1, 1, 1],\n"
         "        [2, 2, 2]])",
         "input"_a, "other"_a)
      .method_only()
      .no_out();
  ops.raw("flatten", &flatten_any,
          "The dimensions from start_dim to end_dim as one: a view where the strides allow it, otherwise a copy.\n\n"
          "flatten('F') and flatten(order='F') are NumPy's: always a copy, in this order of the elements ('C', 'F',\n"
          "'A', 'K'). A 0-d tensor gives a vector. IndexError for a dimension that is not there, ValueError for a\n"
          "start_dim after end_dim and for another order.\n\n"
          "start_dim: the first dimension that is joined. end_dim: the last one.\n\n"
          ">>> tenon.flatten(tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor([1, 2, 3, 4])",
          "input"_a, "start_dim"_a = 0, "end_dim"_a = -1, kw_only, "order"_a = none)
      .no_out();
  ops.def(
         "ravel", +[](const Tensor& t, const std::string& order) { return ravel(t, layout(order, "ravel")); },
         "1-D, in row-major order: a view where the strides allow it, otherwise a copy.\n\n"
         "order: 'C' by rows, 'F' by columns, 'A' as 'F' for memory that lies so, 'K' as the elements lie in memory.\n"
         "ValueError for another, TypeError for what is no tensor or array.\n\n"
         ">>> tenon.ravel(tenon.tensor([[1, 2], [3, 4]]))\n"
         "tensor([1, 2, 3, 4])",
         "input"_a, "order"_a = "C")
      .no_out()
      .numpy("ravel", {"a"});
  ops.def("unflatten", &unflatten,
          "One dimension as several, of the given sizes (one may be -1): a view.\n\n"
          "IndexError for a dimension that is not there, ValueError for sizes whose product is not its size.\n\n"
          "sizes: what the dimension becomes; one size may be -1.\n\n"
          ">>> tenon.unflatten(tenon.arange(6), 0, (2, 3))\n"
          "tensor([[0, 1, 2],\n"
          "        [3, 4, 5]])",
          "input"_a, "dim"_a, "sizes"_a)
      .no_out();
  ops.def("squeeze", &squeeze,
          "A view without the dimensions of size 1: all of them, or those of dim that are.\n\n"
          "dim: an int or a tuple. IndexError for a dimension that is not there, ValueError for a repeated one.\n\n"
          ">>> tenon.squeeze(tenon.zeros(1, 2, 1)).shape\n"
          "(2,)",
          "input"_a, "dim"_a = none)
      .no_out()
      .numpy("squeeze", squeezing);
  ops.def("unsqueeze", &unsqueeze,
          "A view with a new dimension of size 1 at dim (an int, or a tuple for several).\n\n"
          "IndexError for a place that the result does not have, ValueError for a repeated one.\n\n"
          ">>> tenon.unsqueeze(tenon.tensor([1, 2]), 0)\n"
          "tensor([[1, 2]])",
          "input"_a, "dim"_a)
      .no_out()
      .numpy("expand_dims", expanding)
      .array_api("expand_dims")
      .alias("expand_dims");
  ops.def("expand", &expand,
          "A view that repeats dimensions of size 1 without memory; -1 keeps a size.\n\n"
          "ValueError where a size is neither 1 nor the given one. Writing to repeated elements is a RuntimeError.\n\n"
          ">>> tenon.tensor([[1], [2]]).expand(2, 3)\n"
          "tensor([[1, 1, 1],\n"
          "        [2, 2, 2]])",
          "input"_a, variadic("size"_a))
      .no_out()
      .method_only();
  ops.def("broadcast_to", &expand,
          "A view of the given shape that repeats dimensions of size 1 without memory.\n\n"
          "ValueError where a size is neither 1 nor the given one; writing to repeated elements is a\n"
          "RuntimeError.\n\n"
          ">>> tenon.broadcast_to(tenon.tensor([1, 2]), (2, 2))\n"
          "tensor([[1, 2],\n"
          "        [1, 2]])",
          "input"_a, "shape"_a)
      .no_out()
      .numpy("broadcast_to", broadcasting)
      .array_api("broadcast_to");
}

void def_windows(Ops& ops) {
  ops.def("narrow", &narrow,
          "A view of length elements along dim, from start on (negative ones from the end).\n\n"
          "IndexError for a dimension that is not there, and for a start and length that do not fit it.\n\n"
          "length: the number of elements along dim.\n\n"
          "start: the first position that is taken.\n\n"
          ">>> tenon.narrow(tenon.arange(5), 0, 1, 3)\n"
          "tensor([1, 2, 3])",
          "input"_a, "dim"_a, "start"_a, "length"_a)
      .no_out();
  ops.def(
         "select", +[](const Tensor& t, std::int64_t dim, std::int64_t at) { return select(t, dim, at); },
         "A view of one index along dim, which goes away: t[:, i] for dim 1.\n\n"
         "IndexError for a dimension or an index that is not there.\n\n"
         "index: the position along dim, an int.\n\n"
         ">>> tenon.select(tenon.tensor([[1, 2], [3, 4]]), 0, 1)\n"
         "tensor([3, 4])",
         "input"_a, "dim"_a, "index"_a)
      .no_out();
  ops.def("diagonal", &diagonal,
          "A view of a diagonal of two dimensions, as the last dimension.\n\n"
          "An offset beyond the matrix gives no elements.\n"
          "IndexError for a dimension that is not there, ValueError for a repeated one and for fewer than two\n"
          "dimensions.\n\n"
          ">>> tenon.diagonal(tenon.tensor([[1, 2], [3, 4]]))\n"
          "tensor([1, 4])",
          "input"_a, "offset"_a = 0, "dim1"_a = 0, "dim2"_a = 1)
      .no_out()
      .numpy("diagonal", diagonals);
  ops.def("unfold", &unfold,
          "A view of all windows of the given size along a dimension, step apart; they are the last dimension.\n\n"
          "IndexError for a dimension that is not there, ValueError for a size above the dimension's or below 0\n"
          "and for a step below 1.\n\n"
          "dimension: the dimension along which the slices lie.\n\n"
          "size: the length of each slice. step: the distance of their beginnings.\n\n"
          ">>> tenon.arange(5).unfold(0, 3, 2)\n"
          "tensor([[0, 1, 2],\n"
          "        [2, 3, 4]])",
          "input"_a, "dimension"_a, "size"_a, "step"_a)
      .no_out()
      .method_only();
  ops.def(
         "as_strided",
         +[](const Tensor& t, const Dims& size, const Dims& stride, const std::optional<std::int64_t>& offset) {
           std::int64_t from_first = 0;  // tenon::as_strided counts from the tensor's first element
           if (offset && __builtin_sub_overflow(*offset, t.storage_offset(), &from_first))
             errors::fail("as_strided", "offset ", *offset, " lies outside the storage");
           return as_strided(t, size, stride, from_first);
         },
         "A view of the storage with any sizes and strides, in elements.\n\n"
         "storage_offset: the first element, counted from the storage's first (the tensor's own).\n"
         "ValueError where it would reach outside the storage, for negative sizes, and without one stride for\n"
         "each size.\n\n"
         "stride: the steps between neighbours, in elements, one for each dimension.\n\n"
         ">>> tenon.as_strided(tenon.arange(5), (3, 2), (1, 1))\n"
         "tensor([[0, 1],\n"
         "        [1, 2],\n"
         "        [2, 3]])",
         "input"_a, "size"_a, "stride"_a, "storage_offset"_a = none)
      .no_out();
  ops.def(
         "real", +[](const Tensor& t) { return is_complex(t.dtype()) ? real(t) : view(t, t.shape()); },
         "A view of the real parts, of a real dtype; of a real tensor, all of it.\n\n"
         "TypeError for what is no tensor or array.\n\n"
         ">>> tenon.real(tenon.tensor([1 + 2j]))\n"
         "tensor([1.])",
         "input"_a)
      .function_only()
      .no_out()
      .numpy("real", {"val"})
      .array_api("real");
  ops.def("imag", &imag,
          "A view of the imaginary parts of a complex tensor, of a real dtype.\n\n"
          "TypeError for real tensors; the attribute .imag gives zeros.\n\n"
          ">>> tenon.imag(tenon.tensor([1 + 2j]))\n"
          "tensor([2.])",
          "input"_a)
      .function_only()
      .no_out()
      .numpy("imag", &imaginary,
             "A view of the imaginary parts; of a real tensor new zeros that cannot be written. TypeError for\n"
             "what is no array.\n\n"
             ">>> tenon.numpy.imag(tenon.tensor([1 + 2j]))\n"
             "tensor([2.])",
             "val"_a)
      .array_api("imag");
  ops.def("view_as_real", &view_as_real,
          "A view of a complex tensor with a last dimension of size 2: real and imaginary part.\n\n"
          "TypeError for real tensors.\n\n"
          ">>> tenon.view_as_real(tenon.tensor([1 + 2j]))\n"
          "tensor([[1., 2.]])",
          "input"_a)
      .no_out()
      .function_only();
  ops.def("view_as_complex", &view_as_complex,
          "A view of a real tensor whose last dimension, of size 2, holds real and imaginary part.\n\n"
          "TypeError for other dtypes than float32 and float64, ValueError for another last dimension or one\n"
          "whose elements do not lie side by side.\n\n"
          ">>> tenon.view_as_complex(tenon.tensor([[1.0, 2.0]]))\n"
          "tensor([1.+2.j])",
          "input"_a)
      .autocast(Autocast::full)
      .no_out()
      .function_only();
}

}  // namespace

void def_shape(Ops& ops) {
  def_element_order(ops);
  def_inplace_views(ops);
  def_sizes(ops);
  def_windows(ops);
}

}  // namespace tenon::py
