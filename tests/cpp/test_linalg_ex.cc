// The _ex functions: info says which matrices have no result, the others have theirs, and check_errors throws.
#include <limits>

#include "matrices.h"

namespace {

using namespace tenon;
using linalg::cholesky_ex;
using linalg::inv_ex;
using linalg::lu_factor_ex;
using linalg::solve_ex;
using test::adjoint;
using test::doubles;
using test::expect_close;
using test::message;
using test::uniform;
using Infos = std::vector<std::int64_t>;
class LinalgEx : public test::WithBlas {};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Tensor regular(const Dims& shape, DType d) {
  return add(uniform(shape, -1, 1, 1, d), mul(eye(shape.back(), {}, 0, d), static_cast<double>(shape.back())));
}
Tensor positive(const Dims& shape, DType d) {
  const Tensor t = uniform(shape, -1, 1, 1, d);
  return add(matmul(t, adjoint(t)), eye(shape.back(), {}, 0, d));
}
void expect_info(const Tensor& info, const Dims& shape, const Infos& wanted, const std::string& what) {
  EXPECT_EQ(info.dtype(), DType::int32) << what;
  EXPECT_EQ(info.shape(), shape) << what;
  EXPECT_EQ(test::values<std::int64_t>(info), wanted) << what;
}
// Matrices 0 and 2 of four.
Tensor good(const Tensor& t) {
  const Tensor both[] = {select(t, 0, 0), select(t, 0, 2)};
  return stack(both);
}
void set(const Tensor& t, double value) {
  Tensor to = t;
  fill_(to, value);
}

TEST_F(LinalgEx, ThePlaceOfTheFirstPivotThatIsZero) {
  for (DType d : test::kMatrixDTypes) {
    for (std::int64_t n : {1, 3, 20, 70}) {
      const std::string what = std::string(name(d)) + ", " + std::to_string(n);
      Tensor a = regular({4, n, n}, d);
      set(select(a, 0, 1), 0);
      // A row and a column of 0: the last pivot.
      set(select(select(a, 0, 3), 0, n - 1), 0);
      set(select(select(a, 0, 3), 1, n - 1), 0);
      const Infos wanted = {0, 1, 0, n};
      const Tensor b = uniform({4, n, 2}, -1, 1, 2, d), clean = good(a);
      const auto inverse = inv_ex(a), x = solve_ex(a, b), right = solve_ex(a, mT(b), false), lu = lu_factor_ex(a);
      expect_info(inverse[1], {4}, wanted, what + " inv_ex");
      expect_info(x[1], {4}, wanted, what + " solve_ex");
      expect_info(right[1], {4}, wanted, what + " solve_ex from the right");
      expect_info(lu[2], {4}, wanted, what + " lu_factor_ex");
      expect_close(good(inverse[0]), linalg::inv(clean), what);
      expect_close(good(x[0]), linalg::solve(clean, good(b)), what);
      expect_close(good(right[0]), linalg::solve(clean, mT(good(b)), false), what);
      expect_close(good(lu[0]), linalg::lu_factor(clean)[0], what);
      expect_info(lu_factor_ex(clean, true)[2], {2}, {0, 0}, what);
      expect_info(inv_ex(clean, true)[1], {2}, {0, 0}, what);
      expect_info(solve_ex(clean, good(b), true, true)[1], {2}, {0, 0}, what);
    }
  }
}

TEST_F(LinalgEx, TheOrderOfTheFirstMinorThatIsNotPositive) {
  for (DType d : test::kMatrixDTypes) {
    for (std::int64_t n : {2, 5, 20, 70}) {
      const std::string what = std::string(name(d)) + ", " + std::to_string(n);
      Tensor a = positive({4, n, n}, d);
      set(select(select(select(a, 0, 1), 0, n - 1), 0, n - 1), -1);
      set(select(select(select(a, 0, 3), 0, 1), 0, 1), -1);
      for (bool upper : {false, true}) {
        const auto r = cholesky_ex(a, upper);
        expect_info(r[1], {4}, {0, n, 0, 2}, what);
        expect_close(good(r[0]), linalg::cholesky(good(a), upper), what);
        expect_info(cholesky_ex(good(a), upper, true)[1], {2}, {0, 0}, what);
      }
    }
  }
}

TEST_F(LinalgEx, ShapesOfInfo) {
  const Tensor a = regular({2, 3, 2, 2}, DType::float64), one = select(select(a, 0, 0), 0, 0);
  expect_info(inv_ex(a)[1], {2, 3}, Infos(6), "a stack");
  expect_info(inv_ex(one)[1], {}, {0}, "one matrix");
  expect_info(solve_ex(one, ones({2}, DType::float64))[1], {}, {0}, "a vector");
  EXPECT_EQ(solve_ex(one, ones({2}, DType::float64))[0].shape(), (Dims{2}));
  for (const Dims& shape : {Dims{0, 3, 3}, Dims{2, 0, 0}}) {
    const Dims before = {shape[0]};
    const Infos none(static_cast<std::size_t>(before[0]));
    const Tensor t = zeros(shape);
    expect_info(inv_ex(t, true)[1], before, none, "inv_ex of nothing");
    expect_info(lu_factor_ex(t, true)[2], before, none, "lu_factor_ex of nothing");
    expect_info(cholesky_ex(t, false, true)[1], before, none, "cholesky_ex of nothing");
    expect_info(solve_ex(t, zeros({shape[0], shape.back(), 1}), true, true)[1], before, none, "solve_ex of nothing");
  }
  // More columns than rows, and more rows than columns.
  expect_info(lu_factor_ex(doubles({1, 2, 3, 2, 4, 6}, {2, 3}))[2], {}, {2}, "wide");
  expect_info(lu_factor_ex(doubles({1, 2, 2, 4, 3, 6}, {3, 2}))[2], {}, {2}, "tall");
}

TEST_F(LinalgEx, NaNIsNoZeroAndNotPositive) {
  for (std::int64_t n : {2, 20}) {
    const Tensor t = full({n, n}, nan, DType::float64);
    expect_info(inv_ex(t)[1], {}, {0}, "inv_ex");
    expect_info(lu_factor_ex(t)[2], {}, {0}, "lu_factor_ex");
    expect_info(cholesky_ex(t)[1], {}, {1}, "cholesky_ex");
  }
}

TEST_F(LinalgEx, CheckErrorsThrows) {
  Tensor a = regular({3, 2, 2}, DType::float64);
  set(select(a, 0, 1), 0);
  const Tensor b = ones({2, 1}, DType::float64);
  const auto said = [](auto f) { return message<linalg::LinAlgError>(f); };
  // In the words of the plain functions, under their own names.
  const auto expect = [&](const std::string& name, const std::string& got, std::string wanted) {
    EXPECT_EQ(got, wanted.insert(wanted.find(name) + name.size(), "_ex"));
  };
  expect("linalg.inv", said([&] { inv_ex(a, true); }), said([&] { linalg::inv(a); }));
  expect("linalg.solve", said([&] { solve_ex(a, b, true, true); }), said([&] { linalg::solve(a, b); }));
  expect("linalg.cholesky", said([&] { cholesky_ex(a, false, true); }), said([&] { linalg::cholesky(a); }));
  EXPECT_NE(said([&] { lu_factor_ex(a, true); }).find("matrix 1 (row-major, from 0)"), std::string::npos);
  // Other mistakes throw without it, too.
  EXPECT_THROW(inv_ex(zeros({2, 3})), ShapeError);
  EXPECT_THROW(solve_ex(eye(2), zeros({3, 1})), ShapeError);
  EXPECT_THROW(cholesky_ex(zeros({2, 2}, DType::float16)), DtypeError);
  EXPECT_THROW(lu_factor_ex(zeros({2})), ShapeError);
}

TEST_F(LinalgEx, GradientsOfTheMatricesThatHaveAResult) {
  for (DType d : test::kPreciseDTypes) {
    const Tensor a = regular({2, 3, 3}, d), b = uniform({2, 3, 2}, -1, 1, 3, d), p = positive({2, 3, 3}, d);
    const auto hermitian = [](const Tensor& t) { return mul(add(t, adjoint(t)), 0.5); };
    test::expect_second_gradients("inv_ex", [](const auto& x) { return inv_ex(x[0])[0]; }, {a});
    test::expect_second_gradients("solve_ex", [](const auto& x) { return solve_ex(x[0], x[1])[0]; }, {a, b});
    test::expect_second_gradients("lu_factor_ex", [](const auto& x) { return lu_factor_ex(x[0])[0]; }, {a});
    test::expect_second_gradients("cholesky_ex", [&](const auto& x) { return cholesky_ex(hermitian(x[0]))[0]; }, {p});
  }
  // A singular matrix between leaves the others theirs.
  Tensor many = regular({4, 3, 3}, DType::float64);
  set(select(many, 0, 1), 0);
  const Tensor x = test::leaf(many), alone = test::leaf(good(many));
  sum(good(inv_ex(x)[0])).backward();
  sum(linalg::inv(alone)).backward();
  expect_close(good(x.grad()), alone.grad(), "beside a singular one");
}

}  // namespace
