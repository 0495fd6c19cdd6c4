// Copies and elementwise operations whose operands run along different dimensions, against plain loops.
#include "reduce_reference.h"

namespace {

using namespace tenon;
using namespace tenon::testing;

void expect_same_elements(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  const auto x = elements(a), y = elements(b);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i].to<complex128>(), y[i].to<complex128>()) << i;
}

const Dims kShapes[] = {{8, 8},      {9, 70},     {64, 64},    {200, 333},     {130, 16},
                        {3, 40, 50}, {40, 3, 50}, {40, 50, 3}, {12, 9, 10, 11}};

TEST(Transpose, CopiesOfEveryDType) {
  Random r(1);
#define X(name, type, kind, bits)                                               \
  for (const Dims& shape : kShapes) {                                           \
    const Tensor t = random_values(r, shape, DType::name), turned = T(t);       \
    SCOPED_TRACE(#name + shape.str());                                          \
    expect_same_elements(with_threads([&] { return turned.clone(); }), turned); \
    expect_same_elements(T(flip(t, Dims{0})).clone(), T(flip(t, Dims{0})));     \
    if (HasFatalFailure()) return;                                              \
  }
  TENON_FOR_EACH_DTYPE(X)
#undef X
}

TEST(Transpose, CopiesThatConvert) {
  Random r(2);
  for (DType from : {DType::uint8, DType::int32, DType::float16, DType::float64})
    for (DType to : {DType::int16, DType::float32, DType::float64, DType::complex128})
      for (const Dims& shape : kShapes) {
        const Tensor t = random_values(r, shape, from);
        const Tensor out = empty(T(t).shape(), to);
        Tensor target = out;
        copy_(target, T(t));
        expect_same_elements(out, contiguous(T(t)).to(to));
        if (HasFatalFailure()) return;
      }
}

TEST(Transpose, CopiesIntoViews) {
  Random r(3);
  for (int k = 0; k < 60; ++k) {
    const Dims shape = kShapes[below(r, std::size(kShapes))];
    const Tensor source = random_view(r, shape, DType::float32);
    Dims wide = shape;
    wide[wide.size() - 1] *= 2;
    Tensor base = full(wide, 99, DType::float32);
    Tensor target = below(r, 2) ? slice(base, -1, {}, {}, 2) : narrow(base, -1, 1, shape.back());
    const std::int64_t before = count_nonzero(eq(base, Scalar(99))).item<std::int64_t>();
    copy_(target, source);
    expect_same_elements(target, source);
    EXPECT_EQ(count_nonzero(eq(base, Scalar(99))).item<std::int64_t>(), before - source.numel());  // none beside it
    if (HasFatalFailure()) return;
  }
}

TEST(Transpose, LargeCopiesPastTheCache) {
  // The second copy gets the first one's block: it is streamed.
  const Tensor t = reshape(arange(0, 3000 * 3200, 1, DType::float32), {3000, 3200});
  for (int k = 0; k < 2; ++k) {
    const Tensor y = T(t).clone();
    for (std::int64_t i = 0; i < 3200; i += 7)
      for (std::int64_t j = 0; j < 3000; ++j)
        ASSERT_EQ(y.data<float>()[i * 3000 + j], static_cast<float>(j * 3200 + i));
  }
}

TEST(Transpose, Elementwise) {
  Random r(4);
  for (DType d : {DType::int8, DType::int32, DType::float16, DType::float32, DType::float64, DType::complex128})
    for (const Dims& shape : {Dims{9, 9}, Dims{130, 130}, Dims{257, 300}, Dims{40, 3, 40}}) {
      Dims back(shape.size());
      for (int i = 0; i < back.size(); ++i) back[i] = shape[back.size() - 1 - i];
      const Tensor a = random_values(r, shape, d), b = random_values(r, back, d),
                   c = random_values(r, back, DType::float32);
      SCOPED_TRACE(shape.str());
      expect_same_elements(with_threads([&] { return add(a, T(b)); }), add(a, contiguous(T(b))));
      expect_same_elements(sub(T(b), a), sub(contiguous(T(b)), a));
      expect_same_elements(with_threads([&] { return mul(a, T(c)); }), mul(a, contiguous(T(c))));
      expect_same_elements(where(ne(a, Scalar(0)), T(b), Scalar(1)),
                           where(ne(a, Scalar(0)), contiguous(T(b)), Scalar(1)));
      const Tensor row = random_values(r, {shape.back()}, d);
      expect_same_elements(add(T(b), row), add(contiguous(T(b)), row));
      if (shape.size() == 2 && shape[0] == shape[1]) {
        Tensor in_place = a.clone();
        const Tensor expected = add(a, T(a).clone());
        const Tensor turned = T(in_place);
        const Operand other(turned);
        elementwise_(Op::add, in_place, {&other, 1});
        expect_same_elements(in_place, expected);
      }
      if (HasFatalFailure()) return;
    }
}

}  // namespace
