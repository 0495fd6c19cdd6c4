// The dtype rules of elementwise operations, as one table: plans, kernels, backends, errors and documentation read it.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

namespace tenon {

enum class Rule : std::uint8_t {
  arithmetic,
  numeric,
  power,
  ordered,
  real,
  quotient,
  integral,
  shift,
  whole,
  floating,
  real_floating,
  magnitude,
  phase,
  compare,
  order,
  logical,
  classify,
  order1,
  select,
  any,
  count
};

// What becomes of operands whose dtype no kernel computes in. float16 and bfloat16 are computed in float32 by all rules
// but `any`.
enum class Converts : std::uint8_t {
  nothing,  // they are refused
  to_float,  // bools and integers become the default float
  bools_to_int8,  // as NumPy's
  to_truth_value  // everything becomes bool
};
enum class Returns : std::uint8_t { promoted, real, boolean };

struct RuleInfo {
  Rule rule;
  bool bools, integers, floats, complexes;  // the dtypes that kernels compute in
  Converts converts;
  Returns returns;
  std::string_view wanted;  // what the operands must be, for errors
  std::string_view sentence;  // for documentation
};

inline constexpr RuleInfo kRules[] = {
    // clang-format off
    {Rule::arithmetic, true, true, true, true, Converts::nothing, Returns::promoted, "all numbers",
     "Any dtype but float8 (TypeError). The result has the promoted dtype."},
    {Rule::numeric, false, true, true, true, Converts::nothing, Returns::promoted, "integers, floats and complex",
     "Any dtype but bool and float8 (TypeError). The result has the promoted dtype."},
    {Rule::power, false, true, true, true, Converts::bools_to_int8, Returns::promoted, "all numbers",
     "Any dtype but float8 (TypeError). The result has the promoted dtype, int8 for bools."},
    {Rule::ordered, true, true, true, false, Converts::nothing, Returns::promoted, "real numbers",
     "Bools, integers and floats (TypeError for others). The result has the promoted dtype."},
    {Rule::real, false, true, true, false, Converts::nothing, Returns::promoted, "integers and floats",
     "Integers and floats (TypeError for others). The result has the promoted dtype."},
    {Rule::quotient, false, true, true, false, Converts::bools_to_int8, Returns::promoted, "real numbers",
     "Bools, integers and floats (TypeError for others). The result has the promoted dtype, int8 for bools."},
    {Rule::integral, true, true, false, false, Converts::nothing, Returns::promoted, "bool and integers",
     "Bools and integers (TypeError for others). The result has the promoted dtype."},
    {Rule::shift, false, true, false, false, Converts::bools_to_int8, Returns::promoted, "bool and integers",
     "Bools and integers (TypeError for others). The result has the promoted dtype, int8 for bools."},
    {Rule::whole, false, true, false, false, Converts::nothing, Returns::promoted, "integers",
     "Integers (TypeError for others). The result has the promoted dtype."},
    {Rule::floating, false, false, true, true, Converts::to_float, Returns::promoted, "all numbers",
     "Floats and complex numbers (TypeError for float8). Integers and bools become the default float."},
    {Rule::real_floating, false, false, true, false, Converts::to_float, Returns::promoted, "real numbers",
     "Floats (TypeError for complex numbers and float8). Integers and bools become the default float."},
    {Rule::magnitude, true, true, true, true, Converts::nothing, Returns::real, "all numbers",
     "Any dtype but float8 (TypeError). Complex numbers give real ones."},
    {Rule::phase, false, false, true, true, Converts::to_float, Returns::real, "all numbers",
     "Any dtype but float8 (TypeError). The result is a real float."},
    {Rule::compare, true, true, true, true, Converts::nothing, Returns::boolean, "all numbers",
     "Any dtype but float8 (TypeError). The result is bool."},
    {Rule::order, true, true, true, false, Converts::nothing, Returns::boolean, "real numbers",
     "Bools, integers and floats (TypeError for others). The result is bool."},
    {Rule::logical, true, false, false, false, Converts::to_truth_value, Returns::boolean, "all numbers",
     "Any dtype, by truth value (TypeError for float8 with another dtype). The result is bool."},
    {Rule::classify, false, false, true, true, Converts::to_float, Returns::boolean, "all numbers",
     "Any dtype but float8 (TypeError). The result is bool."},
    {Rule::order1, false, false, true, false, Converts::to_float, Returns::boolean, "real numbers",
     "Bools, integers and floats (TypeError for others). The result is bool."},
    // The condition is bool or uint8; the rule is about the two values.
    {Rule::select, true, true, true, true, Converts::nothing, Returns::promoted, "all numbers",
     "A bool condition. The result has the promoted dtype of the two values."},
    {Rule::any, true, true, true, true, Converts::nothing, Returns::promoted, "all numbers", "Any dtype."},
    // clang-format on
};

constexpr const RuleInfo& info(Rule rule) { return kRules[static_cast<int>(rule)]; }

static_assert(std::size(kRules) == static_cast<std::size_t>(Rule::count));
static_assert([] {
  for (int i = 0; i < static_cast<int>(Rule::count); ++i)
    if (kRules[i].rule != static_cast<Rule>(i)) return false;
  return true;
}());

}  // namespace tenon
