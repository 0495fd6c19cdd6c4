// NumPy-named elementwise operations: the call with all of NumPy's keywords, and the attributes of ufuncs.
#include "ufunc.h"

#include <algorithm>
#include <sstream>

#include "core/errors.h"
#include "numpy_api.h"
#include "tenon/elementwise/arithmetic.h"
#include "tenon/op.h"
#include "tenon/ops/layout.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/ufunc.h"
#include "tenon/ops/view.h"

namespace tenon::py {

PyTypeObject* ufunc_type = nullptr;

Tensor to_mask(PyObject* o, const char* op) {
  if (o == Py_True || !is_given(o)) return {};
  Tensor mask = to_tensor(o, {op, "where"});
  if (!is_bool(mask.dtype())) errors::dtype_not_supported(op, mask.dtype(), "a bool where=");
  return mask;
}

namespace {

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

// What a ufunc computes in: for operands of this common dtype.
DType loop_of(const OpDef& def, DType common) {
  // What is kept in a half is computed in float32.
  if (!def.loops) return is_half(common) ? common : elementwise_types(def.op, common).compute;
  const char own = letter(common);
  if (!own) return common;
  std::istringstream all(def.loops);
  for (std::string text; all >> text;)
    if (text[0] == own) return common;
  return is_complex(common) ? DType::complex128 : DType::float64;
}

}  // namespace

// ---- the call ----

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

namespace {

// Where the arguments stand behind the operands.
enum Place { kWhere, kCasting, kOrder, kDType, kSubok, kOut };

// order=: 'K' and 'A' are what results have.
Tensor ordered(const OpDef& def, Tensor y, PyObject* order) {
  if (!is_given(order)) return y;
  const Layout wanted = layout(to_string(order, {def.name.c_str(), "order"}), def.name);
  return wanted == Layout::a ? y : in_layout(y, wanted);
}

}  // namespace

Tensor cast_operand(const char* op, const Tensor& t, DType dtype, Casting casting) {
  if (t.dtype() == dtype) return t;
  check_cast(op, t.dtype(), dtype, casting);
  return to(t, dtype);
}

void convert_operands(const OpDef& def, Operands& in, int n, DType dtype, Casting casting, Tensor* held) {
  if (!def.loops && elementwise_types(def.op, DType::float32).result == DType::bool_ && is_bool(dtype))
    return;  // dtype= of the result
  const Tensor* some = nullptr;
  for (int i = 0; i < n; ++i)
    if (in[i].is_tensor()) some = &in[i].tensor();
  const Device device = some ? some->device() : kCpu;
  for (int i = 0; i < n; ++i) {
    if (!in[i].is_tensor()) {
      // A number takes the tensors' dtype unless it is of a higher kind.
      const DType own = in[i].scalar().promote_with(dtype);
      check_cast(def.name, own, dtype, casting);
      if (!some || own != dtype) in[i] = Operand(held[i] = to(full({}, in[i].scalar(), own, device), dtype));
      continue;
    }
    if (in[i].tensor().dtype() != dtype)
      in[i] = Operand(held[i] = cast_operand(def.name.c_str(), in[i].tensor(), dtype, casting));
  }
}

void check_casting(const OpDef& def, std::span<const Operand> in, Casting casting) {
  if (casting >= Casting::same_kind) return;
  std::optional<DType> common;
  for (const Operand& o : in)
    if (o.is_tensor()) common = common ? promote(*common, o.tensor().dtype()) : o.tensor().dtype();
  if (!common) return;
  for (const Operand& o : in)
    if (!o.is_tensor()) common = o.scalar().promote_with(*common);
  const DType loop = loop_of(def, *common);
  for (const Operand& o : in)
    if (o.is_tensor()) check_operand(def.name, o.tensor().dtype(), loop, casting);
}

PyObject* delivered(const OpDef& def, Tensor y, PyObject* out, const Tensor& mask, Casting casting, PyObject* order) {
  const char* name = def.name.c_str();
  if (!out) {
    if (mask.defined()) y = where(mask, y, 0);
    return wrap(ordered(def, std::move(y), order));
  }
  if (mask.defined()) {
    if (is_ndarray(out)) refuse_lost_gradient(name, y);
    const bool shared = is_tensor(out) || (is_ndarray(out) && !why_not_shared(out));
    const Tensor old = shared ? out_tensor(name, out) : to_tensor(out, {name, "out"});
    if (!fits_out(y.dtype(), old.dtype(), casting)) errors::result_does_not_fit(name, y.dtype(), old.dtype());
    y = where(mask, to(y, old.dtype()), old);
  }
  return into_out(name, y, out, casting);
}

namespace {

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
  if (options[kDType] != Py_None)
    convert_operands(def, in, n, to_dtype(options[kDType], {name, "dtype"}), casting, held);
  else check_casting(def, in, casting);
  const bool shared = out && (is_tensor(out) || (is_ndarray(out) && !why_not_shared(out)));
  if (shared && !mask.defined() && casting == Casting::same_kind) {
    const Tensor target = out_tensor(name, out);
    if (!is_tensor(out))
      for (int i = 0; i < n; ++i)
        if (in[i].is_tensor()) refuse_lost_gradient(name, in[i].tensor());
    compute(def.op, in, &target);
    return Py_NewRef(out);
  }
  return delivered(def, compute(def.op, in), out, mask, casting, options[kOrder]);
}

// ---- attributes ----

int arity_of(PyObject* self) { return def_of(self).op_arity; }

// "dd->d" for each dtype that the operation takes as it is.
std::vector<std::string> loops(const OpDef& def) {
  const Op op = def.op;
  std::vector<std::string> found;
  if (def.loops) {
    for (std::istringstream all(def.loops); all >> found.emplace_back();) {}
    found.pop_back();
    return found;
  }
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

PyObject* get_nin(PyObject* self, void*) { return PyLong_FromLong(arity_of(self)); }
PyObject* get_nargs(PyObject* self, void*) { return PyLong_FromLong(arity_of(self) + def_of(self).results); }
PyObject* get_nout(PyObject* self, void*) { return PyLong_FromLong(def_of(self).results); }
PyObject* get_types(PyObject* self, void*) {
  return guarded([&] {
    Object list = Object::steal(PyList_New(0));
    for (const std::string& text : loops(def_of(self)))
      if (PyList_Append(list.get(), Object::steal(PyUnicode_FromString(text.c_str())).get()) < 0) throw PythonError{};
    return list.release();
  });
}
PyObject* get_ntypes(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromSize_t(loops(def_of(self)).size()); });
}
PyObject* get_identity(PyObject* self, void*) {
  return guarded([&] {
    if (def_of(self).loops) return Py_NewRef(Py_None);
    const Op op = def_of(self).op;
    // A logical operation's identity is a bool, as NumPy's.
    const bool logical = info(op).rule == Rule::logical;
    const auto value = ufunc::identity(op, logical ? DType::bool_ : DType::int64);
    return value ? from_scalar(*value) : Py_NewRef(Py_None);
  });
}
PyObject* get_signature(PyObject* self, void*) {
  const char* core = def_of(self).core;
  return core ? PyUnicode_FromString(core) : Py_NewRef(Py_None);
}
PyObject* get_method(PyObject* self, void* which) {
  return guarded(
      [&] { return Py_NewRef(ufunc_method(self, static_cast<int>(reinterpret_cast<std::intptr_t>(which)))); });
}

PyObject* repr(PyObject* self) { return PyUnicode_FromFormat("<ufunc '%s'>", def_of(self).name.c_str()); }
// An attribute of a class, it stays a function of its operands.
PyObject* descr_get(PyObject* self, PyObject*, PyObject*) { return Py_NewRef(self); }

PyMemberDef members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(OpObject, vectorcall), READONLY, nullptr},
                         {nullptr}};
void* place(int i) { return reinterpret_cast<void*>(static_cast<std::intptr_t>(i)); }
PyGetSetDef getset[] = {
    {"nin", get_nin, nullptr, "The number of operands.", nullptr},
    {"nout", get_nout, nullptr, "The number of results.", nullptr},
    {"nargs", get_nargs, nullptr, "The number of operands and results.", nullptr},
    {"ntypes", get_ntypes, nullptr, "The number of dtypes that have a loop.", nullptr},
    {"types", get_types, nullptr, "The dtypes that have a loop, by NumPy's letters: 'dd->d'.", nullptr},
    {"identity", get_identity, nullptr, "The value that changes no other one; None if there is none.", nullptr},
    {"signature", get_signature, nullptr,
     "The dimensions that it works on, as '(n),(n)->()'; None if it works on elements.", nullptr},
    {"reduce", get_method, nullptr, "The operation along axes.", place(0)},
    {"accumulate", get_method, nullptr, "The operation up to each element along an axis.", place(1)},
    {"reduceat", get_method, nullptr, "The operation along slices of an axis.", place(2)},
    {"outer", get_method, nullptr, "The operation on all pairs.", place(3)},
    {"at", get_method, nullptr, "The operation in place at indices, once for each.", place(4)},
    {nullptr}};

}  // namespace

PyObject* call_ufunc(PyObject* self, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  const OpDef& def = def_of(self);
  const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
  return guarded_as(def.name, [&]() -> PyObject* {
    // Tensors alone need no look at what else may stand there.
    if (!kwnames && !def.loops) {
      if (PyObject* result = call_on_tensors(def, args, n)) return result;
      // Nor do operands alone, such as a tensor and an ndarray; lists do.
      if (n == def.op_arity && std::none_of(args, args + n, is_list)) {
        const Operands in(args, static_cast<int>(n), def.name.c_str(), "x1");
        check_devices(in, args, def.name.c_str());
        return wrap(compute(def.op, in));
      }
    } else if (!kwnames && n == def.op_arity && is_tensor(args[0]) && is_tensor(args[n - 1])) {
      Operand in[] = {unwrap(args[0]), unwrap(args[n - 1])};
      const auto run = [&] { return reinterpret_cast<Composed>(def.fn)({in, static_cast<std::size_t>(n)}); };
      const std::vector<Tensor> r =
          without_gil(def.core ? kLongWork : std::max(work(in[0]), work(in[1])), run, in[0], in[1]);
      return r.size() == 1 ? to_python(r[0]) : to_python(r);
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
  // These are functions of NumPy's, whose argument has a name.
  if (op == Op::sinc || op == Op::i0 || op == Op::isneginf || op == Op::isposinf) d->positional_only = 0;
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

namespace {
constexpr const char* kTypeDoc =
    "An operation under NumPy's name, as numpy.ufunc: reduce(), accumulate(), outer(), at(), out=, where=, dtype=.\n\n"
    "tenon.numpy's functions of elements are such objects; none is made by hand.\n\n"
    "Returns\n-------\n"
    "Tensor\n"
    "    What a call gives: a new tensor, or out.\n\n"
    "Raises\n------\n"
    "TypeError\n"
    "    Where the type itself is called.\n\n"
    "Examples\n--------\n"
    ">>> isinstance(tenon.numpy.add, tenon.numpy.ufunc), tenon.numpy.add.nin\n"
    "(True, 2)";

// __doc__ in the type's dict: of a ufunc its own, of the type the type's.
PyObject* get_doc(PyObject*, PyObject* ufunc, PyObject*) {
  return ufunc ? op_doc(ufunc, nullptr) : PyUnicode_FromString(kTypeDoc);
}
Object doc_descriptor() {
  static PyType_Slot slots[] = {{Py_tp_descr_get, reinterpret_cast<void*>(get_doc)}, {0, nullptr}};
  static PyType_Spec spec = {"tenon.numpy._ufunc_doc", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};
  const Object type = Object::steal(PyType_FromSpec(&spec));
  return Object::steal(PyObject_CallNoArgs(type.get()));
}
}  // namespace

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
  if (PyDict_SetItemString(ufunc_type->tp_dict, "__doc__", doc_descriptor().get()) < 0) throw PythonError{};
  PyType_Modified(ufunc_type);
  if (PyModule_AddObjectRef(module, "_ufunc", reinterpret_cast<PyObject*>(ufunc_type)) < 0) throw PythonError{};
}

}  // namespace tenon::py
