// Elementwise programs: what they compute in, what is checked before they write, and how many runs become one call.
#include "tenon/program.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/launch.h"
#include "ops/fused.h"
#include "ops/operands.h"
#include "plan/loop.h"
#include "plan/program.h"
#include "tenon/calls.h"
#include "tenon/op.h"
#include "tenon/ops/copy.h"
#include "tenon/ops/creation.h"

namespace tenon {
namespace {

// One run: the arguments that are inputs, in the order of their registers, and what they have in common.
struct Run {
  int n = 0;
  Operand in[kMaxProgramInputs] = {0, 0, 0, 0, 0, 0, 0, 0};
  Place place;
  DType promoted;
  ProgramTypes types;
  std::span<const Tensor> out;

  std::span<const Operand> inputs() const { return {in, static_cast<std::size_t>(n)}; }
};

// Whether two runs of a program promote alike for certain: their tensors have the same dtypes, their numbers are floats
// beside tensors of floats.
bool same_kinds(const Run& a, const Run& b) {
  bool floats = false;
  for (int i = 0; i < a.n; ++i) {
    const Operand &x = a.in[i], &y = b.in[i];
    if (x.is_tensor() != y.is_tensor()) return false;
    if (x.is_tensor()) {
      if (x.tensor().dtype() != y.tensor().dtype()) return false;
      floats = floats || is_floating(x.tensor().dtype());
    } else if (!x.scalar().is_floating() || !y.scalar().is_floating()) {
      return false;
    }
  }
  return floats;
}

// like: a run of the same program, or null; what it computes in serves again where it can.
void prepare(Run& r, const Program& p, std::span<const Operand> arguments, const Run* like = nullptr) {
  if (static_cast<int>(arguments.size()) != p.arguments)
    errors::fail(p.name, "the program takes ", p.arguments, " arguments; got ",
                 static_cast<std::int64_t>(arguments.size()));
  unsigned masks = 0;
  for (int i = 0; i < p.arguments; ++i) {
    if (!(p.used >> i & 1)) continue;
    masks |= (p.masks >> i & 1) << r.n;
    r.in[r.n++] = arguments[static_cast<std::size_t>(i)];
  }
  r.place = common_place(p.name, r.inputs());
  if (like && same_kinds(r, *like)) {
    r.promoted = like->promoted;
    r.types = like->types;
    return;
  }
  DType promoted = promoted_dtype(r.inputs(), masks);
  for (int i = 0; i < p.numbers; ++i) promoted = p.number[i].promote_with(promoted);
  r.promoted = promoted;
  r.types = like && like->promoted == promoted ? like->types : program_types(p, promoted);
  const auto check_number = [&](const Scalar& s) {
    if (!s.fits(r.types.compute)) errors::scalar_out_of_bounds(p.name, s, r.types.compute);
  };
  for (const Operand& o : r.inputs())
    if (!o.is_tensor()) check_number(o.scalar());
  for (int i = 0; i < p.numbers; ++i) check_number(p.number[i]);
}

DType output_dtype(const ProgramCall& planned, const Run& r, int j) {
  return result_dtype(r.types, planned.register_dtype[planned.output[j]]);
}

// ---- from runs to calls ----

// The head of a call, whose steps are planned: what runs have in common that are spans of the same call.
void fill_call(ProgramCall& c, const Run& r) {
  c.stream_output = false;
  c.loop = nullptr;
  for (int j = 0; j < c.outputs; ++j) {
    c.dtype[j] = r.out[static_cast<std::size_t>(j)].dtype();
    c.immediate[j] = false;
  }
  for (int i = 0; i < c.inputs; ++i) {
    const Operand& o = r.in[i];
    c.immediate[c.outputs + i] = !o.is_tensor() || o.tensor().device() != r.place.device;
    c.dtype[c.outputs + i] = c.immediate[c.outputs + i] ? c.register_dtype[i] : o.tensor().dtype();
  }
}

bool same_call(const ProgramCall& c, const Run& a, const Run& b) {
  if (a.place.device != b.place.device || a.types.compute != b.types.compute) return false;
  for (std::size_t j = 0; j < b.out.size(); ++j)
    if (c.dtype[j] != b.out[j].dtype()) return false;
  for (int i = 0; i < c.inputs; ++i) {
    const Operand& o = b.in[i];
    const bool immediate = !o.is_tensor() || o.tensor().device() != b.place.device;
    if (c.immediate[c.outputs + i] != immediate) return false;
    if (!immediate && o.tensor().dtype() != c.dtype[c.outputs + i]) return false;
  }
  return true;
}

void fill_span(ProgramSpan& span, const ProgramCall& c, const Run& r) {
  span.n = r.place.shape.product();
  for (int j = 0; j < c.outputs; ++j) span.operand[j].data = r.out[static_cast<std::size_t>(j)].data();
  for (int i = 0; i < c.inputs; ++i) {
    const Operand& o = r.in[i];
    if (!c.immediate[c.outputs + i]) span.operand[c.outputs + i].data = o.tensor().data();
    else
      (o.is_tensor() ? o.tensor().item() : o.scalar()).store(c.register_dtype[i], span.operand[c.outputs + i].number);
  }
}

// Whether all elements lie next to each other, in the same order in all tensors.
bool is_dense(const Run& r) {
  const auto dense = [&](const Tensor& t) { return t.is_contiguous() && t.shape() == r.place.shape; };
  for (const Tensor& t : r.out)
    if (!dense(t)) return false;
  for (const Operand& o : r.inputs())
    if (o.is_tensor() && o.tensor().device() == r.place.device && !dense(o.tensor())) return false;
  return true;
}

// Returns whether there is a loop to walk: not where the elements turn out to lie next to each other.
bool fill_loop(ProgramLoop& loop, const ProgramCall& c, const Run& r) {
  LoopOperand operands[kMaxProgramOperands];
  Dims strides[kMaxProgramInputs];
  for (int j = 0; j < c.outputs; ++j) {
    const Tensor& t = r.out[static_cast<std::size_t>(j)];
    operands[j] = {&t.strides(), t.itemsize()};
  }
  for (int i = 0; i < c.inputs; ++i) {
    if (c.immediate[c.outputs + i]) {
      strides[i] = Dims(r.place.shape.size(), 0);
      operands[c.outputs + i] = {&strides[i], 0};
    } else {
      const Tensor& t = r.in[i].tensor();
      strides[i] = broadcast_strides(t.shape(), t.strides(), r.place.shape);
      operands[c.outputs + i] = {&strides[i], t.itemsize()};
    }
  }
  const int n = c.outputs + c.inputs;
  build_loop(loop, r.place.shape, {operands, static_cast<std::size_t>(n)});
  if (loop.ndim > 1) return true;
  for (int i = 0; i < n && loop.ndim == 1; ++i)
    if (!c.immediate[i] && loop.strides[i][0] != operands[i].itemsize) return true;
  return false;
}

// A backend without programs runs the steps one after another.
void run_steps(const ProgramCall& c, const Program& p, const Run& r) {
  NoGrad guard;
  std::vector<Tensor> registers;
  for (int i = 0; i < c.inputs + c.numbers; ++i) {
    if (i >= c.inputs) registers.push_back(full({}, p.number[i - c.inputs], c.register_dtype[i], r.place.device));
    else if (!r.in[i].is_tensor()) registers.push_back(full({}, r.in[i].scalar(), c.register_dtype[i], r.place.device));
    else registers.push_back(to(r.in[i].tensor(), c.register_dtype[i], r.place.device));
  }
  for (int s = 0; s < c.steps; ++s) {
    std::vector<Operand> in;
    for (int k = 0; k < info(c.step[s].op).arity; ++k) in.emplace_back(registers[c.step[s].in[k]]);
    Tensor y = elementwise(c.step[s].op, in);
    registers.push_back(std::move(y));
  }
  for (int j = 0; j < c.outputs; ++j) {
    Tensor out = r.out[static_cast<std::size_t>(j)];
    const Tensor& y = registers[p.output[j]];
    const Operand value(y);
    elementwise(Op::copy, {&value, 1}, &out);
  }
}

void launch(const ProgramCall& c, const Program& p, const Run& r) {
  if (!try_launch(p.name, r.place.device, &Backend::program, c)) run_steps(c, p, r);
}

// c: a call whose steps are planned.
void run_alone(ProgramCall& c, const Program& p, const Run& r) {
  if (r.place.shape.product() == 0) return;
  ProgramSpan span;
  fill_call(c, r);
  fill_span(span, c, r);
  c.spans = &span;
  c.n_spans = 1;
  c.stream_output = true;
  for (const Tensor& t : r.out) {
    c.stream_output = c.stream_output && t.nbytes() >= kStreamBytes && t.storage().touched();
    for (const Operand& o : r.inputs())
      if (o.is_tensor() && o.tensor().data() == t.data()) c.stream_output = false;  // in place: it is in the cache
  }
  ProgramLoop loop;
  if (!is_dense(r) && fill_loop(loop, c, r)) c.loop = &loop;
  launch(c, p, r);
  c.spans = nullptr;  // this frame's
  c.n_spans = 0;
  c.loop = nullptr;
}

// ---- outputs that are given ----

// Inputs that would be overwritten before they are read, as copies.
bool reads_what_it_overwrites(const Run& r, int i) {
  if (!r.in[i].is_tensor()) return false;
  const Tensor& t = r.in[i].tensor();
  for (const Tensor& out : r.out)
    if (may_share_memory(t, out) && partially_overlap(out, t, broadcast_strides(t.shape(), t.strides(), r.place.shape)))
      return true;
  return false;
}

void run_safely(ProgramCall& c, const Program& p, const Run& run) {
  Run r = run;
  Tensor copies[kMaxProgramInputs];
  for (int i = 0; i < r.n; ++i)
    if (reads_what_it_overwrites(r, i)) r.in[i] = Operand(copies[i] = r.in[i].tensor().detach().clone());
  run_alone(c, p, r);
}

void check(const ProgramCall& planned, const Program& p, const Run& r) {
  if (static_cast<int>(r.out.size()) != p.outputs)
    errors::fail(p.name, "the program has ", p.outputs, " outputs; got ", static_cast<std::int64_t>(r.out.size()));
  const bool record = any_needs_grad(r.inputs());
  for (int j = 0; j < p.outputs; ++j) {
    const Tensor& out = r.out[static_cast<std::size_t>(j)];
    check_out(p.name, out, output_dtype(planned, r, j), r.place, record);
  }
}
void check_outputs_apart(const Program& p, const Run& r) {
  for (std::size_t j = 0; j < r.out.size(); ++j)
    for (std::size_t k = 0; k < j; ++k)
      if (may_share_memory(r.out[j], r.out[k])) errors::fail<RuntimeError>(p.name, "two of the outputs share memory");
}

// The addresses that a tensor's elements reach.
struct Addresses {
  std::intptr_t low, high;

  explicit Addresses(const Tensor& t) {
    const auto first = reinterpret_cast<std::intptr_t>(t.data());
    const Extent e = t.is_contiguous() ? Extent{0, t.numel() - 1} : extent(t.shape(), t.strides());
    low = first + e.low * t.itemsize();
    high = first + (e.high + 1) * t.itemsize();
  }
};

// Whether all tensors lie apart, but for inputs that are overwritten at their place: what an optimizer's step finds,
// and knows then by one sort for all tensors.
bool lie_apart(std::span<const Run> runs) {
  std::vector<Addresses> all;
  all.reserve(runs.size() * kMaxProgramOperands);
  for (const Run& r : runs) {
    for (const Tensor& t : r.out)
      if (t.numel() > 0) all.emplace_back(t);
    for (const Operand& o : r.inputs()) {
      if (!o.is_tensor() || o.tensor().numel() == 0) continue;
      const Tensor& t = o.tensor();
      const auto in_place = [&](const Tensor& out) {
        return out.data() == t.data() && out.dtype() == t.dtype() && out.shape() == t.shape() &&
               out.strides() == t.strides();
      };
      if (std::none_of(r.out.begin(), r.out.end(), in_place)) all.emplace_back(t);
    }
  }
  std::sort(all.begin(), all.end(), [](const Addresses& a, const Addresses& b) { return a.low < b.low; });
  for (std::size_t i = 1; i < all.size(); ++i)
    if (all[i].low < all[i - 1].high) return false;
  return true;
}

// The furthest end of the ranges that were added, and the furthest end of a range of another run.
struct Furthest {
  std::intptr_t end[2] = {INTPTR_MIN, INTPTR_MIN};
  std::size_t run[2] = {0, 0};

  void add(std::intptr_t high, std::size_t of) {
    if (high > end[0]) {
      if (run[0] != of) end[1] = end[0], run[1] = run[0];
      end[0] = high, run[0] = of;
    } else if (of != run[0] && high > end[1]) {
      end[1] = high, run[1] = of;
    }
  }
  bool reaches(std::intptr_t low, std::size_t but) const { return end[run[0] == but] > low; }
};

// Whether runs may not be mixed: one reads or writes what another one writes.
bool depend(std::span<const Run> runs) {
  struct Range {
    std::intptr_t low, high;
    std::size_t run;
    bool written;
  };
  if (runs.size() < 2) return false;
  std::vector<Range> ranges;
  ranges.reserve(runs.size() * kMaxProgramOperands);
  for (std::size_t k = 0; k < runs.size(); ++k) {
    const auto add = [&](const Tensor& t, bool written) {
      if (t.numel() == 0) return;
      const Addresses a(t);
      ranges.push_back({a.low, a.high, k, written});
    };
    for (const Tensor& t : runs[k].out) add(t, true);
    for (const Operand& o : runs[k].inputs())
      if (o.is_tensor()) add(o.tensor(), false);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.low < b.low; });
  Furthest any, written;
  for (const Range& r : ranges) {
    if ((r.written ? any : written).reaches(r.low, r.run)) return true;
    any.add(r.high, r.run);
    if (r.written) written.add(r.high, r.run);
  }
  return false;
}

}  // namespace

Tensor run_program(const Program& p, std::span<const Operand> arguments) {
  Run r;
  prepare(r, p, arguments);
  ProgramCall c;
  plan_steps(c, p, r.types);
  Tensor out = empty_like_operands(r.place, output_dtype(c, r, 0), r.inputs());
  r.out = {&out, 1};
  run_alone(c, p, r);
  return out;
}

Tensor empty_result(const Program& p, std::span<const Operand> arguments) {
  Run r;
  prepare(r, p, arguments);
  ProgramCall c;
  plan_steps(c, p, r.types);
  return empty_like_operands(r.place, output_dtype(c, r, 0), r.inputs());
}

void run_program(const Program& p, std::span<const ProgramArguments> list) {
  std::vector<Run> runs(list.size());
  ProgramCall c;
  const Run* planned = nullptr;
  const auto plan = [&](const Run& r) {  // once for all that compute in the same dtype
    if (!planned || planned->types.compute != r.types.compute) plan_steps(c, p, r.types);
    planned = &r;
  };
  for (std::size_t k = 0; k < list.size(); ++k) {
    prepare(runs[k], p, list[k].in, k ? &runs[k - 1] : nullptr);
    runs[k].out = list[k].out;
    plan(runs[k]);
    check(c, p, runs[k]);
  }
  bool alone = false;
  if (!lie_apart(runs)) {
    for (const Run& r : runs) check_outputs_apart(p, r);
    alone = depend(runs);
    for (const Run& r : runs)
      for (int i = 0; i < r.n && !alone; ++i) alone = reads_what_it_overwrites(r, i);
  }
  std::vector<bool> done(runs.size(), false), dense(runs.size());
  for (std::size_t k = 0; k < runs.size(); ++k) dense[k] = !alone && is_dense(runs[k]);
  for (std::size_t k = 0; k < runs.size(); ++k) {
    if (done[k]) continue;
    plan(runs[k]);
    if (!dense[k]) {
      run_safely(c, p, runs[k]);
      continue;
    }
    fill_call(c, runs[k]);
    std::vector<ProgramSpan> spans;
    for (std::size_t other = k; other < runs.size(); ++other) {
      if (done[other] || !dense[other] || !same_call(c, runs[k], runs[other])) continue;
      done[other] = true;
      if (runs[other].place.shape.product() == 0) continue;
      fill_span(spans.emplace_back(), c, runs[other]);
    }
    if (spans.empty()) continue;
    c.spans = spans.data();
    c.n_spans = static_cast<std::int64_t>(spans.size());
    launch(c, p, runs[k]);
  }
  for (const Run& r : runs)
    for (const Tensor& t : r.out) autograd::after_inplace(t, p.name);
}

}  // namespace tenon
