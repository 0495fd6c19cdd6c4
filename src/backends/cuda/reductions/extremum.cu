#include "backends/cuda/reduce.cuh"
#include "backends/cuda/reductions/reductions.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {

bool reduce_extremum(const Context& context, const ReduceCall& c) {
  return by_wide_real(c.compute, [&]<class T>() {
    if (c.op == Reduction::max) run_reduction<Extremum<T, true>>(context, c);
    else run_reduction<Extremum<T, false>>(context, c);
  });
}

}  // namespace tenon::cuda
