// Stochastic gradient descent, plain, averaged, and by signs.
#include <algorithm>
#include <cmath>

#include "core/errors.h"
#include "optim/formula.h"

namespace tenon::optim {

void check(const SGDOptions& o) {
  require_not_negative("SGD", "lr", o.lr);
  require_not_negative("SGD", "momentum", o.momentum);
  require_not_negative("SGD", "weight_decay", o.weight_decay);
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
    errors::fail("SGD", "nesterov needs a momentum and no dampening; got momentum ", o.momentum, " and dampening ",
                 o.dampening);
}

void step(std::span<Entry> entries, const SGDOptions& o) {
  enum Number { kDown, kDecay, kMomentum };
  static const auto all = formulas<4>("SGD", [](unsigned flags) {
    const bool momentum = flags & 1, nesterov = flags & 2, decay = flags & 4, maximize = flags & 8;
    return [=](const Terms& t) -> Results {
      const Value g = descent(t, maximize, decay, t.number[kDecay]);
      if (!momentum) return {muladd(g, t.number[kDown], t.parameter)};
      const Value velocity = muladd(g, t.own[1], mul(t.state[0], t.own[0]));
      const Value way = nesterov ? muladd(velocity, t.number[kMomentum], g) : velocity;
      return {muladd(way, t.number[kDown], t.parameter), velocity};
    };
  });
  check(o);
  const auto& formula = all[flags({o.momentum != 0, o.nesterov, o.weight_decay != 0, o.maximize})];
  const auto own = [o](const Entry& e) -> OwnNumbers {
    if (!e.state[0].defined()) return {0, 1, 0};  // the first velocity is the gradient
    return {o.momentum, 1 - o.dampening, 0};
  };
  run(formula.with({-o.lr, o.weight_decay, o.momentum}), entries, o, {own});
}

void check(const ASGDOptions& o) {
  require_not_negative("ASGD", "lr", o.lr);
  require_not_negative("ASGD", "weight_decay", o.weight_decay);
}
void check(const RpropOptions& o) {
  require_not_negative("Rprop", "lr", o.lr);
  if (!(o.eta_minus > 0 && o.eta_minus < 1 && o.eta_plus > 1))
    errors::fail("Rprop", "etas must be one in (0, 1) and one above 1; got ", o.eta_minus, " and ", o.eta_plus);
}

// Polyak and Juditsky, 1992: Acceleration of stochastic approximation by averaging.
void step(std::span<Entry> entries, const ASGDOptions& o) {
  enum Number { kDecay };
  static const auto all = formulas<2>("ASGD", [](unsigned flags) {
    const bool decay = flags & 1, maximize = flags & 2;
    return [=](const Terms& t) -> Results {
      const Value g = descent(t, maximize, decay, t.number[kDecay]);
      const Value next = muladd(g, t.own[1], mul(t.parameter, t.own[0]));
      return {next, lerp(t.state[0], next, t.own[2])};
    };
  });
  check(o);
  for (Entry& e : entries)
    if (e.step == 0 && !e.state[0].defined()) e.number[0] = o.lr;
  const auto own = [o](const Entry& e) -> OwnNumbers { return {1 - o.lambd * e.number[0], -e.number[0], e.number[1]}; };
  const auto after = [o](Entry& e) {
    e.number[0] = o.lr / std::pow(1 + o.lambd * o.lr * e.step, o.alpha);
    e.number[1] = 1 / std::max(1.0, e.step - o.t0);
  };
  run(all[flags({o.weight_decay != 0, o.maximize})].with({o.weight_decay}), entries, o, {own, after});
}

// Riedmiller and Braun, 1993: A direct adaptive method for faster backpropagation learning: the RPROP algorithm.
void step(std::span<Entry> entries, const RpropOptions& o) {
  enum Number { kMinus, kPlus, kLeast, kMost };
  static const auto all = formulas<1>("Rprop", [](unsigned flags) {
    const bool maximize = flags & 1;
    return [=](const Terms& t) -> Results {
      const Value g = maximize ? neg(t.gradient) : t.gradient, same = mul(g, t.state[0]);
      const Value back = lt(same, 0);
      const Value factor = where(gt(same, 0), t.number[kPlus], where(back, t.number[kMinus], 1));
      const Value size = muladd(t.state[1], t.own[0], t.own[1]);  // the first is lr
      const Value next = minimum(maximum(mul(size, factor), t.number[kLeast]), t.number[kMost]);
      const Value way = where(back, 0, g);
      return {sub(t.parameter, mul(sign(way), next)), way, next};
    };
  });
  check(o);
  const auto own = [o](const Entry& e) -> OwnNumbers {
    if (e.state[1].defined()) return {1, 0, 0};
    return {0, o.lr, 0};
  };
  run(all[flags({o.maximize})].with({o.eta_minus, o.eta_plus, o.step_size_min, o.step_size_max}), entries, o, {own});
}

}  // namespace tenon::optim
