// Rows: medians and quantiles.
#include "ingest.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/quantile.h"

namespace tenon::py {
namespace {

// q, whose numbers and lists are float64 whatever the default float is.
Tensor levels(const OpDef& def, PyObject* q) {
  const Where w{def.name.c_str(), "q"};
  if (is_tensor(q) || is_ndarray(q)) return to_tensor(q, w);
  if (Scalar s; as_scalar(q, s)) return Tensor::of(s, DType::float64);
  if (q == Py_None || PyUnicode_Check(q)) wrong_type(w, "a number or array", q);
  return ingest(q, w.op, {.dtype = DType::float64, .device = {}, .copy = {}});
}

using Quantile = Tensor (*)(const Tensor&, const Tensor&, const Axes&, bool, const std::string&);

template <Quantile F>
PyObject* quantile_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0), q = levels(def, args[1]);
  const Axes axes = argument<Axes>(def, args, 2);
  const bool keepdim = argument<bool>(def, args, 3);
  const auto method = argument<std::string>(def, args, 4);
  return computed(10 * t.numel(), [&] { return F(t, q, axes, keepdim, method); }, t, q);
}

// Of all elements one tensor, along dim a named tuple.
template <Tensor (*All)(const Tensor&), ValuesIndices (*Along)(const Tensor&, std::int64_t, bool)>
PyObject* median_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  if (args[1] == Py_None) return computed(10 * t.numel(), [&] { return All(t); }, t);
  const auto dim = argument<std::int64_t>(def, args, 1);
  const bool keepdim = argument<bool>(def, args, 2);
  return computed(10 * t.numel(), [&] { return Along(t, dim, keepdim); }, t);
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
      .returns("Any");
  ops.raw("nanmedian", &median_any<&nan_lower_median, &nan_lower_median>,
          "As median, without the NaNs; NaN where there is nothing else. New tensors.\n\n"
          "ValueError for no elements along dim, IndexError for a dimension that is not there, TypeError for\n"
          "complex numbers and float8.\n\n"
          ">>> tenon.nanmedian(tenon.tensor([3., float('nan'), 1.]))\n"
          "tensor(1.)",
          "input"_a, "dim"_a = none, "keepdim"_a = false)
      .with_out()
      .returns("Any");
  ops.raw(
         "quantile", &quantile_any<&quantile>,
         "The q-quantiles of the elements over dim: a new tensor, of q's shape and then what is left of input's.\n\n"
         "q: numbers from 0 to 1 of any shape. dim: an int, a tuple, or None for all dimensions; keepdim keeps them\n"
         "with size 1. interpolation: linear, lower, higher, midpoint, nearest, or another of NumPy's methods: hazen,\n"
         "weibull, median_unbiased, normal_unbiased, inverted_cdf, averaged_inverted_cdf, closest_observation,\n"
         "interpolated_inverted_cdf. Those that give elements keep integers, the others give the default float.\n"
         "A NaN gives NaN. The gradient goes to the elements, and to q where the method is continuous.\n"
         "ValueError for a q outside the range, another method and no elements; IndexError for a dimension that is\n"
         "not there; TypeError for complex numbers and float8; RuntimeError for a q that requires grad otherwise.\n\n"
         ">>> tenon.quantile(tenon.tensor([1., 2., 4.]), 0.75)\n"
         "tensor(3.)",
         "input"_a, "q"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "interpolation"_a = "linear")
      .with_out();
  ops.raw("nanquantile", &quantile_any<&nanquantile>,
          "As quantile, without the NaNs; NaN where there is nothing else. A new tensor.\n\n"
          "The errors are quantile's (ValueError, IndexError, TypeError, RuntimeError), but not of no elements.\n\n"
          ">>> tenon.nanquantile(tenon.tensor([1., float('nan'), 3.]), 0.5)\n"
          "tensor(2.)",
          "input"_a, "q"_a, "dim"_a = none, "keepdim"_a = false, kw_only, "interpolation"_a = "linear")
      .with_out();
}

}  // namespace tenon::py
