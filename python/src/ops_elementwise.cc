// The rows of elementwise.def as Python functions and methods, and their in-place forms.
#include <cmath>
#include <deque>

#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon::py {
namespace {

// float16 and bfloat16 as float32, for what takes several steps and is rounded once.
Tensor widened(const Tensor& t) { return is_half(t.dtype()) ? to(t, DType::float32) : t; }

bool is_one(const Scalar& s) { return !s.is_floating() && !s.is_complex() && s.to<std::int64_t>() == 1; }

// other * alpha. A number stays a number, which takes part weakly in promotion; float16 and bfloat16 are rounded after
// the sum only.
Operand scaled(const Where& w, PyObject* other, const Operand& value, const Scalar& alpha, Tensor& held) {
  if (value.is_tensor()) return Operand(held = mul(widened(value.tensor()), alpha));
  // As Python multiplies: exactly.
  const Object number = PyIndex_Check(other) ? Object::steal(PyNumber_Index(other)) : Object::borrow(other);
  const Object by = Object::steal(from_scalar(alpha));
  return Operand(to_scalar(Object::steal(PyNumber_Multiply(number.get(), by.get())).get(), w));
}

DType common_dtype(const Operand& a, const Operand& b) {
  if (a.is_tensor() && b.is_tensor()) return promote(a.tensor().dtype(), b.tensor().dtype());
  if (a.is_tensor()) return b.scalar().promote_with(a.tensor().dtype());
  return b.is_tensor() ? a.scalar().promote_with(b.tensor().dtype()) : a.scalar().default_dtype();
}

// alpha and out may be null.
PyObject* run(const char* name, Op op, PyObject* const* args, PyObject* alpha, PyObject* out) {
  Operands operands(args, info(op).arity, name, "input");
  Tensor product;
  std::optional<DType> rounded;
  if (alpha) {
    if (const Scalar factor = to_scalar(alpha, {name, "alpha"}); !is_one(factor)) {
      const DType sum = common_dtype(operands[0], operands[1]);
      operands[1] = scaled({name, "other"}, args[1], operands[1], factor, product);
      if (is_half(sum) && !factor.is_complex()) rounded = sum;
    }
  }
  if (out) {
    Tensor target = is_tensor(out) ? unwrap(out) : to_tensor(out, {name, "out"});
    compute(op, operands, &target);
    return Py_NewRef(out);
  }
  Tensor y = compute(op, operands);
  return wrap(rounded ? to(y, rounded) : std::move(y));
}
PyObject* invoke(const OpDef& def, PyObject* const* args) {
  const auto arity = static_cast<std::size_t>(info(def.op).arity);
  return run(def.name.c_str(), def.op, args, def.args.size() > arity ? args[arity] : nullptr, args[def.args.size()]);
}

// div(rounding_mode=): "floor" or "trunc".
Tensor divide(const Operand& a, const Operand& b, const std::string& mode) {
  if (mode == "floor") return floor_divide(a, b);
  if (mode != "trunc") errors::fail("div", "rounding_mode must be None, 'floor' or 'trunc'; got '", mode, "'");
  const auto dtype = [](const Operand& o) { return o.is_tensor() ? o.tensor().dtype() : o.scalar().default_dtype(); };
  // Integers stay integers, exactly: what fmod leaves is divisible.
  if (is_integral(dtype(a)) && is_integral(dtype(b))) return floor_divide(sub(a, fmod(a, b)), b);
  const DType d = common_dtype(a, b);
  if (!is_half(d)) return trunc(div(a, b));
  return to(trunc(a.is_tensor() ? div(widened(a.tensor()), b) : div(a, widened(b.tensor()))), d);
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

PyObject* invoke_inplace(const OpDef& def, PyObject* const* args) {
  const int arity = info(def.op).arity;
  Tensor self = unwrap(args[0]);
  Operands others(args + 1, arity - 1, def.name.c_str(), "other");
  Tensor product;
  if (def.op == Op::add || def.op == Op::sub) {
    const Where w{def.name.c_str(), "other"};
    if (const Scalar factor = to_scalar(args[arity], {w.op, "alpha"}); !is_one(factor))
      others[0] = scaled(w, args[1], others[0], factor, product);
  }
  without_gil(self.numel(), [&] { elementwise_(def.op, self, others); }, self, others[0], others[1]);
  return Py_NewRef(args[0]);
}

PyObject* invoke_div_inplace(const OpDef& def, PyObject* const* args) {
  if (args[2] == Py_None) return invoke_inplace(def, args);
  Tensor self = unwrap(args[0]);
  From<Operand> other(args[1], {def.name.c_str(), "other"});
  const Operand y = other.get();
  const std::string mode = to_string(args[2], {"div_", "rounding_mode"});
  const auto write = [&] {
    const Tensor quotient = divide(self, y, mode);
    if (!can_cast_same_kind(quotient.dtype(), self.dtype()))
      errors::result_does_not_fit("div_", quotient.dtype(), self.dtype());
    copy_(self, quotient);
  };
  without_gil(std::max(self.numel(), work(y)), write, self, y);
  return Py_NewRef(args[0]);
}

// logit(eps): of x limited to [eps, 1 - eps].
PyObject* invoke_logit(const OpDef& def, PyObject* const* args) {
  if (args[1] == Py_None) return run(def.name.c_str(), Op::logit, args, nullptr, args[2]);
  const Tensor x = argument<Tensor>(def, args, 0);
  const auto eps = argument<double>(def, args, 1);
  const Object limited = Object::steal(computed(x.numel(), [&] { return clip(x, eps, 1 - eps); }, x));
  PyObject* const one[] = {limited.get()};
  return run(def.name.c_str(), Op::logit, one, nullptr, args[2]);
}

// gelu(approximate=): "none", or "tanh", which has a program of its own.
PyObject* invoke_gelu(const OpDef& def, PyObject* const* args) {
  const std::string approximate = to_string(args[1], {def.name.c_str(), "approximate"});
  if (approximate == "none") return run(def.name.c_str(), Op::gelu, args, nullptr, args[2]);
  if (approximate != "tanh") errors::fail("gelu", "approximate must be 'none' or 'tanh'; got '", approximate, "'");
  From<Tensor> x(args[0], {def.name.c_str(), "input"});
  Tensor y = without_gil(work(x.get()), [&] { return gelu_tanh(x.get()); }, x.get());
  if (!args[2]) return wrap(std::move(y));
  Tensor target = is_tensor(args[2]) ? unwrap(args[2]) : to_tensor(args[2], {def.name.c_str(), "out"});
  const Operand result(y);
  compute(Op::positive, {&result, 1}, &target);
  return Py_NewRef(args[2]);
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
  if (is_half(t.dtype())) return to(round_to(widened(t), decimals), t.dtype());
  if (decimals == 0 || (decimals > 0 && !is_floating(t.dtype()) && !is_complex(t.dtype()))) return rint(t);
  const double factor = std::pow(10.0, std::abs(static_cast<double>(decimals)));
  if (is_integral(t.dtype()))
    return to(mul(rint(div(to(t, DType::float64), Scalar(factor))), Scalar(factor)), t.dtype());
  return decimals > 0 ? div(rint(mul(t, Scalar(factor))), Scalar(factor))
                      : mul(rint(div(t, Scalar(factor))), Scalar(factor));
}

// What goes wrong apart from dtypes, of operations with several operands.
std::string operand_errors(const OpInfo& o) {
  if (o.arity == 1) return "";
  const bool keeps_integers = info(o.rule).integers && info(o.rule).returns == Returns::promoted;
  return std::string("\nValueError for shapes that do not broadcast") +
         (keeps_integers ? ", OverflowError for a Python integer that the dtype cannot hold." : ".");
}
// Of every form in place.
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
      if (op == Op::pow && k == 1) return "exponent";
      if (lerp) return k == 0 ? "input" : k == 1 ? "end" : "weight";
      return kNames[k];
    };
    const bool alpha = op == Op::add || op == Op::sub;
    auto row = [&](const char* suffix, PyObject* (*fn)(const OpDef&, PyObject* const*)) {
      OpDef* d = new OpDef;
      d->name = std::string(o.name) + suffix;
      d->doc =
          std::string(o.doc) + "\n\nElementwise" + (o.arity == 1 ? "" : ", with broadcasting") + ", into a new tensor.";
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
      d->doc +=
          "\nrounding_mode: None, 'trunc' (towards zero, as C) or 'floor' (as //), which keep integers (ValueError for "
          "others).";
    }
    if (op == Op::logit) {
      d->invoke = &invoke_logit;
      d->args.push_back(Arg{"eps", Object::borrow(Py_None), false, false});
      d->doc += "\n\neps: x is limited to [eps, 1 - eps] first.";
    }
    if (op == Op::gelu) {
      d->invoke = &invoke_gelu;
      d->args.push_back(Arg{"approximate", Object::steal(PyUnicode_FromString("none")), true, false});
      d->doc +=
          "\n\napproximate: 'none', or 'tanh' for x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x**3))) (ValueError for\n"
          "others).";
    }
    d->doc += "\n" + std::string(info(o.rule).sentence);
    if (op == Op::sigmoid || op == Op::silu || op == Op::sinc) d->doc += " Complex numbers, too.";
    d->doc += operand_errors(o);
    add_aliases(*d, o);
    d->numpy_name = o.numpy_name;
    d->array_api_name = o.array_api_name;
    d->takes_out = d->native_out = true;
    ops.add_row(d);
    OpDef* inplace = row("_", &invoke_inplace);
    if (op == Op::div) {
      inplace->invoke = &invoke_div_inplace;
      inplace->args.push_back(d->args.back());
    }
    for (const char* alias : d->aliases) {
      static std::deque<std::string> names;
      names.push_back(std::string(alias) + "_");
      inplace->aliases.push_back(names.back().c_str());
    }
    inplace->doc = std::string(o.doc) + "\n\nIn place: the tensor is overwritten and returned.\n" +
                   std::string(info(o.rule).sentence) + operand_errors(o) + kInPlaceErrors;
    inplace->is_function = false;
    ops.add_row(inplace);
  }
  OpDef* clip = new OpDef;
  clip->name = "clip";
  clip->doc = std::string(info(Op::clip).doc) +
              "\n\nElementwise, with broadcasting, into a new tensor. "
              "One of the bounds may be None; ValueError where both are.\n" +
              std::string(info(Rule::ordered).sentence) + operand_errors(info(Op::clip));
  clip->numpy_name = clip->array_api_name = "clip";
  clip->args = {"input"_a, "min"_a = none, "max"_a = none};
  clip->op = Op::clip;
  clip->invoke = &invoke_clip;
  OpDef* clip_inplace = new OpDef(*clip);
  clip->takes_out = clip->native_out = true;
  clip->aliases = {"clamp"};
  ops.add_row(clip);
  clip_inplace->name = "clip_";
  clip_inplace->doc =
      "Limits the tensor to [min, max] in place and returns it; one of the bounds may be None.\n\n"
      "ValueError where both are, and for shapes that do not broadcast; TypeError for complex numbers and\n"
      "float8; OverflowError for a Python integer that the dtype cannot hold. ValueError for read-only\n"
      "memory, RuntimeError for a leaf that requires grad and for elements that share memory.";
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
         "do not broadcast; OverflowError for a Python integer that the dtype cannot hold.",
         "condition"_a, "input"_a = none, "other"_a = none)
      .function_only()
      .with_out()
      .numpy("where")
      .array_api("where")
      .returns("Any");
  ops.raw(
         "where", [](const OpDef&, PyObject* const* args) { return choose(args[1], args[0], args[2]); },
         "The tensor where the bool condition holds, other elsewhere; the three broadcast.\n\n"
         "A new tensor of the promoted dtype of both. TypeError for a condition that is not bool and for\n"
         "float8; ValueError for shapes that do not broadcast; OverflowError for a Python integer that the\n"
         "dtype cannot hold.",
         "input"_a, "condition"_a, "other"_a)
      .method_only();
  static constexpr const char* kPolygamma =
      "The n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x), with Hurwitz's zeta.\n\n"
      "n: an int, not negative (ValueError); 0 is digamma, 1 trigamma. Floats (TypeError for complex numbers and\n"
      "float8); integers and bools become the default float. A new tensor; its derivative is polygamma(n + 1, x).\n"
      "By recurrence and the Euler-Maclaurin formula (DLMF 5.15.1 and 25.11.28), by reflection left of 0. For n up to\n"
      "170 the relative error is below 5e-15; left of 0 relative to the two terms that cancel near the zeros.";
  ops.def("polygamma", &polygamma_of, kPolygamma, "n"_a, "input"_a).function_only();
  ops.def(
         "polygamma", +[](const Tensor& x, std::int64_t n) { return polygamma_of(n, x); }, kPolygamma, "input"_a, "n"_a)
      .method_only();
  ops.def("round", &round_to,
          "The nearest number with so many decimals, ties to even; negative decimals round to tens, hundreds, ...\n\n"
          "A new tensor of input's dtype. With decimals the value is scaled, rounded and scaled back, as NumPy\n"
          "does it.\n"
          "TypeError for bool and float8, and for decimals that are no int.",
          "input"_a, "decimals"_a = 0)
      .numpy("round")
      .array_api("round")
      .alias("around");
  ops.def(
         "round_", +[](Tensor& t, std::int64_t decimals) -> Tensor& { return copy_(t, round_to(t, decimals)); },
         "Rounds the tensor to so many decimals in place, as round(); returns the tensor.\n\n"
         "TypeError for bool and float8. ValueError for read-only memory, RuntimeError for a leaf that\n"
         "requires grad and for elements that share memory.",
         "input"_a, "decimals"_a = 0)
      .method_only();
}

}  // namespace tenon::py
