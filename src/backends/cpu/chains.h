// Steps that programs often have in a row, as one loop each: what stands between them stays in the processor's registers.
#pragma once

#include <span>

#include "backends/cpu/pack.h"
#include "tenon/calls.h"
#include "tenon/macros.h"
#include "tenon/op.h"

namespace tenon::cpu {

inline constexpr int kMaxChain = 4, kMaxChainInputs = 5;

struct Chain {
  int steps, inputs;
  Op op[kMaxChain];
  // The operands of each step: an input of the chain, or ~j, the result of its step j.
  std::int8_t in[kMaxChain][3];
  Kernel f32, f64;

  Kernel kernel(DType d) const { return d == DType::float32 ? f32 : d == DType::float64 ? f64 : nullptr; }
};
// The longest first.
TENON_API std::span<const Chain> chains();

// Whether the steps of the call from `step` on are the chain, and nothing else needs what stands between them. Fills in
// the registers of the chain's inputs.
TENON_API bool matches(const Chain& chain, const ProgramCall& c, int step, std::uint8_t (&in)[kMaxChainInputs]);

}  // namespace tenon::cpu
