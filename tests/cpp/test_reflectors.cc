// Products of Householder's reflectors: as matrices one by one, as those of QR, errors and gradients.
#include "matrices.h"

namespace {

using namespace tenon;
using linalg::householder_product;
using test::adjoint;
using test::expect_close;
using test::message;
using test::uniform;
class Reflectors : public test::WithLapack {};

// H_1 ... H_k of m x m, each as it is defined, then the first n columns.
Tensor one_by_one(const Tensor& a, const Tensor& tau) {
  const std::int64_t m = a.size(-2), n = a.size(-1), k = tau.size(-1);
  const Tensor one = eye(m, {}, 0, a.dtype());
  Dims square = a.shape();
  square[square.size() - 1] = m;
  Tensor product = expand(one, square);
  for (std::int64_t i = 0; i < k; ++i) {
    const Tensor below = tril(a, -1), v = add(narrow(below, -1, i, 1), narrow(one, -1, i, 1));
    const Tensor scale = unsqueeze(narrow(tau, -1, i, 1), {-1});
    product = matmul(product, sub(one, mul(scale, matmul(v, adjoint(v)))));
  }
  return narrow(product, -1, 0, n);
}

TEST_F(Reflectors, AreMultipliedAsTheyAreDefined) {
  struct Sizes {
    std::int64_t m, n, k;
  };
  for (DType d : test::kMatrixDTypes) {
    for (const Sizes& s : {Sizes{1, 1, 1}, {3, 3, 3}, {5, 2, 2}, {5, 3, 1}, {4, 4, 2}, {4, 3, 0}, {30, 20, 20}}) {
      for (bool stacked : {false, true}) {
        // Entries so small that products of 20 stay moderate.
        const Dims shape = stacked ? Dims{2, s.m, s.n} : Dims{s.m, s.n}, scales = stacked ? Dims{2, s.k} : Dims{s.k};
        const Tensor a = uniform(shape, -0.3, 0.3, 1, d), tau = uniform(scales, -0.5, 0.5, 2, d);
        const std::string what = std::string(name(d)) + ", " + shape.str();
        const Tensor got = householder_product(a, tau);
        expect_close(got, one_by_one(a, tau), what);
        // What stands on and above the diagonal is not read.
        expect_close(householder_product(add(a, triu(full(a.shape(), 7, d))), tau), got, what + ", above", 0.01);
        expect_close(householder_product(mT(contiguous(mT(a))), tau), got, what + ", of another layout", 0.01);
      }
    }
  }
}

TEST_F(Reflectors, AreThoseOfQr) {
  for (DType d : test::kMatrixDTypes) {
    for (const Dims& shape : {Dims{3, 3}, Dims{6, 2}, Dims{2, 30, 20}}) {
      const Tensor a = uniform(shape, -1, 1, 3, d);
      const auto raw = linalg::qr(a, linalg::QrMode::raw), qr = linalg::qr(a);
      const Tensor q = householder_product(mT(raw[0]), raw[1]);
      expect_close(q, qr[0], shape.str());
      const Tensor overlaps = matmul(adjoint(q), q);
      expect_close(overlaps, expand(eye(shape.back(), {}, 0, d), overlaps.shape()), "orthonormal");
    }
  }
}

TEST_F(Reflectors, OfNothing) {
  EXPECT_EQ(householder_product(zeros({0, 3, 2}), zeros({0, 2})).shape(), (Dims{0, 3, 2}));
  EXPECT_EQ(householder_product(zeros({3, 0}), zeros({0})).shape(), (Dims{3, 0}));
  EXPECT_EQ(householder_product(zeros({0, 0}), zeros({0})).shape(), (Dims{0, 0}));
}

TEST_F(Reflectors, GradientsOfAnyOrder) {
  const auto f = [](const std::vector<Tensor>& x) { return householder_product(x[0], x[1]); };
  for (DType d : test::kPreciseDTypes) {
    test::expect_second_gradients("square", f, {uniform({3, 3}, -1, 1, 4, d), uniform({3}, -1, 1, 5, d)});
    test::expect_second_gradients("tall", f, {uniform({2, 4, 2}, -1, 1, 6, d), uniform({2, 2}, -1, 1, 7, d)});
    test::expect_second_gradients("few", f, {uniform({4, 3}, -1, 1, 8, d), uniform({1}, -1, 1, 9, d)});
  }
}

TEST_F(Reflectors, Errors) {
  const auto said = [](const Dims& a, const Dims& tau) {
    return message<ShapeError>([&] { householder_product(zeros(a), zeros(tau)); });
  };
  const std::string sizes =
      "linalg.householder_product: no more scales than columns, and no more columns than rows are needed; got shapes ";
  EXPECT_EQ(said({3, 2}, {3}), sizes + "(3, 2) and (3,)");
  EXPECT_EQ(said({2, 3}, {2}), sizes + "(2, 3) and (2,)");
  EXPECT_EQ(said({2, 3, 2}, {2}),
            "linalg.householder_product: the reflectors and scales must have the same dimensions before; got shapes "
            "(2, 3, 2) and (2,)");
  EXPECT_THROW(householder_product(zeros({3}), zeros({1})), ShapeError);
  EXPECT_THROW(householder_product(zeros({3, 2}), zeros({})), ShapeError);
  EXPECT_THROW(householder_product(zeros({3, 2}, DType::float16), zeros({2}, DType::float16)), DtypeError);
}

}  // namespace
