// Gradients against finite differences, and the tape's rules: views, in-place writes, freed graphs, versions.
#include "helpers.h"

#include <cmath>
#include <functional>
#include <limits>

#include "autograd/derivatives.h"
#include "autograd/elementwise_node.h"

namespace {

using namespace tenon;
using test::doubles;
using test::message;
using test::values;

Tensor leaf(const Tensor& t) {
  Tensor x = t.detach().clone();
  x.set_requires_grad(true);
  return x;
}
Tensor leaf(const std::vector<double>& v) { return leaf(doubles(v)); }

double inner(const Tensor& a, const Tensor& b) {  // the real inner product
  const auto x = test::values<complex128>(a), y = test::values<complex128>(b);
  double s = 0;
  for (std::size_t i = 0; i < x.size(); ++i) s += x[i].re * y[i].re + x[i].im * y[i].im;
  return s;
}

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

// The gradients of <f(x), w> by the tape, and as such by central differences in every component.
void expect_gradients(const std::string& what, const Function& f, const std::vector<Tensor>& at,
                      double step = 1e-6, double tolerance = 1e-6) {
  std::vector<Tensor> x;
  for (const Tensor& t : at) x.push_back(is_differentiable(t.dtype()) ? leaf(t) : t);
  const Tensor y = f(x);
  ASSERT_TRUE(y.requires_grad()) << what;
  const Tensor w = test::uniform(y.shape(), -1, 1, 77, y.dtype());
  y.backward(w, true);
  NoGrad guard;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (!x[k].requires_grad()) continue;
    ASSERT_TRUE(x[k].grad().defined()) << what << ": no gradient of operand " << k;
    EXPECT_EQ(x[k].grad().shape(), x[k].shape());
    EXPECT_EQ(x[k].grad().dtype(), x[k].dtype());
    const auto got = test::values<complex128>(x[k].grad());
    const bool complex = is_complex(x[k].dtype());
    for (std::int64_t i = 0; i < x[k].numel(); ++i) {
      for (int part = 0; part <= complex; ++part) {
        double* p = reinterpret_cast<double*>(x[k].data()) + i * (1 + complex) + part;
        const double was = *p;
        *p = was + step;
        const double up = inner(f(x), w);
        *p = was - step;
        const double down = inner(f(x), w);
        *p = was;
        const double numeric = (up - down) / (2 * step);
        const double analytic = part ? got[static_cast<std::size_t>(i)].im : got[static_cast<std::size_t>(i)].re;
        ASSERT_NEAR(analytic, numeric, tolerance * std::max(1., std::abs(numeric)))
            << what << ": operand " << k << ", element " << i << (part ? " (imaginary part)" : "");
      }
    }
  }
}

// Also of the gradients themselves: f's gradients as a function of the operands.
void expect_second_gradients(const std::string& what, const Function& f, const std::vector<Tensor>& at) {
  expect_gradients(what, f, at);
  if (testing::Test::HasFatalFailure()) return;
  for (std::size_t k = 0; k < at.size(); ++k) {
    if (!is_differentiable(at[k].dtype())) continue;
    auto gradient = [&](const std::vector<Tensor>& x) {
      const bool was = grad_enabled();
      set_grad_enabled(true);
      std::vector<Tensor> inputs;
      for (const Tensor& t : x) {
        inputs.push_back(was || !is_differentiable(t.dtype()) ? t : leaf(t));
      }
      const Tensor y = f(inputs);
      const Tensor w = test::uniform(y.shape(), -1, 1, 78, y.dtype());
      const Tensor g = autograd::grad({&y, 1}, {&inputs[k], 1}, {&w, 1}, true, true, false)[0];
      set_grad_enabled(was);
      return g;
    };
    // A gradient that does not depend on the operands has no graph.
    std::vector<Tensor> x;
    for (const Tensor& t : at) x.push_back(is_differentiable(t.dtype()) ? leaf(t) : t);
    if (!gradient(x).requires_grad()) continue;
    std::vector<Tensor> used = at;
    auto with_all = [&](const std::vector<Tensor>& v) {
      Tensor g = gradient(v);
      for (const Tensor& t : v)  // so that each operand has a gradient, if only 0
        if (is_differentiable(t.dtype())) g = add(g, mul(t, 0));
      return g;
    };
    expect_gradients(what + " (second order)", with_all, used, 1e-6, 1e-5);
    if (testing::Test::HasFatalFailure()) return;
  }
}

// Where an op is smooth. Default: (0.2, 0.8).
std::pair<double, double> domain(Op op) {
  switch (op) {
    case Op::acosh: return {1.2, 3};
    case Op::sign: case Op::abs: case Op::relu: case Op::copysign: case Op::gelu: case Op::silu: case Op::erf:
    case Op::softplus: case Op::tanh: case Op::sinc: case Op::logaddexp: case Op::neg: case Op::add: case Op::sub:
    case Op::mul: case Op::square: case Op::exp: case Op::exp2: case Op::expm1: case Op::sin: case Op::cos:
    case Op::sinh: case Op::cosh: case Op::asinh: case Op::atan: case Op::sigmoid: case Op::erfc: case Op::lerp:
    case Op::where: case Op::clip: case Op::maximum: case Op::minimum: case Op::fmax: case Op::fmin: case Op::atan2:
    case Op::hypot: return {-2, 2};
    case Op::lgamma: case Op::digamma: return {0.5, 4};
    default: return {0.2, 0.8};
  }
}

class Derivative : public testing::TestWithParam<int> {};

TEST_P(Derivative, AgreesWithFiniteDifferencesInFirstAndSecondOrder) {
  const Op op = static_cast<Op>(GetParam());
  if (!derive::elementwise(op).differentiable) GTEST_SKIP() << "stated as not differentiable";
  const auto [low, high] = domain(op);
  std::vector<Tensor> at;
  for (int i = 0; i < info(op).arity; ++i) {
    const bool condition = i == 0 && info(op).rule == Rule::select;
    at.push_back(condition ? test::tensor<bool>({true, false, true, true, false, true}, {2, 3})
                           : test::uniform({2, 3}, low, high, static_cast<std::uint64_t>(40 + i)));
  }
  const Function f = [op](const std::vector<Tensor>& x) {
    const std::vector<Operand> in(x.begin(), x.end());
    return elementwise(op, in);
  };
  // trigamma, which the second derivative of digamma would need, has none.
  if (op == Op::digamma) expect_gradients("digamma", f, at);
  else expect_second_gradients(std::string(info(op).name), f, at);
}

TEST_P(Derivative, OfComplexNumbersAgreesWithFiniteDifferences) {
  const Op op = static_cast<Op>(GetParam());
  try {
    elementwise_types(op, DType::complex128);
  } catch (const DtypeError&) {
    GTEST_SKIP() << "real numbers only";
  }
  if (!derive::elementwise(op).differentiable || op == Op::copy) GTEST_SKIP();
  std::vector<Tensor> at;
  for (int i = 0; i < info(op).arity; ++i) {
    const bool condition = i == 0 && info(op).rule == Rule::select;
    at.push_back(condition ? test::tensor<bool>({true, false, true, true}, {2, 2})
                           : test::uniform({2, 2}, 0.3, 0.9, static_cast<std::uint64_t>(50 + i), DType::complex128));
  }
  const Function f = [op](const std::vector<Tensor>& x) {
    const std::vector<Operand> in(x.begin(), x.end());
    return elementwise(op, in);
  };
  if (op == Op::rint) return;  // 0 almost everywhere, checked for real numbers
  expect_gradients(std::string(info(op).name), f, at);
}

INSTANTIATE_TEST_SUITE_P(Table, Derivative, testing::Range(0, kOps),
                         [](const auto& p) { return std::string(tenon::info(static_cast<Op>(p.param)).name); });

TEST(Autograd, AnOpWithoutDerivativeSaysSoInsteadOfBeingLeftOut) {
  for (Op op : {Op::trigamma, Op::heaviside, Op::nextafter}) {
    const Tensor x = leaf({0.5, 2}), other = doubles({1, 1});
    std::vector<Operand> in{x};
    if (info(op).arity == 2) in.emplace_back(other);
    const Tensor y = elementwise(op, in);
    EXPECT_TRUE(y.requires_grad()) << info(op).name;
    EXPECT_NE(message<GradError>([&] { y.backward(other); }).find(info(op).name), std::string::npos);
  }
  // Bool and integer results carry no gradient at all.
  const Tensor x = leaf({0.5, 2});
  EXPECT_FALSE(lt(x, 1).requires_grad());
  EXPECT_FALSE(isnan(x).requires_grad());
  EXPECT_FALSE(x.to(DType::int64).requires_grad());
}

// ---- special points ----

std::vector<double> slope(const Function& f, const std::vector<double>& at, std::size_t operand = 0,
                          const std::vector<double>& other = {}) {
  const Tensor x = leaf(at);
  std::vector<Tensor> in{x};
  if (!other.empty()) in.insert(operand == 0 ? in.end() : in.begin(), doubles(other));
  f(in).backward(ones(x.shape(), DType::float64));
  return values(x.grad());
}
using V = std::vector<double>;

TEST(Autograd, AtSpecialPoints) {
  auto binary = [](Op op) {
    return [op](const std::vector<Tensor>& x) {
      const Operand in[] = {x[0], x[1]};
      return elementwise(op, in);
    };
  };
  auto unary = [](Op op) {
    return [op](const std::vector<Tensor>& x) {
      const Operand in[] = {x[0]};
      return elementwise(op, in);
    };
  };
  EXPECT_EQ(slope(unary(Op::abs), {-2, 0, 3}), (V{-1, 0, 1}));
  EXPECT_EQ(slope(unary(Op::relu), {-2, 0, 3}), (V{0, 0, 1}));
  EXPECT_EQ(slope(unary(Op::sinc), {0}), V{0});
  EXPECT_EQ(slope(unary(Op::floor), {1.5}), V{0});
  EXPECT_EQ(slope(binary(Op::pow), {0, 0, 2, -2}, 0, {0, 2, 0, 3}), (V{0, 0, 0, 12}));
  EXPECT_EQ(slope(binary(Op::pow), {0, 2, 0}, 1, {0, 0, 0}), (V{0, 0, 0}));
  EXPECT_EQ(slope(binary(Op::maximum), {1, 2, 3}, 0, {2, 2, 2}), (V{0, 0.5, 1}));
  EXPECT_EQ(slope(binary(Op::minimum), {1, 2, 3}, 1, {2, 2, 2}), (V{1, 0.5, 0}));
  EXPECT_EQ(slope(binary(Op::fmax), {1, 3, NAN}, 0, {NAN, 3, 1}), (V{1, 1, 0}));
  EXPECT_EQ(slope(binary(Op::xlogy), {2, 4}, 1, {0, 3}), (V{0, 0.75}));
  // clip: inside and on the limits the value passes, outside the limit does.
  const Tensor x = leaf({-1, 0, 0.5, 1, 2}), lower = leaf({0, 0, 0, 0, 0}), upper = leaf({1, 1, 1, 1, 1});
  clip(x, lower, upper).backward(ones({5}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{0, 1, 1, 1, 0}));
  EXPECT_EQ(values(lower.grad()), (V{1, 0, 0, 0, 0}));
  EXPECT_EQ(values(upper.grad()), (V{0, 0, 0, 0, 1}));
  // where: the side that is not taken gets 0, even where its own value is infinite.
  const Tensor a = leaf({1, 0}), c = test::tensor<bool>({true, false});
  where(c, log(a), a).backward(ones({2}, DType::float64));
  EXPECT_EQ(values(a.grad())[0], 1);
  const Tensor b = leaf({3});
  where(true, b, 0).backward(ones({1}, DType::float64));
  EXPECT_EQ(values(b.grad()), V{1});
}

// ---- accumulation, dtypes, broadcasting ----

TEST(Autograd, AccumulatesIntoLeavesAndOverPaths) {
  const Tensor x = leaf({2, 3});
  const Tensor y = add(mul(x, x), x);
  y.backward(doubles({1, 1}), true);
  EXPECT_EQ(values(x.grad()), (V{5, 7}));
  y.backward(doubles({1, 10}));
  EXPECT_EQ(values(x.grad()), (V{10, 77}));
  Tensor mutable_x = x;
  mutable_x.set_grad({});
  EXPECT_FALSE(x.grad().defined());
}

TEST(Autograd, ThePassedGradientIsNeitherChangedNorAdopted) {
  const Tensor x = leaf({1, 2}), w = doubles({1, 1});
  positive(x).backward(w);
  EXPECT_FALSE(x.grad().shares_storage(w));
  const Tensor y = add(x, x);
  y.backward(w);
  EXPECT_EQ(values(w), (V{1, 1}));
}

TEST(Autograd, GradientsHaveTheirTensorsDtypeAndShape) {
  for (DType d : {DType::float16, DType::bfloat16, DType::float32, DType::complex64}) {
    Tensor x = ones({2}, d);
    x.set_requires_grad(true);
    const Tensor wide = doubles({3, 4});
    const Tensor y = mul(x, wide);
    y.backward(ones({2}, y.dtype()));
    EXPECT_EQ(x.grad().dtype(), d) << name(d);
    EXPECT_EQ(values(x.grad()), (V{3, 4})) << name(d);
  }
  // A real operand of a complex product gets the real part.
  const Tensor x = leaf({2});
  const Tensor z = mul(x, Scalar(complex128{1, 5}));
  z.backward(full({1}, Scalar(complex128{1, 0}), DType::complex128));
  EXPECT_EQ(x.grad().dtype(), DType::float64);
  EXPECT_EQ(values(x.grad()), V{1});
}

TEST(Autograd, AddsUpWhatWasBroadcast) {
  auto product = [](const std::vector<Tensor>& x) { return mul(x[0], x[1]); };
  for (const auto& [a, b] : std::vector<std::pair<Dims, Dims>>{{{2, 3}, {3}}, {{2, 1}, {1, 3}}, {{}, {2, 2}}, {{4, 1, 2}, {3, 1}}, {{1}, {3}}, {{1, 1}, {2}}}) {
    expect_second_gradients("product of " + a.str() + " and " + b.str(), product,
                            {test::uniform(a, -1, 1, 1), test::uniform(b, -1, 1, 2)});
  }
  const Tensor x = leaf(test::uniform({3}, 0, 1, 3));
  add(x, zeros({0, 3}, DType::float64)).backward(zeros({0, 3}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{0, 0, 0}));
}

// ---- views ----

TEST(Autograd, OfEveryViewAgreesWithFiniteDifferences) {
  const Tensor t = test::uniform({3, 4}, -1, 1, 4);
  const std::pair<const char*, std::function<Tensor(const Tensor&)>> views[] = {
      {"permute", [](const Tensor& x) { return permute(x, {1, 0}); }},
      {"movedim", [](const Tensor& x) { return movedim(reshape(x, {3, 2, 2}), {0}, {2}); }},
      {"reshape", [](const Tensor& x) { return reshape(x, {2, 6}); }},
      {"reshape of a transpose", [](const Tensor& x) { return reshape(T(x), {2, 6}); }},
      {"view", [](const Tensor& x) { return view(x, {12}); }},
      {"slice", [](const Tensor& x) { return slice(x, 1, 3, {}, -2); }},
      {"empty slice", [](const Tensor& x) { return add(slice(x, 1, 3, 1), 0); }},
      {"select", [](const Tensor& x) { return select(x, 0, -1); }},
      {"narrow", [](const Tensor& x) { return narrow(x, 1, 1, 2); }},
      {"diagonal", [](const Tensor& x) { return diagonal(x, 1); }},
      {"flip", [](const Tensor& x) { return flip(x); }},
      {"unsqueeze", [](const Tensor& x) { return unsqueeze(x, {0, 2}); }},
      {"squeeze", [](const Tensor& x) { return squeeze(narrow(x, 0, 1, 1)); }},
      {"as_strided", [](const Tensor& x) { return as_strided(x, {2, 3}, {5, 2}, 1); }},
      {"as_strided backwards", [](const Tensor& x) { return as_strided(x, {3}, {-4}, 9); }},
      {"clone", [](const Tensor& x) { return clone(T(x)); }},
      {"contiguous", [](const Tensor& x) { return contiguous(T(x)); }},
      {"flatten", [](const Tensor& x) { return flatten(T(x)); }},
  };
  for (const auto& [what, view] : views)
    expect_second_gradients(what, [&, f = view](const std::vector<Tensor>& x) { return mul(f(x[0]), f(mul(x[0], 2))); }, {t});
}

TEST(Autograd, OfOverlappingAndRepeatedViewsAddsUp) {
  const Tensor t = test::uniform({3, 4}, -1, 1, 4);
  auto twice = [](auto f) { return [f](const std::vector<Tensor>& x) { return square(f(x[0])); }; };
  expect_second_gradients("expand", twice([](const Tensor& x) { return expand(x, {2, 3, 4}); }), {t});
  expect_gradients("unfold", twice([](const Tensor& x) { return unfold(x, 1, 3, 1); }), {t});
  expect_gradients("as_strided", twice([](const Tensor& x) { return as_strided(x, {4, 4}, {2, 1}, 0); }), {t});
}

TEST(Autograd, OfComplexParts) {
  const Tensor z = test::uniform({2, 3}, -1, 1, 5, DType::complex128);
  expect_gradients("real", [](const std::vector<Tensor>& x) { return square(real(x[0])); }, {z});
  expect_gradients("imag", [](const std::vector<Tensor>& x) { return square(imag(T(x[0]))); }, {z});
  expect_gradients("view_as_real", [](const std::vector<Tensor>& x) { return square(view_as_real(x[0])); }, {z});
  expect_gradients("view_as_complex", [](const std::vector<Tensor>& x) { return square(view_as_complex(x[0])); },
                   {test::uniform({3, 2}, -1, 1, 6)});
}

// ---- in-place writes ----

TEST(InPlaceGrad, OnATensorOfTheGraph) {
  const Tensor x = leaf({1, 2, 3}), w = leaf({4, 5, 6});
  Tensor y = mul(x, 2);
  const Operand with[] = {w};
  elementwise_(Op::mul, y, with);  // y = 2 x w
  y.backward(ones({3}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{8, 10, 12}));
  EXPECT_EQ(values(w.grad()), (V{2, 4, 6}));
}

// Functions that write in place, against finite differences: the composition of views and writes is what counts.
TEST(InPlaceGrad, ThroughViewsAgreesWithFiniteDifferences) {
  const Tensor x = test::uniform({3, 4}, 0.5, 1, 7), w = test::uniform({4}, 0.5, 1, 8);
  auto mul_ = [](Tensor t, const Tensor& by) {
    const Operand with[] = {by};
    elementwise_(Op::mul, t, with);
  };
  auto sin_ = [](Tensor t) { elementwise_(Op::sin, t, {}); };
  const std::pair<const char*, Function> functions[] = {
      {"a row", [&](auto& in) { Tensor y = mul(in[0], 1); mul_(y[0], in[1]); return square(y); }},
      {"a view made before, read after", [&](auto& in) { Tensor y = mul(in[0], 1), v = y[1]; sin_(y); return mul(v, in[1]); }},
      {"a view of a view", [&](auto& in) {
         Tensor y = mul(in[0], 1), v = slice(y, 0, 1, {}), r = select(v, 0, 1);
         mul_(r, in[1]);
         sin_(v);
         return add(mul(y, y), in[1]);
       }},
      {"two views of the same bytes", [&](auto& in) {
         Tensor y = mul(in[0], 1), a = y[0], b = slice(y, 0, 0, 2);
         mul_(a, in[1]);
         sin_(b);
         mul_(a, in[1]);
         return add(mul(y, 3), a);
       }},
      {"a transposed view", [&](auto& in) { Tensor y = mul(in[0], 1), v = T(y); mul_(select(v, 1, 2), in[1]); return square(y); }},
      {"negative strides", [&](auto& in) {
         Tensor y = mul(in[0], 1), v = flip(y);
         mul_(v[0], in[1]);
         sin_(slice(v, 1, {}, {}, -2));
         return square(y);
       }},
      {"a diagonal", [&](auto& in) { Tensor y = mul(in[0], 1), d = diagonal(y); sin_(d); return mul(y, in[1]); }},
      {"a transposed base", [&](auto& in) { Tensor y = T(mul(in[0], 1)); Tensor r = mul(y, 2); mul_(T(r), in[1]); mul_(select(r, 1, 0), in[1]); return square(r); }},
      {"copy_ into a view", [&](auto& in) { Tensor y = mul(in[0], 1), v = y[2]; copy_(v, mul(in[1], 3)); return square(y); }},
      {"copy_ that is broadcast", [&](auto& in) { Tensor y = mul(in[0], 1), v = slice(y, 0, 0, 2); copy_(v, in[1]); return mul(y, in[1]); }},
      {"fill_ of a view", [&](auto& in) { Tensor y = mul(in[0], 1), v = y[1]; fill_(v, 2); return mul(square(y), in[1]); }},
      {"copy_ into a plain tensor", [&](auto& in) { Tensor y = zeros({3, 4}, DType::float64); copy_(y, in[0]); mul_(y, in[1]); return square(y); }},
      {"a write into a view of a plain tensor", [&](auto& in) {
         Tensor y = zeros({3, 4}, DType::float64), v = y[1];
         copy_(v, in[1]);
         return add(square(y), mul(in[0], v));
       }},
      {"a tensor with itself", [&](auto& in) { Tensor y = mul(in[0], in[1]); mul_(y, y); return y; }},
      {"a tensor with its own view", [&](auto& in) { Tensor y = mul(in[0], in[1]); mul_(y, y[0].clone()); return y; }},
  };
  for (const auto& [what, f] : functions) {
    expect_second_gradients(what, f, {x, w});
    if (HasFatalFailure()) return;
  }
}

TEST(InPlaceGrad, OfRealAndImaginaryPartsOfAComplexBase) {
  const Tensor z = test::uniform({2, 3}, 0.5, 1, 9, DType::complex128), w = test::uniform({3}, 0.5, 1, 10);
  auto mul_ = [](Tensor t, const Tensor& by) {
    const Operand with[] = {by};
    elementwise_(Op::mul, t, with);
  };
  expect_gradients("imag.mul_", [&](const std::vector<Tensor>& in) {
    Tensor y = mul(in[0], 1);
    mul_(imag(y), in[1]);
    return square(y);
  }, {z, w});
  expect_gradients("view_as_real, the base written", [&](const std::vector<Tensor>& in) {
    Tensor y = mul(in[0], 1), v = view_as_real(y);
    mul_(y, in[1]);
    return square(v);
  }, {z, w});
}

TEST(InPlaceGrad, OfBorrowedMemory) {
  std::vector<double> memory{1, 2, 3, 4};
  const Tensor w = leaf({5, 6});
  Tensor t = from_blob(memory.data(), {2, 2}, DType::float64), row = t[0];
  const Operand with[] = {w};
  elementwise_(Op::mul, row, with);
  EXPECT_EQ(memory, (V{5, 12, 3, 4}));
  EXPECT_TRUE(t.requires_grad());
  square(t).backward(ones({2, 2}, DType::float64));
  EXPECT_EQ(values(w.grad()), (V{10, 48}));  // 2 (m w) m
  // A leaf over borrowed memory is read, never written.
  Tensor x = from_blob(memory.data(), {4}, DType::float64);
  x.set_requires_grad(true);
  square(x).backward(ones({4}, DType::float64));
  EXPECT_EQ(values(x.grad()), (V{10, 24, 6, 8}));
  EXPECT_EQ(memory, (V{5, 12, 3, 4}));
}

TEST(InPlaceGrad, IsRefusedForLeavesAndTheirViewsOutsideNoGrad) {
  Tensor x = leaf({1, 2});
  const Operand two[] = {2};
  EXPECT_EQ(message<GradError>([&] { elementwise_(Op::mul, x, two); }),
            "mul: a leaf tensor that requires grad cannot be changed in place; use it under no_grad(), or work on a .clone()");
  Tensor v = slice(x, 0, 0, 1);
  EXPECT_NE(message<GradError>([&] { fill_(v, 2); }).find("a view of a leaf"), std::string::npos);
  EXPECT_EQ(values(x), (V{1, 2}));
  NoGrad guard;
  elementwise_(Op::mul, x, two);
  fill_(v, 7);
  EXPECT_EQ(values(x), (V{7, 4}));
  EXPECT_TRUE(x.is_leaf() && x.requires_grad());
}

TEST(InPlaceGrad, IntegersTakeNoGradient) {
  Tensor t = test::counting({2}, DType::int64);
  EXPECT_THROW(copy_(t, leaf({1, 2})), GradError);
  NoGrad guard;
  EXPECT_NO_THROW(copy_(t, leaf({1, 2})));
}

// ---- versions ----

TEST(Versions, AWriteToWhatBackwardNeedsIsAnErrorThatNamesBothOps) {
  const Operand one[] = {1};
  {
    const Tensor x = leaf({1, 2});
    Tensor y = mul(x, 1);
    const Tensor z = square(y);
    elementwise_(Op::add, y, one);
    const std::string m = message<GradError>([&] { z.backward(doubles({1, 1})); });
    EXPECT_EQ(m.find("square: "), 0u) << m;
    EXPECT_NE(m.find("in place by add"), std::string::npos) << m;
  }
  {  // the output
    const Tensor x = leaf({1, 2});
    Tensor y = exp(x);
    elementwise_(Op::mul, y, one);
    EXPECT_NE(message<GradError>([&] { y.backward(doubles({1, 1})); }).find("exp: "), std::string::npos);
  }
  {  // through a view, through a detached alias, by copy_ and by fill_
    for (int how = 0; how < 4; ++how) {
      const Tensor x = leaf({1, 2}), c = doubles({3, 4});
      const Tensor z = mul(x, c);
      Tensor v = how == 0 ? slice(c, 0, 0, 1) : c.detach();
      if (how == 3) copy_(v, doubles({0, 0}));
      else fill_(v, 5);
      EXPECT_NE(message<GradError>([&] { z.backward(doubles({1, 1})); }).find(how == 3 ? "copy_" : "fill_"), std::string::npos) << how;
    }
  }
  {  // what is not needed may change
    const Tensor x = leaf({1, 2});
    Tensor y = mul(x, 1);
    const Tensor z = add(y, 1);
    elementwise_(Op::add, y, one);
    EXPECT_NO_THROW(z.backward(doubles({1, 1})));
    EXPECT_EQ(values(x.grad()), (V{1, 1}));
  }
}

// ---- the engine ----

TEST(Engine, DeepGraphsNeedNoStack) {
  const Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 100000; ++i) y = add(y, 1);
  y.backward(doubles({1}), true);
  EXPECT_EQ(values(x.grad()), V{1});
  y = Tensor();  // and neither does their end
  Tensor chain = leaf({1});
  for (int i = 0; i < 100000; ++i) chain = mul(chain, chain);  // saved tensors hold on to their nodes
  chain = Tensor();
  Tensor views = add(leaf({1, 2}), 0);
  for (int i = 0; i < 100000; ++i) views = flip(views);
  views = Tensor();
}

TEST(Engine, AGraphIsFreedUnlessRetained) {
  const Tensor x = leaf({1, 2});
  const Tensor y = square(x), w = doubles({1, 1});
  y.backward(w, true);
  y.backward(w);
  EXPECT_EQ(message<GradError>([&] { y.backward(w); }),
            "backward: the graph has been used and freed (at square); pass retain_graph=True to the first backward()");
  EXPECT_EQ(values(x.grad()), (V{4, 8}));
}

TEST(Engine, BackwardNeedsAGradientOfTheRightShape) {
  const Tensor x = leaf({1, 2});
  EXPECT_THROW(square(x).backward(), GradError);
  EXPECT_THROW(square(x).backward(doubles({1})), ShapeError);
  EXPECT_THROW(doubles({1}).backward(), GradError);
  EXPECT_NO_THROW(square(x)[0].backward());
  EXPECT_EQ(values(x.grad()), (V{2, 0}));
  {
    NoGrad guard;
    EXPECT_FALSE(square(x).requires_grad());
  }
  EXPECT_TRUE(grad_enabled());
}

TEST(Engine, GradTouchesNoLeaf) {
  const Tensor x = leaf({1, 2}), z = leaf({3, 4}), unused = leaf({5, 6}), w = doubles({1, 1});
  const Tensor y = mul(square(x), z);
  const Tensor inputs[] = {z, x};
  const Grads g = autograd::grad({&y, 1}, inputs, {&w, 1}, true, false, false);
  EXPECT_EQ(values(g[0]), (V{1, 4}));
  EXPECT_EQ(values(g[1]), (V{6, 16}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_FALSE(g[0].requires_grad());
  const Tensor with_unused[] = {x, unused};
  EXPECT_NE(message<GradError>([&] { autograd::grad({&y, 1}, with_unused, {&w, 1}, true, false, false); }).find("input 1"), std::string::npos);
  EXPECT_FALSE(autograd::grad({&y, 1}, with_unused, {&w, 1}, true, false, true)[1].defined());
  const Tensor constant[] = {w};
  EXPECT_THROW(autograd::grad({&y, 1}, constant, {&w, 1}, true, false, true), GradError);
  // With respect to a tensor in the middle.
  const Tensor middle = square(x), end = mul(middle, middle);
  const Grads m = autograd::grad({&end, 1}, {&middle, 1}, {&w, 1}, false, false, false);
  EXPECT_EQ(values(m[0]), (V{2, 8}));
}

TEST(Engine, GradsOfGradsToTheFourthOrder) {
  const Tensor x = leaf({2});
  Tensor y = mul(mul(square(x), square(x)), x);  // x ** 5
  const Tensor one = doubles({1});
  for (double want : {5 * 16., 20 * 8., 60 * 4., 120 * 2.}) {
    y = autograd::grad({&y, 1}, {&x, 1}, {&one, 1}, true, true, false)[0];
    EXPECT_EQ(values(y), V{want});
  }
}

TEST(Engine, RunsWhereSeveralRootsMeet) {
  const Tensor x = leaf({1, 2});
  const Tensor shared = square(x), roots[] = {mul(shared, 2), neg(shared)}, gradients[] = {doubles({1, 1}), doubles({1, 0})};
  autograd::backward(roots, gradients, false, false);
  EXPECT_EQ(values(x.grad()), (V{2, 8}));
}

TEST(Engine, LeavesNoCycleBehind) {
  struct Owner {
    static void drop(void* flag) { *static_cast<bool*>(flag) = true; }
  };
  bool dropped = false;
  std::vector<double> memory{1, 2};
  {
    Tensor x = from_blob(memory.data(), {2}, DType::float64, &Owner::drop, &dropped);
    x.set_requires_grad(true);
    Tensor y = mul(exp(sin(x)), x);  // outputs that their own nodes save
    Tensor v = y[0];
    fill_(v, 3);
    y.backward(doubles({1, 1}), true, true);  // gradients with graphs of their own
    x.set_grad({});
  }
  EXPECT_TRUE(dropped);
}

}  // namespace
