// The uniform elementwise primitives as a table: what backends, gradients and bindings walk. To call them include
// tenon/elementwise.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "tenon/operand.h"
#include "tenon/rules.h"
#include "tenon/tensor.h"

namespace tenon {

enum class Op : std::uint8_t {
#define UNARY(name, ...) name,
#define BINARY(name, ...) name,
#define TERNARY(name, ...) name,
#include "tenon/elementwise.names"
#undef UNARY
#undef BINARY
#undef TERNARY
  count
};

struct OpInfo {
  std::string_view name;
  int arity;
  Rule rule;
  std::string_view numpy_name;      // "" where NumPy has no such function
  std::string_view array_api_name;  // "" where the standard has none
  std::string_view doc;
};

// op's row of elementwise.def.
TENON_API const OpInfo& info(Op op);
inline constexpr int kOps = static_cast<int>(Op::count);

// What one call computes in and returns.
struct ElementwiseTypes {
  DType compute;      // of the kernel's operands
  DType kernel_out;   // of the kernel's result
  DType result;       // of the tensor
};
// Throws DtypeError where the rule refuses the promoted dtype.
TENON_API ElementwiseTypes elementwise_types(Op op, DType promoted);

// Runs one primitive: promotes, broadcasts, plans, computes and records the gradient. The result is new, its dimensions
// in memory in the order of the operands' where these agree. CPU tensors without dimensions may join tensors on a
// device. Throws ShapeError where shapes do not broadcast, DtypeError where the rule refuses a dtype, OverflowError for
// an integer out of the bounds of the dtype (comparisons take any), DeviceError for tensors on different devices.
//
// With out given, writes into it and returns it; out may be an operand or overlap one. Throws DtypeError if it is of a
// lower kind than the result, ShapeError unless it has the result's shape, GradError where a gradient would be
// recorded, ReadOnlyError, RuntimeError where elements of out share memory.
TENON_API Tensor elementwise(Op op, std::span<const Operand> operands, const Tensor* out = nullptr);
// self is the first operand and gets the result, converted to its dtype. Throws as elementwise with out, but records
// the gradient; GradError for a leaf that requires grad, or a view of one, while gradients are recorded.
TENON_API Tensor& elementwise_(Op op, Tensor& self, std::span<const Operand> others);

}  // namespace tenon
