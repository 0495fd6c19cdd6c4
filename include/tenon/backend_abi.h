// The number by which a plugin and the library know that they mean the same tables. (In a header of its own, since it
// changes with each row of elementwise.def.)
#pragma once

#include "tenon/backend.h"
#include "tenon/op.h"

namespace tenon {

// To be raised with each change of backend.h or calls.h that neither a size nor a name shows: an order of fields, a
// meaning.
inline constexpr std::uint64_t kBackendVersion = 3;

// Changes with the version, the structs' sizes, and the names and order of what calls select by number: operations
// (with their arity and rule), reductions, scans, kinds of random numbers, dtypes.
inline constexpr std::uint64_t kBackendAbi = [] {
  std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  auto byte = [&](std::uint64_t b) { h = (h ^ b) * 0x100000001b3u; };
  auto text = [&](std::string_view s) {
    for (const char c : s) byte(static_cast<unsigned char>(c));
    byte(0);
  };
  for (const std::uint64_t n : {kBackendVersion,
                                std::uint64_t{sizeof(Backend)},
                                std::uint64_t{sizeof(Failure)},
                                std::uint64_t{sizeof(DeviceProperties)},
                                std::uint64_t{sizeof(Loop)},
                                std::uint64_t{sizeof(ElementwiseCall)},
                                std::uint64_t{sizeof(ReduceCall)},
                                std::uint64_t{sizeof(ScanCall)},
                                std::uint64_t{sizeof(SoftmaxCall)},
                                std::uint64_t{sizeof(MatmulCall)},
                                std::uint64_t{sizeof(IndexCall)},
                                std::uint64_t{sizeof(IndexOperand)},
                                std::uint64_t{sizeof(MaskedCall)},
                                std::uint64_t{sizeof(RandomCall)},
                                std::uint64_t{sizeof(IotaCall)},
                                std::uint64_t{sizeof(SortCall)},
                                std::uint64_t{sizeof(SelectCall)},
                                std::uint64_t{sizeof(CopyCall)},
                                std::uint64_t{sizeof(ProgramCall)},
                                std::uint64_t{sizeof(ProgramSpan)},
                                std::uint64_t{sizeof(ProgramLoop)}})
    for (int i = 0; i < 8; ++i) byte(n >> (8 * i) & 0xff);
#define UNARY(name, rule, ...) text(#name " 1 " #rule);
#define BINARY(name, rule, ...) text(#name " 2 " #rule);
#define TERNARY(name, rule, ...) text(#name " 3 " #rule);
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
  for (const auto s : kReductionNames) text(s);
  for (const auto s : kScanNames) text(s);
  for (const auto s : kIndexModeNames) text(s);
  for (const auto s : kRandomNames) text(s);
  for (const auto s : kCopyNames) text(s);
  for (const DTypeInfo& d : kDTypeInfo) text(d.name);
  return h;
}();

}  // namespace tenon
