// The CPU's tables of 1-d kernels. A kernel sees contiguous blocks of one dtype only; elementwise.cc packs
// what is strided, repeated or of another dtype.
#pragma once

#include <cstdint>

#include "backends/cpu/pack.h"
#include "tenon/dtype.h"
#include "tenon/macros.h"
#include "tenon/op.h"

namespace tenon::cpu {

struct KernelTable {
  Kernel elementwise[kOps][kDTypes];  // by op and compute dtype; null where the rule has no such dtype
  Kernel mixed[kOps][3][3];  // comparisons of two dtypes, by mixed_place
};

// int64, uint64 and float64 have no common dtype.
constexpr int mixed_place(DType d) { return d == DType::int64 ? 0 : d == DType::uint64 ? 1 : 2; }

// The table for this CPU, filled at first use with the best of the compiled targets.
TENON_API const KernelTable& kernels();

// The parts of the table, filled by the groups of rules that the CPU compiles in a file each.
template <Rule... R>
struct Rules {
  static constexpr bool has(Rule rule) { return ((R == rule) || ...); }
};
using ArithmeticRules = Rules<Rule::arithmetic, Rule::numeric, Rule::power>;
using IntegerRules = Rules<Rule::real, Rule::quotient, Rule::integral, Rule::shift, Rule::whole, Rule::ordered>;
using CompareRules = Rules<Rule::compare, Rule::order, Rule::logical, Rule::select>;
using FloatingRules = Rules<Rule::floating>;
using SpecialRules = Rules<Rule::real_floating, Rule::classify, Rule::magnitude, Rule::phase, Rule::order1>;
using CopyRules = Rules<Rule::any>;  // cast.cc

template <class... Groups>
constexpr bool each_rule_is_in_one_of() {
  for (int r = 0; r < static_cast<int>(Rule::count); ++r)
    if ((Groups::has(static_cast<Rule>(r)) + ...) != 1) return false;
  return true;
}
static_assert(
    each_rule_is_in_one_of<ArithmeticRules, IntegerRules, CompareRules, FloatingRules, SpecialRules, CopyRules>());

}  // namespace tenon::cpu
