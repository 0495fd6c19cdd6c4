// Rows: weighted means and covariances.
#include "op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/statistics.h"

namespace tenon::py {
namespace {

Tensor cov_row(const Tensor& t, double correction, const std::optional<Tensor>& fweights,
               const std::optional<Tensor>& aweights) {
  CovOptions o;
  o.correction = correction;
  if (fweights) o.fweights = *fweights;
  if (aweights) o.aweights = *aweights;
  return cov(t, o);
}

using MaybeTensor = std::optional<Tensor>;

CovOptions options_of(const MaybeTensor& y, bool rowvar) {
  CovOptions o;
  if (y) o.y = *y;
  o.rows = rowvar;
  return o;
}
Tensor numpy_cov(const Tensor& t, const MaybeTensor& y, bool rowvar, bool bias, const std::optional<double>& ddof,
                 const MaybeTensor& fweights, const MaybeTensor& aweights, const std::optional<DType>& dtype) {
  CovOptions o = options_of(y, rowvar);
  o.correction = ddof.value_or(bias ? 0 : 1);
  if (fweights) o.fweights = *fweights;
  if (aweights) o.aweights = *aweights;
  return cov(dtype ? to(t, dtype) : t, o);
}
Tensor numpy_corrcoef(const Tensor& t, const MaybeTensor& y, bool rowvar, const std::optional<DType>& dtype) {
  return corrcoef(dtype ? to(t, dtype) : t, options_of(y, rowvar));
}

PyObject* average_any(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const Axes axes = argument<Axes>(def, args, 1);
  const auto weights = argument<MaybeTensor>(def, args, 2);
  const bool returned = argument<bool>(def, args, 3), keepdims = argument<bool>(def, args, 4);
  const auto f = [&] { return average(t, weights.value_or(Tensor()), axes, keepdims); };
  const WeightedMean r = without_gil(t.numel(), f, t, weights);
  return returned ? to_python(std::vector<Tensor>{r.mean, r.weights}) : to_python(r.mean);
}

}  // namespace

void def_statistics(Ops& ops) {
  ops.def("cov", &cov_row,
          "The covariances of the variables in the rows of a matrix: a new tensor (k, k), or 0-d for one variable.\n\n"
          "Columns are observations; it divides by their number less correction. fweights: how often each counts\n"
          "(integers), aweights: how much it weighs. Of integers and bools in the default float. ValueError for more\n"
          "than two dimensions and for weights of another shape, TypeError for fweights that are no integers and for\n"
          "float8.\n\n"
          ">>> tenon.cov(tenon.tensor([[1., 2., 3.], [3., 2., 1.]]))\n"
          "tensor([[ 1., -1.],\n"
          "        [-1.,  1.]])",
          "input"_a, kw_only, "correction"_a = 1, "fweights"_a = none, "aweights"_a = none)
      .numpy(
          "cov", &numpy_cov,
          "\n"
          "A new tensor. y: more variables. rowvar: whether rows are variables, or columns. It divides by the number of\n"
          "observations less ddof, 1 unless bias or ddof say otherwise. fweights: how often each observation counts\n"
          "(integers), aweights: how much it weighs. ValueError for more than two dimensions and for shapes that do not\n"
          "fit, TypeError for fweights that are no integers and for float8.",
          "m"_a, "y"_a = none, "rowvar"_a = true, "bias"_a = false, "ddof"_a = none, "fweights"_a = none,
          "aweights"_a = none, kw_only, "dtype"_a = none);
  ops.def(
         "corrcoef", +[](const Tensor& t) { return corrcoef(t); },
         "The correlations of the variables in the rows of a matrix, from -1 to 1: a new tensor, as cov's.\n\n"
         "Of integers and bools in the default float. ValueError for more than two dimensions, TypeError for\n"
         "float8.\n\n"
         ">>> tenon.corrcoef(tenon.tensor([[1., 2., 3.], [3., 2., 1.]]))\n"
         "tensor([[ 1., -1.],\n"
         "        [-1.,  1.]])",
         "input"_a)
      .numpy(
          "corrcoef", &numpy_corrcoef,
          "\n"
          "A new tensor. y: more variables. rowvar: whether rows are variables, or columns. ValueError for more than two\n"
          "dimensions and for shapes that do not fit, TypeError for float8.",
          "x"_a, "y"_a = none, "rowvar"_a = true, kw_only, "dtype"_a = none);
  ops.raw("average", &average_any,
          "The weighted mean over axis: a new tensor of a float; with returned a tuple with the sum of the weights.\n\n"
          "weights: of a's shape, or of its sizes along axis; all 1 without. axis: an int, a tuple, or None for all;\n"
          "keepdims keeps them with size 1. The gradient goes to a and the weights. ValueError for weights of another\n"
          "shape and a repeated axis, IndexError for an axis that is not there, TypeError for float8.\n\n"
          "returned: True returns the sum of the weights too.\n\n"
          ">>> tenon.numpy.average(tenon.tensor([1., 2.]), weights=tenon.tensor([1., 3.]))\n"
          "tensor(1.7500)",
          "a"_a, "axis"_a = none, "weights"_a = none, "returned"_a = false, kw_only, "keepdims"_a = false)
      .arrays(0b101)  // a and weights
      .returns("Any")
      .numpy_only("average");
}

}  // namespace tenon::py
