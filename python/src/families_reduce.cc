// Reductions and scans under NumPy's signatures.
#include "core/errors.h"
#include "numpy_families.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/join.h"
#include "tenon/ops/ufunc.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

constexpr const char* kAxes =
    "A new tensor, or out. axis: an int, a tuple, or None for all; keepdims keeps them with size 1.\n"
    "IndexError for an axis that is not there, ValueError for a repeated one.";
constexpr const char* kWhere = "\nwhere: a bool tensor of the elements that take part.";
constexpr const char* kInitial =
    "\nwhere: a bool tensor of the elements that take part. initial: the first operand, and the result of none.";

bool to_keepdims(const OpDef& def, PyObject* const* args, int i) {
  return is_given(args[i]) && argument<bool>(def, args, i);
}

// With where= or initial=: what the elements are joined by does it.
PyObject* joined(const OpDef& def, const Tensor& t, const Axes& axes, bool keepdims, std::optional<DType> dtype,
                 PyObject* initial, PyObject* where) {
  std::optional<From<Operand>> from;
  if (is_given(initial)) from.emplace(initial, Where{def.name.c_str(), "initial"});
  const std::optional<Operand> start = from ? std::optional(from->get()) : std::nullopt;
  const Tensor mask = to_mask(where, def.name.c_str());
  const auto reduced = [&] { return ufunc::reduce(def.op, t, axes, keepdims, dtype, mask, start); };
  return computed(t.numel(), reduced, t, mask, start);
}

PyObject* invoke_reduction(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const bool keepdims = to_keepdims(def, args, 3);
  if (is_given(args[4]) || (args[5] != Py_True && is_given(args[5])))
    return joined(def, t, axes, keepdims, dtype, args[4], args[5]);
  const auto f = reinterpret_cast<ReducedAs>(def.fn);
  return computed(t.numel(), [&] { return f(t, axes, keepdims, dtype); }, t);
}

// (a, axis, keepdims, ...), by the row's function.
PyObject* reduced(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const bool keepdims = to_keepdims(def, args, 2);
  const auto f = reinterpret_cast<Reduced>(def.fn);
  return computed(t.numel(), [&] { return f(t, axes, keepdims); }, t);
}
// The same with initial and where behind: absent is -1.
template <int kInitialAt, int kWhereAt>
PyObject* invoke_masked(const OpDef& def, PyObject* const* args) {
  PyObject* initial = kInitialAt < 0 ? Py_None : args[std::max(kInitialAt, 0)];
  PyObject* where = args[kWhereAt];
  if (!is_given(initial) && (where == Py_True || !is_given(where))) return reduced(def, args);
  return joined(def, argument<Tensor>(def, args, 0), argument<Axes>(def, args, 1), to_keepdims(def, args, 2), {},
                initial, where);
}

PyObject* invoke_average(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const bool keepdims = to_keepdims(def, args, 3);
  const Tensor mask = to_mask(args[4], def.name.c_str());
  const auto f = reinterpret_cast<ReducedAs>(def.fn);
  if (!mask.defined()) return computed(t.numel(), [&] { return f(t, axes, keepdims, dtype); }, t);
  if (dtype && !is_differentiable(*dtype))
    errors::dtype_not_supported(def.name, *dtype, "a floating or complex dtype=");
  return computed(t.numel(), [&] { return mean_where(to(t, dtype), mask, axes, keepdims); }, t, mask);
}

PyObject* invoke_position(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axis = argument<std::optional<std::int64_t>>(def, args, 1);
  const bool keepdims = to_keepdims(def, args, 2);
  const auto f = reinterpret_cast<Position>(def.fn);
  return computed(t.numel(), [&] { return f(t, axis, keepdims); }, t);
}

PyObject* invoke_scan(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axis = argument<std::optional<std::int64_t>>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const auto f = reinterpret_cast<Scanned>(def.fn);
  return computed(t.numel(), [&] { return f(t, axis, dtype); }, t);
}

template <int first>
PyObject* invoke_standard_scan(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  auto axis = argument<std::optional<std::int64_t>>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  const bool initial = argument<bool>(def, args, 3);
  if (!axis && t.ndim() != 1) errors::fail(def.name, "axis is needed for ", t.ndim(), " dimensions");
  const auto f = reinterpret_cast<Scanned>(def.fn);
  const auto run = [&] {
    Tensor y = f(t, axis.value_or(0), dtype);
    if (!initial) return y;
    Dims shape = y.shape();
    const auto d = axis.value_or(0);
    shape[static_cast<int>(d < 0 ? d + y.ndim() : d)] = 1;
    const Tensor parts[] = {full(shape, first, y.dtype(), y.device()), y};
    return cat(parts, d);
  };
  return computed(t.numel(), run, t);
}

void finish(OpDef& d, PyObject* (*invoke)(const OpDef&, PyObject* const*), const std::string& doc) {
  d.invoke = invoke;
  d.document(doc);
}

}  // namespace

template <Op op>
void reduction(OpDef& d, ReducedAs) {
  d.op = op;
  d.arguments("a"_a, "axis"_a = none, "dtype"_a = none, "out"_a, "keepdims"_a = false, "initial"_a = none,
              "where"_a = true);
  finish(d, &invoke_reduction, std::string(kAxes) + kInitial);
}
template <Op op>
void extremum(OpDef& d, Reduced) {
  d.op = op;
  d.arguments("a"_a, "axis"_a = none, "out"_a, "keepdims"_a = false, "initial"_a = none, "where"_a = true);
  finish(d, &invoke_masked<3, 4>, std::string(kAxes) + kInitial);
}
template <Op op>
void truth(OpDef& d, Reduced) {
  d.op = op;
  d.arguments("a"_a, "axis"_a = none, "out"_a, "keepdims"_a = false, kw_only, "where"_a = true);
  finish(d, &invoke_masked<-1, 3>, std::string(kAxes) + kWhere);
}
template <int first>
void standard_scan(OpDef& d, Scanned) {
  d.arguments("x"_a, pos_only, kw_only, "axis"_a = none, "dtype"_a = none, "include_initial"_a = false, "out"_a);
  finish(
      d, &invoke_standard_scan<first>,
      "A new tensor, or out. include_initial: the result of no elements stands in front. axis may be left out for one\n"
      "dimension (ValueError for more). IndexError for an axis that is not there.");
}
void average(OpDef& d, ReducedAs) {
  d.arguments("a"_a, "axis"_a = none, "dtype"_a = none, "out"_a, "keepdims"_a = false, kw_only, "where"_a = true);
  finish(d, &invoke_average, std::string(kAxes) + kWhere);
}
void position(OpDef& d, Position) {
  d.arguments("a"_a, "axis"_a = none, "out"_a, kw_only, "keepdims"_a = false);
  finish(d, &invoke_position,
         "A new tensor, or out. axis: an int, or None for the flat tensor; keepdims keeps it with size 1.\n"
         "IndexError for an axis that is not there.");
}
void counting(OpDef& d, Reduced) {
  d.arguments("a"_a, "axis"_a = none, kw_only, "keepdims"_a = false);
  finish(d, &reduced, kAxes);
}
void plain_reduction(OpDef& d, Reduced) {
  d.arguments("a"_a, "axis"_a = none, "keepdims"_a = false);
  finish(d, &reduced, kAxes);
}
void scan(OpDef& d, Scanned) {
  d.arguments("a"_a, "axis"_a = none, "dtype"_a = none, "out"_a);
  finish(d, &invoke_scan,
         "A new tensor, or out. axis: an int, or None for the flat tensor. IndexError for an axis that is not there.");
}

template void reduction<Op::add>(OpDef&, ReducedAs);
template void reduction<Op::mul>(OpDef&, ReducedAs);
template void extremum<Op::maximum>(OpDef&, Reduced);
template void extremum<Op::minimum>(OpDef&, Reduced);
template void truth<Op::logical_or>(OpDef&, Reduced);
template void truth<Op::logical_and>(OpDef&, Reduced);
template void standard_scan<0>(OpDef&, Scanned);
template void standard_scan<1>(OpDef&, Scanned);

}  // namespace tenon::py
