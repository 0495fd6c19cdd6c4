// gelu in both forms, and their derivatives.
//
// Networks call the float forms on millions of numbers near 0. So they are short where |x| < 4, a polynomial and nothing else,
// and map() uses the longer ones only for a block that has a number beyond.
#pragma once

#include "core.h"
#include "exp.h"
#include "map.h"
#include "special.h"

namespace tenon::scalar {
namespace detail {

inline constexpr float gelu_range = 4;

// What the float forms have in common, for map().
struct ShortNear0 {
  static constexpr bool anywhere_vectorises = true;
  TENON_INLINE static bool covers(float x) { return abs(x) < gelu_range; }
};

// The normal distribution at x, for gelu and its derivative.
struct Normal {
  Exponential<float> e;  // e^(-a²/2)
  float a, ratio;  // |x|, and what lies above it over e
  float near;  // what lies below x, if a < 1

  // y · what lies above |x|, rounded once where that is a subnormal number
  TENON_INLINE float tail_times(float y) const { return e.times(ratio * y); }

  TENON_INLINE explicit Normal(float x) {
    a = at_most(14.5f, abs(x));
    const auto [high, rest] = exact_square(a);
    near = 0.5f + x * poly(high + rest, 0.3989422801308406, -0.0664903605671869, 0.00997332848125617,
                           -0.0011863439888019887, 0.00011350229619286141, -7.66053817138209e-06);
    // ratio · (a + 3.5), smooth in t
    const float v = 1 / (a + 3.5f), t = (a - 3.5f) * v;
    const float scaled =
        poly(t, 0.74441607591625, -0.5655618331792988, 0.3154249433324747, -0.1160501757521662, 0.017407654749476927,
             0.006467196783428317, -0.0031819010884217413, -0.00040411883949938914, 0.00043389616103776154);
    ratio = scaled * v;
    e = exponential(-0.5f * high, -0.5f * rest);
  }
};

// x · share(x) by the fourth root of share(-|x|), which is smooth: share(x) = 1 - share(-x).
TENON_INLINE float times_share(float x, float root) {
  const float square = root * root, moment = abs(x) * (square * square);
  return at_least(0.0f, x) - moment;
}

// gelu(x, "tanh") = x / (1 + e^-t), t = x (b + c x²)
inline constexpr double gelu_tanh_b = 0x1.9884533d43651p+0, gelu_tanh_c = 0.044715 * gelu_tanh_b;

// Beyond 30 the share is 0 or 1, as a double, too.
struct TanhShare {
  double share, rest, steepness, x;  // rest = 1 - share
  TENON_INLINE explicit TanhShare(double whole) {
    x = at_most(30.0, at_least(-30.0, whole));
    const double q = gelu_tanh_c * (x * x);
    const auto e = exponential(at_least(-746.0, -abs(x * (gelu_tanh_b + q))));
    const double upper = 1 / (1 + e.value()), lower = e.times(upper);
    share = x < 0 ? lower : upper;
    rest = x < 0 ? upper : lower;
    steepness = gelu_tanh_b + 3 * q;
  }
  TENON_INLINE double slope() const { return share + x * steepness * (share * rest); }
};

}  // namespace detail

// x/2 · erfc(-x/sqrt 2), with its limit -0 at -inf
struct Gelu : detail::ShortNear0 {
  TENON_INLINE static float in_range(float x) {
    const float t = detail::abs(x) * (2 / detail::gelu_range) - 1;
    return detail::times_share(
        x, detail::poly(t, 0.3883702726694001, -0.4608431848747813, 0.1014262143784976, 0.08825783683085045,
                        -0.039250468844045115, -0.010699833221673468, 0.008403693198393392, 0.0002526119671941875,
                        -0.001072959858710547, 0.00010553328923346984, 8.50345351113462e-05, -1.2103459603614716e-05,
                        -4.510183136277141e-06));
  }
  TENON_INLINE static float anywhere(float x) {
    const detail::Normal n(x);
    const float moment = n.tail_times(detail::copysign(n.a, x));
    const float far = x < 0 ? moment : x - moment;
    return n.a < 1 ? x * n.near : far;
  }
};

// erfc(-x/sqrt 2)/2 + x · e^(-x²/2) / sqrt(2 pi), the derivative of gelu
struct GeluSlope : detail::ShortNear0 {
  TENON_INLINE static float in_range(float x) {
    const float t = x * x * (2 / (detail::gelu_range * detail::gelu_range)) - 1;
    return 0.5f + x * detail::poly(t, 0.18325666351049463, -0.11354898711314845, 0.11438926770770383,
                                   -0.11480914347454126, 0.10045816822371591, -0.07482724978779372,
                                   0.047805700532372625, -0.026561971385293773, 0.013034640838997559,
                                   -0.005748169992945554, 0.0022706071771083696, -0.0007742557134604088,
                                   0.00026006865736330004, -0.00010954622397288551, 3.0119839743146507e-05);
  }
  TENON_INLINE static float anywhere(float x) {
    const detail::Normal n(x);
    const float e = n.e.value(), tail = e * n.ratio, far = x < 0 ? tail : 1 - tail, below = n.a < 1 ? n.near : far;
    return below + e * (0x1.988454p-2f * detail::copysign(n.a, x));
  }
};

// x/2 · (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), with its limit -0 at -inf
struct GeluTanh : detail::ShortNear0 {
  TENON_INLINE static float in_range(float x) {
    const float t = detail::abs(x) * (2 / detail::gelu_range) - 1;
    return detail::times_share(
        x, detail::poly(t, 0.3881610717614437, -0.46508743053011053, 0.0903306535677626, 0.08251399176731543,
                        -0.02987355919635091, -0.002344205595713775, 0.0037279755469423327, -0.004704727166455549,
                        0.001084545531432574, 0.001902659060570689, -0.000875435551070752, -0.00037867291450041537,
                        0.0003121137683256978, 7.049947123877197e-06, -5.1571001817083815e-05, 1.0715245346635826e-05));
  }
  TENON_INLINE static float anywhere(float x) {
    return static_cast<float>(detail::at_least(-30.0f, x) * detail::TanhShare(x).share);
  }
};

struct GeluTanhSlope : detail::ShortNear0 {
  TENON_INLINE static float in_range(float x) {
    const float t = x * x * (2 / (detail::gelu_range * detail::gelu_range)) - 1;
    return 0.5f + x * detail::poly(t, 0.18319050402049256, -0.11415472943556247, 0.11585099184324905,
                                   -0.11537190127399373, 0.09863993242143343, -0.07165927819878139, 0.04561442695342808,
                                   -0.026407229894392103, 0.014105004759373912, -0.007257659457929228,
                                   0.0041934334751568, -0.0018494097383551194, -0.0005307715951333554,
                                   0.00044248134984389235, 0.0008957168133854744, -0.0004106598814010272,
                                   -0.0004750664862516832, 0.0002679958460252918);
  }
  TENON_INLINE static float anywhere(float x) { return static_cast<float>(detail::TanhShare(x).slope()); }
};

TENON_INLINE float gelu(float x) { return one<Gelu>(x); }
TENON_INLINE float gelu_slope(float x) { return one<GeluSlope>(x); }
TENON_INLINE float gelu_tanh(float x) { return one<GeluTanh>(x); }
TENON_INLINE float gelu_tanh_slope(float x) { return one<GeluTanhSlope>(x); }

inline double gelu(double x) {
  constexpr double c = 0x1.6a09e667f3bcdp-1, c_high = 0x1.6a09e60000000p-1, c_low = 0x1.9fcef32422cbfp-27;
  const double left = detail::at_least(-40.0, x), z = -left * c;
  // erfc is steep: what rounding took from z changes it, by its derivative.
  const double high = detail::from_bits(detail::bits(left) & ~std::uint64_t(0x7ffffff)), low = left - high;
  const double lost = ((-high * c_high - z) - high * c_low) - low * c;
  const double slope = detail::abs(z) < 30 ? 0x1.20dd750429b6dp+0 * exp(-z * z) * lost : 0;
  return 0.5 * left * (erfc(z) - slope);
}
inline double gelu_slope(double x) {
  const double z = detail::at_most(40.0, detail::at_least(-40.0, x));
  return 0.5 * erfc(-z * 0x1.6a09e667f3bcdp-1) + z * exp(-0.5 * z * z) * 0x1.9884533d43651p-2;
}
TENON_INLINE double gelu_tanh(double x) { return detail::at_least(-30.0, x) * detail::TanhShare(x).share; }
TENON_INLINE double gelu_tanh_slope(double x) { return detail::TanhShare(x).slope(); }

}  // namespace tenon::scalar
