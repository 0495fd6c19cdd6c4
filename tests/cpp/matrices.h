// What the tests of linear algebra share.
#pragma once

#include <complex>

#include "gradients.h"
#include "tenon/blas.h"
#include "tenon/linalg.h"

namespace tenon::test {

inline constexpr DType kMatrixDTypes[] = {DType::float32, DType::float64, DType::complex64, DType::complex128};
inline constexpr DType kPreciseDTypes[] = {DType::float64, DType::complex128};

inline Tensor adjoint(const Tensor& t) { return is_complex(t.dtype()) ? conj(mT(t)) : mT(t); }

inline void expect_close(const Tensor& a, const Tensor& b, const std::string& what, double scale = 1) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  const double bound = scale * (itemsize(real_dtype(a.dtype())) == 4 ? 2e-4 : 1e-10);
  if (a.numel() > 0) { EXPECT_LT(amax(abs(sub(a, b))).item<double>(), bound) << what; }
}

// LAPACK comes with the BLAS that Python's packages have; what has kernels of its own uses it for large matrices only.
class WithBlas : public ::testing::Test {
 protected:
  void SetUp() override {
    blas::set_locator([] { return std::string(TENON_TEST_LAPACK); });
  }
};

// For what needs LAPACK: a test in a process that has loaded a library without one is skipped.
class WithLapack : public WithBlas {
 protected:
  void SetUp() override {
    WithBlas::SetUp();
    try {
      linalg::svdvals(eye(1));
    } catch (const std::exception& e) { GTEST_SKIP() << e.what(); }
  }
};

}  // namespace tenon::test
