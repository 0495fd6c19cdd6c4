// LDL factors: the matrix that they describe, pivots, info, equations, and the right-hand side's gradients.
#include "matrices.h"

namespace {

using namespace tenon;
using test::adjoint;
using test::doubles;
using test::expect_close;
using test::message;
using test::tensor;
using test::uniform;
using Complex = std::complex<double>;
class Ldl : public test::WithLapack {};

Tensor symmetric(const Dims& shape, DType d, bool hermitian, unsigned seed = 1) {
  const Tensor t = uniform(shape, -1, 1, seed, d);
  return add(t, hermitian ? adjoint(t) : mT(t));
}

// n x n numbers, row by row.
struct Square {
  std::size_t n;
  std::vector<Complex> v = std::vector<Complex>(n * n);
  Complex& at(std::size_t i, std::size_t j) { return v[i * n + j]; }
};

// Row i gains c times row j and, transposed, column i the same of column j.
void add_row(Square& a, std::size_t i, std::size_t j, Complex c, bool hermitian) {
  for (std::size_t k = 0; k < a.n; ++k) a.at(i, k) += c * a.at(j, k);
  const Complex other = hermitian ? std::conj(c) : c;
  for (std::size_t k = 0; k < a.n; ++k) a.at(k, i) += other * a.at(k, j);
}
void swap_rows(Square& a, std::size_t i, std::size_t j) {
  for (std::size_t k = 0; k < a.n; ++k) std::swap(a.at(i, k), a.at(j, k));
  for (std::size_t k = 0; k < a.n; ++k) std::swap(a.at(k, i), a.at(k, j));
}

// What the factors of one matrix stand for, by LAPACK's description of xSYTRF: A = L D L^T with
// L = P_1 L_1 P_2 L_2 ..., of which P_k swaps two rows and L_k has the columns of block k below it.
std::vector<Complex> product(const Tensor& ld, const Tensor& pivots, bool hermitian) {
  const auto n = static_cast<std::size_t>(ld.size(-1));
  const auto numbers = test::values<complex128>(ld);
  const auto p = test::values<std::int64_t>(pivots);
  const auto f = [&](std::size_t i, std::size_t j) { return Complex(numbers[i * n + j].re, numbers[i * n + j].im); };
  std::vector<std::size_t> starts;
  Square a{n};
  for (std::size_t k = 0; k < n; ++k) {
    starts.push_back(k);
    a.at(k, k) = f(k, k);
    if (p[k] > 0) continue;
    a.at(k + 1, k) = f(k + 1, k);
    a.at(k, k + 1) = hermitian ? std::conj(f(k + 1, k)) : f(k + 1, k);
    a.at(k + 1, k + 1) = f(k + 1, k + 1);
    ++k;
  }
  for (std::size_t b = starts.size(); b-- > 0;) {
    const std::size_t first = starts[b], end = b + 1 < starts.size() ? starts[b + 1] : n;
    for (std::size_t i = end; i < n; ++i)
      for (std::size_t k = first; k < end; ++k) add_row(a, i, k, f(i, k), hermitian);
    swap_rows(a, end - 1, static_cast<std::size_t>(std::abs(p[first])) - 1);
  }
  return a.v;
}

TEST_F(Ldl, FactorsDescribeTheMatrix) {
  for (DType d : test::kMatrixDTypes) {
    for (bool hermitian : {false, true}) {
      for (std::int64_t n : {1, 2, 3, 7, 40}) {
        const Tensor a = symmetric({3, n, n}, d, hermitian);
        const auto r = linalg::ldl_factor_ex(a, hermitian);
        ASSERT_EQ(r.size(), 3u);
        EXPECT_EQ(r[0].dtype(), d);
        EXPECT_EQ(r[1].dtype(), DType::int32);
        EXPECT_EQ(r[1].shape(), (Dims{3, n}));
        EXPECT_EQ(test::values(r[2]), (std::vector<double>{0, 0, 0}));
        expect_close(tril(r[0]), r[0], "the other triangle is 0", 0.01);
        for (std::int64_t i = 0; i < 3; ++i) {
          const auto got = product(select(r[0], 0, i), select(r[1], 0, i), hermitian);
          const auto wanted = test::values<complex128>(select(a, 0, i));
          double worst = 0;
          for (std::size_t k = 0; k < got.size(); ++k)
            worst = std::max(worst, std::abs(got[k] - Complex(wanted[k].re, wanted[k].im)));
          EXPECT_LT(worst, itemsize(real_dtype(d)) == 4 ? 1e-4 : 1e-12) << name(d) << ", " << n << " rows";
        }
        expect_close(linalg::ldl_factor_ex(tril(a), hermitian)[0], r[0], "the lower triangle is read", 0.01);
        expect_close(linalg::ldl_factor_ex(mT(contiguous(mT(a))), hermitian)[0], r[0], "of any layout", 0.01);
      }
    }
  }
}

// Without a block of two rows it would divide by 0.
TEST_F(Ldl, ABlockOfTwoRows) {
  const auto r = linalg::ldl_factor_ex(doubles({0, 1, 1, 0}, {2, 2}));
  EXPECT_EQ(test::values(r[1]), (std::vector<double>{-2, -2}));
  EXPECT_EQ(test::values(r[0]), (std::vector<double>{0, 0, 1, 0}));
  EXPECT_EQ(r[2].item<int>(), 0);
  EXPECT_EQ(test::values(linalg::ldl_solve(r[0], r[1], doubles({3, 5}, {2, 1}))), (std::vector<double>{5, 3}));
}

TEST_F(Ldl, SolvesEquations) {
  for (DType d : test::kMatrixDTypes) {
    for (bool hermitian : {false, true}) {
      for (std::int64_t n : {1, 2, 7, 40}) {
        const std::string what = std::string(name(d)) + ", " + std::to_string(n);
        const Tensor a = symmetric({2, 3, n, n}, d, hermitian), b = uniform({2, 3, n, 2}, -1, 1, 2, d);
        const auto r = linalg::ldl_factor_ex(a, hermitian);
        const auto check = [&](const Tensor& m, const Tensor& x, const Tensor& rhs) {
          const Tensor y = matmul(m, x);
          expect_close(y, expand(rhs, y.shape()), what, 20);
        };
        check(a, linalg::ldl_solve(r[0], r[1], b, hermitian), b);
        const Tensor rows = contiguous(mT(b));
        check(a, linalg::ldl_solve(r[0], r[1], mT(rows), hermitian), b);
        const Tensor one = select(select(b, 0, 0), 0, 1);
        check(a, linalg::ldl_solve(r[0], r[1], one, hermitian), one);
        const Tensor ld = select(select(r[0], 0, 1), 0, 2), p = select(select(r[1], 0, 1), 0, 2);
        check(select(select(a, 0, 1), 0, 2), linalg::ldl_solve(ld, p, b, hermitian), b);
      }
    }
  }
}

TEST_F(Ldl, OfNothing) {
  for (const Dims& shape : {Dims{0, 0}, Dims{2, 0, 0}, Dims{0, 3, 3}}) {
    const auto r = linalg::ldl_factor_ex(zeros(shape));
    EXPECT_EQ(r[0].shape(), shape);
    EXPECT_EQ(r[1].ndim(), static_cast<int>(shape.size()) - 1);
    EXPECT_EQ(r[2].ndim(), static_cast<int>(shape.size()) - 2);
    EXPECT_FALSE(any(r[2]).item<bool>());
    EXPECT_EQ(linalg::ldl_solve(r[0], r[1], zeros({shape.back(), 2})).size(-1), 2);
  }
  const auto r = linalg::ldl_factor_ex(eye(3));
  EXPECT_EQ(linalg::ldl_solve(r[0], r[1], zeros({3, 0})).shape(), (Dims{3, 0}));
  EXPECT_EQ(linalg::ldl_factor_ex(eye(3, {}, 0, DType::int64))[0].dtype(), DType::float32);
}

TEST_F(Ldl, InfoIsTheFirstBlockThatIsSingular) {
  const Tensor parts[] = {eye(3, {}, 0, DType::float64), zeros({3, 3}, DType::float64),
                          doubles({2, 0, 0, 0, 0, 0, 0, 0, 1}, {3, 3}), doubles({2, 0, 0, 0, 3, 0, 0, 0, 0}, {3, 3})};
  const Tensor a = stack(parts);
  EXPECT_EQ(test::values(linalg::ldl_factor_ex(a)[2]), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(message<linalg::LinAlgError>([&] { linalg::ldl_factor_ex(a, false, true); }),
            "linalg.ldl_factor: the factor D is singular for matrix 1 (row-major, from 0); got shape (4, 3, 3)");
  EXPECT_EQ(linalg::ldl_factor_ex(parts[0], false, true)[2].item<int>(), 0);
}

TEST_F(Ldl, TheGradientIsTheRightHandSides) {
  for (DType d : test::kPreciseDTypes) {
    for (bool hermitian : {false, true}) {
      const auto r = linalg::ldl_factor_ex(symmetric({2, 4, 4}, d, hermitian), hermitian);
      const auto f = [&](const std::vector<Tensor>& x) { return linalg::ldl_solve(r[0], r[1], x[0], hermitian); };
      test::expect_second_gradients("ldl_solve", f, {uniform({2, 4, 3}, -1, 1, 5, d)});
      test::expect_second_gradients("ldl_solve, one for all", f, {uniform({4, 3}, -1, 1, 6, d)});
    }
  }
  const Tensor leaf = test::leaf(eye(2));
  const Tensor pivots = tensor<std::int32_t>({1, 2});
  EXPECT_EQ(message<GradError>([&] { linalg::ldl_factor_ex(leaf); }),
            "linalg.ldl_factor: it has no gradient; use tensor.detach(), or solve() for equations");
  EXPECT_EQ(message<GradError>([&] { linalg::ldl_solve(leaf, pivots, ones({2, 1})); }),
            "linalg.ldl_solve: the factors have no gradient; use tensor.detach()");
}

TEST_F(Ldl, Errors) {
  const Tensor good = tensor<std::int32_t>({1, 2});
  for (const std::vector<std::int32_t>& p : std::vector<std::vector<std::int32_t>>{
           {0, 1}, {1, 3}, {-1, 1}, {-2, -1}, {1, -2}, {INT32_MIN, INT32_MIN}, {INT32_MAX, 1}})
    EXPECT_EQ(message<linalg::LinAlgError>([&] { linalg::ldl_solve(eye(2), tensor(p), ones({2, 1})); }),
              "linalg.ldl_solve: the pivots are not those of ldl_factor for matrix 0 (row-major, from 0); got shape "
              "(2, 2)");
  EXPECT_THROW(linalg::ldl_factor_ex(zeros({2, 3})), ShapeError);
  EXPECT_THROW(linalg::ldl_factor_ex(zeros({2})), ShapeError);
  EXPECT_THROW(linalg::ldl_factor_ex(zeros({2, 2}, DType::float16)), DtypeError);
  EXPECT_THROW(linalg::ldl_solve(eye(2), ones({2}, DType::int64), ones({2, 1})), ShapeError);
  EXPECT_THROW(linalg::ldl_solve(eye(2), ones({3}, DType::int32), ones({2, 1})), ShapeError);
  EXPECT_EQ(message<ShapeError>([&] { linalg::ldl_solve(eye(2), good, ones({3, 1})); }),
            "linalg.ldl_solve: the right-hand side must have 2 rows; got shapes (2, 2) and (3, 1)");
}

}  // namespace
