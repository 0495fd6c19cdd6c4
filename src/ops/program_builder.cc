// How a program is written: steps that refer to values by their numbers in the order in which they came up, turned into
// registers at the end.
#include <algorithm>

#include "core/errors.h"
#include "tenon/program_steps.h"

namespace tenon::steps {
namespace {

// The values of a program that is being written: arguments, numbers and steps count from these.
constexpr int kNumbers = 64, kSteps = 128;

bool same(const Scalar& a, const Scalar& b) { return a.tag() == b.tag() && a.str() == b.str(); }

}  // namespace

Builder::Builder(const char* name, int arguments, std::uint32_t masks, bool complex) : complex_(complex) {
  program_.name = name;
  program_.arguments = arguments;
  program_.masks = masks;
}

Value Builder::argument(int i) { return {this, static_cast<std::uint8_t>(i)}; }

std::uint8_t Builder::id(const Value& v) {
  if (v.builder_) {
    if (v.id_ < kNumbers) program_.used |= 1u << v.id_;
    return v.id_;
  }
  Program& p = program_;
  for (int i = 0; i < p.numbers; ++i)
    if (same(p.number[i], v.number_)) return static_cast<std::uint8_t>(kNumbers + i);
  if (p.numbers == kMaxProgramNumbers)
    errors::fail<RuntimeError>(p.name, "a program has at most ", kMaxProgramNumbers, " different numbers");
  p.number[p.numbers] = v.number_;
  return static_cast<std::uint8_t>(kNumbers + p.numbers++);
}

Value Builder::step(Op op, std::initializer_list<const Value*> in) {
  Builder* b = nullptr;
  for (const Value* v : in)
    if (v->builder_) b = v->builder_;
  if (!b) errors::fail<RuntimeError>(info(op).name, "a step of a program needs an operand that is no number");
  Program& p = b->program_;
  Step s{op, {0, 0, 0}};
  std::uint8_t* operand = s.in;
  for (const Value* v : in) *operand++ = b->id(*v);
  for (int i = 0; i < p.steps; ++i)
    if (p.step[i].op == op && std::equal(s.in, s.in + 3, p.step[i].in))
      return {b, static_cast<std::uint8_t>(kSteps + i)};
  if (p.steps == kMaxSteps) errors::fail<RuntimeError>(p.name, "a program has at most ", kMaxSteps, " steps");
  p.step[p.steps] = s;
  return {b, static_cast<std::uint8_t>(kSteps + p.steps++)};
}

Program Builder::finish(std::span<const Value> outputs) {
  Program& p = program_;
  if (outputs.size() > kMaxProgramOutputs)
    errors::fail<RuntimeError>(p.name, "a program has at most ", kMaxProgramOutputs, " outputs");
  for (const Value& v : outputs) p.output[p.outputs++] = id(v);
  std::uint8_t input[kNumbers] = {};
  for (int i = 0; i < p.arguments; ++i)
    if (p.used >> i & 1) input[i] = static_cast<std::uint8_t>(p.inputs++);
  if (p.inputs > kMaxProgramInputs)
    errors::fail<RuntimeError>(p.name, "a program has at most ", kMaxProgramInputs, " inputs");
  const auto to_register = [&](std::uint8_t& id) {
    if (id < kNumbers) id = input[id];
    else if (id < kSteps) id = static_cast<std::uint8_t>(id - kNumbers + p.inputs);
    else id = static_cast<std::uint8_t>(id - kSteps + p.inputs + p.numbers);
  };
  for (int s = 0; s < p.steps; ++s)
    for (int k = 0; k < info(p.step[s].op).arity; ++k) to_register(p.step[s].in[k]);
  for (int j = 0; j < p.outputs; ++j) to_register(p.output[j]);
  return p;
}

}  // namespace tenon::steps
