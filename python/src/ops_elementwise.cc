// The rows of elementwise.def as Python functions and methods, and their in-place forms.
#include "core/errors.h"
#include "numpy_api.h"
#include "op.h"

namespace tenon::py {
namespace {

PyObject* invoke(const OpDef& def, PyObject* const* args) {
  const int arity = info(def.op).arity;
  From<Operand> in[3] = {From<Operand>(args[0], {def.name.c_str(), "input"}),
                         From<Operand>(args[arity > 1 ? 1 : 0], {def.name.c_str(), "other"}),
                         From<Operand>(args[arity > 2 ? 2 : 0], {def.name.c_str(), "other"})};
  Operand operands[3] = {in[0].get(), in[1].get(), in[2].get()};
  const std::span<const Operand> used(operands, static_cast<std::size_t>(arity));
  std::int64_t n = 0;
  for (const Operand& o : used) n = std::max(n, work(o));
  PyObject* out = args[def.args.size()];
  Tensor scaled;
  if (static_cast<int>(def.args.size()) > arity) {  // alpha
    Scalar alpha = to_scalar(args[arity], {def.name.c_str(), "alpha"});
    if (alpha.is_floating() || alpha.is_complex() || alpha.to<std::int64_t>() != 1) {
      scaled = mul(operands[1], alpha);
      operands[1] = Operand(scaled);
    }
  }
  if (out) {
    Tensor target = is_tensor(out) ? unwrap(out) : to_tensor(out, {def.name.c_str(), "out"});
    ReleaseGil release(n > kReleaseGilAbove);
    elementwise(def.op, used, &target);
    return Py_NewRef(out);
  }
  Tensor y;
  {
    ReleaseGil release(n > kReleaseGilAbove);
    y = elementwise(def.op, used);
  }
  return wrap(std::move(y));
}

PyObject* invoke_inplace(const OpDef& def, PyObject* const* args) {
  const int arity = info(def.op).arity;
  if (!is_tensor(args[0])) wrong_type({def.name.c_str(), "input"}, "a tensor", args[0]);
  Tensor self = unwrap(args[0]);
  From<Operand> in[2] = {From<Operand>(args[arity > 1 ? 1 : 0], {def.name.c_str(), "other"}),
                         From<Operand>(args[arity > 2 ? 2 : 0], {def.name.c_str(), "other"})};
  Operand others[2] = {in[0].get(), in[1].get()};
  Tensor scaled;
  if (static_cast<int>(def.args.size()) > arity) {
    scaled = mul(others[0], to_scalar(args[arity], {def.name.c_str(), "alpha"}));
    others[0] = Operand(scaled);
  }
  ReleaseGil release(self.numel() > kReleaseGilAbove);
  elementwise_(def.op, self, {others, static_cast<std::size_t>(arity - 1)});
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
      if (alpha) d->args.push_back(Arg{"alpha", Object::steal(PyLong_FromLong(1)), true, false});
      d->op = op;
      d->invoke = fn;
      return d;
    };
    if (where || clip) continue;  // their signatures are their own: ops_index.cc, ops_shape.cc
    OpDef* d = row("", &invoke);
    d->numpy_name = o.numpy_name;
    d->array_api_name = o.array_api_name;
    d->takes_out = d->native_out = true;
    ops.add_row(d);
    OpDef* inplace = row("_", &invoke_inplace);
    inplace->doc = std::string(o.doc) + " In place: the tensor is overwritten and returned.";
    inplace->is_function = false;
    ops.add_row(inplace);
  }
}

}  // namespace tenon::py
