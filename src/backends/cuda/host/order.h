// In which order warps and blocks run, and which barriers are left out: what tests of kernels choose.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/cuda/host/block.h"

namespace tenon::cuda::host {

// TENON_CUDA_ORDER: forward, reversed, or a number that shuffles.
enum class Order { forward, reversed, shuffled };
Order order();
// The order of n things, for the count-th choice.
std::vector<unsigned> permutation(unsigned n, std::uint64_t count);

// Whether a wait of threads at a line of source happens. Lines are noted, and tests leave one of them out.
bool happens(const Site& site);

}  // namespace tenon::cuda::host
