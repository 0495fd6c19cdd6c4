// Where a tensor's bytes live.
#pragma once

#include <cstdint>
#include <string>

#include "tenon/macros.h"

namespace tenon {

// unified: memory of a CUDA device that the host reads and writes, too.
enum class DeviceType : std::uint8_t { cpu, cuda, unified };

struct Device {
  DeviceType type = DeviceType::cpu;
  std::int8_t index = 0;

  constexpr bool is_cpu() const { return type == DeviceType::cpu; }
  constexpr bool is_unified() const { return type == DeviceType::unified; }
  constexpr bool host_reads() const { return is_cpu() || is_unified(); }
  // Devices are equal where one processor computes with the memory of both, unified or not.
  friend constexpr bool operator==(Device a, Device b) { return a.is_cpu() == b.is_cpu() && a.index == b.index; }
  TENON_API std::string str() const;  // "cpu", "cuda:0", "unified:0"
};
// Equal devices with the same kind of memory.
constexpr bool same_memory(Device a, Device b) { return a.type == b.type && a.index == b.index; }
// Where a result of tensors on two equal devices lies: in unified memory only if both do.
constexpr Device together(Device a, Device b) { return a.is_unified() ? b : a; }

inline constexpr Device kCpu{};

// Reads "cpu", "cuda" (that is "cuda:0"), "cuda:1" or "unified:1", up to 99, whether it exists or not. Throws ValueError
// on anything else.
TENON_API Device parse_device(const std::string& text);

}  // namespace tenon
