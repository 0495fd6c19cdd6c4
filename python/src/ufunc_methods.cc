// The methods of ufuncs: reduce, accumulate, reduceat, outer and at.
#include <array>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/errors.h"
#include "numpy_api.h"
#include "once.h"
#include "tenon/op.h"
#include "tenon/ops/ufunc.h"
#include "tenon/ops/view.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

// dtype=, or what a composed ufunc computes in: float64 or complex128.
std::optional<DType> loop_dtype(const OpDef& def, PyObject* const* args, int i, const Tensor& t) {
  const auto given = argument<std::optional<DType>>(def, args, i);
  if (given || !def.loops) return given;
  return is_complex(t.dtype()) ? DType::complex128 : DType::float64;
}

PyObject* invoke_reduce(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const auto dtype = loop_dtype(def, args, 2, t);
  const bool keepdims = is_given(args[3]) && argument<bool>(def, args, 3);
  std::optional<From<Operand>> start;
  if (is_given(args[4])) start.emplace(args[4], Where{def.name.c_str(), "initial"});
  const std::optional<Operand> initial = start ? std::optional(start->get()) : std::nullopt;
  const Tensor mask = to_mask(args[5], def.name.c_str());
  return computed(t.numel(), [&] { return ufunc::reduce(def.op, t, axes, keepdims, dtype, mask, initial); }, t, mask);
}
PyObject* invoke_accumulate(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axis = argument<std::int64_t>(def, args, 1);
  const auto dtype = loop_dtype(def, args, 2, t);
  return computed(t.numel(), [&] { return ufunc::accumulate(def.op, t, axis, dtype); }, t);
}
PyObject* invoke_reduceat(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const Where w{def.name.c_str(), "indices"};
  const Dims indices = is_tensor(args[1]) || is_ndarray(args[1])
                           ? to_dims(Object::steal(PyObject_CallMethod(args[1], "tolist", nullptr)).get(), w)
                           : to_dims(args[1], w);
  const auto axis = argument<std::int64_t>(def, args, 2);
  const auto dtype = loop_dtype(def, args, 3, t);
  return computed(t.numel(), [&] { return ufunc::reduceat(def.op, t, indices, axis, dtype); }, t);
}
PyObject* invoke_outer(const OpDef& def, PyObject* const* args) {
  const Tensor a = argument<Tensor>(def, args, 0), b = argument<Tensor>(def, args, 1);
  if (!def.loops) return computed(a.numel() * b.numel(), [&] { return ufunc::outer(def.op, a, b); }, a, b);
  Dims apart(a.ndim() + b.ndim(), 1);
  std::copy(a.shape().begin(), a.shape().end(), apart.begin());
  const Tensor first = reshape(a, apart);
  const Operand in[] = {first, b};
  const auto run = [&] { return reinterpret_cast<Composed>(def.fn)(std::span<const Operand>(in)); };
  const std::vector<Tensor> r = without_gil(a.numel() * b.numel(), run, a, b);
  return r.size() == 1 ? to_python(r[0]) : to_python(r);
}
PyObject* invoke_at(const OpDef& def, PyObject* const* args) {
  const char* name = def.name.c_str();
  if (!is_tensor(args[0]) && !is_ndarray(args[0])) wrong_type({name, "a"}, "a tensor or an ndarray", args[0]);
  Tensor t = to_tensor(args[0], {name, "a"});
  if (!is_tensor(args[0])) t = out_tensor(name, args[0]);
  if (def.loops && !is_differentiable(t.dtype())) errors::result_does_not_fit(name, default_float(), t.dtype());
  const std::vector<Index> indices = to_indices(args[1], name, t.device());
  std::optional<From<Operand>> from;
  if (is_given(args[2])) from.emplace(args[2], Where{name, "b"});
  const std::optional<Operand> values = from ? std::optional(from->get()) : std::nullopt;
  without_gil(t.numel(), [&] { ufunc::at_(def.op, t, indices, values); }, t, indices, values);
  return Py_NewRef(Py_None);
}

// What works on dimensions or has several results; the errors' types are NumPy's.
template <class E>
PyObject* refuse_method(const OpDef& def, PyObject* const*) {
  errors::fail<E>(def.name, "only a ufunc of elements with one result has this method");
}

constexpr const char* kNames[] = {"reduce", "accumulate", "reduceat", "outer", "at"};

// The row of a ufunc's method.
OpDef* new_method(const OpDef& f, int which) {
  auto* d = new OpDef;
  d->name = f.name + "." + kNames[which];
  d->module = f.module;
  d->op = f.op;
  d->fn = f.fn;
  d->loops = f.loops;
  d->is_method = false;
  const std::string name = f.name;
  switch (which) {
    case 0:
      d->doc =
          name +
          " of all elements along the axes, from the first to the last.\n\n"
          "axis: an int, a tuple, or None for all; keepdims keeps them with size 1. dtype converts first. initial: the\n"
          "first operand, and the result of no elements. where: a bool tensor of those that take part. A new tensor.\n"
          "ValueError for no elements without initial unless the operation has an identity, and for several axes\n"
          "unless it is associative; IndexError for an axis that is not there.";
      d->arguments("array"_a, "axis"_a = 0, "dtype"_a = none, "out"_a, "keepdims"_a = false, "initial"_a = none,
                   "where"_a = true);
      d->invoke = &invoke_reduce;
      break;
    case 1:
      d->doc = name +
               " of the elements up to each one along the axis: a new tensor of array's shape.\n\n"
               "dtype converts first. IndexError for an axis that is not there, ValueError for no dimension.";
      d->arguments("array"_a, "axis"_a = 0, "dtype"_a = none, "out"_a);
      d->invoke = &invoke_accumulate;
      break;
    case 2:
      d->doc =
          name +
          " of slices: from each index to the next one, from the last to the end. A new tensor.\n\n"
          "Where the next index is not larger the element itself stands. dtype converts first. IndexError for an index\n"
          "and an axis that are not there, ValueError for no dimension.";
      d->arguments("array"_a, "indices"_a, "axis"_a = 0, "dtype"_a = none, "out"_a);
      d->invoke = &invoke_reduceat;
      break;
    case 3:
      d->doc = name +
               " of every pair of elements: a new tensor of shape A.shape + B.shape.\n\n"
               "A: the first operands. B: the second operands."
               " TypeError for dtypes that the operation does not take.";
      d->arguments("A"_a, "B"_a, pos_only, kw_only, "out"_a);
      d->invoke = &invoke_outer;
      break;
    default:
      d->doc =
          "a[indices] = " + name +
          "(a[indices], b) in place, once for each index.\n\n"
          "An element that is named twice is changed twice. b: the second operand, which broadcasts; left out for operations of one. IndexError for\n"
          "an index that is not there, TypeError where the result does not fit into a's dtype, ValueError for read-only\n"
          "memory, RuntimeError for a leaf that requires grad.";
      d->arguments("a"_a, "indices"_a, "b"_a = none, pos_only);
      d->returns = "None";
      d->invoke = &invoke_at;
  }
  if (f.core || (f.loops && !f.joins && (which != 3 || f.op_arity != 2)))
    d->invoke = !f.core     ? &refuse_method<ValueError>
                : which < 3 ? &refuse_method<RuntimeError>
                            : &refuse_method<TypeError>;
  return d;
}

}  // namespace

PyObject* ufunc_method(PyObject* self, int which) {
  // Never destroyed: the interpreter is gone when static objects are.
  static auto& made = *new std::unordered_map<const OpDef*, std::array<Object, std::size(kNames)>>;
  static std::mutex mutex;
  const OpDef& def = def_of(self);
  const auto place = [&]() -> Object& { return made[&def][static_cast<std::size_t>(which)]; };
  {
    const StateLock lock(mutex);
    if (PyObject* known = place().get()) return known;
  }
  Object method = Object::steal(new_op(new_method(def, which), ""));
  const StateLock lock(mutex);
  if (!place()) std::swap(place(), method);  // another thread may have been first
  return place().get();
}

PyObject* ufunc_method(PyObject* ufunc, std::string_view name) {
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i)
    if (name == kNames[i]) return ufunc_method(ufunc, i);
  return nullptr;
}

}  // namespace tenon::py
