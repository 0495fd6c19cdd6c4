#include "tenon/dlpack.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/errors.h"

namespace tenon::dlpack {
namespace {

// By Kind; bfloat16 and the float8 types have codes of their own.
constexpr std::uint8_t kCodes[] = {kDLBool, kDLInt, kDLUInt, kDLFloat, kDLComplex};

void check_export(const Tensor& t, bool can_say_read_only) {
  if (t.requires_grad())
    errors::fail<BufferError>("dlpack",
                              "a tensor that requires grad cannot be lent: its gradient would be lost; use .detach()");
  if (t.read_only() && !can_say_read_only)
    errors::fail<BufferError>("dlpack",
                              "a read-only tensor needs a versioned capsule; pass max_version=(1, 0) or use .clone()");
}

void describe(const Tensor& t, DLTensor& out) {
  out.data = t.numel() > 0 ? t.data() : nullptr;
  out.device = to_dlpack(t.device());
  out.ndim = t.ndim();
  out.dtype = to_dlpack(t.dtype());
  out.byte_offset = 0;
}

// The struct and what it needs in one block: shape and strides follow.
template <class Managed>
struct Export {
  Managed managed;
  Ref<Storage> storage;
  Storage::View view;
  std::int64_t dims[];  // 2 * ndim
};

using View = Storage::View;

template <class Managed>
Managed* lend(const Tensor& t, std::optional<DLDeviceType> as) {
  using Block = Export<Managed>;
  const auto n = static_cast<std::size_t>(t.ndim());
  void* memory = std::malloc(sizeof(Block) + std::max<std::size_t>(2 * n, 1) * sizeof(std::int64_t));
  if (!memory) throw std::bad_alloc();
  auto* b = new (memory) Block{};
  DLTensor& d = b->managed.dl_tensor;
  describe(t, d);
  if (as && t.device().is_unified()) d.device = {*as, *as == kDLCPU ? 0 : d.device.device_id};
  b->view = d.device.device_type == kDLCUDA ? View::device : View::host;  // the host reads what is managed
  b->storage = Ref<Storage>(&t.storage());
  b->storage->add_export(b->view);
  d.shape = b->dims;
  d.strides = b->dims + n;
  std::copy(t.shape().begin(), t.shape().end(), d.shape);
  std::copy(t.strides().begin(), t.strides().end(), d.strides);
  b->managed.manager_ctx = b;
  b->managed.deleter = [](Managed* self) {
    auto* block = static_cast<Block*>(self->manager_ctx);
    block->storage->drop_export(block->view);
    block->~Block();
    std::free(block);
  };
  if (t.device().is_unified() && b->view == View::host) {
    try {
      t.storage().wait_for_device();
    } catch (...) {
      b->managed.deleter(&b->managed);
      throw;
    }
  }
  return &b->managed;
}

// Everything that a tensor needs to know about foreign bytes.
struct Geometry {
  Dims shape, strides;
  DType dtype;
  Device device;
  char* first;  // the element at index 0
  ByteRange range;
};

[[noreturn]] void impossible(const DLTensor& d) {
  errors::fail<BufferError>("from_dlpack", "the producer's shape of ", static_cast<std::int64_t>(d.ndim),
                            " dimensions is negative, too large or missing");
}

Geometry read_geometry(const DLTensor& d) {
  Geometry g;
  g.device = device_from(d.device);
  g.dtype = dtype_from(d.dtype);
  if (d.ndim < 0 || d.ndim > kMaxDims || (d.ndim > 0 && !d.shape)) impossible(d);
  g.shape = Dims(std::span<const std::int64_t>(d.shape, static_cast<std::size_t>(d.ndim)));
  for (auto n : g.shape)
    if (n < 0) impossible(d);
  g.strides = d.strides ? Dims(std::span<const std::int64_t>(d.strides, static_cast<std::size_t>(d.ndim)))
                        : contiguous_strides(g.shape);
  tame_strides(g.shape, g.strides);
  const auto range = byte_range(g.shape, g.strides, g.dtype);
  if (!range) impossible(d);
  g.range = *range;
  const std::int64_t numel = g.shape.product();
  if (numel > 0 && !d.data) errors::fail<BufferError>("from_dlpack", "the producer gave no data for shape ", g.shape);
  g.first = d.data ? static_cast<char*>(d.data) + d.byte_offset : nullptr;
  const std::int64_t alignment = static_cast<std::int64_t>(itemsize(real_dtype(g.dtype)));
  if (numel > 0 && reinterpret_cast<std::uintptr_t>(g.first) % static_cast<std::uintptr_t>(alignment) != 0)
    errors::fail("from_dlpack", "the data is not aligned for ", g.dtype, " (", alignment,
                 " bytes); copy it first, or pass copy=True to its __dlpack__");
  return g;
}

template <class Managed>
Tensor borrow(Managed* m, bool read_only) {
  const Geometry g = read_geometry(m->dl_tensor);
  // Disarmed until the tensor stands: an exception must leave the struct with its owner.
  struct Disarm {
    Managed* m;
    decltype(m->deleter) saved;
    explicit Disarm(Managed* managed) : m(managed), saved(std::exchange(managed->deleter, nullptr)) {}
    ~Disarm() { m->deleter = saved; }
  } disarm(m);
  auto storage = Storage::borrow(
      g.first + g.range.low, g.range.high - g.range.low, g.device,
      [](void* context) {
        auto* managed = static_cast<Managed*>(context);
        if (managed->deleter) managed->deleter(managed);
      },
      m);
  return make_tensor(std::move(storage), -g.range.low, g.shape, g.strides, g.dtype, read_only);
}

}  // namespace

DLDataType to_dlpack(DType d) {
  std::uint8_t code;
  if (d == DType::bfloat16) code = kDLBfloat;
  else if (d == DType::float8_e4m3fn) code = kDLFloat8_e4m3fn;
  else if (d == DType::float8_e5m2) code = kDLFloat8_e5m2;
  else code = kCodes[static_cast<int>(kind(d))];
  return {code, static_cast<std::uint8_t>(8 * itemsize(d)), 1};
}

DLDevice to_dlpack(Device device) { return {device.is_cpu() ? kDLCPU : kDLCUDA, device.is_cpu() ? 0 : device.index}; }

DType dtype_from(DLDataType type) {
  if (type.lanes != 1)
    errors::fail<BufferError>("from_dlpack", "vector types have no dtype here; got ", static_cast<int>(type.lanes),
                              " lanes");
  for (int i = 0; i < kDTypes; ++i) {
    const DLDataType own = to_dlpack(static_cast<DType>(i));
    if (own.code == type.code && own.bits == type.bits) return static_cast<DType>(i);
  }
  if ((type.code >= kDLFloat6_e2m3fn && type.code <= kDLFloat4_e2m1fn) || type.bits < 8)
    errors::fail<BufferError>("from_dlpack", "types of less than a byte have no dtype here; got type code ",
                              static_cast<int>(type.code), " of ", static_cast<int>(type.bits), " bits");
  errors::fail<BufferError>("from_dlpack", "no dtype here for type code ", static_cast<int>(type.code), " of ",
                            static_cast<int>(type.bits), " bits; convert on the producer's side");
}

Device device_from(DLDevice device) {
  switch (static_cast<std::int32_t>(device.device_type)) {
    case kDLCPU:
    case kDLCUDAHost:
    case kDLCUDAManaged: return kCpu;  // all of it is readable by the host
    case kDLCUDA:
      if (device.device_id >= 0 && device.device_id <= INT8_MAX)
        return {DeviceType::cuda, static_cast<std::int8_t>(device.device_id)};
      [[fallthrough]];
    default:
      errors::fail<BufferError>("from_dlpack", "no such device here: DLPack type ",
                                static_cast<int>(device.device_type), ", id ", static_cast<int>(device.device_id),
                                "; copy to the CPU on the producer's side");
  }
}

DLManagedTensor* export_unversioned(const Tensor& t, std::optional<DLDeviceType> as) {
  check_export(t, false);
  return lend<DLManagedTensor>(t, as);
}

DLManagedTensorVersioned* export_versioned(const Tensor& t, bool read_only, bool copied,
                                           std::optional<DLDeviceType> as) {
  check_export(t, true);
  auto* m = lend<DLManagedTensorVersioned>(t, as);
  m->version = {kMajor, kMinor};
  m->flags = (read_only || t.read_only() ? kReadOnly : 0) | (copied ? kIsCopied : 0);
  return m;
}

void fill_view(const Tensor& t, DLTensor& out) {
  check_export(t, false);
  describe(t, out);
  out.shape = t.impl()->shape.data();
  out.strides = t.impl()->strides.data();
}

Tensor import_unversioned(DLManagedTensor* managed, bool read_only) { return borrow(managed, read_only); }

Tensor import_versioned(DLManagedTensorVersioned* managed) {
  // A capsule of another major version has an unknown layout: only its version may be read.
  if (managed->version.major != kMajor)
    errors::fail<BufferError>(
        "from_dlpack", "the capsule has version ", static_cast<std::int64_t>(managed->version.major), ".",
        static_cast<std::int64_t>(managed->version.minor), "; versions 1.x are understood, ask for max_version=(1, 0)");
  return borrow(managed, (managed->flags & kReadOnly) != 0);
}

}  // namespace tenon::dlpack
