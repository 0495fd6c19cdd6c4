// Comparisons by value: what integers are beside each other, beside floats and beside numbers.
#pragma once

#include <span>

#include "tenon/op.h"
#include "tenon/operand.h"
#include "tenon/tensor.h"

namespace tenon {

inline bool is_comparison(Op op) {
  const Rule rule = info(op).rule;
  return rule == Rule::compare || rule == Rule::order;
}

// Whether float64 rounds some integers of the dtype: what it calls equal may be at a distance.
inline bool is_wide(DType d) { return is_integral(d) && itemsize(d) == 8; }
// Whether float32 does.
inline bool rounds_in_float32(DType d) { return is_integral(d) && itemsize(d) >= 4; }

// What integers make of a float.
Scalar whole_number(double v);

// What values of two dtypes are compared in by a kernel: float32 or float64 for integers beside floats that have fewer
// bits than they, and a dtype for each where none holds the values of both: int64, uint64 and floats beside each other.
struct DTypes {
  DType first, second = first;
  bool one() const { return first == second; }
};
DTypes compared_dtypes(DType a, DType b);
DTypes compared_dtypes(std::span<const Operand> in);

// The comparison of operands that no kernel compares by value: 64-bit integers with complex numbers, integers with
// numbers of another kind or beyond their dtype. Undefined where a kernel does that.
Tensor compare_exactly(Op op, std::span<const Operand> in);

}  // namespace tenon
