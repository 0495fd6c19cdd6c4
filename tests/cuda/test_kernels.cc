// Each kernel against the CPU's, for sizes around warps, blocks, tiles and 2^16, with warps in three orders. The elementwise
// rows and the reductions of every dtype and layout are walked by tests/python/test_table*.py.
#include "compare.h"

namespace tenon {
namespace {

using namespace test;

TEST(Kernels, copy) {
  for (const DType d : {DType::uint8, DType::float16, DType::float32, DType::float64, DType::complex128})
    for (const std::int64_t n : {1, 7, 8, 31, 32, 33, 70}) {
      const Tensor t = numbers({3, n, 45}, d, 0, 100);
      compare("transpose", 0, [](const Tensor& x) { return clone(transpose(x, 1, 2).contiguous()); }, t);
      compare("permute", 0, [](const Tensor& x) { return permute(x, {2, 0, 1}).contiguous(); }, t);
      compare("slice", 0, [](const Tensor& x) { return slice(x, 2, 1, {}, 3).contiguous(); }, t);
      compare("rows", 0, [](const Tensor& x) { return slice(x, 2, 0, 32).contiguous(); }, t);
    }
}

TEST(Kernels, many_dimensions) {
  const Tensor t = numbers({2, 3, 2, 2, 1, 2, 2, 2, 2, 2, 2});
  const auto turned = [](const Tensor& x) { return permute(x, {10, 8, 6, 9, 7, 5, 4, 3, 1, 2, 0}); };
  compare("copy", 0, [&](const Tensor& x) { return turned(x).contiguous(); }, t);
  compare("add", 0, [&](const Tensor& x) { return add(turned(x), turned(x)); }, t);
  compare("sum of some", 1e-6, [&](const Tensor& x) { return sum(turned(x), Dims{0, 3, 7}); }, t);
  compare(
      "sum of most", 1e-6,
      [&](const Tensor& x) { return sum(slice(turned(x), 0, 0, 2), Dims{0, 1, 2, 3, 4, 5, 7, 8, 9, 10}); }, t);
}

TEST(Kernels, elementwise) {
  each_size([](std::int64_t n) {
    const Tensor a = numbers({n}), b = numbers({n}, DType::float64);
    compare("mul", 0, [](const Tensor& x, const Tensor& y) { return mul(x, y); }, a, b);
    compare("gelu", 1e-5, [](const Tensor& x) { return gelu(x); }, a);
    compare("compare", 0, [](const Tensor& x) { return lt(x.to(DType::int64), 0.5); }, a);
    compare("mixed", 0, [](const Tensor& x, const Tensor& y) { return ge(x.to(DType::int64), y); }, a, b);
  });
}

TEST(Kernels, reduce) {
  each_size([](std::int64_t n) {
    const Tensor t = numbers({n});
    compare("sum", 1e-6, [](const Tensor& x) { return sum(x); }, t);
    compare("sum of integers", 0, [](const Tensor& x) { return sum(x.to(DType::int8)); }, t);
    compare("prod", 1e-5, [](const Tensor& x) { return prod(x); }, numbers({n}, DType::float32, 0.9, 1.1));
    compare("count", 0, [](const Tensor& x) { return count_nonzero(gt(x, 0)); }, t);
    compare("all", 0, [](const Tensor& x) { return all(x); }, t);
    if (n == 0) return;
    compare("max", 0, [](const Tensor& x) { return amax(x); }, t);
    compare("argmax", 0, [](const Tensor& x) { return argmax(x); }, whole({n}));
    compare("var", 1e-5, [](const Tensor& x) { return var(x, {}, 0); }, t);
  });
  for (const Dims& shape : {Dims{300, 257}, Dims{2, 3000}, Dims{3000, 2}, Dims{70000, 3}})
    for (const std::int64_t dim : {0, 1}) {
      compare("sum along", 1e-5, [&](const Tensor& x) { return sum(x, Dims{dim}); }, numbers(shape));
      compare("argmin along", 0, [&](const Tensor& x) { return argmin(x, dim); }, whole(shape));
    }
}

// In order 0 * inf does not appear; lanes alone would make it.
TEST(Kernels, products_that_leave_the_range) {
  Tensor t = full({4096}, 1.0, DType::float64);
  for (std::int64_t i = 0; i < 4096; ++i) t.data<double>()[i] = i % 2 ? 1e-200 : 1e200;
  compare("prod", 1e-9, [](const Tensor& x) { return prod(x); }, t);
}

TEST(Kernels, scan) {
  each_size([](std::int64_t n) {
    compare("cumsum", 1e-5, [](const Tensor& x) { return cumsum(x, 0); }, numbers({n}, DType::float32, 0, 1));
    compare("cumsum of integers", 0, [](const Tensor& x) { return cumsum(x, 0); }, whole({n}));
    compare("cumprod", 1e-4, [](const Tensor& x) { return cumprod(x, 0); }, numbers({n}, DType::float64, 0.99, 1.01));
  });
  for (const std::int64_t dim : {0, 1})
    for (const Dims& shape : {Dims{5, 3000}, Dims{100, 1500}})
      compare(
          "cumsum along", 1e-5, [&](const Tensor& x) { return cumsum(x, dim); }, numbers(shape, DType::float32, 0, 1));
}

TEST(Kernels, softmax) {
  each_size([](std::int64_t n) {
    compare("softmax", 1e-6, [](const Tensor& x) { return softmax(x, 1); }, numbers({2, n}));
    compare("log_softmax", 1e-5, [](const Tensor& x) { return log_softmax(x, 1); }, numbers({2, n}, DType::float64));
    compare("beside", 1e-6, [](const Tensor& x) { return softmax(x, 0); }, numbers({n, 2}));
  });
}

TEST(Kernels, matmul) {
  for (const std::int64_t n : {1, 15, 16, 17, 31, 32, 33, 70})
    for (const DType d : {DType::float32, DType::float64, DType::complex64, DType::int32, DType::uint8}) {
      const Tensor a = numbers({n, 40}, d, 0, 9), b = numbers({40, 33}, d, 0, 9);
      compare("matmul", 1e-5, [](const Tensor& x, const Tensor& y) { return matmul(x, y); }, a, b);
      compare("transposed", 1e-5, [](const Tensor& x) { return matmul(x, transpose(x, 0, 1)); }, a);
    }
  compare(
      "batches", 1e-5, [](const Tensor& x, const Tensor& y) { return matmul(x, y); }, numbers({3, 1, 20, 50}),
      numbers({4, 50, 35}));
  compare(
      "float16", 1e-2, [](const Tensor& x, const Tensor& y) { return matmul(x, y); }, numbers({20, 50}, DType::float16),
      numbers({50, 35}, DType::float16));
}

TEST(Kernels, index) {
  for (const std::int64_t n : {1, 200, 256, 257, 5000}) {
    const Tensor base = numbers({100, 7}), at = numbers({n}, DType::int64, -100, 99), values = numbers({n, 7});
    compare("get", 0, [](const Tensor& x, const Tensor& i) { return index_select(x, 0, i); }, base, abs(at));
    compare("take", 0, [](const Tensor& x, const Tensor& i) { return take(x, i, 0); }, base, at);
    const auto put = [](bool accumulate) {
      return [accumulate](const Tensor& x, const Tensor& i, const Tensor& v) {
        Tensor y = clone(x);
        index_put_(y, std::vector<Index>{i}, v, accumulate);
        return y;
      };
    };
    // Of equal places the last wins, and sums are formed in order: bit by bit as on the CPU.
    compare("put", 0, put(false), base, at, values);
    compare("accumulate", 0, put(true), base, at, values);
    compare("accumulate float16", 0, put(true), base.to(DType::float16), at, values.to(DType::float16));
  }
}

TEST(Kernels, masks) {
  each_size([](std::int64_t n) {
    compare("nonzero", 0, [](const Tensor& x) { return nonzero(gt(x, 1)); }, numbers({n}));
    compare("select", 0, [](const Tensor& x) { return masked_select(x, lt(x, 1)); }, numbers({n}));
  });
  for (const std::int64_t n : {1, 257, 4100})
    for (const DType d : {DType::bool_, DType::float16, DType::float32, DType::float64, DType::complex128}) {
      const Tensor t = numbers({n}, d, 0, 4), mask = lt(numbers({n}), 1), some = ones({n}, d);
      compare("select", 0, [](const Tensor& x, const Tensor& m) { return masked_select(x, m); }, t, mask);
      compare(
          "put", 0,
          [](const Tensor& x, const Tensor& m, const Tensor& v) {
            Tensor y = clone(x);
            index_put_(y, std::vector<Index>{m}, masked_select(v, m));
            return y;
          },
          t, mask, some);
      compare(
          "one value", 0,
          [](const Tensor& x, const Tensor& m) {
            Tensor y = clone(x);
            index_put_(y, std::vector<Index>{m}, full({}, 1, x.dtype(), x.device()));
            return y;
          },
          t, mask);
    }
}

TEST(Kernels, sort) {
  each_size([](std::int64_t n) {
    compare("sort", 0, [](const Tensor& x) { return sort(x); }, numbers({n}));
    compare("argsort", 0, [](const Tensor& x) { return argsort(x); }, whole({n}));
    compare("descending", 0, [](const Tensor& x) { return argsort(x, 0, true); }, whole({n}, DType::float16));
  });
  compare("complex", 0, [](const Tensor& x) { return sort(x, 0); }, numbers({1500}, DType::complex64));
  compare("rows", 0, [](const Tensor& x) { return argsort(x, 1); }, whole({20, 1500}, DType::uint8));
}

TEST(Kernels, select) {
  for (const std::int64_t n : {1, 2, 255, 257, 16385, 40000})
    for (const DType d : {DType::bool_, DType::uint8, DType::int8, DType::int32, DType::uint64, DType::float16,
                          DType::bfloat16, DType::float32, DType::float64, DType::float8_e4m3fn}) {
      Dims ranks{0};
      if (n > 2) ranks = {0, n / 3, n / 2, n - 1};
      const Tensor t = numbers({3, n}, d, is_floating(d) ? -4 : 0, 100);
      compare(std::string(name(d)), 0, [&](const Tensor& x) { return order_statistics(x, ranks); }, t);
      if (is_floating(d) && n > 2 && !is_float8(d)) {
        Tensor nan = clone(t);
        Tensor row = nan[1], one = row[n / 2];
        fill_(one, NAN);
        compare("NaN", 0, [&](const Tensor& x) { return order_statistics(x, ranks); }, nan);
      }
    }
}

TEST(Kernels, random) {
  Generator cpu(42), device(42);
  for (const DType d : {DType::float16, DType::float32, DType::float64})
    for (const std::int64_t n : {1, 2, 3, 5, 1000, 65537}) {
      EXPECT_TRUE(equal(rand({n}, d, kCuda, &device).to(kCpu), rand({n}, d, kCpu, &cpu))) << name(d) << n;
      EXPECT_TRUE(equal(randn({n}, d, kCuda, &device).to(kCpu), randn({n}, d, kCpu, &cpu))) << name(d) << n;
    }
}

TEST(Kernels, iota) {
  for (const DType d : {DType::uint8, DType::int64, DType::float16, DType::float64, DType::complex64})
    EXPECT_TRUE(equal(arange(3, 100, 2, d, kCuda).to(kCpu), arange(3, 100, 2, d)));
  EXPECT_TRUE(equal(arange(0, 1, 0.1, DType::float64, kCuda).to(kCpu), arange(0, 1, 0.1, DType::float64)));
}

// Beyond what 32 bits address.
TEST(Kernels, far_strides) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's shadow of 3 GB is touched";
#endif
  constexpr std::int64_t far = std::int64_t{1} << 29;  // 2 GB of float32
  const Tensor t = empty({far + 1000}, DType::float32, kCuda);
  Tensor view = as_strided(t, {2, 500}, {far, 2}, 0);
  copy_(view, counting({2, 500}, DType::float32).to(kCuda));
  EXPECT_TRUE(equal(view.to(kCpu), counting({2, 500}, DType::float32)));
  EXPECT_EQ(sum(view, Dims{0}).to(kCpu).data<float>()[499], 499 + 999);
  EXPECT_TRUE(equal(cumsum(view, 0)[1].to(kCpu), sum(view, Dims{0}).to(kCpu)));
}

TEST(Kernels, bad_indices_are_errors_of_the_next_wait) {
  const Tensor t = counting({5}).to(kCuda), at = tensor<std::int64_t>({7}).to(kCuda);
  const Tensor y = index_select(t, 0, at);
  EXPECT_NE(message<IndexError>([] { synchronize(kCuda); }).find("index 7 is out of range"), std::string::npos);
  synchronize(kCuda);
}

TEST(Kernels, what_has_no_kernel_says_so) {
  EXPECT_NE(message<NotImplemented>([] {
              matmul(zeros({2, 2}, DType::bool_, kCuda), zeros({2, 2}, DType::bool_, kCuda));
            }).find("matmul: not available on cuda:0 for bool"),
            std::string::npos);
}

}  // namespace
}  // namespace tenon
