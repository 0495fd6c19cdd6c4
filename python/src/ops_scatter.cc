// Rows: what writes and adds at indices. t[...] = values stands in indexing.cc, NumPy's put and place in ops_put.cc.
#include "core/errors.h"
#include "ingest.h"
#include "op.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/index.h"
#include "tenon/ops/scatter.h"
#include "tenon/ops/view.h"

namespace tenon::py {
namespace {

// What is written to t, or added: a number must be of t's kind, and of what is added the numbers in lists, too.
Tensor source_for(PyObject* o, const Tensor& t, const Where& w, bool added = false) {
  if (Scalar s; as_scalar(o, s)) return number_of_kind(t, s, w.op);
  if (!added || !is_sequence(o)) return values_for(o, t, w);
  const Tensor listed = to_tensor(o, w);  // which the operation refuses where its kind is too high
  return can_cast_same_kind(listed.dtype(), t.dtype()) ? values_for(o, t, w) : to(listed, {}, t.device());
}

using Scatter = Tensor (*)(const Tensor&, std::int64_t, const Tensor&, const Tensor&);

Tensor scatter_multiply(const Tensor& t, std::int64_t dim, const Tensor& index, const Tensor& source) {
  return scatter_reduce(t, dim, index, source, Combine::prod);
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
  const bool added = F == &scatter_add || (def.args.size() > 5 && args[5] != Py_None);
  Tensor source = source_for(src, t, {def.name.c_str(), "src"}, added);
  if (source.ndim() == 0) source = expand(source, index.shape());
  const Scatter f = def.args.size() > 5 ? reducing(def, args[5], F) : F;
  if constexpr (!Inplace) return computed(t.numel(), [&] { return f(t, dim, index, source); }, t, index, source);
  without_gil(t.numel(), [&] { copy_(t, f(t, dim, index, source)); }, t, index, source);
  return Py_NewRef(args[0]);
}

// The entries of t along dim at 1-D indices; a tensor without dimensions has one.
struct Entries {
  Tensor t;
  std::vector<Index> at;
  Dims shape;  // of all of them
  Entries(const char* op, const Tensor& whole, std::int64_t dim, const Tensor& index)
      : t(whole.ndim() ? whole : view(whole, Dims{1})), shape(t.shape()) {
    if (dim < -t.ndim() || dim >= t.ndim()) errors::bad_axis(op, dim, whole.ndim());
    if (index.ndim() > 1) errors::wrong_ndim(op, index.ndim(), "a 1-D index");
    const auto d = static_cast<int>(dim < 0 ? dim + t.ndim() : dim);
    at.assign(static_cast<std::size_t>(d), Index(Slice{}));
    at.emplace_back(index.ndim() ? index : reshape(index, Dims{1}));
    shape[d] = index.numel();
  }
  // source for them: one number for all, else one entry for each.
  Tensor fitting(const char* op, const Tensor& source) const {
    if (source.ndim() == 0 || source.shape() == shape) return source;
    errors::fail<ShapeError>(op, "source must have an entry for each index, shape ", shape, "; got ", source.shape());
  }
};

// What is written there. F is put(tensor, entries).
template <class F>
PyObject* at_entries(const OpDef& def, PyObject* const* args, const char* op, bool inplace, F put, bool added = false) {
  Tensor t = argument<Tensor>(def, args, 0);
  const auto dim = argument<std::int64_t>(def, args, 1);
  const Tensor index = argument<Tensor>(def, args, 2), source = source_for(args[3], t, {op, def.args[3].name}, added);
  const auto write = [&](const Tensor& to) {
    Entries e(op, to, dim, index);
    put(e, e.fitting(op, source));
  };
  if (!inplace) {
    const auto written = [&] {
      Tensor r = clone(t);
      write(r);
      return r;
    };
    return computed(t.numel(), written, t, index, source);
  }
  without_gil(t.numel(), [&] { write(t); }, t, index, source);
  return Py_NewRef(args[0]);
}
template <bool inplace>
PyObject* index_add(const OpDef& def, PyObject* const* args) {
  const auto alpha = argument<Scalar>(def, args, 4);
  const bool plain = alpha.is_integral() && alpha.to<std::int64_t>() == 1;
  const auto put = [&](Entries& e, const Tensor& source) {
    index_put_(e.t, e.at, plain ? source : mul(source, alpha), true);
  };
  return at_entries(def, args, "index_add", inplace, put, true);
}
template <bool inplace>
PyObject* index_copy(const OpDef& def, PyObject* const* args) {
  return at_entries(def, args, "index_copy", inplace,
                    [](Entries& e, const Tensor& source) { index_put_(e.t, e.at, source, false); });
}
template <bool inplace>
PyObject* index_fill(const OpDef& def, PyObject* const* args) {
  return at_entries(def, args, "index_fill", inplace, [](Entries& e, const Tensor& value) {
    if (value.ndim() > 0) errors::wrong_ndim("index_fill", value.ndim(), "a number or a 0-d tensor");
    index_put_(e.t, e.at, value, false);
  });
}

PyObject* put(const OpDef& def, PyObject* const* args, bool fresh) {
  Tensor t = argument<Tensor>(def, args, 0);
  Object key = PyTuple_Check(args[1]) ? Object::borrow(args[1]) : Object::maybe(PySequence_Tuple(args[1]));
  if (!key) {
    PyErr_Clear();
    wrong_type({def.name.c_str(), "indices"}, "a tuple of tensors", args[1]);
  }
  const std::vector<Index> indices = to_indices(key.get(), def.name.c_str(), t.device());
  const bool accumulate = argument<bool>(def, args, 3);
  const Tensor values = source_for(args[2], t, {def.name.c_str(), "values"}, accumulate);
  const auto put = [&] {
    if (fresh) t = clone(t);
    index_put_(t, indices, values, accumulate);
  };
  without_gil(t.numel(), put, t, indices, values);
  return fresh ? to_python(t) : Py_NewRef(args[0]);
}

}  // namespace

void def_scatter(Ops& ops) {
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

  ops.raw("index_add_", &index_add<true>,
          "Adds alpha * source to the entries along dim at 1-D indices, equal ones too; returns the tensor.\n\n"
          "IndexError and TypeError as index_add, ValueError as index_add and for read-only memory, RuntimeError for\n"
          "a leaf that requires grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(3).index_add_(0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
          "tensor([3., 0., 0.])",
          "input"_a, "dim"_a, "index"_a, "source"_a, kw_only, "alpha"_a = 1)
      .method_only();
  ops.raw(
         "index_add", &index_add<false>,
         "A copy with alpha * source added to the entries along dim at 1-D indices, equal ones too.\n\n"
         "source: an entry for each index, or a number. IndexError for an index or a dimension that is not there,\n"
         "TypeError for floating indices and for a source of a higher kind than input's, ValueError for more than one\n"
         "dimension of indices and for a source of another shape.\n\n"
         ">>> tenon.index_add(tenon.zeros(3), 0, tenon.tensor([0, 0]), tenon.tensor([1., 2.]))\n"
         "tensor([3., 0., 0.])",
         "input"_a, "dim"_a, "index"_a, "source"_a, kw_only, "alpha"_a = 1)
      .with_out();
  ops.raw(
         "index_copy_", &index_copy<true>,
         "Overwrites the entries along dim at 1-D indices with source, converted; returns the tensor.\n\n"
         "Errors as index_copy: IndexError, TypeError, ValueError; OverflowError for a number that the dtype cannot hold.\n"
         "ValueError for read-only memory, RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
         ">>> tenon.zeros(3).index_copy_(0, tenon.tensor([2, 0]), tenon.tensor([1., 2.]))\n"
         "tensor([2., 0., 1.])",
         "input"_a, "dim"_a, "index"_a, "source"_a)
      .method_only();
  ops.raw(
         "index_copy", &index_copy<false>,
         "A copy with source, converted, in the entries along dim at 1-D indices.\n\n"
         "source: an entry for each index, or a number of input's kind. IndexError for an index or a dimension that is\n"
         "not there, TypeError for floating indices, ValueError for a source of another shape, OverflowError for a\n"
         "number that the dtype cannot hold.\n\n"
         ">>> tenon.index_copy(tenon.zeros(3), 0, tenon.tensor([2, 0]), tenon.tensor([1., 2.]))\n"
         "tensor([2., 0., 1.])",
         "input"_a, "dim"_a, "index"_a, "source"_a)
      .with_out();
  ops.raw("index_fill_", &index_fill<true>,
          "Overwrites the entries along dim at 1-D indices with a number; returns the tensor.\n\n"
          "Errors as index_fill: IndexError, TypeError, ValueError, OverflowError. ValueError for read-only memory,\n"
          "RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
          ">>> tenon.zeros(3).index_fill_(0, tenon.tensor([0, 2]), 5)\n"
          "tensor([5., 0., 5.])",
          "input"_a, "dim"_a, "index"_a, "value"_a)
      .method_only();
  ops.raw(
         "index_fill", &index_fill<false>,
         "A copy with a number in the entries along dim at 1-D indices.\n\n"
         "value: a number of input's kind, or a 0-d tensor, which is converted and to which the gradient flows.\n"
         "IndexError for an index or a dimension that is not there, TypeError for floating indices and for a number of a\n"
         "higher kind, ValueError for a value with dimensions, OverflowError for a number that the dtype cannot hold.\n\n"
         ">>> tenon.index_fill(tenon.zeros(3), 0, tenon.tensor([0, 2]), 5)\n"
         "tensor([5., 0., 5.])",
         "input"_a, "dim"_a, "index"_a, "value"_a)
      .with_out();
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
}

}  // namespace tenon::py
