// DLPack 1.3: tensors lent to and borrowed from other libraries, without copies.
// The structs have the layout of the published C ABI (github.com/dmlc/dlpack); the names are its names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tenon/tensor.h"

namespace tenon::dlpack {

inline constexpr std::uint32_t kMajor = 1, kMinor = 3;

struct DLPackVersion {
  std::uint32_t major;
  std::uint32_t minor;
};

enum DLDeviceType : std::int32_t {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,  // pinned host memory
  kDLROCM = 10,
  kDLROCMHost = 11,
  kDLCUDAManaged = 13,  // readable from host and device
};

struct DLDevice {
  DLDeviceType device_type;
  std::int32_t device_id;
};

enum DLDataTypeCode : std::uint8_t {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLOpaqueHandle = 3,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6,
  kDLFloat8_e3m4 = 7,
  kDLFloat8_e4m3 = 8,
  kDLFloat8_e4m3b11fnuz = 9,
  kDLFloat8_e4m3fn = 10,
  kDLFloat8_e4m3fnuz = 11,
  kDLFloat8_e5m2 = 12,
  kDLFloat8_e5m2fnuz = 13,
  kDLFloat8_e8m0fnu = 14,
  kDLFloat6_e2m3fn = 15,
  kDLFloat6_e3m2fn = 16,
  kDLFloat4_e2m1fn = 17,
};

struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // in elements; may be null (compact, row-major) before 1.2
  std::uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);  // may be null
};

inline constexpr std::uint64_t kReadOnly = 1, kIsCopied = 2, kIsSubbyteTypePadded = 4;

struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);  // may be null
  std::uint64_t flags;
  DLTensor dl_tensor;
};

// The table behind type(x).__dlpack_c_exchange_api__. Functions return 0, or -1 with a Python error set; they
// throw nothing.
struct DLPackExchangeAPIHeader {
  DLPackVersion version;
  DLPackExchangeAPIHeader* prev_api;
};

struct DLPackExchangeAPI {
  DLPackExchangeAPIHeader header;
  // A new tensor of the prototype's dtype, shape and device; errors go to set_error.
  int (*managed_tensor_allocator)(DLTensor* prototype, DLManagedTensorVersioned** out, void* error_ctx,
                                  void (*set_error)(void* error_ctx, const char* kind, const char* message));
  int (*managed_tensor_from_py_object_no_sync)(void* py_object, DLManagedTensorVersioned** out);
  int (*managed_tensor_to_py_object_no_sync)(DLManagedTensorVersioned* tensor, void** out_py_object);
  int (*dltensor_from_py_object_no_sync)(void* py_object, DLTensor* out);  // (optional)
  int (*current_work_stream)(DLDeviceType device_type, std::int32_t device_id, void** out_current_stream);
};

static_assert(sizeof(DLDevice) == 8 && sizeof(DLDataType) == 4 && sizeof(DLPackVersion) == 8);
static_assert(sizeof(void*) != 8 ||
              (sizeof(DLTensor) == 48 && offsetof(DLTensor, device) == 8 && offsetof(DLTensor, ndim) == 16 &&
               offsetof(DLTensor, dtype) == 20 && offsetof(DLTensor, shape) == 24 &&
               offsetof(DLTensor, strides) == 32 && offsetof(DLTensor, byte_offset) == 40));
static_assert(sizeof(void*) != 8 || (sizeof(DLManagedTensor) == 64 && offsetof(DLManagedTensor, manager_ctx) == 48 &&
                                     offsetof(DLManagedTensor, deleter) == 56));
static_assert(sizeof(void*) != 8 ||
              (sizeof(DLManagedTensorVersioned) == 80 && offsetof(DLManagedTensorVersioned, manager_ctx) == 8 &&
               offsetof(DLManagedTensorVersioned, deleter) == 16 && offsetof(DLManagedTensorVersioned, flags) == 24 &&
               offsetof(DLManagedTensorVersioned, dl_tensor) == 32));
static_assert(sizeof(void*) != 8 || (sizeof(DLPackExchangeAPIHeader) == 16 && sizeof(DLPackExchangeAPI) == 56 &&
                                     offsetof(DLPackExchangeAPI, managed_tensor_allocator) == 16 &&
                                     offsetof(DLPackExchangeAPI, current_work_stream) == 48));

// DLPack's words for them; every dtype and device has one.
TENON_API DLDataType to_dlpack(DType dtype);
TENON_API DLDevice to_dlpack(Device device);
// Throw BufferError, naming what it is, for a type or device that tenon lacks.
TENON_API DType dtype_from(DLDataType type);
TENON_API Device device_from(DLDevice device);

// t's bytes, kept alive and counted as an export of its storage until the deleter is called, on any thread
// and without the GIL. Throws BufferError if t requires grad. Strides are never null, byte_offset is 0. The
// unversioned struct has no read-only flag: BufferError for a read-only tensor.
// as: the device type that unified memory is to have, kDLCPU, kDLCUDA or kDLCUDAManaged. All but kDLCUDA are
// views of the host's: the device's work is waited for.
TENON_API DLManagedTensor* export_unversioned(const Tensor& t, std::optional<DLDeviceType> as = {});
// The read-only flag is set for a read-only tensor, too. copied: the consumer is the bytes' only owner.
TENON_API DLManagedTensorVersioned* export_versioned(const Tensor& t, bool read_only = false, bool copied = false,
                                                     std::optional<DLDeviceType> as = {});
// A DLTensor whose shape and strides point into t: valid while t lives. The same errors as export_versioned,
// and BufferError for a read-only tensor, which the struct cannot express.
TENON_API void fill_view(const Tensor& t, DLTensor& out);

// Tensors over the producer's bytes. On success the struct belongs to the tensor, whose storage calls the
// deleter when it ends; on an error it is left as it was, and nothing is called. Throws BufferError for what
// tenon cannot represent (major version, device, dtype, lanes, packed sub-byte types, impossible shapes) and
// ValueError for data that is not aligned to its items.
TENON_API Tensor import_unversioned(DLManagedTensor* managed, bool read_only = false);
TENON_API Tensor import_versioned(DLManagedTensorVersioned* managed);

}  // namespace tenon::dlpack
