// The inverse of erf, for host and device.
#pragma once

#include "tenon/macros.h"

namespace tenon::scalar {
namespace detail {

// Two polynomials in w = -log(1 - x²), as Giles ("Approximating the erfinv function", 2010) has them, by fits of our own
// (script/minimax.py): 7e-9 up to w = 5, 5e-8 beyond, relative.
TENON_INLINE double erfinv_guess(double x) {
  const double w = -scalar::log((1 - x) * (1 + x)), t = w - 2.5, s = scalar::sqrt(w) - 4;
  const auto near = [](double v) {
    constexpr double c[] = {1.5014093604502816,      0.24664027905531744,    -0.004177392874931586,
                            -0.0012527263932632475,  0.00021834938599787806, -4.972418808570142e-06,
                            -3.4639851993152928e-06, 4.6813115518665716e-07, 2.333596121476741e-08,
                            -8.931911898058763e-09};
    double y = 0;
    for (int i = 9; i >= 0; --i) y = y * v + c[i];
    return y;
  };
  const auto far = [](double v) {
    constexpr double c[] = {3.839783923253154,       1.0094928421640064,     0.0012570133788565349,
                            -0.0008655246428644406,  0.000331319181485029,   -0.00012679045713731064,
                            4.185897048307809e-05,   -2.205979805626071e-05, 2.6761092033878236e-05,
                            -1.5249248214650132e-05, 1.17034861897575e-06,   1.5582483951888387e-06,
                            -3.643451700587746e-07};
    double y = 0;
    for (int i = 12; i >= 0; --i) y = y * v + c[i];
    return y;
  };
  return x * (w < 5 ? near(t) : far(s));
}

}  // namespace detail

TENON_INLINE double erfinv(double x) {
  const double a = x < 0 ? -x : x;
  if (!(a < 1)) return a == 1 ? x * __builtin_inf() : __builtin_nan("");
  const double y = detail::erfinv_guess(a);
  // One step of Halley's, which triples the digits; from the end that loses none.
  const double off = a <= 0.5 ? scalar::erf(y) - a : (1 - a) - scalar::erfc(y);
  const double u = off * 0.88622692545275801 * scalar::exp(y * y);
  const double root = y - u / (1 + y * u);
  return x < 0 ? -root : a == 0 ? x : root;
}
TENON_INLINE float erfinv(float x) {
  const double a = x < 0 ? -static_cast<double>(x) : static_cast<double>(x);
  if (!(a < 1)) return a == 1 ? x * __builtin_inff() : __builtin_nanf("");
  return x == 0 ? x : static_cast<float>(detail::erfinv_guess(static_cast<double>(x)));
}

}  // namespace tenon::scalar
