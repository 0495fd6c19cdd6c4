// The Bessel functions J, Y and K of orders 0 and 1, Airy's function and Hurwitz's zeta: values of mpmath with 40 digits on
// both sides of where a formula changes, a dense walk against long double, and the ends.
//
// The bounds are 4 times 2^-52, of the value for K, decaying Ai and zeta, and of the waves' amplitude where a function
// has zeros: sqrt(J^2 + Y^2), or that of Ai and Bi. Double beyond 2^20 has the C library's sine.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backends/scalar/math.h"
#include "helpers.h"

namespace {

using namespace tenon;
using Real = long double;
constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
constexpr double kBound = 4 * 0x1p-52;
constexpr Real pi_l = 3.14159265358979323846264338327950288L;

struct Cylinder {
  double x, j0, j1, y0, y1;
};
constexpr Cylinder kCylinders[] = {
    {1e-08, 1.0, 5e-09, -11.80077387717953, -63661977.236758195},
    {0.25, 0.9844359292958527, 0.12402597732272692, -0.9315730249300587, -2.7041052293152825},
    {1.0, 0.7651976865579666, 0.4400505857449335, 0.08825696421567696, -0.7812128213002887},
    {1.9999, 0.22394845194430277, 0.5767312529177935, 0.510364966587098, -0.10708882173811195},
    {2.0001, 0.2238331069828847, 0.5767183585928753, 0.5103863730734735, -0.10697604336047924},
    {2.4048, 1.3268284301171568e-05, 0.5191530145075532, 0.5099270092643434, 0.10273474181277349},
    {3.5, -0.3801277399872634, 0.1373775273623272, 0.1890219439208265, 0.41018841788751187},
    {4.9999, -0.1776295286676365, -0.32756792781263167, -0.3085028372442558, 0.14789695204491274},
    {5.0001, -0.17756401284023066, -0.32759034400137715, -0.3085324098729092, 0.14782933399423528},
    {5.5201, 7.448284425637008e-06, -0.34026345717172757, -0.33893546369052047, -0.03047762027293974},
    {8.0, 0.1716508071375539, 0.23463634685391463, 0.22352148938756622, -0.1580604617312475},
    {25.5, 0.14406215754684787, -0.062048536491484105, -0.06485976549878349, -0.1453610587230494},
    {100.0, 0.019985850304223122, -0.07714535201411216, -0.07724431336508315, -0.020372312002759792},
    {12345.678, 3.058671332275825e-05, -0.007180894964739374, -0.007180896197612129, -3.08775396672172e-05},
    {1000000000.0, 2.4687471886269195e-05, -5.210422641553878e-06, -5.2104226538976135e-06, -2.4687471888874407e-05},
};
struct Modified {
  double x, k0, k1, k0e, k1e;
};
constexpr Modified kModified[] = {
    {1e-300, 690.8914594138721, 9.999999999999999e+299, 690.8914594138721, 9.999999999999999e+299},
    {1e-08, 18.536612259610777, 99999999.9999999, 18.536612444976903, 100000000.99999991},
    {0.1, 2.4270690247020164, 9.853844780870606, 2.6823261022628944, 10.890182683049696},
    {0.5, 0.9244190712276659, 1.656441120003301, 1.5241093857739094, 2.731009708211786},
    {0.9999, 0.42108463407875757, 0.6020095344988924, 1.14451225211165, 1.6362679432114942},
    {1.0001, 0.42096425263197584, 0.6018049481630383, 1.144413914029867, 1.6360390505934614},
    {1.5, 0.21380556264752573, 0.2773878004568438, 0.9582100532948965, 1.243165873552553},
    {2.0, 0.11389387274953344, 0.13986588181652243, 0.8415682150707714, 1.0334768470686886},
    {5.0, 0.0036910983340425942, 0.004044613445452165, 0.547807564313519, 0.6002738587883126},
    {30.0, 2.1324774964630563e-14, 2.1677320018915495e-14, 0.22788666561625373, 0.2316541293777118},
    {300.0, 3.7236948548891435e-132, 3.7298958583323724e-132, 0.0723300317396073, 0.07245048166725841},
    {700.0, 4.669776431685377e-306, 4.6731107967079664e-306, 0.04736236945461357, 0.04739618765349454},
    {1000000.0, 0.0, 0.0, 0.0012533139806513213, 0.0012533146073081549},
};
struct Airy {
  double x, value, slope;
};
constexpr Airy kAiry[] = {
    {-1000000.0, -0.0021912611413430574, 17.706164485139947},
    {-12345.678, 0.011457890743303643, 5.8092155682946505},
    {-100.0, 0.1767533932395529, -0.2422970316605838},
    {-20.25, -0.25609535403377043, -0.3260833705967098},
    {-5.0, 0.35076100902411433, 0.32719281855444315},
    {-3.8438, -0.1884444214131726, -0.710989436623717},
    {-3.8437, -0.1885155167346974, -0.7109169896354316},
    {-2.5, -0.11232506769296609, 0.6788527342647943},
    {-1.922, 0.2741715955987432, 0.5798843015194407},
    {-1.9218, 0.27428756191877063, 0.5797788931536687},
    {-1.0, 0.5355608832923521, -0.01016056711664521},
    {-0.001, 0.35528687323241714, -0.25881922619250675},
    {0.0, 0.3550280538878172, -0.2588194037928068},
    {0.5, 0.23169360648083348, -0.2249105326646839},
    {1.3124, 0.09199184798276902, -0.11883192029411323},
    {1.3126, 0.09196808401322694, -0.11880777555322361},
    {2.0, 0.03492413042327438, -0.05309038443365363},
    {5.0, 0.00010834442813607442, -0.0002474138908684625},
    {20.0, 1.6916728686705404e-27, -7.586391625748354e-27},
    {50.0, 4.5849417240748285e-104, -3.244331819828799e-103},
    {103.0, 1.9562320229339223e-304, -1.985833197807815e-303},
};
struct Zeta {
  double s, q, value;
};
constexpr Zeta kZeta[] = {
    {1.0000001, 0.5, 10000001.95767149},
    {1.25, 1e-06, 31622781.196793795},
    {1.5, 3.0, 1.2588219580922146},
    {2.0, 1.0, 1.6449340668482264},
    {2.0, 0.001, 1000001.6425331958},
    {3.0, 0.75, 2.6513166081688198},
    {3.5, 1000.0, 1.2664931252280396e-08},
    {7.25, 20.5, 1.1766278899542528e-09},
    {16.5, 8541.5, 7.435035550861392e-63},
    {40.0, 1.5, 9.043772695905904e-08},
    {300.0, 1.25, 8.452712498170644e-30},
    {1500.0, 0.5, inf},
    {1999.0, 1.3, 1.6874804054766402e-228},
    {2500.0, 0.875, 9.547011467367637e+144},
    {1.5, 1e+200, 2e-100},
    {2.0, -0.5, 8.934802200544679},
    {2.0, -2.75, 19.433868949488463},
    {3.0, -1.25, -61.86068339183118},
    {3.0, -0.25, -61.34868339183118},
    {4.0, -10.125, 4098.500110745902},
    {7.0, -3.5, 3.673803136448019e-05},
    {3.0, -12345.25, -62.01255335731918},
};

// `wanted` is that of x in double; the float function has it where x is a float.
using F = double (*)(double);
using FloatF = float (*)(float);
void check(const char* name, F f, FloatF of_float, double x, double wanted, double scale) {
  EXPECT_LE(std::abs(f(x) - wanted), kBound * scale) << name << "(" << x << ") = " << f(x) << ", not " << wanted;
  const auto single = static_cast<float>(x);
  if (static_cast<double>(single) != x || scale < 0x1p-100 || scale > 0x1p100) return;
  const double unit = std::scalbn(1.0, std::max(std::ilogb(wanted), -126) - 23);
  EXPECT_LE(std::abs(of_float(single) - wanted), 0.5 * unit + kBound * scale) << name << "(" << x << "f)";
}
#define CHECK(f, x, wanted, scale) \
  check(#f, [](double v) { return scalar::f(v); }, [](float v) { return scalar::f(v); }, x, wanted, scale)

TEST(CylinderFunctions, AgreeWithTheReference) {
  for (const Cylinder& c : kCylinders) {
    // Where Y grows alone the amplitude is no measure for J.
    const double a = std::hypot(c.j0, c.y0), b = std::hypot(c.j1, c.y1);
    CHECK(bessel_j0, c.x, c.j0, c.x < 2 ? c.j0 : a);
    CHECK(bessel_j1, c.x, c.j1, c.x < 2 ? c.j1 : b);
    CHECK(bessel_y0, c.x, c.y0, a);
    CHECK(bessel_y1, c.x, c.y1, b);
  }
  // The first two zeros of J keep their digits.
  EXPECT_NEAR(scalar::bessel_j0(2.4048), 1.3268284301171568e-05, 8e-16 * 1.4e-05);
  EXPECT_NEAR(scalar::bessel_j1(3.8317), 2.404559043103632e-06, 8e-16 * 2.4e-06);
}

TEST(CylinderFunctions, AgreeWithLongDoubleEverywhere) {
  double worst = 0;
  const auto off = [&](double got, Real wanted, Real scale) {
    const auto e = static_cast<double>(std::abs(got - wanted) / scale);
    worst = std::max(worst, e);
    return e;
  };
  for (double x = 0x1p-20; x < 1e6; x *= x < 100 ? 1.0007 : 1.003) {
    const Real j0 = ::j0l(x), j1 = ::j1l(x), y0 = ::y0l(x), y1 = ::y1l(x), a = std::hypot(j0, y0),
               b = std::hypot(j1, y1);
    ASSERT_LE(off(scalar::bessel_j0(x), j0, x < 2 ? std::abs(j0) : a), kBound) << x;
    ASSERT_LE(off(scalar::bessel_j1(x), j1, x < 2 ? std::abs(j1) : b), kBound) << x;
    ASSERT_LE(off(scalar::bessel_y0(x), y0, a), kBound) << x;
    ASSERT_LE(off(scalar::bessel_y1(x), y1, b), kBound) << x;
    ASSERT_EQ(scalar::bessel_j0(-x), scalar::bessel_j0(x));
    ASSERT_EQ(scalar::bessel_j1(-x), -scalar::bessel_j1(x));
  }
  std::printf("the largest error of J and Y: %.2f times 2^-52 of the amplitude\n", worst * 0x1p52);
}

// e^x K_v(x) by the integral of DLMF 10.32.9, whose sum by steps converges like e^-(pi^2 / step).
Real scaled_k(Real order, Real x) {
  const Real step = 0.25L / std::sqrt(std::max<Real>(x, 4));  // a bell as wide as 1 / sqrt(x)
  Real sum = 0.5L;
  for (int i = 1; i < 2000; ++i) {
    const Real t = step * i, half = std::sinh(t / 2), term = std::exp(-2 * x * half * half) * std::cosh(order * t);
    sum += term;
    if (term < 1e-25L * sum) break;
  }
  return step * sum;
}

TEST(ModifiedFunctions, AgreeWithTheReference) {
  for (const Modified& m : kModified) {
    CHECK(modified_bessel_k0, m.x, m.k0, m.k0);
    CHECK(modified_bessel_k1, m.x, m.k1, m.k1);
    CHECK(scaled_modified_bessel_k0, m.x, m.k0e, m.k0e);
    CHECK(scaled_modified_bessel_k1, m.x, m.k1e, m.k1e);
  }
}

TEST(ModifiedFunctions, AgreeWithTheirIntegralEverywhere) {
  Real worst = 0;
  for (double x = 0x1p-20; x < 650; x *= 1.003) {
    const Real k0 = scaled_k(0, x), k1 = scaled_k(1, x), small = std::exp(-static_cast<Real>(x));
    for (const Real e :
         {scalar::scaled_modified_bessel_k0(x) / k0 - 1, scalar::scaled_modified_bessel_k1(x) / k1 - 1,
          scalar::modified_bessel_k0(x) / (k0 * small) - 1, scalar::modified_bessel_k1(x) / (k1 * small) - 1}) {
      ASSERT_LE(std::abs(e), kBound) << x;
      worst = std::max(worst, std::abs(e));
    }
  }
  std::printf("the largest error of K: %.2Lf times 2^-52\n", worst * 0x1p52L);
}

double amplitude(const Airy& a) {  // by Bi's, from the Wronskian 1 / pi
  return a.x < -1 ? 1 / std::sqrt(M_PI * std::sqrt(-a.x)) : std::abs(a.value);
}

TEST(AirysFunction, AgreesWithTheReference) {
  for (const Airy& a : kAiry) {
    CHECK(airy_ai, a.x, a.value, amplitude(a));
    CHECK(airy_ai_slope, a.x, a.slope, a.x < -0.5 ? std::sqrt(std::sqrt(-a.x) / M_PI) : std::abs(a.slope));
  }
}

// Right of 0 by K of orders 1/3 and 2/3 (DLMF 9.6.2, 9.6.3). Left of it the values at x - h follow from those at x, by
// Taylor's series of a solution of y'' = x y.
TEST(AirysFunction, AgreesWithItsDefinitionEverywhere) {
  Real worst = 0;
  const auto fits = [&](double got, Real wanted, Real scale) {
    const Real e = std::abs(got - wanted) / scale;
    worst = std::max(worst, e);
    return e < kBound;
  };
  for (double x = 0x1p-6; x < 100; x *= 1.002) {
    const Real z = 2 * std::sqrt(static_cast<Real>(x)) * x / 3, decay = std::exp(-z) / pi_l;
    const Real value = std::sqrt(x / 3.0L) * scaled_k(1 / 3.0L, z) * decay;
    const Real slope = -x / std::sqrt(3.0L) * scaled_k(2 / 3.0L, z) * decay;
    ASSERT_TRUE(fits(scalar::airy_ai(x), value, value)) << x;
    ASSERT_TRUE(fits(scalar::airy_ai_slope(x), slope, -slope)) << x;
  }
  constexpr Real h = 1 / 64.0L;
  for (double x = 0.5; x > -60; x -= 1 / 128.0) {
    // c_k h^k with (k + 1) (k + 2) c_{k+2} = x c_k + c_{k-1}
    Real c[24] = {scalar::airy_ai(x), -scalar::airy_ai_slope(x) * h};
    for (int k = 0; k < 22; ++k) c[k + 2] = (x * c[k] * h * h - (k ? c[k - 1] * h * h * h : 0)) / ((k + 1) * (k + 2));
    Real value = 0, slope = 0;
    for (int k = 23; k >= 0; --k) value += c[k], slope -= k * c[k] / h;
    const auto to = static_cast<double>(x - h);
    const Real root = std::sqrt(std::sqrt(std::max(1.0, -to)) / M_PI);
    ASSERT_TRUE(fits(scalar::airy_ai(to), value, 2 / (root * pi_l))) << x;  // two values' errors
    ASSERT_TRUE(fits(scalar::airy_ai_slope(to), slope, 2 * root)) << x;
  }
  std::printf("the largest error of Ai: %.2Lf times 2^-52 of the amplitude\n", worst * 0x1p52L);
}

TEST(HurwitzsZeta, AgreesWithTheReference) {
  for (const Zeta& z : kZeta) {
    // Left of 0 terms of both signs may cancel: the bound is that of the largest.
    const double near = z.q - std::rint(z.q),
                 largest = z.q > 0 ? z.value : std::max(z.value, std::pow(std::abs(near), -z.s));
    if (std::isinf(z.value)) EXPECT_EQ(scalar::zeta(z.s, z.q), inf);
    else EXPECT_NEAR(scalar::zeta(z.s, z.q), z.value, kBound * largest) << z.s << ", " << z.q;
    const auto s = static_cast<float>(z.s), q = static_cast<float>(z.q);
    EXPECT_EQ(scalar::zeta(s, q), static_cast<float>(scalar::zeta(static_cast<double>(s), static_cast<double>(q))));
  }
}

TEST(HurwitzsZeta, LosesItsFirstTermAtTheNextArgument) {
  for (double s : {1.001, 1.5, 2.0, 3.25, 17.0, 200.0})
    for (double q = 0x1p-10; q < 1e4; q *= 1.5) {
      const double first = std::pow(q, -s), all = scalar::zeta(s, q);
      if (std::isinf(first) || all < 1e-290) continue;
      EXPECT_NEAR(first + scalar::zeta(s, q + 1), all, 2 * kBound * all + std::abs(s * first * 0x1p-53))
          << s << ", " << q;
    }
}

template <class G>
void ends(const char* name, G f, std::initializer_list<double> at, std::initializer_list<double> wanted) {
  auto w = wanted.begin();
  for (double x : at) {
    for (double got : {f(x), static_cast<double>(f(static_cast<float>(x)))})
      EXPECT_TRUE(std::isnan(*w) ? std::isnan(got) : got == *w && std::signbit(got) == std::signbit(*w))
          << name << "(" << x << ") = " << got;
    ++w;
  }
}
#define ENDS(f, ...) ends(#f, [](auto x) { return scalar::f(x); }, {0, -0., inf, -inf, nan, -1e-30, -2}, __VA_ARGS__)

TEST(SpecialFunctions, AtTheEnds) {
  ends("bessel_j0", [](auto x) { return scalar::bessel_j0(x); }, {0, -0., inf, -inf, nan, -1e-30},
       {1, 1, 0, 0, nan, 1});
  ends("bessel_j1", [](auto x) { return scalar::bessel_j1(x); }, {0, -0., inf, -inf, nan}, {0, -0., 0, -0., nan});
  ENDS(bessel_y0, {-inf, -inf, 0, nan, nan, nan, nan});
  ENDS(bessel_y1, {-inf, -inf, 0, nan, nan, nan, nan});
  ENDS(modified_bessel_k0, {inf, inf, 0, nan, nan, nan, nan});
  ENDS(modified_bessel_k1, {inf, inf, 0, nan, nan, nan, nan});
  ENDS(scaled_modified_bessel_k0, {inf, inf, 0, nan, nan, nan, nan});
  ENDS(scaled_modified_bessel_k1, {inf, inf, 0, nan, nan, nan, nan});
  ends("airy_ai", [](auto x) { return scalar::airy_ai(x); }, {inf, -inf, nan, 1e30}, {0, 0, nan, 0});
  ends("airy_ai_slope", [](auto x) { return scalar::airy_ai_slope(x); }, {inf, -inf, nan, 1e30}, {-0., nan, nan, -0.});
  EXPECT_EQ(scalar::bessel_j1(5e-324), 0);
  EXPECT_EQ(scalar::bessel_j1(0x1p-1060), 0x1p-1061);
  EXPECT_EQ(scalar::bessel_y1(1e-310), -inf);
  EXPECT_EQ(scalar::modified_bessel_k1(1e-310), inf);
  for (double x : {1e200, 1.79e308, -1e250})  // no digit tells the phase, yet it is a wave
    for (double y : {scalar::bessel_j0(x), scalar::bessel_j1(x), scalar::airy_ai(x)})
      EXPECT_LT(std::abs(y), 1e-50) << x;
  const Zeta specials[] = {
      {1, 2, inf},   {1, -1.5, inf},   {0.5, 2, nan},      {-2, 1, nan},  {2, 0, inf},   {3, -0., inf},
      {2, -1, inf},  {2.5, -1, inf},   {2.5, -1.5, nan},   {inf, 2, 0},   {inf, 1, 1},   {inf, 0.5, inf},
      {2, inf, 0},   {2, -inf, inf},   {1e300, 1.5, 0},    {1e300, 1, 1}, {nan, 1, nan}, {2, nan, nan},
      {1, nan, nan}, {2, 1e-200, inf}, {2, 1e308, 1e-308},
  };
  for (const Zeta& z : specials) {
    const double got = scalar::zeta(z.s, z.q);
    EXPECT_TRUE(std::isnan(z.value) ? std::isnan(got) : std::abs(got - z.value) <= 1e-15 * z.value || got == z.value)
        << z.s << ", " << z.q << ": " << got;
  }
}

// The operations compute what the scalar functions do, bit by bit, for each dtype: one body serves all SIMD targets.
TEST(SpecialFunctions, Operations) {
  const Tensor x = test::doubles({-30.5, -3, -1, -0.25, 0, 0.25, 0.75, 1.25, 3, 6.5, 30, 300}), s = add(abs(x), 1);
#define SAME(f)                                                                            \
  {                                                                                        \
    const auto got = test::values(f(x));                                                   \
    for (std::size_t i = 0; i < got.size(); ++i) {                                         \
      const double wanted = scalar::f(x.data<double>()[i]);                                \
      EXPECT_TRUE(got[i] == wanted || (std::isnan(got[i]) && std::isnan(wanted)))          \
          << #f << " " << got[i] << " " << wanted;                                         \
    }                                                                                      \
    for (DType d : {DType::float16, DType::bfloat16, DType::float32})                      \
      EXPECT_TRUE(allclose(f(to(x, d)), to(f(x), d), 0, 0, true)) << #f << " " << name(d); \
    EXPECT_THROW(f(zeros({2}, DType::complex64)), DtypeError);                             \
  }
  SAME(bessel_j0)
  SAME(bessel_j1)
  SAME(bessel_y0)
  SAME(bessel_y1)
  SAME(modified_bessel_k0)
  SAME(modified_bessel_k1)
  SAME(scaled_modified_bessel_k0)
  SAME(scaled_modified_bessel_k1)
  SAME(airy_ai)
  SAME(airy_ai_slope)
  const auto got = test::values(zeta(s, x));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double wanted = scalar::zeta(s.data<double>()[i], x.data<double>()[i]);
    EXPECT_TRUE(got[i] == wanted || (std::isnan(got[i]) && std::isnan(wanted))) << got[i] << " " << wanted;
  }
}

}  // namespace
