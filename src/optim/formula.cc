#include "optim/formula.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/errors.h"
#include "plan/loop.h"
#include "tenon/autograd.h"
#include "tenon/ops/creation.h"
#include "tenon/ops/view.h"

namespace tenon::optim {
namespace {

// The arguments of a formula's program: the parameter, the gradient, the states, the parameter's own numbers.
constexpr int kTensors = 2 + kMaxStates, kArguments = kTensors + kOwnNumbers;
static_assert(kArguments <= kMaxProgramInputs);

// A call's number i stands in the program as this, until it is set. No formula has such a number of its own.
double stand_in(int i) { return 1e6 + i; }

void check_entry(const char* name, std::size_t i, const Entry& e, unsigned states) {
  const Tensor& p = e.parameter;
  const auto at = static_cast<std::int64_t>(i);
  if (!(is_floating(p.dtype()) || is_complex(p.dtype())) || is_float8(p.dtype()))
    errors::fail<DtypeError>(name, "parameters must be floats or complex numbers; parameter ", at, " is ", p.dtype());
  const auto check = [&](const char* what, const Tensor& t) {
    if (t.shape() != p.shape())
      errors::fail<ShapeError>(name, "the ", what, " of parameter ", at, " has shape ", t.shape(),
                               ", the parameter has shape ", p.shape());
    if (t.device() != p.device())
      errors::fail<DeviceError>(name, "the ", what, " of parameter ", at, " is on ", t.device(), ", the parameter on ",
                                p.device());
    if (t.dtype() != p.dtype() &&
        (is_complex(t.dtype()) != is_complex(p.dtype()) || !(is_floating(t.dtype()) || is_complex(t.dtype()))))
      errors::fail<DtypeError>(name, "the ", what, " of parameter ", at, " is ", t.dtype(), ", the parameter is ",
                               p.dtype());
  };
  check("gradient", e.gradient);
  for (int k = 0; k < kMaxStates; ++k)
    if (states >> k & 1 && e.state[k].defined()) check("state", e.state[k]);
}

Tensor first_state(const Tensor& p, double value) {
  const Scalar s = is_complex(p.dtype()) ? Scalar(complex128{value, value}) : Scalar(value);
  return full(p.shape(), s, p.dtype(), p.device());
}

// One entry's part of the call.
struct Work {
  Entry* entry = nullptr;
  Tensor made[kMaxStates];  // states that were missing
  Tensor real[kTensors];  // complex tensors as pairs of real numbers
  std::array<Operand, kArguments> arguments{0, 0, 0, 0, 0, 0, 0, 0};
  std::array<Tensor, 1 + kMaxStates> results;
  std::size_t n_results = 0;

  void fill(Entry& e, unsigned states, double initial, const std::array<Operand, kOwnNumbers>& own) {
    entry = &e;
    add(0, e.parameter, true);
    add(1, e.gradient, false);
    for (int k = 0; k < kMaxStates; ++k) {
      if (!(states >> k & 1)) continue;
      if (!e.state[k].defined()) made[k] = first_state(e.parameter, initial);
      add(2 + static_cast<std::size_t>(k), made[k].defined() ? made[k] : e.state[k], true);
    }
    for (std::size_t i = 0; i < own.size(); ++i) std::construct_at(&arguments[kTensors + i], own[i]);
  }
  void add(std::size_t i, const Tensor& t, bool result) {
    const bool pairs = is_complex(t.dtype());
    if (pairs) real[i] = view_as_real(t);
    const Tensor& argument = pairs ? real[i] : t;
    std::construct_at(&arguments[i], argument);  // where it stays: copying what was just written would wait for it
    if (result) results[n_results++] = argument;
  }
  ProgramArguments run() const { return {arguments, {results.data(), n_results}}; }
};

// A state that a graph would make would be made anew by each replay.
void require_states(const char* name, std::span<const Entry> entries, unsigned states) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    for (int k = 0; k < kMaxStates; ++k)
      if (entries[i].gradient.defined() && states >> k & 1 && !entries[i].state[k].defined())
        errors::fail<RuntimeError>(name, "the states of parameter ", static_cast<std::int64_t>(i),
                                   " are made by its first step, which cannot be captured into a graph; make one step "
                                   "before the capture");
}

}  // namespace

Formula::Formula(const char* name, const std::function<Results(const Terms&)>& f) {
  steps::Builder b(name, kArguments, 0, false);
  Terms t{b.argument(0),
          b.argument(1),
          {b.argument(2), b.argument(3), b.argument(4)},
          {b.argument(kTensors), b.argument(kTensors + 1), b.argument(kTensors + 2)},
          {0, 0, 0, 0, 0, 0, 0, 0}};
  for (int i = 0; i < kMaxProgramNumbers; ++i) t.number[i] = stand_in(i);
  program_ = b.finish(f(t));
  place_.fill(-1);
  for (int i = 0; i < kMaxProgramNumbers; ++i)
    for (int k = 0; k < program_.numbers; ++k)
      if (program_.number[k].to<double>() == stand_in(i)) place_[static_cast<std::size_t>(i)] = k;
}

Program Formula::with(std::initializer_list<double> numbers) const {
  Program p = program_;
  for (std::size_t i = 0; const double number : numbers)
    if (const int k = place_[i++]; k >= 0) p.number[k] = number;
  return p;
}

void check(const char* optimizer, std::span<const Entry> entries, unsigned states) {
  const NoGrad guard;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& e = entries[i];
    if (!e.gradient.defined()) continue;
    check_entry(optimizer, i, e, states);
    autograd::check_inplace(e.parameter, optimizer, false);
    for (int k = 0; k < kMaxStates; ++k) {
      if (!(states >> k & 1) || !e.state[k].defined()) continue;
      autograd::check_inplace(e.state[k], optimizer, false);
      if (may_share_memory(e.state[k], e.parameter))
        errors::fail<RuntimeError>(optimizer, "a state of parameter ", static_cast<std::int64_t>(i),
                                   " shares memory with the parameter");
    }
  }
}

void run(const Program& program, const char* name, std::span<Entry> entries, unsigned states, double initial,
         const Counting& counting) {
  const NoGrad guard;
  const auto graph = capturing_graph(entries);
  const auto captured = graph ? capture_numbers(*graph, counting) : nullptr;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].gradient.defined()) check_entry(name, i, entries[i], states);
  if (captured) require_states(name, entries, states);
  std::vector<Work> all(entries.size());
  std::vector<ProgramArguments> runs;
  runs.reserve(entries.size());
  const Entry* last = nullptr;  // most have made as many steps as the one before
  std::array<Operand, kOwnNumbers> numbers{0, 0, 0};
  std::vector<std::array<Tensor, kOwnNumbers>> in_memory(captured ? entries.size() : 0);  // what numbers refer to then
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& e = entries[i];
    if (!e.gradient.defined()) continue;
    const bool alike = last && last->step == e.step && std::ranges::equal(last->number, e.number) &&
                       last->state[0].defined() == e.state[0].defined();
    if (captured) std::ranges::copy(in_memory[i] = numbers_in_memory(*captured, e, alike), numbers.begin());
    else if (!alike) std::ranges::copy(counting.own(e), numbers.begin());
    last = &e;
    all[i].fill(e, states, initial, numbers);
    runs.push_back(all[i].run());
  }
  run_program(program, runs);
  for (Work& w : all) {
    if (!w.entry) continue;
    for (int k = 0; k < kMaxStates; ++k)
      if (w.made[k].defined()) w.entry->state[k] = std::move(w.made[k]);
    if (captured) continue;
    ++w.entry->step;
    if (counting.after) counting.after(*w.entry);
  }
}

void require_not_negative(const char* optimizer, const char* option, double value) {
  if (!(value >= 0)) errors::fail(optimizer, option, " must not be negative; got ", value);
}
void require_fraction(const char* optimizer, const char* option, double value) {
  if (!(value >= 0 && value < 1)) errors::fail(optimizer, option, " must be in [0, 1); got ", value);
}

void check_parameters(std::string_view optimizer, std::span<const Tensor> parameters) {
  if (parameters.empty()) errors::fail(optimizer, "there are no parameters");
  std::vector<const TensorImpl*> seen;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].is_leaf())
      errors::fail(optimizer, "parameters must be leaf tensors; parameter ", static_cast<std::int64_t>(i),
                   " is the result of an operation, use .detach()");
    seen.push_back(parameters[i].impl());
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) errors::fail(optimizer, "a parameter is there twice");
}

}  // namespace tenon::optim
