// exp(x), sqrt(x), floor(x), sin(x) and so on. The rows say what each computes, op.h's elementwise() what is promoted,
// broadcast, recorded and refused.
#pragma once

#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

#include "tenon/elementwise/declare.h"
#include "tenon/elementwise/math.names"
#include "tenon/elementwise/undeclare.h"

}  // namespace tenon
