// Ufuncs that are compositions: divmod, modf, and those that work on dimensions, as matmul.
#include "core/errors.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/view.h"
#include "ufunc.h"

namespace tenon::py {
namespace {

std::vector<Tensor> run(const OpDef& def, Operands& in, std::int64_t length) {
  const std::span<const Operand> all = in;
  const auto f = [&] { return reinterpret_cast<Composed>(def.fn)(all); };
  return without_gil(length, f, all[0], all[all.size() - 1]);
}

// ---- on elements ----

// out= of several results: a tuple, with None for new ones. Those that stand behind the operands are another way.
std::vector<PyObject*> outs_of(const OpDef& def, PyObject* const* behind, PyObject* out) {
  std::vector<PyObject*> outs(static_cast<std::size_t>(def.results), nullptr);
  if (def.results == 1) {
    outs[0] = out;
    return outs;
  }
  if (out && (!PyTuple_Check(out) || PyTuple_GET_SIZE(out) != def.results))
    errors::fail<TypeError>(def.name, "out= must be a tuple of ", def.results, " tensors or None");
  for (int i = 0; i < def.results; ++i) {
    PyObject* given = out ? PyTuple_GET_ITEM(out, i) : behind[i];
    if (out && behind[i] != Py_None) errors::fail<TypeError>(def.name, "out is given twice");
    if (given != Py_None) outs[static_cast<std::size_t>(i)] = given;
  }
  return outs;
}

PyObject* invoke_composed(const OpDef& def, PyObject* const* args) {
  enum { kWhere, kCasting, kOrder, kDType };
  const char* name = def.name.c_str();
  const int n = def.op_arity;
  PyObject* const* options = args + n + (def.results > 1 ? def.results : 0);
  const std::vector<PyObject*> outs = outs_of(def, args + n, args[def.args.size()]);
  Operands in(args, n, name, "x1");
  if (n > 1) check_devices(in, args, name);
  const Tensor mask = to_mask(options[kWhere], name);
  const Casting casting = to_casting(options[kCasting], {name, "casting"});
  Tensor held[3];
  if (options[kDType] != Py_None)
    convert_operands(def, in, n, to_dtype(options[kDType], {name, "dtype"}), casting, held);
  else check_casting(def, in, casting);
  const std::vector<Tensor> results = run(def, in, std::max(work(in[0]), work(in[n - 1])));
  std::vector<Object> made;
  for (std::size_t i = 0; i < results.size(); ++i)
    made.push_back(Object::steal(delivered(def, results[i], outs[i], mask, casting, options[kOrder])));
  if (made.size() == 1) return made[0].release();
  const Object tuple = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(made.size())));
  for (std::size_t i = 0; i < made.size(); ++i)
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), made[i].release());
  return Py_NewRef(tuple.get());
}

// ---- on dimensions ----

// How many dimensions each operand and the result give: 2, 2 and 2 of "(n?,k),(k,m?)->(n?,m?)".
std::vector<int> core_sizes(const char* core) {
  std::vector<int> sizes;
  bool inside = false;
  for (const char* c = core; *c; ++c) {
    if (*c == '(') {
      inside = true;
      sizes.push_back(c[1] != ')');
    } else if (*c == ')') {
      inside = false;
    } else if (*c == ',' && inside) {
      ++sizes.back();
    }
  }
  return sizes;
}

// Where axes= or axis= says that these dimensions stand, for each operand and the result; nothing if they come last.
std::vector<Dims> places(const OpDef& def, PyObject* axes, PyObject* axis, const std::vector<int>& sizes,
                         bool keepdims) {
  std::vector<Dims> out;
  const std::size_t n = sizes.size();
  const int count = static_cast<int>(n);
  if (axis != Py_None) {
    if (axes != Py_None) errors::fail<TypeError>(def.name, "axes= and axis= do not go together");
    const std::int64_t at = to_int(axis, {def.name.c_str(), "axis"});
    for (std::size_t i = 0; i < n; ++i) {
      if (sizes[i] > 1)
        errors::fail<TypeError>(def.name, "axis= is of one dimension; give axes=, a list of ", count, " tuples");
      out.push_back(sizes[i] || keepdims ? Dims{at} : Dims{});
    }
    return out;
  }
  if (axes == Py_None) return out;
  if (!PyList_Check(axes) && !PyTuple_Check(axes)) wrong_type({def.name.c_str(), "axes"}, "a list of tuples", axes);
  const auto given = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(axes));
  const bool without_last = given == n - 1 && (sizes.back() == 0);
  if (given != n && !without_last)
    errors::fail(def.name, "axes= has an item for each of ", count, " tensors; got ", static_cast<int>(given));
  for (std::size_t i = 0; i < given; ++i) {
    const Object item = item_at(axes, static_cast<Py_ssize_t>(i), def.name.c_str());
    out.push_back(to_dims(item.get(), {def.name.c_str(), "axes"}));
    const int wanted = i + 1 == n && keepdims ? 1 : sizes[i];
    if (out.back().size() != wanted)
      errors::fail(def.name, "axes= has ", wanted, " dimensions for tensor ", static_cast<int>(i), "; got ",
                   out.back());
  }
  if (without_last) out.push_back(keepdims ? out[0] : Dims{});
  return out;
}
Dims last(int n) {
  Dims d(n);
  for (int i = 0; i < n; ++i) d[i] = i - n;
  return d;
}

PyObject* invoke_on_dimensions(const OpDef& def, PyObject* const* args) {
  enum { kCasting = 2, kOrder, kDType, kSubok, kAxes, kAxis, kKeepdims };
  const char* name = def.name.c_str();
  Tensor x[] = {argument<Tensor>(def, args, 0), argument<Tensor>(def, args, 1)};
  const Casting casting = to_casting(args[kCasting], {name, "casting"});
  {
    const Operand in[] = {x[0], x[1]};
    check_devices(in, args, name);
    if (args[kDType] == Py_None) check_casting(def, in, casting);
  }
  const std::vector<int> sizes = core_sizes(def.core);
  const bool keepdims = argument<bool>(def, args, kKeepdims);
  if (keepdims && sizes.back() != 0)
    errors::fail<TypeError>(name, "keepdims= is of what has no dimension of its own left; the result has ",
                            sizes.back());
  const std::vector<Dims> at = places(def, args[kAxes], args[kAxis], sizes, keepdims);
  for (std::size_t i = 0; i < 2; ++i) {
    if (args[kDType] != Py_None) x[i] = cast_operand(name, x[i], to_dtype(args[kDType], {name, "dtype"}), casting);
    if (!at.empty()) x[i] = movedim(x[i], at[i], last(sizes[i]));
  }
  const Operand in[] = {x[0], x[1]};
  const auto f = [&] { return reinterpret_cast<Composed>(def.fn)(std::span<const Operand>(in)); };
  Tensor y = without_gil(kLongWork, f, x[0], x[1])[0];
  if (keepdims) y = unsqueeze(y, {-1});
  if (!at.empty() && !at.back().empty()) y = movedim(y, last(at.back().size()), at.back());
  return delivered(def, std::move(y), args[def.args.size()], {}, casting, args[kOrder]);
}

}  // namespace

OpDef* new_ufunc(const ComposedUfunc& u) {
  auto* d = new OpDef;
  d->name = u.name;
  d->doc = u.doc;
  d->module = "tenon.numpy";
  d->is_ufunc = true;
  d->is_method = false;
  d->native_out = true;
  d->op_arity = u.operands;
  d->results = u.results;
  d->fn = reinterpret_cast<void (*)()>(u.fn);
  d->loops = u.loops;
  d->core = u.core;
  if (u.operands == 1) d->arguments("x"_a);
  else d->arguments("x1"_a, "x2"_a);
  if (u.results == 2) d->arguments("out1"_a = none, "out2"_a = none);
  d->arguments(pos_only, "out"_a, kw_only);
  if (!u.core) d->arguments(kw_only, "where"_a = true);
  d->arguments(kw_only, "casting"_a = "same_kind", "order"_a = "K", "dtype"_a = none, "subok"_a = true);
  if (u.core) d->arguments(kw_only, "axes"_a = none, "axis"_a = none, "keepdims"_a = false);
  d->types.assign(static_cast<std::size_t>(u.operands), "ArrayLike");
  d->returns = u.results == 1 ? "Tensor" : "tuple[Tensor, ...]";
  d->invoke = u.core ? &invoke_on_dimensions : &invoke_composed;
  return d;
}

}  // namespace tenon::py
