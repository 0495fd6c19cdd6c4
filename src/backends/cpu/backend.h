// The CPU's entries of the backend table, which backend.cc makes safe for it: these may throw.
#pragma once

#include "tenon/backend.h"

namespace tenon::cpu {

Status elementwise(const ElementwiseCall& c);
Status copy(const ElementwiseCall& c);
Status reduce(const ReduceCall& c);
Status scan(const ScanCall& c);
Status scan_extremum(const ScanCall& c);  // of them argmax and argmin
Status softmax(const SoftmaxCall& c);
Status matmul(const MatmulCall& c);
Status index(const IndexCall& c);
Status random(const RandomCall& c);
Status iota(const IotaCall& c);
Status sort(const SortCall& c);
Status select(const SelectCall& c);
Status count_true(const bool* mask, std::int64_t n, std::int64_t* count);
Status true_positions(const bool* mask, std::int64_t n, std::int64_t* out, std::int64_t count);
Status masked(const MaskedCall& c);
Status program(const ProgramCall& c);
Status index_range(const std::int64_t* indices, std::int64_t n, std::int64_t range[2]);

const Backend& backend();

}  // namespace tenon::cpu
