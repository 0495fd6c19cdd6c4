#include "tenon/kinds.h"

#include <algorithm>
#include <string>

#include "core/errors.h"

namespace tenon {
namespace {

struct Named {
  std::string_view name;
  bool (*holds)(DType);
};
constexpr Named kKinds[] = {
    {"bool", [](DType d) { return is_bool(d); }},
    {"signed integer", [](DType d) { return kind(d) == Kind::signed_integer; }},
    {"unsigned integer", [](DType d) { return kind(d) == Kind::unsigned_integer; }},
    {"integral", [](DType d) { return is_integral(d); }},
    {"real floating", [](DType d) { return is_floating(d); }},
    {"complex floating", [](DType d) { return is_complex(d); }},
    {"numeric", [](DType d) { return !is_bool(d); }},
};

}  // namespace

std::span<const std::string_view> dtype_kinds() {
  static const auto names = [] {
    std::array<std::string_view, std::size(kKinds)> out;
    std::transform(std::begin(kKinds), std::end(kKinds), out.begin(), [](const Named& k) { return k.name; });
    return out;
  }();
  return names;
}

bool isdtype(DType d, std::string_view kind) {
  for (const Named& k : kKinds)
    if (k.name == kind) return k.holds(d);
  std::string known;
  for (const Named& k : kKinds) known += (known.empty() ? "'" : ", '") + std::string(k.name) + "'";
  errors::fail("isdtype", "the kind is one of ", known, "; got '", kind, "'");
}

}  // namespace tenon
