// Recording of the uniform elementwise primitives.
#pragma once

#include <span>

#include "tenon/autograd.h"
#include "tenon/op.h"

namespace tenon {

// Gives y the node of op over the operands. Numbers among them become constants of the compute dtype.
void record_elementwise(Op op, std::span<const Operand> operands, const ElementwiseTypes& types, const Tensor& y);

}  // namespace tenon
