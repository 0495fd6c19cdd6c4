// The kernels of pools by what they compute and dtype, each for some planes; null where there is none.
#pragma once

#include <cstdint>

#include "tenon/calls.h"

namespace tenon::cpu {

using Pooled = void (*)(const PoolCall& c, std::int64_t begin, std::int64_t end);
struct PoolTable {
  Pooled kernel[3][kDTypes];
};

}  // namespace tenon::cpu
