// How an operand reaches a kernel, which sees contiguous elements of one dtype only.
#pragma once

#include <cstdint>

namespace tenon::cpu {

enum class Access : std::uint8_t {
  direct,    // where it lies
  row,       // where it lies, a row of the innermost dimension at a time
  constant,  // one value, repeated in a block
  packed     // through a block, converted and gathered (or scattered)
};
inline constexpr std::int64_t kMinRow = 256;  // shorter rows are packed into blocks

// Whether the operand stands still in the loop.
template <class AnyLoop>
bool is_constant(const AnyLoop& loop, int operand) {
  for (int d = 0; d < loop.ndim; ++d)
    if (loop.strides[operand][d] != 0) return false;
  return true;
}

// For an operand of the dtype that the kernel reads or writes, whose items have this size.
template <class AnyLoop>
Access access_of(const AnyLoop& loop, int operand, std::int64_t size) {
  if (loop.ndim == 0) return Access::direct;
  if (loop.strides[operand][loop.ndim - 1] != size) return Access::packed;
  return loop.ndim == 1 ? Access::direct : loop.shape[loop.ndim - 1] >= kMinRow ? Access::row : Access::packed;
}

}  // namespace tenon::cpu
