// solve, inv, det, slogdet: values, batches, layouts, errors, and gradients to second order, singular matrices among them.
#include <cmath>
#include <limits>

#include "matrices.h"

namespace {

using namespace tenon;
using test::doubles;
using test::expect_close;
using test::expect_gradients;
using test::expect_second_gradients;
using test::kMatrixDTypes;
using test::message;
using test::uniform;
using Equations = test::WithBlas;
using SingularDeterminant = test::WithLapack;  // its gradient needs singular vectors

// Far from singular.
Tensor regular(const Dims& shape, DType d, unsigned seed = 1) {
  return add(uniform(shape, -1, 1, seed, d), mul(eye(shape.back(), {}, 0, d), static_cast<double>(shape.back())));
}

TEST_F(Equations, SolveIsAnInverseOfTheProduct) {
  for (DType d : kMatrixDTypes) {
    for (std::int64_t n : {0, 1, 2, 3, 7, 16, 40, 130}) {
      const Tensor a = regular({n, n}, d), b = uniform({n, 3}, -1, 1, 2, d), v = uniform({n}, -1, 1, 3, d);
      const std::string what = std::string(name(d)) + " " + std::to_string(n);
      for (const Tensor& t : {a, mT(a)}) {
        expect_close(matmul(t, linalg::solve(t, b)), b, what);
        expect_close(matmul(linalg::solve(t, mT(b), false), t), mT(b), what + " from the right");
        expect_close(matmul(t, linalg::solve(t, v)), v, what + " of a vector");
        expect_close(matmul(t, linalg::inv(t)), eye(n, {}, 0, d), what + " inverse");
      }
    }
  }
}

TEST_F(Equations, Batches) {
  const Tensor a = regular({2, 3, 4, 4}, DType::float64), b = uniform({3, 4, 2}, -1, 1, 2);
  expect_close(matmul(a, linalg::solve(a, b)), expand(b, {2, 3, 4, 2}), "b broadcasts");
  expect_close(linalg::solve(select(select(a, 0, 1), 0, 2), b), matmul(linalg::inv(select(select(a, 0, 1), 0, 2)), b),
               "one matrix for all");
  expect_close(linalg::solve(narrow(a, 0, 0, 1), unsqueeze(b, {0, 1})).sum(),
               matmul(linalg::inv(narrow(a, 0, 0, 1)), unsqueeze(b, {0, 1})).sum(), "more dimensions");
  const Tensor vectors = uniform({2, 3, 4}, -1, 1, 4);
  expect_close(linalg::solve(a, vectors), squeeze(matmul(linalg::inv(a), unsqueeze(vectors, {-1})), Dims{-1}),
               "vectors");
  EXPECT_EQ(linalg::solve(zeros({0, 3, 3}), zeros({0, 3, 2})).shape(), (Dims{0, 3, 2}));
  EXPECT_EQ(linalg::det(zeros({0, 3, 3})).shape(), (Dims{0}));
  EXPECT_EQ(linalg::solve(eye(2, {}, 0, DType::int32), ones({2}, DType::int32)).dtype(), DType::float32);
}

TEST_F(Equations, Determinants) {
  const Tensor a = doubles({2, 1, 0, 1, 3, 4, 0, 5, 6}, {3, 3});
  EXPECT_NEAR(linalg::det(a).item<double>(), -10, 1e-12);
  const auto r = linalg::slogdet(a);
  EXPECT_EQ(r[0].item<double>(), -1);
  EXPECT_NEAR(r[1].item<double>(), std::log(10), 1e-14);
  EXPECT_TRUE(std::isnan(linalg::logdet(a).item<double>()));
  EXPECT_EQ(linalg::det(zeros({0, 0})).item<double>(), 1);
  EXPECT_EQ(linalg::det(zeros({3, 3})).item<double>(), 0);
  EXPECT_EQ(linalg::slogdet(zeros({3, 3}))[0].item<double>(), 0);
  EXPECT_EQ(linalg::slogdet(zeros({3, 3}))[1].item<double>(), -std::numeric_limits<double>::infinity());
  for (DType d : kMatrixDTypes) {
    for (std::int64_t n : {1, 4, 20}) {
      const Tensor m = mul(regular({2, n, n}, d), 1. / static_cast<double>(n)), y = linalg::det(m);
      const auto parts = linalg::slogdet(m);
      expect_close(mul(parts[0], exp(parts[1])), y, std::string("sign and logarithm ") + std::string(name(d)));
      expect_close(linalg::det(matmul(m, m)), mul(y, y), "of a product", 10);
    }
  }
}

TEST_F(Equations, GradientsOfAnyOrder) {
  for (DType d : {DType::float64, DType::complex128}) {
    for (const Dims& shape : {Dims{3, 3}, Dims{2, 2, 2}}) {
      const Tensor a = regular(shape, d), b = uniform({shape.back(), 4}, -1, 1, 6, d);
      const Tensor v = uniform({shape.back()}, -1, 1, 7, d);
      using V = std::vector<Tensor>;
      expect_second_gradients("solve", [](const V& x) { return linalg::solve(x[0], x[1]); }, {a, b});
      expect_second_gradients("solve, vector", [](const V& x) { return linalg::solve(x[0], x[1]); }, {a, v});
      expect_second_gradients("solve, right", [](const V& x) { return linalg::solve(x[0], mT(x[1]), false); }, {a, b});
      expect_second_gradients("inv", [](const V& x) { return linalg::inv(x[0]); }, {a});
      expect_second_gradients("det", [](const V& x) { return linalg::det(x[0]); }, {a});
      expect_second_gradients("slogdet", [](const V& x) { return linalg::slogdet(x[0])[1]; }, {a});
      expect_second_gradients("sign",
                              [](const V& x) {
                                const auto r = linalg::slogdet(x[0]);
                                return add(r[0], r[1]);
                              },
                              {a});
      expect_second_gradients("logdet", [](const V& x) { return linalg::logdet(x[0]); }, {a});
    }
    const Tensor one = regular({2, 2}, d), many = uniform({3, 2, 2}, -1, 1, 9, d);
    expect_second_gradients("one matrix", [](const std::vector<Tensor>& x) { return linalg::solve(x[0], x[1]); },
                            {one, many});
  }
}

TEST_F(SingularDeterminant, TheGradientOfASingularDeterminant) {
  const Tensor rank2 = doubles({1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3}),
               rank1 = outer(doubles({1, 2, 3}), doubles({4, 5, 6}));
  const Tensor all[] = {rank2, rank1, zeros({3, 3}, DType::float64), regular({3, 3}, DType::float64)};
  const auto f = [](const std::vector<Tensor>& x) { return linalg::det(x[0]); };
  for (const Tensor& t : all) expect_second_gradients("det", f, {t});
  expect_second_gradients("a batch of all", f, {stack(all)});
  for (std::int64_t n : {1, 2}) expect_second_gradients("zeros", f, {zeros({n, n}, DType::float64)});
  const Tensor u = uniform({3, 2}, -1, 1, 12, DType::complex128), w = uniform({2, 3}, -1, 1, 13, DType::complex128);
  expect_second_gradients("complex", f, {matmul(u, w)});
}

TEST_F(Equations, TensorEquations) {
  const Tensor a = regular({6, 6}, DType::float64), t = reshape(a, {2, 3, 6}), b = uniform({2, 3}, -1, 1, 8);
  const Tensor x = linalg::tensorsolve(t, b);
  EXPECT_EQ(x.shape(), (Dims{6}));
  expect_close(tensordot(t, x, 1), b, "tensorsolve");
  expect_close(linalg::tensorsolve(movedim(t, {2}, {0}), b, Dims{0}), x, "dims");
  expect_close(tensordot(linalg::tensorinv(t), b, 2), x, "tensorinv");
}

TEST_F(Equations, Errors) {
  EXPECT_EQ(message<ShapeError>([] { linalg::solve(zeros({2, 3}), zeros({2})); }),
            "linalg.solve: the matrices must be square; got shape (2, 3)");
  EXPECT_EQ(message<ShapeError>([] { linalg::solve(eye(2), zeros({3})); }),
            "linalg.solve: the right-hand side must have 2 rows; got shapes (2, 2) and (3,)");
  Tensor bad = regular({3, 2, 2}, DType::float64);
  Tensor one = select(bad, 0, 1);
  fill_(one, 1);
  EXPECT_EQ(
      message<linalg::LinAlgError>([&] { linalg::inv(bad); }),
      "linalg.inv: Singular matrix 1 (row-major, from 0), which has no inverse; pinv takes singular ones; got shape "
      "(3, 2, 2)");
  EXPECT_THROW(linalg::solve(bad, ones({2}, DType::float64)), linalg::LinAlgError);
  EXPECT_THROW(linalg::det(zeros({2, 2}, DType::float16)), DtypeError);
  EXPECT_THROW(linalg::inv(zeros({3})), ShapeError);
  const Tensor x = test::leaf(zeros({2, 2}, DType::float64));
  EXPECT_THROW(linalg::slogdet(x)[1].backward(), linalg::LinAlgError);
  const Tensor nan = full({2, 2}, std::numeric_limits<double>::quiet_NaN(), DType::float64);
  EXPECT_TRUE(std::isnan(linalg::det(nan).item<double>()));
  EXPECT_TRUE(all(isnan(linalg::inv(nan))).item<bool>());
}

}  // namespace
