// Norms of vectors and matrices, powers of matrices, kinds of dtypes.
#include <cmath>

#include "gradients.h"
#include "tenon/kinds.h"
#include "tenon/linalg.h"

namespace tenon::test {
namespace {

using List = std::vector<double>;

TEST(Norms, OfMatrices) {
  const Tensor t = doubles({1, -2, 3, 4}, {2, 2});
  const auto norm = [&](const linalg::NormOrder& ord) { return linalg::matrix_norm(t, ord).item<double>(); };
  EXPECT_DOUBLE_EQ(norm("fro"), std::sqrt(30.));
  EXPECT_DOUBLE_EQ(norm({}), std::sqrt(30.));
  EXPECT_EQ(norm(1.), 6);
  EXPECT_EQ(norm(-1.), 4);
  EXPECT_EQ(norm(INFINITY), 7);
  EXPECT_EQ(norm(-INFINITY), 3);
  EXPECT_EQ(linalg::matrix_norm(counting({2, 3, 4}), 1., {0, 2}).shape(), (Dims{3}));
  EXPECT_EQ(linalg::matrix_norm(counting({2, 3, 4}), "fro", {-2, -1}, true).shape(), (Dims{2, 1, 1}));
  EXPECT_NE(message<ValueError>([&] { norm("x"); }).find("got 'x'"), std::string::npos);
  EXPECT_NE(message<ValueError>([&] { norm(3.); }).find("got 3"), std::string::npos);
  EXPECT_NE(message<ValueError>([&] { linalg::matrix_norm(t, 1., {0}); }).find("two dimensions"), std::string::npos);
  EXPECT_THROW(linalg::matrix_norm(doubles({1})), IndexError);
}

TEST(Norms, AsNumPyChooses) {
  const Tensor t = counting({2, 3, 4});
  EXPECT_EQ(linalg::norm(t).shape(), Dims{});
  EXPECT_EQ(linalg::norm(t, {}, Dims{1}).shape(), (Dims{2, 4}));
  EXPECT_EQ(values(linalg::norm(doubles({3, 4, -5}), INFINITY)), (List{5}));
  EXPECT_EQ(values(linalg::norm(doubles({1, 2, 3, 4}, {2, 2}), "f")), values(linalg::norm(doubles({1, 2, 3, 4}))));
  EXPECT_NE(message<ValueError>([&] { linalg::norm(t, 2.); }).find("one or two axes"), std::string::npos);
  EXPECT_NE(message<ValueError>([&] { linalg::norm(doubles({1}), "fro"); }).find("for matrices"), std::string::npos);
}

TEST(MatrixPower, BySquaring) {
  const Tensor t = tensor<std::int64_t>({1, 1, 0, 1}, {2, 2});
  EXPECT_EQ(values(linalg::matrix_power(t, 13)), (List{1, 13, 0, 1}));
  EXPECT_EQ(values(linalg::matrix_power(t, 0)), (List{1, 0, 0, 1}));
  EXPECT_TRUE(linalg::matrix_power(t, 1).is_same(t));
  EXPECT_EQ(linalg::matrix_power(counting({3, 2, 2}), 0).shape(), (Dims{3, 2, 2}));
  EXPECT_THROW(linalg::matrix_power(counting({2, 3}), 2), ShapeError);
  EXPECT_THROW(linalg::matrix_power(zeros({2, 2}), -1), linalg::LinAlgError);
  expect_second_gradients("matrix_power", [](const auto& x) { return linalg::matrix_power(x[0], 3); },
                          {doubles({0.5, -1, 2, 0.25}, {2, 2})});
}

TEST(Kinds, OfDTypes) {
  EXPECT_EQ(dtype_kinds().size(), 7u);
  EXPECT_TRUE(isdtype(DType::bool_, "bool"));
  EXPECT_FALSE(isdtype(DType::bool_, "numeric"));
  EXPECT_TRUE(isdtype(DType::uint8, "integral"));
  EXPECT_FALSE(isdtype(DType::uint8, "signed integer"));
  EXPECT_TRUE(isdtype(DType::float8_e5m2, "real floating"));
  EXPECT_TRUE(isdtype(DType::complex64, "numeric"));
  EXPECT_NE(message<ValueError>([] { isdtype(DType::int8, "int8"); }).find("'bool', 'signed integer'"),
            std::string::npos);
}

}  // namespace
}  // namespace tenon::test
