// What tests of scans and softmax share: tensors to go through line by line, and the comparison of lines.
#pragma once

#include "reduce_reference.h"

namespace tenon::testing {

inline const DType kReal[] = {DType::bool_,    DType::int8,    DType::int16,  DType::int32,  DType::int64,
                              DType::uint8,    DType::uint16,  DType::uint32, DType::uint64, DType::float16,
                              DType::bfloat16, DType::float32, DType::float64};

inline double tolerance(DType d) {
  return d == DType::float16 ? 1e-3 : d == DType::bfloat16 ? 8e-3 : d == DType::float32 ? 2e-7 : 1e-13;
}

// f(lines of x, lines of y, element): both moved so that dimension d is the last one.
template <class F>
void compare_lines(const Tensor& x, const Tensor& y, int d, F&& f) {
  ASSERT_EQ(x.shape(), y.shape());
  const auto a = elements(movedim(x, {d}, {-1})), b = elements(movedim(y, {d}, {-1}));
  const std::int64_t n = x.shape()[d];
  for (std::int64_t at = 0; at < x.numel(); at += n) {
    std::vector<long double> in, out;
    for (std::int64_t i = at; i < at + n; ++i) {
      in.push_back(a[static_cast<std::size_t>(i)].to<double>());
      out.push_back(b[static_cast<std::size_t>(i)].to<double>());
    }
    f(in, out);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Lines of many lengths, layouts and axes.
class Lines : public ::testing::TestWithParam<DType> {
 protected:
  template <class F>
  void each(F&& f) {
    Random r(3 + static_cast<unsigned>(GetParam()));
    for (int k = 0; k < 40; ++k) {
      Dims shape = random_shape(r, 40);
      if (shape.empty()) shape = {below(r, 5000)};
      const Tensor t = random_view(r, shape, GetParam());
      const int d = static_cast<int>(below(r, t.ndim()));
      SCOPED_TRACE(t.shape().str() + " strides " + t.strides().str() + " axis " + std::to_string(d));
      f(t, d);
    }
    for (const Dims& shape : {Dims{270'000}, Dims{3, 30'000}, Dims{300, 200}}) f(random_view(r, shape, GetParam()), 0);
    f(random_view(r, {2, 140'000}, GetParam()), 1);
  }
};

}  // namespace tenon::testing
