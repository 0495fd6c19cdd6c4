// Steps that run as one loop: which ones do, and that the results are those of the single operations.
#include "backends/cpu/chains.h"

#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <vector>

#include "helpers.h"
#include "plan/program.h"
#include "tenon/program_steps.h"

namespace tenon::test {
namespace {

ProgramCall planned(const Program& p, DType d) {
  ProgramCall c;
  plan_steps(c, p, program_types(p, d));
  return c;
}
// The number of steps of the chain that begins at a step; 1 for none.
int chain_at(const Program& p, int step, DType d = DType::float32) {
  const ProgramCall c = planned(p, d);
  std::uint8_t in[cpu::kMaxChainInputs];
  for (const cpu::Chain& chain : cpu::chains())
    if (chain.kernel(c.register_dtype[c.inputs + c.numbers + step]) && cpu::matches(chain, c, step, in))
      return chain.steps;
  return 1;
}

const auto kScaledStep = [](const auto& a, const auto& b, const auto& c, const auto& d, const auto& e) {
  const auto scale = add(sqrt(a), b);
  return muladd(div(c, scale), d, e);
};
const auto kMeanSquare = [](const auto& a, const auto& b, const auto& c, const auto& d) {
  const auto scaled = mul(a, b), kept = mul(c, d);
  return muladd(scaled, a, kept);
};

const auto kAdam = [](const auto& p, const auto& g, const auto& m, const auto& v, const auto& rest, const auto& keep,
                      const auto& eps, const auto& rate) {
  const auto mean = lerp(m, g, rest);
  const auto scaled = mul(g, rest), kept = mul(v, keep);
  const auto square = muladd(scaled, g, kept);
  const auto scale = add(sqrt(square), eps);
  return std::array{muladd(div(mean, scale), rate, p), mean, square};
};

TEST(Chains, AreFoundWhereNothingElseNeedsWhatStandsBetween) {
  const Program scaled = make_program<5>("scaled", kScaledStep), mean = make_program<4>("mean", kMeanSquare);
  for (DType d : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
    EXPECT_EQ(chain_at(scaled, 0, d), 4);
    EXPECT_EQ(chain_at(scaled, 1, d), 1);
    EXPECT_EQ(chain_at(mean, 0, d), 3);
  }
  EXPECT_EQ(chain_at(scaled, 0, DType::complex64), 1);
  // What a chain keeps may be an output, but what it does not keep may not.
  EXPECT_EQ(chain_at(make_program<8>("adam", kAdam), 0), 8);
  EXPECT_EQ(chain_at(make_program<8>("roots",
                                     [](auto p, auto g, auto m, auto v, auto rest, auto keep, auto eps, auto rate) {
                                       const auto mean = lerp(m, g, rest);
                                       const auto scaled = mul(g, rest), kept = mul(v, keep);
                                       const auto square = muladd(scaled, g, kept);
                                       const auto root = sqrt(square), scale = add(root, eps);
                                       return std::array{muladd(div(mean, scale), rate, p), root};
                                     }),
                     0),
            1);

  // An output, an operand of a later step, another order, another operand: each needs the steps one by one.
  EXPECT_EQ(chain_at(make_program<5>("output",
                                     [](auto a, auto b, auto c, auto d, auto e) {
                                       const auto scale = add(sqrt(a), b);
                                       return std::array{muladd(div(c, scale), d, e), scale};
                                     }),
                     0),
            1);
  EXPECT_EQ(chain_at(make_program<5>("later",
                                     [](auto a, auto b, auto c, auto d, auto e) {
                                       const auto root = sqrt(a), scale = add(root, b);
                                       return add(muladd(div(c, scale), d, e), root);
                                     }),
                     0),
            1);
  EXPECT_EQ(chain_at(make_program<5>("order", [](auto a, auto b, auto c, auto d,
                                                 auto e) { return muladd(div(add(sqrt(a), b), c), d, e); }),
                     0),
            1);
  EXPECT_EQ(chain_at(make_program<3>("square",
                                     [](auto a, auto b, auto c) {
                                       const auto first = mul(a, b), second = mul(first, c);
                                       return muladd(first, a, second);
                                     }),
                     0),
            1);
}

TEST(Chains, ComputeWhatTheirStepsDo) {
  const Program program = make_program<6>("both", [](auto p, auto g, auto v, auto keep, auto rest, auto rate) {
    const auto scaled = mul(g, rest), kept = mul(v, keep);
    const auto square = muladd(scaled, g, kept);
    const auto scale = add(sqrt(square), 1e-3);
    return std::array{muladd(div(g, scale), rate, p), square};
  });
  for (DType d : {DType::float32, DType::float64, DType::bfloat16})
    for (std::int64_t n : {1, 15, 600, 5000, 300'000})
      for (const bool strided : {false, true}) {
        const auto make = [&](std::uint64_t seed) {
          const Tensor t = uniform({n, 2}, 0.1, 2, seed, d);
          return strided ? select(t, 1, 1) : reshape(slice(t, 1, 0, 1), {n}).contiguous();
        };
        const Tensor p = make(1), g = make(2), v = make(3), rate = make(4);
        const Tensor p64 = p.to(DType::float64), g64 = g.to(DType::float64), v64 = v.to(DType::float64);
        const Tensor square = add(mul(mul(g64, 0.25), g64), mul(v64, 0.75));
        const Tensor want = add(mul(div(g64, add(sqrt(square), 1e-3)), rate.to(DType::float64)), p64);
        const Operand in[] = {p, g, v, 0.75, 0.25, rate};
        const Tensor out[] = {p, v};  // in place
        const ProgramArguments run{in, out};
        run_program(program, {&run, 1});
        const double tolerance = d == DType::float64 ? 1e-14 : d == DType::float32 ? 1e-6 : 1e-2;
        EXPECT_TRUE(allclose(p.to(DType::float64), want, tolerance, tolerance)) << name(d) << " " << n;
        EXPECT_TRUE(allclose(v.to(DType::float64), square, tolerance, tolerance)) << name(d) << " " << n;
      }
}

Tensor adam_of(const Tensor& p, const Tensor& g, const Tensor& m, const Tensor& v, double eps) {
  static const Program program = make_program<8>("adam", kAdam);
  const Operand in[] = {p, g, m, v, 0.25, 0.75, eps, -0.5};
  const Tensor out[] = {p, m, v};  // in place
  const ProgramArguments run{in, out};
  run_program(program, {&run, 1});
  return p;
}

TEST(Chains, WriteAllThatTheyKeep) {
  for (DType d : {DType::float32, DType::float64, DType::bfloat16})
    for (std::int64_t n : {1, 15, 600, 5000, 300'000}) {
      const auto make = [&](std::uint64_t seed, double low) { return uniform({n}, low, 2, seed, d); };
      const Tensor p = make(1, -2), g = make(2, -2), m = make(3, -2), v = make(4, 0);
      const auto wide = [](const Tensor& t) { return clone(t.to(DType::float64)); };
      const Tensor p64 = wide(p), g64 = wide(g), m64 = wide(m), v64 = wide(v);
      const Tensor mean = add(mul(m64, 0.75), mul(g64, 0.25)), square = add(mul(mul(g64, 0.25), g64), mul(v64, 0.75));
      const Tensor want = sub(p64, mul(div(mean, add(sqrt(square), 1e-3)), 0.5));
      adam_of(p, g, m, v, 1e-3);
      const double tolerance = d == DType::float64 ? 1e-13 : d == DType::float32 ? 1e-5 : 3e-2;
      EXPECT_TRUE(allclose(p.to(DType::float64), want, tolerance, tolerance)) << name(d) << " " << n;
      EXPECT_TRUE(allclose(m.to(DType::float64), mean, tolerance, tolerance)) << name(d) << " " << n;
      EXPECT_TRUE(allclose(v.to(DType::float64), square, tolerance, tolerance)) << name(d) << " " << n;
    }
}

// A step's quotient is formed without a division where it can be: it is right to an ulp, everywhere.
TEST(Chains, DivideAsDivisionsDo) {
  std::vector<double> numbers{0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-45, -1e-40, 1e-38, 1e38, -3.4e38};
  for (int e = -120; e <= 120; e += 3)
    for (const double x : {1.0, 1.1, 1.333333, 1.999999}) numbers.push_back(std::ldexp(e % 2 ? x : -x, e));
  std::vector<float> means, squares;
  for (const double a : numbers)
    for (const double b : numbers) {
      means.push_back(static_cast<float>(a));
      squares.push_back(std::abs(static_cast<float>(b)));
    }
  const auto n = static_cast<std::int64_t>(means.size());
  const Tensor m = tensor(means), v = tensor(squares);
  const Program scaled = make_program<5>("scaled", kScaledStep);
  const Tensor got = run_program(scaled, {v, 0.0, m, 1.0, 0.0});
  const float* y = got.data<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    const float c = means[static_cast<std::size_t>(i)], root = std::sqrt(squares[static_cast<std::size_t>(i)]);
    const float want = c / root + 0.0f;
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(y[i])) << c << " / " << root;
    } else if (std::isinf(want)) {
      EXPECT_EQ(y[i], want) << c << " / " << root;
    } else {
      const float next = std::nextafter(std::abs(want), INFINITY) - std::abs(want);
      EXPECT_LE(std::abs(y[i] - want), next) << c << " / " << root;
    }
  }
}

// Wherever an element lies among others, its bits are the same.
TEST(Chains, DoNotDependOnNeighbours) {
  const auto make = [&](std::uint64_t seed) { return uniform({67}, 0, 2, seed, DType::float32); };
  Tensor g = make(2), m = make(3), v = make(4), p = make(1);
  v.data<float>()[5] = g.data<float>()[5] = m.data<float>()[5] = 0;  // one that is divided otherwise
  const Tensor alone[] = {clone(p), clone(g), clone(m), clone(v)};
  const Tensor whole = adam_of(p, g, m, v, 0.0);
  for (std::int64_t i = 0; i < 67; ++i) {
    const auto one = [&](int k) { return slice(alone[k], 0, i, i + 1); };
    const Tensor single = adam_of(one(0), one(1), one(2), one(3), 0.0);
    EXPECT_EQ(std::memcmp(single.data(), whole.data<float>() + i, sizeof(float)), 0) << i;
  }
}

// Two or three steps: all chains that gradients and addcmul, addcdiv run.
struct Short {
  const char* name;
  Program program;
  int steps;
  std::function<Tensor(const Tensor&, const Tensor&, const Tensor&)> want;
};
std::vector<Short> short_chains() {
  return {
      {"tanh", make_program<3>("tanh", [](auto y, auto g, auto) { return mul(g, sub(1, square(y))); }), 3,
       [](auto& y, auto& g, auto&) { return mul(g, sub(1, square(y))); }},
      {"addcmul", make_program<3>("addcmul", [](auto a, auto b, auto c) { return muladd(0.5, mul(a, b), c); }), 2,
       [](auto& a, auto& b, auto& c) { return add(mul(mul(a, b), 0.5), c); }},
      {"addcdiv", make_program<3>("addcdiv", [](auto a, auto b, auto c) { return muladd(0.5, div(a, b), c); }), 2,
       [](auto& a, auto& b, auto& c) { return add(mul(div(a, b), 0.5), c); }},
      {"gelu", make_program<3>("gelu", [](auto x, auto g, auto) { return mul(g, gelu_slope(x)); }), 2,
       [](auto& x, auto& g, auto&) { return mul(g, gelu_slope(x)); }},
      {"gelu_tanh", make_program<3>("gelu_tanh", [](auto x, auto g, auto) { return mul(g, gelu_tanh_slope(x)); }), 2,
       [](auto& x, auto& g, auto&) { return mul(g, gelu_tanh_slope(x)); }},
  };
}

TEST(Chains, OfTwoOrThreeStepsComputeWhatTheirStepsDo) {
  for (const Short& chain : short_chains())
    for (DType d : {DType::float32, DType::float64}) {
      EXPECT_EQ(chain_at(chain.program, 0, d), chain.steps) << chain.name;
      for (std::int64_t n : {1, 15, 257, 5000, 300'000})
        for (int target : {-1, 0, 1, 2}) {  // a result of its own, or one of the operands
          const Tensor in[] = {uniform({n}, -3, 3, 1, d), uniform({n}, 0.5, 2, 2, d), uniform({n}, -2, 2, 3, d)};
          Tensor one = slice(in[0], 0, n / 2, n / 2 + 1);
          fill_(one, 9);  // beyond what the short form of gelu's slope covers
          const Tensor f64[] = {in[0].to(DType::float64), in[1].to(DType::float64), in[2].to(DType::float64)};
          const Tensor want = chain.want(f64[0], f64[1], f64[2]);
          const Tensor out[] = {target < 0 ? empty({n}, d) : in[target]};
          const Operand operands[] = {in[0], in[1], in[2]};
          const ProgramArguments run{operands, out};
          run_program(chain.program, {&run, 1});
          const double tolerance = d == DType::float64 ? 1e-13 : 2e-6;
          EXPECT_TRUE(allclose(out[0].to(DType::float64), want, tolerance, tolerance))
              << chain.name << " " << name(d) << " " << n << " into " << target;
        }
    }
}

}  // namespace
}  // namespace tenon::test
