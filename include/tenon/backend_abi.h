// The hash by which a plugin and the library know that they were built from the same tables. (In a header of its own,
// since it changes with each row of elementwise.def.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "tenon/backend.h"
#include "tenon/op.h"

namespace tenon {

// Changes with the version, the structs' sizes and the tables behind the enumerators.
inline constexpr std::uint64_t kBackendAbi = [] {
  std::uint64_t h = kBackendVersion;
  for (const std::uint64_t n :
       {sizeof(Backend), sizeof(Loop), sizeof(ElementwiseCall), sizeof(ReduceCall), sizeof(ScanCall),
        sizeof(SoftmaxCall), sizeof(MatmulCall), sizeof(IndexCall), sizeof(MaskedCall), sizeof(RandomCall),
        sizeof(IotaCall), sizeof(SortCall), sizeof(SelectCall), sizeof(ProgramCall), sizeof(ProgramLoop),
        sizeof(ProgramSpan), std::size_t{kOps}, std::size_t{kDTypes}})
    h = (h ^ n) * 0x100000001b3u;  // FNV-1a
  return h;
}();

}  // namespace tenon
