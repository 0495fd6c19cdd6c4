// Plans of products: shapes, strides, batches, and stacks that fold into one product. No kernel runs.
#include "helpers.h"

#include "plan/matmul.h"

namespace {

using namespace tenon;

Tensor make(const Dims& shape) { return empty(shape, DType::float32); }
Dims matmul_shape(const Tensor& a, const Tensor& b) { return MatmulPlan(a, b).shape(); }
MatmulCall plan(const Tensor& a, const Tensor& b) {
  const MatmulPlan p(a, b);
  return p.call(make(p.shape()));
}

TEST(PlanMatmul, Shapes) {
  EXPECT_EQ(matmul_shape(make({2, 3}), make({3, 4})), (Dims{2, 4}));
  EXPECT_EQ(matmul_shape(make({3}), make({3, 4})), (Dims{4}));
  EXPECT_EQ(matmul_shape(make({2, 3}), make({3})), (Dims{2}));
  EXPECT_EQ(matmul_shape(make({3}), make({3})), (Dims{}));
  EXPECT_EQ(matmul_shape(make({5, 1, 2, 3}), make({7, 3, 4})), (Dims{5, 7, 2, 4}));
  EXPECT_THROW(matmul_shape(make({2, 3}), make({2, 3})), ShapeError);
  EXPECT_THROW(matmul_shape(make({2, 2, 3}), make({3, 3, 4})), ShapeError);
}

TEST(PlanMatmul, MatricesKeepTheirStrides) {
  const Tensor a = make({3, 2}), b = make({4, 3});
  const MatmulCall c = plan(T(a), T(b));
  EXPECT_EQ(c.m, 2);
  EXPECT_EQ(c.n, 4);
  EXPECT_EQ(c.k, 3);
  EXPECT_EQ(c.a_strides[0], 1);
  EXPECT_EQ(c.a_strides[1], 2);
  EXPECT_EQ(c.b_strides[0], 1);
  EXPECT_EQ(c.b_strides[1], 3);
  EXPECT_EQ(c.c_strides[0], 4);
  EXPECT_EQ(c.batch.numel, 1);
  EXPECT_EQ(c.a, a.data());
}

TEST(PlanMatmul, AStackTimesOneMatrixIsOneProduct) {
  const MatmulCall c = plan(make({5, 2, 3}), make({3, 4}));
  EXPECT_EQ(c.m, 10);
  EXPECT_EQ(c.batch.numel, 1);
  EXPECT_EQ(plan(make({6, 5, 2, 3}), make({3, 4})).m, 60);
  // Not where its rows are not evenly spaced, nor where the right matrix changes, too.
  const MatmulCall apart = plan(slice(make({5, 4, 3}), 1, 0, 2), make({3, 4}));
  EXPECT_EQ(apart.m, 2);
  EXPECT_EQ(apart.batch.numel, 5);
  EXPECT_EQ(plan(make({5, 2, 3}), make({5, 3, 4})).batch.numel, 5);
}

TEST(PlanMatmul, BatchesBroadcast) {
  const MatmulCall c = plan(make({5, 1, 2, 3}), make({7, 3, 4}));
  EXPECT_EQ(c.batch.numel, 35);
  ASSERT_EQ(c.batch.ndim, 2);
  EXPECT_EQ(c.batch.strides[1][0], 24);  // a moves with the first, b with the second
  EXPECT_EQ(c.batch.strides[1][1], 0);
  EXPECT_EQ(c.batch.strides[2][0], 0);
  EXPECT_EQ(c.batch.strides[2][1], 48);
}

TEST(PlanMatmul, VectorsAreRowsOrColumns) {
  const MatmulCall left = plan(make({3}), make({3, 4})), right = plan(make({2, 3}), make({3}));
  EXPECT_EQ(left.m, 1);
  EXPECT_EQ(left.a_strides[1], 1);
  EXPECT_EQ(right.n, 1);
  EXPECT_EQ(right.b_strides[0], 1);
}

}  // namespace
