// Elementwise programs: a few primitives over a few operands as one pass over memory. What stands between the steps
// stays in the cache; float16 and bfloat16 are rounded once, at the end. A program is written by hand where an
// operation needs it (program_steps.h says how):
//
//   static const Program axpy = make_program<3>("axpy", [](auto a, auto x, auto y) { return add(mul(a, x), y); });
//   Tensor z = run_program(axpy, {2.0, x, y});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "tenon/operand.h"
#include "tenon/step.h"
#include "tenon/tensor.h"

namespace tenon {

struct Program {
  const char* name = "";
  int arguments = 0;        // what a caller passes; those that no step uses are no inputs
  std::uint32_t used = 0;   // bit i: argument i is an input
  std::uint32_t masks = 0;  // bit i: argument i is a bool, and takes no part in promotion
  int inputs = 0, numbers = 0, steps = 0, outputs = 0;
  Step step[kMaxSteps] = {};
  Scalar number[kMaxProgramNumbers];
  std::uint8_t output[kMaxProgramOutputs] = {};  // the register of each
};

// Runs a program: promotes its arguments and numbers together, broadcasts, plans and computes. All steps compute in the
// promoted dtype (float32 for float16 and bfloat16; the default float for integers where a step has only floats);
// comparisons give bools, which are for where() and logic alone. Records no gradient. The result is new. Throws as
// elementwise().
TENON_API Tensor run_program(const Program& program, std::span<const Operand> arguments);
inline Tensor run_program(const Program& program, std::initializer_list<Operand> arguments) {
  return run_program(program, std::span(arguments.begin(), arguments.size()));
}

// One run among many: the arguments, and a tensor for each output, which may be an argument (in place) or overlap one.
struct ProgramArguments {
  std::span<const Operand> in;
  std::span<const Tensor> out;
};
// Runs a program once for each of them, as if in this order, in as few calls of the backend as there are combinations
// of dtypes and devices among them. Throws as elementwise() with out, and RuntimeError where outputs of one run share
// memory; nothing is written then.
TENON_API void run_program(const Program& program, std::span<const ProgramArguments> runs);

}  // namespace tenon
