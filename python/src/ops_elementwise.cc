// The rows of elementwise.def as Python functions and methods, and their in-place forms.
#include <cmath>
#include <deque>

#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"

namespace tenon::py {
namespace {

// alpha and out may be null.
PyObject* run(const char* name, Op op, PyObject* const* args, PyObject* alpha, PyObject* out) {
  const int arity = info(op).arity;
  From<Operand> in[3] = {From<Operand>(args[0], {name, "input"}),
                         From<Operand>(args[arity > 1 ? 1 : 0], {name, "other"}),
                         From<Operand>(args[arity > 2 ? 2 : 0], {name, "other"})};
  Operand operands[3] = {in[0].get(), in[1].get(), in[2].get()};
  const std::span<const Operand> used(operands, static_cast<std::size_t>(arity));
  Tensor scaled;
  if (alpha) {
    const Scalar factor = to_scalar(alpha, {name, "alpha"});
    if (factor.is_floating() || factor.is_complex() || factor.to<std::int64_t>() != 1) {
      scaled = mul(operands[1], factor);
      operands[1] = Operand(scaled);
    }
  }
  if (out) {
    Tensor target = is_tensor(out) ? unwrap(out) : to_tensor(out, {name, "out"});
    compute(op, used, &target);
    return Py_NewRef(out);
  }
  return wrap(compute(op, used));
}
PyObject* invoke(const OpDef& def, PyObject* const* args) {
  const auto arity = static_cast<std::size_t>(info(def.op).arity);
  return run(def.name.c_str(), def.op, args, def.args.size() > arity ? args[arity] : nullptr, args[def.args.size()]);
}

// div(rounding_mode=): "floor" or "trunc".
Tensor divide(const Operand& a, const Operand& b, const std::string& mode) {
  if (mode == "floor") return floor_divide(a, b);
  if (mode != "trunc") errors::fail("div", "rounding_mode must be None, 'floor' or 'trunc'; got '", mode, "'");
  const Tensor q = div(a, b);
  const auto dtype = [](const Operand& o) { return o.is_tensor() ? o.tensor().dtype() : o.scalar().default_dtype(); };
  // Integers stay integers, exactly: what fmod leaves is divisible.
  if (is_integral(dtype(a)) && is_integral(dtype(b))) return floor_divide(sub(a, fmod(a, b)), b);
  return trunc(q);
}
PyObject* invoke_div(const OpDef& def, PyObject* const* args) {
  if (args[2] == Py_None) return run(def.name.c_str(), Op::div, args, nullptr, args[3]);
  From<Operand> a(args[0], {def.name.c_str(), "input"}), b(args[1], {def.name.c_str(), "other"});
  const Operand x = a.get(), y = b.get();
  const std::string mode = to_string(args[2], {"div", "rounding_mode"});
  Tensor quotient = without_gil(std::max(work(x), work(y)), [&] { return divide(x, y, mode); }, x, y);
  if (!args[3]) return wrap(std::move(quotient));
  Tensor target = is_tensor(args[3]) ? unwrap(args[3]) : to_tensor(args[3], {def.name.c_str(), "out"});
  const Operand result(quotient);
  compute(Op::positive, {&result, 1}, &target);
  return Py_NewRef(args[3]);
}

// clip: either bound may be missing.
PyObject* invoke_clip(const OpDef& def, PyObject* const* args) {
  const Where w{def.name.c_str(), "input"};
  From<Operand> x(args[0], w), low(args[1] == Py_None ? Py_False : args[1], w),
      high(args[2] == Py_None ? Py_False : args[2], w);
  Operand operands[3] = {x.get(), low.get(), high.get()};
  int n = 3;
  Op op = Op::clip;
  if (args[1] == Py_None && args[2] == Py_None) errors::fail(def.name, "min and max cannot both be None");
  if (args[1] == Py_None || args[2] == Py_None) {
    op = args[1] == Py_None ? Op::minimum : Op::maximum;
    // At the bound the gradient is x's alone: maximum would share it.
    Operand& missing = operands[args[1] == Py_None ? 1 : 2];
    const auto flows = [](const Operand& o) { return o.is_tensor() && autograd::needs_grad(o.tensor()); };
    if (std::any_of(operands, operands + 3, flows)) {
      missing = Scalar(args[1] == Py_None ? -INFINITY : INFINITY);
      op = Op::clip;
    } else {
      if (args[1] == Py_None) operands[1] = operands[2];
      n = 2;
    }
  }
  const std::span<const Operand> used(operands, static_cast<std::size_t>(n));
  if (!def.native_out) {  // clip_
    Tensor self = unwrap(args[0]);
    without_gil(self.numel(), [&] { elementwise_(op, self, used.subspan(1)); }, self, used[1], used.back());
    return Py_NewRef(args[0]);
  }
  Tensor target;
  if (args[3]) target = is_tensor(args[3]) ? unwrap(args[3]) : to_tensor(args[3], {def.name.c_str(), "out"});
  Tensor y = compute(op, used, args[3] ? &target : nullptr);
  return args[3] ? Py_NewRef(args[3]) : wrap(std::move(y));
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

Tensor round_to(const Tensor& t, std::int64_t decimals) {
  if (decimals == 0 || (decimals > 0 && !is_floating(t.dtype()) && !is_complex(t.dtype()))) return rint(t);
  const double factor = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  if (is_integral(t.dtype()))
    return to(mul(rint(div(to(t, DType::float64), Scalar(factor))), Scalar(factor)), t.dtype());
  return decimals > 0 ? div(rint(mul(t, Scalar(factor))), Scalar(factor))
                      : mul(rint(div(t, Scalar(factor))), Scalar(factor));
}

// What a rule means for a caller.
const char* dtypes(Rule rule) {
  switch (rule) {
    case Rule::arithmetic: return "Any dtype but float8; the result has the promoted one.";
    case Rule::numeric: return "Numbers of any dtype (no bool); the result has the promoted dtype.";
    case Rule::ordered: return "Bools, integers and floats; the result has the promoted dtype.";
    case Rule::real: return "Integers and floats; the result has the promoted dtype.";
    case Rule::integral: return "Bools and integers; the result has the promoted dtype.";
    case Rule::shift: return "Integers; the result has the promoted dtype.";
    case Rule::floating: return "Floats and complex numbers; integers and bools become the default float.";
    case Rule::real_floating: return "Floats; integers and bools become the default float.";
    case Rule::magnitude: return "Any dtype but float8; complex numbers give real ones.";
    case Rule::phase: return "Any dtype but float8; the result is real.";
    case Rule::compare: return "Any dtype but float8; the result is bool.";
    case Rule::order: return "Bools, integers and floats; the result is bool.";
    case Rule::logical: return "Any dtype, by truth value; the result is bool.";
    case Rule::classify: return "Floats and complex numbers (others count as floats); the result is bool.";
    case Rule::order1: return "Floats (integers count as floats); the result is bool.";
    case Rule::select: return "A bool condition; the result has the promoted dtype of the two.";
    case Rule::any: return "Any dtype.";
  }
  return "";
}

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
}

PyObject* invoke_inplace(const OpDef& def, PyObject* const* args) {
  const int arity = info(def.op).arity;
  Tensor self = unwrap(args[0]);
  From<Operand> in[2] = {From<Operand>(args[arity > 1 ? 1 : 0], {def.name.c_str(), "other"}),
                         From<Operand>(args[arity > 2 ? 2 : 0], {def.name.c_str(), "other"})};
  Operand others[2] = {in[0].get(), in[1].get()};
  Tensor scaled;
  if (static_cast<int>(def.args.size()) > arity) {
    scaled = mul(others[0], to_scalar(args[arity], {def.name.c_str(), "alpha"}));
    others[0] = Operand(scaled);
  }
  const std::span<const Operand> rest(others, static_cast<std::size_t>(arity - 1));
  without_gil(self.numel(), [&] { elementwise_(def.op, self, rest); }, self, others[0], others[1]);
  return Py_NewRef(args[0]);
}

}  // namespace

void def_elementwise(Ops& ops) {
  static constexpr const char* kNames[3] = {"input", "other", "third"};
  for (int i = 0; i < kOps; ++i) {
    const auto op = static_cast<Op>(i);
    const OpInfo& o = info(op);
    if (op == Op::copy) continue;  // the loop behind clone(), to() and fill_()
    const bool clip = op == Op::clip, where = op == Op::where, lerp = op == Op::lerp;
    auto names = [&](int k) {
      if (clip) return k == 0 ? "input" : k == 1 ? "min" : "max";
      if (where) return k == 0 ? "condition" : k == 1 ? "input" : "other";
      if (lerp) return k == 0 ? "input" : k == 1 ? "end" : "weight";
      return kNames[k];
    };
    const bool alpha = op == Op::add || op == Op::sub;
    auto row = [&](const char* suffix, PyObject* (*fn)(const OpDef&, PyObject* const*)) {
      OpDef* d = new OpDef;
      d->name = std::string(o.name) + suffix;
      d->doc = std::string(o.doc) + " Elementwise, with broadcasting.";
      for (int k = 0; k < o.arity; ++k) d->args.push_back(Arg{names(k), {}, false, false});
      d->types.assign(static_cast<std::size_t>(o.arity), "ArrayLike");
      if (alpha) d->args.push_back(Arg{"alpha", Object::steal(PyLong_FromLong(1)), true, false});
      d->op = op;
      d->invoke = fn;
      return d;
    };
    if (where || clip || op == Op::polygamma) continue;  // their signatures are their own
    OpDef* d = row("", &invoke);
    if (op == Op::div) {
      d->invoke = &invoke_div;
      d->args.push_back(Arg{"rounding_mode", Object::borrow(Py_None), true, false});
      d->doc += "\n\nrounding_mode: None, 'trunc' (towards zero, as C) or 'floor' (as //), which keep integers.";
    }
    d->doc += std::string(op == Op::div ? "\n" : "\n\n") + dtypes(o.rule);
    add_aliases(*d, o);
    d->numpy_name = o.numpy_name;
    d->array_api_name = o.array_api_name;
    d->takes_out = d->native_out = true;
    ops.add_row(d);
    OpDef* inplace = row("_", &invoke_inplace);
    for (const char* alias : d->aliases) {
      static std::deque<std::string> names;
      names.push_back(std::string(alias) + "_");
      inplace->aliases.push_back(names.back().c_str());
    }
    inplace->doc = std::string(o.doc) + " In place: the tensor is overwritten and returned.";
    inplace->is_function = false;
    ops.add_row(inplace);
  }
  OpDef* clip = new OpDef;
  clip->name = "clip";
  clip->doc = std::string(info(Op::clip).doc) + " Elementwise, with broadcasting; one of the bounds may be None.\n\n" +
              dtypes(Rule::ordered);
  clip->numpy_name = clip->array_api_name = "clip";
  clip->args = {"input"_a, "min"_a = none, "max"_a = none};
  clip->op = Op::clip;
  clip->invoke = &invoke_clip;
  OpDef* clip_inplace = new OpDef(*clip);
  clip->takes_out = clip->native_out = true;
  clip->aliases = {"clamp"};
  ops.add_row(clip);
  clip_inplace->name = "clip_";
  clip_inplace->doc = "Limits the tensor to [min, max] in place and returns it.";
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
         "input where the bool condition holds, other elsewhere; the three broadcast. where(condition): "
         "nonzero(as_tuple=True).",
         "condition"_a, "input"_a = none, "other"_a = none)
      .function_only()
      .with_out()
      .numpy("where")
      .array_api("where")
      .returns("Any");
  ops.raw(
         "where", [](const OpDef&, PyObject* const* args) { return choose(args[1], args[0], args[2]); },
         "The tensor where the bool condition holds, other elsewhere; the three broadcast.", "input"_a, "condition"_a,
         "other"_a)
      .method_only();
  static constexpr const char* kPolygamma =
      "The n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x), with Hurwitz's zeta.\n\n"
      "n: an int, not negative; 0 is digamma, 1 trigamma. Floats; integers and bools become the default float. Its "
      "derivative is polygamma(n + 1, x).\n"
      "By recurrence and the Euler-Maclaurin formula (DLMF 5.15.1 and 25.11.28), by reflection left of 0. For n up to "
      "170 the relative error is below 5e-15; left of 0 relative to the two terms that cancel near the zeros.";
  ops.def("polygamma", &polygamma_of, kPolygamma, "n"_a, "input"_a).function_only();
  ops.def(
         "polygamma", +[](const Tensor& x, std::int64_t n) { return polygamma_of(n, x); }, kPolygamma, "input"_a, "n"_a)
      .method_only();
  ops.def("round", &round_to,
          "The nearest number with so many decimals, ties to even; negative decimals round to tens, "
          "hundreds, ...\n\n"
          "The dtype is kept. With decimals the value is scaled, rounded and scaled back, as NumPy does it.",
          "input"_a, "decimals"_a = 0)
      .numpy("round")
      .array_api("round")
      .alias("around");
  ops.def(
         "round_", +[](Tensor& t, std::int64_t decimals) -> Tensor& { return copy_(t, round_to(t, decimals)); },
         "Rounds the tensor in place and returns it.", "input"_a, "decimals"_a = 0)
      .method_only();
}

}  // namespace tenon::py
