// The n-d loop that calls of a backend run over.
#pragma once

#include <cstdint>

#include "tenon/dims.h"
#include "tenon/step.h"

namespace tenon {

inline constexpr int kMaxOperands = 4;

// Operands have strides in bytes; the last dimension is the innermost.
struct Loop {
  int ndim = 0;
  std::int64_t numel = 1;
  std::int64_t shape[kMaxDims];
  std::int64_t strides[kMaxOperands][kMaxDims];

  // Leaves no elements.
  void clear() {
    ndim = 1;
    numel = shape[0] = 0;
  }
};

// The same for an elementwise program: the outputs, then the inputs.
struct ProgramLoop {
  int ndim = 0;
  std::int64_t numel = 1;
  std::int64_t shape[kMaxDims];
  std::int64_t strides[kMaxProgramOperands][kMaxDims];
};

}  // namespace tenon
