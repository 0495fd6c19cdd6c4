// Each operation checks its operands, copies the call, and lets the stream's worker run it with the CPU's backend on the
// other mapping of the same memory.
#include "backends/sim/calls.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

#include "backends/sim/check.h"
#include "backends/sim/device.h"

namespace tenon::sim {
namespace {

const Backend& cpu() { return backend(kCpu); }

// In its turn: what the CPU's entry says is noted, as a GPU would, for whoever waits.
void run_on_worker(Sim& d, const char* op, const std::function<Status()>& work) {
  if (d.injected.lost) return;
  if (take(d.injected.late_launches)) return d.note_launch(op);
  const Status status = work();
  if (status == Status::ok) return;
  Failure f{};
  if (status == Status::bad_index) last_error(&f);
  else cpu().last_error(0, &f);
  f.status = status == Status::unavailable ? Status::failed : status;
  d.note(f);
}

// The device, if the call may be given to it. check(checker) looks at the operands.
template <class Check>
Sim* ready(Stream stream, const char* op, Check&& check) {
  Sim* d = device_at(op, stream.device.index);
  if (!d) return nullptr;
  check(Checker(op, stream.device.index, d->memory));
  if (!d->queue(stream.index)) fail(op, Status::failed, "there is no such stream");
  else if (take(d->injected.launches)) fail(op, Status::failed, "the driver refused the launch");
  else return d;
  return nullptr;
}

template <class Call>
using Entry = Status (*)(Stream, const char*, const Call&) noexcept;

// A GPU backend knows at once whether it has a kernel. So does this one, by a call without elements.
template <class Call, class Check, class Empty, class Translate>
Status run(Stream stream, const char* op, Entry<Call> entry, const Call& call, Check&& check, Empty make_empty,
           Translate translate) {
  Sim* d = ready(stream, op, check);
  if (!d) return Status::failed;
  Call probe = call;
  make_empty(probe);
  if (!entry || entry({}, op, probe) != Status::ok) return Status::unavailable;
  d->queue(stream.index)->push([d, op, entry, copy = call, translate]() mutable {
    translate(copy, d->memory);
    run_on_worker(*d, op, [&] { return entry({}, op, copy); });
  });
  return Status::ok;
}

void no_elements(Loop& loop) {
  loop.ndim = 1;
  loop.numel = loop.shape[0] = 0;
}

std::int64_t size_of(DType d) { return static_cast<std::int64_t>(itemsize(d)); }

constexpr const char* kOperandNames[] = {"the output", "operand 1", "operand 2", "operand 3"};

// Scans and softmax.
template <class Call>
Status lines(Stream stream, const char* op, Entry<Call> entry, const Call& c, DType in, DType out) {
  return run(
      stream, op, entry, c,
      [&](const Checker& check) {
        const Lines& l = c.lines;
        check.operand("the output", c.out, Extent(size_of(out)).over(l.outer, 0).along(l.n, l.out_stride));
        check.operand("the input", c.in, Extent(size_of(in)).over(l.outer, 1).along(l.n, l.in_stride));
      },
      [](Call& p) { no_elements(p.lines.outer); },
      [](Call& p, const Memory& m) {
        p.out = m.translate(p.out);
        p.in = m.translate(p.in);
      });
}

// Calls that fill a contiguous output.
template <class Call>
Status fill(Stream stream, const char* op, Entry<Call> entry, const Call& c) {
  return run(
      stream, op, entry, c,
      [&](const Checker& check) {
        check.operand("the output", c.out, Extent(size_of(c.dtype)).along(c.n, size_of(c.dtype)));
      },
      [](Call& p) { p.n = 0; }, [](Call& p, const Memory& m) { p.out = m.translate(p.out); });
}

// An index call with all that it points to.
struct IndexWork {
  IndexCall call;
  std::vector<std::int64_t> arrays;
  std::vector<IndexOperand> operands;
  std::vector<Extent> extents;  // of the index tensors

  explicit IndexWork(const IndexCall& c) : call(c), operands(c.indices, c.indices + c.n_indices) {
    const auto keep = [&](const std::int64_t* p) { arrays.insert(arrays.end(), p, p + c.ndim); };
    keep(c.shape);
    keep(c.value_strides);
    keep(c.base_strides);
    for (const IndexOperand& x : operands) {
      keep(x.loop_strides);
      Extent e(sizeof(std::int64_t));
      e.empty = c.numel == 0;
      for (int d = 0; d < c.ndim; ++d) e.along(c.shape[d], x.loop_strides[d]);
      extents.push_back(e);
    }
  }

  // On the worker: checks the indices as a kernel does, and runs.
  Status run(const char* op, Sim& d) {
    const std::int64_t* next = arrays.data();
    const auto array = [&] { return std::exchange(next, next + call.ndim); };
    call.shape = array();
    call.value_strides = array();
    call.base_strides = array();
    call.values = d.memory.translate(call.values);
    call.base = d.memory.translate(call.base);
    call.indices = operands.data();
    std::vector<std::vector<std::int64_t>> checked(operands.size());
    for (std::size_t i = 0; i < operands.size(); ++i) {
      IndexOperand& x = operands[i];
      x.loop_strides = array();
      x.data = d.memory.translate(x.data);
      if (x.checked || extents[i].empty) continue;
      const std::int64_t before = extents[i].low / 8;  // index tensors are contiguous, so that these are all indices
      checked[i].assign(x.data + before, x.data + extents[i].high / 8);
      for (std::int64_t& v : checked[i]) {
        const std::int64_t at = v < 0 && x.from_end ? v + x.base_size : v;
        if (at < 0 || at >= x.base_size) return bad_index(op, v, x);
        v = at;
      }
      x.data = checked[i].data() - before;
      x.checked = true;
    }
    return cpu().index({}, op, call);
  }

 private:
  static Status bad_index(const char* op, std::int64_t index, const IndexOperand& x);
};

}  // namespace

Status elementwise(Stream stream, const char* op, const ElementwiseCall& c) noexcept {
  return run(
      stream, op, cpu().elementwise, c,
      [&](const Checker& check) {
        for (int i = 0; i <= c.arity; ++i)
          if (!c.immediate[i]) check.operand(kOperandNames[i], c.data[i], Extent(size_of(c.dtype[i])).over(c.loop, i));
      },
      [](ElementwiseCall& p) { no_elements(p.loop); },
      [](ElementwiseCall& p, const Memory& m) {
        for (int i = 0; i <= p.arity; ++i)
          if (!p.immediate[i]) p.data[i] = m.translate(p.data[i]);
      });
}

Status program(Stream stream, const char* op, const ProgramCall& c) noexcept {
  return run(
      stream, op, cpu().program, c,
      [&](const Checker& check) {
        for (std::int64_t k = 0; k < c.n_spans; ++k)
          for (int i = 0; i < c.outputs + c.inputs; ++i) {
            if (c.immediate[i]) continue;
            const std::int64_t size = size_of(c.dtype[i]);
            check.operand(i < c.outputs ? "an output" : "an input", c.spans[k].operand[i].data,
                          c.loop ? Extent(size).over(*c.loop, i) : Extent(size).along(c.spans[k].n, size));
          }
      },
      [](ProgramCall& p) { p.n_spans = 0; },
      [spans = std::vector(c.spans, c.spans + c.n_spans), loop = c.loop ? *c.loop : ProgramLoop()](
          ProgramCall& p, const Memory& m) mutable {
        for (ProgramSpan& span : spans)
          for (int i = 0; i < p.outputs + p.inputs; ++i)
            if (!p.immediate[i]) span.operand[i].data = m.translate(span.operand[i].data);
        p.spans = spans.data();
        if (p.loop) p.loop = &loop;
      });
}

Status reduce(Stream stream, const char* op, const ReduceCall& c) noexcept {
  return run(
      stream, op, cpu().reduce, c,
      [&](const Checker& check) {
        check.operand("the output", c.out, Extent(size_of(c.out_dtype)).over(c.kept, 0));
        check.operand("the input", c.in, Extent(size_of(c.in_dtype)).over(c.kept, 1).over(c.reduced, 1));
      },
      [](ReduceCall& p) { no_elements(p.kept); },
      [](ReduceCall& p, const Memory& m) {
        p.out = m.translate(p.out);
        p.in = m.translate(p.in);
      });
}

Status scan(Stream stream, const char* op, const ScanCall& c) noexcept {
  return lines(stream, op, cpu().scan, c, c.in_dtype, c.out_dtype);
}
Status softmax(Stream stream, const char* op, const SoftmaxCall& c) noexcept {
  return lines(stream, op, cpu().softmax, c, c.dtype, c.dtype);
}

Status matmul(Stream stream, const char* op, const MatmulCall& c) noexcept {
  return run(
      stream, op, cpu().matmul, c,
      [&](const Checker& check) {
        const std::int64_t size = size_of(c.dtype);
        const auto matrix = [&](int operand, const std::int64_t (&strides)[2], std::int64_t rows,
                                std::int64_t columns) {
          return Extent(size).over(c.batch, operand).along(rows, strides[0] * size).along(columns, strides[1] * size);
        };
        check.operand("the output", c.c, matrix(0, c.c_strides, c.m, c.n));
        check.operand("operand 1", c.a, matrix(1, c.a_strides, c.m, c.k));
        check.operand("operand 2", c.b, matrix(2, c.b_strides, c.k, c.n));
      },
      [](MatmulCall& p) { no_elements(p.batch); },
      [](MatmulCall& p, const Memory& m) {
        p.c = m.translate(p.c);
        p.a = m.translate(p.a);
        p.b = m.translate(p.b);
      });
}

Status IndexWork::bad_index(const char* op, std::int64_t index, const IndexOperand& x) {
  Failure f{};
  f.status = Status::bad_index;
  std::snprintf(f.op, sizeof f.op, "%s", op);
  f.index = index;
  f.size = x.base_size;
  f.axis = x.axis;
  return fail(f);
}

Status index(Stream stream, const char* op, const IndexCall& c) noexcept {
  IndexWork work(c);
  Sim* d = ready(stream, op, [&](const Checker& check) {
    const auto reach = [&](const std::int64_t* strides) {
      Extent e(size_of(c.dtype));
      e.empty = c.numel == 0;
      for (int k = 0; k < c.ndim; ++k) e.along(c.shape[k], strides[k]);
      return e;
    };
    check.operand("the values", c.values, reach(c.value_strides));
    const bool no_base =
        std::any_of(c.indices, c.indices + c.n_indices, [](const auto& x) { return x.base_size == 0; });
    if (!no_base) check.operand("the base", c.base, reach(c.base_strides));  // where the indices lead is not known here
    for (std::size_t i = 0; i < work.operands.size(); ++i)
      check.operand("an index tensor", c.indices[i].data, work.extents[i]);
  });
  if (!d) return Status::failed;
  d->queue(stream.index)->push([d, op, work = std::move(work)]() mutable {
    run_on_worker(*d, op, [&] { return work.run(op, *d); });
  });
  return Status::ok;
}

Status random(Stream stream, const char* op, const RandomCall& c) noexcept { return fill(stream, op, cpu().random, c); }
Status iota(Stream stream, const char* op, const IotaCall& c) noexcept { return fill(stream, op, cpu().iota, c); }

Status sort(Stream stream, const char* op, const SortCall& c) noexcept {
  return run(
      stream, op, cpu().sort, c,
      [&](const Checker& check) {
        const std::int64_t size = size_of(c.dtype);
        check.operand("the input", c.in, Extent(size).along(c.rows * c.n, size));
        if (c.values) check.operand("the values", c.values, Extent(size).along(c.rows * c.n, size));
        if (c.indices) check.operand("the indices", c.indices, Extent(8).along(c.rows * c.n, 8));
      },
      [](SortCall& p) { p.rows = 0; },
      [](SortCall& p, const Memory& m) {
        p.in = m.translate(p.in);
        p.values = m.translate(p.values);
        p.indices = m.translate(p.indices);
      });
}

Status select(Stream stream, const char* op, const SelectCall& c) noexcept {
  return run(
      stream, op, cpu().select, c,
      [&](const Checker& check) {
        const std::int64_t size = size_of(c.dtype);
        check.operand("the input", c.in, Extent(size).along(c.rows * c.n, size));
        check.operand("the output", c.out, Extent(size).along(c.rows * c.count, size));
      },
      [](SelectCall& p) { p.rows = 0; },
      [](SelectCall& p, const Memory& m) {
        p.in = m.translate(p.in);
        p.out = m.translate(p.out);
      });
}

Status count_true(Stream stream, const char* op, const bool* mask, std::int64_t n, std::int64_t* count) noexcept {
  Sim* d = ready(stream, op, [&](const Checker& check) { check.operand("the mask", mask, Extent(1).along(n, 1)); });
  if (!d) return Status::failed;
  *count = 0;
  Queue* q = d->queue(stream.index);
  q->push(
      [=] { run_on_worker(*d, op, [&] { return cpu().count_true({}, op, d->memory.translate(mask), n, count); }); });
  q->wait();
  return d->report();
}

Status true_positions(Stream stream, const char* op, const bool* mask, std::int64_t n, std::int64_t* out,
                      std::int64_t count) noexcept {
  Sim* d = ready(stream, op, [&](const Checker& check) {
    check.operand("the mask", mask, Extent(1).along(n, 1));
    check.operand("the output", out, Extent(0).along(count + 1, 8));
  });
  if (!d) return Status::failed;
  d->queue(stream.index)->push([=] {
    const Memory& m = d->memory;
    run_on_worker(*d, op, [&] { return cpu().true_positions({}, op, m.translate(mask), n, m.translate(out), count); });
  });
  return Status::ok;
}

}  // namespace tenon::sim
