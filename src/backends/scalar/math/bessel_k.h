// The modified Bessel functions of the second kind of orders 0 and 1, and these times e^x, for host and device.
//
// Up to 1 by DLMF 10.31.1 and 10.31.2: I_n with a logarithm, and a polynomial of x². Beyond, K_n(x) e^x sqrt(x) is a
// quotient of polynomials of 1 / x (10.40.2). Coefficients: script/minimax_special.py. The float functions are evaluated
// in double.
#pragma once

#include "bessel.h"

namespace tenon::scalar {
namespace detail {

// Times e^x, for x > 1.
template <int n>
TENON_SHARED double bessel_k_far(double x) {
  const double w = 1 / x;
  double y;
  if constexpr (n == 0) {
    y = poly(w, 1.2533141373155001, 23.707593726128042, 174.5133859201036, 648.3034694739872, 1320.3622256218323,
             1502.2578154006815, 934.2938959718954, 298.1723134493389, 43.03053535319795, 2.1555177590582724,
             0.0172876366910552) /
        poly(w, 1.0, 19.04092300786442, 141.55133915506875, 533.6996736909081, 1111.5387119304485, 1308.5040559129923,
             857.8325178704259, 297.6620669688002, 49.3950503651767, 3.209004056701524, 0.05025538112107506);
  } else {
    y = poly(w, 1.2533141373155003, 23.452595442359602, 171.8429751987581, 642.275689590785, 1339.3086877121361,
             1603.9577270188895, 1095.6449356389646, 409.70914179949284, 76.65166681845041, 5.962082049743456,
             0.1227425964197387) /
        poly(w, 1.0, 18.3374638142144, 130.35149536318426, 465.62642822083484, 907.5432685506258, 983.0104625026115,
             578.5597276208705, 173.450947605892, 23.255519159960315, 1.0569533904186255, 0.006869176493012648);
  }
  return y / scalar::sqrt(x);
}
// For 0 < x <= 1.
template <int n>
TENON_SHARED double bessel_k_near(double x) {
  const double s = x * x, grown = bessel_near<n, double>(s) * (scalar::log(x) - 0.6931471805599453);
  if constexpr (n == 0)
    return poly(s, -0.5772156649015329, 0.10569608377461687, 0.01441850523591188, 0.0005451899602702101,
                1.0214014083524546e-05, 1.1570362119527289e-07, 8.818563640352912e-10, 4.924189207611677e-12) -
           grown;
  else
    return 1 / x + x * (grown + poly(s, 0.03860783245076643, -0.0420490209436542, -0.002837111983763274,
                                     -7.493042906064506e-05, -1.0892182508887502e-06, -1.0112915761272956e-08,
                                     -6.539445987426998e-11, -3.1669845119154455e-13));
}

template <int n, bool scaled>
TENON_SHARED double bessel_k(double x) {
  if (!(x > 0)) return x == 0 ? infinity : not_a_number;
  if (x > 1) return scaled ? bessel_k_far<n>(x) : bessel_k_far<n>(x) * scalar::exp(-x);
  return scaled ? bessel_k_near<n>(x) * scalar::exp(x) : bessel_k_near<n>(x);
}

}  // namespace detail

TENON_INLINE double modified_bessel_k0(double x) { return detail::bessel_k<0, false>(x); }
TENON_INLINE double modified_bessel_k1(double x) { return detail::bessel_k<1, false>(x); }
TENON_INLINE double scaled_modified_bessel_k0(double x) { return detail::bessel_k<0, true>(x); }
TENON_INLINE double scaled_modified_bessel_k1(double x) { return detail::bessel_k<1, true>(x); }
TENON_INLINE float modified_bessel_k0(float x) { return static_cast<float>(detail::bessel_k<0, false>(x)); }
TENON_INLINE float modified_bessel_k1(float x) { return static_cast<float>(detail::bessel_k<1, false>(x)); }
TENON_INLINE float scaled_modified_bessel_k0(float x) { return static_cast<float>(detail::bessel_k<0, true>(x)); }
TENON_INLINE float scaled_modified_bessel_k1(float x) { return static_cast<float>(detail::bessel_k<1, true>(x)); }

}  // namespace tenon::scalar
