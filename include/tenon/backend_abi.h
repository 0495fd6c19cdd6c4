// The number by which a plugin and the library know that they mean the same tables. (In a header of its own, since it
// changes with each row of elementwise.def.)
#pragma once

#include "tenon/backend.h"
#include "tenon/op.h"

namespace tenon {

// To be raised with each change of backend.h or calls.h that neither a size nor a name shows: an order of fields, a
// meaning.
inline constexpr std::uint64_t kBackendVersion = 4;

// Changes with the version, the entries' names and order, the structs' sizes, and the names and order of what calls select
// by number: operations (with their arity and rule), reductions, scans, kinds of random numbers, dtypes.
inline constexpr std::uint64_t kBackendAbi = [] {
  std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  auto byte = [&](std::uint64_t b) { h = (h ^ b) * 0x100000001b3u; };
  auto number = [&](std::uint64_t n) {
    for (int i = 0; i < 8; ++i) byte(n >> (8 * i) & 0xff);
  };
  auto text = [&](std::string_view s) {
    for (const char c : s) byte(static_cast<unsigned char>(c));
    byte(0);
  };
  number(kBackendVersion);
  for (const std::size_t size :
       {sizeof(Backend), sizeof(Failure), sizeof(DeviceProperties), sizeof(MemoryStatistics), sizeof(UnifiedMemory),
        sizeof(CopyCall), sizeof(Loop), sizeof(IndexOperand), sizeof(ProgramSpan), sizeof(ProgramLoop)})
    number(size);
#define TENON_ENTRY(name, call) text(#name), number(sizeof(call));
  TENON_ENTRIES(TENON_ENTRY)
#undef TENON_ENTRY
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
  for (const auto s : kConvolutionNames) text(s);
  for (const auto s : kPoolNames) text(s);
  for (const auto s : kAttentionNames) text(s);
  for (const auto s : kNormalizationPassNames) text(s);
  for (const auto s : kCellNames) text(s);
  for (const auto s : kRecurrentPassNames) text(s);
  for (const auto s : kMemoryCountNames) text(s);
  for (const auto s : kMemoryPoolNames) text(s);
  for (const auto s : kUnifiedWayNames) text(s);
  for (const DTypeInfo& d : kDTypeInfo) text(d.name);
  return h;
}();

}  // namespace tenon
