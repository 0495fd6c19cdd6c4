#include "autocast.h"

#include <array>
#include <vector>

#include "numpy_api.h"
#include "op.h"
#include "tenon/ops/copy.h"

namespace tenon::py {

[[gnu::tls_model("initial-exec")]] constinit thread_local bool autocasting = false;

namespace {

constexpr std::size_t kDevices = 2;  // the CPU and others
[[gnu::tls_model("initial-exec")]] constinit thread_local std::array<std::optional<DType>, kDevices> t_dtype{};

std::size_t place(DeviceType device) { return device == DeviceType::cpu ? 0 : 1; }

// The argument as the policy wants it: itself, or what takes its place and is kept until the call has ended. Sequences that
// are nested more deeply than a tensor has dimensions stay as they are: the operation refuses them.
PyObject* argument_for(const OpDef& def, PyObject* o, std::vector<Object>& kept, int depth = 0) {
  if (is_tensor(o) || is_ndarray(o)) {
    const Tensor t = is_tensor(o) ? unwrap(o) : to_tensor(o, {def.name.c_str(), "input"});
    const Tensor cast = without_gil(work(t), [&] { return autocast(def.autocast, t); }, t);
    if (cast.is_same(t)) return o;
    kept.push_back(Object::steal(wrap(cast)));
    return kept.back().get();
  }
  if ((!PyList_CheckExact(o) && !PyTuple_CheckExact(o)) || depth == kMaxDims) return o;
  const Object items = Object::steal(PySequence_Tuple(o));  // a list may be written to while a cast runs
  const Py_ssize_t n = PyTuple_GET_SIZE(items.get());
  bool changed = false;
  Object list = Object::steal(PyList_New(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* item = PyTuple_GET_ITEM(items.get(), i);
    PyObject* other = argument_for(def, item, kept, depth + 1);
    changed |= other != item;
    PyList_SET_ITEM(list.get(), i, Py_NewRef(other));
  }
  if (!changed) return o;
  kept.push_back(PyTuple_CheckExact(o) ? Object::steal(PyList_AsTuple(list.get())) : std::move(list));
  return kept.back().get();
}

PyObject* of_first_dtype(const OpDef& def, PyObject* const* args) {
  Object result = Object::steal(def.direct(def, args));
  if (!is_tensor(args[0]) || !is_tensor(result.get())) return result.release();
  const Tensor &x = unwrap(args[0]), &y = unwrap(result.get());
  if (!is_half(x.dtype()) || y.dtype() == x.dtype() || !autocast_dtype(x.device().type)) return result.release();
  return wrap(without_gil(work(y), [&] { return to(y, x.dtype()); }, y));
}

}  // namespace

std::optional<DType> autocast_dtype(DeviceType device) { return t_dtype[place(device)]; }
void set_autocast_dtype(DeviceType device, std::optional<DType> dtype) {
  t_dtype[place(device)] = dtype;
  autocasting = t_dtype[0] || t_dtype[1];
}

Tensor autocast(Autocast policy, const Tensor& t) {
  const DType d = t.dtype();
  if (!is_floating(d) || is_float8(d) || d == DType::float64) return t;
  const std::optional<DType> lower = autocast_dtype(t.device().type);
  if (!lower) return t;
  const DType wanted = policy == Autocast::lower ? *lower : DType::float32;
  return d == wanted ? t : to(t, wanted);
}

PyObject* invoke_cast(const OpDef& def, PyObject* const* args) {
  if (!autocasting) [[likely]]
    return def.direct(def, args);
  if (def.autocast == Autocast::first) return of_first_dtype(def, args);
  const std::size_t count = def.args.size();
  PyObject* cast[kMaxArgs + 1];
  std::vector<Object> kept;
  kept.reserve(8);
  for (std::size_t i = 0; i < count; ++i) cast[i] = argument_for(def, args[i], kept);
  if (def.native_out) cast[count] = args[count];
  return def.direct(def, cast);
}

}  // namespace tenon::py
