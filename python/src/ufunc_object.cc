// NumPy-named elementwise operations: the call with all of NumPy's keywords, the methods and attributes of ufuncs.
#include "ufunc.h"

#include <unordered_map>

#include "core/errors.h"
#include "numpy_api.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/ufunc.h"
#include "tenon/ops/view.h"

namespace tenon::py {

PyTypeObject* ufunc_type = nullptr;

Casting to_casting(PyObject* o, const Where& w) {
  const std::string name = to_string(o, w);
  for (int i = 0; i < 5; ++i)
    if (name == kCastings[i]) return static_cast<Casting>(i);
  errors::fail(w.op, "casting must be one of 'no', 'equiv', 'safe', 'same_kind', 'unsafe'; got '", name, "'");
}

Tensor to_mask(PyObject* o, const char* op) {
  if (o == Py_True || !is_given(o)) return {};
  Tensor mask = to_tensor(o, {op, "where"});
  if (!is_bool(mask.dtype())) errors::dtype_not_supported(op, mask.dtype(), "a bool where=");
  return mask;
}

namespace {

// ---- the call ----

// An array on the host may meet a tensor on a device only as a number.
void check_devices(std::span<const Operand> in, PyObject* const* objects, const char* op) {
  Device device;
  for (const Operand& o : in)
    if (o.is_tensor() && !o.tensor().device().is_cpu()) device = o.tensor().device();
  if (device.is_cpu()) return;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (in[i].is_tensor() && !is_tensor(objects[i]) && in[i].tensor().ndim() > 0)
      errors::fail<TypeError>(op, "an ndarray and a tensor on ", device,
                              " do not mix; move one of them: tenon.asarray(array, device='", device,
                              "') or tensor.cpu()");
}

// Where the arguments stand behind the operands.
enum Place { kWhere, kCasting, kOrder, kDType, kSubok, kOut };

// order=: 'K' and 'A' are what results have.
Tensor ordered(const OpDef& def, Tensor y, PyObject* order) {
  if (!is_given(order)) return y;
  const std::string name = to_string(order, {def.name.c_str(), "order"});
  if (name == "C") return contiguous(y);
  if (name == "F") return T(contiguous(T(y)));
  if (name != "K" && name != "A") errors::fail(def.name, "order must be 'C', 'F', 'A' or 'K'; got '", name, "'");
  return y;
}

// The operands in dtype=, as far as casting allows it.
void convert(const OpDef& def, Operands& in, int n, DType dtype, Casting casting, Tensor* held) {
  if (elementwise_types(def.op, DType::float32).result == DType::bool_ && is_bool(dtype))
    return;  // dtype= of the result
  const Tensor* some = nullptr;
  for (int i = 0; i < n; ++i)
    if (in[i].is_tensor()) some = &in[i].tensor();
  const Device device = some ? some->device() : kCpu;
  for (int i = 0; i < n; ++i) {
    if (!in[i].is_tensor()) {
      // A number takes the tensors' dtype unless it is of a higher kind.
      const DType own = in[i].scalar().promote_with(dtype);
      if (!can_cast(own, dtype, casting))
        errors::fail<TypeError>(def.name, "an operand of ", own, " cannot become ", dtype, " by casting='",
                                kCastings[static_cast<int>(casting)], "'");
      if (!some || own != dtype) in[i] = Operand(held[i] = to(full({}, in[i].scalar(), own, device), dtype));
      continue;
    }
    if (in[i].tensor().dtype() == dtype) continue;
    if (!can_cast(in[i].tensor().dtype(), dtype, casting))
      errors::fail<TypeError>(def.name, "an operand of ", in[i].tensor().dtype(), " cannot become ", dtype,
                              " by casting='", kCastings[static_cast<int>(casting)], "'");
    in[i] = Operand(held[i] = to(in[i].tensor(), dtype));
  }
}

PyObject* invoke(const OpDef& def, PyObject* const* args) {
  const char* name = def.name.c_str();
  const int n = info(def.op).arity;
  PyObject* const* options = args + n;
  PyObject* out = options[kOut];
  Operands in(args, n, name, "x1");
  if (n > 1) check_devices(in, args, name);
  const Tensor mask = to_mask(options[kWhere], name);
  const Casting casting = to_casting(options[kCasting], {name, "casting"});
  Tensor held[3];
  if (options[kDType] != Py_None) convert(def, in, n, to_dtype(options[kDType], {name, "dtype"}), casting, held);
  const bool shared = out && (is_tensor(out) || (is_ndarray(out) && !why_not_shared(out)));
  if (shared && !mask.defined() && casting == Casting::same_kind) {
    const Tensor target = out_tensor(name, out);
    if (!is_tensor(out))
      for (int i = 0; i < n; ++i)
        if (in[i].is_tensor()) refuse_lost_gradient(name, in[i].tensor());
    compute(def.op, in, &target);
    return Py_NewRef(out);
  }
  Tensor y = compute(def.op, in);
  if (!out) {
    if (mask.defined()) y = where(mask, y, 0);
    return wrap(ordered(def, std::move(y), options[kOrder]));
  }
  if (mask.defined()) {
    if (is_ndarray(out)) refuse_lost_gradient(name, y);
    const Tensor old = shared ? out_tensor(name, out) : to_tensor(out, {name, "out"});
    if (!can_cast(y.dtype(), old.dtype(), casting)) errors::result_does_not_fit(name, y.dtype(), old.dtype());
    y = where(mask, to(y, old.dtype()), old);
  }
  return into_out(name, y, out, casting);
}

// ---- methods ----

PyObject* invoke_reduce(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const auto axes = argument<Axes>(def, args, 1);
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
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
  const auto dtype = argument<std::optional<DType>>(def, args, 2);
  return computed(t.numel(), [&] { return ufunc::accumulate(def.op, t, axis, dtype); }, t);
}
PyObject* invoke_reduceat(const OpDef& def, PyObject* const* args) {
  const Tensor t = argument<Tensor>(def, args, 0);
  const Where w{def.name.c_str(), "indices"};
  const Dims indices = is_tensor(args[1]) || is_ndarray(args[1])
                           ? to_dims(Object::steal(PyObject_CallMethod(args[1], "tolist", nullptr)).get(), w)
                           : to_dims(args[1], w);
  const auto axis = argument<std::int64_t>(def, args, 2);
  const auto dtype = argument<std::optional<DType>>(def, args, 3);
  return computed(t.numel(), [&] { return ufunc::reduceat(def.op, t, indices, axis, dtype); }, t);
}
PyObject* invoke_outer(const OpDef& def, PyObject* const* args) {
  const Tensor a = argument<Tensor>(def, args, 0), b = argument<Tensor>(def, args, 1);
  return computed(a.numel() * b.numel(), [&] { return ufunc::outer(def.op, a, b); }, a, b);
}
PyObject* invoke_at(const OpDef& def, PyObject* const* args) {
  const char* name = def.name.c_str();
  if (!is_tensor(args[0]) && !is_ndarray(args[0])) wrong_type({name, "a"}, "a tensor or an ndarray", args[0]);
  Tensor t = to_tensor(args[0], {name, "a"});
  if (!is_tensor(args[0])) t = out_tensor(name, args[0]);
  const std::vector<Index> indices = to_indices(args[1], name, t.device());
  std::optional<From<Operand>> from;
  if (is_given(args[2])) from.emplace(args[2], Where{name, "b"});
  const std::optional<Operand> values = from ? std::optional(from->get()) : std::nullopt;
  without_gil(t.numel(), [&] { ufunc::at_(def.op, t, indices, values); }, t);
  return Py_NewRef(Py_None);
}

constexpr const char* kNames[] = {"reduce", "accumulate", "reduceat", "outer", "at"};

// The row of a ufunc's method.
OpDef* new_method(const OpDef& f, int which) {
  auto* d = new OpDef;
  d->name = f.name + "." + kNames[which];
  d->module = f.module;
  d->op = f.op;
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
               "dtype converts first. IndexError for an axis that is not there.";
      d->arguments("array"_a, "axis"_a = 0, "dtype"_a = none, "out"_a);
      d->invoke = &invoke_accumulate;
      break;
    case 2:
      d->doc =
          name +
          " of slices: from each index to the next one, from the last to the end. A new tensor.\n\n"
          "Where the next index is not larger the element itself stands. dtype converts first. IndexError for an index\n"
          "and an axis that are not there.";
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
  return d;
}

// Made when they are asked for first, and kept.
PyObject* method_at(PyObject* self, int which) {
  static std::unordered_map<const OpDef*, std::array<Object, std::size(kNames)>> made;
  const OpDef& def = def_of(self);
  Object& method = made[&def][static_cast<std::size_t>(which)];
  if (!method) method = Object::steal(new_op(new_method(def, which), ""));
  return method.get();
}

// ---- attributes ----

int arity_of(PyObject* self) { return info(def_of(self).op).arity; }

// NumPy's letters for dtypes; 0 for those that it does not have.
char letter(DType d) {
  switch (d) {
    case DType::bool_: return '?';
    case DType::int8: return 'b';
    case DType::uint8: return 'B';
    case DType::int16: return 'h';
    case DType::uint16: return 'H';
    case DType::int32: return 'i';
    case DType::uint32: return 'I';
    case DType::int64: return 'l';
    case DType::uint64: return 'L';
    case DType::float16: return 'e';
    case DType::float32: return 'f';
    case DType::float64: return 'd';
    case DType::complex64: return 'F';
    case DType::complex128: return 'D';
    default: return 0;
  }
}

// "dd->d" for each dtype that the operation takes as it is.
std::vector<std::string> loops(Op op) {
  std::vector<std::string> found;
  for (int i = 0; i < kDTypes; ++i) {
    const auto d = static_cast<DType>(i);
    if (!letter(d)) continue;
    try {
      const ElementwiseTypes types = elementwise_types(op, d);
      const bool converts = info(op).rule != Rule::logical && types.compute != d && !is_half(d);
      if (!converts)
        found.push_back(std::string(static_cast<std::size_t>(info(op).arity), letter(d)) + "->" + letter(types.result));
    } catch (const DtypeError&) { continue; }
  }
  return found;
}

template <int Extra>
PyObject* get_count(PyObject* self, void*) {
  return PyLong_FromLong(arity_of(self) + Extra);
}
PyObject* get_nout(PyObject*, void*) { return PyLong_FromLong(1); }
PyObject* get_types(PyObject* self, void*) {
  return guarded([&] {
    Object list = Object::steal(PyList_New(0));
    for (const std::string& text : loops(def_of(self).op))
      if (PyList_Append(list.get(), Object::steal(PyUnicode_FromString(text.c_str())).get()) < 0) throw PythonError{};
    return list.release();
  });
}
PyObject* get_ntypes(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromSize_t(loops(def_of(self).op).size()); });
}
PyObject* get_identity(PyObject* self, void*) {
  return guarded([&] {
    const Op op = def_of(self).op;
    // Of what takes bools alone as truth values the identity is one, as NumPy's.
    const bool logical = info(op).rule == Rule::logical;
    const auto value = ufunc::identity(op, logical ? DType::bool_ : DType::int64);
    return value ? from_scalar(*value) : Py_NewRef(Py_None);
  });
}
PyObject* get_signature(PyObject*, void*) { Py_RETURN_NONE; }
PyObject* get_method(PyObject* self, void* which) {
  return guarded([&] { return Py_NewRef(method_at(self, static_cast<int>(reinterpret_cast<std::intptr_t>(which)))); });
}

PyObject* repr(PyObject* self) { return PyUnicode_FromFormat("<ufunc '%s'>", def_of(self).name.c_str()); }
// An attribute of a class, it stays a function of its operands.
PyObject* descr_get(PyObject* self, PyObject*, PyObject*) { return Py_NewRef(self); }

PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(OpObject, vectorcall), READONLY, nullptr},
                         {nullptr}};
void* place(int i) { return reinterpret_cast<void*>(static_cast<std::intptr_t>(i)); }
PyGetSetDef getset[] = {
    {"__doc__", op_doc, nullptr, nullptr, nullptr},  // a type has one of its own, which hides the inherited one
    {"nin", get_count<0>, nullptr, "The number of operands.", nullptr},
    {"nout", get_nout, nullptr, "The number of results: 1.", nullptr},
    {"nargs", get_count<1>, nullptr, "The number of operands and results.", nullptr},
    {"ntypes", get_ntypes, nullptr, "The number of dtypes that have a loop.", nullptr},
    {"types", get_types, nullptr, "The dtypes that have a loop, by NumPy's letters: 'dd->d'.", nullptr},
    {"identity", get_identity, nullptr, "The value that changes no other one; None if there is none.", nullptr},
    {"signature", get_signature, nullptr, "None: the operation works on elements.", nullptr},
    {"reduce", get_method, nullptr, "The operation along axes.", place(0)},
    {"accumulate", get_method, nullptr, "The operation up to each element along an axis.", place(1)},
    {"reduceat", get_method, nullptr, "The operation along slices of an axis.", place(2)},
    {"outer", get_method, nullptr, "The operation on all pairs.", place(3)},
    {"at", get_method, nullptr, "The operation in place at indices, once for each.", place(4)},
    {nullptr}};

}  // namespace

PyObject* ufunc_method(PyObject* ufunc, std::string_view name) {
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i)
    if (name == kNames[i]) return method_at(ufunc, i);
  return nullptr;
}

PyObject* call_ufunc(PyObject* self, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  const OpDef& def = def_of(self);
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  return guarded_as(def.name, [&]() -> PyObject* {
    // Tensors alone need no look at what else may stand there.
    if (!kwnames && n == def.op_arity && is_tensor(args[0]) && (n == 1 || is_tensor(args[1]))) {
      if (n == 1) {
        const Operand x(unwrap(args[0]));
        return wrap(compute(def.op, {&x, 1}));
      }
      const Operand in[] = {unwrap(args[0]), unwrap(args[1])};
      return wrap(compute(def.op, in));
    }
    return call_op(def, args, n, kwnames);
  });
}

OpDef* new_ufunc(Op op, const char* name) {
  const OpInfo& o = info(op);
  auto* d = new OpDef;
  d->name = name;
  d->op = op;
  d->op_arity = o.arity;
  d->module = "tenon.numpy";
  d->is_ufunc = true;
  d->is_method = false;
  d->native_out = true;
  if (o.arity == 1) d->arguments("x"_a);
  else d->arguments("x1"_a, "x2"_a);
  d->arguments(pos_only, "out"_a, kw_only, "where"_a = true, "casting"_a = "same_kind", "order"_a = "K",
               "dtype"_a = none, "subok"_a = true);
  d->types.assign(static_cast<std::size_t>(o.arity), "ArrayLike");
  d->invoke = &invoke;
  d->doc =
      std::string(o.doc) + "\n\nElementwise" + (o.arity == 1 ? "" : ", with broadcasting") +
      ", into a new tensor or out.\n"
      "where: a bool tensor; elements where it is False are out's, or 0 without out. dtype: what the operands are\n"
      "converted to first, as casting allows. order: 'C', 'F', 'A' or 'K', how a new result lies in memory.\n"
      "subok is ignored.";
  return d;
}

void init_ufunc_type(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                {Py_tp_descr_get, reinterpret_cast<void*>(descr_get)},
                                {Py_tp_repr, reinterpret_cast<void*>(repr)},
                                {Py_tp_getset, getset},
                                {Py_tp_members, members},
                                {0, nullptr}};
  static PyType_Spec spec = {
      "tenon.numpy.ufunc", sizeof(OpObject), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
      slots};
  const Object bases = Object::steal(PyTuple_Pack(1, op_type));
  ufunc_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpecWithBases(&spec, bases.get())).release());
  if (PyModule_AddObjectRef(module, "_ufunc", reinterpret_cast<PyObject*>(ufunc_type)) < 0) throw PythonError{};
}

}  // namespace tenon::py
