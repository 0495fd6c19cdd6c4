#include "backends/cuda/reduce.cuh"
#include "backends/cuda/reductions/reductions.h"
#include "backends/cuda/reductions/wide.h"

namespace tenon::cuda {

bool reduce_position(const Context& context, const ReduceCall& c) {
  return by_wide_real(c.compute, [&]<class T>() {
    if (c.op == Reduction::argmax) run_reduction<Position<T, true>>(context, c);
    else run_reduction<Position<T, false>>(context, c);
  });
}

}  // namespace tenon::cuda
