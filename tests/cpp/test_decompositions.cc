// eigh and svd: that they decompose, batches, layouts, errors, and gradients to second order.
#include <limits>

#include "matrices.h"

namespace {

using namespace tenon;
using test::adjoint;
using test::expect_second_gradients;
using test::kMatrixDTypes;
using test::uniform;
using test::values;

Tensor hermitian(const Tensor& t) { return add(t, adjoint(t)); }
Tensor columns_times(const Tensor& v, const Tensor& w) { return mul(v, unsqueeze(w, {-2})); }

void expect_close(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const double bound = itemsize(real_dtype(a.dtype())) == 4 ? 1e-4 : 1e-11;
  if (a.numel() > 0) { EXPECT_LT(amax(abs(sub(a, b))).item<double>(), bound) << what; }
}

using Decomposition = test::WithLapack;
using Eigh = Decomposition;
using Svd = Decomposition;
using Decompositions = Decomposition;

TEST_F(Eigh, Decomposes) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape : {Dims{4, 4}, Dims{1, 1}, Dims{3, 2, 5, 5}, Dims{2, 0, 3, 3}, Dims{0, 0}, Dims{40, 40}}) {
      const Tensor a = hermitian(uniform(shape, -1, 1, 1, d));
      for (const Tensor& t : {a, mT(a)}) {
        const auto r = linalg::eigh(t);
        EXPECT_EQ(r[0].dtype(), real_dtype(d));
        expect_close(matmul(columns_times(r[1], r[0]), adjoint(r[1])), t, shape.str());
        expect_close(linalg::eigvalsh(t), r[0], "values");
        expect_close(linalg::eigh(t, true)[0], r[0], "the upper triangle");
      }
    }
    // One triangle is read.
    Tensor a = uniform({4, 4}, -1, 1, 2, d);
    const Tensor lower = add(tril(a), adjoint(tril(a, -1)));
    const Tensor real_diagonal = is_complex(d) ? hermitian(mul(lower, 0.5)) : lower;
    expect_close(linalg::eigvalsh(a), linalg::eigvalsh(real_diagonal), "the lower triangle");
  }
  EXPECT_EQ(linalg::eigvalsh(eye(2, {}, 0, DType::int32)).dtype(), DType::float32);
}

TEST_F(Svd, Decomposes) {
  for (DType d : kMatrixDTypes) {
    for (const Dims& shape :
         {Dims{4, 4}, Dims{3, 5}, Dims{6, 2}, Dims{2, 3, 4, 3}, Dims{0, 3}, Dims{3, 0}, Dims{2, 0, 3}, Dims{1, 30}}) {
      const Tensor a = uniform(shape, -1, 1, 3, d);
      for (bool full : {false, true}) {
        const auto r = linalg::svd(a, full);
        const std::int64_t m = shape[shape.size() - 2], n = shape.back(), k = std::min(m, n);
        EXPECT_EQ(r[1].dtype(), real_dtype(d));
        EXPECT_EQ(r[0].size(-1), full ? m : k);
        EXPECT_EQ(r[2].size(-2), full ? n : k);
        expect_close(matmul(columns_times(narrow(r[0], -1, 0, k), r[1]), narrow(r[2], -2, 0, k)), a, shape.str());
        expect_close(matmul(adjoint(r[0]), r[0]),
                     expand(eye(r[0].size(-1), {}, 0, d), matmul(adjoint(r[0]), r[0]).shape()), "U");
        expect_close(matmul(r[2], adjoint(r[2])),
                     expand(eye(r[2].size(-2), {}, 0, d), matmul(r[2], adjoint(r[2])).shape()), "Vh");
        expect_close(linalg::svdvals(a), r[1], "values");
      }
    }
  }
}

TEST_F(Eigh, HasGradientsOfAnyOrder) {
  for (DType d : {DType::float64, DType::complex128}) {
    for (const Dims& shape : {Dims{3, 3}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 4, d);
      const auto f = [](const std::vector<Tensor>& x) { return linalg::eigh(hermitian(x[0])); };
      expect_second_gradients("values", [&](const std::vector<Tensor>& x) { return square(f(x)[0]); }, {a});
      expect_second_gradients("eigvalsh",
                              [&](const std::vector<Tensor>& x) { return linalg::eigvalsh(hermitian(x[0])); }, {a});
      // Whatever the signs of the vectors are.
      expect_second_gradients("vectors", [&](const std::vector<Tensor>& x) { return square(abs(f(x)[1])); }, {a});
      expect_second_gradients("both",
                              [&](const std::vector<Tensor>& x) {
                                const auto r = f(x);
                                return matmul(columns_times(r[1], exp(r[0])), adjoint(r[1]));
                              },
                              {a});
    }
  }
}

TEST_F(Svd, HasGradientsOfAnyOrder) {
  for (DType d : {DType::float64, DType::complex128}) {
    for (const Dims& shape : {Dims{2, 2}, Dims{3, 2}, Dims{2, 3}, Dims{2, 2, 2}}) {
      const Tensor a = uniform(shape, -1, 1, 5, d);
      const auto f = [](const std::vector<Tensor>& x) { return linalg::svd(x[0], false); };
      expect_second_gradients("values", [&](const std::vector<Tensor>& x) { return square(linalg::svdvals(x[0])); },
                              {a});
      expect_second_gradients("U", [&](const std::vector<Tensor>& x) { return square(abs(f(x)[0])); }, {a});
      expect_second_gradients("Vh", [&](const std::vector<Tensor>& x) { return square(abs(f(x)[2])); }, {a});
      expect_second_gradients("all",
                              [&](const std::vector<Tensor>& x) {
                                const auto r = f(x);
                                return matmul(columns_times(r[0], exp(r[1])), r[2]);
                              },
                              {a});
    }
  }
}

TEST_F(Decompositions, Errors) {
  using test::message;
  EXPECT_EQ(message<ShapeError>([] { linalg::eigh(zeros({2, 3})); }),
            "linalg.eigh: the matrices must be square; got shape (2, 3)");
  EXPECT_THROW(linalg::svd(zeros({3})), ShapeError);
  EXPECT_THROW(linalg::svdvals(zeros({2, 2}, DType::float16)), DtypeError);
  Tensor bad = ones({3, 2, 2}, DType::float64);
  Tensor one = select(bad, 0, 1);
  fill_(one, std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(message<linalg::LinAlgError>([&] { linalg::svd(bad); }).find("no result was found for matrix 1"),
            std::string::npos);
  const Tensor x = test::leaf(uniform({3, 2}, -1, 1, 6));
  EXPECT_THROW(linalg::svd(x)[0].sum().backward(), GradError);
  EXPECT_NO_THROW(linalg::svd(x)[1].sum().backward());
}

}  // namespace
