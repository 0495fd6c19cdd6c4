#include "plan/program.h"

#include <algorithm>
#include <optional>

#include "core/errors.h"
#include "tenon/op.h"

namespace tenon {
namespace {

// The register that says what a step computes in: the first operand that is no condition.
int typed_register(const Step& s) { return s.in[info(s.op).rule == Rule::select ? 1 : 0]; }

bool takes(const RuleInfo& rule, DType d) {
  return is_bool(d) ? rule.bools : is_integral(d) ? rule.integers : is_complex(d) ? rule.complexes : rule.floats;
}

// The registers' dtypes with this dtype for inputs and numbers. Where a step would turn integers into floats, or bools
// into int8, what it wants instead: then the whole program computes in that.
std::optional<DType> derive_dtypes(const Program& p, DType compute, DType* dtype) {
  const int first = p.inputs + p.numbers;
  std::fill(dtype, dtype + first, compute);
  for (int i = 0, input = 0; i < p.arguments; ++i) {
    if (!(p.used >> i & 1)) continue;
    if (p.masks >> i & 1) dtype[input] = DType::bool_;
    ++input;
  }
  for (int s = 0; s < p.steps; ++s) {
    const Step& step = p.step[s];
    const OpInfo& op = info(step.op);
    const RuleInfo& rule = info(op.rule);
    const DType d = dtype[typed_register(step)];
    if (rule.converts == Converts::to_float && (is_bool(d) || is_integral(d))) return default_float();
    if (rule.converts == Converts::bools_to_int8 && is_bool(d)) return DType::int8;
    for (int k = 0; k < op.arity; ++k) {
      const bool boolean = rule.converts == Converts::to_truth_value || (k == 0 && op.rule == Rule::select);
      if (const DType wanted = boolean ? DType::bool_ : d; dtype[step.in[k]] != wanted)
        errors::fail<RuntimeError>(p.name, "a step ", op.name, " takes registers of ", wanted, ", not of ",
                                   dtype[step.in[k]]);
    }
    if (!takes(rule, d)) errors::dtype_not_supported(p.name, d, rule.wanted);
    dtype[first + s] = rule.returns == Returns::boolean ? DType::bool_
                       : rule.returns == Returns::real  ? real_dtype(d)
                                                        : d;
  }
  return {};
}

}  // namespace

ProgramTypes program_types(const Program& p, DType promoted) {
  if (is_float8(promoted)) errors::dtype_not_supported(p.name, promoted, "all other numbers");
  ProgramTypes types;
  types.result = promoted;
  types.compute = is_half(promoted) ? DType::float32 : promoted;
  while (const auto wanted = derive_dtypes(p, types.compute, types.registers)) {
    if (types.compute == *wanted)
      errors::fail<RuntimeError>(p.name, "a step that computes in ", *wanted, " takes no register of bool");
    types.compute = types.result = *wanted;
  }
  return types;
}

void plan_steps(ProgramCall& call, const Program& p, const ProgramTypes& types) {
  call.outputs = p.outputs;
  call.inputs = p.inputs;
  call.numbers = p.numbers;
  call.steps = p.steps;
  std::copy(p.step, p.step + p.steps, call.step);
  std::copy(p.output, p.output + p.outputs, call.output);
  std::copy(types.registers, types.registers + p.inputs + p.numbers + p.steps, call.register_dtype);
  for (int i = 0; i < p.numbers; ++i) p.number[i].store(types.compute, call.number[i]);
}

}  // namespace tenon
