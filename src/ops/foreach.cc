#include "tenon/ops/foreach.h"

#include <functional>

#include "core/errors.h"
#include "ops/fused.h"
#include "ops/operands.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops/activations.h"
#include "tenon/program_steps.h"

namespace tenon {
namespace {

using Tensors = std::span<const Tensor>;
using Arguments = std::vector<Operand>;  // of one tensor

Program one_step(Op op) {
  const int arity = info(op).arity;
  Program p;
  p.name = info(op).name.data();
  p.arguments = p.inputs = arity;
  p.used = (1u << arity) - 1;
  p.masks = info(op).rule == Rule::select ? 1 : 0;
  p.steps = p.outputs = 1;
  p.step[0] = {op, {0, 1, 2}};
  p.output[0] = static_cast<std::uint8_t>(arity);
  return p;
}

// self[i], others[0][i], ... for each i.
std::vector<Arguments> arguments_of(const char* op, Tensors self, std::span<const Each> others) {
  for (const Each& e : others)
    if (!e.is_one_number() && e.size() != self.size())
      errors::fail(op, "the lists differ in length; got ", static_cast<std::int64_t>(self.size()), " and ",
                   static_cast<std::int64_t>(e.size()));
  std::vector<Arguments> all(self.size());
  for (std::size_t i = 0; i < self.size(); ++i) {
    all[i].reserve(1 + others.size());
    all[i].emplace_back(self[i]);
    for (const Each& e : others) all[i].push_back(e[i]);
  }
  return all;
}

bool any_needs_grad(std::span<const Arguments> all) {
  for (const Arguments& in : all)
    if (any_needs_grad(std::span<const Operand>(in))) return true;
  return false;
}

// one: the operation for a single tensor, which records.
template <class F>
std::vector<Tensor> compute(const Program& p, Tensors self, std::span<const Each> others, F&& one) {
  const std::vector<Arguments> all = arguments_of(p.name, self, others);
  std::vector<Tensor> out;
  out.reserve(all.size());
  if (any_needs_grad(all)) {
    for (const Arguments& in : all) out.push_back(one(in));
    return out;
  }
  std::vector<ProgramArguments> runs;
  runs.reserve(all.size());
  for (const Arguments& in : all) {
    out.push_back(empty_result(p, in));
    runs.push_back({in, {&out.back(), 1}});
  }
  run_program(p, runs);
  return out;
}

template <class F>
void write(const Program& p, Tensors self, std::span<const Each> others, F&& one) {
  const std::vector<Arguments> all = arguments_of(p.name, self, others);
  if (any_needs_grad(all)) {
    for (const Tensor& t : self) autograd::check_inplace(t, p.name, true);
    for (std::size_t i = 0; i < all.size(); ++i) {
      Tensor t = self[i];
      one(t, std::span<const Operand>(all[i]).subspan(1));
    }
    return;
  }
  std::vector<ProgramArguments> runs;
  runs.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) runs.push_back({all[i], self.subspan(i, 1)});
  run_program(p, runs);
}

// The two operations with a factor alpha, as programs and for single tensors.
const Program& with_alpha(Op op) {
  static const Program plus = make_program<3>("add", [](auto a, auto b, auto alpha) { return add(a, mul(b, alpha)); });
  static const Program minus = make_program<3>("sub", [](auto a, auto b, auto alpha) { return sub(a, mul(b, alpha)); });
  return op == Op::add ? plus : minus;
}
bool is_one(const Scalar& s) { return !s.is_floating() && !s.is_complex() && s.to<std::int64_t>() == 1; }

std::vector<Tensor> add_scaled(Op op, Tensors self, const Each& other, const Scalar& alpha) {
  if (is_one(alpha)) return foreach (op, self, {other});
  const Each others[] = {other, alpha};
  return compute(with_alpha(op), self, others, [op](const Arguments& in) {
    const Tensor scaled = mul(in[1], in[2]);
    const Operand terms[] = {in[0], scaled};
    return elementwise(op, terms);
  });
}
void add_scaled_(Op op, Tensors self, const Each& other, const Scalar& alpha) {
  if (is_one(alpha)) return foreach_(op, self, {other});
  const Each others[] = {other, alpha};
  write(with_alpha(op), self, others, [op](Tensor& t, std::span<const Operand> in) {
    const Tensor scaled = mul(in[0], in[1]);
    const Operand term(scaled);
    elementwise_(op, t, {&term, 1});
  });
}

}  // namespace

std::vector<Tensor> foreach (Op op, Tensors self, std::initializer_list<Each> others) {
  return compute(one_step(op), self, {others.begin(), others.size()},
                 [op](const Arguments& in) { return elementwise(op, in); });
}
void foreach_(Op op, Tensors self, std::initializer_list<Each> others) {
  write(one_step(op), self, {others.begin(), others.size()},
        [op](Tensor& t, std::span<const Operand> in) { elementwise_(op, t, in); });
}

std::vector<Tensor> foreach_add(Tensors self, const Each& other, const Scalar& alpha) {
  return add_scaled(Op::add, self, other, alpha);
}
std::vector<Tensor> foreach_sub(Tensors self, const Each& other, const Scalar& alpha) {
  return add_scaled(Op::sub, self, other, alpha);
}
void foreach_add_(Tensors self, const Each& other, const Scalar& alpha) { add_scaled_(Op::add, self, other, alpha); }
void foreach_sub_(Tensors self, const Each& other, const Scalar& alpha) { add_scaled_(Op::sub, self, other, alpha); }

namespace {

Scalar number(const char* op, const Operand& o) {
  if (o.is_tensor()) errors::fail(op, "value must be a number, or a list of numbers");
  return o.scalar();
}

}  // namespace

std::vector<Tensor> foreach_addcmul(Tensors self, const Each& a, const Each& b, const Each& value) {
  const Each others[] = {a, b, value};
  return compute(addcmul_program(), self, others,
                 [](const Arguments& in) { return addcmul(in[0].tensor(), in[1], in[2], number("addcmul", in[3])); });
}
std::vector<Tensor> foreach_addcdiv(Tensors self, const Each& a, const Each& b, const Each& value) {
  const Each others[] = {a, b, value};
  return compute(addcdiv_program(), self, others,
                 [](const Arguments& in) { return addcdiv(in[0].tensor(), in[1], in[2], number("addcdiv", in[3])); });
}
void foreach_addcmul_(Tensors self, const Each& a, const Each& b, const Each& value) {
  const Each others[] = {a, b, value};
  write(addcmul_program(), self, others,
        [](Tensor& t, std::span<const Operand> in) { addcmul_(t, in[0], in[1], number("addcmul", in[2])); });
}
void foreach_addcdiv_(Tensors self, const Each& a, const Each& b, const Each& value) {
  const Each others[] = {a, b, value};
  write(addcdiv_program(), self, others,
        [](Tensor& t, std::span<const Operand> in) { addcdiv_(t, in[0], in[1], number("addcdiv", in[2])); });
}

}  // namespace tenon
