// Rows: the same operation for many tensors in one call, under PyTorch's names.
#include <deque>

#include "core/errors.h"
#include "op.h"
#include "tenon/op.h"
#include "tenon/ops/foreach.h"

namespace tenon::py {
namespace {

// An argument that is a number for all, or a list of numbers or tensors, one for each.
class EachArgument {
 public:
  EachArgument(PyObject* o, const Where& w) {
    if (as_scalar(o, number_)) return;
    const Object items = Object::steal(PySequence_Fast(o, "a number or a list"));
    const Py_ssize_t n = PySequence_Fast_GET_SIZE(items.get());
    for (Py_ssize_t i = 0; i < n; ++i) {
      Scalar s;
      if (!as_scalar(item_at(items.get(), i, w.op).get(), s)) break;
      numbers_.push_back(s);
    }
    is_list_ = true;
    if (static_cast<Py_ssize_t>(numbers_.size()) == n && n > 0) return;
    numbers_.clear();
    tensors_ = to_tensors(o, w);
  }
  Each get() const {
    if (!is_list_) return number_;
    if (!numbers_.empty()) return std::span<const Scalar>(numbers_);
    return std::span<const Tensor>(tensors_);
  }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  bool is_list_ = false;
  Scalar number_;
  std::vector<Scalar> numbers_;
  std::vector<Tensor> tensors_;
};

// Lists are written to: their items have to be tensors.
std::vector<Tensor> written(const OpDef& def, PyObject* o) {
  const Object items = Object::steal(PySequence_Fast(o, (def.name + ": input must be a list of tensors").c_str()));
  std::vector<Tensor> ts;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    const Object item = item_at(items.get(), i, def.name.c_str());
    if (!is_tensor(item.get()))
      errors::fail<TypeError>(def.name, "input must be a list of tensors; got a list with a ",
                              Py_TYPE(item.get())->tp_name);
    ts.push_back(unwrap(item.get()));
  }
  return ts;
}

// f(tensors, others...), whose result is a tuple, or None where the tensors are overwritten.
template <class F>
PyObject* run(const OpDef& def, PyObject* const* args, int others, F&& f) {
  const bool in_place = def.name.back() == '_';
  const auto self = in_place ? written(def, args[0]) : argument<std::vector<Tensor>>(def, args, 0);
  std::deque<EachArgument> each;
  for (int i = 1; i <= others; ++i)
    each.emplace_back(args[i], Where{def.name.c_str(), def.args[static_cast<std::size_t>(i)].name});
  std::vector<Tensor> held;
  for (const EachArgument& e : each) held.insert(held.end(), e.tensors().begin(), e.tensors().end());
  const auto call = [&] { return f(std::span<const Tensor>(self), each, in_place); };
  const std::vector<Tensor> out = without_gil(work(self), call, self, held);
  return in_place ? Py_NewRef(Py_None) : to_python(out);
}

PyObject* invoke_op(const OpDef& def, PyObject* const* args) {
  const int others = info(def.op).arity - 1;
  return run(def, args, others, [&](std::span<const Tensor> self, auto& each, bool in_place) -> std::vector<Tensor> {
    const auto call = [&](std::initializer_list<Each> e) {
      if (!in_place) return foreach (def.op, self, e);
      foreach_(def.op, self, e);
      return std::vector<Tensor>();
    };
    return others == 0 ? call({}) : others == 1 ? call({each[0].get()}) : call({each[0].get(), each[1].get()});
  });
}
PyObject* invoke_scaled(const OpDef& def, PyObject* const* args) {
  const Scalar alpha = to_scalar(args[2], {def.name.c_str(), "alpha"});
  return run(def, args, 1, [&](std::span<const Tensor> self, auto& each, bool in_place) -> std::vector<Tensor> {
    if (!in_place) return (def.op == Op::add ? foreach_add : foreach_sub)(self, each[0].get(), alpha);
    (def.op == Op::add ? foreach_add_ : foreach_sub_)(self, each[0].get(), alpha);
    return {};
  });
}
template <std::vector<Tensor> (*Fresh)(std::span<const Tensor>, const Each&, const Each&, const Each&),
          void (*InPlace)(std::span<const Tensor>, const Each&, const Each&, const Each&)>
PyObject* invoke_three(const OpDef& def, PyObject* const* args) {
  return run(def, args, 3, [&](std::span<const Tensor> self, auto& each, bool in_place) -> std::vector<Tensor> {
    if (!in_place) return Fresh(self, each[0].get(), each[1].get(), each[2].get());
    InPlace(self, each[0].get(), each[1].get(), each[2].get());
    return {};
  });
}

constexpr const char* kErrors =
    "\n\nOne call for all tensors of a dtype and device. Other arguments are a list with one tensor or number for each,\n"
    "or one number for all. ValueError where lists differ in length and shapes do not broadcast.";
constexpr const char* kFresh = " A tuple of new tensors, of the promoted dtypes.";
constexpr const char* kWritten =
    " The tensors are overwritten, after all of them have been checked; None.\n"
    "ValueError for read-only memory, RuntimeError for leaves that require grad, TypeError for results of a\n"
    "higher kind.";

void add_rows(Ops& ops, const char* name, const char* what, PyObject* (*invoke)(const OpDef&, PyObject* const*), Op op,
              const std::vector<Arg>& others) {
  for (const bool in_place : {false, true}) {
    OpDef* d = new OpDef;
    d->name = std::string("_foreach_") + name + (in_place ? "_" : "");
    d->doc = std::string(what) + " for each tensor of a list." + kErrors + (in_place ? kWritten : kFresh);
    d->args.push_back("input"_a);
    for (const Arg& a : others) d->args.push_back(a);
    d->op = op;
    d->invoke = invoke;
    d->returns = in_place ? "None" : "tuple[Tensor, ...]";
    d->is_method = false;
    ops.add_row(d);
  }
}

}  // namespace

void def_foreach(Ops& ops) {
  static constexpr Op kUnary[] = {Op::neg,   Op::abs,  Op::sign,  Op::reciprocal, Op::exp,   Op::expm1,
                                  Op::log,   Op::log2, Op::log10, Op::log1p,      Op::sqrt,  Op::sin,
                                  Op::cos,   Op::tan,  Op::tanh,  Op::sigmoid,    Op::floor, Op::ceil,
                                  Op::trunc, Op::frac, Op::erf,   Op::rsqrt,      Op::square};
  for (const Op op : kUnary) add_rows(ops, info(op).name.data(), info(op).name.data(), &invoke_op, op, {});
  static constexpr Op kBinary[] = {Op::mul, Op::div, Op::maximum, Op::minimum, Op::pow};
  for (const Op op : kBinary)
    add_rows(ops, info(op).name.data(), info(op).doc.data(), &invoke_op, op,
             {op == Op::pow ? "exponent"_a : "other"_a});
  add_rows(ops, "lerp", "input + weight * (end - input)", &invoke_op, Op::lerp, {"end"_a, "weight"_a});
  for (const Op op : {Op::add, Op::sub}) {
    Arg alpha = "alpha"_a = 1;
    alpha.keyword_only = true;
    add_rows(ops, info(op).name.data(), op == Op::add ? "input + alpha * other" : "input - alpha * other",
             &invoke_scaled, op, {"other"_a, std::move(alpha)});
  }
  add_rows(ops, "addcmul", "input + value * tensor1 * tensor2", &invoke_three<&foreach_addcmul, &foreach_addcmul_>,
           Op::mul, {"tensor1"_a, "tensor2"_a, "value"_a = 1});
  add_rows(ops, "addcdiv", "input + value * tensor1 / tensor2", &invoke_three<&foreach_addcdiv, &foreach_addcdiv_>,
           Op::div, {"tensor1"_a, "tensor2"_a, "value"_a = 1});
}

}  // namespace tenon::py
