// The rows of elementwise.def as Python functions and methods, and their in-place forms.
#include <algorithm>
#include <deque>
#include <iterator>

#include "core/errors.h"
#include "in_place.h"
#include "numpy_api.h"
#include "numpy_families.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

bool is_one(const Scalar& s) { return !s.is_floating() && !s.is_complex() && s.to<double>() == 1; }

PyObject* run(const char* name, Op op, PyObject* const* args, PyObject* out) {
  const Operands operands(args, info(op).arity, name, "input");
  if (!out) return wrap(compute(op, operands));
  Tensor target = out_tensor(name, out);
  compute(op, operands, &target);
  return Py_NewRef(out);
}
PyObject* invoke(const OpDef& def, PyObject* const* args) {
  return run(def.name.c_str(), def.op, args, args[def.args.size()]);
}

// A result of several primitives; out= takes it as it takes a primitive's.
PyObject* deliver(const OpDef& def, Tensor value, PyObject* out) {
  if (!out) return wrap(std::move(value));
  Tensor target = out_tensor(def.name.c_str(), out);
  const Operand result(value);
  compute(Op::copy, {&result, 1}, &target);
  return Py_NewRef(out);
}

// add(alpha=) and sub(alpha=).
PyObject* invoke_sum(const OpDef& def, PyObject* const* args) {
  const Scalar alpha = to_scalar(args[2], {def.name.c_str(), "alpha"});
  if (is_one(alpha)) return run(def.name.c_str(), def.op, args, args[3]);
  const Operands operands(args, 2, def.name.c_str(), "input");
  const std::span<const Operand> in = operands;
  const auto sum = [&] { return def.op == Op::add ? add(in[0], in[1], alpha) : sub(in[0], in[1], alpha); };
  return deliver(def, without_gil(std::max(work(in[0]), work(in[1])), sum, in[0], in[1]), args[3]);
}

PyObject* invoke_div(const OpDef& def, PyObject* const* args) {
  if (args[2] == Py_None) return run(def.name.c_str(), Op::div, args, args[3]);
  const Operands operands(args, 2, def.name.c_str(), "input");
  const std::span<const Operand> in = operands;
  const Rounding mode = rounding(to_string(args[2], {"div", "rounding_mode"}));
  const auto quotient = [&] { return div(in[0], in[1], mode); };
  return deliver(def, without_gil(std::max(work(in[0]), work(in[1])), quotient, in[0], in[1]), args[3]);
}

PyObject* invoke_inplace(const OpDef& def, PyObject* const* args) {
  const int arity = info(def.op).arity;
  Tensor self = unwrap(args[0]);
  Operands others(args + 1, arity - 1, def.name.c_str(), "other");
  const bool sum = def.op == Op::add || def.op == Op::sub;
  const Scalar alpha = sum ? to_scalar(args[arity], {def.name.c_str(), "alpha"}) : Scalar(1);
  const auto write = [&] {
    if (is_one(alpha)) elementwise_(def.op, self, others);
    else def.op == Op::add ? add_(self, others[0], alpha) : sub_(self, others[0], alpha);
  };
  without_gil(self.numel(), write, self, others[0], others[1]);
  return Py_NewRef(args[0]);
}

PyObject* invoke_div_inplace(const OpDef& def, PyObject* const* args) {
  if (args[2] == Py_None) return invoke_inplace(def, args);
  Tensor self = unwrap(args[0]);
  From<Operand> other(args[1], {def.name.c_str(), "other"});
  const Operand y = other.get();
  const Rounding mode = rounding(to_string(args[2], {"div_", "rounding_mode"}));
  const auto write = [&] {
    const Tensor quotient = div(self, y, mode);
    if (!can_cast_same_kind(quotient.dtype(), self.dtype()))
      errors::result_does_not_fit("div_", quotient.dtype(), self.dtype());
    copy_(self, quotient);
  };
  without_gil(std::max(self.numel(), work(y)), write, self, y);
  return Py_NewRef(args[0]);
}

// The rows with parameters that are no operands.
template <class F>
PyObject* with_parameters(const OpDef& def, PyObject* const* args, F&& f) {
  From<Operand> x(args[0], {def.name.c_str(), "input"});
  const Operand in = x.get();
  return deliver(def, without_gil(work(in), [&] { return f(in); }, in), args[def.args.size()]);
}
PyObject* invoke_logit(const OpDef& def, PyObject* const* args) {
  if (args[1] == Py_None) return run(def.name.c_str(), Op::logit, args, args[2]);
  const auto eps = argument<double>(def, args, 1);
  return with_parameters(def, args, [&](const Operand& x) { return logit(x, eps); });
}
PyObject* invoke_gelu(const OpDef& def, PyObject* const* args) {
  const Gelu approximation = gelu_approximation(to_string(args[1], {def.name.c_str(), "approximate"}));
  if (approximation == Gelu::none) return run(def.name.c_str(), Op::gelu, args, args[2]);
  return with_parameters(def, args, [&](const Operand& x) { return gelu(x, approximation); });
}
PyObject* invoke_softplus(const OpDef& def, PyObject* const* args) {
  const auto beta = argument<double>(def, args, 1), threshold = argument<double>(def, args, 2);
  return with_parameters(def, args, [&](const Operand& x) { return softplus(x, beta, threshold); });
}

// The same in place: with other parameters than the defaults the result is computed aside, as F does.
template <PyObject* (*F)(const OpDef&, PyObject* const*)>
PyObject* invoke_inplace_with(const OpDef& def, PyObject* const* args) {
  const auto is_default = [&](const Arg& a) { return args[&a - def.args.data()] == a.default_value; };
  if (std::all_of(def.args.begin() + def.op_arity, def.args.end(), is_default)) return invoke_inplace(def, args);
  PyObject* with_out[kMaxArgs + 1] = {};
  std::copy_n(args, def.args.size(), with_out);
  Tensor self = unwrap(args[0]);
  Object old;  // backward needs what is overwritten
  if (grad_enabled() && self.requires_grad()) {
    old = Object::steal(wrap(clone(self)));
    with_out[0] = old.get();
  }
  const Object value = Object::steal(F(def, with_out));
  const Tensor result = unwrap(value.get());
  if (!can_cast_same_kind(result.dtype(), self.dtype()))
    errors::result_does_not_fit(def.name, result.dtype(), self.dtype());
  without_gil(self.numel(), [&] { copy_(self, result); }, self, result);
  return Py_NewRef(args[0]);
}

// clip: either bound may be missing.
PyObject* invoke_clip(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), "input"};
  From<Operand> x(args[0], w);
  From<std::optional<Operand>> low(args[1], w), high(args[2], w);
  const Operand in = x.get();
  const auto size = [](const std::optional<Operand>& o) { return o ? work(*o) : 0; };
  const std::int64_t n = std::max({work(in), size(low.get()), size(high.get())});
  if (!def.native_out) {  // clip_
    Tensor self = unwrap(args[0]);
    without_gil(n, [&] { clamp_(self, low.get(), high.get()); }, self, low.get().value_or(0), high.get().value_or(0));
    return Py_NewRef(args[0]);
  }
  Tensor target;
  if (args[3]) target = out_tensor(def.name.c_str(), args[3]);
  const auto limit = [&] { return clamp(in, low.get(), high.get(), args[3] ? &target : nullptr); };
  Tensor y = without_gil(n, limit, in, low.get().value_or(0), high.get().value_or(0), target);
  return args[3] ? Py_NewRef(args[3]) : wrap(std::move(y));
}

// NumPy's: the bounds by position or by the standard's names, and what ufuncs take.
PyObject* numpy_clip(const OpDef& def, PyObject* const* args) {
  enum { kLow = 1, kHigh, kMin, kMax, kWhere, kCasting, kOrder, kDType };
  const Where w{def.name.c_str(), "a"};
  if ((is_given(args[kLow]) || is_given(args[kHigh])) && (is_given(args[kMin]) || is_given(args[kMax])))
    errors::fail(w.op, "a_min and a_max are min and max; give one pair");
  PyObject* bounds[] = {is_given(args[kLow]) ? args[kLow] : args[kMin],
                        is_given(args[kHigh]) ? args[kHigh] : args[kMax]};
  for (PyObject*& b : bounds)
    if (!is_given(b)) b = Py_None;
  const Tensor mask = to_mask(args[kWhere], w.op);
  const Casting casting = to_casting(args[kCasting], {w.op, "casting"});
  From<Operand> x(args[0], w);
  From<std::optional<Operand>> low(bounds[0], {w.op, "a_min"}), high(bounds[1], {w.op, "a_max"});
  Operand in = x.get();
  Tensor held;
  if (args[kDType] != Py_None) {
    held = in.is_tensor() ? in.tensor() : Tensor::of(in.scalar(), in.scalar().default_dtype());
    in = Operand(held = cast_operand(w.op, held, to_dtype(args[kDType], {w.op, "dtype"}), casting));
  } else if (casting < Casting::same_kind) {
    std::vector<Operand> all{in};
    for (const auto& bound : {low.get(), high.get()})
      if (bound) all.push_back(*bound);
    check_casting(def, all, casting);
  }
  const auto size = [](const std::optional<Operand>& o) { return o ? work(*o) : 0; };
  const std::int64_t n = std::max({work(in), size(low.get()), size(high.get())});
  const auto limit = [&] { return clamp(in, low.get(), high.get()); };
  Tensor y = without_gil(n, limit, in, low.get().value_or(0), high.get().value_or(0));
  return delivered(def, std::move(y), args[def.args.size()], mask, casting, args[kOrder]);
}
void clip_of_numpy(OpDef& d) {
  d.doc +=
      "A new tensor, or out, with broadcasting. a_min, a_max, min and max: a number or an array, in one\n"
      "pair of names; without one there is no such limit. where: a bool tensor; elements where it is False are out's, or 0 without out. dtype: what a is\n"
      "converted to first, as casting allows. order: how a new result lies in memory; subok is ignored. TypeError for\n"
      "complex numbers and float8, ValueError for shapes that do not broadcast, OverflowError for a Python integer that\n"
      "would limit every element.\n\n"
      ">>> tenon.numpy.clip(tenon.tensor([1, 5, 9]), 2, 6)\n"
      "tensor([2, 5, 6])";
  d.arguments("a"_a, "min"_a = none, "max"_a = none, "out"_a, kw_only, "a_min"_a = none, "a_max"_a = none,
              "where"_a = true, "casting"_a = "same_kind", "order"_a = "K", "dtype"_a = none, "subok"_a = true);
  d.op = Op::clip;
  d.arrays = 0b11111;  // a, and both pairs of bounds
  d.invoke = &numpy_clip;
  d.native_out = true;
}

PyObject* choose(PyObject* condition, PyObject* a, PyObject* b) {
  From<Tensor> c(condition, {"where", "condition"});
  From<Operand> x(a, {"where", "input"}), y(b, {"where", "other"});
  const Tensor mask = c.get();
  const Operand in[] = {mask, x.get(), y.get()};
  return wrap(compute(Op::where, in));
}

Tensor polygamma_of(std::int64_t n, const Tensor& x) {
  if (n < 0) errors::fail("polygamma", "the order n must not be negative; got ", n);
  return polygamma(n, x);
}

Tensor polygamma_method(const Tensor& x, std::int64_t n) { return polygamma_of(n, x); }

// What goes wrong apart from dtypes, of operations with several operands.
std::string operand_errors(const OpInfo& o) {
  if (o.arity == 1) return "";
  const bool keeps_integers = info(o.rule).integers && info(o.rule).returns == Returns::promoted;
  return std::string("\nValueError for shapes that do not broadcast") +
         (keeps_integers ? ", OverflowError for a Python integer that the dtype cannot hold." : ".");
}
// What every form in place may raise.
constexpr const char* kInPlaceErrors =
    "\nThe result is converted to the tensor's dtype: TypeError for one of a lower kind. ValueError for read-only\n"
    "memory, RuntimeError for a leaf that requires grad and for elements that share memory.";

// NumPy's and the array API's names are names of ours too, unless PyTorch means something else by them.
void add_aliases(OpDef& d, const OpInfo& o) {
  auto add = [&](std::string_view name) {
    if (name.empty() || name == d.name || name == "equal" || name == "round") return;
    for (const char* known : d.aliases)
      if (name == known) return;
    d.aliases.push_back(name.data());  // a literal, so terminated
  };
  add(o.numpy_name);
  add(o.array_api_name);
  if (d.op == Op::div) add("true_divide");
  if (d.op == Op::trunc) add("fix");
  if (d.op == Op::sign) add("sgn");
  if (d.op == Op::conj) add("conj_physical");
}

// NumPy's other names of the same function.
std::span<const char* const> other_numpy_names(Op op) {
  static constexpr const char* kDiv[] = {"true_divide"};
  static constexpr const char* kRemainder[] = {"mod"};
  static constexpr const char* kNot[] = {"bitwise_not"};
  static constexpr const char* kDegrees[] = {"degrees"};
  static constexpr const char* kRadians[] = {"radians"};
  switch (op) {
    case Op::div: return kDiv;
    case Op::remainder: return kRemainder;
    case Op::bitwise_not: return kNot;
    case Op::rad2deg: return kDegrees;
    case Op::deg2rad: return kRadians;
    default: return {};
  }
}

constexpr const char* kEps = "\n\neps: x is limited to [eps, 1 - eps] first.";
constexpr const char* kApproximate =
    "\napproximate: 'none', or 'tanh' for 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) (ValueError for "
    "others).";
constexpr const char* kBeta =
    "\nWith beta log(1 + exp(beta * x)) / beta; x itself where beta * x is above the threshold.";

}  // namespace

void def_elementwise(Ops& ops) {
  static constexpr const char* kNames[3] = {"input", "other", "third"};
  for (int i = 0; i < kOps; ++i) {
    const auto op = static_cast<Op>(i);
    const OpInfo& o = info(op);
    // clone(), to() and fill_() call the first, programs the second, gelu() and the tape the others.
    constexpr Op inner[] = {Op::copy, Op::muladd, Op::gelu_slope, Op::gelu_tanh, Op::gelu_tanh_slope};
    if (std::find(std::begin(inner), std::end(inner), op) != std::end(inner)) continue;
    const bool clip = op == Op::clip, where = op == Op::where, lerp = op == Op::lerp;
    auto names = [&](int k) {
      if (clip) return k == 0 ? "input" : k == 1 ? "min" : "max";
      if (where) return k == 0 ? "condition" : k == 1 ? "input" : "other";
      if (op == Op::pow && k == 1) return "exponent";
      if (op == Op::leaky_relu && k == 1) return "negative_slope";
      if (op == Op::elu && k == 1) return "alpha";
      if (lerp) return k == 0 ? "input" : k == 1 ? "end" : "weight";
      return kNames[k];
    };
    const bool alpha = op == Op::add || op == Op::sub;
    auto row = [&](const char* suffix, PyObject* (*fn)(const OpDef&, PyObject* const*)) {
      OpDef* d = new OpDef;
      d->name = std::string(o.name) + suffix;
      d->doc =
          std::string(o.doc) + "\n\nElementwise" + (o.arity == 1 ? "" : ", with broadcasting") + ", into a new tensor.";
      for (int k = 0; k < o.arity; ++k) d->args.push_back(Arg{names(k)});
      // PyTorch's defaults.
      if (op == Op::leaky_relu) d->args[1].default_value = Object::steal(PyFloat_FromDouble(0.01)).release();
      if (op == Op::elu) d->args[1].default_value = Object::steal(PyFloat_FromDouble(1)).release();
      d->types.assign(static_cast<std::size_t>(o.arity), "ArrayLike");
      if (alpha) d->args.push_back(keyword("alpha"_a = 1));
      d->op = op;
      d->op_arity = o.arity;
      d->invoke = fn;
      return d;
    };
    if (where || clip || op == Op::polygamma) continue;  // their signatures are their own
    OpDef* d = row("", alpha ? &invoke_sum : &invoke);
    d->op_alone = op != Op::softplus;
    if (op == Op::div) {
      d->invoke = &invoke_div;
      d->args.push_back(keyword("rounding_mode"_a = none));
      d->doc +=
          "\nrounding_mode: None, 'trunc' (towards zero, as C) or 'floor' (as //), which keep integers (ValueError for "
          "others).";
    }
    if (op == Op::logit) {
      d->invoke = &invoke_logit;
      d->args.push_back("eps"_a = none);
      d->doc += kEps;
    }
    if (op == Op::gelu) {
      d->invoke = &invoke_gelu;
      d->args.push_back("approximate"_a = "none");
      d->doc += kApproximate;
    }
    if (op == Op::softplus) {
      d->invoke = &invoke_softplus;
      d->args.push_back("beta"_a = 1.0);
      d->args.push_back("threshold"_a = 20.0);
      d->doc += kBeta;
    }
    d->doc += "\n" + std::string(info(o.rule).sentence);
    if (op == Op::sigmoid || op == Op::silu || op == Op::sinc) d->doc += " Complex numbers, too.";
    d->doc += operand_errors(o);
    add_aliases(*d, o);
    d->numpy_name = o.numpy_name;
    d->array_api_name = o.array_api_name;
    d->takes_out = d->native_out = true;
    ops.add_row(d);
    if (!d->numpy_name.empty()) {
      OpDef* f = new_ufunc(op, o.numpy_name.data());  // a literal, so terminated
      f->notes = d->doc.substr(d->doc.find(info(o.rule).sentence) - 1);
      f->doc += f->notes;
      ops.show(d->numpy_name, f);
      if (!d->array_api_name.empty()) ops.show_if_free(d->array_api_name, f);
      for (const char* also : other_numpy_names(op)) ops.show(also, f);
    }
    OpDef* inplace = row("_", &invoke_inplace);
    const char* parameters = "";
    if (op == Op::div) inplace->invoke = &invoke_div_inplace;
    if (op == Op::logit) {
      inplace->invoke = &invoke_inplace_with<&invoke_logit>;
      parameters = kEps;
    }
    if (op == Op::gelu) {
      inplace->invoke = &invoke_inplace_with<&invoke_gelu>;
      parameters = kApproximate;
    }
    if (op == Op::softplus) {
      inplace->invoke = &invoke_inplace_with<&invoke_softplus>;
      parameters = kBeta;
    }
    for (std::size_t k = inplace->args.size(); k < d->args.size(); ++k) inplace->args.push_back(d->args[k]);
    for (const char* alias : d->aliases) {
      static std::deque<std::string> names;
      names.push_back(std::string(alias) + "_");
      inplace->aliases.push_back(names.back().c_str());
    }
    inplace->doc = std::string(o.doc) + "\n\nIn place: the tensor is overwritten and returned." + parameters + "\n" +
                   std::string(info(o.rule).sentence) + operand_errors(o) + kInPlaceErrors;
    inplace->is_function = false;
    ops.add_row(inplace);
  }
  OpDef* clip = new OpDef;
  clip->name = "clip";
  clip->doc =
      std::string(info(Op::clip).doc) +
      "\n\nElementwise, with broadcasting, into a new tensor. "
      "Either bound may be None.\n"
      "An integer bound beyond the dtype that limits nothing counts as the dtype's own: clip(uint8, -5, 300).\n" +
      std::string(info(Rule::ordered).sentence) + operand_errors(info(Op::clip)) +
      "\n\n>>> tenon.clip(tenon.tensor([-2, 0, 5]), -1, 1)\ntensor([-1,  0,  1])";
  clip->numpy_name = clip->array_api_name = "clip";
  clip->args = {"input"_a, "min"_a = none, "max"_a = none};
  clip->op = Op::clip;
  clip->arrays = 0b111;
  clip->invoke = &invoke_clip;
  OpDef* clip_inplace = new OpDef(*clip);
  clip->takes_out = clip->native_out = true;
  clip->aliases = {"clamp"};
  ops.add_row(clip);
  OpDef* under_numpy = ops.under_numpy(*clip, "clip");
  clip_of_numpy(*under_numpy);
  ops.show("clip", under_numpy);
  clip_inplace->name = "clip_";
  clip_inplace->doc =
      "Limits the tensor to [min, max] in place and returns it; either bound may be None.\n\n"
      "ValueError for shapes that do not broadcast and for read-only memory; TypeError for complex numbers and\n"
      "float8; OverflowError for a Python integer beyond the dtype that would limit every element. RuntimeError\n"
      "for a leaf that requires grad and for elements that share memory.\n\n"
      ">>> tenon.tensor([-2, 0, 5]).clip_(-1, 1)\n"
      "tensor([-1,  0,  1])";
  clip_inplace->aliases = {"clamp_"};
  clip_inplace->is_function = false;
  ops.add_row(clip_inplace);

  ops.raw(
         "where",
         [](const OpDef&, PyObject* const* args) {
           if (args[1] == Py_None && args[2] == Py_None)
             return to_python(unbind(nonzero(to_tensor(args[0], {"where", "condition"})), 1));
           return choose(args[0], args[1], args[2]);
         },
         "input where the bool condition holds, other elsewhere; the three broadcast.\n\n"
         "A new tensor of the promoted dtype of input and other. where(condition), of any dtype:\n"
         "nonzero(as_tuple=True).\n"
         "TypeError for a condition that is not bool, for float8 and without other; ValueError for shapes that\n"
         "do not broadcast; OverflowError for a Python integer that the dtype cannot hold.\n\n"
         ">>> tenon.where(tenon.tensor([True, False]), 1, 2)\n"
         "tensor([1, 2])",
         "condition"_a, "input"_a = none, "other"_a = none)
      .function_only()
      .with_out()
      .computes(Op::where, 3)
      .numpy("where", choosing)
      .array_api("where")
      .returns("Any");
  ops.raw(
         "where", [](const OpDef&, PyObject* const* args) { return choose(args[1], args[0], args[2]); },
         "The tensor where the bool condition holds, other elsewhere; the three broadcast.\n\n"
         "A new tensor of the promoted dtype of both. TypeError for a condition that is not bool and for\n"
         "float8; ValueError for shapes that do not broadcast; OverflowError for a Python integer that the\n"
         "dtype cannot hold.\n\n"
         ">>> tenon.tensor([1, 2]).where(tenon.tensor([True, False]), 0)\n"
         "tensor([1, 0])",
         "input"_a, "condition"_a, "other"_a)
      .arrays(0b101)
      .method_only();
  static constexpr const char* kPolygamma =
      "The n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x), with Hurwitz's zeta.\n\n"
      "n: an int, not negative (ValueError); 0 is digamma, 1 trigamma. Floats (TypeError for complex numbers and\n"
      "float8); integers and bools become the default float. A new tensor; its derivative is polygamma(n + 1, x).\n"
      "By recurrence and the Euler-Maclaurin formula (DLMF 5.15.1 and 25.11.28), by reflection left of 0. For n up to\n"
      "170 the relative error is below 5e-15; left of 0 relative to the two terms that cancel near the zeros.";
  ops.def("polygamma", &polygamma_of, kPolygamma, "n"_a, "input"_a)
      .example(
          ">>> tenon.polygamma(1, tenon.tensor([1.0, 2.0]))\n"
          "tensor([1.6449, 0.6449])")
      .function_only();
  ops.def("polygamma", &polygamma_method, kPolygamma, "input"_a, "n"_a)
      .example(
          ">>> tenon.tensor([1.0, 2.0]).polygamma(1)\n"
          "tensor([1.6449, 0.6449])")
      .method_only();
  ops.def(
         "polygamma_", &in_place<&polygamma_method, std::int64_t>,
         "The n-th derivative of digamma, in place; returns the tensor.\n\n"
         "n: an int, not negative. TypeError for integers, complex numbers and float8, ValueError for another n and for\n"
         "read-only memory, RuntimeError for a leaf that requires grad and for elements that share memory.\n\n"
         ">>> tenon.tensor([1.0, 2.0]).polygamma_(1)\n"
         "tensor([1.6449, 0.6449])",
         "input"_a, "n"_a)
      .method_only();
  ops.def("round", &round,
          "The nearest number with so many decimals, ties to even; negative decimals round to tens, hundreds, ...\n\n"
          "A new tensor of input's dtype. Integers are rounded exactly; floats are scaled, rounded and scaled back,\n"
          "as NumPy does it.\n"
          "TypeError for bool and float8, and for decimals that are no int.\n\n"
          ">>> tenon.tensor([1.234, 5.678]).round(decimals=1)\n"
          "tensor([1.2000, 5.7000])",
          "input"_a, "decimals"_a = 0)
      .numpy(
          "round", &round,
          "A new tensor of a's dtype, or out. Integers are rounded exactly; floats are scaled, rounded and scaled back, as "
          "NumPy does it. TypeError for bool and float8, and for decimals that are no int.\n\n"
          ">>> tenon.numpy.round(tenon.tensor([1.234, 5.678]), 1)\n"
          "tensor([1.2000, 5.7000])",
          "a"_a, "decimals"_a = 0, "out"_a)
      .array_api("round")
      .alias("around");
  ops.show("around", ops.shown("round"));
  ops.def(
         "round_", +[](Tensor& t, std::int64_t decimals) -> Tensor& { return copy_(t, round(t, decimals)); },
         "Rounds the tensor to so many decimals in place, as round(); returns the tensor.\n\n"
         "TypeError for bool and float8. ValueError for read-only memory, RuntimeError for a leaf that\n"
         "requires grad and for elements that share memory.\n\n"
         ">>> tenon.tensor([1.234, 5.678]).round_()\n"
         "tensor([1., 6.])",
         "input"_a, "decimals"_a = 0)
      .method_only();
}

}  // namespace tenon::py
