// Reductions, by what they do with elements.
#include "backends/cuda/operations.h"
#include "backends/cuda/reductions/reductions.h"

namespace tenon::cuda {
namespace {

bool run(const Context& context, const ReduceCall& c) {
  switch (c.op) {
    case Reduction::sum: return reduce_sum(context, c);
    case Reduction::prod: return reduce_prod(context, c);
    case Reduction::min:
    case Reduction::max: return reduce_extremum(context, c);
    case Reduction::argmin:
    case Reduction::argmax: return reduce_position(context, c);
    case Reduction::any:
    case Reduction::all:
    case Reduction::count_nonzero: return reduce_truth(context, c);
    case Reduction::var:
    case Reduction::norm2: return reduce_moment(context, c);
  }
  return false;
}

}  // namespace

Status reduce(const Context& context, const ReduceCall& c) {
  return run(context, c) ? Status::ok : Status::unavailable;
}

}  // namespace tenon::cuda
