#include "backends/cuda/reduce.cuh"
#include "backends/cuda/reductions/reductions.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {

bool reduce_moment(const Context& context, const ReduceCall& c) {
  if (!is_floating(c.compute) || is_float8(c.compute)) return false;
  if (c.op == Reduction::var) run_reduction<Variance>(context, c);
  else run_reduction<Norm>(context, c);
  return true;
}

}  // namespace tenon::cuda
