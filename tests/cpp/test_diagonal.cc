// Matrices and their diagonals.
#include "gradients.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using test::counting;
using test::doubles;
using test::expect_second_gradients;
using test::values;
using V = std::vector<double>;

TEST(Diagonal, OfVectorsAndMatrices) {
  const Tensor v = doubles({1, 2});
  EXPECT_EQ(values(diag(v)), (V{1, 0, 0, 2}));
  EXPECT_EQ(values(diag(v, 1)), (V{0, 1, 0, 0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(values(diag(v, -1)), (V{0, 0, 0, 1, 0, 0, 0, 2, 0}));
  EXPECT_EQ(diag(empty({0}, DType::int8), 2).shape(), (Dims{2, 2}));
  const Tensor m = counting({2, 3});
  EXPECT_EQ(values(diag(m, 1)), (V{1, 5}));
  EXPECT_FALSE(diag(m).shares_storage(m));
  EXPECT_EQ(values(diagflat(m, 1)).size(), 49u);
  EXPECT_THROW(diag(counting({2, 2, 2})), ShapeError);
  EXPECT_THROW(diag(counting({})), ShapeError);
  EXPECT_THROW(diag(v, INT64_MAX), Error);
  expect_second_gradients("diag", [](const auto& x) { return square(diag(x[0], -1)); }, {v});
}

TEST(Diagonal, EmbeddedAnywhere) {
  const Tensor t = counting({2, 3});
  const Tensor r = diag_embed(t, 1, 0, 2);
  EXPECT_EQ(r.shape(), (Dims{4, 2, 4}));
  EXPECT_EQ(values(diagonal(r, 1, 0, 2)), values(t));
  EXPECT_EQ(sum(r).item<double>(), sum(t).item<double>());
  EXPECT_THROW(diag_embed(t, 0, 1, 1), ValueError);
  EXPECT_THROW(diag_embed(counting({})), ShapeError);
  expect_second_gradients("diag_embed", [](const auto& x) { return square(diag_embed(x[0], -1, -1, 0)); }, {t});
}

TEST(Diagonal, TrianglesOfVectorsAreThoseOfSquares) {
  EXPECT_EQ(values(tril(doubles({1, 2}))), (V{1, 0, 1, 2}));
  EXPECT_EQ(values(triu(doubles({1, 2}), 1)), (V{0, 2, 0, 0}));
  EXPECT_THROW(tril(counting({})), ShapeError);
}

TEST(Diagonal, IndicesOfTriangles) {
  EXPECT_EQ(values(tril_indices(2, 3)), (V{0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(values(triu_indices(2, 3, 1)), (V{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(tril_indices(0, 3).shape(), (Dims{2, 0}));
  EXPECT_EQ(tril_indices(2, 3).dtype(), DType::int64);
  EXPECT_THROW(tril_indices(-1, 3), Error);
}

TEST(Diagonal, IsFilledInPlace) {
  Tensor m = zeros({2, 3}, DType::float64);
  fill_diagonal_(m, doubles({7}));
  EXPECT_EQ(values(m), (V{7, 0, 0, 0, 7, 0}));
  Tensor high = zeros({5, 2}, DType::float64);
  fill_diagonal_(high, doubles({1, 2}));
  EXPECT_EQ(values(high), (V{1, 0, 0, 2, 0, 0, 0, 0, 0, 0}));
  fill_diagonal_(high, doubles({1, 2, 3}), true);
  EXPECT_EQ(values(high), (V{1, 0, 0, 2, 0, 0, 3, 0, 0, 1}));
  Tensor cube = zeros({2, 2, 2}, DType::float64);
  fill_diagonal_(cube, doubles({1, 2}));
  EXPECT_EQ(values(cube), (V{1, 0, 0, 0, 0, 0, 0, 2}));
  Tensor turned = T(zeros({2, 5}, DType::float64));
  fill_diagonal_(turned, doubles({1}), true);
  EXPECT_EQ(values(turned), (V{1, 0, 0, 1, 0, 0, 1, 0, 0, 1}));
  Tensor uneven = zeros({2, 2, 3}, DType::float64), vector = doubles({1});
  EXPECT_THROW(fill_diagonal_(uneven, vector), ShapeError);
  EXPECT_THROW(fill_diagonal_(vector, vector), ShapeError);
  EXPECT_THROW(fill_diagonal_(m, empty({0}, DType::float64)), ValueError);
  expect_second_gradients("fill_diagonal_",
                          [](const auto& x) {
                            Tensor t = square(x[0]);
                            fill_diagonal_(t, square(x[1]));
                            return t;
                          },
                          {counting({2, 2}), doubles({3, 4})});
}

TEST(Diagonal, Vander) {
  EXPECT_EQ(values(vander(doubles({2, 3}))), (V{2, 1, 3, 1}));
  EXPECT_EQ(values(vander(doubles({2, 3}), 3, true)), (V{1, 2, 4, 1, 3, 9}));
  EXPECT_EQ(vander(test::tensor<std::int8_t>({3})).dtype(), DType::int64);
  EXPECT_EQ(vander(doubles({2}), 0).shape(), (Dims{1, 0}));
  EXPECT_EQ(vander(empty({0}, DType::float32)).shape(), (Dims{0, 0}));
  EXPECT_THROW(vander(counting({2, 2})), ShapeError);
  EXPECT_THROW(vander(doubles({1}), -1), ValueError);
  expect_second_gradients("vander", [](const auto& x) { return vander(x[0], 4); }, {doubles({0.5, -2, 0})});
}

}  // namespace
}  // namespace tenon
