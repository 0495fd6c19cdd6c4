#include "tenon/tensor.h"

#include "autograd/meta.h"
#include "core/alias.h"
#include "core/freelist.h"
#include "core/launch.h"
#include "tenon/autograd.h"

namespace tenon {
namespace {

// initial-exec: found by an offset instead of a call; it is small.
[[gnu::tls_model("initial-exec")]] constinit thread_local FreeLists<1> t_impls;

FreeList& impl_list() {
  [[gnu::tls_model("initial-exec")]] thread_local bool registered = (closing(t_impls), true);
  (void)registered;
  return t_impls.lists[0];
}

Ref<TensorImpl> new_impl() { return Ref<TensorImpl>::adopt(new (impl_list().take(sizeof(TensorImpl))) TensorImpl); }

void write_contiguous_strides(std::span<const std::int64_t> shape, Dims& strides) {
  const int n = static_cast<int>(shape.size());
  strides.resize(n);
  std::int64_t s = 1;
  for (int d = n - 1; d >= 0; --d) {
    strides[d] = s;
    s *= std::max<std::int64_t>(shape[static_cast<std::size_t>(d)], 1);
  }
}

bool row_major(const Dims& shape, const Dims& strides, std::int64_t numel) {
  if (numel == 0) return true;
  std::int64_t expected = 1;
  for (int d = shape.size() - 1; d >= 0; --d) {
    if (shape[d] == 1) continue;
    if (strides[d] != expected) return false;
    expected *= shape[d];
  }
  return true;
}

}  // namespace

void TensorImpl::release() {
  // Whoever holds the last reference needs no atomic subtraction.
  if (refs.load(std::memory_order_acquire) != 1 && refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  delete meta();
  TensorImpl* b = base;
  this->~TensorImpl();
  impl_list().give(this);
  if (b) b->release();
}

Dims contiguous_strides(std::span<const std::int64_t> shape) {
  Dims strides;
  write_contiguous_strides(shape, strides);
  return strides;
}

Tensor empty(const Dims& shape, DType dtype, Device device) { return make_empty("empty", shape, dtype, device); }

Tensor make_empty(std::string_view op, const Dims& shape, DType dtype, Device device) {
  if (shape.size() > kMaxDims) errors::too_many_dims(op, shape.size());
  std::int64_t numel = 1;
  const auto size = static_cast<std::int64_t>(itemsize(dtype));
  std::int64_t extent = size;  // bytes, empty dimensions counted as 1: strides must stay representable
  for (auto n : shape) {
    if (n < 0) errors::negative_size(op, shape);
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(n, 1), &extent)) errors::too_large(op, shape, dtype);
    numel *= n;
  }
  Ref<TensorImpl> p = new_impl();
  p->storage = Storage::allocate(numel * size, device);
  p->data = static_cast<char*>(p->storage->data());
  p->shape = shape;
  write_contiguous_strides(shape, p->strides);
  p->numel = numel;
  p->dtype = dtype;
  p->device = device;
  p->contiguous = true;
  return Tensor(std::move(p));
}

void tame_far_strides(const Dims& shape, Dims& strides) {
  const bool none = shape.product() == 0;
  const Dims near = contiguous_strides(shape);
  for (int d = 0; d < shape.size(); ++d)
    if (none || shape[d] == 1) strides[d] = near[d];
}

std::optional<ByteRange> byte_range(const Dims& shape, const Dims& strides, DType dtype) {
  const auto size = static_cast<std::int64_t>(itemsize(dtype));
  ByteRange r{0, size};
  std::int64_t all = size;  // empty dimensions counted as 1: contiguous strides must stay representable
  bool none = false, overflow = false;
  for (int d = 0; d < shape.size(); ++d) {
    const std::int64_t n = std::max<std::int64_t>(shape[d], 1);
    none |= shape[d] == 0;
    if (__builtin_mul_overflow(all, n, &all)) return std::nullopt;
    std::int64_t reach;
    overflow |= __builtin_mul_overflow(n - 1, strides[d], &reach) || __builtin_mul_overflow(reach, size, &reach);
    std::int64_t& end = reach < 0 ? r.low : r.high;
    overflow |= __builtin_add_overflow(end, reach, &end);
  }
  if (none) return ByteRange{};
  if (overflow || r.low == std::numeric_limits<std::int64_t>::min()) return std::nullopt;  // -low must exist, too
  return r;
}

Tensor tensor_at(Ref<Storage> storage, std::int64_t byte_offset, Dims shape, Dims strides, DType dtype,
                 bool read_only) {
  Ref<TensorImpl> p = new_impl();
  p->device = storage->device();
  p->data = static_cast<char*>(storage->data()) + byte_offset;
  p->storage = std::move(storage);
  p->shape = std::move(shape);
  p->strides = std::move(strides);
  p->numel = p->shape.product();
  p->dtype = dtype;
  p->read_only = read_only;
  p->contiguous = row_major(p->shape, p->strides, p->numel);
  return Tensor(std::move(p));
}

Tensor make_tensor(Ref<Storage> storage, std::int64_t byte_offset, const Dims& shape, const Dims& strides, DType dtype,
                   bool read_only) {
  if (shape.size() > kMaxDims) errors::too_many_dims("tensor", shape.size());
  if (strides.size() != shape.size())
    errors::fail("tensor", "expected a stride for each dimension of shape ", shape, "; got strides ", strides);
  for (auto n : shape)
    if (n < 0) errors::negative_size("tensor", shape);
  Dims tamed = strides;
  tame_strides(shape, tamed);
  const auto range = byte_range(shape, tamed, dtype);
  if (!range) errors::too_large("tensor", shape, dtype);
  const auto [low, high] = *range;
  if (shape.product() > 0 && (byte_offset < -low || byte_offset > storage->bytes() - high))
    errors::outside_storage("tensor", shape, strides, byte_offset, storage->bytes());
  return tensor_at(std::move(storage), byte_offset, shape, std::move(tamed), dtype, read_only);
}

Ref<TensorImpl> begin_alias(const TensorImpl& o, TensorImpl* base) {
  Ref<Storage> storage = o.storage;  // first: an atomic addition waits for all writes before it
  Ref<TensorImpl> kept(base);
  Ref<TensorImpl> p = new_impl();
  if (base) {
    // A history that is recorded from now on is up to date; without one there is none.
    p->base_history.store(base->history.load(), std::memory_order_relaxed);
    p->base = kept.leak();
  }
  p->storage = std::move(storage);
  p->device = o.device;
  p->data = o.data;
  p->dtype = o.dtype;
  p->read_only = o.read_only;
  return p;
}

Tensor end_alias(Ref<TensorImpl> p) {
  p->numel = p->shape.product();
  p->contiguous = row_major(p->shape, p->strides, p->numel);
  return Tensor(std::move(p));
}

Tensor alias(const Tensor& t, std::int64_t element_offset, const Dims& shape, const Dims& strides) {
  if (shape.size() > kMaxDims) errors::too_many_dims("tensor", shape.size());
  Ref<TensorImpl> p = begin_alias(*t.impl());
  p->data += element_offset * t.itemsize();
  p->shape = shape;
  p->strides = strides;
  return end_alias(std::move(p));
}

Tensor from_blob(void* data, const Dims& shape, DType dtype, Deleter deleter, void* context, bool read_only) {
  const std::int64_t bytes = shape.product() * static_cast<std::int64_t>(itemsize(dtype));
  return make_tensor(Storage::borrow(data, bytes, kCpu, deleter, context), 0, shape, contiguous_strides(shape), dtype,
                     read_only);
}

std::int64_t Tensor::size(int dim) const {
  const int d = dim < 0 ? dim + ndim() : dim;
  if (d < 0 || d >= ndim()) errors::bad_axis("size", dim, ndim());
  return p_->shape[d];
}

Scalar Tensor::item() const {
  if (numel() != 1) errors::fail("item", "only a tensor of one element is a number; got shape ", shape());
  if (device().is_cpu()) return Scalar::load(dtype(), data());
  alignas(16) unsigned char value[16];
  const CopyCall c{Copy::to_host, value, data(), itemsize(), device().index, 0, false};
  launch("item", device(), dtype(), &Backend::copy, c);
  check_left(device());
  return Scalar::load(dtype(), value);
}

}  // namespace tenon
