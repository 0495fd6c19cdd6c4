// How an operand reaches a kernel, which sees contiguous elements of one dtype only.
#pragma once

#include <cstdint>

namespace tenon::cpu {

enum class Access : std::uint8_t {
  direct,    // where it lies
  row,       // where it lies, a row of the innermost dimension at a time
  constant,  // one value, repeated in a block
  tile,      // a short row that all rows have in common, repeated in a block
  column,    // a value for each row, repeated in a block
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

// Whether the operand's elements follow each other in the loop's order, without a gap.
template <class AnyLoop>
bool is_dense(const AnyLoop& loop, int operand, std::int64_t size) {
  for (int d = loop.ndim - 1; d >= 0; size *= loop.shape[d--])
    if (loop.strides[operand][d] != size) return false;
  return true;
}

// Whether all rows of the innermost dimension are the same one.
template <class AnyLoop>
bool is_one_row(const AnyLoop& loop, int operand) {
  for (int d = 0; d < loop.ndim - 1; ++d)
    if (loop.strides[operand][d] != 0) return false;
  return loop.ndim > 1;
}

// For an operand of the dtype that the kernel reads or writes, whose items have this size.
template <class AnyLoop>
Access access_of(const AnyLoop& loop, int operand, std::int64_t size) {
  if (loop.ndim == 0) return Access::direct;
  if (loop.strides[operand][loop.ndim - 1] != size) return Access::packed;
  if (is_dense(loop, operand, size)) return Access::direct;
  return loop.shape[loop.ndim - 1] >= kMinRow ? Access::row : Access::packed;
}

}  // namespace tenon::cpu
