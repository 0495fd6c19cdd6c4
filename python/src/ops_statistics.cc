// Rows: weighted means and covariances.
#include "op.h"
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
          "input"_a, kw_only, "correction"_a = 1, "fweights"_a = none, "aweights"_a = none);
  ops.def(
      "corrcoef", +[](const Tensor& t) { return corrcoef(t); },
      "The correlations of the variables in the rows of a matrix, from -1 to 1: a new tensor, as cov's.\n\n"
      "Of integers and bools in the default float. ValueError for more than two dimensions, TypeError for\n"
      "float8.\n\n"
      ">>> tenon.corrcoef(tenon.tensor([[1., 2., 3.], [3., 2., 1.]]))\n"
      "tensor([[ 1., -1.],\n"
      "        [-1.,  1.]])",
      "input"_a);
}

}  // namespace tenon::py
