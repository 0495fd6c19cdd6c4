// Rows: elementwise operations of several primitives, and questions about elements.
#include <deque>

#include "core/errors.h"
#include "numpy_api.h"
#include "numpy_families.h"
#include "tenon/elementwise.h"
#include "tenon/op.h"
#include "tenon/ops.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

using Pair = std::pair<Tensor, Tensor>;

std::vector<Tensor> listed(Pair p) { return {std::move(p.first), std::move(p.second)}; }

Tensor tensor_of(const Operand& o) {
  return o.is_tensor() ? o.tensor() : Tensor::of(o.scalar(), o.scalar().default_dtype());
}

constexpr const char* kOptions =
    "\nwhere: a bool tensor; elements where it is False are out's, or 0 without out. dtype: what the operands are\n"
    "converted to first, as casting allows. order: 'C', 'F', 'A' or 'K', how a new result lies in memory. subok is\n"
    "ignored.\n\n";

OpDef* show_ufunc(Ops& ops, const char* name, std::string doc, const char* example, int operands, int results,
                  Composed fn, const char* loops) {
  doc = doc + kOptions + example;
  OpDef* d =
      new_ufunc({.name = name, .doc = doc.c_str(), .operands = operands, .results = results, .fn = fn, .loops = loops});
  ops.show(name, d);
  return d;
}

void def_ufuncs(Ops& ops) {
  show_ufunc(
      ops, "divmod",
      "A pair of new tensors (x1 // x2, x1 % x2): the quotient, rounded down, and the remainder, with the sign of x2.\n\n"
      "Elementwise, with broadcasting. out1, out2: the two of out, by position. out: a tuple of two. Integers divided by zero give 0. ValueError for shapes that\n"
      "do not broadcast, TypeError for bool, complex numbers and float8, OverflowError for a Python integer that the\n"
      "dtype cannot hold.",
      ">>> tenon.numpy.divmod(tenon.tensor([7, -7]), 3)\n"
      "(tensor([ 2, -3]), tensor([1, 2]))",
      2, 2, [](std::span<const Operand> in) { return listed(divmod(in[0], in[1])); },
      "bb->bb BB->BB hh->hh HH->HH ii->ii II->II ll->ll LL->LL ee->ee ff->ff dd->dd");
  show_ufunc(
      ops, "modf",
      "A pair of new tensors (fraction, whole), both with the sign of x: 2.5 gives 0.5 and 2.0.\n\n"
      "Of x's dtype; integers and bools become the default float. Of infinity the fraction is 0. out1, out2: the two of out,\n"
      "by position. out: a tuple of two.\n"
      "TypeError for complex numbers and float8.",
      ">>> tenon.numpy.modf(tenon.tensor([2.5, -1.25]))\n"
      "(tensor([ 0.5000, -0.2500]), tensor([ 2., -1.]))",
      1, 2, [](std::span<const Operand> in) { return listed(modf(tensor_of(in[0]))); }, "e->ee f->ff d->dd");
  show_ufunc(
      ops, "frexp",
      "A pair of new tensors (mantissa, exponent) with x = mantissa * 2**exponent and 0.5 <= |mantissa| < 1.\n\n"
      "Of x's dtype (integers and bools become the default float), with the gradient, and int32. 0, infinity and NaN are\n"
      "their own mantissas, with exponent 0. out1, out2: the two of out, by position. out: a tuple of two. TypeError for complex numbers and float8.",
      ">>> tenon.numpy.frexp(tenon.tensor([3., 0.5]))\n"
      "(tensor([0.7500, 0.5000]), tensor([2, 0], dtype=tenon.int32))",
      1, 2, [](std::span<const Operand> in) { return listed(frexp(tensor_of(in[0]))); }, "e->ei f->fi d->di");
  OpDef* power = show_ufunc(
      ops, "float_power",
      "x1 to the power x2 in float64, or in complex128 for complex numbers: a new tensor, or out.\n\n"
      "Elementwise, with broadcasting. ValueError for shapes that do not broadcast, TypeError for what is no tensor or\n"
      "array.",
      ">>> tenon.numpy.float_power(tenon.tensor([2, 4]), -1)\n"
      "tensor([0.5000, 0.2500], dtype=tenon.float64)",
      2, 1, [](std::span<const Operand> in) { return std::vector<Tensor>{float_power(in[0], in[1])}; }, "dd->d DD->D");
  power->op = Op::pow;
  power->joins = true;
  OpDef* absolute = show_ufunc(
      ops, "fabs",
      "|x| as a float: a new tensor, or out.\n\n"
      "Of x's dtype; integers and bools become the default float. TypeError for complex numbers and float8.",
      ">>> tenon.numpy.fabs(tenon.tensor([-2, 3]))\n"
      "tensor([2., 3.])",
      1, 1, [](std::span<const Operand> in) { return std::vector<Tensor>{fabs(tensor_of(in[0]))}; }, "e->e f->f d->d");
  absolute->op = Op::abs;
  absolute->joins = true;
}

// (condition, x, y, /)
PyObject* where_of_numpy(const OpDef& def, PyObject* const* args) {
  const Tensor condition = argument<Tensor>(def, args, 0);
  if (args[1] == Py_None && args[2] == Py_None) {
    if (condition.ndim() == 0) errors::wrong_ndim("where", 0, "at least 1 dimension; use tenon.numpy.atleast_1d");
    return computed(condition.numel(), [&] { return unbind(nonzero(condition), 1); }, condition);
  }
  if (args[1] == Py_None || args[2] == Py_None) errors::fail("where", "x and y are given both, or none of them");
  From<Operand> x(args[1], {"where", "x"}), y(args[2], {"where", "y"});
  const std::int64_t n = std::max({condition.numel(), work(x.get()), work(y.get())});
  return computed(n, [&] { return where_true(condition, x.get(), y.get()); }, condition, x.get(), y.get());
}

// (condlist, choicelist, default)
PyObject* select_of_numpy(const OpDef& def, PyObject* const* args) {
  const auto conditions = argument<std::vector<Tensor>>(def, args, 0);
  std::vector<Tensor> rows;
  std::vector<Object> items;  // of a list, which may change; the default is the last one
  std::deque<From<Operand>> given;  // what the operands refer to stays in its place
  std::vector<Operand> choices;
  if (is_tensor(args[1]) || is_ndarray(args[1])) {
    rows = argument<std::vector<Tensor>>(def, args, 1);
    choices.assign(rows.begin(), rows.end());
  } else {
    const Object list = Object::steal(PySequence_Fast(args[1], "select: choicelist must be a sequence"));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i)
      items.push_back(item_at(list.get(), i, "select"));
  }
  items.push_back(Object::borrow(args[2]));
  Tensor precise;  // one of float64, beside which lists are read with as many digits
  for (const Tensor& t : rows)
    if (t.dtype() == DType::float64) precise = t;
  for (const Object& item : items) {
    if (!is_tensor(item.get()) && !is_ndarray(item.get())) continue;
    if (const Tensor t = to_tensor(item.get(), {"select", "choicelist"}); t.dtype() == DType::float64) precise = t;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Where w{"select", i + 1 < items.size() ? "choicelist" : "default"};
    if (precise.defined() && is_list(items[i].get()))
      items[i] = Object::steal(wrap(to_tensor_beside(items[i].get(), precise, w)));
    choices.push_back(given.emplace_back(items[i].get(), w).get());
  }
  const Operand otherwise = choices.back();
  choices.pop_back();
  const auto f = [&] { return select(conditions, choices, otherwise); };
  return computed(work(conditions), f, conditions, choices, otherwise);
}

}  // namespace

void choosing(OpDef& d, std::nullptr_t) {
  d.arguments("condition"_a, "x"_a = none, "y"_a = none, pos_only);
  d.arrays = 0b110;  // a condition has no digits to keep
  d.invoke = &where_of_numpy;
  d.takes_out = false;
  d.doc =
      "x where the condition holds, y elsewhere: a new tensor; with the condition alone, nonzero.\n\n"
      "All of them broadcast. condition: an array, whose elements count by truth value. x: what stands where it holds. "
      "y: what stands elsewhere. ValueError for shapes that do not broadcast and for one of x and y, TypeError for "
      "float8, OverflowError for a Python integer that the dtype cannot hold.\n\n"
      ">>> tenon.numpy.where([True, False], 1, 2)\n"
      "tensor([1, 2])";
}

void def_numeric(Ops& ops) {
  def_ufuncs(ops);
  ops.raw(
         "select", &select_of_numpy,
         "The choice whose condition is the first to hold, default where none does: a new tensor.\n\n"
         "condlist: arrays that broadcast, whose elements count by truth value. choicelist: a number or an array for each "
         "of them. default: the value where no condition holds. ValueError for another number of choices than of "
         "conditions, for none and for shapes that do not broadcast; OverflowError for a Python integer that the dtype "
         "cannot hold.\n\n"
         ">>> tenon.numpy.select([[True, False, False], [True, True, False]], [[1, 1, 1], [2, 2, 2]], 0)\n"
         "tensor([1, 2, 0])",
         "condlist"_a, "choicelist"_a, "default"_a = 0)
      .numpy_only("select");
  ops.def(
         "fix", +[](const Operand& x) { return trunc(x); },
         "The numbers rounded towards zero: a new tensor of x's dtype, or out.\n\n"
         "TypeError for complex numbers and float8.\n\n"
         ">>> tenon.numpy.fix(tenon.tensor([2.5, -2.5]))\n"
         "tensor([ 2., -2.])",
         "x"_a, "out"_a)
      .numpy_only("fix");
  ops.def(
         "angle", +[](const Operand& z, bool deg) { return deg ? rad2deg(angle(z)) : angle(z); },
         "The arguments of complex numbers, from -pi to pi: a new tensor of a real float.\n\n"
         "z: complex or real numbers; of negative ones the result is pi, of others 0. deg: in degrees. TypeError for float8.\n\n"
         ">>> tenon.numpy.angle(tenon.tensor([1j, -1]), deg=True)\n"
         "tensor([ 90., 180.])",
         "z"_a, "deg"_a = false)
      .no_out()
      .numpy_only("angle");
  ops.def("float_power", &float_power,
          "a to the power b in float64, or in complex128 for complex numbers.\n\n"
          "Elementwise, with broadcasting, into a new tensor. ValueError for shapes that do not broadcast,\n"
          "TypeError for what is no tensor or array.\n\n"
          ">>> tenon.float_power(tenon.tensor([2, 3]), 2)\n"
          "tensor([4., 9.], dtype=tenon.float64)",
          "input"_a, "exponent"_a);
  ops.def(
      "divmod", +[](const Operand& a, const Operand& b) { return listed(divmod(a, b)); },
      "A pair (a // b, a % b): the quotient, rounded down, and the remainder, with the sign of b.\n\n"
      "Elementwise, with broadcasting, into new tensors of the promoted dtype. Integers divided by zero give 0.\n"
      "ValueError for shapes that do not broadcast, TypeError for bool, complex numbers and float8,\n"
      "OverflowError for a Python integer that the dtype cannot hold.\n\n"
      ">>> tenon.tensor([7, -7]).divmod(2)\n"
      "(tensor([ 3, -4]), tensor([1, 1]))",
      "input"_a, "other"_a);
  ops.def(
      "modf", +[](const Tensor& x) { return listed(modf(x)); },
      "A pair (fraction, whole), both with the sign of x: 2.5 gives 0.5 and 2.0.\n\n"
      "New tensors of x's dtype; integers and bools become the default float. Of infinity the fraction is 0.\n"
      "TypeError for complex numbers and float8.\n\n"
      ">>> tenon.modf(tenon.tensor([1.5, -2.25]))\n"
      "(tensor([ 0.5000, -0.2500]), tensor([ 1., -2.]))",
      "input"_a);
  ops.def(
         "frexp", +[](const Tensor& x) { return listed(frexp(x)); },
         "A pair (mantissa, exponent) with x = mantissa * 2**exponent exactly and 0.5 <= |mantissa| < 1.\n\n"
         "New tensors: of x's dtype (integers and bools become the default float), with the gradient, and int32. 0,\n"
         "infinity and NaN are their own mantissas, with exponent 0. TypeError for complex numbers and float8.\n\n"
         ">>> tenon.frexp(tenon.tensor([8.0, 0.75]))\n"
         "(tensor([0.5000, 0.7500]), tensor([4, 0], dtype=tenon.int32))",
         "input"_a)
      .with_out();
  ops.def("isreal", &isreal,
          "Whether the imaginary part is 0.\n\n"
          "A new bool tensor: true everywhere for real dtypes. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.isreal(tenon.tensor([1 + 0j, 1j]))\n"
          "tensor([ True, False])",
          "input"_a)
      .numpy("isreal", {"x"});
  ops.def("iscomplex", &iscomplex,
          "Whether the imaginary part is not 0.\n\n"
          "A new bool tensor: false everywhere for real dtypes. TypeError for what is no tensor or array.\n\n"
          ">>> tenon.iscomplex(tenon.tensor([1 + 0j, 1j]))\n"
          "tensor([False,  True])",
          "input"_a)
      .function_only()
      .numpy("iscomplex", {"x"});
}

}  // namespace tenon::py
