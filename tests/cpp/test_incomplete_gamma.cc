// igamma and igammac against values of mpmath at 150 digits, in each of the ways that they are computed, and at the ends.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backends/scalar/math.h"
#include "helpers.h"

namespace {

using namespace tenon;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

struct Value {
  double a, x, lower, upper;
};
constexpr Value kValues[] = {
    // The series near 0, for a below 1.
    {0x1p-20, 0x1p-30, 0.9999807195609681, 1.9280439031902313e-05},
    {0x1p-7, 0.5, 0.9956090138588974, 0.004390986141102559},
    {0.5, 0x1p-40, 1.0761062308265404e-06, 0.9999989238937692},
    {0.5, 0.5, 0.6826894921370859, 0.3173105078629141},
    {0.5, 1.0625, 0.8550872192532813, 0.14491278074671865},
    // The power series of P.
    {1, 0x1p-20, 9.536738616590436e-07, 0.9999990463261383},
    {1, 1, 0.6321205588285577, 0.36787944117144233},
    {0.75, 1.5, 0.8524004456352495, 0.14759955436475045},
    {2.5, 0.125, 0.0015208185533684398, 0.9984791814466316},
    {2.5, 3.5, 0.7793596920632893, 0.2206403079367108},
    {9.75, 9.75, 0.5426065613715498, 0.4573934386284501},
    {10, 4, 0.008132242796933864, 0.9918677572030662},
    {10, 10, 0.5420702855281478, 0.4579297144718522},
    {100, 60, 1.4815276326460468e-06, 0.9999985184723673},
    {100, 100, 0.5132987982791487, 0.48670120172085135},
    {5000, 4800, 0.0021027954807304734, 0.9978972045192696},
    {5000, 5000, 0.5018806340338173, 0.49811936596618267},
    {100000, 99000, 0.0007574199211747679, 0.9992425800788253},
    {100000, 100000, 0.5004205221103651, 0.4995794778896348},
    // The continued fraction of Q.
    {0x1p-7, 4, 0.9999699770228944, 3.002297710562642e-05},
    {0.5, 8, 0.9999366575163338, 6.334248366623985e-05},
    {1, 30, 0.9999999999999064, 9.357622968840175e-14},
    {2.5, 20, 0.99999985066321, 1.4933679000503952e-07},
    {2.5, 100, 1.0, 2.8406228986415315e-41},
    {10, 11.5, 0.7112054604513287, 0.28879453954867124},
    {10, 60, 0.9999999999999997, 2.85150775555202e-16},
    {100, 101.5, 0.5724269463165333, 0.42757305368346665},
    {100, 160, 0.999999855797755, 1.4420224505352737e-07},
    {5000, 5300, 0.9999844548842145, 1.5545115785517565e-05},
    {100000, 101000, 0.9991915784870744, 0.0008084215129255907},
    // The uniform expansion.
    {131072, 130000, 0.001497749432170493, 0.9985022505678295},
    {131072, 131072, 0.5003673109423573, 0.4996326890576427},
    {131072, 132500, 0.9999577061873164, 4.229381268360476e-05},
    {0x1p30, 1073700000, 0.10091174419100853, 0.8990882558089914},
    {0x1p30, 0x1p30, 0.5000040582507366, 0.4999959417492635},
    {0x1p30, 1073800000, 0.96208148853072, 0.03791851146928009},
};

double relative(double got, double wanted) { return std::abs(got - wanted) / wanted; }

TEST(IncompleteGamma, AgreesWithTheReferenceInDouble) {
  double worst = 0;
  for (const Value& v : kValues) {
    EXPECT_LT(relative(scalar::igamma(v.a, v.x), v.lower), 2e-13) << "P(" << v.a << ", " << v.x << ")";
    EXPECT_LT(relative(scalar::igammac(v.a, v.x), v.upper), 2e-13) << "Q(" << v.a << ", " << v.x << ")";
    worst =
        std::max({worst, relative(scalar::igamma(v.a, v.x), v.lower), relative(scalar::igammac(v.a, v.x), v.upper)});
  }
  std::printf("the largest relative error: %.2e\n", worst);
}

// The float overloads are computed in double, and rounded once; that makes half a unit in the last place.
TEST(IncompleteGamma, FloatIsRoundedOnce) {
  for (const Value& v : kValues) {
    const auto a = static_cast<float>(v.a), x = static_cast<float>(v.x);
    ASSERT_EQ(static_cast<double>(a), v.a);
    if (static_cast<double>(x) != v.x) continue;
    const auto expect = [&](float got, double wanted, const char* name) {
      const double unit = std::scalbn(1.0, std::max(std::ilogb(wanted), -126) - 23);
      EXPECT_LE(std::abs(static_cast<double>(got) - wanted), 0.51 * unit) << name << "(" << v.a << ", " << v.x << ")";
    };
    expect(scalar::igamma(a, x), v.lower, "P");
    expect(scalar::igammac(a, x), v.upper, "Q");
  }
}

TEST(IncompleteGamma, SpecialValues) {
  const Value specials[] = {
      {0, 0, nan, nan},   {0, 1, 1, 0},         {-0., 1, 1, 0},      {0, inf, 1, 0},        {2, 0, 0, 1},
      {2, -0., 0, 1},     {2, inf, 1, 0},       {inf, 2, 0, 1},      {inf, 0, 0, 1},        {inf, inf, nan, nan},
      {-1, 2, nan, nan},  {2, -1, nan, nan},    {-inf, 2, nan, nan}, {2, -inf, nan, nan},   {nan, 1, nan, nan},
      {1, nan, nan, nan}, {nan, nan, nan, nan}, {0, nan, nan, nan},  {nan, 0, nan, nan},    {0.5, 1e30, 1, 0},
      {1e30, 0.5, 0, 1},  {1e30, 1e31, 1, 0},   {1e31, 1e30, 0, 1},  {200, 0x1p-100, 0, 1},
  };
  const auto same = [](auto got, double wanted) {
    return std::isnan(wanted) ? std::isnan(got) : static_cast<double>(got) == wanted && !std::signbit(got);
  };
  for (const Value& v : specials) {
    const auto a = static_cast<float>(v.a), x = static_cast<float>(v.x);
    EXPECT_TRUE(same(scalar::igamma(v.a, v.x), v.lower)) << v.a << ", " << v.x << ": " << scalar::igamma(v.a, v.x);
    EXPECT_TRUE(same(scalar::igammac(v.a, v.x), v.upper)) << v.a << ", " << v.x << ": " << scalar::igammac(v.a, v.x);
    EXPECT_TRUE(same(scalar::igamma(a, x), v.lower)) << a << ", " << x << ": " << scalar::igamma(a, x);
    EXPECT_TRUE(same(scalar::igammac(a, x), v.upper)) << a << ", " << x << ": " << scalar::igammac(a, x);
  }
}

// Where one way of computing ends and the next begins, P rises by no more than its density allows.
TEST(IncompleteGamma, HasNoStepsBetweenTheWays) {
  struct Border {
    double a, x;
  };
  for (const Border& b : {Border{0.5, 1.1}, {0.5, 1.5}, {9.5, 10.5}, {100, 101}, {1e5, 1e5 + 1}}) {
    for (const auto& f : {+[](double a, double x) { return scalar::igamma(a, x); },
                          +[](double a, double x) { return 1 - scalar::igammac(a, x); }}) {
      const double before = f(b.a, std::nextafter(b.x, 0)), at = f(b.a, b.x), after = f(b.a, std::nextafter(b.x, inf));
      EXPECT_NEAR(before, at, 1e-13) << b.a << ", " << b.x;
      EXPECT_NEAR(after, at, 1e-13) << b.a << ", " << b.x;
    }
  }
  EXPECT_NEAR(scalar::igamma(1e5, 1e5), scalar::igamma(std::nextafter(1e5, inf), 1e5), 1e-12);
  EXPECT_NEAR(scalar::igamma(1., 0.5), scalar::igamma(std::nextafter(1., 0), 0.5), 1e-15);
  EXPECT_NEAR(scalar::igammac(1., 0.5), scalar::igammac(std::nextafter(1., 0), 0.5), 1e-15);
}

// The operations compute what the scalar functions do, for each dtype.
TEST(IncompleteGamma, Operations) {
  const Tensor a = test::doubles({0.5, 2.5, 100}), x = test::doubles({0.5, 3.5, 60});
  const auto lower = test::values(igamma(a, x)), upper = test::values(igammac(a, x));
  for (std::size_t i = 0; i < 3; ++i) {
    const double p = scalar::igamma(a.data<double>()[i], x.data<double>()[i]);
    EXPECT_NEAR(lower[i], p, 1e-14 * p);  // other instructions, so other roundings
    EXPECT_NEAR(upper[i], 1 - p, 1e-14);
  }
  for (DType d : {DType::float16, DType::bfloat16, DType::float32}) {
    EXPECT_EQ(igamma(to(a, d), to(x, d)).dtype(), d);
    EXPECT_EQ(test::values(igamma(to(a, d), to(x, d))), test::values(to(igamma(a, x), d))) << name(d);
    EXPECT_EQ(test::values(igammac(to(a, d), to(x, d))), test::values(to(igammac(a, x), d))) << name(d);
  }
  EXPECT_THROW(igamma(zeros({2}, DType::complex64), ones({2})), DtypeError);
}

}  // namespace
