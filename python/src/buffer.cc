// The buffer protocol: the way np.asarray, memoryview and bytes-like consumers reach a tensor's memory.
// Every guard stands here too, since NumPy asks for a buffer before it calls __array__.
#include <cstring>
#include <utility>

#include "border.h"
#include "convert.h"
#include "numpy_api.h"
#include "once.h"
#include "tensor_slots.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"
#include "unguarded.h"

namespace tenon::py {

thread_local NumpyPolicy numpy_policy;

Tensor exportable(const Tensor& t, const char* op, bool strict) {
  const bool grad = t.requires_grad(), device = !t.device().host_reads();
  // Under no_grad nothing would be recorded anyway.
  if (grad && (strict || (grad_enabled() && !numpy_policy.detach)))
    throw RuntimeError(
        std::string(op) +
        ": the tensor requires grad, and NumPy would not record what happens to it; use tensor.detach()" +
        (device ? ".cpu()" : "") + ".numpy(), numpy(force=True), or tenon.numpy_policy(detach=True)");
  if (device && (strict || !numpy_policy.to_cpu))
    throw TypeError(std::string(op) + ": the tensor is on " + t.device().str() +
                    ", which NumPy cannot read; use tensor.cpu().numpy(), "
                    "numpy(force=True), or tenon.numpy_policy(to_cpu=True)");
  Tensor r = t;
  if (grad) r = r.detach();
  if (device) r = r.to(kCpu);
  return r;
}

void HostView::wait(const Tensor& t) {
  try {
    without_gil(kLongWork, [&] { storage_->wait_for_device(); }, t);
  } catch (...) {
    storage_->drop_export();
    throw;
  }
}

std::string calling_module() {
  PyObject* globals = PyEval_GetGlobals();
  const Object name = globals ? dict_item(globals, "__name__") : Object();
  return name && PyUnicode_Check(name.get()) ? utf8(name.get()) : std::string();
}

std::atomic<int> pandas_version{0};

bool pandas_wants_a_copy() {
  if (pandas_version.load(std::memory_order_relaxed) < 3) return false;
  const std::string module = calling_module();
  return module == "pandas.core.construction" || module == "pandas.core.indexes.base";
}

namespace {

// 'l' for int64: NumPy's own number for it on this platform ('q' makes an array of long long).
const char* format_of(DType d) {
  switch (d) {
    case DType::bool_: return "?";
    case DType::int8: return "b";
    case DType::int16: return "h";
    case DType::int32: return "i";
    case DType::int64: return sizeof(long) == 8 ? "l" : "q";
    case DType::uint8: return "B";
    case DType::uint16: return "H";
    case DType::uint32: return "I";
    case DType::uint64: return sizeof(long) == 8 ? "L" : "Q";
    case DType::float16: return "e";
    case DType::float32: return "f";
    case DType::float64: return "d";
    case DType::complex64: return "Zf";
    case DType::complex128: return "Zd";
    default: return nullptr;  // bfloat16 and float8 have no code
  }
}

// What a view points into while it is held.
struct Lent {
  Tensor tensor;  // other than the exporter where a policy has moved it
  Py_ssize_t shape[kMaxDims], strides[kMaxDims];
  Lent* next;
};

// Released ones, for reuse: too large for malloc's fast path. Guarded by the GIL.
constexpr int kLentMax = kHasGil ? 16 : 0;
Lent* g_lent = nullptr;
int g_lent_count = 0;

Lent* new_lent() {
  if (!g_lent) return new Lent;
  --g_lent_count;
  return std::exchange(g_lent, g_lent->next);
}
void free_lent(Lent* l) {
  l->tensor = Tensor();
  if (g_lent_count == kLentMax) {
    delete l;
    return;
  }
  ++g_lent_count;
  l->next = std::exchange(g_lent, l);
}

int fill_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  Tensor t = unwrap(self);
  auto refuse = [](const char* why) {
    PyErr_SetString(PyExc_BufferError, why);
    return -1;
  };
  if (pandas_wants_a_copy()) return refuse("buffer: pandas copies arrays");
  // NumPy drops this message and goes on to __array__, which has the full one.
  if (t.requires_grad() && !numpy_policy.detach) return refuse("buffer: the tensor requires grad; use .detach()");
  // numpy_policy(to_cpu=True) is for __array__, which knows whether a copy will do.
  if (!t.device().host_reads()) return refuse("buffer: the tensor is not on the CPU; use .cpu()");
  const char* format = format_of(t.dtype());
  if (!format)
    return refuse("buffer: bfloat16 and float8 have no buffer format; use .numpy() with ml_dtypes, or .float()");
  if ((flags & PyBUF_WRITABLE) && t.read_only()) return refuse("buffer: the tensor is read-only; use .clone()");
  const auto wants = [&](int flag) { return (flags & flag) == flag; };
  const auto column_major = [&] { return T(t.detach()).is_contiguous(); };
  const bool wants_strides = wants(PyBUF_STRIDES);
  if (!t.is_contiguous() &&
      (!wants_strides || wants(PyBUF_C_CONTIGUOUS) || (wants(PyBUF_ANY_CONTIGUOUS) && !column_major())))
    return refuse("buffer: the tensor is not contiguous; use .contiguous()");
  if (wants(PyBUF_F_CONTIGUOUS) && !column_major()) return refuse("buffer: the tensor is not Fortran-contiguous");
  // An in-place change of the storage's geometry is refused while it is exported.
  HostView lent(t);
  static char nothing[16];
  view->buf = t.data() ? t.data() : nothing;
  view->len = t.nbytes();
  view->itemsize = t.itemsize();
  view->readonly = t.read_only();
  view->ndim = t.ndim();
  view->format = flags & PyBUF_FORMAT ? const_cast<char*>(format) : nullptr;
  view->suboffsets = nullptr;
  Lent* g = new_lent();
  for (int d = 0; d < t.ndim(); ++d) {
    g->shape[d] = t.shape()[d];
    g->strides[d] = t.strides()[d] * t.itemsize();
  }
  view->shape = flags & PyBUF_ND ? g->shape : nullptr;
  view->strides = wants_strides ? g->strides : nullptr;
  view->internal = g;
  lent.release();
  g->tensor = std::move(t);
  view->obj = Py_NewRef(self);
  return 0;
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  return guarded_int([&] { return fill_buffer(self, view, flags); });
}

void release_buffer(PyObject*, Py_buffer* view) {
  auto* g = static_cast<Lent*>(view->internal);
  g->tensor.storage().drop_export();
  free_lent(g);
}

}  // namespace

PyType_Slot buffer_slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
                              {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
                              {0, nullptr}};

}  // namespace tenon::py
