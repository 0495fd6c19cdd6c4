// Every view against index arithmetic: view[i] is base[f(i)], with the bytes shared.
#include "helpers.h"

#include "ops/view.h"

namespace {

using namespace tenon;
using test::counting;
using test::values;

// Checks shape, sharing and values; `source` gives the row-major position in the counting base for each
// index.
template <class F>
void expect_view(const Tensor& base, const Tensor& v, const Dims& shape, F&& source) {
  ASSERT_EQ(v.shape(), shape);
  EXPECT_TRUE(v.shares_storage(base));
  EXPECT_EQ(v.impl()->base, base.impl()->base ? base.impl()->base : base.impl());
  std::vector<double> expected;
  Dims index(shape.size(), 0);
  for (std::int64_t i = 0; i < shape.product(); ++i) {
    expected.push_back(static_cast<double>(source(index)));
    for (int d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d) index[d] = 0;
  }
  EXPECT_EQ(values(v), expected);
  EXPECT_EQ(values(v.contiguous()), expected);
}

TEST(View, PermuteTransposeMovedim) {
  const Tensor t = counting({2, 3, 4});
  auto at = [](std::int64_t i, std::int64_t j, std::int64_t k) { return i * 12 + j * 4 + k; };
  expect_view(t, permute(t, {2, 0, 1}), {4, 2, 3}, [&](const Dims& i) { return at(i[1], i[2], i[0]); });
  expect_view(t, transpose(t, 0, -1), {4, 3, 2}, [&](const Dims& i) { return at(i[2], i[1], i[0]); });
  expect_view(t, T(t), {4, 3, 2}, [&](const Dims& i) { return at(i[2], i[1], i[0]); });
  expect_view(t, mT(t), {2, 4, 3}, [&](const Dims& i) { return at(i[0], i[2], i[1]); });
  expect_view(t, movedim(t, {0}, {-1}), {3, 4, 2}, [&](const Dims& i) { return at(i[2], i[0], i[1]); });
  expect_view(t, movedim(t, {0, 1}, {1, 0}), {3, 2, 4}, [&](const Dims& i) { return at(i[1], i[0], i[2]); });
  EXPECT_THROW(permute(t, {0, 1}), ShapeError);
  EXPECT_THROW(permute(t, {0, 1, 1}), ValueError);
  EXPECT_THROW(mT(counting({3})), ShapeError);
  EXPECT_EQ(transpose(Tensor::of(1), 0, -1).ndim(), 0);
}

TEST(View, SliceFollowsPython) {
  // All starts, stops and steps, as Python counts them.
  for (std::int64_t n : {0, 1, 5}) {
    const Tensor t = counting({2, n});
    for (std::int64_t step : {1, 2, 3, 7, -1, -2, -3, -7}) {
      for (std::int64_t a = -8; a <= 8; ++a) {
        for (std::int64_t b = -8; b <= 8; ++b) {
          const bool no_a = a == 8, no_b = b == 8;
          auto clamp = [&](std::int64_t i) {
            if (i < 0) i += n;
            return step > 0 ? std::clamp<std::int64_t>(i, 0, n) : std::clamp<std::int64_t>(i, -1, n - 1);
          };
          const std::int64_t from = no_a ? (step > 0 ? 0 : n - 1) : clamp(a),
                             to = no_b ? (step > 0 ? n : -1) : clamp(b);
          std::vector<std::int64_t> positions;
          for (std::int64_t i = from; step > 0 ? i < to : i > to; i += step) positions.push_back(i);
          const Tensor v =
              slice(t, -1, no_a ? std::nullopt : std::optional(a), no_b ? std::nullopt : std::optional(b), step);
          expect_view(t, v, {2, static_cast<std::int64_t>(positions.size())},
                      [&](const Dims& i) { return i[0] * n + positions[static_cast<std::size_t>(i[1])]; });
        }
      }
    }
  }
  EXPECT_THROW(slice(counting({3}), 0, 0, 1, 0), ValueError);
  EXPECT_THROW(slice(Tensor::of(1), 0, 0, 1), IndexError);
  const Tensor far = slice(counting({3}), 0, 0, {}, INT64_MAX);
  EXPECT_EQ(values(far), std::vector<double>{0});
  EXPECT_EQ(values(slice(counting({3}), 0, {}, {}, INT64_MIN)), std::vector<double>{2});
}

TEST(View, SelectNarrowDiagonalUnfoldFlip) {
  const Tensor t = counting({3, 4});
  expect_view(t, select(t, 1, -1), {3}, [](const Dims& i) { return i[0] * 4 + 3; });
  expect_view(t, narrow(t, 1, -3, 2), {3, 2}, [](const Dims& i) { return i[0] * 4 + 1 + i[1]; });
  for (std::int64_t offset = -4; offset <= 5; ++offset) {
    const std::int64_t r = std::max<std::int64_t>(-offset, 0), c = std::max<std::int64_t>(offset, 0);
    const std::int64_t n = std::max<std::int64_t>(std::min<std::int64_t>(3 - r, 4 - c), 0);
    expect_view(t, diagonal(t, offset), {n}, [&](const Dims& i) { return (r + i[0]) * 4 + c + i[0]; });
    expect_view(t, diagonal(t, offset, 1, 0), {std::max<std::int64_t>(std::min<std::int64_t>(4 - r, 3 - c), 0)},
                [&](const Dims& i) { return (c + i[0]) * 4 + r + i[0]; });
  }
  expect_view(t, unfold(t, 1, 2, 1), {3, 3, 2}, [](const Dims& i) { return i[0] * 4 + i[1] + i[2]; });
  expect_view(t, unfold(t, 0, 2, 2), {1, 4, 2}, [](const Dims& i) { return (i[0] * 2 + i[2]) * 4 + i[1]; });
  expect_view(t, flip(t), {3, 4}, [](const Dims& i) { return (2 - i[0]) * 4 + 3 - i[1]; });
  expect_view(t, flip(t, Dims{1}), {3, 4}, [](const Dims& i) { return i[0] * 4 + 3 - i[1]; });
  expect_view(t, flip(flip(t), Dims{0}), {3, 4}, [](const Dims& i) { return i[0] * 4 + 3 - i[1]; });
  EXPECT_THROW(select(t, 0, 3), IndexError);
  EXPECT_THROW(select(t, 0, -4), IndexError);
  EXPECT_THROW(narrow(t, 0, 2, 2), IndexError);
  EXPECT_THROW(unfold(t, 0, 4, 1), ValueError);
  EXPECT_THROW(diagonal(t, 0, 1, -1), ValueError);
}

TEST(View, SqueezeUnsqueezeExpand) {
  const Tensor t = counting({1, 3, 1});
  auto plain = [](const Dims& i) {
    std::int64_t p = 0;
    for (auto k : i) p += k;
    return p;
  };
  expect_view(t, squeeze(t), {3}, plain);
  expect_view(t, squeeze(t, Dims{0}), {3, 1}, plain);
  expect_view(t, squeeze(t, Dims{1}), {1, 3, 1}, plain);
  expect_view(t, unsqueeze(t, {0, -1}), {1, 1, 3, 1, 1}, plain);
  expect_view(t, expand(t, {2, -1, 3, 4}), {2, 1, 3, 4}, [](const Dims& i) { return i[2]; });
  expect_view(t, expand(t, {0, 3, 1}), {0, 3, 1}, plain);
  EXPECT_THROW(expand(t, {2, 2, 1}), ShapeError);
  EXPECT_THROW(expand(t, {3}), ShapeError);
  EXPECT_THROW(expand(t, {-1, 1, 3, 1}), ShapeError);
  EXPECT_THROW(unsqueeze(t, {5}), IndexError);
}

TEST(View, ReshapeFlattenUnflatten) {
  const Tensor t = counting({2, 3, 4});
  auto row = [](std::int64_t columns) { return [=](const Dims& i) { return i[0] * columns + i[1]; }; };
  expect_view(t, reshape(t, {-1, 4}), {6, 4}, row(4));
  expect_view(t, view(t, {2, 12}), {2, 12}, row(12));
  expect_view(t, flatten(t, 1), {2, 12}, row(12));
  expect_view(t, flatten(t, 0, 1), {6, 4}, row(4));
  expect_view(t, unflatten(t, 2, {2, -1}), {2, 3, 2, 2},
              [](const Dims& i) { return i[0] * 12 + i[1] * 4 + i[2] * 2 + i[3]; });
  EXPECT_THROW(reshape(t, {5, -1}), ShapeError);
  EXPECT_THROW(reshape(t, {-1, -1}), ShapeError);
  EXPECT_THROW(reshape(t, {24, 2}), ShapeError);
  EXPECT_THROW(view(T(t), {24}), ValueError);
  EXPECT_THROW(unflatten(t, 2, {3, -1}), ShapeError);
  EXPECT_EQ(reshape(counting({0, 3}), {3, 0, 5}).shape(), (Dims{3, 0, 5}));
  EXPECT_THROW(reshape(counting({0, 3}), {-1, 0}), ShapeError);
  EXPECT_EQ(reshape(Tensor::of(5), {1, 1}).shape(), (Dims{1, 1}));
  EXPECT_EQ(flatten(Tensor::of(5)).shape(), Dims{1});
}

// A tensor whose dimensions are permuted, sliced, reversed and repeated at random.
Tensor random_layout(std::mt19937& random) {
  auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Dims shape(draw(0, 4));
  for (auto& n : shape) n = draw(0, 11) == 0 ? 0 : draw(1, 4);
  Tensor t = counting(shape);
  for (int k = draw(0, 3); k > 0 && t.ndim() > 0; --k) {
    const int d = draw(0, t.ndim() - 1);
    switch (draw(0, 5)) {
      case 0: t = transpose(t, d, draw(0, t.ndim() - 1)); break;
      case 1: t = slice(t, d, {}, {}, 2); break;
      case 2: t = flip(t, Dims{d}); break;
      case 3: t = unsqueeze(t, {d}); break;
      case 4: t = slice(t, d, 1, {}); break;
      default:
        Dims to = t.shape();
        to.insert(0, 2);
        t = expand(t, to);
    }
  }
  return t;
}

Dims random_factors(std::int64_t n, std::mt19937& random) {
  auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Dims out;
  if (n == 0) return {0, 3};
  for (std::int64_t rest = n; rest > 1;) {
    std::int64_t f = draw(1, 4);
    if (rest % f != 0) f = rest;
    out.insert(draw(0, out.size()), f);
    rest /= f;
  }
  for (int k = draw(0, 2); k > 0; --k) out.insert(draw(0, out.size()), 1);
  return out;
}

TEST(View, SizesWhoseProductOverflowsAreNoShape) {
  const std::int64_t half = std::int64_t{1} << 32;
  EXPECT_THROW(reshape(zeros({0}), {half, half}), ShapeError);
  EXPECT_THROW(reshape(zeros({4}), {(std::int64_t{1} << 62) + 1, 4}), ShapeError);
  EXPECT_THROW(view(zeros({0}), {half, half, 0}), ShapeError);
  EXPECT_THROW(unflatten(zeros({4}), 0, {(std::int64_t{1} << 62) + 1, 4}), ShapeError);
  EXPECT_THROW(unflatten(zeros({6}), 0, {-1, -1}), ShapeError);
  EXPECT_THROW(unflatten(zeros({}), 0, {-1}), ShapeError);
}

TEST(View, ReshapeEqualsTheReshapedCopyForRandomLayouts) {
  std::mt19937 random(11);
  int views = 0;
  for (int round = 0; round < 5000; ++round) {
    const Tensor t = random_layout(random);
    const Dims to = random_factors(t.numel(), random);
    const auto strides = view_strides(t.shape(), t.strides(), to);
    const Tensor r = reshape(t, to);
    ASSERT_EQ(r.shape(), to);
    ASSERT_EQ(values(r), values(t)) << t.shape().str() << t.strides().str() << " to " << to.str();
    if (t.numel() > 0) { ASSERT_EQ(r.shares_storage(t), strides.has_value()); }
    views += strides.has_value();
    if (!strides) {
      // No strides exist: each new dimension would have to step by the distance of its first two elements.
      std::vector<const char*> at;
      test::each_element(t, [&](const char* p) { at.push_back(p); });
      const Dims rows = contiguous_strides(to);
      bool possible = true;
      Dims index(to.size(), 0);
      for (std::size_t i = 0; i < at.size() && possible; ++i) {
        const char* p = at[0];
        for (int d = 0; d < to.size(); ++d)
          if (to[d] > 1) p += index[d] * (at[static_cast<std::size_t>(rows[d])] - at[0]);
        possible = p == at[i];
        for (int d = to.size() - 1; d >= 0 && ++index[d] == to[d]; --d) index[d] = 0;
      }
      ASSERT_FALSE(possible) << "a view was missed: " << t.shape().str() << t.strides().str() << " to " << to.str();
    }
  }
  EXPECT_GT(views, 1000);
}

TEST(View, AsAnotherDtype) {
  const Tensor t = counting({2, 4}, DType::int16);
  EXPECT_EQ(view(t, DType::int64).shape(), (Dims{2, 1}));
  EXPECT_EQ(values<int>(view(t, DType::uint8)), (std::vector<int>{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0}));
  EXPECT_EQ(view(slice(t, 0, {}, {}, -1), DType::int32).strides(), (Dims{-2, 1}));
  EXPECT_EQ(view(T(t), DType::float16).strides(), T(t).strides());
  EXPECT_THROW(view(T(t), DType::int32), ValueError);
  EXPECT_THROW(view(slice(t, 1, 0, 3), DType::int32), ValueError);
  EXPECT_THROW(view(slice(t, 1, 1, 3), DType::int32), ValueError);  // misaligned
  EXPECT_THROW(view(Tensor::of(1, DType::int16), DType::int8), ValueError);
  EXPECT_EQ(view(Tensor::of(1.f), DType::int32).item<int>(), 0x3f800000);
}

TEST(View, RealImagAndPairs) {
  const Tensor z = test::tensor<complex128>({{1, 2}, {3, 4}, {5, 6}, {7, 8}}, {2, 2});
  EXPECT_EQ(values(real(T(z))), (std::vector<double>{1, 5, 3, 7}));
  EXPECT_EQ(values(imag(flip(z))), (std::vector<double>{8, 6, 4, 2}));
  EXPECT_EQ(values(view_as_real(z)), (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_TRUE(view_as_real(z).shares_storage(z));
  const Tensor back = view_as_complex(view_as_real(T(z)));
  EXPECT_EQ(values(real(back)), (std::vector<double>{1, 5, 3, 7}));
  EXPECT_TRUE(real(back).shares_storage(z));
  fill_(*std::make_unique<Tensor>(imag(z)), 9);
  EXPECT_EQ(z.data<complex128>()[3], complex128(7, 9));
  EXPECT_TRUE(real(counting({2})).shape() == Dims{2});
  EXPECT_THROW(imag(counting({2})), DtypeError);
  EXPECT_THROW(view_as_complex(counting({3})), ValueError);
  EXPECT_THROW(view_as_complex(counting({2}, DType::int64)), DtypeError);
}

TEST(View, AsStridedStaysInsideTheStorage) {
  const Tensor t = counting({10});
  EXPECT_EQ(values(as_strided(t, {3, 3}, {2, 1}, 1)), (std::vector<double>{1, 2, 3, 3, 4, 5, 5, 6, 7}));
  EXPECT_EQ(values(as_strided(slice(t, 0, 4, {}), {3}, {-2}, 0)), (std::vector<double>{4, 2, 0}));
  EXPECT_THROW(as_strided(t, {3}, {5}, 0), ValueError);
  EXPECT_THROW(as_strided(t, {2}, {1}, -1), ValueError);
}

}  // namespace
