// Adam and its relatives: averages of the gradient and of its square, corrected for their start at 0.
#include <cmath>

#include "optim/formula.h"

namespace tenon::optim {
namespace {

template <class Options>
void check_all(const Options& o) {
  require_not_negative(Options::kName, "lr", o.lr);
  require_not_negative(Options::kName, "eps", o.eps);
  require_fraction(Options::kName, "beta1", o.beta1);
  require_fraction(Options::kName, "beta2", o.beta2);
  require_not_negative(Options::kName, "weight_decay", o.weight_decay);
}

// The numbers of all of them: t.number[kEps] and so on.
enum Number { kDecay, kRest1, kKeep2, kRest2, kEps };

// The decay is part of the gradient, or, if it is decoupled, shrinks the parameter.
template <class Options>
Program with(const Formula& f, const Options& o, bool decoupled) {
  return f.with({decoupled ? 1 - o.lr * o.weight_decay : o.weight_decay, 1 - o.beta1, o.beta2, 1 - o.beta2, o.eps});
}

struct Decay {
  bool any, decoupled;

  Value gradient(const Terms& t, bool maximize) const {
    return descent(t, maximize, any && !decoupled, t.number[kDecay]);
  }
  Value parameter(const Terms& t) const { return any && decoupled ? mul(t.parameter, t.number[kDecay]) : t.parameter; }
};

double correction(double beta, double step) { return 1 - std::pow(beta, step); }

template <class Options>
void adam(std::span<Entry> entries, const Options& o, bool decoupled) {
  static const auto all = formulas<4>(Options::kName, [](unsigned flags) {
    const Decay decay{(flags & 1) != 0, (flags & 2) != 0};
    const bool amsgrad = flags & 4, maximize = flags & 8;
    return [=](const Terms& t) -> Results {
      const Value shrunk = decay.parameter(t), g = decay.gradient(t, maximize);
      // The steps from here on are one loop on the CPU.
      const Value mean = lerp(t.state[0], g, t.number[kRest1]);
      const Value square = mean_square(t.state[1], g, t.number[kKeep2], t.number[kRest2]);
      const Value largest = amsgrad ? maximum(t.state[2], square) : square;
      const Value scale = add(sqrt(largest), t.own[1]);
      const Value parameter = muladd(div(mean, scale), t.own[0], shrunk);
      if (amsgrad) return {parameter, mean, square, largest};
      return {parameter, mean, square};
    };
  });
  check(o);
  const auto& formula = all[flags({o.weight_decay != 0, decoupled, o.amsgrad, o.maximize})];
  const auto own = [o](const Entry& e) -> OwnNumbers {
    // The correction of the square's root goes to eps and to the step's size: one factor less for each element.
    const double root = std::sqrt(correction(o.beta2, e.step + 1));
    return {-o.lr * root / correction(o.beta1, e.step + 1), o.eps * root, 0};
  };
  run(with(formula, o, decoupled), entries, o, {own});
}

}  // namespace

void check(const AdamOptions& o) { check_all(o); }
void check(const AdamWOptions& o) { check_all(o); }
void check(const AdamaxOptions& o) { check_all(o); }
void check(const RAdamOptions& o) { check_all(o); }
void check(const NAdamOptions& o) {
  check_all(o);
  require_not_negative("NAdam", "momentum_decay", o.momentum_decay);
}

void step(std::span<Entry> entries, const AdamOptions& o) { adam(entries, o, o.decoupled_weight_decay); }
void step(std::span<Entry> entries, const AdamWOptions& o) { adam(entries, o, true); }

void step(std::span<Entry> entries, const AdamaxOptions& o) {
  static const auto all = formulas<2>("Adamax", [](unsigned flags) {
    const Decay decay{(flags & 1) != 0, false};
    const bool maximize = flags & 2;
    return [=](const Terms& t) -> Results {
      const Value g = decay.gradient(t, maximize);
      const Value mean = lerp(t.state[0], g, t.number[kRest1]);
      const Value largest = maximum(mul(t.state[1], t.number[kKeep2]), add(abs(g), t.number[kEps]));
      return {muladd(div(mean, largest), t.own[0], t.parameter), mean, largest};
    };
  });
  check(o);
  const auto own = [o](const Entry& e) -> OwnNumbers { return {-o.lr / correction(o.beta1, e.step + 1), 0, 0}; };
  run(with(all[flags({o.weight_decay != 0, o.maximize})], o, false), entries, o, {own});
}

void step(std::span<Entry> entries, const NAdamOptions& o) {
  static const auto all = formulas<3>("NAdam", [](unsigned flags) {
    const Decay decay{(flags & 1) != 0, (flags & 2) != 0};
    const bool maximize = flags & 4;
    return [=](const Terms& t) -> Results {
      const Value g = decay.gradient(t, maximize);
      const Value mean = lerp(t.state[0], g, t.number[kRest1]);
      const Value square = mean_square(t.state[1], g, t.number[kKeep2], t.number[kRest2]);
      const Value scale = muladd(sqrt(square), t.own[2], t.number[kEps]);
      const Value by_gradient = muladd(div(g, scale), t.own[0], decay.parameter(t));
      return {muladd(div(mean, scale), t.own[1], by_gradient), mean, square};
    };
  });
  check(o);
  const auto mu = [o](double step) { return o.beta1 * (1 - 0.5 * std::pow(0.96, step * o.momentum_decay)); };
  const auto& formula = all[flags({o.weight_decay != 0, o.decoupled_weight_decay, o.maximize})];
  const auto own = [o, mu](const Entry& e) -> OwnNumbers {
    const double now = e.step + 1, mu_now = mu(now), mu_next = mu(now + 1), product = e.number[0] * mu_now;
    return {-o.lr * (1 - mu_now) / (1 - product), -o.lr * mu_next / (1 - product * mu_next),
            1 / std::sqrt(correction(o.beta2, now))};
  };
  run(with(formula, o, o.decoupled_weight_decay), entries, o, {own, [mu](Entry& e) { e.number[0] *= mu(e.step); }});
}

void step(std::span<Entry> entries, const RAdamOptions& o) {
  static const auto all = formulas<3>("RAdam", [](unsigned flags) {
    const Decay decay{(flags & 1) != 0, (flags & 2) != 0};
    const bool maximize = flags & 4;
    return [=](const Terms& t) -> Results {
      const Value g = decay.gradient(t, maximize);
      const Value mean = lerp(t.state[0], g, t.number[kRest1]);
      const Value square = mean_square(t.state[1], g, t.number[kKeep2], t.number[kRest2]);
      // own[0] is 0 until the variance is known well enough, own[1] from then on; own[2] is eps, or 1 where own[0] is 0.
      const Value rate = add(div(t.own[0], add(sqrt(square), t.own[2])), t.own[1]);
      return {muladd(mean, rate, decay.parameter(t)), mean, square};
    };
  });
  check(o);
  const auto& formula = all[flags({o.weight_decay != 0, o.decoupled_weight_decay, o.maximize})];
  const auto own = [o](const Entry& e) -> OwnNumbers {
    const double now = e.step + 1, rate = -o.lr / correction(o.beta1, now), known = correction(o.beta2, now);
    const double limit = 2 / (1 - o.beta2) - 1, length = limit - 2 * now * std::pow(o.beta2, now) / known;
    if (length <= 5) return {0, rate, 1};
    const double rectified =
        std::sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length) * known);
    return {rate * rectified, 0, o.eps};
  };
  run(with(formula, o, o.decoupled_weight_decay), entries, o, {own});
}

}  // namespace tenon::optim
