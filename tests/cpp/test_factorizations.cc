// Factorizations, eigenvalues of any matrix, least squares and the exponential: that they are what they say, batches, errors,
// and gradients to second order.
#include <cmath>
#include <limits>

#include "matrices.h"

namespace {

using namespace tenon;
using test::adjoint;
using test::doubles;
using test::expect_close;
using test::expect_second_gradients;
using test::kMatrixDTypes;
using test::kPreciseDTypes;
using test::message;
using test::uniform;
using V = std::vector<Tensor>;

Tensor positive(const Tensor& t) { return add(matmul(t, adjoint(t)), eye(t.size(-2), {}, 0, t.dtype())); }
Tensor times(const Tensor& v, const Tensor& w) { return mul(v, unsqueeze(w, {-2})); }

using Factorization = test::WithLapack;
using Cholesky = Factorization;
using Qr = Factorization;
using Eig = Factorization;
using Lu = Factorization;
using LeastSquares = Factorization;
using MatrixExp = Factorization;

TEST_F(Cholesky, Factors) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{0, 0}, Dims{1, 1}, Dims{5, 5}, Dims{2, 3, 4, 4}, Dims{0, 3, 3}, Dims{40, 40}}) {
      const Tensor a = positive(uniform(shape, -1, 1, 1, d)), l = linalg::cholesky(a);
      expect_close(matmul(l, adjoint(l)), a, shape.str(), 10);
      expect_close(l, tril(l), "it is triangular");
      expect_close(linalg::cholesky(a, true), adjoint(l), "upper");
      expect_close(linalg::cholesky(tril(a)), l, "one triangle is read");
      expect_close(linalg::cholesky(triu(a), true), adjoint(l), "the upper triangle is read");
      const Tensor b = uniform({shape.back(), 2}, -1, 1, 2, d);
      expect_close(matmul(a, linalg::cholesky_solve(b, l)), matmul(expand(eye(shape.back(), {}, 0, d), shape), b),
                   "cholesky_solve", 10);
      expect_close(linalg::cholesky_inverse(adjoint(l), true), linalg::inv(a), "cholesky_inverse", 10);
    }
  }
  EXPECT_EQ(
      message<linalg::LinAlgError>([] { linalg::cholesky(doubles({1, 2, 2, 1}, {2, 2})); }),
      "linalg.cholesky: no factor exists for matrix 0 (row-major, from 0), which is not positive definite; got shape "
      "(2, 2)");
  EXPECT_THROW(linalg::cholesky(full({20, 20}, std::numeric_limits<double>::quiet_NaN(), DType::float64)),
               linalg::LinAlgError);
}

TEST_F(Cholesky, GradientsOfAnyOrder) {
  for (DType d : kPreciseDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 3, d), b = uniform({shape.back(), 2}, -1, 1, 4, d);
      expect_second_gradients("lower", [](const V& x) { return linalg::cholesky(positive(x[0])); }, {a});
      expect_second_gradients("upper", [](const V& x) { return linalg::cholesky(positive(x[0]), true); }, {a});
      expect_second_gradients(
          "inverse", [](const V& x) { return linalg::cholesky_inverse(linalg::cholesky(positive(x[0]))); }, {a});
      for (bool upper : {false, true}) {
        const Tensor t = add(a, mul(eye(shape.back(), {}, 0, d), 3));
        expect_second_gradients("solve", [&](const V& x) { return linalg::cholesky_solve(x[1], x[0], upper); }, {t, b});
        for (bool unit : {false, true}) {
          const auto f = [&](const V& x) { return linalg::solve_triangular(x[0], x[1], upper, true, unit); };
          const auto g = [&](const V& x) { return linalg::solve_triangular(x[0], mT(x[1]), upper, false, unit); };
          expect_second_gradients("triangular", f, {t, b});
          expect_second_gradients("triangular, right", g, {t, b});
        }
      }
    }
  }
}

TEST_F(Cholesky, TriangularEquations) {
  for (DType d : kMatrixDTypes) {
    for (std::int64_t n : {1, 5, 40}) {
      const Tensor a = add(uniform({2, n, n}, -1, 1, 5, d), mul(eye(n, {}, 0, d), static_cast<double>(n)));
      const Tensor b = uniform({n, 3}, -1, 1, 6, d), all = expand(b, {2, n, 3});
      expect_close(matmul(triu(a), linalg::solve_triangular(a, b, true)), all, "upper");
      expect_close(matmul(tril(a), linalg::solve_triangular(a, b, false)), all, "lower");
      expect_close(matmul(linalg::solve_triangular(a, mT(b), true, false), triu(a)), mT(all), "right");
      const Tensor small = mul(a, 0.1), unit = add(tril(small, -1), eye(n, {}, 0, d));
      expect_close(matmul(unit, linalg::solve_triangular(small, b, false, true, true)), all, "unit", 10);
    }
  }
  EXPECT_THROW(linalg::solve_triangular(eye(2), zeros({3, 1}), true), ShapeError);
}

TEST_F(Qr, Factors) {
  using linalg::QrMode;
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape :
         {Dims{4, 4}, Dims{3, 5}, Dims{6, 2}, Dims{2, 3, 4, 3}, Dims{0, 3}, Dims{3, 0}, Dims{2, 0, 3}}) {
      const Tensor a = uniform(shape, -1, 1, 7, d);
      const std::int64_t m = a.size(-2), k = std::min(m, a.size(-1));
      for (QrMode mode : {QrMode::reduced, QrMode::complete}) {
        const auto r = linalg::qr(a, mode);
        EXPECT_EQ(r[0].size(-1), mode == QrMode::complete ? m : k);
        expect_close(matmul(r[0], r[1]), a, shape.str());
        const Tensor product = matmul(adjoint(r[0]), r[0]);
        expect_close(product, expand(eye(product.size(-1), {}, 0, d), product.shape()), "Q");
        expect_close(triu(r[1]), r[1], "R");
      }
      expect_close(linalg::qr(a, QrMode::r)[1], linalg::qr(a)[1], "r");
      EXPECT_EQ(linalg::qr(a, QrMode::raw)[0].shape(), mT(a).shape());
    }
  }
}

TEST_F(Qr, GradientsOfAnyOrder) {
  using linalg::QrMode;
  for (DType d : kPreciseDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{4, 2}, Dims{2, 4}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 8, d);
      // Whatever the signs are that LAPACK chooses: they do not change nearby.
      const auto both = [](const V& x) {
        const auto r = linalg::qr(x[0]);
        return add(sum(square(abs(r[0])), Dims{-1}), sum(matmul(exp(r[0]), sin(r[1])), Dims{-1}));
      };
      expect_second_gradients("both", both, {a});
      expect_second_gradients("Q", [](const V& x) { return linalg::qr(x[0])[0]; }, {a});
      expect_second_gradients("R", [](const V& x) { return linalg::qr(x[0], QrMode::r)[1]; }, {a});
    }
    expect_second_gradients("complete", [](const V& x) { return linalg::qr(x[0], QrMode::complete)[0]; },
                            {uniform({2, 3}, -1, 1, 9, d)});
  }
  const Tensor x = test::leaf(uniform({3, 2}, -1, 1, 6));
  EXPECT_THROW(linalg::qr(x, QrMode::complete)[0].sum().backward(), GradError);
  EXPECT_NO_THROW(linalg::qr(x, QrMode::complete)[1].sum().backward());
  EXPECT_THROW(linalg::qr(x, QrMode::raw), GradError);
}

TEST_F(Eig, DecomposesAndHasGradients) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{4, 4}, Dims{1, 1}, Dims{2, 3, 3}, Dims{0, 0}, Dims{20, 20}}) {
      const Tensor a = uniform(shape, -1, 1, 10, d);
      const auto r = linalg::eig(a);
      EXPECT_EQ(r[0].dtype(), complex_dtype(d));
      expect_close(matmul(to(a, r[0].dtype()), r[1]), times(r[1], r[0]), shape.str());
      expect_close(linalg::eigvals(a), r[0], "values");
    }
  }
  for (DType d : kPreciseDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 11, d);
      expect_second_gradients("values", [](const V& x) { return linalg::eigvals(x[0]); }, {a});
      expect_second_gradients("vectors", [](const V& x) { return square(abs(linalg::eig(x[0])[1])); }, {a});
      expect_second_gradients("both",
                              [](const V& x) {
                                const auto r = linalg::eig(x[0]);
                                return matmul(times(r[1], exp(r[0])), linalg::inv(r[1]));
                              },
                              {a});
    }
  }
  const Tensor bad = full({2, 2}, std::numeric_limits<double>::infinity(), DType::float64);
  EXPECT_THROW(linalg::eig(bad), linalg::LinAlgError);
}

TEST_F(Lu, FactorsSolvesAndHasGradients) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{4, 4}, Dims{3, 5}, Dims{6, 2}, Dims{2, 3, 4, 3}, Dims{0, 3}, Dims{40, 40}}) {
      const Tensor a = uniform(shape, -1, 1, 12, d);
      const auto r = linalg::lu(a);
      expect_close(matmul(r[0], matmul(r[1], r[2])), a, shape.str());
      if (a.size(-1) != a.size(-2)) continue;
      const auto f = linalg::lu_factor(a);
      const Tensor b = uniform({a.size(-1), 2}, -1, 1, 13, d);
      expect_close(matmul(a, linalg::lu_solve(f[0], f[1], b)), b, "lu_solve", 100);
      expect_close(matmul(adjoint(a), linalg::lu_solve(f[0], f[1], b, true, true)), b, "adjoint", 100);
      expect_close(matmul(linalg::lu_solve(f[0], f[1], mT(b), false), a), mT(b), "right", 100);
    }
  }
  for (DType d : kPreciseDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{4, 2}, Dims{2, 4}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 14, d);
      expect_second_gradients("lu_factor", [](const V& x) { return linalg::lu_factor(x[0])[0]; }, {a});
      expect_second_gradients("L", [](const V& x) { return linalg::lu(x[0])[1]; }, {a});
    }
  }
  EXPECT_THROW(linalg::lu_solve(eye(2), full({2}, 3, DType::int32), ones({2, 1})), ValueError);
  EXPECT_THROW(linalg::lu_solve(eye(2), ones({2}), ones({2, 1})), ShapeError);
}

TEST_F(LeastSquares, PseudoinversesAndRanks) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{4, 4}, Dims{3, 5}, Dims{6, 2}, Dims{2, 3, 4, 3}, Dims{0, 3}, Dims{3, 0}}) {
      const Tensor a = uniform(shape, -1, 1, 15, d), p = linalg::pinv(a);
      EXPECT_EQ(p.shape(), mT(a).shape());
      expect_close(matmul(a, matmul(p, a)), a, "a p a");
      expect_close(matmul(p, matmul(a, p)), p, "p a p", 10);
      const Tensor rank = linalg::matrix_rank(a);
      EXPECT_TRUE(all(eq(rank, std::min(a.size(-2), a.size(-1)))).item<bool>());
    }
    const Tensor u = uniform({4, 2}, -1, 1, 16, d), h = matmul(u, adjoint(u));
    EXPECT_EQ(linalg::matrix_rank(h).item<std::int64_t>(), 2);
    EXPECT_EQ(linalg::matrix_rank(h, {}, true).item<std::int64_t>(), 2);
    EXPECT_EQ(linalg::matrix_rank(h, {full({}, 1e3), {}}).item<std::int64_t>(), 0);
    expect_close(linalg::pinv(neg(h), {}, true), linalg::pinv(neg(h)), "hermitian", 10);
  }
  for (DType d : kPreciseDTypes) {
    const auto hermitian = [](const V& x) { return linalg::pinv(matmul(x[0], adjoint(x[0])), {}, true); };
    for (const Dims& shape : {Dims{3, 3}, Dims{4, 2}, Dims{2, 4}, Dims{2, 2, 2}})
      expect_second_gradients("pinv", [](const V& x) { return linalg::pinv(x[0]); }, {uniform(shape, -1, 1, 17, d)});
    expect_second_gradients("pinv of a low rank", [](const V& x) { return linalg::pinv(matmul(x[0], x[1])); },
                            {uniform({3, 2}, -1, 1, 18, d), uniform({2, 4}, -1, 1, 19, d)});
    expect_second_gradients("pinv, hermitian", hermitian, {uniform({3, 2}, -1, 1, 20, d)});
  }
}

TEST_F(LeastSquares, SolvesAndHasGradients) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{4, 4}, Dims{3, 5}, Dims{6, 2}, Dims{2, 4, 3}}) {
      const Tensor a = uniform(shape, -1, 1, 21, d), b = uniform({a.size(-2), 2}, -1, 1, 22, d);
      const auto r = linalg::lstsq(a, b);
      expect_close(r[0], matmul(linalg::pinv(a), b), shape.str(), 10);
      const Tensor rest = sub(matmul(a, r[0]), b);
      if (a.size(-2) > a.size(-1)) expect_close(r[1], sum(square(abs(rest)), Dims{-2}), "residuals");
      else EXPECT_EQ(r[1].numel(), 0);
    }
  }
  for (DType d : kPreciseDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{4, 2}, Dims{2, 4}, Dims{2, 3, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 23, d), b = uniform({a.size(-2), 2}, -1, 1, 24, d);
      expect_second_gradients("solution", [](const V& x) { return linalg::lstsq(x[0], x[1])[0]; }, {a, b});
      if (a.size(-2) > a.size(-1))
        expect_second_gradients("residuals", [](const V& x) { return linalg::lstsq(x[0], x[1])[1]; }, {a, b});
    }
  }
  EXPECT_THROW(linalg::lstsq(eye(3), ones({2, 1})), ShapeError);
}

TEST_F(LeastSquares, ConditionNumbers) {
  const Tensor a = doubles({1, 2, 3, 4}, {2, 2});
  EXPECT_NEAR(linalg::cond(a).item<double>(), 14.933034373659268, 1e-10);
  EXPECT_NEAR(linalg::cond(a, 1.0).item<double>(), 21, 1e-10);
  EXPECT_NEAR(linalg::cond(a, "fro").item<double>(), 15, 1e-10);
  EXPECT_NEAR(linalg::cond(a, -2.0).item<double>(), 1 / 14.933034373659268, 1e-10);
  for (const linalg::NormOrder& p : {linalg::NormOrder(), linalg::NormOrder(1.0), linalg::NormOrder("fro")}) {
    EXPECT_TRUE(std::isinf(linalg::cond(zeros({2, 2}, DType::float64), p).item<double>()));
    expect_second_gradients("cond", [&](const V& x) { return linalg::cond(x[0], p); }, {a});
  }
}

TEST_F(MatrixExp, IsThatOfTheEigenvalues) {
  for (DType d : kMatrixDTypes) {
    for (double size : {1e-3, 0.1, 0.5, 1.5, 4., 30.}) {
      const Tensor t = uniform({2, 4, 4}, -1, 1, 25, d), h = mul(add(t, adjoint(t)), size / 10);
      const auto r = linalg::eigh(h);
      const Tensor wanted = matmul(times(r[1], exp(r[0])), adjoint(r[1]));
      expect_close(div(linalg::matrix_exp(h), amax(abs(wanted))), div(wanted, amax(abs(wanted))), std::to_string(size));
    }
  }
  EXPECT_EQ(linalg::matrix_exp(zeros({0, 3, 3})).shape(), (Dims{0, 3, 3}));
  // Each matrix is scaled as it needs, and NaN stays in its own.
  const Tensor parts[] = {eye(2, {}, 0, DType::float64), mul(eye(2, {}, 0, DType::float64), 50.),
                          full({2, 2}, std::numeric_limits<double>::quiet_NaN(), DType::float64)};
  const Tensor r = linalg::matrix_exp(stack(parts));
  EXPECT_NEAR(select(diagonal(select(r, 0, 0)), 0, 0).item<double>(), std::exp(1), 1e-15);
  EXPECT_NEAR(select(diagonal(select(r, 0, 1)), 0, 0).item<double>() / std::exp(50), 1, 1e-13);
  EXPECT_TRUE(all(isnan(select(r, 0, 2))).item<bool>());
  for (DType d : kPreciseDTypes)
    for (double size : {0.1, 8.})
      expect_second_gradients("matrix_exp", [](const V& x) { return mul(linalg::matrix_exp(x[0]), 1e-3); },
                              {mul(uniform({2, 3, 3}, -1, 1, 26, d), size)});
}

TEST_F(MatrixExp, NegativePowers) {
  const Tensor a = doubles({2, 1, 0, 4}, {2, 2});
  expect_close(linalg::matrix_power(a, -2), linalg::inv(matmul(a, a)), "matrix_power");
}

}  // namespace
