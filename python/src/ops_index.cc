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

// A number in the place of a source: for every index one.
Tensor source_like(PyObject* o, const Where& w, const Tensor& t, const Tensor& index) {
  Scalar s;
  if (as_scalar(o, s)) return expand(number_of_kind(t, s, w.op), index.shape());
  return to_tensor(o, w);
}

using Scatter = Tensor (*)(const Tensor&, std::int64_t, const Tensor&, const Tensor&);

// Position by position along dim, at each of which the indices name different places.
Tensor scatter_multiply(const Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source) {
  Tensor out = t, factors = source;
  for (int d = 0; d < index.ndim(); ++d) factors = narrow(factors, d, 0, index.shape()[d]);
  const std::int64_t n = index.ndim() ? index.size(static_cast<int>(dim)) : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor at = narrow(index, dim, i, 1);
    out = scatter(out, dim, at, mul(gather(out, dim, at), narrow(factors, dim, i, 1)));
  }
  return out.is_same(t) ? clone(t) : out;
}

// What reduce='add' and 'multiply' make of scatter().
Scatter reducing(const OpDef& def, PyObject* reduce, Scatter plain) {
  if (reduce == Py_None) return plain;
  const std::string name = to_string(reduce, {def.name.c_str(), "reduce"});
  if (name == "add") return &scatter_add;
  if (name != "multiply") errors::fail(def.name, "reduce must be None, 'add' or 'multiply'; got '", name, "'");
  return &scatter_multiply;
}

// scatter(dim, index, src) and scatter(dim, index, value=number).
template <Scatter F, bool Inplace>
PyObject* scatter_any(const OpDef& def, PyObject* const* args) {
  Tensor t = argument<Tensor>(def, args, 0);
  const Tensor index = argument<Tensor>(def, args, 2);
  const auto dim = argument<std::int64_t>(def, args, 1);
  PyObject* src = args[3] != Py_None ? args[3] : args[4];
  if (src == Py_None) errors::fail<TypeError>(def.name, "the argument 'src' (or 'value') is missing");
  const Tensor source = source_like(src, {def.name.c_str(), "src"}, t, index);
  const Scatter f = def.args.size() > 5 ? reducing(def, args[5], F) : F;
  if constexpr (!Inplace) return computed(t.numel(), [&] { return f(t, dim, index, source); }, t, index, source);
  without_gil(t.numel(), [&] { copy_(t, f(t, dim, index, source)); }, t, index, source);
  return Py_NewRef(args[0]);
}

// (:, ..., index) with the index at dim.
std::vector<Index> at_dim(const char* op, const Tensor& t, std::int64_t dim, const Tensor& index) {
  if (dim < -t.ndim() || dim >= t.ndim()) errors::bad_axis(op, dim, t.ndim());
  if (index.ndim() > 1) errors::wrong_ndim(op, index.ndim(), "a 1-D index");
  std::vector<Index> at(static_cast<std::size_t>(dim < 0 ? dim + t.ndim() : dim), Index(Slice{}));
  at.emplace_back(index);
  return at;
}
Tensor& index_add_(Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source, const Scalar& alpha) {
  const bool plain = alpha.is_integral() && alpha.to<std::int64_t>() == 1;
  index_put_(t, at_dim("index_add", t, dim, index), plain ? source : mul(source, alpha), true);
  return t;
}
Tensor& index_copy_(Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source) {
  index_put_(t, at_dim("index_copy", t, dim, index), source, false);
  return t;
}
Tensor& index_fill_(Tensor& t, std::int64_t dim, const Tensor& index, const Scalar& value) {
  index_put_(t, at_dim("index_fill", t, dim, index), number_of_kind(t, value, "index_fill_"), false);
  return t;
}

PyObject* put(const OpDef& def, PyObject* const* args, bool fresh) {
  Tensor t = argument<Tensor>(def, args, 0);
  Object key = PyTuple_Check(args[1]) ? Object::borrow(args[1]) : Object::maybe(PySequence_Tuple(args[1]));
  if (!key) {
    PyErr_Clear();
    wrong_type({def.name.c_str(), "indices"}, "a tuple of tensors", args[1]);
  }
  const std::vector<Index> indices = to_indices(key.get(), def.name.c_str(), t.device());
  Scalar s;
  const Tensor values = as_scalar(args[2], s) ? number_of_kind(t, s, def.name.c_str()) : argument<Tensor>(def, args, 2);
  const bool accumulate = argument<bool>(def, args, 3);
  const auto put = [&] {
    if (fresh) t = clone(t);
    index_put_(t, indices, values, accumulate);
  };
  without_gil(t.numel(), put, t, indices, values);
  return fresh ? to_python(t) : Py_NewRef(args[0]);
}

PyObject* nonzero_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const bool as_tuple = argument<bool>(def, args, 1);
  Tensor r = without_gil(t.numel(), [&] { return nonzero(t); }, t);
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
  ops.def("gather", &gather,
          "out[i][j] = input[index[i][j]][j] for dim 0, and so for others: of index's shape. A copy.\n\n"
          "IndexError for an index or a dimension that is not there, TypeError for indices that are no\n"
          "integers, ValueError for another number of dimensions than input's and for sizes above its.\n\n"
          ">>> tenon.gather(tenon.tensor([[1, 2], [3, 4]]), 1, tenon.tensor([[0], [1]]))\n"
          "tensor([[1],\n"
          "        [4]])",
          "input"_a, "dim"_a, "index"_a);
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
  ops.raw("scatter", &scatter_any<&scatter, false>,
          "A copy with out[index[i][j]][j] = src[i][j] for dim 0, and so for others. Of equal indices the last "
          "wins.\n\n"
          "src: a tensor, which is converted to input's dtype, or a number of its kind. reduce: 'add' or\n"
          "'multiply' joins src and what is there, for equal indices each time.\n"
          "IndexError for an index or a dimension that is not there; TypeError for indices that are no\n"
          "integers, without src, for complex numbers in a real tensor and a fraction in integers; ValueError\n"
          "for another number of dimensions than input's, for a src smaller than the indices and for another\n"
          "reduce; OverflowError for a Python integer that the dtype cannot hold.\n\n"
          "value: a number that is written where src is not given.\n\n"
          ">>> tenon.scatter(tenon.zeros(3), 0, tenon.tensor([2, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([2., 0., 1.])",
          "input"_a, "dim"_a, "index"_a, "src"_a = none, "value"_a = none, kw_only, "reduce"_a = none)
      .with_out();
  ops.raw(
         "scatter_add", &scatter_any<&scatter_add, false>,
         "As scatter, but src is added to what is there.\n\n"
         "A copy. IndexError for positions that are not there, ValueError for shapes that do not fit, TypeError for an\n"
         "index that is no integer and for a src of a higher kind than input's.\n\n"
         "value: a number that is added where src is not given.\n\n"
         ">>> tenon.scatter_add(tenon.zeros(3), 0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
         "tensor([3., 0., 0.])",
         "input"_a, "dim"_a, "index"_a, "src"_a, "value"_a = none)
      .with_out();
  ops.raw("scatter_", &scatter_any<&scatter, true>,
          "As scatter, in place; returns the tensor.\n\n"
          "IndexError and TypeError as scatter, ValueError as scatter and for read-only memory, RuntimeError for\n"
          "a leaf that requires grad and for elements that share memory.\n\n"
          "reduce: None, or 'add' or 'multiply' for what happens with what is there.\n\n"
          "value: a number that is written where src is not given.\n\n"
          ">>> tenon.zeros(3).scatter_(0, tenon.tensor([2, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([2., 0., 1.])",
          "input"_a, "dim"_a, "index"_a, "src"_a = none, "value"_a = none, kw_only, "reduce"_a = none)
      .method_only();
  ops.raw("scatter_add_", &scatter_any<&scatter_add, true>,
          "As scatter_add, in place; returns the tensor.\n\n"
          "IndexError and TypeError as scatter, ValueError as scatter and for read-only memory, RuntimeError for\n"
          "a leaf that requires grad and for elements that share memory.\n\n"
          "value: a number that is added where src is not given.\n\n"
          ">>> tenon.zeros(3).scatter_add_(0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([3., 0., 0.])",
          "input"_a, "dim"_a, "index"_a, "src"_a, "value"_a = none)
      .method_only();

  ops.def("index_add_", &index_add_,
          "Adds alpha * source to the entries along dim at 1-D indices, equal ones too; returns the tensor.\n\n"
          "IndexError and TypeError as index_add, ValueError as index_add and for read-only memory, RuntimeError for\n"
          "a leaf that requires grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(3).index_add_(0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([3., 0., 0.])",
          "input"_a, "dim"_a, "index"_a, "source"_a, kw_only, "alpha"_a = 1)
      .method_only();
  ops.def(
      "index_add",
      +[](const Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source, const Scalar& alpha) {
        Tensor r = clone(t);
        return index_add_(r, dim, index, source, alpha);
      },
      "A copy with alpha * source added to the entries along dim at 1-D indices, equal ones too.\n\n"
      "source broadcasts. IndexError for an index or a dimension that is not there, TypeError for floating\n"
      "indices and for a source of a higher kind than input's, ValueError for more than one dimension of\n"
      "indices and for a source that does not broadcast.\n\n"
      ">>> tenon.index_add(tenon.zeros(3), 0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
      "tensor([3., 0., 0.])",
      "input"_a, "dim"_a, "index"_a, "source"_a, kw_only, "alpha"_a = 1);
  ops.def("index_copy_", &index_copy_,
          "Overwrites the entries along dim at 1-D indices with source, broadcast and converted; returns the "
          "tensor.\n\n"
          "IndexError for an index or a dimension that is not there, TypeError for floating indices, ValueError\n"
          "for a source that does not broadcast. ValueError for read-only memory, RuntimeError for a leaf that\n"
          "requires grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(3).index_copy_(0, tenon.tensor([2, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([2., 0., 1.])",
          "input"_a, "dim"_a, "index"_a, "source"_a)
      .method_only();
  ops.def("index_fill_", &index_fill_,
          "Overwrites the entries along dim at 1-D indices with a number; returns the tensor.\n\n"
          "IndexError for an index or a dimension that is not there, TypeError for floating indices and for a\n"
          "number of a higher kind than the tensor's, OverflowError for a Python integer that the dtype cannot\n"
          "hold. ValueError for read-only memory, RuntimeError for a leaf that requires grad and for elements\n"
          "that share memory.\n\n"
          ">>> tenon.zeros(3).index_fill_(0, tenon.tensor([0, 2]), 5)\n"
          "tensor([5., 0., 5.])",
          "input"_a, "dim"_a, "index"_a, "value"_a)
      .method_only();
  ops.raw(
         "index_put_", [](const OpDef& d, PyObject* const* a) { return put(d, a, false); },
         "tensor[indices] = values, or += for accumulate, which counts equal indices each time; returns the "
         "tensor.\n\n"
         "IndexError and TypeError as index_put, ValueError as index_put and for read-only memory, RuntimeError for\n"
         "a leaf that requires grad and for elements that share memory.\n\n"
         ">>> tenon.zeros(3).index_put_((tenon.tensor([0, 2]),), tenon.tensor([5., 6.]))\n"
         "tensor([5., 0., 6.])",
         "input"_a, "indices"_a, "values"_a, "accumulate"_a = false)
      .method_only();
  ops.raw(
         "index_put", [](const OpDef& d, PyObject* const* a) { return put(d, a, true); },
         "A copy with copy[indices] = values, or += for accumulate, which counts equal indices each time.\n\n"
         "indices: a tuple of integer and bool tensors. values broadcast: a number of input's kind, or a tensor,\n"
         "which is converted to input's dtype.\n"
         "IndexError for an index that is not there, for too many, and for a mask of another shape; TypeError\n"
         "for what is no tuple, for floating indices, for a number of a higher kind than input's and, with\n"
         "accumulate, for such tensors; ValueError for values that do not broadcast; OverflowError for a Python\n"
         "integer that the dtype cannot hold.\n\n"
         ">>> tenon.index_put(tenon.zeros(3), (tenon.tensor([0, 2]),), tenon.tensor([5., 6.]))\n"
         "tensor([5., 0., 6.])",
         "input"_a, "indices"_a, "values"_a, "accumulate"_a = false)
      .with_out();

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
