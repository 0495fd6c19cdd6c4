// What an elementwise program computes in: device-free, as all plans are.
#pragma once

#include "tenon/calls.h"
#include "tenon/dtype.h"
#include "tenon/program.h"

namespace tenon {

struct ProgramTypes {
  DType compute;                   // of the inputs and numbers, in registers
  DType result;                    // of outputs that have it there
  DType registers[kMaxRegisters];  // of one program: they follow from `compute`
};
// Throws DtypeError where the rule of a step refuses the promoted dtype.
TENON_API ProgramTypes program_types(const Program& program, DType promoted);

// Fills the steps of the call, its numbers and the dtypes of its registers.
TENON_API void plan_steps(ProgramCall& call, const Program& program, const ProgramTypes& types);

// The dtype of a tensor for what stands in a register of dtype d.
inline DType result_dtype(const ProgramTypes& types, DType d) {
  return d == types.compute ? types.result : is_bool(d) ? d : real_dtype(types.result);
}

}  // namespace tenon
