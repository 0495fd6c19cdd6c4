// Tensors of random geometry over random values, and the plain loops that kernels are compared with.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "tenon/elementwise.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace tenon::testing {

using Random = std::mt19937_64;

inline std::int64_t below(Random& r, std::int64_t n) {
  return static_cast<std::int64_t>(r() % static_cast<std::uint64_t>(n));
}

// Small integers, which every dtype holds exactly; for floats quarters.
inline Tensor random_values(Random& r, const Dims& shape, DType dtype) {
  Tensor t = empty(shape, DType::float64);
  const bool is_unsigned = is_bool(dtype) || kind(dtype) == Kind::unsigned_integer;
  const double unit = is_floating(dtype) || is_complex(dtype) ? 0.25 : 1;
  for (std::int64_t i = 0; i < t.numel(); ++i)
    t.data<double>()[i] = unit * static_cast<double>(below(r, 19) - (is_unsigned ? 0 : 9));
  Tensor out = t.to(dtype);
  if (is_complex(dtype)) {
    Tensor part = imag(out);
    copy_(part, random_values(r, shape, DType::float32));
  }
  return out;
}

// A view of the given shape: permuted, stepped, flipped or repeated.
inline Tensor random_view(Random& r, Dims shape, DType dtype) {
  const int n = shape.size();
  Dims order;
  for (int d = 0; d < n; ++d) order.push_back(d);
  std::shuffle(order.begin(), order.end(), r);
  Dims outer(n);
  std::vector<int> step(n, 1);
  for (int d = 0; d < n; ++d) {
    const int axis = static_cast<int>(order[d]);
    step[d] = below(r, 4) == 0 ? 2 : 1;
    outer[d] = below(r, 8) == 0 ? 1 : shape[axis] * step[d];
  }
  Tensor t = random_values(r, outer, dtype);
  Dims back(n);
  for (int d = 0; d < n; ++d) {
    if (outer[d] != 1 || shape[static_cast<int>(order[d])] == 0) t = slice(t, d, {}, {}, step[d]);
    if (below(r, 4) == 0) t = flip(t, Dims{d});
    back[static_cast<int>(order[d])] = d;
  }
  return expand(permute(t, back), shape);
}

inline Dims random_shape(Random& r, std::int64_t most) {
  Dims shape;
  const std::int64_t n = below(r, 5);
  for (std::int64_t d = 0; d < n; ++d)
    shape.push_back(below(r, 10) == 0 ? 1 : 1 + below(r, n == 1 ? most * most : n == 2 ? most : 12));
  return shape;
}

// The elements in logical order.
inline std::vector<Scalar> elements(const Tensor& t) {
  std::vector<Scalar> v;
  Dims at(t.ndim());
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    std::int64_t offset = 0;
    for (int d = 0; d < t.ndim(); ++d) offset += at[d] * t.strides()[d];
    v.push_back(Scalar::load(t.dtype(), t.data() + offset * t.itemsize()));
    for (int d = t.ndim() - 1; d >= 0 && ++at[d] == t.shape()[d]; --d) at[d] = 0;
  }
  return v;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && a.is_contiguous() && b.is_contiguous() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.nbytes())) == 0;
}

// The result, after it was found to have the same bits with one thread and with two.
inline Tensor with_threads(const std::function<Tensor()>& f) {
  set_num_threads(1);
  const Tensor one = f();
  set_num_threads(2);
  const Tensor two = f();
  set_num_threads(0);
  EXPECT_TRUE(same_bits(one, two));
  return one;
}

}  // namespace tenon::testing
