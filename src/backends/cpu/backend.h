// The CPU's entries of the backend table.
#pragma once

#include "tenon/backend.h"

namespace tenon::cpu {

int elementwise(int device, const ElementwiseCall& c);
int copy(const ElementwiseCall& c);
int reduce(int device, const ReduceCall& c);
int scan(int device, const ScanCall& c);
int softmax(int device, const SoftmaxCall& c);
int matmul(int device, const MatmulCall& c);
int index(int device, const IndexCall& c);
int random(int device, const RandomCall& c);
int iota(int device, const IotaCall& c);
int sort(int device, const SortCall& c);
int select(int device, const SelectCall& c);
std::int64_t count_true(int device, const bool* mask, std::int64_t n);
int true_positions(int device, const bool* mask, std::int64_t n, std::int64_t* out, std::int64_t count);
int masked(int device, const MaskedCall& c);
int program(int device, const ProgramCall& c);
int index_range(int device, const std::int64_t* indices, std::int64_t n, std::int64_t range[2]);

const Backend& backend();

}  // namespace tenon::cpu
