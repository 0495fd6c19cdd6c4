// Rows: random numbers of gamma, Poisson and binomial distributions.
#include "tenon/ops/variates.h"

#include "op.h"

namespace tenon::py {

void def_variates(Ops& ops) {
  ops.def(
         "_standard_gamma", +[](const Tensor& t, Generator* g) { return standard_gamma(t, g); },
         "Gamma variables of the shapes in input, for tenon.distributions", "input"_a, kw_only, "generator"_a = none)
      .function_only()
      .long_work();
  ops.def(
         "poisson", +[](const Tensor& t, Generator* g) { return poisson(t, g); },
         "Numbers of events with the means that input gives (Poisson): a new tensor of input's shape and dtype.\n\n"
         "Without a gradient. By inversion for means below 10, else by transformed rejection (Hoermann 1993), in float64. "
         "ValueError for means that are negative or not finite, TypeError for other dtypes than float16, bfloat16, float32 "
         "and float64.\n\n"
         ">>> tenon.poisson(tenon.zeros(2))\n"
         "tensor([0., 0.])",
         "input"_a, "generator"_a = none)
      .function_only()
      .long_work();
  ops.def(
         "binomial", +[](const Tensor& n, const Tensor& p, Generator* g) { return binomial(n, p, g); },
         "Numbers of successes in so many trials of a probability (binomial): a new tensor of count's dtype.\n\n"
         "count: the numbers of trials, whole and not negative, in floats. prob: the probabilities; both broadcast. Without "
         "a gradient. By inversion for means below 10, else by transformed rejection (Hoermann 1993), in float64. "
         "ValueError for counts and probabilities out of range and for shapes that do not broadcast, TypeError for other "
         "dtypes than float16, bfloat16, float32 and float64.\n\n"
         ">>> tenon.binomial(tenon.tensor([5.0, 3.0]), tenon.tensor([1.0, 0.0]))\n"
         "tensor([5., 0.])",
         "count"_a, "prob"_a, "generator"_a = none)
      .function_only()
      .long_work();
}

}  // namespace tenon::py
