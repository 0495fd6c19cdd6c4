// Steps that are divided by an average, or the sum, of the gradient's squares.
#include "core/errors.h"
#include "optim/formula.h"

namespace tenon::optim {

void check(const RMSpropOptions& o) {
  require_not_negative("RMSprop", "lr", o.lr);
  require_not_negative("RMSprop", "eps", o.eps);
  require_not_negative("RMSprop", "momentum", o.momentum);
  require_not_negative("RMSprop", "weight_decay", o.weight_decay);
  require_not_negative("RMSprop", "alpha", o.alpha);
}
void check(const AdagradOptions& o) {
  require_not_negative("Adagrad", "lr", o.lr);
  require_not_negative("Adagrad", "lr_decay", o.lr_decay);
  require_not_negative("Adagrad", "weight_decay", o.weight_decay);
  require_not_negative("Adagrad", "initial_accumulator_value", o.initial_accumulator_value);
  require_not_negative("Adagrad", "eps", o.eps);
}
void check(const AdadeltaOptions& o) {
  require_not_negative("Adadelta", "lr", o.lr);
  if (!(o.rho >= 0 && o.rho <= 1)) errors::fail("Adadelta", "rho must be in [0, 1]; got ", o.rho);
  require_not_negative("Adadelta", "eps", o.eps);
  require_not_negative("Adadelta", "weight_decay", o.weight_decay);
}

void step(std::span<Entry> entries, const RMSpropOptions& o) {
  enum Number { kDown, kDecay, kKeep, kRest, kEps, kMomentum };
  static const auto all = formulas<4>("RMSprop", [](unsigned flags) {
    const bool momentum = flags & 1, centered = flags & 2, decay = flags & 4, maximize = flags & 8;
    return [=](const Terms& t) -> Results {
      const Value g = descent(t, maximize, decay, t.number[kDecay]);
      const Value square = mean_square(t.state[0], g, t.number[kKeep], t.number[kRest]);
      Results results{square};
      Value variance = square;
      if (centered) {
        const Value mean = lerp(t.state[2], g, t.number[kRest]);
        variance = sub(square, mul(mean, mean));
        results.push_back(mean);
      }
      Value way = div(g, add(sqrt(variance), t.number[kEps]));
      if (momentum) {
        way = muladd(t.state[1], t.number[kMomentum], way);
        results.insert(results.begin() + 1, way);
      }
      results.insert(results.begin(), muladd(way, t.number[kDown], t.parameter));
      return results;
    };
  });
  check(o);
  const auto& formula = all[flags({o.momentum > 0, o.centered, o.weight_decay != 0, o.maximize})];
  run(formula.with({-o.lr, o.weight_decay, o.alpha, 1 - o.alpha, o.eps, o.momentum}), entries, o,
      {[](const Entry&) { return OwnNumbers{}; }});
}

void step(std::span<Entry> entries, const AdagradOptions& o) {
  enum Number { kDecay, kEps };
  static const auto all = formulas<2>("Adagrad", [](unsigned flags) {
    const bool decay = flags & 1, maximize = flags & 2;
    return [=](const Terms& t) -> Results {
      const Value g = descent(t, maximize, decay, t.number[kDecay]), sum = muladd(g, g, t.state[0]);
      return {muladd(div(g, add(sqrt(sum), t.number[kEps])), t.own[0], t.parameter), sum};
    };
  });
  check(o);
  const auto own = [o](const Entry& e) -> OwnNumbers { return {-o.lr / (1 + e.step * o.lr_decay), 0, 0}; };
  run(all[flags({o.weight_decay != 0, o.maximize})].with({o.weight_decay, o.eps}), entries, o, {own},
      o.initial_accumulator_value);
}

void step(std::span<Entry> entries, const AdadeltaOptions& o) {
  enum Number { kDown, kDecay, kKeep, kRest, kEps };
  static const auto all = formulas<2>("Adadelta", [](unsigned flags) {
    const bool decay = flags & 1, maximize = flags & 2;
    return [=](const Terms& t) -> Results {
      const Value g = descent(t, maximize, decay, t.number[kDecay]);
      const Value square = mean_square(t.state[0], g, t.number[kKeep], t.number[kRest]);
      const Value size = div(sqrt(add(t.state[1], t.number[kEps])), sqrt(add(square, t.number[kEps])));
      const Value way = mul(size, g);
      return {muladd(way, t.number[kDown], t.parameter), square,
              mean_square(t.state[1], way, t.number[kKeep], t.number[kRest])};
    };
  });
  check(o);
  run(all[flags({o.weight_decay != 0, o.maximize})].with({-o.lr, o.weight_decay, o.rho, 1 - o.rho, o.eps}), entries, o,
      {[](const Entry&) { return OwnNumbers{}; }});
}

}  // namespace tenon::optim
