// DLPack: the Python protocol with all its keywords, raw capsules, and others' C exchange tables.
#include "tenon/dlpack.h"

#include <algorithm>

#include "border.h"
#include "convert.h"
#include "core/errors.h"
#include "ingest.h"
#include "lease.h"
#include "numpy_api.h"
#include "tensor_slots.h"
#include "tenon/autograd.h"
#include "tenon/devices.h"
#include "tenon/ops/copy.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

using dlpack::DLDeviceType;
using dlpack::DLManagedTensor;
using dlpack::DLManagedTensorVersioned;

constexpr const char *kName = "dltensor", *kUsed = "used_dltensor";
constexpr const char *kVersionedName = "dltensor_versioned", *kVersionedUsed = "used_dltensor_versioned";

// A capsule that nobody took drops what it holds.
template <class Managed>
void drop_capsule(PyObject* capsule, const char* name) {
  if (!PyCapsule_IsValid(capsule, name)) return;
  auto* m = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  if (m && m->deleter) m->deleter(m);
}
void drop_unversioned(PyObject* c) { drop_capsule<DLManagedTensor>(c, kName); }
void drop_versioned(PyObject* c) { drop_capsule<DLManagedTensorVersioned>(c, kVersionedName); }

// ---- export ----

struct ExportArgs {
  PyObject *stream = Py_None, *max_version = Py_None, *dl_device = Py_None, *copy = Py_None;
  bool read_only = false, copy_given = false;
};

// PyTorch ends the process when it meets a negative stride. Consumers of the revision of 2023, which say whether they
// want a copy, take or refuse it (NumPy, JAX); others get an error here.
thread_local bool own_consumer = false;  // from_dlpack asks
void check_strides(const Tensor& t, const ExportArgs& a) {
  if (std::none_of(t.strides().begin(), t.strides().end(), [](auto s) { return s < 0; }) || own_consumer) return;
  if (!a.copy_given || calling_module().starts_with("torch."))
    errors::fail<BufferError>(
        "__dlpack__", "the strides ", t.strides(),
        " are negative, which the consumer cannot be trusted to take; use .contiguous(), or give it "
        ".numpy()");
}

// The consumer's stream waits for what this thread's current one has been given, and the memory for both. None and 1
// mean the default stream; -1 that nobody waits.
void order_streams(const Tensor& t, PyObject* stream) {
  if (stream != Py_None && !PyLong_Check(stream)) {
    PyErr_Format(PyExc_TypeError, "__dlpack__: stream must be an int or None; got %.200s", Py_TYPE(stream)->tp_name);
    throw PythonError{};
  }
  const std::int64_t handle = stream == Py_None ? 1 : to_int(stream, {"__dlpack__", "stream"});
  if (t.device().is_cpu()) {
    if (stream != Py_None && handle != -1)
      errors::fail<BufferError>("__dlpack__", "a CPU tensor has no stream; got stream=", handle, ", pass None");
    return;
  }
  if (handle == 0)
    errors::fail<BufferError>("__dlpack__",
                              "stream=0 is ambiguous; pass 1 for the default stream, or -1 for no synchronisation");
  if (handle == -1) return;
  if (handle < -1) errors::fail<BufferError>("__dlpack__", "a stream is None, -1, or a positive handle; got ", handle);
  const Stream consumer = stream_of(t.device(), static_cast<std::uintptr_t>(handle));
  wait(consumer, current_stream(t.device()));
  t.storage().record_use(consumer);
}

// The tensor on the device that the consumer asks for, and whether that made a copy, which made keeps.
// as: what memory that both the host and the device read is to be taken for.
const Tensor* on_requested_device(const Tensor& t, const ExportArgs& a, bool& copied, DLDeviceType& as, Tensor& made) {
  Device wanted = t.device();
  if (a.dl_device != Py_None) {
    if (!PyTuple_Check(a.dl_device) || PyTuple_GET_SIZE(a.dl_device) != 2)
      wrong_type({"__dlpack__", "dl_device"}, "a tuple (device type, device id)", a.dl_device);
    const std::int64_t type = to_int(PyTuple_GET_ITEM(a.dl_device, 0), {"__dlpack__", "dl_device"});
    const std::int64_t index = to_int(PyTuple_GET_ITEM(a.dl_device, 1), {"__dlpack__", "dl_device"});
    if (type == dlpack::kDLCPU) wanted = kCpu;
    else if (type == dlpack::kDLCUDA && index >= 0 && index <= INT8_MAX)
      wanted = {DeviceType::cuda, static_cast<std::int8_t>(index)};
    else if (type == dlpack::kDLCUDAManaged && t.device().is_unified() && index == t.device().index)
      as = dlpack::kDLCUDAManaged;
    else if (type == dlpack::kDLCUDA)
      errors::fail<BufferError>("__dlpack__", "there is no device ", index, " of type 2 (CUDA)");
    else
      errors::fail<BufferError>("__dlpack__", "Unsupported device_type: ", type,
                                "; tenon exports to the CPU (1) and CUDA (2)");
  }
  const bool stays = wanted.is_cpu() && t.device().is_unified() && a.copy != Py_True;
  if (stays) as = dlpack::kDLCPU;
  const bool moves = wanted != t.device() && !stays;
  if (a.copy == Py_False && moves)
    errors::fail<BufferError>("__dlpack__", "copy=False, but a copy is needed to move the tensor from ", t.device(),
                              " to ", wanted);
  copied = moves || a.copy == Py_True;
  if (!copied) return &t;
  if (t.requires_grad()) errors::fail<BufferError>("__dlpack__", "the tensor requires grad; use .detach()");
  if (moves && a.copy != Py_True) note_copy("__dlpack__", "device", t.nbytes());
  try {
    made = without_gil(t.numel(), [&] { return to(t.detach(), {}, wanted, true); }, t);
    return &made;
  } catch (const RuntimeError& e) {  // no such device, which the protocol words so
    throw BufferError(e.what());
  }
}

// mpi4py takes elements that MPI has no type for as bytes, and its reductions would sum those. It has no Python frame to
// be known by, but a way of asking that no other consumer has.
void check_mpi(const Tensor& t, const ExportArgs& a) {
  if (!is_floating(t.dtype()) || itemsize(t.dtype()) > 2 || t.dtype() == DType::float16) return;
  if (own_consumer || a.copy != Py_False || a.dl_device != Py_None || a.stream != Py_None) return;
  static constinit Interned name("mpi4py.MPI");
  if (dict_item(PyImport_GetModuleDict(), name.get()))
    errors::fail<BufferError>(
        "__dlpack__", "MPI has no ", t.dtype(),
        ", and would compute with its bytes; reduce tensor.float(), or send tensor.view(tenon.uint8)");
}

bool wants_versioned(PyObject* max_version) {
  if (max_version == Py_None) return false;
  if (!PyTuple_Check(max_version) || PyTuple_GET_SIZE(max_version) < 1)
    wrong_type({"__dlpack__", "max_version"}, "a tuple (major, minor)", max_version);
  return to_int(PyTuple_GET_ITEM(max_version, 0), {"__dlpack__", "max_version"}) >= 1;
}

PyObject* export_capsule(const Tensor& source, const ExportArgs& a) {
  Tensor detached, made;
  if (numpy_policy.detach && source.requires_grad()) detached = source.detach();
  const Tensor& own = detached.defined() ? detached : source;
  bool copied = false;
  // The stream is one of the device that the capsule is for; what is copied to the CPU has arrived.
  if (source.device().is_cpu()) order_streams(own, a.stream);
  DLDeviceType as = dlpack::kDLCUDA;
  const Tensor& t = *on_requested_device(own, a, copied, as, made);
  check_strides(t, a);
  check_mpi(t, a);
  if (!source.device().is_cpu() && !t.device().is_cpu() && as != dlpack::kDLCPU) order_streams(t, a.stream);
  // Its own view is counted before the GIL is given up to wait; the capsule's then finds nothing to wait for.
  std::optional<HostView> lent;
  if (as != dlpack::kDLCUDA && t.device().is_unified()) lent.emplace(t);
  if (wants_versioned(a.max_version)) {
    DLManagedTensorVersioned* m = dlpack::export_versioned(t, a.read_only, copied, as);
    PyObject* c = PyCapsule_New(m, kVersionedName, &drop_versioned);
    if (!c) m->deleter(m);
    return c;
  }
  if (a.read_only)
    errors::fail<BufferError>("__dlpack__", "read_only=True needs a versioned capsule; pass max_version=(1, 0)");
  DLManagedTensor* m = dlpack::export_unversioned(t, as);
  PyObject* c = PyCapsule_New(m, kName, &drop_unversioned);
  if (!c) m->deleter(m);
  return c;
}

PyObject* dlpack_(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) {
  return guarded([&]() -> PyObject* {
    if (nargs > 0)
      throw TypeError("__dlpack__: it takes keyword arguments only: stream, max_version, dl_device, copy, read_only");
    ExportArgs a;
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); ++i) {
      PyObject* k = PyTuple_GET_ITEM(kwnames, i);
      Py_ssize_t size;
      const char* text = PyUnicode_AsUTF8AndSize(k, &size);  // NumPy's keywords are not interned
      if (!text) PyErr_Clear();
      const std::string_view name = text ? std::string_view(text, static_cast<std::size_t>(size)) : "";
      if (name == "stream") a.stream = args[i];
      else if (name == "max_version") a.max_version = args[i];
      else if (name == "dl_device") a.dl_device = args[i];
      else if (name == "copy") a.copy = args[i], a.copy_given = true;
      else if (name == "read_only") a.read_only = to_bool(args[i], {"__dlpack__", "read_only"});
      else {
        PyErr_Format(
            PyExc_TypeError,
            "__dlpack__: there is no argument '%U'; it takes stream, max_version, dl_device, copy and read_only", k);
        throw PythonError{};
      }
    }
    return export_capsule(unwrap(self), a);
  });
}

PyObject* dlpack_device(PyObject* self, PyObject*) {
  const dlpack::DLDevice d = dlpack::to_dlpack(unwrap(self).device());
  return Py_BuildValue("(ii)", static_cast<int>(d.device_type), static_cast<int>(d.device_id));
}

// ---- import ----

// The package that a producer's type comes from.
std::string package_of(PyObject* producer) {
  const std::string from = module_of(Py_TYPE(producer));
  return from.substr(0, from.find('.'));
}

// Capsules without a version cannot say that they are read-only. Whose arrays are immutable is known by name.
bool is_immutable(PyObject* producer) {
  const std::string package = package_of(producer);
  return package == "jax" || package == "jaxlib" || package == "tensorflow";
}

// What lends its numbers and keeps their unit.
void refuse_quantity(PyObject* o) {
  if (is_ndarray(o)) refuse_subclass(o, "from_dlpack");
  else if (package_of(o) == "pint")
    throw TypeError(
        "from_dlpack: a Quantity would lose its unit; pass its magnitude in the unit that you mean, "
        "quantity.m_as(unit)");
}

Tensor from_capsule(PyObject* capsule, bool& copied, bool immutable = false) {
  const Section section(capsule);  // one thread takes it
  if (PyCapsule_IsValid(capsule, kVersionedName)) {
    auto* m = static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, kVersionedName));
    const bool was_copied = m->version.major == dlpack::kMajor && (m->flags & dlpack::kIsCopied);
    Tensor t = dlpack::import_versioned(m);
    PyCapsule_SetName(capsule, kVersionedUsed);
    copied = was_copied;
    return t;
  }
  if (PyCapsule_IsValid(capsule, kName)) {
    Tensor t =
        dlpack::import_unversioned(static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kName)), immutable);
    PyCapsule_SetName(capsule, kUsed);
    return t;
  }
  const char* name = PyCapsule_GetName(capsule);
  PyErr_Clear();
  throw ValueError(std::string("from_dlpack: the capsule is named '") + (name ? name : "") +
                   "', not 'dltensor' or 'dltensor_versioned'; "
                   "a capsule can be taken once only");
}

// The producer's C table, for producers that have one of our major version; null otherwise.
const dlpack::DLPackExchangeAPI* table_of(PyTypeObject* type) {
  static constinit Interned name("__dlpack_c_exchange_api__");
  Object capsule = Object::maybe(PyObject_GetAttr(reinterpret_cast<PyObject*>(type), name.get()));
  if (!capsule || !PyCapsule_IsValid(capsule.get(), kDlpackTable)) {
    PyErr_Clear();
    return nullptr;
  }
  auto* h = static_cast<dlpack::DLPackExchangeAPIHeader*>(PyCapsule_GetPointer(capsule.get(), kDlpackTable));
  while (h && h->version.major != dlpack::kMajor) h = h->prev_api;
  return reinterpret_cast<const dlpack::DLPackExchangeAPI*>(h);
}

// Memory that the host reads, too, and the device perhaps still writes (page-locked or managed): waits for the stream.
void wait_for_device(Device device, std::uintptr_t handle) {
  if (is_available(device.type)) without_gil(kLongWork, [&] { synchronize(stream_of(device, handle ? handle : 1)); });
}

// What the producer's stream does comes first. False where the table does not say which stream that is.
bool order_after_producer(const dlpack::DLPackExchangeAPI& api, DLManagedTensorVersioned*& m) {
  const dlpack::DLDevice d = m->dl_tensor.device;
  if (d.device_type == dlpack::kDLCPU) return true;
  dlpack::device_from(d);  // a device that tenon lacks is an error here
  void* stream = nullptr;
  if (!api.current_work_stream) return false;
  if (api.current_work_stream(dlpack::kDLCUDA, d.device_id, &stream) != 0) throw PythonError{};
  const auto handle = reinterpret_cast<std::uintptr_t>(stream);
  if (d.device_type == dlpack::kDLCUDA) m = with_lease(m, handle);
  else wait_for_device(dlpack::device_from({dlpack::kDLCUDA, d.device_id}), handle);
  return true;
}

// An undefined tensor where the object has no table, or one that says too little.
Tensor through_table(PyObject* o) {
  const dlpack::DLPackExchangeAPI* api = table_of(Py_TYPE(o));
  if (!api || !api->managed_tensor_from_py_object_no_sync) return {};
  // The table says nothing about gradients; __dlpack__ would refuse.
  static constinit Interned name("requires_grad");
  Object grad = Object::maybe(PyObject_GetAttr(o, name.get()));
  if (grad && grad.get() == Py_True)
    throw BufferError(
        "from_dlpack: the producer's tensor requires grad, and its history would be lost; pass tensor.detach()");
  PyErr_Clear();
  DLManagedTensorVersioned* m = nullptr;
  if (api->managed_tensor_from_py_object_no_sync(o, &m) != 0) throw PythonError{};
  try {
    if (order_after_producer(*api, m)) return dlpack::import_versioned(m);
    if (m->deleter) m->deleter(m);
    return {};
  } catch (...) {
    if (m->deleter) m->deleter(m);
    throw;
  }
}

Tensor through_protocol(PyObject* o, PyObject* copy, bool& copied) {
  if (!PyObject_HasAttrString(o, "__dlpack__")) {
    PyErr_Format(PyExc_TypeError, "from_dlpack: a %.200s has no __dlpack__; tenon.asarray takes any array-like",
                 Py_TYPE(o)->tp_name);
    throw PythonError{};
  }
  Object device = Object::maybe(PyObject_CallMethod(o, "__dlpack_device__", nullptr));
  if (!device) throw PythonError{};
  const bool pair = PyTuple_Check(device.get()) && PyTuple_GET_SIZE(device.get()) == 2;
  const std::int64_t type = pair ? to_int(PyTuple_GET_ITEM(device.get(), 0), {"from_dlpack", "device"}) : 0;
  const std::int64_t index = pair ? to_int(PyTuple_GET_ITEM(device.get(), 1), {"from_dlpack", "device"}) : 0;
  const bool cuda = type == dlpack::kDLCUDA;
  Object stream;  // the one that will read the tensor
  if (cuda) {
    const Device d = parse_device("cuda:" + std::to_string(index));
    stream = Object::steal(PyLong_FromUnsignedLongLong(handle_of(current_stream(d))));
  }
  static constinit Interned name("__dlpack__");
  static constinit OnceObject version_once;
  PyObject* version =
      version_once.get([] { return Object::steal(Py_BuildValue("(ii)", int{dlpack::kMajor}, int{dlpack::kMinor})); });
  auto call = [&](bool modern) {
    PyObject* args[] = {o, nullptr, nullptr, nullptr};
    const char* keywords[3];
    int n = 0;
    auto pass = [&](const char* keyword, PyObject* value) {
      keywords[n] = keyword;
      args[++n] = value;
    };
    if (cuda) pass("stream", stream.get());
    if (modern) pass("max_version", version);
    if (modern && copy != Py_None) pass("copy", copy);
    Object names = Object::steal(PyTuple_New(n));
    for (int i = 0; i < n; ++i) PyTuple_SET_ITEM(names.get(), i, PyUnicode_InternFromString(keywords[i]));
    return Object::maybe(PyObject_VectorcallMethod(name.get(), args, 1, names.get()));
  };
  struct Own {
    Own() { own_consumer = true; }
    ~Own() { own_consumer = false; }
  } own;
  Object capsule = call(true);
  if (!capsule && PyErr_ExceptionMatches(PyExc_TypeError)) {
    // Producers of before 2023 know no keyword but stream.
    PyErr_Clear();
    capsule = call(false);
  }
  if (!capsule) throw PythonError{};
  // The producer has made the default stream wait for its own, as for every consumer that names none.
  if ((type == dlpack::kDLCUDAHost || type == dlpack::kDLCUDAManaged) && index >= 0 && index <= INT8_MAX)
    wait_for_device({DeviceType::cuda, static_cast<std::int8_t>(index)}, 0);
  return from_capsule(capsule.get(), copied, copy != Py_True && is_immutable(o));
}

// PyTorch's tensors may still have to be conjugated or negated, which neither its table nor its capsules say.
void refuse_lazy(PyObject* o, const Tensor& t) {
  static constinit Interned names[] = {Interned("is_neg"), Interned("is_conj")};
  for (int i = 0; i < (is_complex(t.dtype()) ? 2 : 1); ++i) {
    const Object yes = Object::maybe(PyObject_CallMethodNoArgs(o, names[i].get()));
    if (!yes) PyErr_Clear();
    if (yes.get() == Py_True)
      errors::fail<BufferError>("from_dlpack", "the producer has not ", i ? "conjugated" : "negated",
                                " the elements yet; pass tensor.resolve_", i ? "conj()" : "neg()");
  }
}

PyObject* from_dlpack(PyObject*, PyObject* args, PyObject* kwargs) {
  static const char* keywords[] = {"", "device", "copy", nullptr};
  PyObject *o, *device = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:from_dlpack", const_cast<char**>(keywords), &o, &device, &copy))
    return nullptr;
  return guarded_as("from_dlpack", [&] {
    bool copied = false;
    Tensor t;
    if (is_tensor(o)) {
      if (unwrap(o).requires_grad()) throw BufferError("from_dlpack: the tensor requires grad; use tensor.detach()");
      t = unwrap(o).detach();
    } else if (PyCapsule_CheckExact(o)) {
      t = from_capsule(o, copied);
    } else if (copy != Py_True && is_plain_ndarray(o) && !why_not_shared(o)) {
      t = tensor_from_ndarray(o, "from_dlpack");  // the same memory without the capsule
    } else {
      refuse_quantity(o);
      if (copy != Py_True) t = through_table(o);
      if (!t.defined()) t = through_protocol(o, copy, copied);
      refuse_lazy(o, t);
    }
    const Device wanted = device == Py_None ? t.device() : to_device(device, {"from_dlpack", "device"});
    if (copy == Py_False && wanted.is_cpu() && t.device().is_unified()) {
      t = without_gil(kLongWork, [&] { return on_host(t); }, t);
    } else if (copy == Py_False && wanted.is_unified() && t.device().is_cpu()) {
      t = adopt("from_dlpack", t, wanted);
    } else if (!same_memory(wanted, t.device())) {
      if (copy == Py_False)
        errors::fail("from_dlpack", "copy=False, but cannot move the tensor from ", t.device(), " to ", wanted,
                     " without a copy");
      if (copy != Py_True) note_copy("from_dlpack", "device", t.nbytes());
      t = to(t, {}, wanted);
    } else if (copy == Py_True && !copied) {
      t = without_gil(t.numel(), [&] { return clone(t); }, t);
    }
    return wrap(std::move(t));
  });
}

PyMethodDef methods[] = {
    {"__dlpack__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(dlpack_)), METH_FASTCALL | METH_KEYWORDS,
     "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None, read_only=False)\n--\n\n"
     "A DLPack capsule over the tensor's memory, which it keeps alive: versioned for max_version of at least (1, 0), then\n"
     "with the read-only flag of the tensor, or of read_only=True. BufferError if the tensor requires grad or cannot be lent as asked."},
    {"__dlpack_device__", dlpack_device, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\n(device type, device id) in DLPack's numbers."},
    {nullptr}};
PyMethodDef functions[] = {
    {"from_dlpack", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(from_dlpack)),
     METH_VARARGS | METH_KEYWORDS,
     "from_dlpack(x, /, *, device=None, copy=None)\n--\n\n"
     "A tensor over the memory of an object with __dlpack__, or of a DLPack capsule, without a copy.\n\n"
     "Strides are kept as they are; memory that is lent read-only gives a read-only tensor, as do the arrays of JAX\n"
     "and TensorFlow, which are immutable. A capsule without a version does not say: it can be written. device moves\n"
     "the values (a copy); copy=True always copies, copy=False never.\n\n"
     "Parameters\n"
     "----------\n"
     "x : Any\n"
     "    An object with __dlpack__, or a capsule.\n"
     "device : device or str, optional\n"
     "    Where the result lies; another device than its own takes a copy.\n"
     "copy : bool or None, optional\n"
     "    True always copies, False never, None where device needs it.\n\n"
     "Returns\n"
     "-------\n"
     "Tensor\n"
     "    A tensor over the same memory, or a copy.\n\n"
     "Raises\n"
     "------\n"
     "ValueError\n"
     "    For copy=False where device needs a copy, and for a device of another name.\n"
     "BufferError\n"
     "    For types and devices that tenon lacks and for a tensor that requires grad.\n"
     "TypeError\n"
     "    For an object without __dlpack__.\n"
     "RuntimeError\n"
     "    For a device that is not there.\n\n"
     "Examples\n"
     "--------\n"
     ">>> a = np.zeros(2)\n"
     ">>> t = tenon.from_dlpack(a)\n"
     ">>> t[0] = 7\n"
     ">>> a\n"
     "array([7., 0.])"},
    {nullptr}};

}  // namespace

void init_dlpack(PyObject* module) {
  add_methods(methods);
  if (PyModule_AddFunctions(module, functions) < 0) throw PythonError{};
}

}  // namespace tenon::py
