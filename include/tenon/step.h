// One step of an elementwise program (program.h), as backends see it.
#pragma once

#include <cstdint>

namespace tenon {

enum class Op : std::uint8_t;

// Registers hold a value of the current element. They are numbered: the inputs first, then the program's numbers, then
// the result of each step.
struct Step {
  Op op;
  std::uint8_t in[3];  // registers, all below the step's own
};

inline constexpr int kMaxSteps = 16;
inline constexpr int kMaxProgramInputs = 8;
inline constexpr int kMaxProgramOutputs = 4;
inline constexpr int kMaxProgramOperands = kMaxProgramOutputs + kMaxProgramInputs;
inline constexpr int kMaxProgramNumbers = 8;
inline constexpr int kMaxRegisters = kMaxProgramInputs + kMaxProgramNumbers + kMaxSteps;

}  // namespace tenon
