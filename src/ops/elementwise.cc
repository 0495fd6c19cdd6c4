#include "tenon/elementwise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "autograd/derivatives.h"
#include "autograd/elementwise_node.h"
#include "core/errors.h"
#include "core/launch.h"
#include "ops/exact_compare.h"
#include "ops/operands.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

constexpr OpInfo kInfo[kOps] = {
#define UNARY(name, rule, ...) {#name, 1, Rule::rule, __VA_ARGS__},
#define BINARY(name, rule, ...) {#name, 2, Rule::rule, __VA_ARGS__},
#define TERNARY(name, rule, ...) {#name, 3, Rule::rule, __VA_ARGS__},
#include "tenon/elementwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY
};

struct Call {
  ElementwiseTypes types;
  DType second;  // of ElementwiseCall
  DType promoted;
  Place place;
};

Call prepare(Op op, std::span<const Operand> in) {
  const std::string_view name = info(op).name;
  const bool select = info(op).rule == Rule::select;
  const DTypes compared = is_comparison(op) ? compared_dtypes(in) : DTypes{promoted_dtype(in, select ? 1 : 0)};
  const DType promoted = compared.first;
  const ElementwiseTypes types = elementwise_types(op, promoted);
  const DType second = compared.one() ? types.compute : compared.second;
  for (const Operand& o : in)
    if (!o.is_tensor() && !o.scalar().fits(types.compute))
      errors::scalar_out_of_bounds(name, o.scalar(), types.compute);
  const Call call{types, second, promoted, common_place(name, in)};
  if (select && in[0].is_tensor() && in[0].tensor().dtype() != DType::bool_ && in[0].tensor().dtype() != DType::uint8)
    errors::dtype_not_supported(name, in[0].tensor().dtype(), "a bool tensor as its condition");
  return call;
}

void run(Op op, const Call& call, std::span<const Operand> in, const Tensor& out) {
  if (out.numel() == 0) return;
  const Rule rule = info(op).rule;
  ElementwiseCall c;
  c.op = op;
  c.compute = call.types.compute;
  c.second = call.second;
  c.kernel_out = call.types.kernel_out;
  c.arity = static_cast<int>(in.size());
  c.stream_output = out.nbytes() >= kStreamBytes && out.storage().touched();
  Dims strides[kMaxOperands];
  LoopOperand operands[kMaxOperands];
  c.data[0] = out.data();
  c.dtype[0] = out.dtype();
  c.immediate[0] = false;
  operands[0] = {&out.strides(), out.itemsize()};
  Dims none;
  for (int i = 1; i <= c.arity; ++i) {
    const Operand& o = in[static_cast<std::size_t>(i - 1)];
    const bool select_condition = i == 1 && rule == Rule::select;
    const bool host_number = o.is_tensor() && o.tensor().device() != call.place.device;
    if (o.is_tensor() && !host_number) {
      const Tensor& t = o.tensor();
      if (t.data() == out.data()) c.stream_output = false;  // in place: the lines are in the cache
      c.data[i] = t.data();
      c.dtype[i] = t.dtype();
      c.immediate[i] = false;
      if (t.shape() == call.place.shape) {
        operands[i] = {&t.strides(), t.itemsize()};
        continue;
      }
      strides[i] = broadcast_strides(t.shape(), t.strides(), call.place.shape);
      operands[i] = {&strides[i], t.itemsize()};
    } else {
      const DType d = select_condition ? DType::bool_ : op == Op::copy ? out.dtype() : i == 2 ? c.second : c.compute;
      c.data[i] = nullptr;
      c.dtype[i] = d;
      c.immediate[i] = true;
      Scalar number = host_number ? o.tensor().item() : o.scalar();
      // A comparison is as exact as the tensor: the nearest float16 of 0.1 is 0.1, though float32 is computed in.
      if (is_comparison(op) && c.compute == c.second) {
        number.store(call.promoted, c.value[i]);
        number = Scalar::load(call.promoted, c.value[i]);
      }
      number.store(d, c.value[i]);
      if (none.size() != call.place.shape.size()) none = Dims(call.place.shape.size(), 0);
      operands[i] = {&none, 0};
    }
  }
  build_loop(c.loop, call.place.shape, {operands, static_cast<std::size_t>(c.arity) + 1});
  launch(info(op).name.data(), call.place.device, call.types.compute, &Backend::elementwise, c);
}

// Of a selection the operand that decides about shape and dtype is the second: the first is the condition.
const Operand& leading(Op op, std::span<const Operand> in) {
  const std::size_t skipped = info(op).rule == Rule::select ? 1 : 0;
  return in[skipped].is_tensor() || in.size() == skipped + 1 ? in[skipped] : in[skipped + 1];
}

// The commonest call needs no plan: tensors of one dtype and shape, row-major on the CPU, and numbers that do not
// change the dtype. (300 instructions less of some 1500; what is small is mostly overhead.)
bool is_plain(Op op, std::span<const Operand> in, const TensorImpl* first) {
  if (!first || !first->contiguous || !first->device.is_cpu() || first->numel > 4096 || first->numel == 0 ||
      is_half(first->dtype) || is_float8(first->dtype))
    return false;
  const Rule rule = kInfo[static_cast<int>(op)].rule;
  if (is_complex(first->dtype) && !info(rule).complexes) return false;
  const Operand* condition = rule == Rule::select ? in.data() : nullptr;
  for (const Operand& o : in) {
    if (o.is_tensor()) {
      const TensorImpl* p = o.tensor().impl();
      const DType wanted = &o == condition ? DType::bool_ : first->dtype;
      if (p == first && &o != condition) continue;
      if (p->dtype != wanted || !p->contiguous || !p->device.is_cpu() || !(p->shape == first->shape)) return false;
    } else if (&o == condition) {
      return false;
    } else if (o.scalar().promote_with(first->dtype) != first->dtype || !o.scalar().fits(first->dtype)) {
      return false;
    }
  }
  return true;
}

void run_plain(Op op, std::span<const Operand> in, const ElementwiseTypes& types, const Tensor& out) {
  ElementwiseCall c;
  c.op = op;
  c.compute = c.second = types.compute;
  c.kernel_out = types.kernel_out;
  c.arity = static_cast<int>(in.size());
  c.stream_output = false;
  c.data[0] = out.data();
  c.dtype[0] = out.dtype();
  c.immediate[0] = false;
  flat_loop(c.loop, out.numel(), {out.itemsize()});
  for (int i = 1; i <= c.arity; ++i) {
    const Operand& o = in[static_cast<std::size_t>(i - 1)];
    c.immediate[i] = !o.is_tensor();
    c.data[i] = o.is_tensor() ? o.tensor().data() : nullptr;
    c.dtype[i] = o.is_tensor() ? o.tensor().dtype() : types.compute;
    c.loop.strides[i][0] = o.is_tensor() ? o.tensor().itemsize() : 0;
    if (!o.is_tensor()) o.scalar().store(types.compute, c.value[i]);
  }
  launch(info(op).name.data(), kCpu, types.compute, &Backend::elementwise, c);
}

// Whether plain operands may be overwritten by the result: they are it, or have nothing to do with it.
bool may_overwrite(std::span<const Operand> in, const Tensor& out) {
  for (const Operand& o : in)
    if (o.is_tensor() && o.tensor().data() != out.data() && may_share_memory(o.tensor(), out)) return false;
  return true;
}

// The complex forms of sigmoid, silu and sinc, made of other operations. Undefined where a kernel does that.
Tensor compose_complex(Op op, std::span<const Operand> in) {
  if (!in[0].is_tensor() || !is_complex(in[0].tensor().dtype())) return {};
  const Tensor& z = in[0].tensor();
  if (op == Op::sinc) {
    const Tensor zero = eq(z, 0), angle = mul(where(zero, 1, z), std::numbers::pi);
    return where(zero, 1, div(sin(angle), angle));
  }
  const Tensor below = add(exp(neg(z)), 1);
  return op == Op::silu ? div(z, below) : reciprocal(below);
}

// nextafter of half precision: the kernels compute in float32, whose next number rounds back. Their bits are counted
// on as integers. Undefined for other dtypes.
Tensor next_half(Op op, std::span<const Operand> in) {
  const DType d = promoted_dtype(in);
  if (!is_half(d)) return {};
  Tensor r;
  {
    NoGrad guard;
    const Device device = in[0].is_tensor() ? in[0].tensor().device() : in[1].tensor().device();
    const auto as_half = [&](const Operand& o) {
      return o.is_tensor() ? to(o.tensor().detach(), d) : Tensor::of(o.scalar(), d, device);
    };
    const Tensor a = as_half(in[0]), b = as_half(in[1]);
    // Away from zero the magnitude grows by a unit in the last place, whatever the sign.
    const Tensor step = where(eq(lt(a, b), gt(a, 0)), Tensor::of(1, DType::int16), Tensor::of(-1, DType::int16));
    const Tensor moved = view(add(view(a, DType::int16), step), d);
    const Tensor smallest = view(Tensor::of(1, DType::int16, device), d);
    const Tensor next = where(eq(a, 0), copysign(smallest, b), moved);
    const Tensor missing = logical_or(isnan(a), isnan(b));
    r = where(missing, std::numeric_limits<double>::quiet_NaN(), where(eq(a, b), b, next));
  }
  if (any_needs_grad(in)) record_elementwise(op, in, elementwise_types(op, d), r);
  return r;
}

// What no single kernel computes; undefined for the rest.
Tensor composed(Op op, std::span<const Operand> in) {
  switch (op) {
    case Op::sigmoid:
    case Op::silu:
    case Op::sinc: return compose_complex(op, in);
    case Op::nextafter: return next_half(op, in);
    default: break;
  }
  return is_comparison(op) ? compare_exactly(op, in) : Tensor();
}

// Throws ValueError for a negative power of integers. An exponent's tensor is read for that, on a device too.
void check_power(std::span<const Operand> in) {
  if (!is_integral(promoted_dtype(in))) return;
  const Operand& b = in[1];
  bool negative = !b.is_tensor() && b.scalar().is_negative();
  if (b.is_tensor() && kind(b.tensor().dtype()) == Kind::signed_integer && b.tensor().numel() > 0) {
    NoGrad guard;
    negative = any(lt(b, 0)).item<bool>();
  }
  if (negative) errors::fail("pow", "integers to negative integer powers are no integers; convert with .float() first");
}

}  // namespace

const OpInfo& info(Op op) { return kInfo[static_cast<int>(op)]; }

ElementwiseTypes elementwise_types(Op op, DType d) {
  const OpInfo& o = info(op);
  const RuleInfo& rule = info(o.rule);
  if (o.rule == Rule::any) return {d, d, d};
  if (rule.converts == Converts::to_truth_value) return {DType::bool_, DType::bool_, DType::bool_};
  if (rule.converts == Converts::bools_to_int8 && is_bool(d)) d = DType::int8;
  if (rule.converts == Converts::to_float && (is_bool(d) || is_integral(d))) d = default_float();
  const bool taken = is_bool(d)       ? rule.bools
                     : is_integral(d) ? rule.integers
                     : is_complex(d)  ? rule.complexes
                                      : rule.floats && !is_float8(d);
  if (!taken) errors::dtype_not_supported(o.name, d, rule.wanted);
  const DType compute = is_half(d) ? DType::float32 : d;
  switch (rule.returns) {
    case Returns::boolean: return {compute, DType::bool_, DType::bool_};
    case Returns::real: return {compute, real_dtype(compute), real_dtype(d)};
    case Returns::promoted: break;
  }
  return {compute, compute, d};
}

Tensor elementwise(Op op, std::span<const Operand> in, const Tensor* out) {
  if (op == Op::pow) check_power(in);
  const bool record = any_needs_grad(in);
  if (!out) {
    if (!in.empty()) {
      const Operand& first = leading(op, in);
      if (first.is_tensor() && is_plain(op, in, first.tensor().impl())) {
        const ElementwiseTypes types = elementwise_types(op, first.tensor().dtype());
        Tensor result = empty(first.tensor().shape(), types.result);
        run_plain(op, in, types, result);
        if (record) record_elementwise(op, in, types, result);
        return result;
      }
    }
    if (Tensor r = composed(op, in); r.defined()) return r;
    const Call call = prepare(op, in);
    Tensor result = empty_like_operands(call.place, call.types.result, in);
    run(op, call, in, result);
    if (record) record_elementwise(op, in, call.types, result);
    return result;
  }
  const std::string_view name = info(op).name;
  if (const Tensor r = composed(op, in); r.defined()) {
    check_out(name, *out, r.dtype(), {r.shape(), r.device()}, record);
    copy_(*const_cast<Tensor*>(out), r);
    return *out;
  }
  const Call call = prepare(op, in);
  check_out(name, *out, call.types.result, call.place, record);
  // An input that would be overwritten before it is read is copied first.
  Tensor copies[3];
  std::vector<Operand> safe(in.begin(), in.end());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!in[i].is_tensor() || !may_share_memory(in[i].tensor(), *out)) continue;
    const Tensor& t = in[i].tensor();
    if (!partially_overlap(*out, t, broadcast_strides(t.shape(), t.strides(), call.place.shape))) continue;
    copies[i] = t.detach().clone();
    safe[i] = Operand(copies[i]);
  }
  run(op, call, safe, *out);
  autograd::after_inplace(*out, name.data());
  return *out;
}

Tensor& elementwise_(Op op, Tensor& self, std::span<const Operand> others) {
  const std::string_view name = info(op).name;
  Operand all[] = {self, self, self};
  std::copy(others.begin(), others.end(), all + 1);
  const std::span<Operand> in(all, others.size() + 1);
  if (op == Op::pow) check_power(in);
  const bool record = any_needs_grad(in) && is_differentiable(self.dtype());
  if (!record && is_plain(op, in, self.impl()) && may_overwrite(in, self)) {
    const ElementwiseTypes types = elementwise_types(op, self.dtype());
    if (types.result == self.dtype()) {
      autograd::check_inplace(self, name.data(), false);
      run_plain(op, in, types, self);
      autograd::after_inplace(self, name.data());
      return self;
    }
  }
  if (is_complex(self.dtype()) || is_comparison(op))
    if (const Tensor r = composed(op, in); r.defined()) return copy_(self, r);
  const Call call = prepare(op, in);
  if (!can_cast_same_kind(call.types.result, self.dtype()))
    errors::result_does_not_fit(name, call.types.result, self.dtype());
  if (call.place.shape != self.shape()) errors::cannot_expand(name, self.shape(), call.place.shape);
  autograd::check_inplace(self, name.data(), record);
  if (!record) {
    NoGrad guard;
    elementwise(op, in, &self);
    return self;
  }
  // What backward needs of self is its old value: kept aside, and the result computed aside, before the write.
  const derive::ElementwiseRow& row = derive::elementwise(op);
  unsigned kept = 0;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (in[i].is_tensor() && autograd::needs_grad(in[i].tensor())) kept |= row.keep[i];
  Tensor old[3];
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!(kept & (1u << i)) || !in[i].is_tensor() || !may_share_memory(in[i].tensor(), self)) continue;
    old[i] = clone(in[i].tensor());
    in[i] = Operand(old[i]);
  }
  Tensor result = elementwise(op, in);
  Ref<Node> node = autograd::node_of(result);
  if (!node && autograd::needs_grad(self)) {
    // Nothing flows through a comparison: it ends self's history.
    const Tensor end = alias(self, 0, self.shape(), self.strides());
    autograd::attach(end, name.data(), {}, derive::copy());
    node = autograd::node_of(end);
  }
  {
    NoGrad guard;
    Tensor target = self.detach();
    const Operand source(result);
    ElementwiseTypes types{result.dtype(), result.dtype(), self.dtype()};
    run(Op::copy, {types, types.compute, self.dtype(), {self.shape(), self.device()}}, {&source, 1}, target);
  }
  autograd::after_inplace(self, name.data(), node);
  return self;
}

}  // namespace tenon
