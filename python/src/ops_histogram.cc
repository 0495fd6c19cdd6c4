// Rows: counting elements by value.
#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/histogram.h"
#include "tenon/ops/join.h"
#include "tenon/ops/view.h"

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
  return to_python(without_gil(10 * t.numel(), f, t, bins.edges, weights));
}

PyObject* numpy_histogram(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const Tensor t = argument<Tensor>(def, args, 0);
  Bins bins = bins_of(args[1], t, {op, "bins"});
  bins.range = range_of(args[2], {op, "range"});
  const bool density = args[3] != Py_None && argument<bool>(def, args, 3);
  const Tensor weights = argument<std::optional<Tensor>>(def, args, 4).value_or(Tensor());
  const auto f = [&] { return histogram(t, bins, weights, density); };
  const Histogram h = without_gil(10 * t.numel(), f, t, bins.edges, weights);
  return to_python(std::vector<Tensor>{h.counts, h.edges});
}
void histogram_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc =
      "A tuple of new tensors: how many elements each bin has, and where the bins begin and end.\n\n"
      "bins: their number, between the extremes or in range; their edges, 1-D and ascending; or the name of a rule:\n"
      "auto, fd, doane, scott, stone, rice, sturges or sqrt. The last bin has its upper edge, too. weights: what each\n"
      "element counts; the gradient goes there. density: divided by the total and the bin's width. Counts are int64, or\n"
      "of the weights' dtype. ValueError for no bins, edges that descend and a range that does, IndexError for no edges,\n"
      "TypeError for complex numbers, float8, and a rule with weights, RuntimeError for a range that requires grad.\n\n"
      ">>> tenon.numpy.histogram(tenon.tensor([1., 2., 1.]), 2)\n"
      "(tensor([2, 1]), tensor([1.0000, 1.5000, 2.0000]))";
  d.arguments("a"_a, "bins"_a = 10, "range"_a = none, "density"_a = none, "weights"_a = none);
  d.invoke = &numpy_histogram;
  d.returns = "tuple[Tensor, ...]";
}
PyObject* numpy_bin_edges(const OpDef& def, PyObject* const* args) {
  const char* op = def.name.c_str();
  const Tensor t = argument<Tensor>(def, args, 0);
  Bins bins = bins_of(args[1], t, {op, "bins"});
  bins.range = range_of(args[2], {op, "range"});
  if (args[3] != Py_None && !bins.rule.empty())
    errors::fail<TypeError>(op, "the rule '", bins.rule, "' takes no weights; pass the number of bins");
  return computed(10 * t.numel(), [&] { return histogram_bin_edges(t, bins); }, t, bins.edges);
}

// One for each of d dimensions: bins and range are shared or in sequences.
std::vector<Bins> grid_bins(const char* op, PyObject* bins, PyObject* range, const Tensor& points, std::int64_t d) {
  std::vector<Bins> all;
  const bool several = is_list(bins);
  if (several && PySequence_Fast_GET_SIZE(bins) != d)
    errors::fail(op, "bins are needed for each of the ", d, " dimensions; got ",
                 static_cast<std::int64_t>(PySequence_Fast_GET_SIZE(bins)));
  const Object ranges = range == Py_None ? Object() : Object::maybe(PySequence_Fast(range, ""));
  if (range != Py_None && (!ranges || PySequence_Fast_GET_SIZE(ranges.get()) != d)) {
    PyErr_Clear();
    errors::fail(op, "a range is needed for each of the ", d, " dimensions");
  }
  for (std::int64_t i = 0; i < d; ++i) {
    all.push_back(bins_of(several ? item_at(bins, i, op).get() : bins, points, {op, "bins"}));
    if (ranges) all.back().range = range_of(item_at(ranges.get(), i, op).get(), {op, "range"});
  }
  return all;
}
HistogramDD grid(const OpDef& def, PyObject* const* args, const Tensor& points, int first) {
  const char* op = def.name.c_str();
  if (points.ndim() != 2) errors::wrong_ndim(op, points.ndim(), "points (n, d) of 2 dimensions");
  const auto bins = grid_bins(op, args[first], args[first + 1], points, points.shape()[1]);
  const bool density = args[first + 2] != Py_None && argument<bool>(def, args, first + 2);
  const Tensor weights = argument<std::optional<Tensor>>(def, args, first + 3).value_or(Tensor());
  std::vector<Tensor> edges;
  for (const Bins& b : bins) edges.push_back(b.edges);
  const auto f = [&] { return histogramdd(points, bins, weights, density); };
  return without_gil(10 * points.numel(), f, points, edges, weights);
}
PyObject* numpy_histogramdd(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), "sample"};
  // A sequence of coordinates, or points in rows.
  Tensor points;
  if (is_list(args[0])) points = T(stack(to_tensors(args[0], w)));
  else points = argument<Tensor>(def, args, 0);
  if (points.ndim() == 1) points = unsqueeze(points, {1});
  const HistogramDD h = grid(def, args, points, 1);
  const Object edges = Object::steal(to_python(h.edges));
  return PyTuple_Pack(2, Object::steal(to_python(h.counts)).get(), edges.get());
}
PyObject* numpy_histogram2d(const OpDef& def, PyObject* const* args) {
  const Tensor xy[] = {argument<Tensor>(def, args, 0), argument<Tensor>(def, args, 1)};
  if (xy[0].shape() != xy[1].shape()) errors::wrong_shape(def.name, xy[1].shape(), xy[0].shape());
  const HistogramDD h = grid(def, args, stack(xy, 1), 2);
  return to_python(std::vector<Tensor>{h.counts, h.edges[0], h.edges[1]});
}

}  // namespace

void def_histogram(Ops& ops) {
  ops.def("bincount", &bincount_row,
          "How often each of 0, 1, 2, ... is among the integers of a 1-D tensor: a new tensor.\n\n"
          "Its size is the largest element + 1, or minlength. int64; with weights their sums, in their float, or in\n"
          "float64 for integers; the gradient goes to the weights. ValueError for negative elements, other\n"
          "dimensions and weights of another shape, TypeError for what is no integer.\n\n"
          "minlength: the least length of the result.\n\n"
          ">>> tenon.bincount(tenon.tensor([1, 2, 1]))\n"
          "tensor([0, 2, 1])",
          "input"_a, "weights"_a = none, "minlength"_a = 0)
      .no_out()
      .numpy("bincount", {"x"});
  ops.def(
      "histc", &histc,
      "How many elements are in each of equal bins from min to max: a new 1-D tensor of input's float.\n\n"
      "The extremes of the elements where both are 0. What lies outside counts nowhere. ValueError for no bins and\n"
      "for max below min, TypeError for complex numbers and float8.\n\n"
      "bins: the number of bins.\n\n"
      "min: the lower bound of the bins. max: the upper bound.\n\n"
      ">>> tenon.histc(tenon.tensor([1., 2., 1.]), bins=4, min=0, max=3)\n"
      "tensor([0., 2., 1., 0.])",
      "input"_a, "bins"_a = 100, "min"_a = 0.0, "max"_a = 0.0);
  ops.raw(
         "histogram", &histogram_any,
         "A named tuple (hist, bin_edges): what each bin has of the elements, and where the bins begin and end.\n\n"
         "New tensors. bins: their number, between the extremes or in range; their edges, 1-D and ascending; or the\n"
         "name of a rule of NumPy's. The last bin has its upper edge, too. weight: what each element counts; the\n"
         "gradient goes there. density: divided by the total and the bin's width. ValueError for no bins, edges that\n"
         "descend and a range that does, IndexError for no edges, TypeError for complex numbers and float8, RuntimeError\n"
         "for a range that requires grad.\n\n"
         "range: the lower and the upper bound of the bins; None for those of the elements.\n\n"
         ">>> tenon.histogram(tenon.tensor([1., 2., 1.]), 2).hist\n"
         "tensor([2., 1.])",
         "input"_a, "bins"_a = 10, kw_only, "range"_a = none, "weight"_a = none, "density"_a = false)
      .with_out()
      .returns("HistogramResult")
      .numpy("histogram", histogram_of_numpy);
  ops.raw(
         "histogram_bin_edges", &numpy_bin_edges,
         "The edges of the bins that histogram counts in: a new tensor, or bins itself where it is edges.\n\n"
         "As histogram's arguments; weights are not used. ValueError for no bins, edges that descend and a range that\n"
         "does, TypeError for complex numbers, float8, and a rule with weights, RuntimeError for a range that requires\n"
         "grad.\n\n"
         "bins: a number, a rule's name, or the edges themselves. range: the lower and the upper bound; None for those\n"
         "of the elements.\n\n"
         ">>> tenon.numpy.histogram_bin_edges(tenon.tensor([1., 2.]), 2)\n"
         "tensor([1.0000, 1.5000, 2.0000])",
         "a"_a, "bins"_a = 10, "range"_a = none, "weights"_a = none)
      .numpy_only("histogram_bin_edges");
  ops.raw(
         "histogramdd", &numpy_histogramdd,
         "A tuple of new tensors: how many points (n, d) are in each cell of a grid, and the edges of each dimension.\n\n"
         "sample: points in rows, or a sequence of coordinates. bins: a number, or for each dimension a number or edges.\n"
         "range: a pair for each dimension. weights, density: as histogram's. Counts are float64, or of the weights'\n"
         "dtype. ValueError for bins of another number and as histogram, TypeError for complex numbers and float8.\n\n"
         ">>> tenon.numpy.histogramdd(tenon.tensor([[0., 0.], [1., 1.]]), 2)[0]\n"
         "tensor([[1., 0.],\n"
         "        [0., 1.]], dtype=tenon.float64)",
         "sample"_a, "bins"_a = 10, "range"_a = none, "density"_a = none, "weights"_a = none)
      .returns("tuple[Any, ...]")
      .numpy_only("histogramdd");
  ops.raw(
         "histogram2d", &numpy_histogram2d,
         "A tuple of new tensors: how many points (x, y) are in each cell of a grid, its edges in x and in y.\n\n"
         "bins: a number, or a pair of numbers or edges. range: a pair of pairs. weights, density: as histogram's. Counts\n"
         "are float64, or of the weights' dtype. ValueError as histogram, TypeError for complex numbers and float8.\n\n"
         "y: the second coordinates, as many as x has.\n\n"
         ">>> tenon.numpy.histogram2d(tenon.tensor([0., 1.]), tenon.tensor([0., 1.]), 2)[0]\n"
         "tensor([[1., 0.],\n"
         "        [0., 1.]], dtype=tenon.float64)",
         "x"_a, "y"_a, "bins"_a = 10, "range"_a = none, "density"_a = none, "weights"_a = none)
      .returns("tuple[Tensor, ...]")
      .numpy_only("histogram2d");
}

}  // namespace tenon::py
