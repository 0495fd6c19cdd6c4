// The operations that have kernels. Each throws Error, and returns unavailable where there is none for such a call.
#pragma once

#include "backends/cuda/context.h"

namespace tenon::cuda {

Status elementwise(const Context& context, const ElementwiseCall& call);
// Parts of elementwise: copies, casts and fills; comparisons without a common dtype.
Status copy_elements(const Context& context, const ElementwiseCall& call);
Status compare_mixed(const Context& context, const ElementwiseCall& call);
// Bytes that lie next to each other, within the device.
void copy_bytes(const Context& context, void* to, const void* from, std::int64_t bytes);
// Bytes of the host, which may change afterwards, to the device in the stream's order. For short lists.
void upload(const Context& context, void* to, const void* host, std::int64_t bytes);
Status program(const Context& context, const ProgramCall& call);
Status reduce(const Context& context, const ReduceCall& call);
Status scan(const Context& context, const ScanCall& call);
Status softmax(const Context& context, const SoftmaxCall& call);
Status matmul(const Context& context, const MatmulCall& call);
Status index(const Context& context, const IndexCall& call);
Status count_true(const Context& context, const CountTrueCall& call);
Status true_positions(const Context& context, const TruePositionsCall& call);
Status masked(const Context& context, const MaskedCall& call);
Status random(const Context& context, const RandomCall& call);
Status iota(const Context& context, const IotaCall& call);
Status sort(const Context& context, const SortCall& call);
Status select(const Context& context, const SelectCall& call);
Status convolution(const Context& context, const ConvolutionCall& call);
Status pool(const Context& context, const PoolCall& call);
Status attention(const Context& context, const AttentionCall& call);
Status normalization(const Context& context, const NormalizationCall& call);
Status recurrent(const Context& context, const RecurrentCall& call);
Status ctc(const Context& context, const CtcCall& call);

}  // namespace tenon::cuda
