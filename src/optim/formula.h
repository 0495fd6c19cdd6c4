// How an optimizer's step is written: an elementwise program over a parameter, its gradient and its states.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <initializer_list>
#include <span>
#include <vector>

#include "tenon/graph.h"
#include "tenon/optim.h"
#include "tenon/program_steps.h"

namespace tenon::optim {

using steps::Value;

inline constexpr int kOwnNumbers = 3;
using OwnNumbers = std::array<double, kOwnNumbers>;

// What a formula is written with. Its numbers are of two kinds: the call's, which all parameters share, and a
// parameter's own, which follow from its count of steps.
struct Terms {
  Value parameter, gradient;
  Value state[kMaxStates];
  Value own[kOwnNumbers];
  Value number[kMaxProgramNumbers];
};
// The parameter and the states after the step, in the order of the states that are kept.
using Results = std::vector<Value>;

// A program whose numbers are set anew for each step.
class Formula {
 public:
  Formula(const char* name, const std::function<Results(const Terms&)>& f);
  Program with(std::initializer_list<double> numbers) const;

 private:
  Program program_;
  std::array<int, kMaxProgramNumbers> place_;  // among the program's numbers; -1: not used
};

// A formula for each combination of so many flags. f(flags) returns the function that writes it.
template <int Flags, class F>
std::vector<Formula> formulas(const char* name, F&& f) {
  std::vector<Formula> all;
  for (unsigned flags = 0; flags < 1u << Flags; ++flags) all.emplace_back(name, f(flags));
  return all;
}
inline std::size_t flags(std::initializer_list<bool> set) {
  std::size_t bits = 0;
  for (std::size_t i = 0; const bool b : set) bits |= std::size_t{b} << i++;
  return bits;
}

struct Counting {
  std::function<OwnNumbers(const Entry&)> own;  // a parameter's own numbers
  std::function<void(Entry&)> after = {};  // what changes with each step beside the count
};
// Runs a program of a formula for the entries with a gradient, and counts. states: which are kept, as bits; those that
// are missing begin with `initial`. A graph keeps `counting`, whose functions hold options by value.
void run(const Program& program, const char* name, std::span<Entry> entries, unsigned states, double initial,
         const Counting& counting);
template <class Options>
void run(const Program& program, std::span<Entry> entries, const Options& o, const Counting& counting,
         double initial = 0) {
  run(program, Options::kName, entries, states_of(o), initial, counting);
}

// ---- captured.cc ----

// The numbers of entries in a capture: each stands in memory, where replays of the graph renew it.
class CapturedNumbers;
std::shared_ptr<CapturedNumbers> capture_numbers(GraphParts& graph, const Counting& counting);
// Tensors without dimensions. alike: the entry counts as the one before.
std::array<Tensor, kOwnNumbers> numbers_in_memory(CapturedNumbers& numbers, Entry& e, bool alike);
// The graph that steps on the entries' device are captured into; null: none.
std::shared_ptr<GraphParts> capturing_graph(std::span<const Entry> entries);

// ---- parts that several formulas have ----

// The direction in which the parameter goes down, with the decay that is part of the gradient.
inline Value descent(const Terms& t, bool maximize, bool decay, const Value& weight_decay) {
  const Value g = maximize ? neg(t.gradient) : t.gradient;
  return decay ? muladd(t.parameter, weight_decay, g) : g;
}
// keep * average + (1 - keep) * x * x. (Not lerp: that is NaN, where a square was too large before.)
inline Value mean_square(const Value& average, const Value& x, const Value& keep, const Value& rest) {
  const Value scaled = mul(x, rest), kept = mul(average, keep);  // in this order, in which the CPU has one loop for it
  return muladd(scaled, x, kept);
}

// ---- options ----

// Throws unless the value of an option is not negative.
void require_not_negative(const char* optimizer, const char* option, double value);
// Throws unless 0 <= value < 1.
void require_fraction(const char* optimizer, const char* option, double value);

}  // namespace tenon::optim
