// Programs that several operations share, and what runs them need beside program.h.
#pragma once

#include "tenon/program.h"

namespace tenon {

const Program& addcmul_program();  // t + value * a * b
const Program& addcdiv_program();  // t + value * a / b

// The tensor that run_program() would return, with its values unset.
Tensor empty_result(const Program& program, std::span<const Operand> arguments);

}  // namespace tenon
