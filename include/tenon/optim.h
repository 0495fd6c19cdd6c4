// Optimizers. A step is one pass over memory for all parameters, in one call of the backend for each combination of
// dtypes and devices among them.
//
//   tenon::optim::Adam adam(parameters, {.lr = 1e-3});
//   loss(parameters).backward();
//   adam.step();
//   adam.zero_grad();
#pragma once

#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/tensor.h"

namespace tenon::optim {

// ---- the options of each optimizer; PyTorch's names and defaults ----
// Each has a name, the names of the tensors that it keeps for a parameter, and says which of them these options need.
// counts: whether it counts the steps of a parameter. kNumbers: the names of the numbers that some keep beside the count.

struct SGDOptions {
  static constexpr const char* kName = "SGD";
  static constexpr const char* kState[] = {"momentum_buffer"};
  static constexpr bool counts = false;
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
  bool keeps(int) const { return momentum != 0; }
};

struct AdamOptions {
  static constexpr const char* kName = "Adam";
  static constexpr const char* kState[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  static constexpr bool counts = true;
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false, decoupled_weight_decay = false;
  bool keeps(int i) const { return i < 2 || amsgrad; }
};

struct AdamWOptions {
  static constexpr const char* kName = "AdamW";
  static constexpr const auto& kState = AdamOptions::kState;
  static constexpr bool counts = true;
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2;
  bool amsgrad = false, maximize = false;
  bool keeps(int i) const { return i < 2 || amsgrad; }
};

struct AdamaxOptions {
  static constexpr const char* kName = "Adamax";
  static constexpr const char* kState[] = {"exp_avg", "exp_inf"};
  static constexpr bool counts = true;
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

struct NAdamOptions {
  static constexpr const char* kName = "NAdam";
  static constexpr const char* kState[] = {"exp_avg", "exp_avg_sq"};
  static constexpr const char* kNumbers[] = {"mu_product"};
  static constexpr bool counts = true;
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, momentum_decay = 4e-3;
  bool decoupled_weight_decay = false, maximize = false;
  bool keeps(int) const { return true; }
};

struct RAdamOptions {
  static constexpr const char* kName = "RAdam";
  static constexpr const char* kState[] = {"exp_avg", "exp_avg_sq"};
  static constexpr bool counts = true;
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false, maximize = false;
  bool keeps(int) const { return true; }
};

struct RMSpropOptions {
  static constexpr const char* kName = "RMSprop";
  static constexpr const char* kState[] = {"square_avg", "momentum_buffer", "grad_avg"};
  static constexpr bool counts = true;
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
  bool keeps(int i) const { return i == 0 || (i == 1 ? momentum > 0 : centered); }
};

struct AdagradOptions {
  static constexpr const char* kName = "Adagrad";
  static constexpr const char* kState[] = {"sum"};
  static constexpr bool counts = true;
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

struct AdadeltaOptions {
  static constexpr const char* kName = "Adadelta";
  static constexpr const char* kState[] = {"square_avg", "acc_delta"};
  static constexpr bool counts = true;
  double lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

struct ASGDOptions {
  static constexpr const char* kName = "ASGD";
  static constexpr const char* kState[] = {"ax"};
  static constexpr const char* kNumbers[] = {"eta", "mu"};
  static constexpr bool counts = true;
  double lr = 1e-2, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

struct RpropOptions {
  static constexpr const char* kName = "Rprop";
  static constexpr const char* kState[] = {"prev", "step_size"};
  static constexpr bool counts = true;
  double lr = 1e-2, eta_minus = 0.5, eta_plus = 1.2, step_size_min = 1e-6, step_size_max = 50;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

struct AdafactorOptions {
  static constexpr const char* kName = "Adafactor";
  // The first two of a matrix's squares, along its last dimension and the one before; the third of vectors'.
  static constexpr const char* kState[] = {"row_var", "col_var", "variance"};
  static constexpr bool counts = true;
  double lr = 1e-2, beta2_decay = -0.8;
  std::optional<double> eps1;  // none: the distance from 1 to the next number of the parameter's dtype
  double eps2 = 1e-3, d = 1, weight_decay = 0;
  bool maximize = false;
  bool keeps(int) const { return true; }
};

// Throw ValueError, which names the option and its value, for what no step can be made with.
TENON_API void check(const SGDOptions& o);
TENON_API void check(const AdamOptions& o);
TENON_API void check(const AdamWOptions& o);
TENON_API void check(const AdamaxOptions& o);
TENON_API void check(const NAdamOptions& o);
TENON_API void check(const RAdamOptions& o);
TENON_API void check(const RMSpropOptions& o);
TENON_API void check(const AdagradOptions& o);
TENON_API void check(const AdadeltaOptions& o);
TENON_API void check(const ASGDOptions& o);
TENON_API void check(const RpropOptions& o);
TENON_API void check(const AdafactorOptions& o);

// ---- steps ----

inline constexpr int kMaxStates = 3, kMaxNumbers = 2;

// A parameter, its gradient, and what the optimizer keeps of it.
struct Entry {
  Tensor parameter;
  Tensor gradient;  // undefined: the step leaves the entry alone
  Tensor state[kMaxStates];  // as kState names them; undefined before the first step
  double step = 0;  // the steps that were made
  double number[kMaxNumbers] = {1, 1};  // as kNumbers names them
  // Where step and number stand on the CPU, if they do; a graph's replays count there.
  Tensor step_at, number_at[kMaxNumbers];

  // From there, and to there; nothing where they are undefined.
  TENON_API void read_counts();
  TENON_API void write_counts();
};

// One step for all entries with a gradient: writes to the parameters and states, makes the states that are missing and
// counts. Numbers are computed in float64, float16 and bfloat16 parameters are rounded once, complex ones are pairs of
// real ones. Nothing is recorded. Everything is checked before something is written. Throws as check(); ShapeError for a
// gradient or a state of another shape than the parameter, DtypeError unless all are floats or complex, DeviceError for
// several devices, ReadOnlyError, RuntimeError where elements of a parameter, or parameter and state, share memory.
// In a graph's capture nothing is counted but by replays; states must be there, and options are those of the capture.
// Adafactor's runs parameter by parameter, has no complex ones, and keeps a matrix's row and column instead of its shape.
TENON_API void step(std::span<Entry> entries, const SGDOptions& o);
TENON_API void step(std::span<Entry> entries, const AdamOptions& o);
TENON_API void step(std::span<Entry> entries, const AdamWOptions& o);
TENON_API void step(std::span<Entry> entries, const AdamaxOptions& o);
TENON_API void step(std::span<Entry> entries, const NAdamOptions& o);
TENON_API void step(std::span<Entry> entries, const RAdamOptions& o);
TENON_API void step(std::span<Entry> entries, const RMSpropOptions& o);
TENON_API void step(std::span<Entry> entries, const AdagradOptions& o);
TENON_API void step(std::span<Entry> entries, const AdadeltaOptions& o);
TENON_API void step(std::span<Entry> entries, const ASGDOptions& o);
TENON_API void step(std::span<Entry> entries, const RpropOptions& o);
TENON_API void step(std::span<Entry> entries, const AdafactorOptions& o);

// Throws what step() with these options would, and writes nothing: for what is to be written together with others.
TENON_API void check(const char* optimizer, std::span<const Entry> entries, unsigned states);
template <class Options>
unsigned states_of(const Options& o) {  // those that are kept, as bits
  unsigned bits = 0;
  for (int i = 0; i < static_cast<int>(std::size(Options::kState)); ++i) bits |= unsigned{o.keeps(i)} << i;
  return bits;
}
template <class Options>
void check(std::span<const Entry> entries, const Options& o) {
  check(o);
  check(Options::kName, entries, states_of(o));
}
TENON_API void check(std::span<const Entry> entries, const AdafactorOptions& o);
template <class Options>
constexpr std::span<const char* const> numbers_of() {
  if constexpr (requires { Options::kNumbers; }) return Options::kNumbers;
  else return {};
}

// Throws ValueError for no parameters, one that is there twice, and one that an operation made.
TENON_API void check_parameters(std::string_view optimizer, std::span<const Tensor> parameters);

// Parameters and what is kept of them. Leaf tensors of any floating or complex dtype and device.
template <class Options>
class Optimizer {
 public:
  explicit Optimizer(const std::vector<Tensor>& parameters, const Options& options = {}) : options(options) {
    check_parameters(Options::kName, parameters);
    check(options);
    entries_.resize(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) entries_[i].parameter = parameters[i];
  }

  Options options;  // they may be changed between steps

  // Throws as optim::step().
  void step() {
    for (Entry& e : entries_) e.gradient = e.parameter.grad(), e.read_counts();
    optim::step(entries_, options);
    for (Entry& e : entries_) e.gradient = {}, e.write_counts();
  }
  // Takes the gradients away.
  void zero_grad() {
    for (const Entry& e : entries_) Tensor(e.parameter).set_grad({});
  }
  // Of each parameter, in their order.
  std::span<const Entry> entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

using SGD = Optimizer<SGDOptions>;
using Adam = Optimizer<AdamOptions>;
using AdamW = Optimizer<AdamWOptions>;
using Adamax = Optimizer<AdamaxOptions>;
using NAdam = Optimizer<NAdamOptions>;
using RAdam = Optimizer<RAdamOptions>;
using RMSprop = Optimizer<RMSpropOptions>;
using Adagrad = Optimizer<AdagradOptions>;
using Adadelta = Optimizer<AdadeltaOptions>;
using ASGD = Optimizer<ASGDOptions>;
using Rprop = Optimizer<RpropOptions>;
using Adafactor = Optimizer<AdafactorOptions>;

// ---- the size of all gradients ----

// The p-norm of all elements of all tensors, as a 0-d tensor on the first one's device; 0 for none. Throws DtypeError
// unless all are floats or complex.
TENON_API Tensor total_norm(std::span<const Tensor> tensors, double p = 2);
// Multiplies the tensors by max_norm / (norm + 1e-6) where that is below 1, in one call of the backend for each
// combination of dtypes and devices. The host does not wait. Throws as foreach_().
TENON_API void scale_to_norm(std::span<const Tensor> tensors, double max_norm, const Tensor& norm);
// Scales the gradients of the parameters so that the p-norm of all their elements is max_norm at most. Returns the norm
// that they had. Throws RuntimeError where error_if_nonfinite is asked for and the norm is not finite.
TENON_API Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, double p = 2,
                                 bool error_if_nonfinite = false);

}  // namespace tenon::optim
