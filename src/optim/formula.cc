#include "optim/formula.h"

#include <algorithm>
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
    if (is_complex(t.dtype()) != is_complex(p.dtype()) || !(is_floating(t.dtype()) || is_complex(t.dtype())))
      errors::fail<DtypeError>(name, "the ", what, " of parameter ", at, " is ", t.dtype(), ", the parameter is ",
                               p.dtype());
  };
  check("gradient", e.gradient);
  autograd::check_inplace(p, name, false);
  for (int k = 0; k < kMaxStates; ++k) {
    if (!(states >> k & 1) || !e.state[k].defined()) continue;
    check("state", e.state[k]);
    autograd::check_inplace(e.state[k], name, false);
    if (may_share_memory(e.state[k], p))
      errors::fail<RuntimeError>(name, "a state of parameter ", at, " shares memory with the parameter");
  }
}

// Complex numbers are pairs of real ones.
Tensor as_real(const Tensor& t) { return is_complex(t.dtype()) ? view_as_real(t) : t; }

Tensor first_state(const Tensor& p, double value) {
  const Scalar s = is_complex(p.dtype()) ? Scalar(complex128{value, value}) : Scalar(value);
  return full(p.shape(), s, p.dtype(), p.device());
}

// One entry's part of the call.
struct Work {
  Entry* entry;
  Tensor made[kMaxStates];  // states that were missing
  Tensor in[kTensors];
  std::vector<Operand> arguments;
  std::vector<Tensor> results;

  Work(Entry& e, unsigned states, double initial, const OwnNumbers& own) : entry(&e) {
    in[0] = as_real(e.parameter);
    in[1] = as_real(e.gradient);
    results.reserve(1 + kMaxStates);
    results.push_back(in[0]);
    for (int k = 0; k < kMaxStates; ++k) {
      if (!(states >> k & 1)) continue;
      if (!e.state[k].defined())
        made[k] = first_state(e.parameter, initial);
      in[2 + k] = as_real(made[k].defined() ? made[k] : e.state[k]);
      results.push_back(in[2 + k]);
    }
    arguments.reserve(kArguments);
    for (const Tensor& t : in) arguments.emplace_back(t);
    for (const double number : own) arguments.emplace_back(number);
  }
};

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
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].gradient.defined()) check_entry(optimizer, i, entries[i], states);
}

void run(const Program& program, const char* name, std::span<Entry> entries, unsigned states, double initial,
         const std::function<OwnNumbers(const Entry&)>& own) {
  const NoGrad guard;
  check(name, entries, states);
  std::vector<Work> all;
  all.reserve(entries.size());
  for (Entry& e : entries)
    if (e.gradient.defined()) all.emplace_back(e, states, initial, own(e));
  std::vector<ProgramArguments> runs;
  runs.reserve(all.size());
  for (const Work& w : all) runs.push_back({w.arguments, w.results});
  run_program(program, runs);
  for (Work& w : all) {
    for (int k = 0; k < kMaxStates; ++k)
      if (w.made[k].defined()) w.entry->state[k] = std::move(w.made[k]);
    ++w.entry->step;
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
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end())
    errors::fail(optimizer, "a parameter is there twice");
}

}  // namespace tenon::optim
