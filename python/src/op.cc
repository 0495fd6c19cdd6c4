#include "op.h"

#include <bit>
#include <cstring>
#include <optional>

#include "border.h"
#include "casting.h"
#include "core/errors.h"
#include "ingest.h"
#include "keywords.h"
#include "numpy_api.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "ufunc.h"

namespace tenon::py {

PyTypeObject* op_type = nullptr;

namespace {

// What each call needs: how many arguments have a position, and names interned, so that finding one compares pointers.
void prepare_calls(OpDef& def) {
  const auto last = std::ranges::find_if(def.args, [](const Arg& a) { return a.keyword_only; });
  def.positional = static_cast<int>(last - def.args.begin()) + (def.out_at >= 0);
  for (std::size_t i = 0; i < def.args.size(); ++i) {
    def.interned.push_back(PyUnicode_InternFromString(def.args[i].name));
    for (const char* alias : other_names(def.name, def.args[i].name))
      def.interned_aliases.emplace_back(PyUnicode_InternFromString(alias), static_cast<int>(i));
    const bool operand = static_cast<int>(i) < def.op_arity;
    const std::string_view type = i < def.types.size() ? std::string_view(def.types[i]) : std::string_view();
    if (operand || type.starts_with("ArrayLike")) def.arrays |= 1u << i;
    if (type == "ArrayLike | None" && def.op_arity == 0 && !def.native_out) def.array_numbers |= 1u << i;
  }
  for (const auto& [name, i] : def.renamed) def.interned_aliases.emplace_back(PyUnicode_InternFromString(name), i);
}

// The argument that a keyword names; -1 if there is none.
int find_argument(const OpDef& def, PyObject* keyword) {
  for (auto i = static_cast<std::size_t>(def.positional_only); i < def.interned.size(); ++i)
    if (def.interned[i] == keyword) return static_cast<int>(i);
  for (const auto& [alias, i] : def.interned_aliases)
    if (alias == keyword) return i;
  if (PyUnicode_CHECK_INTERNED(keyword)) return -1;
  PyObject* interned = Py_NewRef(keyword);  // a keyword that was made at run time
  PyUnicode_InternInPlace(&interned);
  const Object held = Object::steal(interned);
  return interned == keyword ? -1 : find_argument(def, interned);
}

[[noreturn]] void argument_error(const OpDef& def, const std::string& message) {
  PyErr_Format(PyExc_TypeError, "%s: %s; the signature is %s%s", def.name.c_str(), message.c_str(), def.name.c_str(),
               signature_text(def).c_str());
  throw PythonError{};
}

// The tensor over out=, which takes a result.
Tensor target_of(const char* name, const Tensor& value, PyObject* out, Casting casting) {
  Tensor target = out_tensor(name, out);
  if (grad_enabled() && (value.requires_grad() || target.requires_grad())) errors::out_requires_grad(name);
  if (target.shape() != value.shape()) errors::wrong_shape(name, target.shape(), value.shape());
  if (!fits_out(value.dtype(), target.dtype(), casting))
    errors::result_does_not_fit(name, value.dtype(), target.dtype());
  return target;
}

// Writes a result into out= and returns out itself; of a named tuple into a tuple.
PyObject* results_into_out(const OpDef& def, const Object& result, PyObject* out) {
  if (is_tensor(result.get())) return into_out(def.name.c_str(), unwrap(result.get()), out);
  const Py_ssize_t n = PyTuple_Check(result.get()) ? PyTuple_GET_SIZE(result.get()) : 0;
  if (n == 0) argument_error(def, "out= goes with a single result");
  if (!PyTuple_Check(out) || PyTuple_GET_SIZE(out) != n)
    argument_error(def, errors::text("out= must be a tuple of ", static_cast<std::int64_t>(n), " tensors"));
  std::vector<Tensor> targets;
  for (Py_ssize_t i = 0; i < n; ++i)
    targets.push_back(target_of(def.name.c_str(), unwrap(PyTuple_GET_ITEM(result.get(), i)), PyTuple_GET_ITEM(out, i),
                                Casting::same_kind));
  for (Py_ssize_t i = 0; i < n; ++i)
    copy_(targets[static_cast<std::size_t>(i)], unwrap(PyTuple_GET_ITEM(result.get(), i)));
  if (PyTuple_CheckExact(result.get())) return PySequence_Tuple(out);
  // A named tuple's class takes its fields, each by itself.
  return PyObject_Call(reinterpret_cast<PyObject*>(Py_TYPE(result.get())), Object::steal(PySequence_Tuple(out)).get(),
                       nullptr);
}

}  // namespace

PyObject* call_on_tensors(const OpDef& def, PyObject* const* args, Py_ssize_t nargs) {
  if (nargs != def.op_arity || !is_tensor(args[0])) return nullptr;
  if (nargs == 1) {
    const Operand x(unwrap(args[0]));
    return wrap(compute(def.op, {&x, 1}));
  }
  Scalar number;
  if (nargs == 2 && !is_tensor(args[1])) {
    if (!(PyFloat_CheckExact(args[1]) || PyLong_CheckExact(args[1])) || !as_scalar(args[1], number)) return nullptr;
    const Operand in[] = {unwrap(args[0]), number};
    return wrap(compute(def.op, in));
  }
  if (!is_tensor(args[1])) return nullptr;
  if (nargs == 2) {
    const Operand in[] = {unwrap(args[0]), unwrap(args[1])};
    return wrap(compute(def.op, in));
  }
  if (nargs != 3 || !is_tensor(args[2])) return nullptr;
  const Operand in[] = {unwrap(args[0]), unwrap(args[1]), unwrap(args[2])};
  return wrap(compute(def.op, in));
}

namespace {

PyObject* vectorcall(PyObject* self, PyObject* const* args, std::size_t nargsf, PyObject* kwnames) {
  const OpDef& def = *reinterpret_cast<OpObject*>(self)->def;
  // Doors of Python modules ("_grad") are not what the user called.
  const std::string_view op = def.name[0] == '_' ? std::string_view() : def.name;
  return guarded_as(op, [&] {
    const Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (def.op_alone && !kwnames)
      if (PyObject* result = call_on_tensors(def, args, n)) return result;
    return call_op(def, args, n, kwnames);
  });
}

PyObject* op_get(PyObject* self, PyObject* object, PyObject*) {
  if (!object || object == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, object);
}
PyObject* op_repr(PyObject* self) {
  return PyUnicode_FromFormat("<tenon operation %U>", reinterpret_cast<OpObject*>(self)->qualname);
}
PyObject* op_name(PyObject* self, void*) {  // of a ufunc's method "add.reduce" what stands last
  const std::string& name = def_of(self).name;
  return PyUnicode_FromString(name.c_str() + name.rfind('.') + 1);
}
PyObject* op_qualname(PyObject* self, void*) { return Py_NewRef(reinterpret_cast<OpObject*>(self)->qualname); }
PyObject* op_module(PyObject* self, void*) { return PyUnicode_FromString(def_of(self).module); }
PyObject* op_text_signature(PyObject* self, void*) {
  return PyUnicode_FromString(signature_text(def_of(self)).c_str());
}
PyObject* op_numpy_name(PyObject* self, void*) { return PyUnicode_FromString(def_of(self).numpy_name.c_str()); }
PyObject* op_array_api_name(PyObject* self, void*) { return PyUnicode_FromString(def_of(self).array_api_name.c_str()); }
PyObject* op_signature(PyObject* self, void*) {
  Object module = Object::maybe(PyImport_ImportModule("tenon._signature"));
  if (!module) return nullptr;
  return PyObject_CallMethod(module.get(), "parse", "s", signature_text(def_of(self)).c_str());
}
// For the stub: ((name, type or "", variadic), ...), and what is returned.
PyObject* op_types(PyObject* self, void*) {
  return guarded([&] {
    const OpDef& d = def_of(self);
    Object list = Object::steal(PyList_New(0));
    for (std::size_t i = 0; i < d.args.size(); ++i) {
      Object item = Object::steal(Py_BuildValue("(ssO)", d.args[i].name, i < d.types.size() ? d.types[i].c_str() : "",
                                                d.args[i].variadic ? Py_True : Py_False));
      if (PyList_Append(list.get(), item.get()) < 0) throw PythonError{};
    }
    return list.release();
  });
}
// For the documentation: the texts of the object's own row and of the one that it was made from, whose
// name follows; and which arguments bear which other name there.
PyObject* op_texts(PyObject* self, void*) {
  const OpDef& d = def_of(self);
  return guarded([&] {
    const Object names = Object::steal(PyDict_New());
    for (const auto& [name, i] : d.renamed) {
      const Object old = Object::steal(PyUnicode_FromString(name));
      if (PyDict_SetItemString(names.get(), d.args[static_cast<std::size_t>(i)].name, old.get()) < 0)
        throw PythonError{};
    }
    return Py_BuildValue("(sssO)", d.doc.c_str(), d.row ? d.row->doc.c_str() : "", d.row ? d.row->name.c_str() : "",
                         names.get());
  });
}
PyObject* op_arity(PyObject* self, void*) { return PyLong_FromLong(def_of(self).op_arity); }
PyObject* op_returns(PyObject* self, void*) { return PyUnicode_FromString(def_of(self).returns.c_str()); }
PyObject* op_reduce(PyObject* self, PyObject*) { return Py_NewRef(reinterpret_cast<OpObject*>(self)->qualname); }

PyGetSetDef op_getset[] = {{"__name__", op_name, nullptr, nullptr, nullptr},
                           {"__qualname__", op_qualname, nullptr, nullptr, nullptr},
                           {"__module__", op_module, nullptr, nullptr, nullptr},
                           {"__doc__", op_doc, nullptr, nullptr, nullptr},
                           {"__text_signature__", op_text_signature, nullptr, nullptr, nullptr},
                           {"__signature__", op_signature, nullptr, nullptr, nullptr},
                           {"_types", op_types, nullptr, nullptr, nullptr},
                           {"_texts", op_texts, nullptr, nullptr, nullptr},
                           {"_arity", op_arity, nullptr, nullptr, nullptr},
                           {"_returns", op_returns, nullptr, nullptr, nullptr},
                           {"_numpy_name", op_numpy_name, nullptr, nullptr, nullptr},
                           {"_array_api_name", op_array_api_name, nullptr, nullptr, nullptr},
                           {nullptr}};
PyMethodDef op_methods[] = {{"__reduce__", op_reduce, METH_NOARGS, nullptr}, {nullptr}};
PyMemberDef op_members[] = {{"__vectorcalloffset__", T_PYSSIZET, offsetof(OpObject, vectorcall), READONLY, nullptr},
                            {nullptr}};

}  // namespace

OpDef& def_of(PyObject* self) { return *reinterpret_cast<OpObject*>(self)->def; }

// Composed when it is asked for, so that neither import nor calls pay for it.
PyObject* op_doc(PyObject* self, void*) {
  const Object module = Object::maybe(PyImport_ImportModule("tenon._documentation"));
  return module ? PyObject_CallMethod(module.get(), "of", "O", self) : nullptr;
}

void refuse_lost_gradient(const char* op, const Tensor& value) {
  if (grad_enabled() && value.requires_grad())
    errors::fail<RuntimeError>(op,
                               "out= is an ndarray, in which the result's gradient would be lost; use "
                               "tensor.detach(), or compute without out=");
  if (!value.device().is_cpu())
    errors::fail<TypeError>(op, "out= is an ndarray, but the result is on ", value.device(), "; use tensor.cpu()");
}

PyObject* into_out(const char* op, const Tensor& value, PyObject* out, Casting casting) {
  if (is_ndarray(out)) refuse_lost_gradient(op, value);
  if (is_ndarray(out) && why_not_shared(out)) {
    // Swapped bytes, misaligned elements, other dtypes: NumPy copies.
    const Object copyto = python_function("numpy", "copyto");
    const Object values = ndarray_from_tensor(value.detach());
    const Object rule = Object::steal(PyUnicode_FromString(kCastings[static_cast<int>(casting)]));
    PyObject* const args[] = {out, values.get(), rule.get()};
    Object::steal(PyObject_Vectorcall(copyto.get(), args, 3, nullptr));
    return Py_NewRef(out);
  }
  Tensor target = target_of(op, value, out, casting);
  copy_(target, value);
  return Py_NewRef(out);
}

Tensor out_tensor(const char* op, PyObject* out) {
  if (is_tensor(out)) return unwrap(out);
  if (!is_ndarray(out)) wrong_type({op, "out"}, "a tensor or an ndarray", out);
  return tensor_from_ndarray(out, op);
}

bool is_given(PyObject* o) { return o != Py_None && std::strcmp(Py_TYPE(o)->tp_name, "numpy._NoValueType") != 0; }

std::string signature_text(const OpDef& def) {
  std::string s = "(";
  bool keyword_only = false;
  int at = 0;
  auto item = [&](const std::string& text) { s += (s.size() > 1 ? ", " : "") + text; };
  for (const Arg& a : def.args) {
    if (at == def.positional_only && at > 0) item("/");
    if (at++ == def.out_at) item("out=None");
    if (a.keyword_only && !keyword_only) {
      item("*");
      keyword_only = true;
    }
    std::string text = a.rest ? std::string("*") + a.name : a.name;
    keyword_only |= a.rest;
    if (a.default_value) {
      Object repr = Object::steal(PyObject_Repr(a.default_value));
      text += '=';
      text += a.default_value == Py_Ellipsis ? "..." : utf8(repr.get());
    }
    item(text);
  }
  if (at == def.positional_only && at > 0) item("/");
  if (def.takes_out && (def.out_at < 0 || def.out_at == at)) {
    if (!keyword_only && def.out_at < 0) item("*");
    item("out=None");
  }
  return s + ")";
}

namespace {

// reshape(t, 2, 3) and its like, without a tuple for the ints; null where the arguments are others.
PyObject* call_with_ints(const OpDef& def, PyObject* const* args, Py_ssize_t nargs) {
  if (def.variadic_at != 1 || nargs < 2 || !is_tensor(args[0])) return nullptr;
  Dims ints;
  for (Py_ssize_t i = 1; i < nargs; ++i) {
    if (!PyLong_CheckExact(args[i])) return nullptr;
    ints.push_back(to_int(args[i], {def.name.c_str(), def.args[1].name}));
  }
  const Tensor& t = unwrap(args[0]);
  const std::int64_t length = def.long_work ? kLongWork : std::max(work(t), work(ints));
  return computed(length, [&] { return def.of_ints(t, ints); }, t);
}

// What is read as a tensor of the default float: a list, and a number where an operand of its own may stand (prepend=).
bool is_read(const OpDef& def, PyObject* o, int i) {
  if (Py_TYPE(o) == tensor_type) return false;
  constexpr unsigned long kLists = Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS;
  if (Py_TYPE(o)->tp_flags & kLists) return def.arrays >> i & 1;
  return PyFloat_CheckExact(o) && def.array_numbers >> i & 1;
}
bool compares(const OpDef& def) {
  if (def.op_arity != 2 || def.loops) return false;
  const Rule rule = info(def.op).rule;
  return rule == Rule::compare || rule == Rule::order;
}

// Reads the lists among the operands with the digits of the others: Python's floats in them are float64 beside float64,
// and beside integers that they are compared with, as floats alone are. Returns what `bound` refers to then.
std::vector<Object> in_full(const OpDef& def, PyObject** bound, int count) {
  std::vector<Object> read;
  bool full = false;
  std::optional<Device> device;
  for (int i = 0; i < count; ++i) {
    if (!(def.arrays >> i & 1) || !(is_tensor(bound[i]) || is_ndarray(bound[i]))) continue;
    const Tensor t = to_tensor(bound[i], {def.name.c_str(), def.args[static_cast<std::size_t>(i)].name});
    full = full || t.dtype() == DType::float64 || t.dtype() == DType::complex128 ||
           (is_integral(t.dtype()) && t.itemsize() >= 4 && compares(def));
    if (!device && is_tensor(bound[i])) device = t.device();
  }
  if (!full) return read;
  for (int i = 0; i < count; ++i) {
    if (!is_read(def, bound[i], i)) continue;
    const Where w{def.name.c_str(), def.args[static_cast<std::size_t>(i)].name};
    Tensor t = to_tensor(bound[i], w);
    if (t.requires_grad() || (t.dtype() != DType::float32 && t.dtype() != DType::complex64)) continue;
    t = ingest(bound[i], w.op,
               {.dtype = is_complex(t.dtype()) ? DType::complex128 : DType::float64, .device = {}, .copy = {}});
    read.push_back(Object::steal(wrap(to(t, {}, device))));
    bound[i] = read.back().get();
  }
  return read;
}

// Calls what the arguments are bound for.
[[gnu::always_inline]] inline PyObject* finish(const OpDef& def, PyObject** bound, int count, PyObject* out) {
  if (def.is_method && !def.is_function && count > 0 && !is_tensor(bound[0]))
    wrong_type({def.name.c_str(), def.args[0].name}, "a tensor", bound[0]);
  if (def.native_out) {
    bound[count] = out;
    return def.invoke(def, bound);
  }
  if (!out) return def.invoke(def, bound);
  return results_into_out(def, Object::steal(def.invoke(def, bound)), out);
}

[[gnu::noinline]] PyObject* finish_with_lists(const OpDef& def, PyObject** bound, int count, PyObject* out) {
  const std::vector<Object> lists = in_full(def, bound, count);
  return finish(def, bound, count, out);
}

PyObject* finish_bound(const OpDef& def, PyObject** bound, int count, PyObject* out) {
  for (std::uint32_t left = def.arrays; left; left &= left - 1)
    if (const int i = std::countr_zero(left); is_read(def, bound[i], i)) [[unlikely]]
      return finish_with_lists(def, bound, count, out);
  return finish(def, bound, count, out);
}

// Binds what most calls are: so many arguments by position, the others' defaults. False where more is to be looked at.
bool bind_by_position(const OpDef& def, PyObject* const* args, Py_ssize_t nargs, PyObject** bound) {
  if (def.variadic_at >= 0 || def.out_at >= 0 || nargs > def.positional) return false;
  std::copy_n(args, nargs, bound);
  for (std::size_t i = static_cast<std::size_t>(nargs); i < def.args.size(); ++i) {
    bound[i] = def.args[i].default_value;
    if (!bound[i]) return false;
  }
  return true;
}

}  // namespace

PyObject* call_op(const OpDef& def, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  if (def.of_ints && !kwnames)
    if (PyObject* result = call_with_ints(def, args, nargs)) return result;
  const int count = static_cast<int>(def.args.size());
  PyObject* bound[kMaxArgs + 1];
  if (!kwnames && bind_by_position(def, args, nargs, bound)) return finish_bound(def, bound, count, nullptr);
  std::fill_n(bound, count + 1, nullptr);
  Object rest;  // what a variadic argument has collected
  PyObject* out = nullptr;
  const auto collects = [&] {
    if (def.variadic_rest) return nargs >= def.variadic_at;
    if (def.variadic_at < 0 || nargs <= def.variadic_at) return false;
    PyObject* first = args[def.variadic_at];
    const bool several = nargs > def.variadic_at + 1;
    if (!several && (PyLong_CheckExact(first) || !PyIndex_Check(first))) return false;  // an int stands for itself
    return !is_list(first) || (def.variadic_arrays && several);
  };
  if (collects()) {
    rest = Object::steal(PyTuple_New(nargs - def.variadic_at));
    for (Py_ssize_t i = def.variadic_at; i < nargs; ++i)
      PyTuple_SET_ITEM(rest.get(), i - def.variadic_at, Py_NewRef(args[i]));
    bound[def.variadic_at] = rest.get();
    nargs = def.variadic_at;
    for (Py_ssize_t i = 0; i < nargs; ++i) bound[i] = args[i];
    nargs += PyTuple_GET_SIZE(rest.get());  // where keyword values begin
  } else {
    if (nargs > def.positional)
      argument_error(def, errors::text("takes at most ", def.positional, " positional arguments; got ",
                                       static_cast<std::int64_t>(nargs)));
    if (def.out_at < 0 || nargs <= def.out_at) {
      for (Py_ssize_t i = 0; i < nargs; ++i) bound[i] = args[i];
    } else {
      out = args[def.out_at];
      for (Py_ssize_t i = 0; i < nargs; ++i)
        if (i != def.out_at) bound[i - (i > def.out_at)] = args[i];
    }
  }
  if (kwnames) {
    const Py_ssize_t n = PyTuple_GET_SIZE(kwnames);
    for (Py_ssize_t k = 0; k < n; ++k) {
      PyObject* keyword = PyTuple_GET_ITEM(kwnames, k);
      PyObject* value = args[nargs + k];
      const int i = find_argument(def, keyword);
      if (i >= 0) {
        if (bound[i])
          argument_error(def,
                         errors::text("argument '", def.args[static_cast<std::size_t>(i)].name, "' is given twice"));
        bound[i] = value;
      } else if (def.takes_out && PyUnicode_CompareWithASCIIString(keyword, "out") == 0) {
        out = value;
      } else {
        const std::string name = utf8(keyword), instead(way_out(def.name, name));
        argument_error(def, errors::text("there is no argument '", name, instead.empty() ? "'" : "'; ", instead));
      }
    }
  }
  if (out && PyTuple_Check(out) && PyTuple_GET_SIZE(out) == 1) out = PyTuple_GET_ITEM(out, 0);
  if (out == Py_None || out == Py_Ellipsis) out = nullptr;
  for (int i = 0; i < count; ++i) {
    if (bound[i]) continue;
    const Arg& a = def.args[static_cast<std::size_t>(i)];
    if (i == def.variadic_at && def.variadic_arrays) {  // none at all
      rest = Object::steal(PyTuple_New(0));
      bound[i] = rest.get();
      continue;
    }
    if (!a.default_value) argument_error(def, errors::text("the argument '", a.name, "' is missing"));
    bound[i] = a.default_value;
  }
  return finish_bound(def, bound, count, out);
}

PyObject* new_op(OpDef* def, const char* qualname_prefix) {
  if (def->interned.empty()) prepare_calls(*def);
  OpObject* o = PyObject_New(OpObject, def->is_ufunc ? ufunc_type : op_type);
  if (!o) return nullptr;
  o->vectorcall = def->is_ufunc ? &call_ufunc : &vectorcall;
  o->def = def;
  o->qualname = PyUnicode_FromFormat("%s%s", qualname_prefix, def->name.c_str());
  return reinterpret_cast<PyObject*>(o);
}

void init_op(PyObject* module) {
  static PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                                {Py_tp_descr_get, reinterpret_cast<void*>(op_get)},
                                {Py_tp_repr, reinterpret_cast<void*>(op_repr)},
                                {Py_tp_getset, op_getset},
                                {Py_tp_methods, op_methods},
                                {Py_tp_members, op_members},
                                {0, nullptr}};
  static PyType_Spec spec = {"tenon.Operation", sizeof(OpObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                                 Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
                             slots};
  op_type = reinterpret_cast<PyTypeObject*>(Object::steal(PyType_FromSpec(&spec)).release());
  if (PyModule_AddObjectRef(module, "Operation", reinterpret_cast<PyObject*>(op_type)) < 0) throw PythonError{};
  init_ufunc_type(module);
}

}  // namespace tenon::py
