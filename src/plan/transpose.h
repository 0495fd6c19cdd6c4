// Operands whose memory runs along another dimension than the loop: such a pair of dimensions is worked on in tiles.
// Exported for the tests; no part of the public API.
#pragma once

#include "tenon/loop.h"
#include "tenon/macros.h"

namespace tenon {

// The dimension along which the operand's items are neighbours, if that is not the innermost one and both have some
// length; else -1.
TENON_API int crossing_dimension(const Loop& loop, int operand, std::int64_t itemsize);
// The loop without dimension d and the innermost one.
TENON_API Loop without_pair(const Loop& loop, int d);

}  // namespace tenon
