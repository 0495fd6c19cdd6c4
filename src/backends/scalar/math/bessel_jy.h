// The Bessel functions of the first and the second kind of orders 0 and 1, for host and device.
//
// Up to 5, J_n is a polynomial of x², from 2 on one that its first two zeros are taken from, so that it has its digits
// there, too; Y_n is J_n log(x) 2 / pi, another polynomial and for n = 1 a pole (DLMF 10.8.1, 10.8.2). Beyond, both are
// Hankel's sums (10.17.3), P and Q as quotients of polynomials of 1 / x². Coefficients: script/minimax_special.py.
// The float functions are evaluated in double.
#pragma once

#include "core.h"

namespace tenon::scalar {
namespace detail {

struct Waves {
  double j, y;
};

// J_n and Y_n from 5 on. The angle x - n pi / 2 - pi / 4 is never formed: what is left of x near a zero would lack digits.
template <int n>
TENON_SHARED Waves bessel_waves(double x) {
  if (x == infinity) return {0, 0};  // the limits
  const double w = 25 / (x * x);
  double p, q;
  if constexpr (n == 0) {
    p = poly(w, 1.0, 6.802667709876245, 15.43725670610116, 14.633209791482164, 5.9453541581690645, 0.952342754221227,
             0.04739108662048041, 0.00035841362542318386) /
        poly(w, 1.0, 6.805480209876244, 15.456217675832182, 14.675495845551, 5.984089278567584, 0.967011344644276,
             0.04939861283846911, 0.0004236864561368387);
    q = poly(w, -0.12499999999999997, -0.9432215906328026, -2.3979145528432677, -2.5778738474235188,
             -1.2057888744432514, -0.2261151300237913, -0.013288932703297689, -0.0001056036680536371) /
        poly(w, 1.0, 7.569210225062342, 19.357812804980828, 21.055570552172185, 10.089724497398068, 1.9979868123577729,
             0.13558987544244033, 0.0019259962828461564);
  } else {
    p = poly(w, 1.0, 6.712964135536648, 14.991274694317207, 13.935202932787425, 5.528857137802008, 0.8619304219755076,
             0.04208769006319148, 0.0003546084719105648) /
        poly(w, 1.0, 6.70827663553665, 14.96006036047862, 13.866582033820565, 5.4670361547132575, 0.8389608582982764,
             0.03900954869502957, 0.00025660848804659947);
    q = poly(w, 0.375, 2.7986695185000223, 7.025444517090532, 7.445660057163886, 3.430441714460319, 0.6353196258437102,
             0.03755707546236296, 0.00034877815915102645) /
        poly(w, 1.0, 7.47405621600003, 18.8150818759345, 20.05237195272856, 9.347241073225426, 1.7778485627342706,
             0.11286698999042727, 0.001388257868914127);
  }
  q /= x;
  const double sine = scalar::sin(x), cosine = scalar::cos(x), scale = 0.5641895835477563 / scalar::sqrt(x);
  const double even = scale * ((p + q) * cosine + (p - q) * sine), odd = scale * ((p + q) * sine - (p - q) * cosine);
  if constexpr (n == 0) return {even, odd};
  else return {odd, -even};
}

// (x - zero) (x + zero), the zero in two parts.
TENON_INLINE double beside_zero(double x, double high, double low) { return (x - high - low) * (x + high); }

// J_n(x) / x^n for |x| <= 5.
template <int n>
TENON_SHARED double bessel_j_over_power(double x) {
  const double s = x * x;
  if constexpr (n == 0) {
    if (s < 4)
      return 1 + s * poly(s, -0.25, 0.015624999999999995, -0.0004340277777777401, 6.781684027680988e-06,
                          -6.781684015323277e-08, 4.709501896440932e-10, -2.4027692637945597e-12, 9.376467488199641e-15,
                          -2.769331771428999e-17);
    const double rest =
        poly(s - 14.5, 0.0028921791194457657, -0.0001416309807254596, 2.90900744517665e-06, -3.427757828846936e-08,
             2.6573367854187835e-10, -1.4674593616317644e-12, 6.085172315837848e-15, -1.9679960230920123e-17,
             5.1083804497464355e-20, -1.088552732672671e-22, 1.940571736682447e-25, -2.9338573672911263e-28);
    return beside_zero(x, 2.404825557695773, -1.176691651530894e-16) *
           beside_zero(x, 5.520078110286311, 8.088597146146722e-17) * rest;
  } else {
    if (s < 4)
      return 0.5 + s * poly(s, -0.0625, 0.0026041666666666665, -5.4253472222220505e-05, 6.781684027733649e-07,
                            -5.651403350803508e-09, 3.363930158784294e-11, -1.5017372689018316e-13,
                            5.210097775633625e-16, -1.3903601911033834e-18);
    const double rest =
        poly(s - 14.5, 0.0003999873050583434, -1.5647427523133497e-05, 2.66503468824586e-07, -2.6759797179446825e-09,
             1.8047030067891227e-11, -8.810781549995928e-14, 3.2719880881055497e-16, -9.576926217189877e-19,
             2.2695821741304568e-21, -4.448088659667527e-24, 7.338544897358933e-27, -1.0324768836324317e-29);
    return beside_zero(x, 3.8317059702075125, -1.5269184090088067e-16) *
           beside_zero(x, 7.015586669815619, -9.414165653410389e-17) * rest;
  }
}

// What Y_n(x) has beside J_n(x) log(x) 2 / pi and the pole, over x^n, for 0 < x <= 5.
template <int n>
TENON_SHARED double bessel_y_rest(double x) {
  const double s = x * x;
  if constexpr (n == 0) {
    return poly(s - 12.5, 0.4837248578102995, -0.034612465782841, -0.003011688739390264, 0.00019892039657764323,
                -4.567729022701017e-06, 5.778749977178523e-08, -4.725957372281842e-10, 2.725171238972185e-12,
                -1.1719731575283442e-14, 3.9114007972551516e-17, -1.0437796176179179e-19, 2.2797667080677297e-22,
                -4.157484998022531e-25, 6.413092053643685e-28);
  } else {
    return poly(s - 12.5, 0.13974939033568806, 0.007286920670758755, -0.0010439693029195979, 3.396964021646903e-05,
                -5.502334460239121e-07, 5.468334105767425e-09, -3.7071974025092695e-11, 1.831463457621135e-13,
                -6.901774341636049e-16, 2.0520416665448937e-18, -4.940609408578843e-21, 9.834568489092882e-24,
                -1.64774347397345e-26, 2.3516829826859862e-29);
  }
}

template <int n>
TENON_INLINE double bessel_j(double x) {
  const double a = abs(x), power = n == 0 ? 1 : x;
  if (!(a > 5)) return power * bessel_j_over_power<n>(a);
  const double y = bessel_waves<n>(a).j;
  return n == 1 && x < 0 ? -y : y;
}
template <int n>
TENON_SHARED double bessel_y(double x) {
  if (!(x > 0)) return x == 0 ? -infinity : not_a_number;
  if (x > 5) return bessel_waves<n>(x).y;
  const double power = n == 0 ? 1 : x, pole = n == 0 ? 0 : 1 / x;
  const double grown = power * bessel_j_over_power<n>(x) * scalar::log(x) - pole;
  return 0.6366197723675814 * grown + power * bessel_y_rest<n>(x);
}

}  // namespace detail

TENON_INLINE double bessel_j0(double x) { return detail::bessel_j<0>(x); }
TENON_INLINE double bessel_j1(double x) { return detail::bessel_j<1>(x); }
TENON_INLINE double bessel_y0(double x) { return detail::bessel_y<0>(x); }
TENON_INLINE double bessel_y1(double x) { return detail::bessel_y<1>(x); }
TENON_INLINE float bessel_j0(float x) { return static_cast<float>(detail::bessel_j<0>(x)); }
TENON_INLINE float bessel_j1(float x) { return static_cast<float>(detail::bessel_j<1>(x)); }
TENON_INLINE float bessel_y0(float x) { return static_cast<float>(detail::bessel_y<0>(x)); }
TENON_INLINE float bessel_y1(float x) { return static_cast<float>(detail::bessel_y<1>(x)); }

}  // namespace tenon::scalar
