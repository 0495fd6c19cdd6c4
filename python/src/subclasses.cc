// Subclasses of ndarray: which are arrays of numbers and nothing else.
#include <cstring>

#include "core/errors.h"
#include "numpy_api.h"
#include "tenon/error.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

// Where a subclass says what its arrays are beside their numbers: units, masks, matrices.
constexpr const char* kRules[] = {"__array_ufunc__", "__array_finalize__"};

Object attribute(PyTypeObject* type, const char* name) {
  Object found = Object::maybe(PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), name));
  PyErr_Clear();
  return found;
}

// Files in memory, and imageio's images, which carry their file's tags: their numbers mean what they say.
bool is_harmless(PyTypeObject* type) {
  const std::string from = module_of(type);
  const char* dot = std::strrchr(type->tp_name, '.');
  const std::string_view name = dot ? dot + 1 : type->tp_name;
  return (name == "memmap" && from.starts_with("numpy")) || (name == "Array" && from.starts_with("imageio"));
}

// What of the type's rules is its own, not ndarray's nor a harmless subclass's; null if nothing is.
const char* own_rule(PyTypeObject* type) {
  const Object held = Object::borrow(type->tp_mro);
  PyObject* mro = held.get();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    if (is_ndarray_type(base)) return nullptr;
    if (!base->tp_dict || is_harmless(base)) continue;
    for (const char* rule : kRules)
      if (dict_item(base->tp_dict, rule)) return rule;
  }
  return nullptr;
}

bool has_base(PyTypeObject* type, std::string_view name) {
  const Object held = Object::borrow(type->tp_mro);
  PyObject* mro = held.get();
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    const char* full = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i))->tp_name;
    const char* dot = std::strrchr(full, '.');
    if (name == (dot ? dot + 1 : full)) return true;
  }
  return false;
}

}  // namespace

std::string module_of(PyTypeObject* type) {
  const Object module = attribute(type, "__module__");
  return module && PyUnicode_Check(module.get()) ? utf8(module.get()) : std::string();
}

void refuse_subclass(PyObject* array, const char* op) {
  PyTypeObject* type = Py_TYPE(array);
  if (has_base(type, "MaskedArray") || has_base(type, "MaskedNDArray"))
    throw TypeError(std::string(op) + ": a masked array would lose its mask; pass array.filled(value) or array.data");
  const char* rule = own_rule(type);
  if (!rule) return;
  const bool unit = attribute(type, "unit") || attribute(type, "units");
  throw TypeError(errors::text(op, ": a ", type->tp_name, " is an ndarray with rules of its own (", rule, "), and its ",
                               unit ? "unit would be lost" : "meaning would be lost",
                               unit ? "; pass array.value in the unit that you mean, or np.asarray(array)"
                                    : "; pass np.asarray(array), which shares the plain numbers"));
}

}  // namespace tenon::py
