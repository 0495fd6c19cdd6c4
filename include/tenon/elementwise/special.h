// erf(x), lgamma(x), sigmoid(x), gelu(x) and so on. The rows say what each computes, op.h's elementwise() what is promoted,
// broadcast, recorded and refused.
#pragma once

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

#include "tenon/elementwise/declare.h"
#include "tenon/elementwise/special.names"
#include "tenon/elementwise/undeclare.h"

}  // namespace tenon
