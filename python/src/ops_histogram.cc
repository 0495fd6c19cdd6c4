// Rows: counting elements by value.
#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/histogram.h"

namespace tenon::py {
namespace {

Tensor bincount_row(const Tensor& t, const std::optional<Tensor>& weights, std::int64_t minlength) {
  return bincount(t, weights.value_or(Tensor()), minlength);
}

// A pair of numbers.
std::optional<std::pair<double, double>> range_of(PyObject* o, const Where& w) {
  if (o == Py_None) return {};
  const Object pair = Object::maybe(PySequence_Fast(o, ""));
  if (!pair) PyErr_Clear();
  if (!pair || PySequence_Fast_GET_SIZE(pair.get()) != 2) wrong_type(w, "a pair of numbers", o);
  return std::pair{to_double(item_at(pair.get(), 0, w.op).get(), w), to_double(item_at(pair.get(), 1, w.op).get(), w)};
}

// A number of bins, the name of a rule, or edges.
Bins bins_of(PyObject* o, const Tensor& t, const Where& w) {
  Bins b;
  if (PyUnicode_Check(o)) b.rule = utf8(o);
  else if (PyIndex_Check(o) && !is_tensor(o) && !is_ndarray(o)) b.count = to_int(o, w);
  else if (const Tensor e = to_tensor_beside(o, t, w); e.ndim() == 0 && is_integral(e.dtype()))
    b.count = e.item<std::int64_t>();
  else b.edges = e;
  return b;
}

// PyTorch's, whose counts have the input's dtype.
PyObject* histogram_any(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const Tensor t = argument<Tensor>(def, args, 0);
  Bins bins = bins_of(args[1], t, {op, "bins"});
  bins.range = range_of(args[2], {op, "range"});
  const auto weights = argument<std::optional<Tensor>>(def, args, 3).value_or(Tensor());
  const bool density = argument<bool>(def, args, 4);
  const auto f = [&] {
    Histogram h = histogram(t, bins, weights, density);
    if (!is_differentiable(h.counts.dtype()))
      h.counts = to(h.counts, is_floating(t.dtype()) ? t.dtype() : default_float());
    return h;
  };
  return to_python(without_gil(10 * t.numel(), f, t));
}

}  // namespace

void def_histogram(Ops& ops) {
  ops.def("bincount", &bincount_row,
          "How often each of 0, 1, 2, ... is among the integers of a 1-D tensor: a new tensor.\n\n"
          "Its size is the largest element + 1, or minlength. int64; with weights their sums, in their float, or the\n"
          "default float for integers; the gradient goes to the weights. ValueError for negative elements, other\n"
          "dimensions and weights of another shape, TypeError for what is no integer.\n\n"
          ">>> tenon.bincount(tenon.tensor([1, 2, 1]))\n"
          "tensor([0, 2, 1])",
          "input"_a, "weights"_a = none, "minlength"_a = 0)
      .no_out()
      .numpy("bincount");
  ops.def(
         "histc", &histc,
         "How many elements are in each of equal bins from min to max: a new 1-D tensor of input's float.\n\n"
         "The extremes of the elements where both are 0. What lies outside counts nowhere. ValueError for no bins and\n"
         "for max below min, TypeError for complex numbers and float8.\n\n"
         ">>> tenon.histc(tenon.tensor([1., 2., 1.]), bins=4, min=0, max=3)\n"
         "tensor([0., 2., 1., 0.])",
         "input"_a, "bins"_a = 100, "min"_a = 0.0, "max"_a = 0.0)
      .no_out();
  ops.raw("histogram", &histogram_any,
          "A named tuple (hist, bin_edges): what each bin has of the elements, and where the bins begin and end.\n\n"
          "New tensors. bins: their number, between the extremes or in range; their edges, 1-D and ascending; or the\n"
          "name of a rule of NumPy's. The last bin has its upper edge, too. weight: what each element counts; the\n"
          "gradient goes there. density: divided by the total and the bin's width. ValueError for no bins, edges that\n"
          "descend and a range that does, TypeError for complex numbers and float8.\n\n"
          ">>> tenon.histogram(tenon.tensor([1., 2., 1.]), 2).hist\n"
          "tensor([2., 1.])",
          "input"_a, "bins"_a = 10, kw_only, "range"_a = none, "weight"_a = none, "density"_a = false)
      .returns("HistogramResult");
}

}  // namespace tenon::py
