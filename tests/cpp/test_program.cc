// Elementwise programs against their steps one after another, in the dtype that they compute in.
#include "helpers.h"

#include <cmath>

#include "autograd/derivatives.h"
#include "gradients.h"
#include "plan/program.h"
#include "tenon/program_steps.h"

namespace {

using namespace tenon;
using derive::cj;
using test::counting;
using test::message;
using test::uniform;
using test::values;

// Before anything asks for a backend.
[[maybe_unused]] const bool g_set = setenv("TENON_CUDA_LIB", TENON_SIM_LIBRARY, 0) == 0;
constexpr Device kCuda{DeviceType::cuda, 0};

// What a program computes, by single operations: every operand in the compute dtype first, nothing rounded yet.
std::vector<Tensor> by_steps(const Program& p, const std::vector<Operand>& arguments, const ProgramTypes& types) {
  std::vector<Tensor> r;
  for (int i = 0; i < p.arguments; ++i) {
    if (!(p.used >> i & 1)) continue;
    const Operand& o = arguments[static_cast<std::size_t>(i)];
    const DType d = p.masks >> i & 1 ? DType::bool_ : types.compute;
    r.push_back(o.is_tensor() ? to(o.tensor().to(kCpu), d, {}, true) : full({}, o.scalar(), d));
  }
  for (int i = 0; i < p.numbers; ++i) r.push_back(full({}, p.number[i], types.compute));
  for (int s = 0; s < p.steps; ++s) {
    std::vector<Operand> in;
    for (int k = 0; k < info(p.step[s].op).arity; ++k) in.emplace_back(r[p.step[s].in[k]]);
    Tensor y = elementwise(p.step[s].op, in);
    r.push_back(std::move(y));
  }
  std::vector<Tensor> out;
  for (int j = 0; j < p.outputs; ++j) out.push_back(r[p.output[j]]);
  return out;
}

// The last bits of a function may depend on where in a vector an element stands.
void expect_same(const std::string& what, const Tensor& got, const Tensor& want) {
  ASSERT_EQ(got.shape(), want.shape()) << what;
  ASSERT_EQ(got.dtype(), want.dtype()) << what;
  const auto x = values<complex128>(got.to(kCpu)), y = values<complex128>(want);
  const DType real = real_dtype(got.dtype());
  const double eps = !is_floating(real)       ? 0
                     : real == DType::float64 ? 0x1p-50
                     : real == DType::float32 ? 0x1p-21
                     : real == DType::float16 ? 0x1p-9
                                              : 0x1p-6;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto same = [&](double a, double b) {
      return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= eps * std::max(1., std::abs(b));
    };
    ASSERT_TRUE(same(x[i].re, y[i].re) && same(x[i].im, y[i].im))
        << what << ", element " << i << ": " << x[i].re << " + " << x[i].im << "i, not " << y[i].re << " + " << y[i].im
        << "i";
  }
}

DType promoted(const std::vector<Operand>& in, std::uint32_t masks = 0) {
  DType d = DType::bool_;
  bool any = false;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!in[i].is_tensor() || masks >> i & 1) continue;
    d = any ? promote(d, in[i].tensor().dtype()) : in[i].tensor().dtype();
    any = true;
  }
  for (const Operand& o : in)
    if (!o.is_tensor()) d = o.scalar().promote_with(d);
  return d;
}

void expect_program(const std::string& what, const Program& p, const std::vector<Operand>& in) {
  const ProgramTypes types = program_types(p, promoted(in, p.masks));
  const Tensor want = by_steps(p, in, types)[0];
  expect_same(what, run_program(p, in), to(want, result_dtype(types, want.dtype())));
}

const Program kMulAdd = make_program<3>("mul_add", [](auto a, auto b, auto c) { return add(mul(a, b), c); });
const Program kWaves = make_program<2>("waves", [](auto a, auto b) {
  const auto s = sin(a);
  return add(mul(s, s), mul(cos(mul(b, 0.5)), sub(s, b)));
});
const Program kChoice = make_program<3>(
    "choice", [](auto m, auto a, auto b) { return where(logical_and(m, gt(a, b)), exp(neg(a)), maximum(b, 0.25)); }, 1);

constexpr DType kFloats[] = {DType::float16, DType::bfloat16, DType::float32, DType::float64};
constexpr DType kNumbers[] = {DType::float16, DType::bfloat16, DType::float32,   DType::float64,   DType::int8,
                              DType::int64,   DType::uint16,   DType::complex64, DType::complex128};

// Tensors of one shape (or one that broadcasts to it) in many layouts.
std::vector<Tensor> layouts(DType d, std::uint64_t seed) {
  const auto of = [&](const Dims& shape) { return uniform(shape, -3, 3, ++seed, d); };
  return {of({12, 300}),
          T(of({300, 12})),
          flip(of({12, 300})),
          slice(of({12, 900}), 1, 1, {}, 3),
          slice(of({12, 303}), 1, 2, 302),
          slice(of({24, 300}), 0, 1, {}, 2),
          of({1, 300}),
          of({12, 1}),
          of({300}),
          of({})};
}

TEST(Program, AgreesWithItsStepsForEveryDtypeAndLayout) {
  for (DType d : kNumbers) {
    const auto a = layouts(d, 1), b = layouts(d, 50), c = layouts(d, 90);
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < b.size(); ++j)
        expect_program(std::string(name(d)) + " " + std::to_string(i) + " " + std::to_string(j), kMulAdd,
                       {a[i], b[j], c[(i + j) % c.size()]});
    for (std::size_t i = 0; i < a.size(); ++i)
      expect_program(std::string(name(d)), kWaves, {a[i], b[(i + 3) % b.size()]});
  }
  for (DType d : kFloats) {
    const auto a = layouts(d, 7), b = layouts(d, 8);
    const Tensor mask = gt(uniform({12, 300}, -1, 1, 5), 0);
    for (std::size_t i = 0; i < a.size(); ++i)
      for (const Tensor& m : {mask, T(gt(uniform({300, 12}, -1, 1, 5), 0)), slice(mask, 0, 0, 1)})
        expect_program(std::string(name(d)), kChoice, {m, a[i], b[(2 * i) % b.size()]});
  }
}

TEST(Program, MixesDtypes) {
  const Tensor half = uniform({500}, -3, 3, 1, DType::float16), single = uniform({500}, -3, 3, 2, DType::float32),
               wide = uniform({500}, -3, 3, 3), integers = counting({500}, DType::int32),
               complex = uniform({500}, -3, 3, 4, DType::complex64);
  for (const Tensor& a : {half, single, wide, integers, complex})
    for (const Tensor& b : {half, single, wide, integers, complex}) {
      expect_program("mixed", kMulAdd, {a, b, single});
      expect_program("a number", kMulAdd, {a, 2, b});
      expect_program("a fraction", kMulAdd, {0.5, a, b});
    }
  EXPECT_EQ(run_program(kMulAdd, {half, half, 1}).dtype(), DType::float16);
  EXPECT_EQ(run_program(kMulAdd, {integers, integers, 0.5}).dtype(), default_float());
  EXPECT_EQ(run_program(kWaves, {integers, integers}).dtype(), default_float());
}

TEST(Program, EverySizeAndAlignment) {
  for (std::int64_t n : {0, 1, 2, 63, 64, 1023, 1024, 1025, 5000, 200'000})
    for (std::int64_t from : {0, 1, 3}) {
      const Tensor a = slice(uniform({n + 3}, -3, 3, 1, DType::float32), 0, from, n + from);
      const Tensor b = slice(uniform({n + 3}, -3, 3, 2, DType::float32), 0, 3 - from, n + 3 - from);
      expect_program("size " + std::to_string(n), kMulAdd, {a, b, a});
      expect_program("size " + std::to_string(n), kWaves, {a, b});
    }
}

// Programs that nobody would write: values that live long, that are outputs and go on, that are used twice.
TEST(Program, RandomStepsAgree) {
  static constexpr Op kUnary[] = {Op::neg, Op::abs, Op::square, Op::sign, Op::floor};
  static constexpr Op kBinary[] = {Op::add, Op::sub, Op::mul, Op::maximum, Op::minimum};
  std::mt19937_64 random(11);
  for (int round = 0; round < 400; ++round) {
    const int inputs = 1 + static_cast<int>(random() % 5), steps = 1 + static_cast<int>(random() % kMaxSteps);
    const int outputs = 1 + static_cast<int>(random() % 3);
    Program p;
    p.name = "random";
    p.arguments = p.inputs = inputs;
    p.used = (1u << inputs) - 1;
    p.numbers = 2;
    p.number[0] = 0.5;
    p.number[1] = -2;
    p.steps = steps;
    for (int s = 0; s < steps; ++s) {
      const auto below = static_cast<std::uint64_t>(inputs + 2 + s);
      p.step[s].op = random() % 3 ? kBinary[random() % 5] : kUnary[random() % 5];
      for (auto& r : p.step[s].in) r = static_cast<std::uint8_t>(random() % below);
    }
    p.outputs = outputs;
    for (int j = 0; j < outputs; ++j) p.output[j] = static_cast<std::uint8_t>(random() % (inputs + 2 + steps));
    const DType d = kFloats[random() % 4];
    const Dims shape = random() % 2 ? Dims{3, 700} : Dims{2100};
    std::vector<Tensor> in, out;
    for (int i = 0; i < inputs; ++i) in.push_back(uniform(shape, -2, 2, random(), kFloats[random() % 4]));
    for (int j = 0; j < outputs; ++j) out.push_back(empty(shape, d));
    // Some outputs are inputs, too.
    for (int j = 0; j < outputs; ++j)
      if (random() % 2 && j < inputs) out[static_cast<std::size_t>(j)] = in[static_cast<std::size_t>(inputs - 1 - j)];
    const std::vector<Operand> operands(in.begin(), in.end());
    const auto want = by_steps(p, operands, program_types(p, promoted(operands)));
    const ProgramArguments run{operands, out};
    run_program(p, {&run, 1});
    for (int j = 0; j < outputs; ++j)
      expect_same("round " + std::to_string(round) + ", output " + std::to_string(j), out[static_cast<std::size_t>(j)],
                  expand(to(want[static_cast<std::size_t>(j)], out[static_cast<std::size_t>(j)].dtype()), shape));
    if (HasFatalFailure()) return;
  }
}

TEST(Program, HasOutputsOfSeveralKinds) {
  const Program p = make_program<2>("kinds", [](auto a, auto b) { return std::array{mul(a, b), lt(a, b), abs(a)}; });
  const Tensor a = uniform({40}, -1, 1, 1, DType::float16), b = uniform({40}, -1, 1, 2, DType::float16);
  const Tensor out[] = {empty({40}, DType::float16), empty({40}, DType::bool_), empty({40}, DType::float64)};
  const Operand in[] = {a, b};
  const ProgramArguments run{in, out};
  run_program(p, {&run, 1});
  expect_same("mul", out[0], mul(a, b));
  expect_same("lt", out[1], lt(a, b));
  expect_same("abs", out[2], abs(a).to(DType::float64));
  EXPECT_EQ(out[0].storage().version(), 1u);

  const Program modulus = make_program<1>("modulus", [](auto z) { return mul(abs(z), abs(z)); });
  const Tensor z = uniform({40}, -1, 1, 1, DType::complex64);
  expect_same("modulus", run_program(modulus, {z}), square(abs(z)));
}

TEST(Program, KeepsOperandsOrder) {
  const Tensor a = T(uniform({30, 40}, -1, 1, 1)), b = T(uniform({30, 40}, -1, 1, 2));
  EXPECT_EQ(run_program(kMulAdd, {a, b, 1}).strides(), a.strides());
  EXPECT_TRUE(run_program(kMulAdd, {a, b.contiguous(), 1}).is_contiguous());
}

TEST(Program, WritesInPlaceAndOverlapping) {
  for (std::int64_t n : {100, 100'000}) {
    const Program swap = make_program<2>("swap", [](auto a, auto b) { return std::array{add(b, 0), add(a, 0)}; });
    Tensor a = uniform({n}, -1, 1, 1), b = uniform({n}, -1, 1, 2);
    const Tensor was_a = clone(a), was_b = clone(b);
    const Operand in[] = {a, b};
    const Tensor out[] = {a, b};
    const ProgramArguments run{in, out};
    run_program(swap, {&run, 1});
    expect_same("swap", a, was_b);
    expect_same("swap", b, was_a);

    Tensor t = uniform({n + 1}, -1, 1, 3);
    const Tensor low = slice(t, 0, 0, n), high = slice(t, 0, 1, n + 1), want = add(mul(low, 3), 1);
    const Operand shifted[] = {low, 3, 1};
    const ProgramArguments overlapping{shifted, {&high, 1}};
    run_program(kMulAdd, {&overlapping, 1});
    expect_same("shifted", high, want);
  }
}

TEST(Program, ChecksEverythingBeforeItWrites) {
  Tensor good = counting({10}), leaf = test::leaf(counting({10})), other = counting({11});
  Tensor fixed = alias(counting({10}), 0, {10}, {1});
  fixed = expand(counting({1}), {10});
  const auto attempt = [&](const Tensor& second, const Operand& operand) {
    const Operand in1[] = {good, 2, 1}, in2[] = {operand, 2, 1};
    const ProgramArguments runs[] = {{in1, {&good, 1}}, {in2, {&second, 1}}};
    run_program(kMulAdd, runs);
  };
  EXPECT_NE(message<GradError>([&] { attempt(leaf, good); }).find("mul_add"), std::string::npos);
  EXPECT_NE(message<ShapeError>([&] { attempt(other, good); }), "");
  EXPECT_NE(message<RuntimeError>([&] { attempt(fixed, good); }), "");
  EXPECT_NE(message<DtypeError>([&] { attempt(empty({10}, DType::int32), good); }), "");
  EXPECT_NE(message<GradError>([&] { attempt(counting({10}), leaf); }), "");
  EXPECT_EQ(values(good), values(counting({10})));
  EXPECT_EQ(good.storage().version(), 0u);

  const Program two = make_program<1>("two", [](auto a) { return std::array{add(a, 1), add(a, 2)}; });
  const Tensor both[] = {good, slice(good, 0, 0, 10)};
  const Operand in[] = {good};
  const ProgramArguments run{in, both};
  EXPECT_EQ(message<RuntimeError>([&] { run_program(two, {&run, 1}); }), "two: two of the outputs share memory");
}

TEST(Program, RefusesWhatASingleOperationRefuses) {
  const Program shifted = make_program<2>("shifted", [](auto a, auto b) { return add(left_shift(a, b), 1); });
  EXPECT_NE(message<DtypeError>([&] { run_program(shifted, {counting({3}), 1}); }), "");
  EXPECT_NE(message<ShapeError>([&] {
              run_program(kMulAdd, {counting({3}), counting({4}), 1});
            }).find("mul_add: shapes (3,) and (4,)"),
            std::string::npos);
  EXPECT_NE(message<OverflowError>([&] { run_program(kMulAdd, {counting({3}, DType::int8), 300, 1}); }).find("mul_add"),
            std::string::npos);
  EXPECT_NE(message<DtypeError>([&] { run_program(kMulAdd, {empty({3}, DType::float8_e5m2), 1, 1}); }), "");
  EXPECT_NE(message<RuntimeError>([&] {
              make_program<1>("mixed", [](auto a) { return add(lt(a, 0), a); });
              run_program(make_program<1>("mixed", [](auto a) { return add(lt(a, 0), a); }), {counting({3})});
            }),
            "");
  EXPECT_EQ(message<RuntimeError>([&] {
              make_program<1>("long", [](auto a) {
                auto x = a;
                for (int i = 0; i < 17; ++i) x = exp(x);
                return x;
              });
            }),
            "long: a program has at most 16 steps");
}

// ---- many tensors in one call ----

struct Many {
  std::vector<Tensor> a, b, c;
  std::vector<std::vector<Operand>> in;
  std::vector<ProgramArguments> runs;

  // a = a * b + c for tensors of many dtypes, sizes and layouts.
  explicit Many(Device device, int count = 200) {
    std::mt19937_64 random(3);
    for (int i = 0; i < count; ++i) {
      const DType d = kFloats[random() % 4];
      const Dims shape{static_cast<std::int64_t>(random() % 5), static_cast<std::int64_t>(random() % 90)};
      const auto make = [&] {
        const Tensor t = uniform(shape, -1, 1, random(), d);
        return (random() % 8 ? t : T(T(t).contiguous())).to(device);
      };
      a.push_back(make());
      b.push_back(make());
      c.push_back(make());
    }
    for (int i = 0; i < count; ++i) {
      const auto k = static_cast<std::size_t>(i);
      in.push_back({a[k], b[k], i % 3 ? Operand(c[k]) : Operand(i)});
    }
    for (int i = 0; i < count; ++i)
      runs.push_back({in[static_cast<std::size_t>(i)], {&a[static_cast<std::size_t>(i)], 1}});
  }
};

void expect_many(Device device) {
  Many many(device);
  std::vector<Tensor> want;
  for (const auto& in : many.in) {
    const DType d = in[0].tensor().dtype();
    want.push_back(to(by_steps(kMulAdd, in, program_types(kMulAdd, d))[0], d));
  }
  run_program(kMulAdd, many.runs);
  for (std::size_t i = 0; i < want.size(); ++i) {
    expect_same("tensor " + std::to_string(i), many.a[i], want[i]);
    EXPECT_EQ(many.a[i].storage().version(), many.a[i].numel() > 0 ? 1u : 0u);
  }
}

TEST(Program, RunsForManyTensors) { expect_many(kCpu); }

TEST(Program, RunsForManyTensorsInOrderWhereTheyShareMemory) {
  for (std::int64_t n : {50, 50'000}) {
    Tensor t = uniform({4, n}, -1, 1, 1);
    const Tensor rows[] = {t[0], t[1], t[2], t[3]};
    Tensor want = clone(t);
    std::vector<std::vector<Operand>> in;
    std::vector<ProgramArguments> runs;
    for (int i = 0; i < 3; ++i) {
      in.push_back({rows[i], 2, 1});
      Tensor next = want[i + 1];
      copy_(next, add(mul(want[i], 2), 1));
    }
    for (std::size_t i = 0; i < 3; ++i) runs.push_back({in[i], {&rows[i + 1], 1}});
    run_program(kMulAdd, runs);
    expect_same("rows", t, want);
  }
}

TEST(Program, RunsForFewLargeTensors) {
  std::vector<Tensor> a;
  for (std::int64_t n : {300'000, 7, 100'001, 65'536}) a.push_back(uniform({n}, -1, 1, 1, DType::float32));
  std::vector<Tensor> want;
  std::vector<std::vector<Operand>> in;
  std::vector<ProgramArguments> runs;
  for (const Tensor& t : a) {
    want.push_back(add(mul(t, 2), t));
    in.push_back({t, 2, t});
  }
  for (std::size_t i = 0; i < a.size(); ++i) runs.push_back({in[i], {&a[i], 1}});
  run_program(kMulAdd, runs);
  for (std::size_t i = 0; i < a.size(); ++i) expect_same("large", a[i], want[i]);
}

// One step of AdamW for all parameters: parameter, gradient and the two moments of each, in place.
TEST(Program, OneStepOfAdamW) {
  const Program adamw =
      make_program<8>("adamw", [](auto p, auto g, auto m, auto v, auto decay, auto step, auto scale, auto eps) {
        const auto first = lerp(m, g, 0.1), second = lerp(v, mul(g, g), 0.001);
        const auto down = add(div(sqrt(second), scale), eps);
        return std::array{sub(mul(p, decay), mul(step, div(first, down))), first, second};
      });
  constexpr double lr = 1e-3, weight_decay = 0.01, eps = 1e-8;
  std::vector<std::array<Tensor, 3>> state;
  std::vector<Tensor> g;
  std::vector<std::vector<double>> want;
  for (std::int64_t n : {10, 1000, 17}) {
    state.push_back({uniform({n}, -1, 1, 1, DType::float32), zeros({n}), zeros({n})});
    g.push_back(uniform({n}, -1, 1, 2, DType::float32));
    want.push_back(values(state.back()[0]));
  }
  for (int t = 1; t <= 3; ++t) {
    std::vector<std::vector<Operand>> in;
    std::vector<ProgramArguments> runs;
    for (std::size_t i = 0; i < g.size(); ++i)
      in.push_back({state[i][0], g[i], state[i][1], state[i][2], 1 - lr * weight_decay, lr / (1 - std::pow(0.9, t)),
                    std::sqrt(1 - std::pow(0.999, t)), eps});
    for (std::size_t i = 0; i < g.size(); ++i) runs.push_back({in[i], state[i]});
    run_program(adamw, runs);
  }
  for (std::size_t i = 0; i < g.size(); ++i) {
    const auto gradient = values(g[i]), got = values(state[i][0]);
    for (std::size_t k = 0; k < got.size(); ++k) {
      double p = want[i][k], m = 0, v = 0;
      for (int t = 1; t <= 3; ++t) {
        m = 0.9 * m + 0.1 * gradient[k];
        v = 0.999 * v + 0.001 * gradient[k] * gradient[k];
        p = p * (1 - lr * weight_decay) -
            lr * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + eps);
      }
      ASSERT_NEAR(got[k], p, 1e-6);
    }
  }
}

// ---- fused: one formula as a program and as recorded operations ----

TEST(Program, FusedIsRecordedWhereAGradientIs) {
  const auto f = [](const auto& a, const auto& b) { return mul(sin(a), cj(add(b, 2))); };
  const Tensor x = uniform({5}, -1, 1, 1), y = uniform({5}, -1, 1, 2);
  expect_same("fused", fused("f", f, x, y), mul(sin(x), add(y, 2)));
  test::expect_second_gradients("fused", [&](const std::vector<Tensor>& v) { return fused("f", f, v[0], v[1]); },
                                {x, y});
  const Tensor z = uniform({5}, -1, 1, 1, DType::complex128);
  expect_same("fused, complex", fused("f", f, x, z), mul(sin(x), conj(add(z, 2))));
}

// ---- on a device ----

TEST(Program, RunsOnTheSimulatedDevice) {
  if (std::string(std::getenv("TENON_CUDA_LIB")) != TENON_SIM_LIBRARY) GTEST_SKIP() << "another backend";
  for (DType d : kNumbers) {
    const auto a = layouts(d, 1), b = layouts(d, 50);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const Tensor x = a[i].to(kCuda), y = b[(i + 4) % b.size()].to(kCuda);
      const Tensor got = run_program(kMulAdd, {x, y, Tensor::of(2, d)});
      EXPECT_EQ(got.device(), kCuda);
      expect_same("device", got, run_program(kMulAdd, {a[i], b[(i + 4) % b.size()], 2}));
    }
  }
  expect_many(kCuda);
  EXPECT_NE(message<DeviceError>([] { run_program(kMulAdd, {counting({3}), counting({3}).to(kCuda), 1}); }), "");
}

}  // namespace
