// Steps that programs often have in a row, as one loop each: what stands between them stays in the processor's registers.
#pragma once

#include <cstdint>
#include <span>

#include "tenon/calls.h"
#include "tenon/macros.h"
#include "tenon/op.h"

namespace tenon::cpu {

inline constexpr int kMaxChain = 8, kMaxChainInputs = 9, kMaxChainOutputs = 3;

// Reads n elements of each input, and writes n of each result that is kept. An output may be an input.
using ChainKernel = void (*)(const void* const* in, void* const* out, std::int64_t n);

struct Chain {
  int steps, inputs, outputs;
  Op op[kMaxChain];
  // The operands of each step: an input of the chain, or ~j, the result of its step j.
  std::int8_t in[kMaxChain][3];
  std::int8_t kept[kMaxChainOutputs];  // the steps whose results others may read; the last one is among them
  ChainKernel f32, f64;

  ChainKernel kernel(DType d) const { return d == DType::float32 ? f32 : d == DType::float64 ? f64 : nullptr; }
};
// The longest first.
TENON_API std::span<const Chain> chains();

// Whether the steps of the call from `step` on are the chain, and nothing else needs what is not kept of it. Fills in
// the registers of the chain's inputs.
TENON_API bool matches(const Chain& chain, const ProgramCall& c, int step, std::uint8_t (&in)[kMaxChainInputs]);

}  // namespace tenon::cpu
