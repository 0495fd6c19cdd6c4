#include "backends/cuda/reduce.cuh"
#include "backends/cuda/reductions/reductions.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {

bool reduce_truth(const Context& context, const ReduceCall& c) {
  if (c.op == Reduction::any) run_reduction<Truth<false>>(context, c);
  else if (c.op == Reduction::all) run_reduction<Truth<true>>(context, c);
  else run_reduction<Count>(context, c);
  return true;
}

}  // namespace tenon::cuda
