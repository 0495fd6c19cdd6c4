// Between devices: bytes travel contiguously, converted on the side that they come from.
#include "core/keep.h"
#include "core/launch.h"
#include "ops/copy.h"
#include "plan/loop.h"
#include "tenon/op.h"

namespace tenon {
namespace {

// source where its bytes can travel as they are; otherwise a copy of them that can.
Tensor ready_to_travel(const Tensor& source, DType dtype) {
  if (source.is_contiguous() && source.dtype() == dtype) return source;
  const Tensor packed = empty(source.shape(), dtype, source.device());
  write(packed, source);
  return packed;
}

bool is_page_locked(const Tensor& t) { return Storage::is_pinned(t.data(), t.nbytes()); }

// The host's side, if the device may come to it later: it is kept until then.
void send(const char* op, Copy kind, const Tensor& to, const Tensor& from, bool non_blocking) {
  const Tensor &host = kind == Copy::to_device ? from : to, &there = kind == Copy::to_device ? to : from;
  const Device device = there.device();
  const bool later = non_blocking && is_page_locked(host);
  const CopyCall c{kind, to.data(), from.data(), to.nbytes(), device.index, device.index, later};
  launch(op, device, to.dtype(), &Backend::copy, c);
  if (later) keep_until_passed(current_stream(device), host.impl()->storage);
  else check_left(device);
}

// In the order of both devices' current streams: the copy is the source's, the target's stream waits for it.
void send_to_peer(const char* op, const Tensor& to, const Tensor& from) {
  const Stream source = current_stream(from.device()), target = current_stream(to.device());
  wait(source, target);  // who wrote or read the target before
  const CopyCall c{Copy::to_peer, to.data(), from.data(), to.nbytes(), from.device().index, to.device().index, true};
  launch(op, from.device(), to.dtype(), &Backend::copy, c);
  wait(target, source);
  // Whoever looks at unified memory asks its own device's streams.
  if (from.device().is_unified() || to.device().is_unified()) synchronize(source);
}

// One that writes into out, still without its input and its loop.
ElementwiseCall copy_call(const Tensor& out, bool stream_output) {
  ElementwiseCall c;
  c.op = Op::copy;
  c.compute = c.second = c.kernel_out = out.dtype();
  c.arity = 1;
  c.stream_output = stream_output;
  c.data[0] = out.data();
  c.dtype[0] = out.dtype();
  c.immediate[0] = false;
  return c;
}

}  // namespace

void write(const Tensor& out, const Tensor& source) {
  if (out.numel() == 0) return;
  ElementwiseCall c = copy_call(out, out.nbytes() >= kStreamBytes && out.storage().touched());
  c.data[1] = source.data();
  c.dtype[1] = source.dtype();
  c.immediate[1] = false;
  if (out.is_contiguous() && source.is_contiguous() && source.numel() == out.numel()) {
    flat_loop(c.loop, out.numel(), {out.itemsize(), source.itemsize()});
  } else {
    const Dims strides = broadcast_strides(source.shape(), source.strides(), out.shape());
    const LoopOperand operands[] = {{&out.strides(), out.itemsize()}, {&strides, source.itemsize()}};
    build_loop(c.loop, out.shape(), operands);
  }
  launch("copy", out.device(), out.dtype(), &Backend::elementwise, c);
}

void write(const char* op, const Tensor& out, const Scalar& value) {
  if (out.numel() == 0) return;
  ElementwiseCall c = copy_call(out, false);
  c.data[1] = nullptr;
  c.dtype[1] = out.dtype();
  c.immediate[1] = true;
  value.store(out.dtype(), c.value[1]);
  flat_loop(c.loop, out.numel(), {out.itemsize(), 0});
  launch(op, out.device(), out.dtype(), &Backend::elementwise, c);
}

void transfer(const char* op, const Tensor& out, const Tensor& source, bool non_blocking) {
  if (out.numel() == 0) return;
  let_go_of_passed();
  const Tensor from = ready_to_travel(source, out.dtype());
  const Tensor to = out.is_contiguous() ? out : empty(out.shape(), out.dtype(), out.device());
  if (from.device().is_cpu()) send(op, Copy::to_device, to, from, non_blocking);
  else if (to.device().is_cpu()) send(op, Copy::to_host, to, from, non_blocking && to.is_same(out));
  else send_to_peer(op, to, from);
  if (!to.is_same(out)) write(out, to);
}

bool try_pin(const Tensor& out) {
  try {
    out.storage().pin("to");
    return true;
  } catch (const DeviceError&) { return false; }
}

}  // namespace tenon
