// The launches of reductions, each instantiated in a file of this folder; false: not for this dtype.
#pragma once

#include "backends/cuda/context.h"

namespace tenon::cuda {

bool reduce_sum(const Context& context, const ReduceCall& call);
bool reduce_prod(const Context& context, const ReduceCall& call);
bool reduce_extremum(const Context& context, const ReduceCall& call);
bool reduce_position(const Context& context, const ReduceCall& call);
bool reduce_truth(const Context& context, const ReduceCall& call);
bool reduce_moment(const Context& context, const ReduceCall& call);

}  // namespace tenon::cuda
