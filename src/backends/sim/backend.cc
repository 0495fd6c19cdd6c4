// The table of the simulated device: checks a call's operands, copies the call, and lets the device's worker
// run it with the CPU's backend on the other mapping of the same memory.
#include "tenon/backend.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "backends/sim/check.h"
#include "backends/sim/pins.h"
#include "backends/sim/stream.h"
#include "tenon/backend_abi.h"
#include "tenon/error.h"

namespace tenon::sim {
namespace {

constexpr int kDevices = 2;

std::int64_t environment(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoll(text, nullptr, 10) : otherwise;
}

struct SimDevice {
  Memory memory;
  Stream stream;
  explicit SimDevice(int index)
      : stream(static_cast<std::uint64_t>(environment("TENON_SIM_SEED", 1) + index),
               static_cast<int>(environment("TENON_SIM_DELAY", 200))) {}
};

std::array<SimDevice*, kDevices> g_devices;
std::atomic<bool> g_forked{false};
std::atomic<std::int64_t> g_copies[2];

// Devices are never destroyed, since tensors may outlive static objects; their threads end with the process.
void start() {
  static const bool started = [] {
    for (int i = 0; i < kDevices; ++i) g_devices[static_cast<std::size_t>(i)] = new SimDevice(i);
    // A worker does not survive a fork, and the locks may have been held.
    pthread_atfork(nullptr, nullptr, [] { g_forked = true; });
    std::atexit([] {
      if (g_forked) return;
      for (SimDevice* d : g_devices) d->stream.stop();
    });
    return true;
  }();
  (void)started;
}

SimDevice& device_at(const char* call, int device) {
  if (g_forked)
    throw DeviceError(std::string(call) + ": cuda:" + std::to_string(device) +
                      " was used before this process was forked; use multiprocessing's 'spawn' start method, or the "
                      "device in one of the two processes only");
  return *g_devices[static_cast<std::size_t>(device)];
}

const Backend& cpu() { return backend(kCpu); }

[[noreturn]] void failed(const char* call, const char* why) {
  std::fprintf(stderr, "tenon_cudasim: %s failed on the stream: %s\n", call, why);
  std::abort();
}

// A GPU backend knows at once whether it has a kernel. So does this one, by a call without elements.
template <class Call>
using Entry = int (*)(int, const Call&);

template <class Call, class Empty, class Translate>
int queue(const char* name, int device, Entry<Call> entry, const Call& call, Empty make_empty, Translate translate) {
  SimDevice& d = device_at(name, device);
  if (!entry) return kUnavailable;
  Call probe = call;
  make_empty(probe);
  if (entry(0, probe) != kOk) return kUnavailable;
  d.stream.push([name, entry, copy = call, translate, &memory = d.memory]() mutable {
    translate(copy, memory);
    try {
      if (entry(0, copy) != kOk) failed(name, "it is not available after all");
    } catch (const std::exception& e) { failed(name, e.what()); }
  });
  return kOk;
}

void no_elements(Loop& loop) {
  loop.ndim = 1;
  loop.numel = loop.shape[0] = 0;
}

constexpr const char* kOperandNames[] = {"the output", "operand 1", "operand 2", "operand 3"};

int elementwise(int device, const ElementwiseCall& c) {
  const char* name = info(c.op).name.data();
  const Checker check(name, device, device_at(name, device).memory);
  for (int i = 0; i <= c.arity; ++i) {
    const auto size = static_cast<std::int64_t>(itemsize(c.dtype[i]));
    if (!c.immediate[i]) check.operand(kOperandNames[i], c.data[i], Extent(size).over(c.loop, i));
  }
  return queue(
      name, device, cpu().elementwise, c, [](ElementwiseCall& p) { no_elements(p.loop); },
      [](ElementwiseCall& p, const Memory& m) {
        for (int i = 0; i <= p.arity; ++i)
          if (!p.immediate[i]) p.data[i] = m.translate(p.data[i]);
      });
}

int program(int device, const ProgramCall& c) {
  const Checker check(c.name, device, device_at(c.name, device).memory);
  for (std::int64_t k = 0; k < c.n_spans; ++k) {
    const ProgramSpan& span = c.spans[k];
    for (int i = 0; i < c.outputs + c.inputs; ++i) {
      if (c.immediate[i]) continue;
      const auto size = static_cast<std::int64_t>(itemsize(c.dtype[i]));
      Extent reach(size);
      if (!c.loop) reach.along(span.n, size);
      else if (c.loop->numel == 0) reach.empty = true;
      else
        for (int d = 0; d < c.loop->ndim; ++d) reach.along(c.loop->shape[d], c.loop->strides[i][d]);
      check.operand(i < c.outputs ? "an output" : "an input", span.operand[i].data, reach);
    }
  }
  return queue(
      c.name, device, cpu().program, c, [](ProgramCall& p) { p.n_spans = 0; },
      [spans = std::vector(c.spans, c.spans + c.n_spans), loop = c.loop ? *c.loop : ProgramLoop()](
          ProgramCall& p, const Memory& m) mutable {
        for (ProgramSpan& span : spans)
          for (int i = 0; i < p.outputs + p.inputs; ++i)
            if (!p.immediate[i]) span.operand[i].data = m.translate(span.operand[i].data);
        p.spans = spans.data();
        if (p.loop) p.loop = &loop;
      });
}

int reduce(int device, const ReduceCall& c) {
  const Checker check("reduce", device, device_at("reduce", device).memory);
  const auto in = static_cast<std::int64_t>(itemsize(c.in_dtype)),
             out = static_cast<std::int64_t>(itemsize(c.out_dtype));
  check.operand("the output", c.out, Extent(out).over(c.kept, 0));
  check.operand("the input", c.in, Extent(in).over(c.kept, 1).over(c.reduced, 1));
  return queue(
      "reduce", device, cpu().reduce, c, [](ReduceCall& p) { no_elements(p.kept); },
      [](ReduceCall& p, const Memory& m) {
        p.out = m.translate(p.out);
        p.in = m.translate(p.in);
      });
}

// Scans and softmax: lines along one dimension.
template <class Call>
int lines(const char* name, int device, Entry<Call> entry, const Call& c, DType in, DType out) {
  const Checker check(name, device, device_at(name, device).memory);
  check.operand("the output", c.out,
                Extent(static_cast<std::int64_t>(itemsize(out))).over(c.outer, 0).along(c.n, c.out_stride));
  check.operand("the input", c.in,
                Extent(static_cast<std::int64_t>(itemsize(in))).over(c.outer, 1).along(c.n, c.in_stride));
  return queue(
      name, device, entry, c, [](Call& p) { no_elements(p.outer); },
      [](Call& p, const Memory& m) {
        p.out = m.translate(p.out);
        p.in = m.translate(p.in);
      });
}
int scan(int device, const ScanCall& c) { return lines("scan", device, cpu().scan, c, c.in_dtype, c.out_dtype); }
int softmax(int device, const SoftmaxCall& c) { return lines("softmax", device, cpu().softmax, c, c.dtype, c.dtype); }

int matmul(int device, const MatmulCall& c) {
  const Checker check("matmul", device, device_at("matmul", device).memory);
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  auto matrix = [&](int operand, const std::int64_t (&strides)[2], std::int64_t rows, std::int64_t columns) {
    return Extent(size).over(c.batch, operand).along(rows, strides[0] * size).along(columns, strides[1] * size);
  };
  check.operand("the output", c.c, matrix(0, c.c_strides, c.m, c.n));
  check.operand("operand 1", c.a, matrix(1, c.a_strides, c.m, c.k));
  check.operand("operand 2", c.b, matrix(2, c.b_strides, c.k, c.n));
  return queue(
      "matmul", device, cpu().matmul, c, [](MatmulCall& p) { no_elements(p.batch); },
      [](MatmulCall& p, const Memory& m) {
        p.c = m.translate(p.c);
        p.a = m.translate(p.a);
        p.b = m.translate(p.b);
      });
}

int index(int device, const IndexCall& c) {
  const Checker check("index", device, device_at("index", device).memory);
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  check.operand("the values", c.values, Extent(size).over(c.loop, 0));
  check.operand("the base", c.base, Extent(size).over(c.loop, 1));  // where the indices lead is not known here
  for (int i = 0; i < c.n_indices; ++i) {
    Extent e(sizeof(std::int64_t));
    e.empty = c.loop.numel == 0;
    for (int d = 0; d < c.loop.ndim; ++d) e.along(c.loop.shape[d], c.index_loop_strides[i][d]);
    check.operand("an index tensor", c.indices[i], e);
  }
  return queue(
      "index", device, cpu().index, c, [](IndexCall& p) { no_elements(p.loop); },
      [](IndexCall& p, const Memory& m) {
        p.values = m.translate(p.values);
        p.base = m.translate(p.base);
        for (int i = 0; i < p.n_indices; ++i) p.indices[i] = m.translate(p.indices[i]);
      });
}

// Calls that fill a contiguous output.
template <class Call>
int fill(const char* name, int device, Entry<Call> entry, const Call& c) {
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  Checker(name, device, device_at(name, device).memory).operand("the output", c.out, Extent(size).along(c.n, size));
  return queue(
      name, device, entry, c, [](Call& p) { p.n = 0; }, [](Call& p, const Memory& m) { p.out = m.translate(p.out); });
}
int random(int device, const RandomCall& c) { return fill("random", device, cpu().random, c); }
int iota(int device, const IotaCall& c) { return fill("iota", device, cpu().iota, c); }

int sort(int device, const SortCall& c) {
  const Checker check("sort", device, device_at("sort", device).memory);
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  check.operand("the input", c.in, Extent(size).along(c.rows * c.n, size));
  if (c.values) check.operand("the values", c.values, Extent(size).along(c.rows * c.n, size));
  if (c.indices) check.operand("the indices", c.indices, Extent(8).along(c.rows * c.n, 8));
  return queue(
      "sort", device, cpu().sort, c, [](SortCall& p) { p.rows = 0; },
      [](SortCall& p, const Memory& m) {
        p.in = m.translate(p.in);
        if (p.values) p.values = m.translate(p.values);
        if (p.indices) p.indices = m.translate(p.indices);
      });
}

int select(int device, const SelectCall& c) {
  const Checker check("select", device, device_at("select", device).memory);
  const auto size = static_cast<std::int64_t>(itemsize(c.dtype));
  check.operand("the input", c.in, Extent(size).along(c.rows * c.n, size));
  check.operand("the output", c.out, Extent(size).along(c.rows * c.count, size));
  return queue(
      "select", device, cpu().select, c, [](SelectCall& p) { p.rows = 0; },
      [](SelectCall& p, const Memory& m) {
        p.in = m.translate(p.in);
        p.out = m.translate(p.out);
      });
}

std::int64_t count_true(int device, const bool* mask, std::int64_t n) {
  SimDevice& d = device_at("count_true", device);
  Checker("count_true", device, d.memory).operand("the mask", mask, Extent(1).along(n, 1));
  std::int64_t count = 0;
  d.stream.run([&] { count = cpu().count_true(0, d.memory.translate(mask), n); });
  return count;
}

int true_positions(int device, const bool* mask, std::int64_t n, std::int64_t* out, std::int64_t count) {
  SimDevice& d = device_at("true_positions", device);
  const Checker check("true_positions", device, d.memory);
  check.operand("the mask", mask, Extent(1).along(n, 1));
  check.operand("the output", out, Extent(0));  // as many as there are true elements
  d.stream.push([=, &memory = d.memory] {
    if (cpu().true_positions(0, memory.translate(mask), n, memory.translate(out), count) != kOk)
      failed("true_positions", "it is not available");
  });
  return kOk;
}

// ---- memory ----

void* allocate(int device, std::int64_t bytes) {
  SimDevice& d = device_at("allocate", device);
  void* p = d.memory.allocate(bytes);
  if (p) return p;
  d.stream.wait();  // blocks whose release is still queued may be what is missing
  return d.memory.allocate(bytes);
}

// In its turn: calls that were queued before still use the memory.
void free(int device, void* data, std::int64_t) {
  if (g_forked) return;  // the memory is the parent's
  SimDevice& d = device_at("free", device);
  d.memory.retire(data);
  d.stream.push([&memory = d.memory, data] { memory.reuse(data); });
}

void refuse_device_pointer(const char* call, const void* host, int device) {
  for (const SimDevice* d : g_devices)
    if (d->memory.contains(host)) fault(call, "the host's side is device memory and", host, device);
}

void to_device(int device, void* dst, const void* src, std::int64_t bytes) {
  SimDevice& d = device_at("to_device", device);
  Checker("to_device", device, d.memory).operand("the destination", dst, Extent(0).along(bytes + 1, 1));
  refuse_device_pointer("to_device", src, device);
  ++g_copies[0];
  d.stream.run([&] { std::memcpy(d.memory.translate(dst), src, static_cast<std::size_t>(bytes)); });
}

void to_host(int device, void* dst, const void* src, std::int64_t bytes) {
  SimDevice& d = device_at("to_host", device);
  Checker("to_host", device, d.memory).operand("the source", src, Extent(0).along(bytes + 1, 1));
  refuse_device_pointer("to_host", dst, device);
  ++g_copies[1];
  d.stream.run([&] { std::memcpy(dst, d.memory.translate(src), static_cast<std::size_t>(bytes)); });
}

int pin(void* data, std::int64_t bytes) {
  refuse_device_pointer("pin", data, 0);
  return pins().add(data, bytes) ? kOk : kUnavailable;
}

void unpin(void* data) {
  if (!g_forked) pins().remove(data);  // the locks are the parent's
}

void synchronize(int device) { device_at("synchronize", device).stream.wait(); }

}  // namespace
}  // namespace tenon::sim

extern "C" {

TENON_API const tenon::Backend* tenon_backend() {
  using namespace tenon;
  static const Backend table = [] {
    sim::start();
    Backend t{};
    t.abi_hash = kBackendAbi;
    t.name = "cuda";
    t.device_count = [] { return sim::kDevices; };
    t.allocate = &sim::allocate;
    t.free = &sim::free;
    t.to_device = &sim::to_device;
    t.to_host = &sim::to_host;
    t.synchronize = &sim::synchronize;
    t.pin = &sim::pin;
    t.unpin = &sim::unpin;
    t.elementwise = &sim::elementwise;
    t.reduce = &sim::reduce;
    t.scan = &sim::scan;
    t.softmax = &sim::softmax;
    t.matmul = &sim::matmul;
    t.index = &sim::index;
    t.random = &sim::random;
    t.iota = &sim::iota;
    t.sort = &sim::sort;
    t.select = &sim::select;
    t.count_true = &sim::count_true;
    t.true_positions = &sim::true_positions;
    t.program = &sim::program;
    return t;
  }();
  return &table;
}

// 0: to the device, 1: to the host.
TENON_API std::int64_t tenon_sim_copies(int direction) { return tenon::sim::g_copies[direction]; }
TENON_API void tenon_sim_reset() { tenon::sim::g_copies[0] = tenon::sim::g_copies[1] = 0; }
// Bytes that are allocated and not yet freed by the host.
TENON_API std::int64_t tenon_sim_live_bytes(int device) {
  return tenon::sim::g_devices[static_cast<std::size_t>(device)]->memory.live_bytes();
}

// Page-locked bytes of the host.
TENON_API std::int64_t tenon_sim_pinned_bytes() { return tenon::sim::pins().bytes(); }

}  // extern "C"
