// The modified Bessel functions of the first kind of orders 0 and 1, and these times e^-|x|; for host and device.
//
// I_n(x) / x^n is an entire function of x² (DLMF 10.25.2), I_n(x) e^-x sqrt(x) a smooth one of 1/x (10.40.1). Both have a
// polynomial, up to |x| = 8 and beyond (script/minimax.py). The float functions are evaluated in double.
#pragma once

#include "core.h"
#if !defined(__CUDACC__)
#include "exp.h"
#endif

namespace tenon::scalar {
namespace detail {

// y · e^x. The product may be in range where e^x is not, as for I_n(x).
#if defined(__CUDACC__)
template <class T>
TENON_INLINE double times_exp(T, double y, double x) {
  const double root = scalar::exp(0.5 * x);
  return root * y * root;
}
#else
TENON_INLINE double times_exp(float, double y, double x) { return y * power_float(x * log2_e).value(); }
TENON_INLINE double times_exp(double, double y, double x) { return exponential(x).times(y); }
#endif

// I_n(x) / x^n by z = x², for x <= 8. All terms are positive.
template <int n, class T>
TENON_INLINE double bessel_near(double z) {
  if constexpr (n == 0 && sizeof(T) == 4) {
    return 1 + z * poly(z, 0.25000000001534295, 0.015624999942005599, 0.0004340278139575131, 6.7816752393832454e-06,
                        6.781793293650857e-08, 4.708712313298692e-10, 2.40635996806321e-12, 9.284001794868976e-15,
                        3.083162966632041e-17, 5.168367106925364e-20, 2.7409977684610667e-22);
  } else if constexpr (n == 0) {
    return 1 + z * poly(z, 0.25, 0.015624999999999986, 0.000434027777777793, 6.781684027770786e-06,
                        6.781684027946062e-08, 4.709502794630972e-10, 2.4028075725315426e-12, 9.385965503041405e-15,
                        2.896910172910322e-17, 7.242037068831104e-20, 1.4968537360644325e-22, 2.5891413445642945e-25,
                        3.9427700235024045e-28, 4.150989971755878e-31, 8.67902981352033e-34);
  } else if constexpr (sizeof(T) == 4) {
    return 0.5 + z * poly(z, 0.0625000000005691, 0.0026041666645154732, 5.425347356440264e-05, 6.781680766762887e-07,
                          5.6514439147850565e-09, 3.363637000129731e-11, 1.5030749886966187e-13, 5.176489028664094e-16,
                          1.5178684780278066e-18, 2.516781055075492e-21, 1.0915117448373299e-23);
  } else {
    return 0.5 + z * poly(z, 0.0625, 0.002604166666666666, 5.425347222222266e-05, 6.781684027775767e-07,
                          5.651403356529876e-09, 3.363930568633326e-11, 1.501754725070937e-13, 5.214425677820027e-16,
                          1.448453647539377e-18, 3.2918719279510608e-21, 6.2362225960358154e-24, 9.966582210774811e-27,
                          1.4012838564452098e-29, 1.4168681474080838e-32, 2.64010358501899e-35);
  }
}

// I_n(x) e^-x sqrt(x) by t = 16 / x - 1, for x >= 8.
template <int n, class T>
TENON_INLINE double bessel_far(double t) {
  if constexpr (n == 0 && sizeof(T) == 4) {
    return poly(t, 0.4021765094304104, 0.0033605519772923567, 0.0001362168064095406, 1.114335783616667e-05,
                1.4779039317130925e-06, 2.9454355258644655e-07, 1.0581912143444269e-07, 4.87052699324228e-08,
                1.4299052612198226e-09, -7.604476628119482e-09);
  } else if constexpr (n == 0) {
    return poly(t, 0.4021765094450081, 0.003360551983667854, 0.00013621607439232746, 1.1143033791556743e-05,
                1.4838475473607391e-06, 2.973598432479169e-07, 8.87225351128584e-08, 3.932602459703109e-08,
                2.1545177650836005e-08, 7.553516470355896e-09, -6.729724111923548e-09, -1.3404241991980871e-08,
                -5.4685974495866e-09, 7.540601378890834e-09, 7.58022133915272e-09, -3.4857887470034955e-09,
                -6.188265090497361e-09, 1.497880830187091e-09, 3.881151253996067e-09, -5.562201990080394e-10,
                -1.7789375042917173e-09, 1.4672236659214398e-10, 5.181936971288284e-10, -1.9216763724933513e-11,
                -7.06893851181878e-11);
  } else if constexpr (sizeof(T) == 4) {
    return poly(t, 0.38939845902587233, -0.009749577160828079, -0.00021923577677583148, -1.5039222626597893e-05,
                -1.8346611124062903e-06, -3.441973856934691e-07, -1.0125315435757985e-07, -5.474730168891007e-08,
                -2.1428552803957853e-08, 8.43120407703339e-09, 7.600979256637228e-09);
  } else {
    return poly(t, 0.38939845902587233, -0.009749577193235728, -0.00021923576383430274, -1.5038547201176271e-05,
                -1.8349101134666435e-06, -3.483855609009937e-07, -1.0001323461066435e-07, -4.312935369971356e-08,
                -2.337059627111857e-08, -8.426622829598154e-09, 6.715795128085017e-09, 1.4029693589852716e-08,
                6.040877342160988e-09, -7.630751970065577e-09, -8.044231276166508e-09, 3.406636130196794e-09,
                6.4870195719816896e-09, -1.4171698018664596e-09, -4.047785403711858e-09, 5.146498826087142e-10,
                1.8513716745511988e-09, -1.342266320082222e-10, -5.388285995923524e-10, 1.7502497778701306e-11,
                7.347992441734663e-11);
  }
}

template <int n, bool scaled, class T>
TENON_INLINE T bessel(T x) {
  constexpr double most = sizeof(T) == 4 ? 120 : 746;  // from there on e^x / sqrt(x) is infinite, and e^-x is 0
  const double a = abs(static_cast<double>(x)), limited = at_most(most, a), w = 1 / a;
  const double power = n == 0 ? 1 : a, near = power * bessel_near<n, T>(a * a), far = bessel_far<n, T>(16 * w - 1);
  double y;
  if constexpr (scaled) {
    const double decayed = times_exp(T(), near, -limited), tail = far / sqrt(a);
    y = a <= 8 ? decayed : tail;
  } else {
    const double grown = times_exp(T(), far / sqrt(limited), limited);
    y = a <= 8 ? near : grown;
  }
  return static_cast<T>(n == 0 ? y : copysign(y, static_cast<double>(x)));
}

}  // namespace detail

TENON_INLINE float i0(float x) { return detail::bessel<0, false>(x); }
TENON_INLINE double i0(double x) { return detail::bessel<0, false>(x); }
TENON_INLINE float i0e(float x) { return detail::bessel<0, true>(x); }
TENON_INLINE double i0e(double x) { return detail::bessel<0, true>(x); }
TENON_INLINE float i1(float x) { return detail::bessel<1, false>(x); }
TENON_INLINE double i1(double x) { return detail::bessel<1, false>(x); }
TENON_INLINE float i1e(float x) { return detail::bessel<1, true>(x); }
TENON_INLINE double i1e(double x) { return detail::bessel<1, true>(x); }

}  // namespace tenon::scalar
