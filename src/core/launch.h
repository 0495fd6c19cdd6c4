// How the library calls a backend: one place where an entry is looked up and its status becomes an error.
#pragma once

#include "core/capture.h"
#include "core/errors.h"
#include "core/unified.h"
#include "tenon/backend.h"

namespace tenon {

// Throws what the status of an entry, which `op` called, means; not unavailable.
[[noreturn]] void launch_failed(Status status, const char* op, Device device);
inline void check(Status status, const char* op, Device device) {
  if (status != Status::ok) [[unlikely]]
    launch_failed(status, op, device);
}
// The same for what cannot throw, such as the end of a storage: the next wait for the device throws it.
void check_later(Status status, Device device) noexcept;
// Throws what check_later() left for the device.
void check_left(Device device);

namespace cpu {
extern const Backend kTable;  // without a call: small operations are mostly overhead
}

// Throws OutOfMemoryError, which says how much memory tensors and the cache have, and what is free. bytes: what was asked
// for; 0: not known.
[[noreturn]] void no_memory_left(const char* op, Device device, std::int64_t bytes);

// TENON_SYNC=1: each call is waited for, so that its failure is raised by itself.
bool waits_after_each_call();

// An entry while there is unified memory: the call returns when it is done, if the host looks at what it works with. By then
// the host has its turn. A replay would not look, so that a capture takes no such memory.
template <class Call>
[[gnu::noinline, gnu::cold]] Status run_among_unified(const Backend& b, Entry<Call> f, Stream stream, const char* op,
                                                      const Call& call, bool captured) {
  unified::Work work(stream);
  // operands() is for those who move pointers, too; this does not.
  const_cast<Call&>(call).operands([&](const char*, const void* p, const Reach& r) {
    if (!r.empty) work.touch(p);
  });
  if (captured && work.is_any()) errors::unified_in_capture(op);
  const Status status = f(stream, op, call);
  return status == Status::ok && work.is_viewed() ? b.stream_synchronize(stream) : status;
}

// Whether the call returns when its work is done.
template <class Call>
bool waits(const Call& call) {
  if constexpr (requires { call.asynchronous; }) return !call.asynchronous;
  return requires { Call::waits; };
}

// Runs an entry on the current stream. False, with nothing done, where the backend has none for such a call.
template <class Call>
bool try_launch(const char* op, Device device, Entry<Call> Backend::* entry, const Call& call) {
  const bool on_cpu = device.is_cpu();
  const Backend& b = on_cpu ? cpu::kTable : backend(device);
  const auto f = b.*entry;
  if (!f) return false;
  const Stream stream = on_cpu ? Stream{} : current_stream(device);
  const bool captured = !on_cpu && any_capture() && is_capturing(stream);
  if (captured && waits(call)) refuse_in_capture(op, stream);
  const Status status =
      !on_cpu && unified::any() ? run_among_unified(b, f, stream, op, call, captured) : f(stream, op, call);
  if (status != Status::ok) [[unlikely]] {
    if (status == Status::unavailable) return false;
    launch_failed(status, op, device);
  }
  if (!on_cpu && !captured && waits_after_each_call()) check(b.stream_synchronize(stream), op, device);
  return true;
}

// The same; throws NotImplemented where the backend has none. dtype is for that error.
template <class Call>
void launch(const char* op, Device device, DType dtype, Entry<Call> Backend::* entry, const Call& call) {
  if (!try_launch(op, device, entry, call)) [[unlikely]]
    errors::not_available(op, device, dtype);
}

}  // namespace tenon
