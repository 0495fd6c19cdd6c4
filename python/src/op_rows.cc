// The rows that declare operations, and where their objects stand: tenon, its tensors, tenon.numpy and
// tenon.nn.functional.
#include <cstring>
#include <unordered_map>

#include "op.h"

namespace tenon::py {

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
