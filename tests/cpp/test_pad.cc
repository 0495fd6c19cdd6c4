// Borders: every mode against NumPy's values for one line, dimension after dimension, gradients.
#include "gradients.h"
#include "tenon/ops.h"

namespace tenon {
namespace {

using test::counting;
using test::doubles;
using test::expect_second_gradients;
using test::values;
using V = std::vector<double>;

V line(PadMode mode, std::int64_t before, std::int64_t after, bool odd = false, std::vector<PadWidth> stat = {}) {
  const PadWidth w[] = {{before, after}};
  return values(pad(doubles({1, 4, 2}), w, mode, {}, stat, odd));
}

TEST(Pad, ModesGiveNumPysValues) {
  EXPECT_EQ(line(PadMode::constant, 1, 2), (V{0, 1, 4, 2, 0, 0}));
  EXPECT_EQ(line(PadMode::edge, 1, 2), (V{1, 1, 4, 2, 2, 2}));
  EXPECT_EQ(line(PadMode::reflect, 3, 5), (V{4, 2, 4, 1, 4, 2, 4, 1, 4, 2, 4}));
  EXPECT_EQ(line(PadMode::symmetric, 4, 4), (V{2, 2, 4, 1, 1, 4, 2, 2, 4, 1, 1}));
  EXPECT_EQ(line(PadMode::wrap, 4, 4), (V{2, 1, 4, 2, 1, 4, 2, 1, 4, 2, 1}));
  EXPECT_EQ(line(PadMode::maximum, 1, 1), (V{4, 1, 4, 2, 4}));
  EXPECT_EQ(line(PadMode::minimum, 1, 1, false, {{2, 2}}), (V{1, 1, 4, 2, 2}));
  EXPECT_EQ(line(PadMode::mean, 1, 1, false, {{2, 9}}), (V{2.5, 1, 4, 2, 7. / 3}));
  EXPECT_EQ(line(PadMode::median, 1, 1, false, {{3, 2}}), (V{2, 1, 4, 2, 3}));
  EXPECT_EQ(line(PadMode::linear_ramp, 2, 1), (V{0, 0.5, 1, 4, 2, 0}));
  EXPECT_EQ(line(PadMode::reflect, 2, 3, true), (V{0, -2, 1, 4, 2, 0, 3, 6}));
  EXPECT_EQ(line(PadMode::symmetric, 2, 2, true), (V{-2, 1, 1, 4, 2, 2, 0}));
  EXPECT_EQ(line(PadMode::empty, 1, 1).size(), 5u);
}

TEST(Pad, CornersComeFromTheDimensionsBefore) {
  const PadWidth w[] = {{1, 0}, {0, 1}};
  const PadValues v[] = {{doubles({5})[0], {}}, {{}, doubles({7})[0]}};
  EXPECT_EQ(values(pad(counting({1, 2}), w, PadMode::constant, v)), (V{5, 5, 7, 0, 1, 7}));
  EXPECT_EQ(values(pad(counting({1, 2}), w, PadMode::edge)), (V{0, 1, 1, 0, 1, 1}));
  const PadWidth none[] = {{0, 0}, {0, 0}};
  const Tensor t = counting({1, 2}), same = pad(t, none, PadMode::edge);
  EXPECT_FALSE(same.shares_storage(t));
  EXPECT_EQ(pad(counting({}), {}).item<double>(), 0);
}

TEST(Pad, RoundsIntegersAndHalvesAsNumPy) {
  const PadWidth w[] = {{1, 2}};
  const Tensor t = test::tensor<std::int8_t>({1, 4, 2});
  EXPECT_EQ(values(pad(t, w, PadMode::mean)), (V{2, 1, 4, 2, 2, 2}));
  EXPECT_EQ(values(pad(t, w, PadMode::linear_ramp)), (V{0, 1, 4, 2, 1, 0}));
  EXPECT_EQ(pad(t, w, PadMode::mean).dtype(), DType::int8);
  EXPECT_EQ(pad(to(t, DType::float16), w, PadMode::reflect, {}, {}, true).dtype(), DType::float16);
}

TEST(Pad, RefusesWhatHasNoMeaning) {
  const PadWidth w[] = {{1, 1}}, negative[] = {{-1, 0}}, zero[] = {{0, 1}};
  const Tensor t = doubles({1, 2}), nothing = empty({0}, DType::float64);
  EXPECT_THROW(pad(t, negative), ValueError);
  EXPECT_THROW(pad(t, {}), ShapeError);
  EXPECT_THROW(pad(nothing, w, PadMode::edge), ShapeError);
  EXPECT_EQ(values(pad(nothing, w)), (V{0, 0}));
  EXPECT_THROW(pad(t, w, PadMode::mean, {}, zero), ValueError);
  EXPECT_THROW(pad_mode("mirror"), ValueError);
  EXPECT_EQ(pad_mode("linear_ramp"), PadMode::linear_ramp);
  const PadValues complex[] = {{Tensor::of(Scalar(complex128{0, 1})), {}}};
  EXPECT_THROW(pad(t, w, PadMode::constant, complex), DtypeError);
}

TEST(Pad, HasGradientsInEveryMode) {
  const PadWidth w[] = {{2, 3}, {1, 0}};
  for (int m = 0; m < static_cast<int>(PadMode::empty); ++m) {
    for (const bool odd : {false, true}) {
      const auto mode = static_cast<PadMode>(m);
      if (odd && mode != PadMode::reflect && mode != PadMode::symmetric) continue;
      expect_second_gradients("mode " + std::to_string(m),
                              [&](const auto& x) { return square(pad(x[0], w, mode, {}, {}, odd)); },
                              {test::uniform({3, 2}, -2, 2, 5)});
    }
  }
  expect_second_gradients("values",
                          [&](const auto& x) {
                            const PadValues v[] = {{square(x[1]), {}}, {x[2], {}}};
                            return square(pad(x[0], w, PadMode::constant, v));
                          },
                          {test::uniform({3, 2}, -2, 2, 5), doubles({3}), doubles({4})[0]});
  expect_second_gradients("end values",
                          [&](const auto& x) {
                            const PadValues v[] = {{x[1], x[1]}, {}};
                            return square(pad(x[0], w, PadMode::linear_ramp, v));
                          },
                          {test::uniform({3, 2}, -2, 2, 5), doubles({3})[0]});
}

}  // namespace
}  // namespace tenon
