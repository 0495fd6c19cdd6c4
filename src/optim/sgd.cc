// Stochastic gradient descent.
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
  run(formula.with({-o.lr, o.weight_decay, o.momentum}), entries, o, [&](const Entry& e) -> OwnNumbers {
    if (!e.state[0].defined()) return {0, 1, 0};  // the first velocity is the gradient
    return {o.momentum, 1 - o.dampening, 0};
  });
}

}  // namespace tenon::optim
