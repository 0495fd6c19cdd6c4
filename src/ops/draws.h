// Places in a generator's stream, for those who draw from it.
#pragma once

#include "tenon/ops/random.h"

namespace tenon {

// The first of the places that were taken. In a graph's capture the generator's part of it stands in memory, which each
// replay renews.
struct Draws {
  std::uint64_t seed = 0, offset = 0;
  Tensor state;  // a seed and an offset, uint64; undefined: they are the numbers above alone

  const std::uint64_t* in_memory() const { return state.defined() ? state.data<std::uint64_t>() : nullptr; }
};

// Takes n places for numbers on the device; of the default generator where g is null. Throws RuntimeError in a capture
// that does not know the generator.
Draws take_draws(const char* op, Generator* g, std::int64_t n, Device device);

// Memory that a graph's part renews before each replay: not of the capture, whose memory serves one call after another.
Tensor memory_of_part(const Dims& shape, DType dtype, Device device);

// Uniform in [0, 1), contiguous; floating dtypes.
Tensor uniform_at(const Draws& from, const Dims& shape, DType dtype, Device device);

}  // namespace tenon
