// Rows: sorting.
#include "core/errors.h"
#include "op.h"
#include "tenon/ops/view.h"
#include "tenon/ops/sort.h"

namespace tenon::py {

namespace {

using Kind = const std::optional<std::string>&;

PyObject* sort_pair(const OpDef& def, PyObject* const* args) {
  From<Tensor> t(args[0], {def.name.c_str(), "input"});
  const std::int64_t dim = From<std::int64_t>(args[1], {def.name.c_str(), "dim"}).get();
  const bool descending = From<bool>(args[2], {def.name.c_str(), "descending"}).get();
  const auto run = [&] { return sort_with_indices(t.get(), dim, descending); };
  return computed(10 * t.get().numel(), run, t.get());
}

// NumPy's names of algorithms and of orders of fields: equal elements always keep their order, tensors have no fields.
void check_order(const char* op, Kind kind, Any order, const std::optional<bool>& stable) {
  if (order.object != Py_None) errors::fail(op, "order= names fields, which tensors do not have");
  if (!kind) return;
  if (stable) errors::fail(op, "kind= and stable= do not go together");
  for (const char* known : {"quicksort", "mergesort", "heapsort", "stable"})
    if (*kind == known) return;
  errors::fail(op, "kind must be 'quicksort', 'mergesort', 'heapsort' or 'stable'; got '", *kind, "'");
}
using MaybeAxis = std::optional<std::int64_t>;
Tensor numpy_sort(const Tensor& t, const MaybeAxis& axis, Kind kind, Any order, const std::optional<bool>& stable,
                  bool descending) {
  check_order("sort", kind, order, stable);
  if (axis && t.ndim() == 0) errors::bad_axis("sort", *axis, 0);
  return sort(axis ? t : reshape(t, {-1}), axis.value_or(0), descending);
}
Tensor numpy_argsort(const Tensor& t, const MaybeAxis& axis, Kind kind, Any order, const std::optional<bool>& stable,
                     bool descending) {
  check_order("argsort", kind, order, stable);
  return argsort(axis && t.ndim() > 0 ? t : reshape(t, {-1}), axis.value_or(0), descending);  // 0-d as flat: NumPy's
}
constexpr const char* kNumpySort =
    "NaNs are above all numbers, complex numbers go by their real and then their imaginary parts; equal elements keep\n"
    "their order, whatever stable and kind, NumPy's name of an algorithm, say. ValueError for another kind, both kind\n"
    "and stable, and for order=; IndexError for an axis that is not there.\n\n";
void sort_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc =
      std::string("The elements in order along the axis, of the flat tensor for None; with the gradient. A copy.\n\n") +
      kNumpySort +
      ">>> tenon.numpy.sort(tenon.tensor([3, 1, 2]))\n"
      "tensor([1, 2, 3])";
  Ops::bind(d, &numpy_sort, "a"_a, "axis"_a = -1, "kind"_a = none, "order"_a = none, kw_only, "stable"_a = none,
            "descending"_a = false);
}

}  // namespace

void def_sort(Ops& ops) {
  ops.raw("sort", &sort_pair,
          "A named tuple (values, indices) of copies: the elements in order along dim, and where each stood "
          "(int64).\n\n"
          "NaNs are above all numbers, complex numbers go by their real and then their imaginary parts; equal\n"
          "elements keep their order, whatever stable says. The gradient goes back with each element. Any\n"
          "dtype. IndexError for a dimension that is not there.\n\n"
          ">>> tenon.sort(tenon.tensor([3, 1, 2]))\n"
          "ValuesIndices(values=tensor([1, 2, 3]), indices=tensor([1, 2, 0]))",
          "input"_a, "dim"_a = -1, "descending"_a = false, "stable"_a = true)
      .with_out()
      .returns("ValuesIndices")
      .numpy("sort", sort_of_numpy)
      .array_api("sort");
  ops.def(
         "argsort",
         +[](const Tensor& t, std::int64_t dim, bool descending, bool, Kind) { return argsort(t, dim, descending); },
         "The indices that put the elements in order along dim, as sort's: a new int64 tensor of input's shape.\n\n"
         "Equal elements keep their order, whatever stable and kind, NumPy's name of an algorithm, say. IndexError\n"
         "for a dimension that is not there.\n\n"
         "kind: taken as NumPy's; every sort here is stable.\n\n"
         ">>> tenon.argsort(tenon.tensor([3, 1, 2]))\n"
         "tensor([1, 2, 0])",
         "input"_a, "dim"_a = -1, "descending"_a = false, "stable"_a = true, kw_only, "kind"_a = none)
      .numpy("argsort", &numpy_argsort,
             (std::string("A new int64 tensor of a's shape, or flat for None.\n\n") + kNumpySort +
              ">>> tenon.numpy.argsort(tenon.tensor([3, 1, 2]))\n"
              "tensor([1, 2, 0])")
                 .c_str(),
             "a"_a, "axis"_a = -1, "kind"_a = none, "order"_a = none, kw_only, "stable"_a = none,
             "descending"_a = false)
      .array_api("argsort");
  ops.def(
      "msort", +[](const Tensor& t) { return sort(t, 0); },
      "The elements in order along the first dimension, as sort's values. A copy.\n\n"
      "Any dtype, and any shape; a 0-d tensor is as it is. TypeError for what is no tensor or array.\n\n"
      ">>> tenon.msort(tenon.tensor([3, 1, 2]))\n"
      "tensor([1, 2, 3])",
      "input"_a);
  ops.def(
         "_order_statistics", +[](const Tensor& t, const Dims& ranks) { return order_statistics(t, ranks); },
         "What sorting the last dimension would put at these ranks, which ascend; NaN where there is any.", "input"_a,
         "ranks"_a)
      .function_only()
      .no_out();
}

}  // namespace tenon::py
