// Copies and conversions, and what may happen to the memory behind a tensor.
#include <utility>

#include "autograd/derivatives.h"
#include "core/errors.h"
#include "core/in_use.h"
#include "core/unified.h"
#include "ops/copy.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon {

Tensor to(const Tensor& t, std::optional<DType> dtype, std::optional<Device> device, bool copy, bool non_blocking) {
  const DType d = dtype.value_or(t.dtype());
  const Device v = device.value_or(t.device());
  if (d == t.dtype() && same_memory(v, t.device()) && !copy) return t;
  Tensor out = empty(t.shape(), d, v);
  if (t.ndim() > 1 && !t.is_contiguous() && v == t.device() && !copy && !overlaps_itself(t.shape(), t.strides())) {
    // A conversion keeps the order of the dimensions in memory.
    out = alias(out, 0, t.shape(), dense_strides(t.shape(), memory_order(t.shape(), t.strides())));
  }
  if (v == t.device()) {
    write(out, t);
  } else {
    // The result's bytes can only arrive later where they are page-locked.
    const bool later = non_blocking && (!v.is_cpu() || try_pin(out));
    transfer("to", out, t, later);
  }
  if (autograd::needs_grad(t) && is_differentiable(d))
    autograd::attach(out, v == t.device() ? "to" : "to_device", {&t, 1}, derive::copy());
  return out;
}

Tensor clone(const Tensor& t) {
  Tensor out = empty(t.shape(), t.dtype(), t.device());
  write(out, t);
  if (autograd::needs_grad(t)) autograd::attach(out, "clone", {&t, 1}, derive::copy());
  return out;
}

Tensor without_leading_ones(const Tensor& t, int ndim) {
  int extra = 0;
  while (t.ndim() - extra > ndim && t.shape()[extra] == 1) ++extra;
  if (extra == 0) return t;
  return reshape(t, Dims(std::span<const std::int64_t>(t.shape()).subspan(static_cast<std::size_t>(extra))));
}

Tensor contiguous(const Tensor& t) { return t.is_contiguous() ? t : clone(t); }

namespace {

// copy_, under the name of the operation that it is a part of.
Tensor& copy_into(const char* op, Tensor& self, const Tensor& source, bool non_blocking = false) {
  if (broadcast_shapes(op, self.shape(), source.shape()) != self.shape())
    errors::cannot_expand(op, source.shape(), self.shape());
  if (is_complex(source.dtype()) && !is_complex(self.dtype())) errors::complex_to_real(op, self.dtype());
  const bool record = autograd::needs_grad(self, source) && is_differentiable(self.dtype());
  autograd::check_inplace(self, op, record && autograd::needs_grad(source) && is_differentiable(source.dtype()));
  Ref<Node> node;
  if (record) {
    // The old value plays no part: only the source's gradient flows on.
    Tensor result = alias(self, 0, self.shape(), self.strides());
    autograd::attach(result, op, {&source, 1}, derive::copy());
    node = autograd::node_of(result);
  }
  if (source.device() != self.device()) {
    transfer(op, self, source.shape() == self.shape() ? source : expand(source.detach(), self.shape()), non_blocking);
  } else if (partially_overlap(self, source, broadcast_strides(source.shape(), source.strides(), self.shape()))) {
    write(self, clone(source.detach()));
  } else {
    write(self, source);
  }
  autograd::after_inplace(self, op, std::move(node));
  return self;
}

}  // namespace

Tensor& copy_(Tensor& self, const Tensor& source, bool non_blocking) {
  return copy_into("copy_", self, source, non_blocking);
}

Tensor& fill_(Tensor& self, const Scalar& value) {
  errors::require_number("fill_", value, self.dtype());
  return copy_into("fill_", self, Tensor::of(value, self.dtype(), self.device()));
}

namespace {

// Whether self may get another storage: nobody else sees the old one.
void check_alone(const char* op, const Tensor& self) {
  autograd::check_sole(self, op);
  const TensorImpl* p = self.impl();
  if (self.storage().exports() > 0) errors::exported(op, self.storage().exports());
  if (self.storage().kind() != Storage::Kind::owned) errors::not_owned(op);
  // A base that nobody else holds any more does not count: arange(6).reshape(2, 3) may be resized.
  const bool alone = p->base && p->base->refs.load(std::memory_order_acquire) == 1;
  if (self.storage().use_count() > (alone && p->base->storage == p->storage ? 2 : 1))
    errors::fail<BufferError>(
        op, "other tensors, backward() or a thread need the same storage; delete them or use .clone()");
}

// self stands over the bytes of other from now on, and is no view any more. Returns the old storage, whose end may run
// code of others.
[[nodiscard]] Ref<Storage> stand_over(Tensor& self, const Tensor& other) {
  TensorImpl *p = self.impl(), *o = other.impl();
  Ref<Storage> old = std::exchange(p->storage, o->storage);
  p->data = o->data;
  p->shape = o->shape;
  p->strides = o->strides;
  p->numel = o->numel;
  p->contiguous = o->contiguous;
  if (p->base) std::exchange(p->base, nullptr)->release();
  return old;
}

// self's memory and geometry become those of a tensor that nobody else has.
void take_over(const char* op, Tensor& self, const Tensor& fresh) {
  if (self.requires_grad()) (void)autograd::node_of(self);  // a view's, while there is the base
  const Changing change(op, self);
  fresh.storage().replaces(self.storage(), op);
  (void)stand_over(self, fresh);
}

}  // namespace

Tensor& resize_(Tensor& self, const Dims& shape) {
  if (self.requires_grad())
    errors::fail<GradError>("resize_", "a tensor that requires grad cannot be resized; use .detach().clone()");
  if (self.read_only()) errors::read_only("resize_");
  check_alone("resize_", self);
  const Tensor fresh = make_empty("resize_", shape, self.dtype(), self.device());
  const std::int64_t n = std::min(fresh.numel(), self.numel());
  if (n > 0) write(alias(fresh, 0, {n}, {1}), slice(reshape(self.detach(), {-1}), 0, 0, n));
  take_over("resize_", self, fresh);
  return self;
}

Tensor& set_data(Tensor& self, const Tensor& source) {
  if (self.is_same(source)) return self;
  if (!self.is_leaf())
    errors::fail<GradError>("data",
                            "the result of an operation keeps its memory, which its history fits; use .detach()");
  if (self.requires_grad() && !is_differentiable(source.dtype())) errors::not_differentiable("data", source.dtype());
  const InUse reads(source);
  TensorImpl *p = self.impl(), *s = source.impl();
  const bool reshaped = p->shape != s->shape;
  Ref<Storage> old;  // ends after the change
  {
    const Changing change("data", self);
    // Backward may have saved the leaf itself: it finds a larger version than it saw.
    const bool moves = reshaped || p->data != s->data || p->strides != s->strides || p->dtype != s->dtype;
    if (moves && p->meta() && p->refs.load(std::memory_order_acquire) > 1 &&
        (s->storage == p->storage || s->storage->version() <= p->storage->version()))
      s->storage->replaces(*p->storage, "data");
    old = stand_over(self, source);
    p->dtype = s->dtype;
    p->device = s->device;
    p->read_only = s->read_only;
  }
  if (reshaped) self.set_grad({});
  return self;
}

Tensor& share_memory_(Tensor& self) {
  if (!self.device().is_cpu() || self.storage().kind() == Storage::Kind::shared) return self;
  check_alone("share_memory_", self);
  const Dims strides = dense_strides(self.shape(), memory_order(self.shape(), self.strides()));
  const Tensor fresh = make_tensor(Storage::share(self.nbytes()), 0, self.shape(), strides, self.dtype(), false);
  if (fresh.numel() > 0) write(fresh, self.detach());
  take_over("share_memory_", self, fresh);
  return self;
}

namespace {

// A tensor of another device over the same bytes, which counts as a view of them.
Tensor lent_to(const Tensor& self, Device device) {
  Storage& s = self.storage();
  s.retain();
  s.add_export();
  const Ref<Storage> borrowed = Storage::borrow(
      s.data(), s.bytes(), device,
      [](void* lender) {
        static_cast<Storage*>(lender)->drop_export();
        static_cast<Storage*>(lender)->release();
      },
      &s);
  Tensor out = tensor_at(borrowed, self.data() - static_cast<char*>(s.data()), self.shape(), self.strides(),
                         self.dtype(), self.read_only());
  if (autograd::needs_grad(self) && is_differentiable(self.dtype()))
    autograd::attach(out, "to_device", {&self, 1}, derive::copy());
  return out;
}

}  // namespace

Tensor on_host(const Tensor& self) {
  if (self.device().is_cpu()) return self;
  if (!self.device().is_unified())
    errors::fail<DeviceError>("on_host", "the CPU cannot read the memory of ", self.device(), "; use .cpu(), a copy");
  const Tensor view = lent_to(self, kCpu);
  self.storage().wait_for_device();
  return view;
}

Tensor adopt(const char* op, const Tensor& self, Device device) {
  if (same_memory(self.device(), device)) return self;
  if (!self.device().is_cpu() || !device.is_unified())
    errors::fail<DeviceError>(op, "only memory of the CPU can be lent to unified devices; got a tensor on ",
                              self.device(), " for ", device);
  unified::require_adoption(op, device);
  return lent_to(self, device);
}

Tensor& pin_(Tensor& self) {
  self.storage().pin("pin_");
  return self;
}

Tensor& unpin_(Tensor& self) {
  self.storage().unpin();
  return self;
}

Tensor pin_memory(const Tensor& self) {
  if (is_pinned(self)) return self;
  Tensor copy = clone(self);
  copy.storage().pin("pin_memory");
  return copy;
}

bool is_pinned(const Tensor& self) {
  if (!self.device().is_cpu() || self.numel() == 0) return false;
  const ByteRange range = *byte_range(self.shape(), self.strides(), self.dtype());
  return Storage::is_pinned(self.data() + range.low, range.high - range.low);
}

}  // namespace tenon
