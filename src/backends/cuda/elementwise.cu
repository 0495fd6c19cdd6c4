// Elementwise calls and programs, as programs of the machine. Comparisons of two dtypes that have no common one are a
// kernel of their own (compare.cu), copies and casts, too (copy.cu).
#include "backends/cuda/machine.cuh"
#include "backends/cuda/operations.h"

namespace tenon::cuda {
namespace {

constexpr bool takes(const RuleInfo& rule, DType d) {
  return is_bool(d) ? rule.bools : is_integral(d) ? rule.integers : is_complex(d) ? rule.complexes : rule.floats;
}

constexpr Rule kRuleOf[] = {
#define UNARY(name, rule, ...) Rule::rule,
#define BINARY(name, rule, ...) Rule::rule,
#define TERNARY(name, rule, ...) Rule::rule,
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
};
constexpr Rule rule_of(Op op) { return kRuleOf[static_cast<int>(op)]; }

bool run(const Context& context, DType compute, const MachineWork& work) {
  if (is_half(compute) || is_float8(compute)) return false;
  dispatch(compute, [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T> || is_complex(dtype_of<T>)) run_machine<T>(context, work);
  });
  return true;
}

// How a register's dtype is held in a program over `compute`.
Held held(DType d, DType compute) { return d == compute ? Held::value : is_bool(d) ? Held::truth : Held::real; }

// Whether all operands' elements lie next to each other.
bool lies_in_order(const ElementwiseCall& c) {
  if (c.loop.ndim > 1) return false;
  for (int i = 0; i <= c.arity && c.loop.ndim == 1; ++i)
    if (!c.immediate[i] && c.loop.strides[i][0] != static_cast<std::int64_t>(itemsize(c.dtype[i]))) return false;
  return true;
}

}  // namespace

Status elementwise(const Context& context, const ElementwiseCall& c) {
  if (c.op == Op::copy) return copy_elements(context, c);
  if (c.arity == 2 && c.second != c.compute) return compare_mixed(context, c);
  const Rule rule = rule_of(c.op);
  if (!takes(info(rule), c.compute)) return Status::unavailable;
  if (c.loop.numel == 0) return Status::ok;
  MachineWork work{};
  ProgramSpan span{};
  ProgramLoop loop;
  MachineProgram& p = work.program;
  p.outputs = p.steps = 1;
  p.inputs = c.arity;
  p.step[0] = {c.op, {0, 1, 2}};
  p.computes[0] = Held::value;
  loop.ndim = c.loop.ndim;
  loop.numel = c.loop.numel;
  for (int d = 0; d < loop.ndim; ++d) loop.shape[d] = c.loop.shape[d];
  for (int i = 0; i <= c.arity; ++i) {
    const bool condition = i == 1 && rule == Rule::select;
    const DType as = i == 0 ? c.kernel_out : condition ? DType::bool_ : c.compute;
    p.operand[i] = {c.dtype[i], held(as, c.compute), static_cast<std::uint8_t>(c.arity), c.immediate[i],
                    static_cast<std::int64_t>(itemsize(c.dtype[i]))};
    if (c.immediate[i]) std::copy_n(c.value[i], 16, span.operand[i].number);
    else span.operand[i].data = c.data[i];
    for (int d = 0; d < loop.ndim; ++d) loop.strides[i][d] = c.loop.strides[i][d];
  }
  span.n = loop.numel;
  work.spans = &span;
  work.n_spans = 1;
  work.loop = lies_in_order(c) ? nullptr : &loop;
  return run(context, c.compute, work) ? Status::ok : Status::unavailable;
}

Status program(const Context& context, const ProgramCall& c) {
  MachineWork work{};
  MachineProgram& p = work.program;
  p.outputs = c.outputs;
  p.inputs = c.inputs;
  p.numbers = c.numbers;
  p.steps = c.steps;
  // What numbers and steps compute in, but for masks, truth values and parts of complex numbers.
  DType compute = DType::bool_;
  for (int r = 0; r < c.inputs + c.numbers; ++r)
    if (!is_bool(c.register_dtype[r])) compute = c.register_dtype[r];
  for (int s = 0; s < c.steps; ++s) {
    p.step[s] = c.step[s];
    const int typed = rule_of(c.step[s].op) == Rule::select ? 1 : 0;
    const DType d = c.register_dtype[c.step[s].in[typed]];
    p.computes[s] = held(d, compute);
    if (!takes(info(rule_of(c.step[s].op)), d)) return Status::unavailable;
  }
  for (int i = 0; i < c.numbers; ++i) std::copy_n(c.number[i], 16, p.number[i].number);
  for (int i = 0; i < c.outputs + c.inputs; ++i) {
    const int slot = i < c.outputs ? c.output[i] : i - c.outputs;
    p.operand[i] = {c.dtype[i], held(c.register_dtype[slot], compute), static_cast<std::uint8_t>(slot), c.immediate[i],
                    static_cast<std::int64_t>(itemsize(c.dtype[i]))};
  }
  work.spans = c.spans;
  work.n_spans = c.n_spans;
  work.loop = c.loop;
  if (c.n_spans == 0) return Status::ok;
  return run(context, compute, work) ? Status::ok : Status::unavailable;
}

}  // namespace tenon::cuda
