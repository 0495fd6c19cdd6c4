// What tests of operations share: values in and out, and gradients by finite differences.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "tenon/autograd.h"
#include "tenon/elementwise.h"
#include "tenon/ops.h"

namespace tenon::testing {

template <class T>
Tensor make(const Dims& shape, const std::vector<T>& values, DType dtype = dtype_of<T>) {
  Tensor t = empty(shape, dtype_of<T>);
  EXPECT_EQ(t.numel(), static_cast<std::int64_t>(values.size()));
  std::copy(values.begin(), values.end(), t.data<T>());
  return to(t, dtype);
}
inline Tensor ints(const Dims& shape, const std::vector<std::int64_t>& v, DType dtype = DType::int64) {
  return make<std::int64_t>(shape, v, dtype);
}
inline Tensor bools(const Dims& shape, const std::vector<std::int64_t>& v) { return ints(shape, v, DType::bool_); }

// The values in row-major order.
inline std::vector<double> values(const Tensor& t) {
  const Tensor d = contiguous(to(t.detach(), DType::float64));
  return {d.data<double>(), d.data<double>() + d.numel()};
}

// 0, 1, 2, ... in a given dtype.
inline Tensor counting(const Dims& shape, DType dtype = DType::float64) {
  return to(reshape(arange(0, shape.product(), 1, DType::int64), shape), dtype);
}

inline Tensor random_values(const Dims& shape, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Tensor t = empty(shape, DType::float64);
  for (std::int64_t i = 0; i < t.numel(); ++i) t.data<double>()[i] = normal(random);
  return t;
}

// The same values with strides of its own: 0 row-major, 1 transposed, 2 reversed, 3 with gaps.
inline Tensor laid_out(const Tensor& t, int layout) {
  if (layout == 0 || t.ndim() == 0) return clone(t);
  if (layout == 1) return T(clone(T(t)));
  if (layout == 2) return flip(clone(flip(t)));
  Dims wide = t.shape();
  for (auto& n : wide) n = 2 * n + 1;
  Tensor out = full(wide, 0, t.dtype());
  for (int d = 0; d < t.ndim(); ++d) out = slice(out, d, 1, {}, 2);
  copy_(out, t);
  return out;
}

inline double weighted(const Tensor& y, const Tensor& w) {
  const auto a = values(y), b = values(w);
  double s = 0;
  for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

// Compares the gradients of f's weighted sum with central differences; then those of the gradients.
inline void check_gradients(const Function& f, std::vector<Tensor> inputs, bool second = true) {
  constexpr double kStep = 1e-5;
  for (Tensor& x : inputs) x = x.detach().clone().set_requires_grad(true);
  const Tensor y = f(inputs);
  ASSERT_TRUE(y.requires_grad());
  const Tensor w = random_values(y.shape(), 7);
  auto compare = [&](const Tensor& g, const std::function<double()>& value, Tensor& x, const char* what) {
    ASSERT_EQ(g.shape(), x.shape());
    const auto got = values(g);
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      double& at = x.data<double>()[i];
      const double was = at;
      at = was + kStep;
      const double high = value();
      at = was - kStep;
      const double low = value();
      at = was;
      EXPECT_NEAR(got[static_cast<std::size_t>(i)], (high - low) / (2 * kStep), 1e-6) << what << " element " << i;
    }
  };
  const Grads first = autograd::grad({&y, 1}, inputs, {&w, 1}, true, second, true);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!first[k].defined()) continue;
    compare(
        first[k],
        [&] {
          NoGrad guard;
          return weighted(f(inputs), w);
        },
        inputs[k], "first");
  }
  if (!second) return;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!first[k].defined() || !first[k].requires_grad()) continue;
    const Tensor v = random_values(first[k].shape(), 11);
    const Grads again = autograd::grad({&first[k], 1}, inputs, {&v, 1}, true, false, true);
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      if (!again[j].defined()) continue;
      compare(
          again[j],
          [&] {
            const Tensor z = f(inputs);
            const Grads g = autograd::grad({&z, 1}, inputs, {&w, 1}, false, false, true);
            return weighted(g[k], v);
          },
          inputs[j], "second");
    }
  }
}

template <class E, class F>
void expect_error(F&& f, const std::string& part) {
  try {
    f();
    ADD_FAILURE() << "no error; expected one with '" << part << "'";
  } catch (const E& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  } catch (const Error& e) { ADD_FAILURE() << "another error: " << e.what(); }
}

}  // namespace tenon::testing
