// Rows: medians and quantiles.
#include "core/errors.h"
#include "ingest.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/quantile.h"

namespace tenon::py {

// The q of quantiles: its numbers and lists are float64, whatever the default float is.
struct Levels {
  Tensor values;
};
inline InUse hold(const Levels& q) { return hold(q.values); }
template <>
struct From<Levels> {
  Levels held;
  From(PyObject* q, const Where& w) {
    if (Scalar s; is_tensor(q) || is_ndarray(q)) held.values = to_tensor(q, w);
    else if (as_scalar(q, s)) held.values = Tensor::of(s, DType::float64);
    else if (q == Py_None || PyUnicode_Check(q)) wrong_type(w, "a number or array", q);
    else held.values = ingest(q, w.op, {.dtype = DType::float64, .device = {}, .copy = {}});
  }
  const Levels& get() const { return held; }
};

namespace {

template <Tensor (*F)(const Tensor&, const Tensor&, const Axes&, bool, const std::string&)>
Tensor quantile_row(const Tensor& t, const Levels& q, const Axes& axes, bool keepdim, const std::string& method) {
  return F(t, q.values, axes, keepdim, method);
}
template <Tensor (*F)(const Tensor&, const Tensor&, const Axes&, bool, const std::string&), int scale, bool skip_nan>
Tensor numpy_quantile(const Tensor& t, const Levels& q, const Axes& axes, bool, const std::string& method, bool keepdim,
                      const std::optional<Tensor>& weights) {
  if (!weights) return F(t, q.values, axes, keepdim, method);
  if (method != "inverted_cdf")
    errors::fail(scale == 1 ? "quantile" : "percentile", "the method inverted_cdf takes weights; got '", method, "'");
  const Tensor levels = to(q.values, DType::float64);
  return weighted_quantile(t, scale == 1 ? levels : div(levels, scale), *weights, axes, keepdim, skip_nan);
}
template <Tensor (*F)(const Tensor&, const Axes&, bool)>
Tensor numpy_median(const Tensor& t, const Axes& axes, bool, bool keepdim) {
  return F(t, axes, keepdim);
}

// Without dim: one tensor. With it: a named tuple of values and positions.
template <Tensor (*All)(const Tensor&), ValuesIndices (*Along)(const Tensor&, std::int64_t, bool)>
PyObject* median_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (args[1] == Py_None) return computed(10 * t.numel(), [&] { return All(t); }, t);
  const auto dim = argument<std::int64_t>(def, args, 1);
  const bool keepdim = argument<bool>(def, args, 2);
  return computed(10 * t.numel(), [&] { return Along(t, dim, keepdim); }, t);
}

constexpr const char* kQuantileDoc =
    "A new tensor, or out, of q's shape and then what is left of a's. q: numbers of any shape. axis: an int, a tuple, or\n"
    "None for all; keepdims keeps them with size 1. method: any of NumPy's thirteen; those that give elements keep\n"
    "integers, the others give the default float. weights: of a's shape, or 1-D along axis, for the method inverted_cdf.\n"
    "overwrite_input changes nothing.\n";

template <Tensor (*F)(const Tensor&, const Axes&, bool)>
void median_of_numpy(OpDef& d, std::nullptr_t) {
  d.doc =
      "The element in the middle, or the mean of the two in the middle: a new tensor of a float, or out.\n\n"
      "axis: an int, a tuple, or None for all; keepdims keeps them with size 1. overwrite_input changes nothing. NaN of\n"
      "no elements. IndexError for an axis that is not there, ValueError for a repeated one, TypeError for complex\n"
      "numbers and float8.\n\n"
      ">>> tenon.numpy.median(tenon.tensor([3, 1, 4, 2]))\n"
      "tensor(2.5000)";
  Ops::bind(d, &numpy_median<F>, "a"_a, "axis"_a = none, "out"_a, "overwrite_input"_a = false, "keepdims"_a = false);
}

}  // namespace

void def_quantile(Ops& ops) {
  ops.raw("median", &median_any<&lower_median, &lower_median>,
          "The element in the middle, the lower one of two, of input's dtype; NaN if there is a NaN.\n\n"
          "median(): of all, a new 0-d tensor, NaN of none. median(dim): a named tuple (values, indices) of new\n"
          "tensors without dim, or with it as 1 with keepdim. The mean of two, as NumPy's median, is\n"
          "quantile(0.5). ValueError for no elements along dim, IndexError for a dimension that is not there,\n"
          "TypeError for complex numbers and float8.\n\n"
          ">>> tenon.median(tenon.tensor([3, 1, 4, 2]))\n"
          "tensor(2)",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .with_out()
      .returns("Any")
      .numpy("median", median_of_numpy<&median>);
  ops.raw("nanmedian", &median_any<&nan_lower_median, &nan_lower_median>,
          "As median, without the NaNs; NaN where there is nothing else. New tensors.\n\n"
          "ValueError for no elements along dim, IndexError for a dimension that is not there, TypeError for\n"
          "complex numbers and float8.\n\n"
          ">>> tenon.nanmedian(tenon.tensor([3., float('nan'), 1.]))\n"
          "tensor(1.)",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .with_out()
      .returns("Any")
      .numpy("nanmedian", median_of_numpy<&nanmedian>);
  ops.def(
         "quantile", &quantile_row<&quantile>,
         "The q-quantiles of the elements over dim, for q from 0 to 1, with gradients; a NaN gives NaN.\n\n"
         "A new tensor of q's shape and then what is left of input's. q: numbers of any shape. dim: an int, a tuple, or\n"
         "None for all dimensions; keepdim keeps them with size 1. interpolation: linear, lower, higher, midpoint,\n"
         "nearest, or another of NumPy's methods.\n",
         "input"_a, "q"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "interpolation"_a = "linear")
      .autocast(Autocast::full)
      .notes(
          "Those that give elements (lower, higher, nearest) keep integers, the others give the default float. The\n"
          "gradient goes to the elements, and to q where the method is continuous. ValueError for a q outside the\n"
          "range, another method and no elements; IndexError for a dimension that is not there; TypeError for complex\n"
          "numbers and float8; RuntimeError for a q that requires grad where the method is not continuous.\n\n"
          ">>> tenon.quantile(tenon.tensor([1., 2., 4.]), 0.75)\n"
          "tensor(3.)")
      .numpy("quantile", &numpy_quantile<&quantile, 1, false>, kQuantileDoc, "a"_a, "q"_a, "axis"_a = none, "out"_a,
             "overwrite_input"_a = false, "method"_a = "linear", "keepdims"_a = false, kw_only, "weights"_a = none);
  ops.def("nanquantile", &quantile_row<&nanquantile>,
          "The q-quantiles as quantile finds them, without the NaNs; NaN where there is nothing else.\n\n"
          "A new tensor. The arguments are quantile's.\n\n\n"
          "q: the fractions in [0, 1], a number or a tensor.",
          "input"_a, "q"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "interpolation"_a = "linear")
      .autocast(Autocast::full)
      .notes(
          "The errors are quantile's (ValueError, IndexError, TypeError, RuntimeError), but none of no elements.\n\n"
          ">>> tenon.nanquantile(tenon.tensor([1., float('nan'), 3.]), 0.5)\n"
          "tensor(2.)")
      .numpy("nanquantile", &numpy_quantile<&nanquantile, 1, true>, kQuantileDoc, "a"_a, "q"_a, "axis"_a = none,
             "out"_a, "overwrite_input"_a = false, "method"_a = "linear", "keepdims"_a = false, kw_only,
             "weights"_a = none);
  ops.def("percentile", &numpy_quantile<&percentile, 100, false>,
          "The q-quantiles of the elements, for q from 0 to 100: a new tensor.\n\n"
          "The arguments and errors are quantile's (ValueError, IndexError, TypeError, RuntimeError).\n\n"
          "q: numbers from 0 to 100, one or a tensor of them. method: how a value between two elements is found, as\n"
          "quantile's.\n\n"
          ">>> tenon.numpy.percentile(tenon.tensor([1., 2., 4.]), 75)\n"
          "tensor(3.)",
          "a"_a, "q"_a, "axis"_a = none, "out"_a, "overwrite_input"_a = false, "method"_a = "linear",
          "keepdims"_a = false, kw_only, "weights"_a = none)
      .numpy_only("percentile");
  ops.def("nanpercentile", &numpy_quantile<&nanpercentile, 100, true>,
          "The q-quantiles without the NaNs, for q from 0 to 100: a new tensor.\n\n"
          "The arguments and errors are nanquantile's (ValueError, IndexError, TypeError, RuntimeError).\n\n"
          "q: numbers from 0 to 100, one or a tensor of them. method: how a value between two elements is found, as\n"
          "quantile's.\n\n"
          ">>> tenon.numpy.nanpercentile(tenon.tensor([1., float('nan'), 3.]), 50)\n"
          "tensor(2.)",
          "a"_a, "q"_a, "axis"_a = none, "out"_a, "overwrite_input"_a = false, "method"_a = "linear",
          "keepdims"_a = false, kw_only, "weights"_a = none)
      .numpy_only("nanpercentile");
}

}  // namespace tenon::py
