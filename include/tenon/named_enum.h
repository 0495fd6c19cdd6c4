// Enumerations whose names are known at run time: what calls select by number is part of the ABI by name (backend_abi.h).
#pragma once

#include <cstdint>
#include <string_view>

// enum class type, with the enumerators that list(X) gives to X; and their names, in k<type>Names.
#define TENON_NAMED_ENUM(type, list)                         \
  enum class type : std::uint8_t { list(TENON_ENUMERATOR) }; \
  inline constexpr std::string_view k##type##Names[] = {list(TENON_ENUMERATOR_NAME)};
#define TENON_ENUMERATOR(name) name,
#define TENON_ENUMERATOR_NAME(name) #name,
