// Runs an elementwise program block by block: registers are blocks that fit the L1 cache together, and each step is one
// call of its 1-d kernel. No loop is compiled for a program, but for steps that many have in a row (chains.h).
#include <algorithm>
#include <cstring>
#include <vector>

#include "backends/cpu/access.h"
#include "backends/cpu/backend.h"
#include "backends/cpu/chains.h"
#include "backends/cpu/cursor.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/ways.h"
#include "tenon/op.h"

namespace tenon::cpu {
namespace {

// What the blocks of a program take together. 32 KB is the smallest L1 cache of today's processors.
constexpr std::int64_t kArenaBytes = 24 * 1024;
constexpr std::int64_t kMaxBlockBytes = 4096;
// Where operands may lie in memory, blocks are short: a processor reads the operands of the next step while it computes
// this one, as far as it looks ahead in the program. They can also be asked for a block ahead, between the steps.
constexpr std::int64_t kFarBlockBytes = 512;

std::int64_t size_of(DType d) { return static_cast<std::int64_t>(itemsize(d)); }

// What all blocks, threads and spans of a call have in common.
struct Machine {
  static constexpr std::uint8_t kNone = 0xff;

  // A step, or a chain of them.
  struct Instruction {
    Kernel kernel;  // of a step; null: it is a chain
    ChainKernel chain;
    int arity, results;
    std::uint8_t in[kMaxChainInputs], out[kMaxChainOutputs];
  };

  const ProgramCall& c;
  Instruction instruction[kMaxSteps];
  int instructions = 0;
  Access access[kMaxProgramOperands];
  std::uint8_t slot[kMaxRegisters];  // the block that holds a register; kNone where it lies in memory
  std::int8_t writes[kMaxRegisters];  // the output that the register's step writes to directly; -1: none
  bool written[kMaxProgramOutputs];  // so is this output
  std::int64_t item[kMaxRegisters];  // size of a register's element
  std::int64_t block, stride;  // the elements of a block, and its bytes
  std::int64_t row = 0;  // blocks do not reach beyond rows of this length
  bool far = false, ahead = false, stream = false;  // the way of a call

  explicit Machine(const ProgramCall& call) : c(call) {
    for (int r = 0; r < c.inputs + c.numbers + c.steps; ++r) item[r] = size_of(c.register_dtype[r]);
  }

  bool find_kernels() {
    for (int s = 0, steps = 1; s < c.steps; s += steps) {
      Instruction& i = instruction[instructions++];
      steps = find_chain(i, s);
      if (steps > 1) continue;
      i.results = 1;
      i.out[0] = static_cast<std::uint8_t>(c.inputs + c.numbers + s);
      const OpInfo& o = info(c.step[s].op);
      i.arity = o.arity;
      std::copy(std::begin(c.step[s].in), std::end(c.step[s].in), i.in);
      const int typed = o.rule == Rule::select ? 1 : 0;  // the operand that says what is computed in
      const DType compute = c.register_dtype[c.step[s].in[typed]];
      i.kernel = kernels().elementwise[static_cast<int>(c.step[s].op)][static_cast<int>(compute)];
      if (!i.kernel) return false;
    }
    return true;
  }

  Kind kind() const {
    Kind k{static_cast<int>(Op::count), c.stream_output, Kind::size(largest()), max_threads(), c.n_spans > 1};
    for (int s = 0; s < c.steps; ++s) k.add(static_cast<int>(c.step[s].op));
    for (int i = 0; i < c.outputs + c.inputs; ++i) k.add(static_cast<int>(c.dtype[i]));
    return k;
  }
  int ways() const { return c.stream_output ? 4 : 2; }

  // The bytes of the largest operand, as if all had the widest elements.
  std::int64_t largest() const {
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < c.n_spans; ++i) n = std::max(n, c.spans[i].n);
    return n * widest();
  }

  Machine planned(bool far, int way) const {
    Machine m = *this;
    m.far = far;
    m.ahead = (way & kAskAhead) != 0;
    m.stream = (way & kStream) != 0;
    m.plan();
    return m;
  }

 private:
  // Makes the chain that begins at a step the instruction. Returns how many steps it has; 1: there is none.
  int find_chain(Instruction& i, int step) const {
    const int first = c.inputs + c.numbers + step;
    for (const Chain& chain : chains()) {
      i.kernel = nullptr;
      i.chain = chain.kernel(c.register_dtype[first]);
      if (!i.chain || !matches(chain, c, step, i.in)) continue;
      i.arity = chain.inputs;
      i.results = chain.outputs;
      for (int k = 0; k < i.results; ++k) i.out[k] = static_cast<std::uint8_t>(first + chain.kept[k]);
      return chain.steps;
    }
    return 1;
  }

  std::int64_t widest() const {
    std::int64_t w = 1;
    for (int r = 0; r < c.inputs + c.numbers + c.steps; ++r) w = std::max(w, item[r]);
    return w;
  }

  void plan() {
    for (int i = 0; i < c.outputs + c.inputs; ++i) {
      const DType wanted = c.register_dtype[i < c.outputs ? c.output[i] : i - c.outputs];
      access[i] = c.immediate[i]                                        ? Access::constant
                  : c.loop && i >= c.outputs && is_constant(*c.loop, i) ? Access::constant
                  : c.dtype[i] != wanted                                ? Access::packed
                  : c.loop                                              ? access_of(*c.loop, i, size_of(wanted))
                                                                        : Access::direct;
      if (access[i] == Access::row) row = c.loop->shape[c.loop->ndim - 1];
    }
    // An input that is an output as it is would be lost if another output, stored before it, lies on it.
    for (int j = 0; j < c.outputs; ++j) {
      const int input = c.outputs + c.output[j];
      if (c.outputs > 1 && c.output[j] < c.inputs && access[input] != Access::constant) access[input] = Access::packed;
    }
    choose_direct_outputs();
    const int slots = assign_slots();
    // A single loop reads its operands all the time, unless it asks for the next block's.
    const bool shorter = far && (ahead || instructions > 1);
    stride = std::min(shorter ? kFarBlockBytes : kMaxBlockBytes, kArenaBytes / std::max(slots, 1) / 64 * 64);
    block = stride / widest();
  }

  // A step may write to an output in place of a block, unless a later step still reads an input from there.
  void choose_direct_outputs() {
    std::fill(std::begin(writes), std::end(writes), static_cast<std::int8_t>(-1));
    for (int j = 0; j < c.outputs; ++j) {
      const int r = c.output[j];
      written[j] = r >= c.inputs + c.numbers && writes[r] < 0 && !stream &&
                   (access[j] == Access::direct || access[j] == Access::row) && !read_later(j, r);
      if (written[j]) writes[r] = static_cast<std::int8_t>(j);
    }
  }
  bool read_later(int output, int result) const {
    unsigned later = 0;  // the inputs that are read after this result is written
    for (int s = 0; s < instructions; ++s)
      for (int k = 0; k < instruction[s].arity && instruction[s].out[0] > result; ++k)
        if (instruction[s].in[k] < c.inputs) later |= 1u << instruction[s].in[k];
    for (int i = 0; i < c.inputs; ++i) {
      const int operand = c.outputs + i;
      if (!(later >> i & 1) || access[operand] == Access::packed || access[operand] == Access::constant) continue;
      for (std::int64_t k = 0; k < c.n_spans; ++k)
        if (c.spans[k].operand[operand].data == c.spans[k].operand[output].data) return true;
    }
    return false;
  }
  // Registers whose lives do not overlap share a block. Returns how many blocks there are.
  int assign_slots() {
    const int first = c.inputs + c.numbers, registers = first + c.steps;
    int last[kMaxRegisters];  // the instruction that reads a register last; c.steps: the end of the block
    for (int r = 0; r < registers; ++r) last[r] = -1;
    for (int s = 0; s < instructions; ++s)
      for (int k = 0; k < instruction[s].arity; ++k) last[instruction[s].in[k]] = s;
    for (int j = 0; j < c.outputs; ++j)
      if (!written[j]) last[c.output[j]] = c.steps;
    std::fill(slot + first, slot + registers, kNone);
    int slots = 0;
    for (int r = 0; r < first; ++r) {
      const Access a = r < c.inputs ? access[c.outputs + r] : Access::constant;
      slot[r] = a == Access::packed || a == Access::constant ? static_cast<std::uint8_t>(slots++) : kNone;
      if (a == Access::constant) last[r] = c.steps;  // it is filled once
    }
    std::uint8_t free[kMaxRegisters];
    int n_free = 0;
    for (int s = 0; s < instructions; ++s) {
      const Instruction& i = instruction[s];
      // A kernel may overwrite an operand of the same size.
      for (int k = 0; k < i.arity; ++k)
        if (last[i.in[k]] == s && item[i.in[k]] == item[i.out[0]]) release(i.in[k], last, free, n_free);
      for (int k = 0; k < i.results; ++k)
        slot[i.out[k]] = writes[i.out[k]] >= 0 ? kNone : n_free ? free[--n_free] : static_cast<std::uint8_t>(slots++);
      for (int k = 0; k < i.arity; ++k)
        if (last[i.in[k]] == s) release(i.in[k], last, free, n_free);
      for (int k = 0; k < i.results; ++k)
        if (last[i.out[k]] < 0) release(i.out[k], last, free, n_free);
    }
    return slots;
  }
  void release(int r, int* last, std::uint8_t* free, int& n_free) const {
    if (slot[r] != kNone) free[n_free++] = slot[r];
    last[r] = c.steps;  // once
  }
};

// One thread's registers.
class Registers {
 public:
  // longest: the most elements that one run() has.
  Registers(const Machine& machine, std::int64_t longest) : m_(machine), c_(machine.c) {
    for (int r = 0; r < c_.inputs + c_.numbers + c_.steps; ++r)
      value_[r] = m_.slot[r] == Machine::kNone ? nullptr : arena_ + m_.slot[r] * m_.stride;
    filled_ = std::min(m_.block, longest);
    for (int i = 0; i < c_.numbers; ++i) {
      const int r = c_.inputs + i;
      fill(r, c_.number[i], c_.register_dtype[r]);
    }
  }

  // The elements begin to end of a span.
  void run(const ProgramSpan& span, std::int64_t begin, std::int64_t end) {
    const int operands = c_.outputs + c_.inputs;
    ProgramLoop line;
    const ProgramLoop* loop = c_.loop;
    Cursor cursor[kMaxProgramOperands];
    for (int i = 0; i < operands; ++i) {
      const Access a = m_.access[i];
      if (i >= c_.outputs && a == Access::constant) {
        load_constant(span, i);
      } else if (a != Access::direct) {
        if (!loop) {
          line.ndim = 1;
          line.shape[0] = span.n;
          line.strides[i][0] = size_of(c_.dtype[i]);
        }
        cursor[i] = Cursor(loop ? *loop : line, i, static_cast<char*>(span.operand[i].data), begin);
      }
    }
    for (std::int64_t at = begin, n; at < end; at += n) {
      n = std::min(m_.block, end - at);
      if (m_.row) n = std::min(n, m_.row - at % m_.row);
      for (int i = 0; i < c_.inputs; ++i) load(span, i, cursor[c_.outputs + i], at, n);
      char* out[kMaxProgramOutputs];
      for (int j = 0; j < c_.outputs; ++j) {
        const std::int64_t size = m_.item[c_.output[j]];
        out[j] = m_.access[j] == Access::direct ? static_cast<char*>(span.operand[j].data) + at * size
                 : m_.access[j] == Access::row  ? cursor[j].next(n)
                                                : nullptr;
      }
      for (int s = 0; s < m_.instructions; ++s) {
        if (m_.ahead) fetch_ahead(span, s, at, n);
        const Machine::Instruction& i = m_.instruction[s];
        const void* in[kMaxChainInputs];
        for (int k = 0; k < i.arity; ++k) in[k] = value_[i.in[k]];
        void* results[kMaxChainOutputs];
        for (int k = 0; k < i.results; ++k) {
          const int r = i.out[k];
          if (m_.writes[r] >= 0) value_[r] = out[static_cast<int>(m_.writes[r])];
          results[k] = value_[r];
        }
        if (i.kernel) i.kernel(in, results[0], n);
        else i.chain(in, results, n);
      }
      for (int j = 0; j < c_.outputs; ++j)
        if (!m_.written[j]) store(j, out[j], cursor[j], n);
    }
  }

 private:
  void fill(int r, const void* value, DType dtype) {
    Pack(dtype, c_.register_dtype[r])(value, 0, value_[r], m_.item[r], filled_);
  }
  void load_constant(const ProgramSpan& span, int i) {
    const int r = i - c_.outputs;
    if (!c_.immediate[i]) return fill(r, span.operand[i].data, c_.dtype[i]);
    // Most spans have the numbers of the span before.
    const auto size = static_cast<std::size_t>(m_.item[r]);
    if (loaded_ >> r & 1 && std::memcmp(value_[r], span.operand[i].number, size) == 0) return;
    fill(r, span.operand[i].number, c_.register_dtype[r]);
    loaded_ |= 1u << r;
  }
  void load(const ProgramSpan& span, int r, Cursor& cursor, std::int64_t at, std::int64_t n) {
    const int i = c_.outputs + r;
    if (m_.access[i] == Access::direct) {
      value_[r] = static_cast<char*>(span.operand[i].data) + at * m_.item[r];
    } else if (m_.access[i] == Access::row) {
      value_[r] = cursor.next(n);
    } else if (m_.access[i] == Access::packed) {
      const Pack pack(c_.dtype[i], c_.register_dtype[r]);
      cursor.advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
        pack(p, stride, value_[r] + done * m_.item[r], m_.item[r], run);
      });
    }
  }
  // A part of a later block of the inputs that lie in memory, before each instruction.
  void fetch_ahead(const ProgramSpan& span, int s, std::int64_t at, std::int64_t n) const {
    for (int r = 0; r < c_.inputs; ++r) {
      if (m_.access[c_.outputs + r] != Access::direct) continue;
      const std::int64_t bytes = n * m_.item[r], begin = bytes * s / m_.instructions / 64 * 64;
      const std::int64_t end = bytes * (s + 1) / m_.instructions / 64 * 64;
      const std::int64_t later = m_.instructions == 1 ? 4 : 1;  // blocks
      const char* next = static_cast<const char*>(span.operand[c_.outputs + r].data) + (at + later * n) * m_.item[r];
      // To the L2 cache: in the L1 they would be in the way of this block.
      for (std::int64_t k = begin; k < end; k += 64) __builtin_prefetch(next + k, 0, 2);
    }
  }
  void store(int j, char* out, Cursor& cursor, std::int64_t n) {
    const int r = c_.output[j];
    const std::int64_t size = m_.item[r];
    if (out && m_.stream) return stream_copy(out, value_[r], n * size);
    if (out) return static_cast<void>(std::memcpy(out, value_[r], static_cast<std::size_t>(n * size)));
    const Pack unpack(c_.register_dtype[r], c_.dtype[j]);
    cursor.advance(n, [&](char* p, std::int64_t stride, std::int64_t done, std::int64_t run) {
      unpack(value_[r] + done * size, size, p, stride, run);
    });
  }

  const Machine& m_;
  const ProgramCall& c_;
  char* value_[kMaxRegisters];
  std::int64_t filled_;
  unsigned loaded_ = 0;  // inputs whose block holds a number
  alignas(64) char arena_[kArenaBytes];
};

// The elements of all spans as one range.
void run_many(const Machine& m) {
  const ProgramCall& c = m.c;
  std::vector<std::int64_t> start(static_cast<std::size_t>(c.n_spans) + 1, 0);
  std::int64_t longest = 0;
  for (std::int64_t i = 0; i < c.n_spans; ++i) {
    start[static_cast<std::size_t>(i) + 1] = start[static_cast<std::size_t>(i)] + c.spans[i].n;
    longest = std::max(longest, c.spans[i].n);
  }
  parallel_for(start.back(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    Registers registers(m, longest);
    auto i = std::upper_bound(start.begin(), start.end(), begin) - start.begin() - 1;
    for (; begin < end; ++i) {
      const std::int64_t first = start[static_cast<std::size_t>(i)],
                         stop = std::min(end, start[static_cast<std::size_t>(i) + 1]);
      if (begin < stop) registers.run(c.spans[i], begin - first, stop - first);
      begin = stop;
    }
  });
}

}  // namespace

Status program(const ProgramCall& c) {
  Machine plain(c);
  if (!plain.find_kernels()) return Status::unavailable;
  if (c.n_spans == 0) return Status::ok;
  const auto run = [&](bool far, int way) {
    const Machine m = plain.planned(far, way);
    if (c.n_spans > 1) return run_many(m);
    parallel_for(c.spans[0].n, kGrain,
                 [&](std::int64_t begin, std::int64_t end) { Registers(m, end - begin).run(c.spans[0], begin, end); });
  };
  if (plain.largest() < kFarBytes) {
    run(false, kPlain);
    return Status::ok;
  }
  Trial trial(ways_of(plain.kind(), plain.ways()), plain.largest());
  run(true, trial.way());
  trial.ended();
  return Status::ok;
}

}  // namespace tenon::cpu
