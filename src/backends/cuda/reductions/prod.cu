#include "backends/cuda/reduce.cuh"
#include "backends/cuda/reductions/reductions.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {

bool reduce_prod(const Context& context, const ReduceCall& c) {
  return by_wide(c.compute, [&]<class T>() { run_reduction<Prod<T>>(context, c); });
}

}  // namespace tenon::cuda
