// Kernels beside the CPU's: the same function on both, with warps in three orders.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "cuda.h"
#include "tenon/autograd.h"
#include "tenon/ops.h"

namespace tenon::test {

inline constexpr std::int64_t kSizes[] = {0, 1, 5, 31, 32, 33, 255, 257, 1023, 1025, 2047, 2049, 5000};
inline constexpr std::int64_t kLarge[] = {65535, 65536, 65537};

// Whether run(device) gives the same tensors on the device as on the CPU, and the same bits in all orders; a mutation's run
// has one of its own.
template <class F>
void compare_results(const std::string& what, double tolerance, F&& run) {
  ASSERT_TRUE(g_registered);
  const std::vector<Tensor> expected = run(kCpu);
  std::vector<Tensor> first;
  const bool mutated = std::getenv("TENON_CUDA_LEAVE_OUT") != nullptr;
  for (const char* order : kOrders) {
    if (!mutated) tenon_cudahost_order(order);
    const std::vector<Tensor> results = run(kCuda);
    ASSERT_EQ(results.size(), expected.size()) << what;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Tensor result = results[i].to(kCpu), &wanted = expected[i];
      ASSERT_EQ(result.shape(), wanted.shape()) << what << " " << order << " " << i;
      EXPECT_EQ(result.dtype(), wanted.dtype()) << what << " " << order << " " << i;
      EXPECT_TRUE(tolerance == 0 ? array_equal(result, wanted, true)
                                 : allclose(result, wanted, tolerance, tolerance, true))
          << what << " " << order << " " << i;
      if (first.size() == i) first.push_back(result);
      EXPECT_TRUE(array_equal(result, first[i], true)) << what << " " << order << " has other bits in result " << i;
    }
    if (mutated) break;
  }
}

template <class F, class... T>
void compare(const std::string& what, double tolerance, F&& f, const T&... in) {
  compare_results(what, tolerance, [&](Device d) { return std::vector{f(in.to(d)...)}; });
}

inline Tensor numbers(const Dims& shape, DType dtype = DType::float32, double low = -4, double high = 4) {
  return uniform(shape, low, high, static_cast<std::uint64_t>(shape.product()) + 3, dtype);
}
// Few different values, so that many are equal.
inline Tensor whole(const Dims& shape, DType dtype = DType::int64) { return numbers(shape, dtype, 0, 10); }

using Lists = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// The same of f's results, followed by the gradients of all floating inputs.
inline void compare_gradients(const std::string& what, double tolerance, const Lists& f,
                              const std::vector<Tensor>& in) {
  compare_results(what, tolerance, [&](Device d) {
    std::vector<Tensor> x, leaves, roots, weights, out;
    for (const Tensor& t : in) {
      x.push_back(t.to(d).detach());
      if (!is_floating(t.dtype())) continue;
      x.back().set_requires_grad(true);
      leaves.push_back(x.back());
    }
    for (const Tensor& y : f(x)) {
      out.push_back(y.detach());
      if (!y.requires_grad()) continue;
      roots.push_back(y);
      weights.push_back(numbers(y.shape(), y.dtype()).to(d));
    }
    for (const Tensor& g : autograd::grad(roots, leaves, weights, false, false, false)) out.push_back(g);
    return out;
  });
}
inline void compare_gradient(const std::string& what, double tolerance,
                             const std::function<Tensor(const std::vector<Tensor>&)>& f,
                             const std::vector<Tensor>& in) {
  compare_gradients(what, tolerance, [&](const std::vector<Tensor>& x) { return std::vector{f(x)}; }, in);
}

template <class F>
void each_size(F&& f) {
  for (const auto n : kSizes) f(n);
  for (const auto n : kLarge) f(n);
}

}  // namespace tenon::test
