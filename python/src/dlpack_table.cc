// DLPack's C exchange table: what consumers that are written in C ask tensors by.
#include "border.h"
#include "convert.h"
#include "tenon/devices.h"
#include "tenon/dlpack.h"
#include "unguarded.h"

namespace tenon::py {
namespace {

using dlpack::DLManagedTensorVersioned;

int table_allocate(dlpack::DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                   void (*set_error)(void*, const char*, const char*)) {
  try {
    const Dims shape(std::span<const std::int64_t>(prototype->shape, static_cast<std::size_t>(prototype->ndim)));
    *out = dlpack::export_versioned(
        empty(shape, dlpack::dtype_from(prototype->dtype), dlpack::device_from(prototype->device)));
    return 0;
  } catch (const std::exception& e) {
    if (set_error) set_error(context, "RuntimeError", e.what());
    return -1;
  }
}
int table_from_object(void* o, DLManagedTensorVersioned** out) {
  return guarded_int([&] {
    if (!is_tensor(static_cast<PyObject*>(o))) wrong_type({"dlpack", "object"}, "a tensor", static_cast<PyObject*>(o));
    *out = dlpack::export_versioned(unwrap(static_cast<PyObject*>(o)));
    return 0;
  });
}
int table_to_object(DLManagedTensorVersioned* m, void** out) {
  return guarded_int([&] {
    *out = wrap(dlpack::import_versioned(m));
    return 0;
  });
}
int table_view(void* o, dlpack::DLTensor* out) {
  return guarded_int([&] {
    if (!is_tensor(static_cast<PyObject*>(o))) wrong_type({"dlpack", "object"}, "a tensor", static_cast<PyObject*>(o));
    dlpack::fill_view(unwrap(static_cast<PyObject*>(o)), *out);
    return 0;
  });
}
int table_stream(dlpack::DLDeviceType type, std::int32_t index, void** out) {
  return guarded_int([&] {
    *out = nullptr;
    if (type != dlpack::kDLCUDA) return 0;
    const Device d = parse_device("cuda:" + std::to_string(index));
    // Null is the default stream as well, and what a consumer without streams expects.
    if (const Stream s = current_stream(d); s.index != 0) *out = reinterpret_cast<void*>(handle_of(s));
    return 0;
  });
}

dlpack::DLPackExchangeAPI table = {{{dlpack::kMajor, dlpack::kMinor}, nullptr},
                                   &table_allocate,
                                   &table_from_object,
                                   &table_to_object,
                                   &table_view,
                                   &table_stream};

}  // namespace

void init_dlpack_table() {
  const Object capsule = Object::steal(PyCapsule_New(&table, kDlpackTable, nullptr));
  if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(tensor_type), "__dlpack_c_exchange_api__", capsule.get()) < 0)
    throw PythonError{};
}

}  // namespace tenon::py
