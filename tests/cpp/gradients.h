// Leaves, and gradients against finite differences.
#pragma once

#include <cmath>
#include <functional>

#include "helpers.h"

namespace tenon::test {

inline Tensor leaf(const Tensor& t) {
  Tensor x = t.detach().clone();
  x.set_requires_grad(true);
  return x;
}
inline Tensor leaf(const std::vector<double>& v) { return leaf(doubles(v)); }

inline double real_inner(const Tensor& a, const Tensor& b) {  // the real inner product
  const auto x = test::values<complex128>(a), y = test::values<complex128>(b);
  double s = 0;
  for (std::size_t i = 0; i < x.size(); ++i) s += x[i].re * y[i].re + x[i].im * y[i].im;
  return s;
}

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

// The gradients of <f(x), w> by the tape, and as such by central differences in every component.
inline void expect_gradients(const std::string& what, const Function& f, const std::vector<Tensor>& at,
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
        const double up = real_inner(f(x), w);
        *p = was - step;
        const double down = real_inner(f(x), w);
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
inline void expect_second_gradients(const std::string& what, const Function& f, const std::vector<Tensor>& at) {
  expect_gradients(what, f, at);
  if (testing::Test::HasFatalFailure()) return;
  for (std::size_t k = 0; k < at.size(); ++k) {
    if (!is_differentiable(at[k].dtype())) continue;
    auto gradient = [&](const std::vector<Tensor>& x) {
      const bool was = grad_enabled();
      set_grad_enabled(true);
      std::vector<Tensor> inputs;
      for (const Tensor& t : x) { inputs.push_back(was || !is_differentiable(t.dtype()) ? t : leaf(t)); }
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
        if (is_differentiable(t.dtype())) g = add(g, mul(sum(t), 0));
      return g;
    };
    expect_gradients(what + " (second order)", with_all, used, 1e-6, 1e-5);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace tenon::test
