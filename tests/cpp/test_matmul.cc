// Every dtype against a triple loop in wide arithmetic, over shapes on both sides of every kernel's border
// and over layouts; with a BLAS where one is found, and always without one through the dtypes that BLAS does
// not know.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <random>
#include <vector>

#include "tenon/autograd.h"
#include "tenon/blas.h"
#include "tenon/ops.h"
#include "tenon/threads.h"

namespace {

using namespace tenon;
using Wide = std::complex<double>;

// Small integers, so that sums are exact in every float; parts of both signs.
Tensor filled(const Dims& shape, DType d, unsigned seed) {
  std::minstd_rand r(seed);
  Tensor t = empty(shape, DType::complex128);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const double x = static_cast<double>(r() % 7) - 3, y = static_cast<double>(r() % 5) - 2;
    t.data<complex128>()[i] = is_bool(d) ? complex128(r() % 8 == 0) : complex128(x, is_complex(d) ? y : 0);
  }
  return to(is_complex(d) ? t : contiguous(real(t)), d);
}

// The elements in row-major order, as complex numbers and as wrapping integers.
std::vector<Wide> numbers(const Tensor& t) {
  const Tensor c = contiguous(to(t, DType::complex128));
  std::vector<Wide> v(static_cast<std::size_t>(c.numel()));
  if (!v.empty()) std::memcpy(static_cast<void*>(v.data()), c.data(), v.size() * sizeof(Wide));
  return v;
}
std::vector<std::uint64_t> integers(const Tensor& t) {
  const Tensor c = contiguous(to(t, DType::uint64));
  return {c.data<std::uint64_t>(), c.data<std::uint64_t>() + c.numel()};
}

template <class V>
std::vector<V> product(const std::vector<V>& a, const std::vector<V>& b, std::int64_t m, std::int64_t n,
                       std::int64_t k) {
  const auto batches = static_cast<std::int64_t>(a.size()) / (m * k);
  std::vector<V> y(static_cast<std::size_t>(batches * m * n));
  for (std::int64_t s = 0; s < batches; ++s)
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t p = 0; p < k; ++p)
        for (std::int64_t j = 0; j < n; ++j)
          y[static_cast<std::size_t>((s * m + i) * n + j)] +=
              a[static_cast<std::size_t>((s * m + i) * k + p)] * b[static_cast<std::size_t>((s * k + p) * n + j)];
  return y;
}

// a and b of at least 2 dimensions, already broadcast to the same batch. Exact.
void expect_product(const Tensor& y, const Tensor& a, const Tensor& b, const std::string& what) {
  const std::int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  const DType d = y.dtype();
  Tensor wanted;
  if (is_integral(d)) {
    const auto v = product(integers(a), integers(b), m, n, k);
    wanted = empty({static_cast<std::int64_t>(v.size())}, DType::uint64);
    std::copy(v.begin(), v.end(), wanted.data<std::uint64_t>());
  } else {
    const auto v = product(numbers(a), numbers(b), m, n, k);
    wanted = empty({static_cast<std::int64_t>(v.size())}, DType::complex128);
    std::memcpy(wanted.data(), v.data(), v.size() * sizeof(Wide));
  }
  wanted = to(wanted, d);  // rounds once, wraps
  const Tensor got = contiguous(y);
  ASSERT_EQ(got.numel(), wanted.numel());
  int wrong = 0;
  const auto g = numbers(got), w = numbers(wanted);
  for (std::size_t i = 0; i < g.size(); ++i) wrong += g[i] != w[i];
  EXPECT_EQ(wrong, 0) << what << " of " << y.numel() << ", " << name(d) << " " << a.shape().str() << " @ "
                      << b.shape().str();
}

constexpr DType kDtypes[] = {DType::bool_,    DType::int8,    DType::int16,   DType::int32,     DType::int64,
                             DType::uint8,    DType::uint16,  DType::uint32,  DType::uint64,    DType::float16,
                             DType::bfloat16, DType::float32, DType::float64, DType::complex64, DType::complex128};

TEST(Matmul, EveryDtypeAndShape) {
  const std::int64_t shapes[][3] = {{1, 1, 1},    {4, 4, 4},   {3, 5, 2},   {16, 16, 16},  {17, 33, 9},
                                    {8, 40, 48},  {2, 3, 70},  {70, 3, 2},  {65, 130, 3},  {1, 200, 40},
                                    {40, 200, 1}, {1, 300, 1}, {50, 1, 60}, {97, 101, 99}, {31, 500, 33}};
  for (DType d : kDtypes)
    for (const auto& [m, k, n] : shapes) {
      const Tensor a = filled({m, k}, d, 1), b = filled({k, n}, d, 2);
      const Tensor y = matmul(a, b);
      EXPECT_EQ(y.dtype(), d);
      EXPECT_TRUE(y.is_contiguous());
      expect_product(y, a, b, "plain");
    }
}

TEST(Matmul, EveryDtypeAndLayout) {
  for (DType d : kDtypes)
    for (std::int64_t n : {7, 30, 90}) {
      if (n == 90 && itemsize(d) < 4) continue;  // the kernels of 30
      const std::int64_t m = n + 3, k = n + 5;
      struct Layout {
        const char* name;
        Tensor (*make)(std::int64_t, std::int64_t, DType, unsigned);
      };
      const Layout layouts[] = {
          {"row", [](std::int64_t r, std::int64_t c, DType t, unsigned s) { return filled({r, c}, t, s); }},
          {"column",
           [](std::int64_t r, std::int64_t c, DType t, unsigned s) { return transpose(filled({c, r}, t, s), 0, 1); }},
          {"part of rows", [](std::int64_t r, std::int64_t c, DType t,
                              unsigned s) { return slice(filled({r, c + 4}, t, s), 1, 1, c + 1); }},
          {"every second", [](std::int64_t r, std::int64_t c, DType t,
                              unsigned s) { return slice(filled({r, 2 * c}, t, s), 1, 0, 2 * c, 2); }},
          {"backwards", [](std::int64_t r, std::int64_t c, DType t, unsigned s) { return flip(filled({r, c}, t, s)); }},
          {"repeated",
           [](std::int64_t r, std::int64_t c, DType t, unsigned s) { return expand(filled({r, 1}, t, s), {r, c}); }},
          {"one row",
           [](std::int64_t r, std::int64_t c, DType t, unsigned s) { return expand(filled({1, c}, t, s), {r, c}); }}};
      for (const Layout& x : layouts)
        for (const Layout& y : layouts) {
          const Tensor a = x.make(m, k, d, 3), b = y.make(k, n, d, 4);
          expect_product(matmul(a, b), a, b, std::string(x.name) + " by " + y.name);
        }
      for (const Layout& x : layouts) {
        const Tensor a = x.make(m, k, d, 5), v = filled({k}, d, 6), w = filled({m}, d, 7);
        expect_product(unsqueeze(matmul(a, v), {1}), a, unsqueeze(v, {1}), std::string(x.name) + " by vector");
        expect_product(unsqueeze(matmul(w, a), {0}), unsqueeze(w, {0}), a, std::string("vector by ") + x.name);
        const Tensor back = flip(filled({k}, d, 8));
        expect_product(unsqueeze(mv(a, back), {1}), a, unsqueeze(back, {1}),
                       std::string(x.name) + " by reversed vector");
      }
    }
}

TEST(Matmul, LargeAcrossBlocks) {
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::float16, DType::bfloat16, DType::int8,
                  DType::int32, DType::int64, DType::bool_}) {
    // More than one block along k; more than one along n for the widest of them.
    const Tensor a = filled({200, 1600}, d, 1), b = filled({1600, 60}, d, 2);
    const Tensor y = matmul(a, b);
    const Tensor rows = slice(a, 0, 0, 200, 37);
    expect_product(contiguous(slice(y, 0, 0, 200, 37)), rows, b, "long");
    const Tensor c = filled({20, 30}, d, 1), e = filled({30, 2300}, d, 2);
    expect_product(matmul(c, e), c, e, "wide");
  }
}

// A large matrix is read as it lies: with rows, steps and columns left over, and operands with other strides.
TEST(Matmul, FewRowsByALargeMatrix) {
  for (DType d : {DType::float32, DType::float64})
    for (const auto& [m, k, n] :
         {std::array{1, 300, 501}, {3, 257, 300}, {7, 1031, 130}, {13, 500, 403}, {16, 260, 777}}) {
      const Tensor a = filled({m, k}, d, 1), turned = transpose(filled({k, m}, d, 1), 0, 1), b = filled({k, n}, d, 2);
      const Tensor part = slice(filled({k, n + 9}, d, 2), 1, 5, n + 5, 1);
      expect_product(matmul(a, b), a, b, "plain");
      expect_product(matmul(turned, b), turned, b, "columns");
      expect_product(matmul(a, part), a, part, "rows with gaps");
      const Tensor batch = filled({2, m, k}, d, 3), bs = filled({2, k, n}, d, 4);
      expect_product(matmul(batch, bs), batch, bs, "batch");
    }
}

TEST(Matmul, ShortRowsByAVector) {
  for (const auto& [m, k] : {std::array{5, 3}, {8, 67}, {203, 1000}, {4, 1025}})
    for (DType d : {DType::float32, DType::float64, DType::int32, DType::bool_}) {
      const Tensor a = filled({m, k}, d, 1), x = filled({k, 1}, d, 2);
      expect_product(matmul(a, x), a, x, "rows by a vector");
    }
}

// Rows that are read where they lie meet blocks of columns: with rows, columns and steps left over; and columns of a
// matrix in strips, small and large.
TEST(Matmul, RowsByBlocksOfColumns) {
  for (DType d : {DType::float32, DType::float64})
    for (const auto& [m, k, n] : {std::array{45, 1100, 1337}, {32, 70, 17}, {131, 513, 300}, {1203, 401, 40}}) {
      const Tensor a = filled({m, k}, d, 1), turned = transpose(filled({k, m}, d, 2), 0, 1), b = filled({k, n}, d, 3);
      const Tensor part = slice(filled({m, k + 9}, d, 4), 1, 5, k + 5, 1), of_b = transpose(filled({n, k}, d, 5), 0, 1);
      const auto check = [&](const Tensor& x, const Tensor& y, const char* what) {
        const Tensor some = slice(x, 0, 0, m, 11);  // of the rows, each in another place among those of a tile
        expect_product(contiguous(slice(matmul(x, y), 0, 0, m, 11)), some, y, what);
      };
      check(a, b, "rows by rows");
      check(a, of_b, "rows by columns");
      check(part, of_b, "rows with gaps by columns");
      check(turned, b, "columns by rows");
      check(turned, of_b, "columns by columns");
    }
}

// A weight is read where it lies: with rows and columns left over, sums of several blocks, and strided results.
TEST(Matmul, FewRowsByAWeight) {
  for (DType d : {DType::float32, DType::float64})
    for (const auto& [m, k, n] : {std::array{64, 200, 401}, {17, 1100, 131}, {33, 2100, 67}, {40, 300, 256}}) {
      const Tensor w = filled({n, k}, d, 2), a = filled({m, k}, d, 1), turned = transpose(filled({k, m}, d, 1), 0, 1);
      expect_product(matmul(a, mT(w)), a, mT(w), "rows by a weight");
      expect_product(matmul(turned, mT(w)), turned, mT(w), "columns by a weight");
    }
}

TEST(Matmul, Batches) {
  for (DType d : {DType::float32, DType::complex128, DType::int16, DType::bfloat16, DType::bool_})
    for (std::int64_t n : {3, 20, 70}) {
      const Tensor a = filled({2, 1, 5, n}, d, 1), b = filled({3, n, 6}, d, 2);
      const Tensor y = matmul(a, b);
      EXPECT_EQ(y.shape(), (Dims{2, 3, 5, 6}));
      expect_product(y, expand(a, {2, 3, 5, n}), expand(b, {2, 3, n, 6}), "broadcast");
      const Tensor w = filled({n, 4}, d, 3), x = filled({2, 3, 7, n}, d, 4);
      expect_product(matmul(x, w), x, expand(w, {2, 3, n, 4}), "folded");
      const Tensor s = transpose(x, 0, 2);  // (7, 3, 2, n): rows of a stack that cannot be folded
      expect_product(matmul(s, w), s, expand(w, {7, 3, n, 4}), "strided");
      const Tensor v = filled({n}, d, 5);
      EXPECT_EQ(matmul(x, v).shape(), (Dims{2, 3, 7}));
      expect_product(unsqueeze(matmul(x, v), {-1}), x, expand(unsqueeze(v, {1}), {2, 3, n, 1}), "by vector");
      EXPECT_EQ(matmul(v, b).shape(), (Dims{3, 6}));
      expect_product(unsqueeze(matmul(v, b), {-2}), expand(unsqueeze(v, {0}), {3, 1, n}), b, "vector by");
    }
}

TEST(Matmul, EmptyDimensions) {
  for (DType d : kDtypes) {
    const Tensor y = matmul(empty({3, 0}, d), empty({0, 4}, d));
    EXPECT_EQ(y.shape(), (Dims{3, 4}));
    for (std::int64_t i = 0; i < 12; ++i) EXPECT_EQ(Scalar::load(d, y.data() + i * y.itemsize()).to<double>(), 0);
    EXPECT_EQ(matmul(empty({0, 3}, d), empty({3, 4}, d)).shape(), (Dims{0, 4}));
    EXPECT_EQ(matmul(empty({2, 0, 3, 4}, d), empty({4, 5}, d)).shape(), (Dims{2, 0, 3, 5}));
    EXPECT_EQ(dot(empty({0}, d), empty({0}, d)).item<double>(), 0);
  }
}

TEST(Matmul, HalfIsRoundedOnce) {
  // 2048 + 1 + 1: a sum in half would stay at 2048.
  Tensor a = ones({1, 4096}, DType::float16), b = ones({4096, 3}, DType::float16);
  EXPECT_EQ(numbers(matmul(a, b))[0].real(), 4096);
  a = ones({9, 4097}, DType::bfloat16);
  b = ones({4097, 3}, DType::bfloat16);
  EXPECT_EQ(numbers(matmul(a, b))[26].real(), 4096);
}

TEST(Matmul, NotANumberAndInfinityPassThrough) {
  for (std::int64_t n : {5, 100}) {
    Tensor a = zeros({n, n}), b = ones({n, n});
    a.data<float>()[0] = NAN;
    b.data<float>()[(n - 1) * n] = INFINITY;
    const Tensor y = matmul(a, b);
    EXPECT_TRUE(std::isnan(y.data<float>()[1]));
    EXPECT_TRUE(std::isnan(y.data<float>()[(n - 1) * n]));  // 0 * inf
    EXPECT_EQ(y.data<float>()[(n - 1) * n + 1], 0);
  }
}

TEST(Matmul, MixedDtypesAndErrors) {
  const Tensor a = filled({3, 4}, DType::int32, 1), b = filled({4, 5}, DType::float32, 2);
  EXPECT_EQ(matmul(a, b).dtype(), DType::float32);
  expect_product(matmul(a, b), to(a, DType::float32), b, "mixed");
  EXPECT_EQ(matmul(a, to(b, DType::complex64)).dtype(), DType::complex64);
  EXPECT_THROW(matmul(a, a), ShapeError);
  EXPECT_THROW(matmul(Tensor::of(1.0), b), ShapeError);
  EXPECT_THROW(matmul(zeros({2, 3, 4}), zeros({3, 4, 5})), ShapeError);
  EXPECT_THROW(matmul(to(b, DType::float8_e5m2), to(b, DType::float8_e5m2)), DtypeError);
  EXPECT_THROW(dot(a, b), ShapeError);
  EXPECT_THROW(dot(zeros({3}), zeros({4})), ShapeError);
  EXPECT_THROW(mv(a, b), ShapeError);
  EXPECT_THROW(outer(a, b), ShapeError);
  try {
    matmul(a, a);
  } catch (const ShapeError& e) { EXPECT_NE(std::string(e.what()).find("(3, 4)"), std::string::npos) << e.what(); }
  const Tensor u = filled({3}, DType::int64, 1), v = filled({2}, DType::float32, 2), o = outer(u, v);
  EXPECT_EQ(o.shape(), (Dims{3, 2}));
  EXPECT_EQ(o.dtype(), DType::float32);
  expect_product(o, unsqueeze(u, {1}), unsqueeze(v, {0}), "outer");
}

TEST(Matmul, SameBitsForAnyNumberOfThreads) {
  for (DType d : {DType::float32, DType::float64, DType::complex64, DType::bfloat16})
    for (const auto& [m, k, n] : std::vector<std::array<std::int64_t, 3>>{
             {300, 400, 500}, {2000, 333, 64}, {50, 1500, 1000}, {1, 2000, 1500}, {9, 700, 1503}, {3000, 700, 1}}) {
      const Tensor a = randn({m, k}, d), b = randn({k, n}, d);
      set_num_threads(1);
      const Tensor one = matmul(a, b);
      set_num_threads(3);
      const Tensor three = matmul(a, b);
      set_num_threads(0);
      EXPECT_EQ(std::memcmp(one.data(), three.data(), static_cast<std::size_t>(one.nbytes())), 0) << name(d) << m;
    }
}

// Central differences of sum(weights * matmul(a, b)); gradients of a real function of complex numbers hold
// d/d(re) + i d/d(im).
void check_gradient(const Dims& sa, const Dims& sb, DType d) {
  Tensor a = randn(sa, d), b = randn(sb, d);
  a.set_requires_grad(true);
  b.set_requires_grad(true);
  const Tensor y = matmul(a, b);
  const Tensor weights = randn(y.shape(), d);
  y.backward(weights);
  auto loss = [&] {
    NoGrad guard;
    const Tensor z = matmul(a, b);
    double s = 0;
    const std::int64_t parts = is_complex(d) ? 2 : 1;
    for (std::int64_t i = 0; i < z.numel() * parts; ++i) s += z.data<double>()[i] * weights.data<double>()[i];
    return s;
  };
  for (const Tensor& x : {a, b}) {
    const Tensor g = contiguous(x.grad());
    ASSERT_EQ(g.shape(), x.shape());
    for (std::int64_t i = 0; i < x.numel() * (is_complex(d) ? 2 : 1); ++i) {
      double& v = x.data<double>()[i];
      const double before = v, h = 1e-5;
      v = before + h;
      const double up = loss();
      v = before - h;
      const double down = loss();
      v = before;
      EXPECT_NEAR(g.data<double>()[i], (up - down) / (2 * h), 1e-6) << sa.str() << sb.str();
    }
  }
}

TEST(Matmul, Gradients) {
  for (DType d : {DType::float64, DType::complex128}) {
    check_gradient({3, 4}, {4, 2}, d);
    check_gradient({4}, {4}, d);
    check_gradient({3, 4}, {4}, d);
    check_gradient({4}, {4, 2}, d);
    check_gradient({2, 3, 4}, {4, 2}, d);
    check_gradient({2, 1, 3, 4}, {3, 4, 2}, d);
    check_gradient({4}, {2, 4, 3}, d);
    check_gradient({2, 3, 4}, {4}, d);
    check_gradient({3, 4}, {2, 4, 2}, d);
  }
}

TEST(Matmul, SavesOnlyWhatItsGradientNeeds) {
  Tensor x = ones({2, 3}), w = ones({3, 2});
  x.set_requires_grad(true);
  const Tensor y = matmul(x, w);
  Tensor z = matmul(ones({2, 2}), y);
  // x plays no part in its own gradient: changing it is no mistake.
  {
    NoGrad guard;
    fill_(x, 5);
  }
  z.backward(ones({2, 2}));
  EXPECT_EQ(x.grad().data<float>()[0], 4);
  const Tensor y2 = matmul(x, w);
  fill_(w, 2);
  EXPECT_THROW(y2.backward(ones({2, 2})), GradError);
}

TEST(Blas, SaysWhatItUses) {
  const blas::Info info = blas::info();
  EXPECT_FALSE(info.name.empty());
  EXPECT_EQ(info.threads, num_threads());
  EXPECT_EQ(info.library.empty(), info.name == "none");
  // Too late: one is in use already.
  EXPECT_THROW(blas::set_library("/nowhere/libblas.so"), RuntimeError);
}

}  // namespace
