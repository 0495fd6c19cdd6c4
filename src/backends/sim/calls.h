// The operations of the simulated devices.
#pragma once

#include "tenon/backend.h"

namespace tenon::sim {

Status elementwise(Stream, const char* op, const ElementwiseCall&) noexcept;
Status reduce(Stream, const char* op, const ReduceCall&) noexcept;
Status scan(Stream, const char* op, const ScanCall&) noexcept;
Status softmax(Stream, const char* op, const SoftmaxCall&) noexcept;
Status matmul(Stream, const char* op, const MatmulCall&) noexcept;
Status index(Stream, const char* op, const IndexCall&) noexcept;
Status random(Stream, const char* op, const RandomCall&) noexcept;
Status iota(Stream, const char* op, const IotaCall&) noexcept;
Status sort(Stream, const char* op, const SortCall&) noexcept;
Status select(Stream, const char* op, const SelectCall&) noexcept;
Status count_true(Stream, const char* op, const bool* mask, std::int64_t n, std::int64_t* count) noexcept;
Status true_positions(Stream, const char* op, const bool* mask, std::int64_t n, std::int64_t* out,
                      std::int64_t count) noexcept;
Status program(Stream, const char* op, const ProgramCall&) noexcept;

}  // namespace tenon::sim
