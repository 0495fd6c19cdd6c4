// Where a tensor's bytes live.
#pragma once

#include <cstdint>
#include <string>

#include "tenon/macros.h"

namespace tenon {

enum class DeviceType : std::uint8_t { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  std::int8_t index = 0;

  constexpr bool is_cpu() const { return type == DeviceType::cpu; }
  friend constexpr bool operator==(Device, Device) = default;
  TENON_API std::string str() const;  // "cpu", "cuda:0"
};

inline constexpr Device kCpu{};

// Reads "cpu", "cuda" (that is "cuda:0") or "cuda:1", up to 99, whether it exists or not. Throws ValueError on anything
// else.
TENON_API Device parse_device(const std::string& text);

}  // namespace tenon
