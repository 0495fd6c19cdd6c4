// Printing, against what PyTorch prints for the same values.
#include "helpers.h"

#include <cmath>
#include <ctime>
#include <sstream>

namespace {

using namespace tenon;
using test::doubles;
using test::tensor;

constexpr float kInf = HUGE_VALF, kNaN = NAN;

Tensor floats(const std::vector<float>& v) { return tensor<float>(v); }

TEST(Format, Floats) {
  EXPECT_EQ(str(floats({99, 2, 3})), "tensor([99.,  2.,  3.])");
  EXPECT_EQ(str(floats({1, 2.5, -3})), "tensor([ 1.0000,  2.5000, -3.0000])");
  EXPECT_EQ(str(floats({0, 0})), "tensor([0., 0.])");
  EXPECT_EQ(str(floats({0, 100})), "tensor([  0., 100.])");
  EXPECT_EQ(str(floats({-0.f, 1})), "tensor([-0., 1.])");
  EXPECT_EQ(str(floats({0.1f, 0.25f})), "tensor([0.1000, 0.2500])");
  EXPECT_EQ(str(floats({1, 1001})), "tensor([1.0000e+00, 1.0010e+03])");
  EXPECT_EQ(str(floats({1, 1000})), "tensor([   1., 1000.])");
  EXPECT_EQ(str(floats({1e-5f, 1e-5f})), "tensor([1.0000e-05, 1.0000e-05])");
  EXPECT_EQ(str(floats({1e8f})), "tensor([100000000.])");
  EXPECT_EQ(str(floats({2e8f})), "tensor([2.0000e+08])");
}

TEST(Format, InfinitiesAndNaNHaveNoSayInTheForm) {
  EXPECT_EQ(str(floats({kInf, 1})), "tensor([inf, 1.])");
  EXPECT_EQ(str(floats({kNaN, 1.5f, -kInf})), "tensor([   nan, 1.5000,   -inf])");
  EXPECT_EQ(str(floats({-kNaN, 12})), "tensor([nan, 12.])");
  EXPECT_EQ(str(floats({kNaN})), "tensor([nan])");
  EXPECT_EQ(str(floats({1e-6f, kInf})), "tensor([1.0000e-06,        inf])");
}

TEST(Format, NumbersWithoutDimensions) {
  EXPECT_EQ(str(Tensor::of(3.5)), "tensor(3.5000)");
  EXPECT_EQ(str(Tensor::of(3)), "tensor(3)");
  EXPECT_EQ(str(Tensor::of(true)), "tensor(True)");
  EXPECT_EQ(str(Tensor::of(2.0)), "tensor(2.)");
  EXPECT_EQ(str(Tensor::of(Scalar(complex128{1, 2}))), "tensor(1.+2.j)");
  EXPECT_EQ(str(Tensor::of(1.5, DType::float64)), "tensor(1.5000, dtype=tenon.float64)");
}

TEST(Format, IntegersAndBoolsAreAligned) {
  EXPECT_EQ(str(tensor<std::int64_t>({1, -20, 300})), "tensor([  1, -20, 300])");
  EXPECT_EQ(str(tensor<std::uint8_t>({1, 255})), "tensor([  1, 255], dtype=tenon.uint8)");
  EXPECT_EQ(str(tensor<std::uint64_t>({~std::uint64_t{0}})), "tensor([18446744073709551615], dtype=tenon.uint64)");
  EXPECT_EQ(str(tensor<bool>({true, false})), "tensor([ True, False])");
  EXPECT_EQ(str(tensor<bool>({true, true})), "tensor([True, True])");
}

TEST(Format, Complex) {
  EXPECT_EQ(str(tensor<complex64>({{1, 2}, {3, -4}})), "tensor([1.+2.j, 3.-4.j])");
  EXPECT_EQ(str(tensor<complex64>({{1.5f, 0}, {0, -0.25f}})), "tensor([1.5000+0.0000j, 0.0000-0.2500j])");
  EXPECT_EQ(str(tensor<complex128>({{1, 2}})), "tensor([1.+2.j], dtype=tenon.complex128)");
}

TEST(Format, SmallFloats) {
  EXPECT_EQ(str(floats({1, 2.5}).to(DType::float16)), "tensor([1.0000, 2.5000], dtype=tenon.float16)");
  EXPECT_EQ(str(floats({1, 2}).to(DType::bfloat16)), "tensor([1., 2.], dtype=tenon.bfloat16)");
  EXPECT_EQ(str(floats({448, 2}).to(DType::float8_e4m3fn)), "tensor([448.,   2.], dtype=tenon.float8_e4m3fn)");
}

TEST(Format, Matrices) {
  EXPECT_EQ(str(test::counting({2, 3}, DType::int64)), "tensor([[0, 1, 2],\n        [3, 4, 5]])");
  EXPECT_EQ(str(T(test::counting({2, 2}, DType::int64))), "tensor([[0, 2],\n        [1, 3]])");
  EXPECT_EQ(str(test::counting({2, 2, 2}, DType::int64)),
            "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])");
  EXPECT_EQ(str(test::counting({2, 1, 1, 1}, DType::int64)), "tensor([[[[0]]],\n\n\n        [[[1]]]])");
}

TEST(Format, Empty) {
  EXPECT_EQ(str(zeros({0})), "tensor([])");
  EXPECT_EQ(str(zeros({0, 3})), "tensor([], size=(0, 3))");
  EXPECT_EQ(str(zeros({0}, DType::int64)), "tensor([], dtype=tenon.int64)");
  EXPECT_EQ(str(zeros({2, 0}, DType::bool_)), "tensor([], size=(2, 0), dtype=tenon.bool)");
}

TEST(Format, LongLinesAreWrapped) {
  EXPECT_EQ(str(test::counting({30}, DType::int64)),
            "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
            "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])");
  // Suffixes too.
  EXPECT_EQ(str(test::counting({18}, DType::int32)),
            "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17],\n"
            "       dtype=tenon.int32)");
}

TEST(Format, LargeTensorsAreSummarised) {
  EXPECT_EQ(str(test::counting({1001}, DType::int64)), "tensor([   0,    1,    2,  ...,  998,  999, 1000])");
  EXPECT_EQ(str(test::counting({1000}, DType::int64)).find("..."), std::string::npos);
  EXPECT_EQ(str(test::counting({1001}, DType::float32)), "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])");
  EXPECT_EQ(str(test::counting({1002}, DType::float32)),  // the range of what is shown decides
            "tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.9900e+02, 1.0000e+03,\n        1.0010e+03])");
  EXPECT_EQ(str(test::counting({100, 11}, DType::int64)),
            "tensor([[   0,    1,    2,  ...,    8,    9,   10],\n"
            "        [  11,   12,   13,  ...,   19,   20,   21],\n"
            "        [  22,   23,   24,  ...,   30,   31,   32],\n"
            "        ...,\n"
            "        [1067, 1068, 1069,  ..., 1075, 1076, 1077],\n"
            "        [1078, 1079, 1080,  ..., 1086, 1087, 1088],\n"
            "        [1089, 1090, 1091,  ..., 1097, 1098, 1099]])");
  EXPECT_EQ(str(test::counting({500, 4}, DType::int64)).find("tensor([[   0,    1,    2,    3],\n        [   4, "), 0u);
}

TEST(Format, OnlyShownElementsAreRead) {
  // 2**40 elements of one byte each: a copy would not fit, and reading them would take minutes.
  const Tensor t = expand(full({1, 1}, 7, DType::uint8), {std::int64_t{1} << 20, std::int64_t{1} << 20});
  const std::clock_t start = std::clock();
  EXPECT_EQ(str(t).substr(0, 33), "tensor([[7, 7, 7,  ..., 7, 7, 7],");
  EXPECT_LT(std::clock() - start, 10 * CLOCKS_PER_SEC);
}

TEST(Format, Gradients) {
  Tensor x = floats({1, 2});
  x.set_requires_grad(true);
  EXPECT_EQ(str(x), "tensor([1., 2.], requires_grad=True)");
  EXPECT_EQ(str(add(x, 1)), "tensor([2., 3.], grad_fn=<add>)");
  EXPECT_EQ(str(x[0]), "tensor(1., grad_fn=<select>)");
  EXPECT_EQ(str(x.detach()), "tensor([1., 2.])");
  EXPECT_EQ(x.storage().version(), 0u);
}

struct Options {
  PrintOptions was = print_options();
  ~Options() { print_options() = was; }
};

TEST(Format, TakesOptions) {
  Options restore;
  print_options().precision = 2;
  EXPECT_EQ(str(floats({1.5, 2})), "tensor([1.50, 2.00])");
  print_options().sci_mode = true;
  EXPECT_EQ(str(floats({1.5, 2})), "tensor([1.50e+00, 2.00e+00])");
  print_options().sci_mode = false;
  EXPECT_EQ(str(floats({1e-6f, 2})), "tensor([0.00, 2.00])");
  print_options() = {};
  print_options().threshold = 4;
  print_options().edgeitems = 1;
  EXPECT_EQ(str(test::counting({5}, DType::int64)), "tensor([0,  ..., 4])");
  print_options().edgeitems = 0;
  EXPECT_EQ(str(test::counting({5}, DType::int64)), "tensor([...], size=(5,))");
  print_options() = {};
  print_options().linewidth = 20;
  EXPECT_EQ(str(test::counting({5}, DType::int64)), "tensor([0, 1, 2, 3,\n        4])");
}

TEST(Format, FollowsTheDefaultDtype) {
  set_default_float(DType::float64);
  EXPECT_EQ(str(doubles({1})), "tensor([1.])");
  EXPECT_EQ(str(floats({1})), "tensor([1.], dtype=tenon.float32)");
  set_default_float(DType::float32);
  EXPECT_EQ(str(doubles({1})), "tensor([1.], dtype=tenon.float64)");
}

TEST(Format, StreamsAndUndefinedTensors) {
  std::ostringstream s;
  s << Tensor::of(30);
  EXPECT_EQ(s.str(), "tensor(30)");
  EXPECT_EQ(str(Tensor()), "tensor(undefined)");
}

}  // namespace
