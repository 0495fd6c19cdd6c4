// The rows that declare operations, and where their objects stand: tenon, its tensors, tenon.numpy and
// tenon.nn.functional.
#include <cstring>
#include <unordered_map>

#include "op.h"

namespace tenon::py {

namespace {

Arg with(Arg a, Object value) {
  a.default_value = value.release();
  return a;
}
std::string text_of(TypeText t) { return t.or_none ? std::string(t.name) + " | None" : t.name; }

}  // namespace

Arg Arg::operator=(std::nullptr_t) && { return with(*this, Object::borrow(Py_None)); }
Arg Arg::operator=(bool v) && { return with(*this, Object::steal(PyBool_FromLong(v))); }
Arg Arg::operator=(int v) && { return with(*this, Object::steal(PyLong_FromLong(v))); }
Arg Arg::operator=(double v) && { return with(*this, Object::steal(PyFloat_FromDouble(v))); }
Arg Arg::operator=(const char* v) && { return with(*this, Object::steal(PyUnicode_FromString(v))); }
Arg Arg::operator=(Object v) && { return with(*this, std::move(v)); }

void OpDef::set_arguments(std::initializer_list<Arg> list) {
  bool keyword_only = false;
  for (Arg a : list) {
    const std::string_view called(a.name);
    if (called == kw_only.name) {
      keyword_only = true;
    } else if (called == pos_only.name) {
      positional_only = static_cast<int>(args.size());
    } else if (called == "out") {
      takes_out = true;
      if (!keyword_only) out_at = static_cast<int>(args.size());
    } else {
      a.keyword_only = keyword_only;
      if (a.variadic) variadic_at = static_cast<int>(args.size());
      variadic_rest |= a.rest;
      keyword_only |= a.rest;
      args.push_back(a);
    }
  }
}
void OpDef::set_signature(std::initializer_list<Arg> list, std::initializer_list<TypeText> taken, TypeText returned) {
  set_arguments(list);
  types.clear();
  for (const TypeText t : taken) types.push_back(text_of(t));
  variadic_arrays = variadic_at >= 0 && types[static_cast<std::size_t>(variadic_at)].starts_with("Sequence");
  set_returns(returned);
  if (args.size() != types.size()) Py_FatalError(name.c_str());  // a row that does not fit its function
}
void OpDef::set_returns(TypeText type) { returns = text_of(type); }
void OpDef::document(const std::string& text) { doc += text + notes; }
void OpDef::add_notes(const char* text) {
  notes = std::string("\n") + text;
  doc.insert(std::min(doc.find("\n\n>>> "), doc.size()), notes);
}
void OpDef::add_example(const char* text) { doc += std::string("\n\n") + text; }
void OpDef::add_aliases(std::initializer_list<const char*> names) { aliases.insert(aliases.end(), names); }

OpDef* Ops::new_row(const char* name, const char* doc) {
  auto* d = new OpDef;
  d->name = name;
  d->doc = doc;
  all_.push_back(d);
  return d;
}
OpDef* Ops::under_numpy(const OpDef& row, const char* name) {
  auto* d = new OpDef;
  const std::string_view path(name);
  d->name = path.substr(path.rfind('.') + 1);
  d->doc = row.doc.substr(0, row.doc.find("\n\n")) + "\n\n";
  d->notes = row.notes;
  d->row = &row;
  d->module = module_of(name);
  d->returns = row.returns;
  d->fn = row.fn;
  d->long_work = row.long_work;
  d->is_method = false;
  return d;
}

OpDef* Ops::renamed(const OpDef& row, const char* name, std::initializer_list<const char*> arguments) {
  auto* d = new OpDef(row);
  d->name = std::string_view(name).substr(std::string_view(name).rfind('.') + 1);
  d->row = &row;
  d->module = module_of(name);
  d->is_method = false;
  for (int i = 0; const char* argument : arguments) {
    Arg& a = d->args[static_cast<std::size_t>(i)];
    if (std::string_view(a.name) != argument) {
      // What the documentation says of it stands behind its name and a colon.
      const std::string old = std::string(a.name) + ":";
      for (std::size_t at = 0; (at = d->doc.find(old, at)) != std::string::npos; at += old.size())
        if (at > 0 && (d->doc[at - 1] == '\n' || d->doc[at - 1] == ' ')) d->doc.replace(at, old.size() - 1, argument);
      d->renamed.emplace_back(a.name, i);
      a.name = argument;
    }
    ++i;
  }
  return d;
}

OpDef* Ops::shown(const std::string& name) const {
  for (const auto& [known, d] : numpy_)
    if (known == name) return d;
  return nullptr;
}
void Ops::show_if_free(const std::string& name, OpDef* d) {
  if (!shown(name)) numpy_.emplace_back(name, d);
}
void Ops::show(const std::string& name, OpDef* d) {
  for (auto& [known, old] : numpy_)
    if (known == name) {
      old = d;
      return;
    }
  numpy_.emplace_back(name, d);
}
void Ops::show_row(OpDef& row, const char* name, OpDef* d) {
  row.numpy_name = name;
  show(name, d);
}
void Ops::show_standard(OpDef& row, const char* name, OpDef* d) {
  row.array_api_name = name;
  if (d) show(name, d);
  else show_if_free(name, row.numpy_name.empty() ? &row : shown(row.numpy_name));
}
void Ops::show_in_nn(OpDef& row) { nn_.push_back(&row); }
const char* Ops::module_of(std::string_view name) {
  if (name.starts_with("linalg.")) return "tenon.numpy.linalg";
  return name.starts_with("fft.") ? "tenon.numpy.fft" : "tenon.numpy";
}

namespace {

// The row's object: the module's own where it has it.
Object object_of(OpDef* def, PyObject* module) {
  if (def->is_function && std::strcmp(def->module, "tenon") == 0)
    return Object::steal(PyObject_GetAttrString(module, def->name.c_str()));
  return Object::steal(new_op(def, ""));
}

// tenon._C._numpy_names: by module ("tenon.numpy.linalg") a dict of its names, from which these modules take them.
void install_numpy(const Ops& ops, PyObject* module) {
  std::unordered_map<const OpDef*, Object> made;  // an object for each row, under however many names
  Object modules = Object::steal(PyDict_New());
  for (const auto& [path, def] : ops.numpy_names()) {
    Object& op = made[def];
    if (!op) op = object_of(def, module);
    const char* owner = Ops::module_of(path);
    PyObject* names = PyDict_GetItemString(modules.get(), owner);
    if (!names) {
      const Object fresh = Object::steal(PyDict_New());
      if (PyDict_SetItemString(modules.get(), owner, fresh.get()) < 0) throw PythonError{};
      names = PyDict_GetItemString(modules.get(), owner);
    }
    if (PyDict_SetItemString(names, path.substr(path.rfind('.') + 1).c_str(), op.get()) < 0) throw PythonError{};
  }
  if (PyObject_SetAttrString(module, "_numpy_names", modules.get()) < 0) throw PythonError{};
}

// tenon._C._nn_names: a dict, from which tenon.nn.functional takes its names.
void install_nn(const Ops& ops, PyObject* module) {
  const Object names = Object::steal(PyDict_New());
  for (OpDef* def : ops.nn_rows())
    if (PyDict_SetItemString(names.get(), def->name.c_str(), object_of(def, module).get()) < 0) throw PythonError{};
  if (PyObject_SetAttrString(module, "_nn_names", names.get()) < 0) throw PythonError{};
}

}  // namespace

void install_ops(const Ops& ops, PyObject* module) {
  auto* type = reinterpret_cast<PyObject*>(tensor_type);
  std::vector<OpDef*> rows(ops.all().begin(), ops.all().end());
  for (const OpDef* def : ops.all()) {
    for (const char* alias : def->aliases) {
      auto* copy = new OpDef(*def);
      copy->name = alias;
      copy->row = def;
      rows.push_back(copy);
    }
  }
  for (OpDef* def : rows) {
    Object op = Object::steal(new_op(def, def->is_function ? "" : "Tensor."));
    if (def->is_function && PyObject_SetAttrString(module, def->name.c_str(), op.get()) < 0) throw PythonError{};
    if (def->is_method && PyObject_SetAttrString(type, def->name.c_str(), op.get()) < 0) throw PythonError{};
  }
  install_numpy(ops, module);
  install_nn(ops, module);
}

}  // namespace tenon::py
