// The optimizers against their formulas in double precision, element by element; on the CPU and the simulated device.

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "gradients.h"
#include "sim.h"
#include "tenon/backend.h"
#include "tenon/calls.h"

namespace tenon::test {
namespace {

using namespace tenon::optim;
using Optim = SimTest;

// One element: the parameter, the states and how the step t changes them with a gradient g.
struct Element {
  double p, s[3] = {0, 0, 0};
};
using Rule = std::function<void(Element&, double g, int t)>;

std::vector<Tensor> parameters(DType d, Device device, std::uint64_t seed = 1) {
  std::vector<Tensor> ps;
  for (const Dims& shape : {Dims{3, 4}, Dims{100}, Dims{}, Dims{0, 2}, Dims{7}}) {
    Tensor p = uniform(shape, -1, 1, ++seed, d).to(device);
    p.set_requires_grad(true);
    ps.push_back(p);
  }
  return ps;
}
void set_gradients(const std::vector<Tensor>& ps, std::uint64_t seed) {
  for (const Tensor& p : ps) Tensor(p).set_grad(uniform(p.shape(), -1, 1, ++seed, p.dtype()).to(p.device()));
}

template <class Options>
void expect_rule(const Options& options, const Rule& rule, double initial = 0) {
  for (const Device device : {kCpu, kCuda})
    for (DType d : {DType::float64, DType::float32}) {
      const auto ps = parameters(d, device);
      std::vector<std::vector<Element>> want;
      for (const Tensor& p : ps) {
        want.emplace_back();
        for (const double v : values(p.to(kCpu))) want.back().push_back({v, {initial, initial, initial}});
      }
      Optimizer<Options> optimizer(ps, options);
      for (int t = 1; t <= 8; ++t) {
        set_gradients(ps, static_cast<std::uint64_t>(100 * t));
        std::uint64_t seed = static_cast<std::uint64_t>(100 * t);
        for (std::size_t i = 0; i < ps.size(); ++i) {
          const auto g = values(uniform(ps[i].shape(), -1, 1, ++seed, d));
          for (std::size_t k = 0; k < g.size(); ++k) rule(want[i][k], g[k], t);
        }
        optimizer.step();
      }
      for (std::size_t i = 0; i < ps.size(); ++i) {
        const auto got = values(ps[i].to(kCpu));
        for (std::size_t k = 0; k < got.size(); ++k)
          ASSERT_NEAR(got[k], want[i][k].p, d == DType::float64 ? 1e-12 : 2e-5) << Options::kName << " " << name(d);
        for (int s = 0; s < static_cast<int>(std::size(Options::kState)); ++s) {
          if (!options.keeps(s)) continue;
          const optim::Entry& e = optimizer.entries()[i];
          ASSERT_TRUE(e.state[s].defined());
          EXPECT_EQ(e.state[s].dtype(), d);
          EXPECT_EQ(e.step, 8);
          const auto kept = values(e.state[s].to(kCpu));
          for (std::size_t k = 0; k < kept.size(); ++k)
            ASSERT_NEAR(kept[k], want[i][k].s[s], d == DType::float64 ? 1e-12 : 1e-5)
                << Options::kName << " state " << s;
        }
      }
    }
}

TEST_F(Optim, SGD) {
  expect_rule(SGDOptions{.lr = 0.1, .weight_decay = 0.2},
              [](Element& e, double g, int) { e.p -= 0.1 * (g + 0.2 * e.p); });
  expect_rule(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .maximize = true},
              [](Element& e, double g, int t) {
                e.s[0] = t == 1 ? -g : 0.9 * e.s[0] - 0.5 * g;
                e.p -= 0.1 * e.s[0];
              });
  expect_rule(SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}, [](Element& e, double g, int t) {
    e.s[0] = t == 1 ? g : 0.9 * e.s[0] + g;
    e.p -= 0.1 * (g + 0.9 * e.s[0]);
  });
}

void averages(Element& e, double g) {
  e.s[0] = 0.9 * e.s[0] + 0.1 * g;
  e.s[1] = 0.99 * e.s[1] + 0.01 * g * g;
}

TEST_F(Optim, AdamAndAdamW) {
  expect_rule(AdamOptions{.lr = 0.1, .beta2 = 0.99, .weight_decay = 0.2}, [](Element& e, double g, int t) {
    averages(e, g + 0.2 * e.p);
    e.p -= 0.1 * e.s[0] / (1 - std::pow(0.9, t)) / (std::sqrt(e.s[1] / (1 - std::pow(0.99, t))) + 1e-8);
  });
  expect_rule(
      AdamWOptions{.lr = 0.1, .beta2 = 0.99, .eps = 0.1, .weight_decay = 0.2, .amsgrad = true, .maximize = true},
      [](Element& e, double g, int t) {
        e.p *= 1 - 0.1 * 0.2;
        averages(e, -g);
        e.s[2] = std::max(e.s[2], e.s[1]);
        e.p -= 0.1 * e.s[0] / (1 - std::pow(0.9, t)) / (std::sqrt(e.s[2] / (1 - std::pow(0.99, t))) + 0.1);
      });
}

TEST_F(Optim, AdamaxNAdamAndRAdam) {
  expect_rule(AdamaxOptions{.lr = 0.1, .beta2 = 0.99, .weight_decay = 0.2}, [](Element& e, double g, int t) {
    g += 0.2 * e.p;
    e.s[0] = 0.9 * e.s[0] + 0.1 * g;
    e.s[1] = std::max(0.99 * e.s[1], std::abs(g) + 1e-8);
    e.p -= 0.1 / (1 - std::pow(0.9, t)) * e.s[0] / e.s[1];
  });
  expect_rule(NAdamOptions{.lr = 0.1, .beta2 = 0.99, .weight_decay = 0.2, .decoupled_weight_decay = true},
              [](Element& e, double g, int t) {
                const auto mu = [](int k) { return 0.9 * (1 - 0.5 * std::pow(0.96, k * 4e-3)); };
                double product = 1;
                for (int k = 1; k <= t; ++k) product *= mu(k);
                e.p *= 1 - 0.1 * 0.2;
                averages(e, g);
                const double scale = std::sqrt(e.s[1] / (1 - std::pow(0.99, t))) + 1e-8;
                e.p -= 0.1 * ((1 - mu(t)) / (1 - product) * g + mu(t + 1) / (1 - product * mu(t + 1)) * e.s[0]) / scale;
              });
  expect_rule(RAdamOptions{.lr = 0.1, .beta2 = 0.99}, [](Element& e, double g, int t) {
    averages(e, g);
    const double b = std::pow(0.99, t), limit = 2 / 0.01 - 1, length = limit - 2 * t * b / (1 - b);
    double step = 0.1 * e.s[0] / (1 - std::pow(0.9, t));
    if (length > 5)
      step *= std::sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)) * std::sqrt(1 - b) /
              (std::sqrt(e.s[1]) + 1e-8);
    e.p -= step;
  });
}

TEST_F(Optim, RMSpropAdagradAndAdadelta) {
  expect_rule(RMSpropOptions{.lr = 0.1, .alpha = 0.9}, [](Element& e, double g, int) {
    e.s[0] = 0.9 * e.s[0] + 0.1 * g * g;
    e.p -= 0.1 * g / (std::sqrt(e.s[0]) + 1e-8);
  });
  // 1e-4 below the root: a variance near 0 would magnify the last bits of float32.
  expect_rule(RMSpropOptions{.lr = 0.1, .alpha = 0.9, .eps = 0.1, .momentum = 0.5, .centered = true},
              [](Element& e, double g, int) {
                e.s[0] = 0.9 * e.s[0] + 0.1 * g * g;
                e.s[2] = 0.9 * e.s[2] + 0.1 * g;
                e.s[1] = 0.5 * e.s[1] + g / (std::sqrt(e.s[0] - e.s[2] * e.s[2]) + 0.1);
                e.p -= 0.1 * e.s[1];
              });
  expect_rule(
      AdagradOptions{.lr = 0.1, .lr_decay = 0.5, .weight_decay = 0.2, .initial_accumulator_value = 0.3},
      [](Element& e, double g, int t) {
        g += 0.2 * e.p;
        e.s[0] += g * g;
        e.p -= 0.1 / (1 + (t - 1) * 0.5) * g / (std::sqrt(e.s[0]) + 1e-10);
      },
      0.3);
  expect_rule(AdadeltaOptions{.lr = 0.5, .maximize = true}, [](Element& e, double g, int) {
    e.s[0] = 0.9 * e.s[0] + 0.1 * g * g;
    const double way = -std::sqrt(e.s[1] + 1e-6) / std::sqrt(e.s[0] + 1e-6) * g;
    e.s[1] = 0.9 * e.s[1] + 0.1 * way * way;
    e.p -= 0.5 * way;
  });
}

// A square that overflows once leaves the parameter where it is from then on; it does not become NaN.
TEST_F(Optim, ASGDAndRprop) {
  expect_rule(ASGDOptions{.lr = 0.1, .lambd = 0.2, .alpha = 0.5, .t0 = 3, .weight_decay = 0.3},
              [](Element& e, double g, int t) {
                const double eta = t == 1 ? 0.1 : 0.1 / std::sqrt(1 + 0.2 * 0.1 * (t - 1));
                const double mu = t == 1 ? 1 : 1 / std::max(1.0, t - 1 - 3.0);
                g += 0.3 * e.p;
                e.p = e.p * (1 - 0.2 * eta) - eta * g;
                e.s[0] += mu * (e.p - e.s[0]);
              });
  expect_rule(RpropOptions{.lr = 0.1, .eta_minus = 0.4, .eta_plus = 1.5, .step_size_min = 0.05, .step_size_max = 0.2},
              [](Element& e, double g, int t) {
                if (t == 1) e.s[1] = 0.1;
                const double same = g * e.s[0];
                e.s[1] = std::clamp(e.s[1] * (same > 0 ? 1.5 : same < 0 ? 0.4 : 1), 0.05, 0.2);
                e.s[0] = same < 0 ? 0 : g;
                e.p -= e.s[1] * ((e.s[0] > 0) - (e.s[0] < 0));
              });
}

TEST_F(Optim, AdafactorKeepsARowAndAColumn) {
  for (const Device device : {kCpu, kCuda}) {
    Tensor w = doubles({1, 2, 3, 4, 5, 6}, {2, 3}).to(device), v = doubles({3, 4}).to(device);
    w.set_requires_grad(true);
    v.set_requires_grad(true);
    w.set_grad(doubles({1, 1, 2, 2, 1, 1}, {2, 3}).to(device));
    v.set_grad(doubles({-1, 2}).to(device));
    Adafactor adafactor({w, v}, {.lr = 0.1, .weight_decay = 0.5});
    adafactor.step();
    // At the first step the averages are the squares, and the step's size is lr times that of the parameter.
    const double rows[] = {2, 2}, columns[] = {2.5, 1, 2.5}, g[] = {1, 1, 2, 2, 1, 1};
    double update[6], size = 0;
    for (int i = 0; i < 6; ++i) {
      update[i] = g[i] / std::sqrt(rows[i / 3] * columns[i % 3] / 2);
      size += update[i] * update[i] / 6;
    }
    const double rate = 0.1 * std::sqrt(91.0 / 6) / std::max(1.0, std::sqrt(size));
    const auto got = values(w.to(kCpu));
    for (std::size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(got[i], (static_cast<double>(i) + 1) * 0.95 - rate * update[i], 1e-12);
    const auto entries = adafactor.entries();
    EXPECT_EQ(entries[0].state[0].shape(), (Dims{2, 1}));
    EXPECT_EQ(values(entries[0].state[1].to(kCpu)), (std::vector<double>{2.5, 1, 2.5}));
    EXPECT_FALSE(entries[0].state[2].defined());
    EXPECT_EQ(values(entries[1].state[2].to(kCpu)), (std::vector<double>{1, 4}));
    const double of_v = 0.1 * std::sqrt(12.5);
    EXPECT_NEAR(values(v.to(kCpu))[0], 3 * 0.95 + of_v, 1e-12);
    EXPECT_NEAR(values(v.to(kCpu))[1], 4 * 0.95 - of_v, 1e-12);
  }
}

TEST_F(Optim, ASquareThatOverflowsIsNoNan) {
  Tensor p = leaf({1.0}).detach().to(DType::float32);
  p.set_requires_grad(true);
  optim::Adam adam({p}, {.lr = 0.5});
  for (const double g : {1e30, 1.0, 1.0}) {
    p.set_grad(full({1}, g, DType::float32));
    adam.step();
    EXPECT_EQ(values(p), std::vector<double>{1});
  }
}

TEST_F(Optim, OptionsMayChangeBetweenSteps) {
  Tensor p = leaf({1.0});
  optim::SGD sgd({p}, {.lr = 0.5});
  p.set_grad(doubles({1}));
  sgd.step();
  sgd.options.lr = 0.25;
  sgd.step();
  EXPECT_EQ(values(p), std::vector<double>{0.25});
  sgd.zero_grad();
  EXPECT_FALSE(p.grad().defined());
  sgd.step();
  EXPECT_EQ(values(p), std::vector<double>{0.25});
}

// A C++ program trains: y = x w + b is found from samples.
TEST_F(Optim, ARegressionIsLearnt) {
  for (const Device device : {kCpu, kCuda}) {
    const Tensor x = uniform({200, 3}, -1, 1, 1).to(device), w = doubles({1, -2, 0.5}, {3, 1}).to(device);
    const Tensor y = add(matmul(x, w), 0.25);
    std::vector<Tensor> model{zeros({3, 1}, DType::float64, device), zeros({1}, DType::float64, device)};
    for (Tensor& t : model) t.set_requires_grad(true);
    optim::Adam adam(model, {.lr = 0.05});
    double loss = 0;
    for (int step = 0; step < 400; ++step) {
      const Tensor error = mean(square(sub(add(matmul(x, model[0]), model[1]), y)));
      error.backward();
      adam.step();
      adam.zero_grad();
      loss = error.item<double>();
    }
    EXPECT_LT(loss, 1e-6);
    EXPECT_NEAR(model[1].item<double>(), 0.25, 1e-3);
  }
}

TEST_F(Optim, ChecksEverythingBeforeItWrites) {
  const auto attempt = [](Tensor bad, const Tensor& gradient, auto&& error) {
    Tensor good = leaf({1, 2});
    optim::Entry entries[2];
    entries[0].parameter = good;
    entries[0].gradient = doubles({1, 1});
    entries[1].parameter = bad;
    entries[1].gradient = gradient;
    const std::string text = error([&] { step(entries, AdamOptions{}); });
    EXPECT_EQ(values(good), (std::vector<double>{1, 2}));
    EXPECT_FALSE(entries[0].state[0].defined());
    EXPECT_EQ(entries[0].step, 0);
    return text;
  };
  const auto shape = [](auto f) { return message<ShapeError>(f); };
  const auto runtime = [](auto f) { return message<RuntimeError>(f); };
  const auto dtype = [](auto f) { return message<DtypeError>(f); };
  const auto device = [](auto f) { return message<DeviceError>(f); };
  EXPECT_EQ(attempt(leaf({1, 2}), doubles({1}), shape),
            "Adam: the gradient of parameter 1 has shape (1,), the parameter has shape (2,)");
  EXPECT_EQ(attempt(counting({2}, DType::int64), counting({2}, DType::int64), dtype),
            "Adam: parameters must be floats or complex numbers; parameter 1 is int64");
  EXPECT_EQ(attempt(leaf({1, 2}), counting({2}, DType::int64), dtype),
            "Adam: the gradient of parameter 1 is int64, the parameter is float64");
  EXPECT_EQ(attempt(leaf({1, 2}), doubles({1, 2}).to(kCuda), device),
            "Adam: the gradient of parameter 1 is on cuda:0, the parameter on cpu");
  EXPECT_NE(attempt(expand(doubles({1}), {2}), doubles({1, 2}), runtime), "");
}

TEST_F(Optim, RefusesWrongOptionsAndParameters) {
  const Tensor p = leaf({1.0});
  EXPECT_EQ(message<ValueError>([&] { optim::Adam({p}, {.lr = -1}); }), "Adam: lr must not be negative; got -1");
  EXPECT_EQ(message<ValueError>([&] { optim::RAdam({p}, {.beta1 = 1}); }), "RAdam: beta1 must be in [0, 1); got 1");
  EXPECT_EQ(message<ValueError>([&] { optim::SGD({p}, {.nesterov = true}); }),
            "SGD: nesterov needs a momentum and no dampening; got momentum 0 and dampening 0");
  EXPECT_EQ(message<ValueError>([&] { optim::SGD({}); }), "SGD: there are no parameters");
  EXPECT_EQ(message<ValueError>([&] { optim::SGD({p, p}); }), "SGD: a parameter is there twice");
  EXPECT_EQ(message<ValueError>([&] { optim::SGD({mul(p, 2)}); }),
            "SGD: parameters must be leaf tensors; parameter 0 is the result of an operation, use .detach()");
}

// ---- the size of all gradients ----

TEST_F(Optim, TotalNormAndItsLimit) {
  for (const Device device : {kCpu, kCuda}) {
    auto ps = parameters(DType::float32, device);
    ps.push_back(parameters(DType::bfloat16, device)[1]);
    ps.push_back(leaf({5.0}).detach().to(device));  // without a gradient
    set_gradients({ps.begin(), ps.end() - 1}, 5);
    double sum = 0, largest = 0;
    std::vector<std::vector<double>> before;
    for (const Tensor& p : ps) {
      before.push_back(p.grad().defined() ? values(p.grad().to(kCpu)) : std::vector<double>{});
      for (const double g : before.back()) sum += g * g, largest = std::max(largest, std::abs(g));
    }
    std::vector<Tensor> gradients;
    for (std::size_t i = 0; i + 1 < ps.size(); ++i) gradients.push_back(ps[i].grad());
    EXPECT_NEAR(total_norm(gradients, INFINITY).to(kCpu).item<double>(), largest, 1e-6);
    const Tensor norm = clip_grad_norm_(ps, 0.5);
    EXPECT_EQ(norm.device(), device);
    EXPECT_NEAR(norm.to(kCpu).item<double>(), std::sqrt(sum), 1e-5 * std::sqrt(sum));
    EXPECT_NEAR(total_norm(gradients).to(kCpu).item<double>(), 0.5, 2e-4);
    const auto after = values(ps[1].grad().to(kCpu));
    for (std::size_t k = 0; k < after.size(); ++k) EXPECT_NEAR(after[k], before[1][k] * 0.5 / std::sqrt(sum), 1e-6);
    clip_grad_norm_(ps, 100);  // which is larger: nothing changes
    EXPECT_EQ(values(ps[1].grad().to(kCpu)), after);
  }
  EXPECT_EQ(total_norm({}).item<double>(), 0);
  Tensor p = leaf({1.0});
  p.set_grad(doubles({INFINITY}));
  EXPECT_EQ(message<RuntimeError>([&] { clip_grad_norm_(std::vector{p}, 1, 2, true); }),
            "clip_grad_norm_: the total norm of order 2 is inf; error_if_nonfinite=False scales by it all the same");
  EXPECT_EQ(values(p.grad()), std::vector<double>{INFINITY});
}

// The largest half-precision number is 65504: the norm of such gradients must not be infinite.
TEST_F(Optim, TotalNormOfHalvesDoesNotOverflow) {
  const Tensor g = full({100}, 6e4, DType::float16);
  EXPECT_NEAR(total_norm(std::vector{g}).item<double>(), 10 * g[0].item<double>(), 100);
}

// ---- how often the backend is called ----

// A fresh process, whose device is the CPU with a counter.
int calls_of_a_step() {
  static Backend table = backend(kCpu);
  static int calls = 0;
  table.name = "counting";
  table.device_count = []() noexcept { return 1; };
  table.last_error = [](int, Failure* out) noexcept { *out = Failure{}; };
  table.allocate = [](Stream, std::int64_t bytes, void** out) noexcept {
    *out = std::malloc(static_cast<std::size_t>(bytes));
    return *out ? Status::ok : Status::out_of_memory;
  };
  table.free = [](Stream, void* data, std::int64_t) noexcept {
    std::free(data);
    return Status::ok;
  };
  table.program = [](Stream, const char* op, const ProgramCall& c) noexcept {
    ++calls;
    return backend(kCpu).program({}, op, c);
  };
  register_backend(DeviceType::cuda, &table);
  std::vector<Tensor> ps;
  for (int i = 0; i < 200; ++i) {
    Tensor p = ones({i % 7, 3}, i % 2 ? DType::float32 : DType::float64, kCuda);
    p.set_requires_grad(true);
    p.set_grad(ones(p.shape(), p.dtype(), kCuda));
    ps.push_back(p);
  }
  optim::AdamW adamw(ps);
  adamw.step();
  const int first = calls;
  ps[0].set_grad({});
  adamw.step();  // now one parameter's count of steps differs
  ps[0].set_grad(ones(ps[0].shape(), ps[0].dtype(), kCuda));
  adamw.step();
  std::fprintf(stderr, "%d and %d calls\n", first, calls - first);
  return 0;
}

TEST(OptimDeathTest, AStepIsOneCallForEachDtype) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(calls_of_a_step()), testing::ExitedWithCode(0), "^2 and 4 calls");
}

}  // namespace
}  // namespace tenon::test
